"""A test's counters, read from the tallies: the cost does not grow with the number of events."""

from collections.abc import Iterable, Sequence

from funnelproof.links.ctx import Cohort
from funnelproof.results.counts import EXCLUSIONS, Cell, Counts, Earned, Place, Split
from funnelproof.results.subject import Subject
from funnelproof.storage.database import Row, Transaction
from funnelproof.tallies import store as tallies
from funnelproof.tallies.move import SQUARES_BASE

NAMES = {
    Cohort.OUTSIDE: "outside",
    Cohort.DAILY: "daily",
    Cohort.RULE: "rule",
    Cohort.EARLIER: "earlier",
    Cohort.PAUSED: "paused",
    Cohort.AFTER: "after",
    Cohort.ENTERED: "earlier",
}
"""Who entered in another epoch counts as `earlier` in this one."""


def gather(tx: Transaction, subject: Subject) -> Counts:
    """Converters whose conversions all came before they entered, or too late, are `late`; no visitor is."""
    handle, campaign_id = subject.ref
    rows = tallies.phases(tx, handle, subject.world, campaign_id)
    people = [row for row in rows if not row["currency"]]
    entered = [row for row in rows if row["epoch"] == subject.epoch and row["cohort"] == Cohort.ENTERED]
    others = [row for row in people if not (row["epoch"] == subject.epoch and row["cohort"] == Cohort.ENTERED)]
    totals = tallies.funnel_totals(tx, handle, subject.world, [campaign_id]).get(campaign_id)
    converters = sum(row["converters"] for row in people)
    late = max(0, (totals["converters"] if totals else 0) - converters)
    return Counts(
        epoch=subject.epoch,
        splits=tuple(_split(row) for row in subject.phases),
        cells=_cells(row for row in entered if not row["currency"]),
        earned=_earned(row for row in entered if row["currency"]),
        funnel_visitors=sum(row["visitors"] for row in people),
        funnel_converters=converters + late,
        cookieless_visitors=sum(row["visitors"] for row in people if row["identity"] == "DAILY"),
        excluded=_excluded(others, "visitors"),
        excluded_converters={**_excluded(others, "converters"), "late": late},
    )


def _split(row: Row) -> Split:
    buckets = {int(number): count for number, count in (row["open_buckets"] or {}).items()}
    return Split(row["phase"], row["started_at"], row["ramp_percent"], buckets)


def _cells(rows: Iterable[Row]) -> dict[Place, Cell]:
    return {
        Place(row["phase"], row["variant"], row["identity"]): Cell(
            row["visitors"], row["arrived"], row["converters"], row["conversions"], row["refunded_converters"]
        )
        for row in rows
    }


def _earned(rows: Iterable[Row]) -> dict[tuple[Place, str], Earned]:
    return {
        (Place(row["phase"], row["variant"], row["identity"]), row["currency"]): Earned(
            row["conversions"],
            row["net_minor"],
            row["squares_high"] * SQUARES_BASE + row["squares_low"],
            row["reversed_minor"],
        )
        for row in rows
    }


def _excluded(rows: Sequence[Row], counter: str) -> dict[str, int]:
    found = dict.fromkeys(EXCLUSIONS, 0)
    for row in rows:
        found[NAMES[Cohort(row["cohort"])]] += row[counter]
    return found
