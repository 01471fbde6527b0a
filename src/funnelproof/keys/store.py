"""Rows of `ring_keys` and `day_salts`."""

from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update

from funnelproof.clock import Micros
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import day_salts, ring_keys
from funnelproof.storage.statements import insert_new


@dataclass(frozen=True, slots=True)
class SealedKey:
    purpose: str
    key_id: str
    sealed: str
    announced_at: Micros
    signs_from: Micros
    retired_at: Micros | None


def all_keys(tx: Transaction) -> list[SealedKey]:
    return [SealedKey(**row) for row in tx.all(select(ring_keys))]


def add(tx: Transaction, key: SealedKey) -> None:
    tx.execute(insert(ring_keys), {name: getattr(key, name) for name in SealedKey.__slots__})


def retire(tx: Transaction, purpose: str, *, at: Micros) -> None:
    """All keys of a purpose that are not retired yet."""
    present = (ring_keys.c.purpose == purpose, ring_keys.c.retired_at.is_(None))
    tx.execute(update(ring_keys).where(*present).values(retired_at=at))


def forget(tx: Transaction, purpose: str, *, retired_before: Micros) -> None:
    tx.execute(delete(ring_keys).where(ring_keys.c.purpose == purpose, ring_keys.c.retired_at < retired_before))


def salt_of(tx: Transaction, day: str) -> Row | None:
    return tx.one(select(day_salts).where(day_salts.c.day == day))


def add_salt(tx: Transaction, day: str, sealed: str, made_at: Micros) -> None:
    insert_new(tx, day_salts, [{"day": day, "sealed": sealed, "made_at": made_at}], returning=["day"])


def forget_salts(tx: Transaction, *, made_before: Micros) -> None:
    tx.execute(delete(day_salts).where(day_salts.c.made_at < made_before))
