"""What a world is, and the token that lets a redirect happen in one."""

import base64
import hmac
import re
from dataclasses import dataclass

from funnelproof.clock import HOUR, Micros
from funnelproof.errors import Problem
from funnelproof.keys.key import Purpose
from funnelproof.keys.ring import Keyring
from funnelproof.links.ctx import Mode
from funnelproof.worlds.route import Snapshot

LIVE, PREVIEW = "live", "preview"
NAMED = {mode.value: mode for mode in (Mode.LIVE, Mode.PREVIEW)}
TOKEN_LIFE: Micros = HOUR
TOKEN = re.compile(r"rt1\.([a-z0-9-]{3,32})\.(run_[0-9a-f]{32})\.(\d{1,17})\.([A-Za-z0-9_-]{4})\.([A-Za-z0-9_-]{43})")


class RunClosed(Problem):
    """This run is finished. Open a new one: its receipt stays as it is."""

    kind, code, title = "conflict", "run_finished", "The run is finished"


class InvalidRunToken(Problem):
    """The run token does not hold: it lives an hour and opens one run. Take the `runToken` that opening a run gives."""

    kind, code, title = "unauthenticated", "invalid_run_token", "The run token is not valid"


@dataclass(frozen=True, slots=True)
class World:
    """`number` names it in a ctx, and is never given twice within a handle. `clock_at` is its own time.

    In the world of a walk the real clock holds: somebody buys on a real shop.
    """

    handle: str
    world: str
    number: int
    campaign_id: str
    seed: str
    clock_at: Micros
    snapshot: Snapshot
    opened_at: Micros
    closed_at: Micros | None
    revision: int

    @property
    def own_clock(self) -> Micros | None:
        """None where the real clock holds."""
        return None if self.world.startswith("wlk_") else self.clock_at

    def now(self, real: Micros) -> Micros:
        return real if self.own_clock is None else self.own_clock


def mode_of(world: str) -> Mode:
    return NAMED.get(world, Mode.TEST)


def run_token(handle: str, world: str, keyring: Keyring, now: Micros) -> str:
    """A token that makes a redirect a click of this run, for one hour."""
    key = keyring.signing(Purpose.CTX)
    body = f"rt1.{handle}.{world}.{now + TOKEN_LIFE}.{key.key_id}"
    return f"{body}.{_tag(key.secret, body)}"


def read_run_token(token: str, keyring: Keyring, now: Micros) -> tuple[str, str]:
    """(handle, world) of a run token that holds."""
    match = TOKEN.fullmatch(token)
    if match is None:
        raise InvalidRunToken
    handle, world, expires, key_id, tag = match.groups()
    key = keyring.find(Purpose.CTX, key_id)
    if key is None or not hmac.compare_digest(tag, _tag(key.secret, token.rpartition(".")[0])) or now >= int(expires):
        raise InvalidRunToken
    return handle, world


def _tag(secret: bytes, body: str) -> str:
    digest = hmac.digest(secret, b"run token " + body.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
