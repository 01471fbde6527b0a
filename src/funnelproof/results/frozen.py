"""Rows of `decisions`: for which variant a test was decided, and the results it was decided on, with their digest."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import rfc8785
from sqlalchemy import insert, select, update

from funnelproof.campaigns.campaign import CampaignRef
from funnelproof.clock import DAY, Micros
from funnelproof.results import subject
from funnelproof.results.keep import look
from funnelproof.results.show import shown
from funnelproof.results.weigh import weigh
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import decisions

UNDONE_WITHIN: Micros = 30 * DAY


@dataclass(frozen=True, slots=True)
class Decision:
    """`variant` is a number. `results` are what `…/results` showed at that moment, nothing sealed."""

    handle: str
    campaign_id: str
    epoch: int
    variant: int
    reason: str
    decided_at: Micros
    decided_by: str
    request_id: str | None
    digest: str
    results: Any
    undone_at: Micros | None = None
    undone_by: str | None = None

    @property
    def undo_until(self) -> Micros:
        return self.decided_at + UNDONE_WITHIN


def freeze(tx: Transaction, handle: str, campaign_id: str, now: Micros) -> tuple[int, dict[str, Any]]:
    """(epoch, results) of a live test as it stands; what a seal would hide is in them. The last look is kept too."""
    look(tx, handle, campaign_id, now=now)
    test = subject.live(tx, handle, campaign_id, now=now)
    unsealed = replace(test, campaign=replace(test.campaign, embargo_until=None))
    results = shown(weigh(tx, unsealed)).wire()
    return test.epoch, {name: part for name, part in results.items() if name != "decision"}


def digest_of(results: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the RFC 8785 JSON of frozen results: anybody who reads them can compute it."""
    return hashlib.sha256(rfc8785.dumps(dict(results))).hexdigest()


def standing(tx: Transaction, ref: CampaignRef) -> Decision | None:
    """The decision that holds: a campaign has one at the most."""
    row = tx.one(select(decisions).where(*_of(ref), decisions.c.undone_at.is_(None)))
    return _decision(row) if row else None


def of_epoch(tx: Transaction, ref: CampaignRef, epoch: int) -> Decision | None:
    row = tx.one(select(decisions).where(*_of(ref), decisions.c.epoch == epoch))
    return _decision(row) if row else None


def newest(tx: Transaction, ref: CampaignRef) -> Decision | None:
    """The last one, whether it was undone or not."""
    row = tx.one(select(decisions).where(*_of(ref)).order_by(decisions.c.epoch.desc()).limit(1))
    return _decision(row) if row else None


def add(tx: Transaction, decision: Decision) -> None:
    tx.execute(insert(decisions).values(**{name: getattr(decision, name) for name in Decision.__slots__}))


def mark_undone(tx: Transaction, decision: Decision, *, at: Micros, by: str) -> None:
    where = (*_of((decision.handle, decision.campaign_id)), decisions.c.epoch == decision.epoch)
    tx.execute(update(decisions).where(*where).values(undone_at=at, undone_by=by))


def _of(ref: CampaignRef) -> tuple[Any, ...]:
    return decisions.c.handle == ref[0], decisions.c.campaign_id == ref[1]


def _decision(row: Row) -> Decision:
    return Decision(**{name: row[name] for name in Decision.__slots__})
