"""What is done beside a write, in its transaction: the key is claimed, the write counted, a line written."""

from collections.abc import Mapping

from funnelproof.audit import store as audit
from funnelproof.audit.line import Line
from funnelproof.clock import SECOND, Micros, local_day
from funnelproof.handles import store as handles
from funnelproof.handles.handle import next_midnight
from funnelproof.ids import new_id
from funnelproof.ledger import store
from funnelproof.ledger.entry import LEASE, AnswerLost, Entry, InProgress, Kept, KeyReused, QuotaExceeded
from funnelproof.storage.database import Transaction


class Replay(Exception):  # noqa: N818 - no fault: the answer of before
    """Nothing is to be done: this was answered already."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        super().__init__(kept.request_id)


class Besides:
    """Done once for each request: with its first write that is committed."""

    def __init__(self, entry: Entry, tiers: Mapping[str, int]) -> None:
        self.entry, self._tiers = entry, tiers

    def __call__(self, tx: Transaction) -> None:
        if not self.entry.is_written:
            _beside(tx, self.entry, self._tiers)

    def committed(self) -> None:
        self.entry.is_written = True


def _beside(tx: Transaction, entry: Entry, tiers: Mapping[str, int]) -> None:
    """Raises `Replay` or a refusal; then the business write does not take place, and nothing of this stays."""
    if entry.key_hash is not None and (kept := store.claim(tx, entry)) is not None:
        judge(entry, kept)
    if entry.handle:
        _count(tx, entry, tiers)
    audit.add(
        tx,
        Line(
            entry.handle,
            new_id("aud"),
            entry.at,
            entry.caller,
            entry.method,
            entry.route,
            dict(entry.objects),
            entry.asked,
            entry.request_id,
        ),
    )


def judge(entry: Entry, kept: Kept) -> None:
    """What a key that is taken means for this request."""
    if kept.digest != entry.digest:
        raise KeyReused(
            f"This Idempotency-Key was used for another request ({kept.request_id}). Take a new key for a new request.",
            firstRequestId=kept.request_id,
        )
    if kept.status is not None:
        raise Replay(kept)
    raise AnswerLost(firstRequestId=kept.request_id) if entry.at >= kept.started_at + LEASE else InProgress()


def _count(tx: Transaction, entry: Entry, tiers: Mapping[str, int]) -> None:
    used, limit, left = usage_of(tx, entry.handle, entry.at, tiers, add=True)
    entry.usage = (used, limit, left)
    if used > limit:
        raise QuotaExceeded(
            f"{limit} writes a day are granted to this handle, and they are used up. They begin anew in {left} s.",
            limits={"writesPerDay": limit},
            usage={"writes": limit, "resetsInSeconds": left},
        )


def usage_of(
    tx: Transaction, handle: str, now: Micros, tiers: Mapping[str, int], *, add: bool = False
) -> tuple[int, int, int]:
    """(writes of the local day, the limit, seconds until midnight in the handle's zone)."""
    owner = handles.find(tx, handle)
    zone, tier = (owner.zone_at(now), owner.quota_tier) if owner else ("UTC", "")
    day = local_day(now, zone)
    used = store.count_write(tx, handle, day) if add else store.writes_on(tx, handle, day)
    left = max(1, -(-(next_midnight(now, zone) - now) // SECOND))
    return used, tiers.get(tier, min(tiers.values())), left
