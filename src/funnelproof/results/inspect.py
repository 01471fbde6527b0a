"""Reading the visitors of running tests now and then, for what no counter tells: slices, and whether counters hold."""

from collections.abc import Callable
from dataclasses import dataclass, field

from funnelproof.campaigns.campaign import CampaignRef
from funnelproof.clock import Micros
from funnelproof.results import inspections, store, subject
from funnelproof.results.inspections import Inspection
from funnelproof.results.keep import BEFORE_ALL
from funnelproof.results.slices import Slice, told_apart
from funnelproof.results.split import DIMENSIONS
from funnelproof.results.weigh import Results, weigh
from funnelproof.storage.database import Transaction

AT_ONCE = 2
Found = tuple[CampaignRef, int, Inspection]


def inspect(tx: Transaction, handle: str, campaign_id: str, *, now: Micros) -> Found | None:
    """What the visitors of a live test tell; None if nothing has been counted since they were last asked."""
    found = weigh(tx, subject.live(tx, handle, campaign_id, now=now))
    moved = sum(cell.visitors + cell.converters + cell.conversions for cell in found.counts.cells.values())
    if moved == (found.inspection.moved if found.inspection else 0):
        return None
    ref, epoch = found.subject.ref, found.subject.epoch
    counted = inspections.recounted(tx, ref, epoch)
    miscounts = inspections.miscounts(found.counts.cells, counted) if counted is not None else ()
    return ref, epoch, Inspection(now, moved, tuple(_slices(tx, found)), miscounts)


def _slices(tx: Transaction, found: Results) -> list[Slice]:
    if found.control is None or not found.comparisons:
        return []
    sliced = inspections.sliced(tx, found.subject.ref, found.subject.epoch, DIMENSIONS)
    others = [own.variant for own in found.comparisons]
    return told_apart(found.counts, found.control.number, others, sliced, planned=found.planned_visitors)


@dataclass(slots=True)
class Inspector:
    """Goes through all running tests; a few at a time are read while nobody waits, then written down."""

    now: Callable[[], Micros]
    _last: CampaignRef = field(default=BEFORE_ALL)
    _found: list[Found] = field(default_factory=list)

    def look(self, tx: Transaction) -> bool:
        """Read the next few; false when all have been."""
        refs = store.running(tx, self._last, AT_ONCE)
        self._last = refs[-1] if refs else BEFORE_ALL
        seen = [inspect(tx, handle, campaign_id, now=self.now()) for handle, campaign_id in refs]
        self._found = [found for found in seen if found is not None]
        return bool(refs)

    def keep(self, tx: Transaction) -> int:
        for found in self._found:
            inspections.keep(tx, *found)
        return 1
