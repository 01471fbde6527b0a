"""What a lead is, as it is told and as it is stored, and the ways to be refused. Knows no storage and no web."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from funnelproof.clock import Micros
from funnelproof.conversions.conversion import Claim
from funnelproof.errors import Problem
from funnelproof.links.ctx import Ctx, Mode

MOST_FIELDS = 12
LONGEST_LINE, LONGEST_TEXT = 320, 2000
Fields = dict[str, str | bool]


class TooManyLeads(Problem):
    """So many forms a minute are taken from one address, no more. Wait a minute."""

    kind, code, title = "limited", "rate_limited", "Too many forms"
    retry_after_seconds = 60


class LeadKeyReused(Problem):
    """This idempotency key already stands for another lead. Give each form that is sent a key of its own."""

    kind, code, title = "unprocessable", "idempotency_key_reused", "The idempotency key is taken"


@dataclass(frozen=True, slots=True)
class NewLead:
    """A form as it was sent, checked; `claim` is the conversion that it makes if its campaign is after leads."""

    lead_id: str
    handle: str
    campaign_id: str
    form_id: str
    fields: Fields
    email: str | None
    key: str | None
    ctx: Ctx | None
    claim: Claim | None
    captured_at: Micros
    request_id: str

    @property
    def scope(self) -> tuple[str, Mode, int]:
        """(handle, mode, run): where alone it belongs."""
        return (self.handle, self.ctx.mode, self.ctx.run) if self.ctx else (self.handle, Mode.LIVE, 0)

    @property
    def stored_key(self) -> str:
        """Under which it is stored once: its own key; else who fills which form in, as far as that is known."""
        if self.key is not None:
            return f"key {self.key}"
        who = self.ctx.visitor if self.ctx else ""
        what: Any = self.email.lower() if self.email else self.fields
        if not who and not self.email:
            return f"own {self.lead_id}"
        return f"who {_digest([self.campaign_id, self.form_id, who, what])}"

    @property
    def digest(self) -> str:
        """Of all that was told: the same key with another one is a slip."""
        return _digest([self.campaign_id, self.form_id, self.ctx.click_id if self.ctx else "", self.fields])


@dataclass(frozen=True, slots=True)
class Lead:
    """As it is stored. `not_converted`: why a lead of a campaign that is after leads is no conversion."""

    world: str
    lead_id: str
    campaign_id: str
    form_id: str
    fields: Fields
    email: str | None
    variant: int
    slug: str | None
    click_id: str | None
    visitor: str | None
    conversion_id: str | None
    not_converted: str | None
    captured_at: Micros
    request_id: str


def _digest(told: Any) -> str:
    canonical = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]
