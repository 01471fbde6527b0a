"""Rows of `clicks` and of the visitors' `ledger`."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import bindparam, func, insert, select, tuple_, update

from funnelproof.clicks.assignment import Standing
from funnelproof.clicks.visitor import Identity
from funnelproof.clock import Micros
from funnelproof.links.ctx import Cohort
from funnelproof.storage.database import Row, RunAgain, Transaction
from funnelproof.storage.schema import clicks, ledger
from funnelproof.storage.statements import insert_new

VisitorRef = tuple[str, str]
CHANGES = ("cohort", "epoch", "phase", "variant", "entered_at", "arrived_at", "conversions", "test_conversions")
ADD_CLICKS = insert(clicks)
CHANGE_STANDING = (
    update(ledger)
    .where(
        ledger.c.handle == bindparam("at_handle"),
        ledger.c.world == bindparam("at_world"),
        ledger.c.campaign_id == bindparam("at_campaign_id"),
        ledger.c.visitor == bindparam("at_visitor"),
    )
    .values({name: bindparam(name) for name in CHANGES})
)


def lock_standings(
    tx: Transaction, handle: str, world: str, refs: Collection[VisitorRef]
) -> dict[VisitorRef, Standing]:
    """Ledger rows by (campaign, visitor), held until this transaction ends, in key order."""
    if not refs:
        return {}
    where = (
        ledger.c.handle == handle,
        ledger.c.world == world,
        tuple_(ledger.c.campaign_id, ledger.c.visitor).in_(sorted(refs)),
    )
    statement = select(ledger).where(*where).order_by(ledger.c.campaign_id, ledger.c.visitor).with_for_update()
    return {(row["campaign_id"], row["visitor"]): _standing(row) for row in tx.all(statement)}


def find_standing(tx: Transaction, handle: str, world: str, ref: VisitorRef) -> Standing | None:
    """A visitor's ledger row by (campaign, visitor), only to be read."""
    campaign_id, visitor = ref
    where = (ledger.c.handle == handle, ledger.c.world == world, ledger.c.campaign_id == campaign_id)
    row = tx.one(select(ledger).where(*where, ledger.c.visitor == visitor))
    return _standing(row) if row else None


def add_standings(tx: Transaction, handle: str, world: str, standings: Sequence[Standing]) -> None:
    """New visitors. If another process met one of them first, the whole transaction runs again and finds it."""
    rows = [{"handle": handle, "world": world, **_row(standing)} for standing in standings]
    new = insert_new(tx, ledger, rows, returning=("campaign_id", "visitor"))
    if len(new) != len(rows):
        raise RunAgain("another process met the same visitor first")


def change_standings(tx: Transaction, handle: str, world: str, standings: Sequence[Standing]) -> None:
    rows = [
        {
            "at_handle": handle,
            "at_world": world,
            "at_campaign_id": standing.campaign_id,
            "at_visitor": standing.visitor,
            **{name: getattr(standing, name) for name in CHANGES},
        }
        for standing in sorted(standings, key=lambda standing: (standing.campaign_id, standing.visitor))
    ]
    if rows:
        tx.execute(CHANGE_STANDING, rows)


def add_clicks(tx: Transaction, rows: Sequence[Row]) -> None:
    if rows:
        tx.execute(ADD_CLICKS, rows)


def newest(tx: Transaction, handle: str, world: str, campaign_id: str, limit: int) -> list[Row]:
    """The newest clicks of a campaign in one world. For the small worlds of runs: live clicks have no such index."""
    where = (clicks.c.handle == handle, clicks.c.world == world, clicks.c.campaign_id == campaign_id)
    return list(tx.all(select(clicks).where(*where).order_by(clicks.c.click_id.desc()).limit(limit)))


def is_known(tx: Transaction, handle: str, world: str, ref: VisitorRef) -> bool:
    """Whether a visitor, by (campaign, visitor), has a row in the ledger."""
    campaign_id, visitor = ref
    where = (ledger.c.handle == handle, ledger.c.world == world, ledger.c.campaign_id == campaign_id)
    return tx.one(select(ledger.c.visitor).where(*where, ledger.c.visitor == visitor)) is not None


def newest_at(tx: Transaction, handle: str, world: str) -> Micros | None:
    """When the newest click of a world was stored, by the real clock: its id is a UUIDv7."""
    where = (clicks.c.handle == handle, clicks.c.world == world)
    newest_id: str | None = tx.execute(select(func.max(clicks.c.click_id)).where(*where)).scalar_one()
    return int(newest_id[4:16], 16) * 1000 if newest_id else None


def find_clicks(tx: Transaction, handle: str, world: str, ids: Collection[str]) -> dict[str, Row]:
    where = (clicks.c.handle == handle, clicks.c.world == world, clicks.c.click_id.in_(sorted(ids)))
    return {row["click_id"]: row for row in tx.all(select(clicks).where(*where))}


def find_click(tx: Transaction, handle: str, world: str, click_id: str) -> Row | None:
    return tx.one(
        select(clicks).where(clicks.c.handle == handle, clicks.c.world == world, clicks.c.click_id == click_id)
    )


def _row(standing: Standing) -> dict[str, Any]:
    return {name: getattr(standing, name) for name in Standing.__slots__}


def _standing(row: Row) -> Standing:
    fields = {name: row[name] for name in Standing.__slots__}
    return Standing(**fields | {"cohort": Cohort(fields["cohort"]), "identity": Identity(fields["identity"])})
