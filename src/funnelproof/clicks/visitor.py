"""Who clicks: known by a first-party cookie or, without consent, by a hash for a day. Raw addresses go no further."""

import hmac
import re
from collections.abc import Mapping
from typing import NamedTuple

from funnelproof.ids import draw
from funnelproof.keys.key import Key
from funnelproof.links.ctx import Consent
from funnelproof.word import Word

COOKIE = "fp_vid"
COOKIE_SECONDS = 365 * 86_400
COOKIE_VALUE = re.compile(r"[0-9a-f]{32}")
OWN_COOKIE = re.compile(rf"(?:^|;)\s*{COOKIE}=({COOKIE_VALUE.pattern})\s*(?:;|$)")


def _encoded_or_not(text: str) -> str:
    return "".join(f"(?:{letter}|%(?i:{ord(letter):02x}))" for letter in text)


DENIED = re.compile(f"(?:^|&){_encoded_or_not('fp_consent')}={_encoded_or_not('denied')}(?:&|$)")
"""`fp_consent=denied` in a query, percent-encoded or not."""


class Identity(Word):
    COOKIE = "COOKIE"
    DAILY = "DAILY"


class Visitor(NamedTuple):
    """`key` is what is stored and what a ctx carries; `ticket` is what the published hash assigns by."""

    key: str
    ticket: str
    identity: Identity
    consent: Consent
    cookie: str | None = None
    is_new: bool = False


def consent_of(query: str, headers: Mapping[str, str], default: str) -> Consent:
    """`denied` and `basic` by the visitor's own word or the handle's default; Sec-GPC asks for `basic`."""
    if default == Consent.DENIED or _denies(query):
        return Consent.DENIED
    if headers.get("sec-gpc") == "1" or default == Consent.BASIC:
        return Consent.BASIC
    return Consent.FULL


def _denies(query: str) -> bool:
    """However long the query is: nobody is counted who asked not to be."""
    return ("fp" in query or "%" in query) and DENIED.search(query) is not None


def cookie_of(headers: Mapping[str, str]) -> str | None:
    """The visitor cookie, if it is one of ours: 32 lower-case hex digits."""
    match = OWN_COOKIE.search(headers.get("cookie", ""))
    return match[1] if match else None


def with_cookie(cookie: str | None, *, visitor_key: Key, handle: str, campaign_id: str) -> Visitor:
    """The visitor of a cookie, or a new one whose cookie is to be set."""
    value = cookie or draw()
    key = visitor_hash(visitor_key, handle, campaign_id, value)
    return Visitor(key, value, Identity.COOKIE, Consent.FULL, cookie=value, is_new=cookie is None)


def for_today(
    address: str, user_agent: str, *, salt: bytes, visitor_key: Key, handle: str, campaign_id: str
) -> Visitor:
    """A visitor known for one day only: one address may be many people."""
    ticket = hmac.digest(salt, f"{address}\0{user_agent}".encode("utf-8", "replace"), "sha256")[:16].hex()
    return Visitor(visitor_hash(visitor_key, handle, campaign_id, ticket), ticket, Identity.DAILY, Consent.BASIC)


def for_this_click() -> Visitor:
    """A visitor who wants not to be known: a random id that nothing else will carry."""
    return Visitor(draw()[:16], draw(), Identity.DAILY, Consent.DENIED, is_new=True)


def visitor_hash(visitor_key: Key, handle: str, campaign_id: str, ticket: str) -> str:
    """8 bytes in hex: the same person is another visitor in each campaign."""
    return visitor_key.tag(f"{handle}\0{campaign_id}\0{ticket}".encode())[:8].hex()


def cookie_header(value: str, *, path: str, secure: bool) -> str:
    rest = f"Path={path}; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax"
    return f"{COOKIE}={value}; {rest}; Secure" if secure else f"{COOKIE}={value}; {rest}"
