"""What is on disk and in the rows after a run: bytes by table, and whether every acknowledged event is there once."""

from contextlib import closing
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from bench.stand import Stand
from funnelproof.storage.schema import clicks, conversions

SQLITE = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name"
SQLITE_TABLES = "SELECT name, tbl_name FROM sqlite_master"
POSTGRES = "SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables"


@dataclass
class Sizes:
    """Bytes of each table, its indexes included."""

    by_table: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.by_table.values())

    def grown_since(self, before: "Sizes", events: int) -> dict[str, float]:
        """Bytes per event, table by table, largest first."""
        grown = {name: size - before.by_table.get(name, 0) for name, size in self.by_table.items()}
        largest = sorted(grown.items(), key=lambda item: -item[1])
        return {name: round(size / events, 1) for name, size in largest if size}


def sizes(of: Stand) -> Sizes:
    """SQLite's count includes what is still in the -wal file, PostgreSQL's leaves its log out."""
    with closing(of.engines()) as engines, engines.reading.connect() as connection:
        return _on_sqlite(connection) if of.url is None else _on_postgres(connection)


def _on_sqlite(connection: Connection) -> Sizes:
    tables = {row[0]: row[1] for row in connection.exec_driver_sql(SQLITE_TABLES)}
    found = Sizes()
    for name, size in connection.exec_driver_sql(SQLITE):
        table = tables.get(name, name)
        found.by_table[table] = found.by_table.get(table, 0) + size
    return found


def _on_postgres(connection: Connection) -> Sizes:
    return Sizes({row[0]: row[1] for row in connection.exec_driver_sql(POSTGRES)})


@dataclass
class Rows:
    clicks: int
    conversions: int


def rows(of: Stand) -> Rows:
    """Of the live world."""
    with closing(of.engines()) as engines, engines.reading.connect() as connection:
        counted = [
            connection.execute(select(func.count()).select_from(table).where(table.c.world == "live")).scalar_one()
            for table in (clicks, conversions)
        ]
    return Rows(*counted)


@dataclass
class Exactness:
    """`unanswered` requests got no answer at all: each may or may not have been stored."""

    acknowledged: Rows
    stored: Rows
    unanswered: int
    counters_equal: int
    counters_different: int

    @property
    def holds(self) -> bool:
        pairs = (
            (self.acknowledged.clicks, self.stored.clicks),
            (self.acknowledged.conversions, self.stored.conversions),
        )
        return not self.counters_different and all(told <= kept <= told + self.unanswered for told, kept in pairs)


def exactness(of: Stand, acknowledged: Rows, unanswered: int) -> Exactness:
    """Rows against what was answered, and `funnelproof recount --check`."""
    told = of.answer("recount", "--check")
    return Exactness(acknowledged, rows(of), unanswered, told["equal"], told["different"])
