"""What a walk is, the token that opens its link, and how far it has come."""

import base64
import hmac
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from funnelproof.clock import DAY, HOUR, Micros
from funnelproof.errors import NotFound, Problem
from funnelproof.keys.key import Purpose
from funnelproof.keys.ring import Keyring

PARAMETER, AS = "fp_walk", "fp_walk_as"
COOKIE = "fp_walk"
LIFE: Micros = DAY
TOKEN = re.compile(r"(wlk_[0-9a-f]{32})\.([A-Za-z0-9_-]{4})\.([A-Za-z0-9_-]{43})")
NONCE = re.compile(r"[A-Za-z0-9_-]{43}")


class WalkEnded(Problem):
    """This walk's link does not hold: it is good for 24 hours. Begin another walk."""

    kind, code, title = "gone", "walk_ended", "The walk has ended"


class NoSuchWalk(NotFound):
    """This campaign has no walk of this id; walks are listed at …/walks."""


class WalkState(StrEnum):
    """How far a walk has come. ENDED: 24 hours have passed and no order has come back."""

    BEGUN = "BEGUN"
    OPENED = "OPENED"
    RETURNED = "RETURNED"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class Walk:
    """`variant` is a number, 0 where the campaign has no variants. `returned` is the order that came back."""

    handle: str
    walk_id: str
    campaign_id: str
    variant: int
    slug: str
    config_digest: str
    configuration: dict[str, Any]
    made_by: str
    made_at: Micros
    request_id: str | None
    nonce_hash: str | None = None
    opened_at: Micros | None = None
    returned_at: Micros | None = None
    returned: dict[str, Any] | None = field(default=None)

    @property
    def expires_at(self) -> Micros:
        return self.made_at + LIFE

    def state(self, now: Micros) -> WalkState:
        if self.returned_at is not None:
            return WalkState.RETURNED
        if now >= self.expires_at:
            return WalkState.ENDED
        return WalkState.BEGUN if self.opened_at is None else WalkState.OPENED

    def is_fresh(self, *, config_digest: str, now: Micros, ttl_hours: int) -> bool:
        """Came back, for the configuration as it stands, and not too long ago."""
        came = self.returned_at
        return came is not None and self.config_digest == config_digest and now - came <= ttl_hours * HOUR


def token_of(walk: Walk, keyring: Keyring) -> str:
    key = keyring.signing(Purpose.CTX)
    body = f"{walk.walk_id}.{key.key_id}"
    return f"{body}.{_tag(key.secret, walk.handle, body)}"


def read_token(token: str, handle: str, keyring: Keyring) -> str:
    """The id of a walk whose signature holds: nobody makes storage look for invented ones."""
    match = TOKEN.fullmatch(token)
    key = keyring.find(Purpose.CTX, match[2]) if match else None
    if match is None or key is None or not hmac.compare_digest(match[3], _tag(key.secret, handle, token[:-44])):
        raise WalkEnded("This walk's link does not hold. Copy it whole, or begin another walk.")
    return match[1]


def _tag(secret: bytes, handle: str, body: str) -> str:
    digest = hmac.digest(secret, f"walk {handle} {body}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
