"""`destination`: where clicks are led, whether that is https, and whether the ctx gets there."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from funnelproof.clock import iso
from funnelproof.health.check import Check, Status
from funnelproof.health.evidence import Evidence, Facts
from funnelproof.probing.destinations import destinations_of
from funnelproof.probing.finding import Finding, Outcome

ONCE_MORE = 2
"""A single answer that failed may be chance."""
WORST_FIRST = (
    Outcome.REFUSED,
    Outcome.LOSES_CTX,
    Outcome.BROKEN,
    Outcome.ENDS_ON_HTTP,
    Outcome.CLOSED,
    Outcome.KEEPS,
)


def destination(of: Evidence) -> Check | None:
    """A ctx that came back proves an address, and so does a probe that found it kept."""
    if of.link is None:
        return None
    addresses = destinations_of(of.campaign, of.link)
    probes = {name: of.probes[url] for name, url in addresses.items() if _speaks(of, url)}
    returned = [of.name_of(number) for number in of.weighty if _has_returned(of, number)]
    kept = [name for name, found in probes.items() if found.outcome is Outcome.KEEPS]
    unproven = [of.name_of(number) for number in of.weighty if of.name_of(number) not in (*returned, *kept)]
    open_ones = sorted({url for url in addresses.values() if urlsplit(url).scheme != "https"})
    facts: Facts = {
        "destinations": addresses,
        "notHttps": open_ones,
        "ctxSeenAgainFrom": returned,
        "notProven": [f"{name}: that it answers, and keeps the ctx in its address" for name in unproven],
        "probes": {name: _told(found) for name, found in probes.items()},
        "n": len(addresses),
    }
    wrong = _wrong(probes, returned)
    if wrong is not None:
        status, title, remedy = wrong
        return Check("destination", status, title, facts, remedy)
    if open_ones:
        title = f"Not https, so the ctx travels in the clear: {', '.join(open_ones)}."
        return Check("destination", Status.WARN, title, facts, "Change the destination to its https address.")
    if unproven:
        title = f"All destinations are https. Not proven yet that they keep the ctx: {', '.join(unproven)}."
        remedy = "Click the link and let one order or arrival come back with its ctx."
        return Check("destination", Status.UNKNOWN, title, facts, remedy)
    how = "ctx came back from each" if not kept else "each keeps the ctx"
    return Check("destination", Status.PASS, f"All destinations are https, and {how}.", facts)


def _wrong(probes: Mapping[str, Finding], returned: list[str]) -> tuple[Status, str, str] | None:
    """The worst that probes found: status, title, remedy. A ctx that came back speaks louder than one that was lost."""
    found: list[tuple[Status, str, str]] = []
    for name, own in sorted(probes.items(), key=lambda item: WORST_FIRST.index(item[1].outcome)):
        said = f"{name}: {own.detail} ({own.place})"
        match own.outcome:
            case Outcome.REFUSED:
                found.append((Status.FAIL, said, "Lead it to a public address."))
            case Outcome.LOSES_CTX:
                status = Status.WARN if name in returned else Status.FAIL
                found.append((status, said, "Let every redirect of the shop keep the query of the address."))
            case Outcome.BROKEN:
                status = Status.FAIL if own.failures >= ONCE_MORE else Status.WARN
                found.append((status, said, "Open the address in a browser; mend the page or change the destination."))
            case Outcome.ENDS_ON_HTTP:
                found.append((Status.WARN, said, "Let the page be served by https."))
    return min(found, key=lambda one: one[0] is not Status.FAIL, default=None)


def _told(found: Finding) -> dict[str, object]:
    return {
        "outcome": found.outcome.value,
        "detail": found.detail,
        "place": found.place,
        "statusCode": found.status_code,
        "probedAt": iso(found.probed_at),
    }


def _speaks(of: Evidence, url: str) -> bool:
    found = of.probes.get(url)
    return found is not None and found.speaks_at(of.checked_at)


def _has_returned(of: Evidence, number: int) -> bool:
    """Whether a ctx of this variant came back: with an order or an arrival, in 28 days or from people of its test."""
    flow = of.flows.get(number)
    arrived = any(phase.entries[number].arrived for phase in of.phases if number in phase.entries)
    return bool(flow and flow.conversions) or arrived or of.lately.by_name("ctx_accepted").get(str(number), 0) > 0
