"""Two months of a small shop on each engine, with ids that follow the test's clock."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from cast import HANDLE, Client, make_cast
from conftest import MakeInstallation
from funnel import BOT, TAGS, Funnel
from funnelproof import ids
from funnelproof.app import Application
from funnelproof.clock import DAY, HOUR, SetClock, iso
from funnelproof.installation import Installation
from funnelproof.privacy.retention import Retention
from funnelproof.recount.compare import Report, recount

RETENTION_DAYS = 60
FIRST_DAY = "2026-11-23"


@pytest.fixture
def home(
    make_installation: MakeInstallation, engine_kind: str, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> Installation:
    monkeypatch.setattr(ids, "time", SimpleNamespace(time_ns=lambda: clock.now() * 1000))
    return make_installation(engine_kind)


@pytest.fixture
def shop(home: Installation) -> Iterator[Funnel]:
    """A handle that keeps rows for 60 days, and a campaign with a window of a week. Nobody has come yet."""
    with Client(Application(home)) as client:
        shop = Funnel(client, make_cast(home))
        keep_days(home, RETENTION_DAYS)
        shop.campaign(attributionWindowDays=7, countingRule="EVERY")
        yield shop


@pytest.fixture
def lived(shop: Funnel, clock: SetClock) -> Funnel:
    """Buyers on the first day, one of whom buys again two days later; others a month later, and one comes back.

    Now it is 62 days after the first day: its rows and those of the next day are old.
    """
    for person in range(1, 7):
        shop.click(TAGS, person=person)
    shop.click(headers={"user-agent": BOT}, person=None)
    ctx = shop.click("utm_source=ads", person=7).ctx
    shop.convert(ctx, "first", value="49.90")
    shop.convert(shop.click(person=2).ctx, "euros", value="7.00", currency="EUR")
    clock.advance(2 * DAY)
    shop.convert(ctx, "two days later", value="20.00")
    shop.click(person=8)
    clock.advance(30 * DAY)
    shop.convert(shop.click(person=9).ctx, "a month later", value="1.00")
    shop.convert(shop.click(person=2).ctx, "came back", value="3.00")
    clock.advance(30 * DAY - HOUR)
    return shop


def keep_days(home: Installation, days: int) -> None:
    change(home, f"update handles set retention_days = {days} where handle = '{HANDLE}'")  # noqa: S608


def change(home: Installation, statement: str) -> None:
    home.database.write_now(lambda tx: tx.execute(text(statement)))


def retain(home: Installation) -> int:
    """What a fresh process does when the job is due."""
    return asyncio.run(Retention(home.database, home.clock.now)())


def counted(home: Installation) -> Report:
    return recount(home.database, now=home.clock.now())


def days_of(shop: Funnel, table: str, column: str) -> list[str]:
    """On which days (UTC) rows lie, each row once."""
    return sorted(iso(row[column])[:10] for row in shop.rows(table))
