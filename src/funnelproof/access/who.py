"""Who makes a request: from its headers to a caller."""

import asyncio
from collections.abc import Container
from dataclasses import dataclass

from starlette.types import Scope

from funnelproof.access import sessions, store, tokens
from funnelproof.access.caller import Caller, InvalidToken, Kind
from funnelproof.access.store import AccessToken
from funnelproof.clock import Micros
from funnelproof.installation import Installation
from funnelproof.storage.database import Transaction
from funnelproof.web.asgi import header_values


@dataclass(frozen=True, slots=True)
class Recognised:
    caller: Caller
    token: AccessToken | None = None


def read_credential(scope: Scope) -> str | None:
    """The one credential of a request: of `Authorization: Bearer …` or `X-Api-Key`. None if there is none."""
    bearers, keys = header_values(scope, b"authorization"), header_values(scope, b"x-api-key")
    if not bearers and not keys:
        return None
    if len(bearers) + len(keys) > 1:
        raise InvalidToken("Send one credential: either one Authorization header or one X-Api-Key header.")
    if keys:
        return _key(keys[0].strip())
    scheme, _, credential = bearers[0].strip().partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise InvalidToken("The Authorization header must read: Bearer, a space, and the JWT or token.")
    return credential.strip()


def _key(text: str) -> str:
    if not text.startswith(tokens.PREFIX):
        raise InvalidToken("X-Api-Key takes a token of a handle (patv1_…); a JWT goes into Authorization: Bearer.")
    return text


async def recognise(home: Installation, credential: str, handle: str | None) -> Recognised:
    """`handle` is that of the path, if it has one."""
    now = home.clock.now()
    if credential.startswith(tokens.PREFIX):
        return Recognised(*await home.database.read(lambda tx: tokens.recognise(tx, credential, handle, now=now)))
    claims = await _claims(home, credential, now)
    return Recognised(await home.database.read(lambda tx: person(tx, claims, handle)))


def says_who(headers: Container[str]) -> bool:
    """Whether a request brings a credential at all, good or bad."""
    return "authorization" in headers or "x-api-key" in headers


async def at_a_door(home: Installation, scope: Scope) -> Recognised | None:
    """Who speaks where nobody needs to say: None for nobody. A credential that is sent must hold all the same."""
    credential = read_credential(scope)
    return None if credential is None else await recognise(home, credential, None)


async def _claims(home: Installation, text: str, now: Micros) -> sessions.Claims:
    try:
        return sessions.open_jwt(home.keyring, text, now=now)
    except sessions.UnknownKey:
        await asyncio.to_thread(home.keyring.refresh)
        return sessions.open_jwt(home.keyring, text, now=now)


def person(tx: Transaction, claims: sessions.Claims, handle: str | None) -> Caller:
    """A person as they stand now: the JWT tells only who they are, storage tells what they may."""
    user = store.user_of(tx, claims.user_id)
    if user is None or not store.is_family_alive(tx, claims.family):
        raise InvalidToken("This session has ended. Sign in again.")
    role = store.role_in(tx, handle, user.user_id) if handle else None
    return Caller(Kind.PERSON, user_id=user.user_id, handle=handle, role=role, platform_operator=user.platform_operator)
