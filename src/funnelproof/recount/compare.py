"""Stored counters beside recounted ones, world by world: how many agree, and which do not."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Table

from funnelproof.clock import DAY, MINUTE, Micros, iso
from funnelproof.recount import rows
from funnelproof.recount.rows import Scope
from funnelproof.recount.rules import (
    DAY_COUNTERS,
    PEOPLE_COUNTERS,
    PHASE_COUNTERS,
    QUARTER_SUBJECTS,
    TAG_SUBJECTS,
    Money,
    Recount,
)
from funnelproof.recount.sealed import DayFigures, counters_of
from funnelproof.recount.visitors import Standing, standings
from funnelproof.storage.database import Database, Row, Transaction
from funnelproof.storage.schema import day_tallies, phase_tallies, quarter_tallies
from funnelproof.tallies.cap import OTHER, folded
from funnelproof.tallies.move import ALL, QUARTER, SQUARES_BASE
from funnelproof.worlds.world import LIVE

KEPT_QUARTERS: Micros = 30 * DAY
CACHES_FOLLOW: Micros = MINUTE
LISTED = 1000
Key = tuple[Any, ...]
Counters = Mapping[str, int]
Progress = Callable[[Scope, int], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """One counter that is not what the rows say. `place` tells which row of `table`."""

    handle: str
    world: str
    campaign_id: str
    table: str
    place: str
    counter: str
    stored: int
    recounted: int


@dataclass(frozen=True, slots=True)
class Sums:
    """What a campaign's rows, and the seals of those that are gone, come to in one world."""

    handle: str
    world: str
    campaign_id: str
    counters: Counters
    gross_minor: Counters


@dataclass(slots=True)
class Report:
    """The first thousand differences are listed, all are counted."""

    equal: int = 0
    different: int = 0
    differences: list[Difference] = field(default_factory=list)
    sums: list[Sums] = field(default_factory=list)

    def compare(
        self, where: tuple[str, str, str], table: str, place: str, counter: str, *, pair: Sequence[int]
    ) -> None:
        """`pair` is (stored, recounted). Nothing on either side is no counter."""
        if pair[0] != pair[1]:
            self.different += 1
            if len(self.differences) < LISTED:
                self.differences.append(Difference(*where, table, place, counter, *pair))
        elif pair[0]:
            self.equal += 1


def recount(database: Database, *, now: Micros, progress: Progress | None = None) -> Report:
    """Every world of every handle, each in one read transaction: one moment, and nobody who writes waits."""
    report = Report()
    for scope in database.read_now(rows.scopes):
        database.read_now(partial(_recount_in, scope, now, report, progress or _nobody_looks))
    return report


def row_count(database: Database) -> int:
    """How many rows `recount` is going to read, for whoever shows its progress."""
    return sum(database.read_now(partial(rows.size, scope)) for scope in database.read_now(rows.scopes))


def _nobody_looks(_scope: Scope, _rows: int) -> None: ...


def _recount_in(scope: Scope, now: Micros, report: Report, progress: Progress, tx: Transaction) -> None:
    if rows.is_going(tx, scope, now):
        return
    rows.sort_on_disk(tx)
    seals = rows.seals_of(tx, scope)
    tags = rows.tag_rules(tx, scope) if scope[1] == LIVE else {}
    counted = Recount(*scope, rows.zones(tx, scope), tags, sealed=seals)
    for row in rows.click_rows(tx, scope):
        counted.count_click(row)
        if row["kind"] == "PERSON" and row["first_at"] is None:
            where = (*scope, row["campaign_id"])
            report.compare(where, "ledger", f"visitor {row['visitor']}", "row", pair=(0, 1))
        progress(scope, 1)
    for row in rows.conversion_rows(tx, scope):
        counted.count_conversion(row)
        progress(scope, 1)
    for row in rows.reversal_rows(tx, scope):
        _compare_reversal(report, scope, row)
        counted.count_reversal(row)
        progress(scope, 1)
    for row in rows.over_reversed(tx, scope):
        pair = (int(row["reversed"]), int(row["value"]))
        report.compare((*scope, row["campaign_id"]), "reversals", row["conversion_id"], "reversed", pair=pair)
    for standing in standings(tx, scope):
        _compare_visitor(report, scope, standing)
        if standing.row is not None:
            counted.count_visitor(standing.row, standing.sums)
    _compare_days(tx, scope, counted, seals, report)
    _compare_phases(tx, scope, counted, report)
    _compare_quarters(tx, scope, counted, now, report)
    report.sums += _sums(scope, counted, seals)


