"""What no schema can tell of a document: ids that stand once, sections that are there, times and prices that hold."""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any
from zoneinfo import available_timezones

from funnelproof.clock import from_iso
from funnelproof.errors import Fault, Problem
from funnelproof.links.address import AddressRules, destination_faults
from funnelproof.money import read_money
from funnelproof.pages.page import Document
from funnelproof.pages.texts import patched

OWN_FIELDS = frozenset({"campaign_id", "ctx", "form_id", "website"})
"""Names of form fields that the page itself sends."""
Found = Iterator[tuple[str, Any]]


def rule_faults(document: Document, variant_ids: Collection[str], rules: AddressRules) -> list[Fault]:
    """For a document that fits its schema; `variant_ids` are those of the campaign."""
    faults = list(_faults(document, "/document", rules))
    for variant_id, patch in document.get("variants", {}).items():
        at = f"/document/variants/{variant_id}"
        if variant_id not in variant_ids:
            known = ", ".join(sorted(variant_ids)) or "none"
            faults.append(Fault(at, "not_one_of", f"is no variant of this campaign; it has: {known}."))
        faults += _faults(patched(document, patch), at, rules)
    return list(dict.fromkeys(faults))


def _faults(document: Document, at: str, rules: AddressRules) -> Iterator[Fault]:
    yield from _doubled(document, at)
    yield from _addresses(document, at, rules)
    yield from _times(document, at)
    yield from _prices(document, at)
    yield from _fields(document, at)


def walk(part: Any, at: str) -> Found:
    """(pointer, part) of every part of a document."""
    yield at, part
    if isinstance(part, dict):
        for name, own in part.items():
            if name != "variants":
                yield from walk(own, f"{at}/{name}")
    elif isinstance(part, list):
        for position, own in enumerate(part):
            yield from walk(own, f"{at}/{position}")


def ctas(document: Document, at: str = "") -> Found:
    """(pointer, CTA)"""
    return ((place, part) for place, part in walk(document, at) if _is_cta(part))


def _is_cta(part: Any) -> bool:
    return isinstance(part, dict) and {"id", "label", "href"} <= part.keys()


def _doubled(document: Document, at: str) -> Iterator[Fault]:
    """Clicks are told by the id of a CTA, so it stands once; likewise offers and sessions."""
    placed = [
        (place, part["id"], _is_cta(part))
        for place, part in walk(document, at)
        if isinstance(part, dict) and "id" in part
    ]
    counts = Counter((id_, is_cta) for _, id_, is_cta in placed)
    for place, id_, is_cta in placed:
        if counts[id_, is_cta] > 1:
            yield Fault(f"{place}/id", "not_unique", f"{id_!r} stands more than once on this page; ids are told apart.")


def _addresses(document: Document, at: str, rules: AddressRules) -> Iterator[Fault]:
    for place, cta in ctas(document, at):
        href = cta["href"]
        for pointer, address in walk(href, f"{place}/href"):
            if not isinstance(address, str):
                continue
            if address.startswith("#"):
                if address[1:] not in document["sections"]:
                    known = ", ".join(f"#{name}" for name in document["sections"])
                    yield Fault(pointer, "not_one_of", f"is no section of this page; it has {known}.")
            else:
                yield from destination_faults(address, pointer, rules)


def _times(document: Document, at: str) -> Iterator[Fault]:
    schedule = document["sections"].get("schedule")
    if schedule is None:
        return
    place = f"{at}/sections/schedule"
    if schedule.get("timeZone", "UTC") not in available_timezones():
        yield Fault(f"{place}/timeZone", "invalid", "is not an IANA time zone; send for example Europe/Berlin or UTC.")
    for position, session in enumerate(schedule["sessions"]):
        own = f"{place}/sessions/{position}"
        times = {name: _moment(session[name]) for name in ("startsAt", "endsAt") if name in session}
        for name, moment in times.items():
            if moment is None:
                detail = "must be an ISO 8601 time with its offset, such as 2026-12-01T17:00:00Z."
                yield Fault(f"{own}/{name}", "invalid_time", detail)
        if None not in times.values() and times.get("endsAt", times["startsAt"] + 1) <= times["startsAt"]:  # type: ignore[operator]
            yield Fault(f"{own}/endsAt", "invalid", "must be later than startsAt.")
        seats = session.get("seats")
        if seats and seats["left"] > seats["total"]:
            yield Fault(f"{own}/seats/left", "out_of_range", "must not exceed total.")


def _moment(text: str) -> int | None:
    try:
        return from_iso(text)
    except (ValueError, OverflowError):
        return None


def _prices(document: Document, at: str) -> Iterator[Fault]:
    for place, part in walk(document, at):
        if isinstance(part, dict) and part.keys() == {"amount", "currency"}:
            try:
                read_money(part["amount"], part["currency"])
            except Problem as problem:
                yield Fault(f"{place}/amount", "invalid", problem.detail)


def _fields(document: Document, at: str) -> Iterator[Fault]:
    form = document["sections"].get("form")
    if form is None:
        return
    names = Counter(field["name"] for field in form["fields"])
    for position, field in enumerate(form["fields"]):
        own = f"{at}/sections/form/fields/{position}"
        if names[field["name"]] > 1:
            yield Fault(f"{own}/name", "not_unique", f"{field['name']!r} stands more than once in this form.")
        if field["name"] in OWN_FIELDS:
            yield Fault(
                f"{own}/name", "reserved", f"{field['name']!r} is a field of the page's own; choose another name."
            )
        if (field.get("type") == "select") != ("options" in field):
            yield Fault(f"{own}/options", "invalid", "belongs to fields of the type select, and to each of them.")
