"""Following a walk's link: the first browser keeps the walk, later ones are asked."""

import hashlib
import hmac
import re
import secrets
from typing import NamedTuple
from urllib.parse import parse_qs

from funnelproof.clicks.assignment import Kind
from funnelproof.clicks.device import agent_of
from funnelproof.clicks.kind import kind_of
from funnelproof.clock import SECOND
from funnelproof.installation import Installation
from funnelproof.storage.database import Transaction
from funnelproof.walks import store
from funnelproof.walks.walk import AS, COOKIE, LIFE, NONCE, PARAMETER, Walk, WalkEnded, read_token
from funnelproof.web.edge import EdgeRequest
from funnelproof.worlds import store as worlds
from funnelproof.worlds.world import World

OWN_COOKIE = re.compile(rf"(?:^|;)\s*{COOKIE}=({NONCE.pattern})\s*(?:;|$)")


class Joined(NamedTuple):
    """`cookie` is what this browser is to keep."""

    walk: Walk
    world: World
    cookie: str


async def join(home: Installation, request: EdgeRequest, handle: str, slug: str) -> Joined | None:
    """None: this browser is not the one that began, and has not said that it takes part."""
    told = {name: values[0] for name, values in parse_qs(request.query, errors="replace").items()}
    walk_id, now = read_token(told.get(PARAMETER, ""), handle, home.keyring), home.clock.now()
    found = await home.database.read(lambda tx: (store.find(tx, handle, walk_id), worlds.find(tx, handle, walk_id)))
    walk, world = found
    if walk is None or world is None or walk.slug != slug or now >= walk.expires_at:
        raise WalkEnded
    held = OWN_COOKIE.search(request.headers.get("cookie"))
    if held is not None and walk.nonce_hash is not None and hmac.compare_digest(_hashed(held[1]), walk.nonce_hash):
        return Joined(walk, world, held[1])
    is_bot = agent_of(request.headers.get("user-agent")).is_bot
    if kind_of(request, is_bot=is_bot) is not Kind.PERSON:
        return None
    # One browser may keep several walks: what it holds already serves for the next.
    nonce = held[1] if held else secrets.token_urlsafe(32)

    def open_it(tx: Transaction) -> bool:
        return store.open_for(tx, walk, _hashed(nonce), now)

    is_first = walk.nonce_hash is None and await home.database.write(open_it)
    return Joined(walk, world, nonce) if is_first or told.get(AS) == "test" else None


def walk_cookie(value: str, *, path: str, secure: bool) -> str:
    text = f"{COOKIE}={value}; Path={path}; Max-Age={LIFE // SECOND}; HttpOnly; SameSite=Lax"
    return f"{text}; Secure" if secure else text


def _hashed(nonce: str) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()