def _compare_reversal(report: Report, scope: Scope, row: Row) -> None:
    """What a reversal took over from its conversion is what that says today."""
    where, place = (*scope, row["campaign_id"]), f"reversal {row['reversal_id']}"
    if row["of_conversion"] is None:
        return
    for name in ("counted", "in_test", "credited", "variant"):
        report.compare(where, "reversals", place, name, pair=(int(row[name]), int(row[f"of_{name}"])))
    names = ("campaign_id", "visitor", "slug", "country", "device", "referrer", "source", "segment")
    for name in names if row["counted"] else ():
        report.compare(where, "reversals", place, name, pair=(int(row[name] != row[f"of_{name}"]), 0))


def _compare_visitor(report: Report, scope: Scope, standing: Standing) -> None:
    where, place = (*scope, standing.campaign_id), f"visitor {standing.visitor}"
    if standing.row is not None:
        for counter in ("conversions", "test_conversions", "refunds", "test_refunds"):
            pair = (standing.row[counter], getattr(standing.sums, counter))
            report.compare(where, "ledger", place, counter, pair=pair)
    nothing = Money(0, 0)
    for currency in sorted({*standing.stored_money, *standing.sums.money}):
        kept, made = standing.stored_money.get(currency, nothing), standing.sums.money.get(currency, nothing)
        spot = f"{place} {currency}"
        report.compare(where, "ledger_money", spot, "gross_minor", pair=(kept.gross_minor, made.gross_minor))
        report.compare(where, "ledger_money", spot, "test_net_minor", pair=(kept.test_minor, made.test_minor))


def _compare_days(tx: Transaction, scope: Scope, counted: Recount, seals: Mapping[str, Row], report: Report) -> None:
    figures: dict[str, DayFigures] = defaultdict(DayFigures)
    keys = (key for key, _ in rows.stored(tx, day_tallies, scope))
    for key, kept, made in _paired(tx, day_tallies, scope, folded_like(keys, counted.moves.days)):
        dimension, day, value, currency = key[3:]
        if day in seals:
            figures[day].add(key, kept)
        place = " ".join(filter(None, (day, "all" if dimension == ALL else f"{dimension}={value}", currency)))
        for counter in PEOPLE_COUNTERS if day in seals else DAY_COUNTERS:
            pair = (kept.get(counter, 0), made.get(counter, 0))
            report.compare(key[:3], day_tallies.name, place, counter, pair=pair)
    for day, seal in seals.items():
        _compare_seal(scope, seal, figures[day].by_campaign(), report)


def _compare_seal(scope: Scope, seal: Row, found: Mapping[str, Counters], report: Report) -> None:
    """The counters of a sealed day are those that were proven when its rows were still there."""
    for campaign_id in sorted(found.keys() | seal["sums"].keys()):
        kept, proven = found.get(campaign_id, {}), seal["sums"].get(campaign_id, {})
        for counter in sorted(kept.keys() | proven.keys()):
            pair = (kept.get(counter, 0), proven.get(counter, 0))
            report.compare((*scope, campaign_id), "seals", seal["day"], counter, pair=pair)


