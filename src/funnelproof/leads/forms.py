"""The form that a lead fills in: where it stands, and all that is wrong with what was filled in."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from email_validator import EmailNotValidError, validate_email

from funnelproof.campaigns import store as campaigns
from funnelproof.errors import Fault
from funnelproof.handles import store as handles
from funnelproof.handles.handle import FORM, HandleNotFound
from funnelproof.leads.lead import LONGEST_LINE, LONGEST_TEXT, MOST_FIELDS, Fields
from funnelproof.links.link import NoSuchCampaign
from funnelproof.pages import store as pages
from funnelproof.pages.page import Published
from funnelproof.pages.texts import of_variant
from funnelproof.storage.database import Transaction

FIELD = re.compile(r"[a-z][a-z0-9_]{0,31}")
EMAIL: Mapping[str, Any] = {"name": "email", "type": "email"}


@dataclass(frozen=True, slots=True)
class Place:
    """A campaign, its published page if it has one, and the ids of its variants by number."""

    campaign_id: str
    page: Published | None
    variant_ids: Mapping[int, str]

    def form(self, form_id: str, variant: int = 0) -> Mapping[str, Any] | None:
        """The form as this variant shows it; else as any does: a page may be older than its newest version."""
        if self.page is None:
            return None
        document = self.page.content.document
        own = document.get("variants", {})
        first = [name for name in [self.variant_ids.get(variant)] if name in own]
        for variant_id in (*first, None, *own):
            form = of_variant(document, variant_id)["sections"].get("form")
            if form and form["id"] == form_id:
                return dict(form)
        return None


def find_place(tx: Transaction, handle: str, campaign_id: str) -> Place:
    if not FORM.fullmatch(handle) or handles.find(tx, handle) is None:
        raise HandleNotFound
    if campaigns.find(tx, handle, campaign_id) is None:
        raise NoSuchCampaign
    names = campaigns.variant_names(tx, handle, campaign_id)
    return Place(campaign_id, pages.published(tx, handle, campaign_id), names)


def check_fields(form: Mapping[str, Any] | None, told: Mapping[str, Any], faults: list[Fault]) -> Fields:
    """What was filled in, as it is stored: nothing that is empty. Without a form of ours, any few fields are taken."""
    wanted = form["fields"] if form else _as_told(told, faults)
    known = {own["name"] for own in wanted}
    if form:
        faults.extend(_unknown(name, known) for name in told if name not in known)
    found: Fields = {}
    for own in wanted:
        value = _read(own, told.get(own["name"]), faults)
        if value not in ("", False):
            found[own["name"]] = value
        elif own.get("required"):
            _add(faults, own, "required", "must be filled in.")
    if not found and not faults:
        faults.append(Fault("/fields", "required", "nothing is filled in."))
    return found


def email_in(form: Mapping[str, Any] | None, found: Fields) -> str | None:
    """The first address of the form."""
    wanted = form["fields"] if form else [EMAIL]
    names = [own["name"] for own in wanted if own.get("type") == "email" and own["name"] in found]
    return str(found[names[0]]) if names else None


def _as_told(told: Mapping[str, Any], faults: list[Fault]) -> list[Mapping[str, Any]]:
    if len(told) > MOST_FIELDS:
        faults.append(Fault("/fields", "too_long", f"has more than {MOST_FIELDS} fields."))
        return []
    wrong = [name for name in told if not FIELD.fullmatch(name)]
    if wrong:
        detail = "the name of a field has 1 to 32 of a–z, 0–9 and _, beginning with a letter."
        faults.append(Fault("/fields", "wrong_pattern", detail))
    return [EMAIL if name == "email" else {"name": name, "type": "any"} for name in told if name not in wrong]


def _read(own: Mapping[str, Any], value: Any, faults: list[Fault]) -> str | bool:
    kind = own.get("type", "text")
    if value is None:
        return ""
    if kind == "checkbox" or (kind == "any" and isinstance(value, bool)):
        return _read_box(own, value, faults)
    if not isinstance(value, str):
        _add(faults, own, "wrong_type", "must be a text.")
        return ""
    text = value.replace("\r\n", "\n").strip()
    most = LONGEST_TEXT if kind in ("textarea", "any") else LONGEST_LINE
    if len(text) > most:
        _add(faults, own, "too_long", f"must have at most {most} characters.")
    elif any(not character.isprintable() and character not in "\n\t" for character in text):
        _add(faults, own, "invalid", "holds characters that cannot be shown.")
    elif text:
        return _checked(own, text, faults)
    return text


def _read_box(own: Mapping[str, Any], value: Any, faults: list[Fault]) -> bool:
    if not isinstance(value, bool) and value not in ("yes", "on", "true", "no", "false", ""):
        _add(faults, own, "wrong_type", "must be true or false, or yes or no.")
    return value in (True, "yes", "on", "true")


def _checked(own: Mapping[str, Any], text: str, faults: list[Fault]) -> str:
    kind = own.get("type", "text")
    if kind == "select" and text not in _options(own.get("options", ())):
        _add(faults, own, "not_one_of", "must be one of the form's options.")
    if kind == "email":
        try:
            return validate_email(text, check_deliverability=False).normalized
        except EmailNotValidError as error:
            _add(faults, own, "invalid", f"must be an email address: {str(error).rstrip('.')}.")
    return text


def _options(options: Sequence[Any]) -> set[str]:
    """In the words of every region."""
    return {word for own in options for word in (own.values() if isinstance(own, dict) else (own,))}


def _unknown(name: str, known: set[str]) -> Fault:
    shown = name if FIELD.fullmatch(name) else "?"
    return Fault(f"/fields/{shown}", "unknown_field", f"is no field of this form; it has {', '.join(sorted(known))}.")


def _add(faults: list[Fault], own: Mapping[str, Any], code: str, detail: str) -> None:
    faults.append(Fault(f"/fields/{own['name']}", code, detail))
