"""Rows of `tag_policies`: one for each handle that has written its policy."""

from typing import Any, NamedTuple

from sqlalchemy import select, update

from funnelproof.audit.act import Act
from funnelproof.clock import Micros
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import tag_policies
from funnelproof.storage.statements import insert_new


class Kept(NamedTuple):
    policy: dict[str, Any]
    version: int
    updated_at: Micros | None


def find(tx: Transaction, handle: str, *, to_change: bool = False) -> Kept | None:
    of = tag_policies.c
    statement = select(of.policy, of.version, of.updated_at).where(of.handle == handle)
    row = tx.execute(statement.with_for_update() if to_change else statement).one_or_none()
    return None if row is None else Kept(row.policy, row.version, row.updated_at)


def add(tx: Transaction, handle: str, policy: dict[str, Any], act: Act) -> bool:
    """False if somebody else was first."""
    row = {"handle": handle, "policy": policy, "version": 1, "updated_at": act.at, "updated_by": act.actor}
    return bool(insert_new(tx, tag_policies, [row], returning=["handle"]))


def replace(tx: Transaction, handle: str, policy: dict[str, Any], version: int, act: Act) -> None:
    told = {"policy": policy, "version": version, "updated_at": act.at, "updated_by": act.actor}
    tx.execute(update(tag_policies).where(tag_policies.c.handle == handle).values(**told))
