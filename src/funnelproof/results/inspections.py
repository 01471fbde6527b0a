"""Rows of `inspections`: what the visitors of a test told when they were last read one by one; and that reading."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select, update

from funnelproof.campaigns.campaign import CampaignRef
from funnelproof.clock import Micros
from funnelproof.results.counts import Cell, Place
from funnelproof.results.slices import Slice
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import inspections, ledger
from funnelproof.storage.statements import insert_new
from funnelproof.worlds.world import LIVE

SAMPLED = 50_000


class Miscount(NamedTuple):
    """A counter of the test that is not what its visitors come to."""

    phase: int
    variant: int
    counter: str
    stored: int
    counted: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """`moved` is what the test's counters came to: as long as they come to the same, there is nothing new to read."""

    at: Micros
    moved: int
    slices: tuple[Slice, ...]
    miscounts: tuple[Miscount, ...]


def find(tx: Transaction, ref: CampaignRef, epoch: int) -> Inspection | None:
    row = tx.one(select(inspections).where(*_of(ref, epoch)))
    if row is None:
        return None
    return Inspection(
        row["at"],
        row["moved"],
        tuple(_slice(told) for told in row["slices"]),
        tuple(Miscount(*told) for told in row["miscounts"]),
    )


def keep(tx: Transaction, ref: CampaignRef, epoch: int, found: Inspection) -> None:
    told = {"at": found.at, "moved": found.moved, "miscounts": [list(own) for own in found.miscounts]}
    told["slices"] = [asdict(own) for own in found.slices]
    key = {"handle": ref[0], "campaign_id": ref[1], "epoch": epoch}
    if not insert_new(tx, inspections, [{**key, **told}], returning=["epoch"]):
        tx.execute(update(inspections).where(*_of(ref, epoch)).values(**told))


def sliced(
    tx: Transaction, ref: CampaignRef, epoch: int, dimensions: Sequence[str]
) -> dict[tuple[str, str], dict[Place, Cell]]:
    """Visitors and converters of a test by (dimension, value) of their first click.

    Of at most 50 000 visitors in the order of their hashes: a fair sample, at a cost that does not grow.
    """
    found: dict[tuple[str, str], dict[Place, Cell]] = {}
    for dimension in dimensions:
        for row in tx.execute(_cells(ref, epoch, dimension)):
            place, cell = _counted(row[1:])
            found.setdefault((dimension, row[0]), {})[place] = cell
    return found


def recounted(tx: Transaction, ref: CampaignRef, epoch: int) -> dict[Place, Cell] | None:
    """The cells of a test by its visitors themselves; None where there are too many to read."""
    if _is_large(tx, ref):
        return None
    return dict(_counted(row) for row in tx.execute(_cells(ref, epoch, None)))


def miscounts(stored: Mapping[Place, Cell], counted: Mapping[Place, Cell]) -> tuple[Miscount, ...]:
    """By phase and variant; identities are added up."""
    found: list[Miscount] = []
    places = sorted({place[:2] for place in (*stored, *counted)})
    for place in places:
        kept, made = _sum(stored, place), _sum(counted, place)
        for counter in ("visitors", "converters", "conversions"):
            pair = getattr(kept, counter), getattr(made, counter)
            if pair[0] != pair[1]:
                found.append(Miscount(*place, counter, *pair))
    return tuple(found)


def _counted(row: Sequence[Any]) -> tuple[Place, Cell]:
    phase, variant, identity, visitors, converters, conversions = row
    return Place(phase, variant, identity), Cell(int(visitors), 0, int(converters), int(conversions))


def _sum(cells: Mapping[Place, Cell], place: tuple[int, int]) -> Cell:
    return sum((cell for own, cell in cells.items() if own[:2] == place), Cell())


def _is_large(tx: Transaction, ref: CampaignRef) -> bool:
    beyond = select(ledger.c.visitor).where(*_in_ledger(ref)).order_by(ledger.c.visitor).offset(SAMPLED).limit(1)
    return tx.execute(beyond).first() is not None


def _cells(ref: CampaignRef, epoch: int, dimension: str | None) -> Select[Any]:
    sample = select(ledger).where(*_in_ledger(ref)).order_by(ledger.c.visitor).limit(SAMPLED).subquery().c
    where = (sample.epoch == epoch, sample.cohort == "ENTERED")
    names = (*([dimension] if dimension else ()), "phase", "variant", "identity")
    keys = [sample[name] for name in names]
    converters = func.count().filter(sample.test_conversions > 0)
    return select(*keys, func.count(), converters, func.sum(sample.test_conversions)).where(*where).group_by(*keys)


def _in_ledger(ref: CampaignRef) -> tuple[ColumnElement[bool], ...]:
    return ledger.c.handle == ref[0], ledger.c.world == LIVE, ledger.c.campaign_id == ref[1]


def _of(ref: CampaignRef, epoch: int) -> tuple[ColumnElement[bool], ...]:
    of = inspections.c
    return of.handle == ref[0], of.campaign_id == ref[1], of.epoch == epoch


def _slice(told: Mapping[str, Any]) -> Slice:
    pairs = {name: tuple(told[name]) for name in ("interval", "visitors", "converters")}
    return Slice(**{**told, **pairs})
