"""Asking for a link, and logging in with it."""

import hmac
import secrets
from typing import NamedTuple

from funnelproof.access.accounts import check_email
from funnelproof.access.sessions import hashed
from funnelproof.clock import Micros
from funnelproof.errors import NotFound
from funnelproof.handles import store as handles
from funnelproof.mail.mailer import Mail
from funnelproof.storage.database import Transaction
from funnelproof.visitors import store
from funnelproof.visitors.visitor import (
    LINK_LIVES,
    MAILS_AN_HOUR,
    SESSION_LIVES,
    SPAN,
    TOKEN,
    ExpiredMagicLink,
    MagicLink,
    OtherBrowser,
    Session,
    UsedMagicLink,
    check_return_to,
)

MAIL = """Hello,

somebody, most likely you, wants to see a page of {name}. This link opens it:

{url}

It is good for 15 minutes and for one login. It shows a button first; nothing happens before you press it.
If it was not you, there is nothing to do: without this mail nobody gets in.
"""


class Asked(NamedTuple):
    """`nonce` is for the browser that asked. `mail` is None where this address has had enough of them."""

    nonce: str
    mail: Mail | None


class Entered(NamedTuple):
    """`secret` is for the browser's cookie."""

    secret: str
    return_to: str


def ask(tx: Transaction, handle: str, email: str, return_to: str, *, address: str, now: Micros) -> Asked:
    """A link for this address, whether or not it was here before. `address` is where links lead."""
    found = handles.find(tx, handle)
    if found is None:
        raise NotFound("There is no such handle.")
    email, return_to = check_email(email), check_return_to(handle, return_to)
    token, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    if store.links_since(tx, handle, email, now - SPAN) >= MAILS_AN_HOUR:
        return Asked(nonce, None)
    link = MagicLink(handle, hashed(token), email, hashed(nonce), return_to, now, now + LINK_LIVES)
    store.add_link(tx, link)
    name = " ".join(found.name.split())
    return Asked(nonce, Mail(email, f"Your login to {name}", MAIL.format(name=name, url=f"{address}?token={token}")))


def look(tx: Transaction, handle: str, token: str, *, now: Micros) -> MagicLink:
    """A link that holds. Looking uses nothing up: mail scanners follow links."""
    link = store.find_link(tx, handle, hashed(token)) if TOKEN.fullmatch(token) else None
    if link is None or link.expires_at <= now:
        raise ExpiredMagicLink
    if link.used_at is not None:
        raise UsedMagicLink
    return link


def enter(tx: Transaction, handle: str, token: str, *, nonce: str | None, confirmed: bool, now: Micros) -> Entered:
    """Use a link up and begin a session. Another browser than the one that asked has to confirm."""
    link = look(tx, handle, token, now=now)
    if not confirmed and not hmac.compare_digest(hashed(nonce or ""), link.nonce_hash):
        raise OtherBrowser
    if not store.use_link(tx, link, now):
        raise UsedMagicLink
    account, secret = store.note_login(tx, handle, link.email, now), secrets.token_urlsafe(32)
    store.add_session(tx, Session(handle, hashed(secret), account.account_id, now, now + SESSION_LIVES))
    return Entered(secret, link.return_to)
