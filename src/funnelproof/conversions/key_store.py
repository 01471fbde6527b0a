"""Rows of `conversion_keys`: what a key stands for, for ever."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import and_, bindparam, func, select, update

from funnelproof.clock import Micros
from funnelproof.conversions.conversion import Conversion
from funnelproof.conversions.reversal import Reversal
from funnelproof.storage.bulk import Values, insert_new_rows, rows_among
from funnelproof.storage.database import Row, RunAgain, Transaction
from funnelproof.storage.schema import conversion_keys


class KeyKind(StrEnum):
    """AWAITED: nothing yet; a reversal has named the key before its conversion came."""

    CONVERSION = "CONVERSION"
    REVERSAL = "REVERSAL"
    AWAITED = "AWAITED"


KEY = ("idempotency_key", "kind", "subject_id", "body_digest", "received_at")
MEANT = ("click_id", "event_type", "value_minor", "currency")
NEW_KEY = ("handle", "world", *KEY, *MEANT)
KNOWN_KEY = (*KEY, *MEANT, "disposition", "occurred_at")
COUNT_REPEAT = (
    update(conversion_keys)
    .where(
        conversion_keys.c.handle == bindparam("at_handle"),
        conversion_keys.c.world == bindparam("at_world"),
        conversion_keys.c.idempotency_key == bindparam("at_key"),
    )
    .values(repeats=conversion_keys.c.repeats + bindparam("more"), repeated_at=bindparam("at"))
)
OUTLIVE = (
    update(conversion_keys)
    .where(
        conversion_keys.c.handle == bindparam("at_handle"),
        conversion_keys.c.world == bindparam("at_world"),
        conversion_keys.c.idempotency_key == bindparam("at_key"),
    )
    .values(disposition=bindparam("disposition"), occurred_at=bindparam("occurred_at"))
)
MEET = (
    update(conversion_keys)
    .where(
        conversion_keys.c.handle == bindparam("at_handle"),
        conversion_keys.c.world == bindparam("at_world"),
        conversion_keys.c.idempotency_key == bindparam("at_key"),
        conversion_keys.c.kind == KeyKind.AWAITED.value,
    )
    .values({name: bindparam(name) for name in NEW_KEY[3:]})
)


class KnownKey(NamedTuple):
    """What a key stands for. The last two are known once retention has deleted the conversion."""

    kind: str
    subject_id: str
    body_digest: str
    received_at: Micros
    click_id: str
    event_type: str
    value_minor: int | None
    currency: str | None
    disposition: str | None
    occurred_at: Micros | None


def known_keys(tx: Transaction, handle: str, world: str, wanted: Collection[str]) -> dict[str, KnownKey]:
    """What keys stand for, by key."""
    at = {"handle": handle, "world": world}
    rows = rows_among(tx, conversion_keys, KNOWN_KEY, at=at, within="idempotency_key", values=wanted)
    return {row[0]: KnownKey(*row[1:]) for row in rows}


def in_both(tx: Transaction, handle: str, world: str, other: str) -> int:
    """How many keys stand in two worlds for the same click: none should. The same words for another click may."""
    mine, theirs = conversion_keys.alias(), conversion_keys.alias()
    same = (theirs.c.idempotency_key == mine.c.idempotency_key, theirs.c.click_id == mine.c.click_id)
    shared = (
        select(func.count())
        .select_from(mine)
        .join(theirs, and_(theirs.c.handle == handle, theirs.c.world == other, *same))
        .where(mine.c.handle == handle, mine.c.world == world, mine.c.click_id != "")
    )
    return int(tx.execute(shared).scalar_one())


def take_keys(
    tx: Transaction, handle: str, world: str, new: Sequence[tuple[Conversion, str]], awaited: Collection[str]
) -> None:
    """Insert the keys of new conversions, each with the digest of its body; those `awaited` are there already.

    If another process took one first, the whole transaction runs again and finds it.
    """
    rows = sorted(_key_row(handle, world, made, digest) for made, digest in new)
    fresh = [row for row in rows if row[2] not in awaited] if awaited else rows
    _insert_keys(tx, fresh)
    for row in (row for row in rows if row[2] in awaited):
        at = dict(zip(("at_handle", "at_world", "at_key"), row[:3], strict=True))
        if not tx.execute(MEET, at | dict(zip(NEW_KEY[3:], row[3:], strict=True))).rowcount:
            raise RunAgain("another process brought the awaited conversion first")


def take_reversal_key(
    tx: Transaction, handle: str, world: str, reversal: Reversal, *, digest: str, awaits: str | None
) -> None:
    """Insert the key of a new reversal, and that of the conversion it `awaits`: where the two will meet."""
    nothing = ("", "", None, None)
    at = reversal.received_at
    rows = [
        (handle, world, reversal.idempotency_key, KeyKind.REVERSAL.value, reversal.reversal_id, digest, at, *nothing)
    ]
    if awaits is not None:
        rows.append((handle, world, awaits, KeyKind.AWAITED.value, reversal.reversal_id, "", at, *nothing))
    _insert_keys(tx, sorted(rows))


def _insert_keys(tx: Transaction, rows: Sequence[Values]) -> None:
    if insert_new_rows(tx, conversion_keys, NEW_KEY, rows) != len(rows):
        raise RunAgain("another process took the same key first")


def lock_key(tx: Transaction, handle: str, world: str, key: str) -> KnownKey | None:
    """What a key stands for, held until the transaction ends: whoever comes next waits and finds what was done."""
    where = (conversion_keys.c.handle == handle, conversion_keys.c.world == world)
    columns = [conversion_keys.c[name] for name in KnownKey._fields]
    row = tx.execute(
        select(*columns).where(*where, conversion_keys.c.idempotency_key == key).with_for_update()
    ).one_or_none()
    return KnownKey._make(row) if row else None


def outlive(tx: Transaction, handle: str, world: str, gone: Iterable[Row]) -> None:
    """Conversions are deleted: their keys keep what a repeat has to be answered."""
    rows = [
        {
            "at_handle": handle,
            "at_world": world,
            "at_key": row["idempotency_key"],
            "disposition": row["disposition"],
            "occurred_at": row["occurred_at"],
        }
        for row in sorted(gone, key=lambda row: str(row["idempotency_key"]))
    ]
    if rows:
        tx.execute(OUTLIVE, rows)


def count_repeats(tx: Transaction, handle: str, world: str, repeats: Mapping[str, int], at: Micros) -> None:
    rows = [
        {"at_handle": handle, "at_world": world, "at_key": key, "more": more, "at": at}
        for key, more in sorted(repeats.items())
    ]
    if rows:
        tx.execute(COUNT_REPEAT, rows)


def key_row(tx: Transaction, handle: str, world: str, key: str) -> Row | None:
    where = (conversion_keys.c.handle == handle, conversion_keys.c.world == world)
    return tx.one(select(conversion_keys).where(*where, conversion_keys.c.idempotency_key == key))


def _key_row(handle: str, world: str, made: Conversion, digest: str) -> Values:
    """The columns of `NEW_KEY`."""
    return (
        handle,
        world,
        made.idempotency_key,
        KeyKind.CONVERSION.value,
        made.conversion_id,
        digest,
        made.received_at,
        made.click_id,
        made.event_type,
        made.value_minor,
        made.currency,
    )