def folded_like(stored: Iterable[Key], days: Mapping[Any, Counters]) -> Mapping[Any, Counters]:
    """Recounted days with the values that came when the list of their dimension was full counted as `(other)`."""
    listed: dict[Key, set[str]] = defaultdict(set)
    for key in stored:
        listed[key[:5]].add(key[5])
    full = {at for at, values in listed.items() if OTHER in values}
    beyond: dict[Key, set[str]] = defaultdict(set)
    for key in days:
        if key[:5] in full and key[5] not in listed[key[:5]]:
            beyond[key[:5]].add(key[5])
    return folded(days, beyond)  # type: ignore[arg-type]


def _compare_phases(tx: Transaction, scope: Scope, counted: Recount, report: Report) -> None:
    for key, kept, made in _paired(tx, phase_tallies, scope, counted.moves.phases):
        epoch, phase, variant, cohort, identity, currency = key[3:]
        place = f"epoch {epoch} phase {phase} variant {variant} {cohort} {identity} {currency}".strip()
        for counter in PHASE_COUNTERS:
            pair = (_phase_counter(kept, counter), _phase_counter(made, counter))
            report.compare(key[:3], phase_tallies.name, place, counter, pair=pair)


def _phase_counter(counters: Counters, name: str) -> int:
    """Σy² stands in two columns whose split hangs on the order of additions: only what they come to can be compared."""
    if name != "squares":
        return counters.get(name, 0)
    return counters.get("squares_high", 0) * SQUARES_BASE + counters.get("squares_low", 0)


def _compare_quarters(tx: Transaction, scope: Scope, counted: Recount, now: Micros, report: Report) -> None:
    """Quarters are kept for 30 days, so older ones may be gone."""
    made = {key: {"amount": amount} for key, amount in counted.moves.quarters.items()}
    oldest = (now - KEPT_QUARTERS) // QUARTER + 1
    for key, kept, own in _paired(tx, quarter_tallies, scope, made):
        quarter, subject, name = key[3:]
        if quarter < oldest or not _can_be_recounted(subject, quarter, scope, key[2], counted):
            continue
        pair = (kept.get("amount", 0), own.get("amount", 0))
        report.compare(key[:3], quarter_tallies.name, f"{iso(quarter * QUARTER)} {name}".strip(), subject, pair=pair)


def _can_be_recounted(subject: str, quarter: int, scope: Scope, campaign_id: str, counted: Recount) -> bool:
    """Tags can where it is known which were asked for: live, from the first whole quarter under the present policy."""
    if subject not in TAG_SUBJECTS:
        return subject in QUARTER_SUBJECTS
    rule = counted.tags.get(campaign_id)
    if rule is None:
        return scope[1] == LIVE and not campaign_id
    return quarter > (rule.since + CACHES_FOLLOW) // QUARTER


def _paired(
    tx: Transaction, table: Table, scope: Scope, recounted: Mapping[Any, Counters]
) -> Iterator[tuple[Key, Counters, Counters]]:
    """Every key of either side with what is stored and what was recounted."""
    met: set[Key] = set()
    for key, kept in rows.stored(tx, table, scope):
        met.add(key)
        yield key, kept, recounted.get(key, {})
    for key in sorted(recounted.keys() - met):
        yield key, {}, recounted[key]


def _sums(scope: Scope, counted: Recount, seals: Mapping[str, Row]) -> list[Sums]:
    nothing = dict.fromkeys(DAY_COUNTERS[:6], 0)
    found: dict[str, tuple[Counter[str], Counter[str]]] = defaultdict(lambda: (Counter(nothing), Counter()))
    for (_, _, campaign_id, dimension, _, _, currency), moved in counted.moves.days.items():
        if dimension != ALL:
            continue
        counters, gross = found[campaign_id]
        counters.update({name: moved.get(name, 0) for name in DAY_COUNTERS[:6]})
        if currency:
            gross[currency] += moved.get("gross_minor", 0)
    for seal in seals.values():
        for campaign_id, sums in seal["sums"].items():
            for mine, more in zip(found[campaign_id], counters_of(sums), strict=True):
                mine.update(more)
    return [Sums(*scope, campaign_id, *map(dict, pair)) for campaign_id, pair in sorted(found.items())]
