"""On PostgreSQL clicks lie in one partition for each month: made ahead of time, dropped once nothing is left in them.

A click's id begins with its time, so a look-up by id finds its partition, and the key needs no column more. What fits
no month lies in `clicks_rest`; what was there before there were partitions, in `clicks_before`.
"""

import re

from sqlalchemy import text

from funnelproof.clock import DAY, Micros, month_begin, month_of, next_month
from funnelproof.ids import id_at
from funnelproof.storage.database import Transaction

MONTHS_AHEAD = 3
KEPT_EMPTY: Micros = 32 * DAY
OURS = re.compile(r"clicks_(\d{4}_\d{2}|rest|before)")
UPPER = re.compile(r"TO \('(clk_[0-9a-f]+)'\)")
LOCK = 7_026_112_300_000_002
LISTED = text("""
    SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bounds
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = to_regclass('clicks') ORDER BY c.relname
""")


def is_partition(table: str) -> bool:
    """Whether a table is one of those that together are `clicks`: no part of the schema that is declared."""
    return OURS.fullmatch(table) is not None


def keep_months(tx: Transaction, now: Micros) -> int:
    """Make the partitions of this month and the coming ones, drop those that are past and empty; how many.

    Both need the whole table for a moment. Who cannot have it within a second lets clicks pass and tries later.
    """
    if tx.dialect != "postgresql":
        return 0
    tx.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    tx.execute(text("SET LOCAL lock_timeout = '1s'"))
    return make_months(tx, month_of(now), MONTHS_AHEAD) + _drop_empty(tx, id_at("clk", now - KEPT_EMPTY))


def make_months(tx: Transaction, first: str, more: int) -> int:
    """Partitions of a month, `2026-11`, and those after it. A month that lies elsewhere already stays there."""
    uppers = _uppers(tx)
    made, month = 0, first
    for _ in range(more + 1):
        name = f"clicks_{month.replace('-', '_')}"
        lower, upper = bounds_of(month)
        taken = name in uppers or lower < (uppers.get("clicks_before") or "")
        if not taken and not _rest_holds(tx, lower, upper):
            tx.execute(text(f"CREATE TABLE {name} PARTITION OF clicks FOR VALUES FROM ('{lower}') TO ('{upper}')"))
            made += 1
        month = next_month(month)
    return made


def bounds_of(month: str) -> tuple[str, str]:
    """Between which ids the clicks of a month lie: from the first, before the second."""
    return id_at("clk", month_begin(month)), id_at("clk", month_begin(next_month(month)))


def _uppers(tx: Transaction) -> dict[str, str | None]:
    """The id before which each partition ends; None for the one that takes what fits no other."""
    found = {row["name"]: UPPER.search(row["bounds"]) for row in tx.all(LISTED)}
    return {name: match[1] if match else None for name, match in found.items()}


def _rest_holds(tx: Transaction, lower: str, upper: str) -> bool:
    statement = text("SELECT EXISTS (SELECT 1 FROM clicks_rest WHERE click_id >= :lower AND click_id < :upper)")
    return bool(tx.execute(statement, {"lower": lower, "upper": upper}).scalar_one())


def _drop_empty(tx: Transaction, ended_before: str) -> int:
    past = [name for name, upper in _uppers(tx).items() if upper is not None and upper <= ended_before]
    return sum(_drop_if_empty(tx, name) for name in past)


def _drop_if_empty(tx: Transaction, name: str) -> bool:
    """Looked at twice: with nobody shut out, and again when nobody can add to it."""
    if not _is_empty(tx, name):
        return False
    tx.execute(text(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"))
    if not _is_empty(tx, name):
        return False
    tx.execute(text(f"DROP TABLE {name}"))
    return True


def _is_empty(tx: Transaction, name: str) -> bool:
    return not tx.execute(text(f"SELECT EXISTS (SELECT 1 FROM {name})")).scalar_one()  # noqa: S608 - a name of ours
