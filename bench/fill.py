"""Fills a fresh installation with made-up events, straight into its tables: ten million in a few minutes.

Settings come first and through the product's own verbs; then rows in the order of their keys, in large transactions. On
SQLite without journal and syncs while it lasts: a fill that is cut short is worth nothing anyhow. PostgreSQL gets COPY.
"""

import argparse
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text
from sqlalchemy import make_url

from bench.counts import Counts
from bench.rows import Names, Slice, Telling, Writing
from bench.traffic import BUSY_SLUGS, DAYS, MAX_VALUE_MINOR, make_traffic
from funnelproof.audit.act import Act
from funnelproof.campaigns.create import create
from funnelproof.campaigns.relink import put_link
from funnelproof.campaigns.requests import NewCampaign
from funnelproof.campaigns.routes import address_rules
from funnelproof.cli import init
from funnelproof.clock import DAY, SECOND, Micros
from funnelproof.installation import Installation
from funnelproof.links.requests import LinkBody
from funnelproof.opening import open_installation
from funnelproof.settings import Settings
from funnelproof.storage.database import Transaction
from funnelproof.storage.sqlite import FILE

HANDLE, EMAIL, PASSWORD, CURRENCY = "gharart", "owner@gharart.example", "made-up-events", "EUR"
BUSY = "autumn-launch"
SIDE_CAMPAIGNS = 100
Step = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Filled:
    """What a fill made: rows by table, and how long it took."""

    events: int
    rows: dict[str, int]
    seconds: float


def fill(
    settings: Settings,
    events: int,
    *,
    seed: int = 1,
    side_campaigns: int = SIDE_CAMPAIGNS,
    now: Micros | None = None,
    console: Console | None = None,
) -> Filled:
    """Make an installation where there is none, and write this many events: clicks, and conversions for one of 20."""
    began = time.monotonic()
    home = open_installation(settings)
    try:
        now = (now or home.clock.now()) // 1000 * 1000
        names = _settle(home, side_campaigns, now)
        dialect = home.database.engines.writing.dialect
    finally:
        home.lane.close()
        home.database.close()
    traffic = make_traffic(events, seed=seed, campaigns=side_campaigns, now=now)
    tables = [*Telling(traffic, names, dialect).tables(), *Counts(traffic, names).tables()]
    with _progress(tables, console) as step, _writer(settings) as write:
        for table in tables:
            for rows in table.slices():
                write(table, rows)
                step(len(rows[1]))
    return Filled(traffic.events, {own.table.name: own.rows for own in tables}, time.monotonic() - began)


def _settle(home: Installation, side_campaigns: int, now: Micros) -> Names:
    wanted = {"handle": HANDLE, "email": EMAIL, "name": "Filled", "time_zone": "UTC", "currency": CURRENCY}
    init.make(home, PASSWORD, wanted)
    campaigns = [BUSY, *(f"side-{number:03d}" for number in range(1, side_campaigns + 1))]
    slugs = [f"busy-{number}" for number in range(BUSY_SLUGS)] + campaigns[1:]
    begun = (now - DAYS * DAY) // DAY * DAY - DAY

    def work(tx: Transaction) -> None:
        for number, campaign in enumerate(campaigns):
            act = Act("fill", begun + number * SECOND, None)
            body = _campaign(campaign, slugs[0 if number == 0 else BUSY_SLUGS - 1 + number])
            create(tx, handle=HANDLE, body=body, currency=CURRENCY, rules=address_rules(home.settings), act=act)
        for slug in slugs[1:BUSY_SLUGS]:
            _add_link(tx, home, slug, Act("fill", begun, None))

    home.database.write_now(work)
    return Names(HANDLE, CURRENCY, campaigns, slugs)


def _campaign(campaign_id: str, slug: str) -> NewCampaign:
    shop = f"https://shop.gharart.example/{campaign_id}"
    return NewCampaign.model_validate(
        {
            "campaignId": campaign_id,
            "name": campaign_id.replace("-", " ").title(),
            "goalType": "PRODUCT_SALE",
            "status": "ACTIVE",
            "maxValue": f"{MAX_VALUE_MINOR // 100}.00",
            "primaryLink": {"slug": slug, "destinationUrl": shop},
            "variants": [
                {"variantId": "a", "name": "A", "weight": 50, "control": True},
                {"variantId": "b", "name": "B", "weight": 50, "destinationUrl": f"{shop}-b"},
            ],
        }
    )


def _add_link(tx: Transaction, home: Installation, slug: str, act: Act) -> None:
    url = f"https://shop.gharart.example/{BUSY}"
    put_link(
        tx,
        handle=HANDLE,
        slug=slug,
        body=LinkBody.model_validate({"destinationUrl": url, "campaignId": BUSY}),
        password_hash=None,
        if_match=None,
        rules=address_rules(home.settings),
        public_url=home.settings.public_url,
        act=act,
    )


@contextmanager
def _writer(settings: Settings) -> Iterator[Callable[[Writing, Slice], None]]:
    if settings.database_url is None:
        with _sqlite(settings.data) as write:
            yield write
    else:
        with _postgresql(settings.database_url.get_secret_value()) as write:
            yield write


@contextmanager
def _sqlite(data: Path) -> Iterator[Callable[[Writing, Slice], None]]:
    connection = sqlite3.connect(data / FILE, isolation_level=None)
    for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=OFF", "synchronous=OFF", "cache_size=-400000"):
        connection.execute(f"PRAGMA {pragma}")

    def write(into: Writing, rows: Slice) -> None:
        columns, values = rows
        places = ", ".join("?" * len(columns))
        connection.executemany(f"INSERT INTO {into.table.name} ({', '.join(columns)}) VALUES ({places})", values)  # noqa: S608

    connection.execute("BEGIN")
    yield write
    connection.execute("COMMIT")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


@contextmanager
def _postgresql(url: str) -> Iterator[Callable[[Writing, Slice], None]]:
    import psycopg

    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:

        def write(into: Writing, rows: Slice) -> None:
            columns, values = rows
            statement = f"COPY {into.table.name} ({', '.join(columns)}) FROM STDIN"
            with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
                for row in values:
                    copy.write_row(row)

        yield write
        connection.execute("VACUUM (ANALYZE)")


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} rows/s" if task.speed else "")


@contextmanager
def _progress(tables: list[Writing], console: Console | None) -> Iterator[Step]:
    """A bar over all rows; nothing where nobody looks."""
    if console is None:
        yield lambda _rows: None
        return
    columns = (TextColumn("Filling"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("Filling", total=sum(table.rows for table in tables))
        yield lambda rows: progress.advance(task, rows)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.fill", description=__doc__)
    parser.add_argument("data", type=Path, help="a data folder that is not there yet")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database-url", default=None, help="PostgreSQL; left out: SQLite in the data folder")
    asked = parser.parse_args(argv)
    console = Console()
    given: dict[str, Any] = {"data": asked.data}
    if asked.database_url is not None:
        given["database_url"] = asked.database_url
    filled = fill(Settings(**given), asked.events, seed=asked.seed, console=console)
    console.print(f"{sum(filled.rows.values()):,} rows of {filled.events:,} events in {filled.seconds:.0f} s.")
    console.print(filled.rows)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
