"""Tokens of a handle: `patv1_<tokenId>.<secret>`, shown once, stored hashed.

Each acts with the lesser of its scopes and its maker's present role.
"""

import hmac
import re
import secrets
from collections.abc import Sequence

from funnelproof.access import store
from funnelproof.access.caller import Caller, InvalidToken, Kind, TokenExpired
from funnelproof.access.roles import check_scope
from funnelproof.access.sessions import hashed
from funnelproof.access.store import AccessToken
from funnelproof.clock import MINUTE, Micros, iso, span
from funnelproof.errors import NotFound, invalid
from funnelproof.ids import new_id
from funnelproof.storage.database import Transaction

PREFIX = "patv1_"
FORM = re.compile(r"patv1_(tok_[0-9a-f]{32})\.([A-Za-z0-9_-]{43})")
TOUCH_EVERY: Micros = MINUTE
PLACES_REMEMBERED = 10_000
_places: dict[str, str] = {}
"""Handles of tokens that were used in this process. They never change, and only tokens that held come in here."""


def make(
    tx: Transaction,
    handle: str,
    *,
    name: str,
    scopes: Sequence[str],
    made_by: str,
    now: Micros,
    expires_at: Micros | None = None,
) -> tuple[AccessToken, str]:
    """A new token and its text, which cannot be had again. `made_by` is a user id."""
    if expires_at is not None and expires_at <= now:
        raise invalid("expiresAt", "lies in the past; choose a later time, or leave it out.")
    secret = secrets.token_urlsafe(32)
    checked = sorted({check_scope(scope) for scope in scopes})
    token = AccessToken(handle, new_id("tok"), name, hashed(secret), checked, made_by, now, expires_at)
    store.add_token(tx, token)
    return token, f"{PREFIX}{token.token_id}.{secret}"


def revoke(tx: Transaction, handle: str, token_id: str, *, by: str, now: Micros) -> None:
    """A token that is revoked already stays as it is."""
    if store.token_in(tx, handle, token_id) is None:
        raise NotFound("This handle has no token of that id. `GET …/tokens` lists them.")
    store.revoke_token(tx, handle, token_id, by=by, now=now)


def recognise(tx: Transaction, text: str, handle: str | None, *, now: Micros) -> tuple[Caller, AccessToken]:
    """Whom a token speaks for, at the handle of the path (None: a path without one)."""
    token = _verified(tx, text, handle)
    if token.revoked_at is not None:
        raise InvalidToken("This token was revoked. Make a new one.", revokedAt=iso(token.revoked_at))
    if token.expires_at is not None and token.expires_at <= now:
        ago = span(now - token.expires_at)
        raise TokenExpired(f"This token expired {ago} ago. Make a new one.", expiredAt=iso(token.expires_at))
    role = store.role_in(tx, token.handle, token.made_by)
    if role is None:
        raise InvalidToken("The maker of this token has no part in its handle any more. Make a new one.")
    own = handle in (None, token.handle)
    return Caller(
        Kind.TOKEN,
        user_id=token.made_by,
        token_id=token.token_id,
        handle=handle or token.handle,
        role=role if own else None,
        scopes=frozenset(token.scopes) if own else frozenset(),
    ), token


def _verified(tx: Transaction, text: str, handle: str | None) -> AccessToken:
    match = FORM.fullmatch(text)
    token = _find(tx, match[1], handle) if match else None
    if match is None or token is None or not hmac.compare_digest(token.secret_hash, hashed(match[2])):
        raise InvalidToken("This token is not known here. Check that it was copied whole: patv1_<tokenId>.<secret>.")
    _remember(token)
    return token


def _find(tx: Transaction, token_id: str, handle: str | None) -> AccessToken | None:
    """Where it was found before, or in the handle of the path; among all handles only if it is not there."""
    place = _places.get(token_id, handle)
    token = store.token_in(tx, place, token_id) if place else None
    return token or store.token_by_id(tx, token_id)


def _remember(token: AccessToken) -> None:
    if len(_places) >= PLACES_REMEMBERED:
        _places.clear()
    _places[token.token_id] = token.handle


def is_due(token: AccessToken, now: Micros) -> bool:
    """Whether its use should be noted: once a minute at the most."""
    return token.last_used_at is None or token.last_used_at + TOUCH_EVERY <= now
