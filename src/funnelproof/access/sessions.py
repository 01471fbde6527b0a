"""A person's session: a JWT of 15 minutes, and a refresh token of 30 days that changes with every use."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

import jwt

from funnelproof.access import store
from funnelproof.access.caller import InvalidToken, TokenExpired
from funnelproof.clock import DAY, MINUTE, SECOND, Micros, iso, span
from funnelproof.ids import new_id
from funnelproof.keys.key import Purpose
from funnelproof.keys.ring import Keyring
from funnelproof.storage.database import Transaction

ACCESS_LIFE: Micros = 15 * MINUTE
REFRESH_LIFE: Micros = 30 * DAY
AUDIENCE = "funnelproof:control"
CLAIMS = ["sub", "fam", "iat", "exp", "aud"]


@dataclass(frozen=True, slots=True)
class Claims:
    user_id: str
    family: str


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What became of a refresh token: a new one, or the reason why there is none (which must not undo the revoking)."""

    session: store.Session | None
    refresh_token: str = ""
    problem: InvalidToken | TokenExpired | None = None


class UnknownKey(InvalidToken):
    """The credential is signed with a key that this installation does not have. Sign in again."""


def begin(tx: Transaction, user_id: str, *, now: Micros, family: str | None = None) -> tuple[store.Session, str]:
    """A new session, or the next token of a family; and its refresh token, which is stored hashed."""
    secret, session_id = secrets.token_urlsafe(32), new_id("ses")
    session = store.Session(session_id, user_id, family or session_id, hashed(secret), now, now + REFRESH_LIFE)
    store.add_session(tx, session)
    return session, secret


def refresh(tx: Transaction, refresh_token: str, *, now: Micros) -> Refreshed:
    """Change a refresh token for the next. One that comes twice was stolen or lost: its whole family ends."""
    session = store.session_by_hash(tx, hashed(refresh_token))
    if session is None or not store.is_family_alive(tx, session.family):
        return Refreshed(None, problem=InvalidToken("This session has ended. Sign in again."))
    if session.expires_at <= now:
        return Refreshed(
            None, problem=TokenExpired(f"The session expired {span(now - session.expires_at)} ago. Sign in again.")
        )
    if not store.use_session(tx, session.session_id, now):
        store.revoke_family(tx, session.family, now)
        return Refreshed(
            None, problem=InvalidToken("This refresh token was used before, so the session has ended. Sign in again.")
        )
    store.forget_expired(tx, session.family, now)
    return Refreshed(*begin(tx, session.user_id, now=now, family=session.family))


def end(tx: Transaction, refresh_token: str, *, now: Micros) -> None:
    session = store.session_by_hash(tx, hashed(refresh_token))
    if session is not None:
        store.revoke_family(tx, session.family, now)


def sign(keyring: Keyring, session: store.Session, *, now: Micros) -> str:
    key = keyring.signing(Purpose.SESSION)
    claims = {
        "sub": session.user_id,
        "fam": session.family,
        "aud": AUDIENCE,
        "iat": now // SECOND,
        "exp": (now + ACCESS_LIFE) // SECOND,
    }
    return jwt.encode(claims, key.secret, algorithm="HS256", headers={"kid": key.key_id})


def open_jwt(keyring: Keyring, text: str, *, now: Micros) -> Claims:
    """Who a JWT speaks for. Raises `UnknownKey` (read the keys again), `InvalidToken` or `TokenExpired`."""
    claims = _verified(keyring, text)
    subject, family, expires = claims["sub"], claims["fam"], claims["exp"]
    if not (isinstance(subject, str) and isinstance(family, str) and type(expires) is int):
        raise InvalidToken
    if expires * SECOND <= now:
        ago = span(now - expires * SECOND)
        raise TokenExpired(f"The JWT expired {ago} ago. Refresh the session.", expiredAt=iso(expires * SECOND))
    return Claims(subject, family)


def _verified(keyring: Keyring, text: str) -> dict[str, Any]:
    try:
        key = keyring.find(Purpose.SESSION, str(jwt.get_unverified_header(text).get("kid")))
        if key is None:
            raise UnknownKey
        return jwt.decode(
            text,
            key.secret,
            algorithms=["HS256"],
            audience=AUDIENCE,
            options={"require": CLAIMS, "verify_exp": False, "verify_iat": False},
        )
    except jwt.PyJWTError:
        raise InvalidToken("The JWT is malformed, or was not signed here. Sign in again.") from None


def hashed(secret: str) -> str:
    """SHA-256 is enough for a secret of 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
