"""What people are told of: who wants to know, and notes of what they have yet to be told. Rows of both tables.

A note is one row for each kind and campaign: what comes while one waits is told with it, so that a light that flickers
fills nobody's mailbox.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import or_, select, update

from funnelproof.clock import MINUTE, Micros
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import alert_notes, alerts
from funnelproof.storage.statements import insert_new

CALM: Micros = 15 * MINUTE
"""So long after a message of one kind about a campaign the next one waits."""
AT_ONCE = 50
HANDLES_AT_ONCE = 50


class Kind(StrEnum):
    """What can be turned off, each for itself."""

    HEALTH = "HEALTH"
    VERDICT = "VERDICT"
    LAUNCH = "LAUNCH"
    WEEKLY = "WEEKLY"


@dataclass(frozen=True, slots=True)
class Alerts:
    """`failure` is why the last message could not be handed over, until one could. `week_told`: its Monday."""

    handle: str
    mails: tuple[str, ...]
    sealed_chat: str | None
    kinds: tuple[Kind, ...]
    updated_at: Micros
    updated_by: str
    week_told: str | None = None
    sent_at: Micros | None = None
    failed_at: Micros | None = None
    failure: str | None = None

    @property
    def has_channel(self) -> bool:
        return bool(self.mails or self.sealed_chat)


@dataclass(frozen=True, slots=True)
class Note:
    handle: str
    kind: Kind
    campaign_id: str
    told: dict[str, Any]
    noted_at: Micros
    due_at: Micros | None
    attempts: int
    sent_at: Micros | None


def find(tx: Transaction, handle: str) -> Alerts | None:
    row = tx.one(select(alerts).where(alerts.c.handle == handle))
    return _alerts(row) if row else None


def keep(tx: Transaction, wanted: Alerts) -> None:
    """Write what is wanted; what was sent and what failed stays known."""
    told = {
        "mails": list(wanted.mails),
        "sealed_chat": wanted.sealed_chat,
        "kinds": [kind.value for kind in wanted.kinds],
        "updated_at": wanted.updated_at,
        "updated_by": wanted.updated_by,
        "week_told": wanted.week_told,
    }
    if not insert_new(tx, alerts, [{"handle": wanted.handle, **told}], returning=["handle"]):
        tx.execute(update(alerts).where(alerts.c.handle == wanted.handle).values(**told))


def note(tx: Transaction, handle: str, kind: Kind, campaign_id: str, told: Mapping[str, Any], *, at: Micros) -> None:
    """To be told, if this handle wants it. What waits already keeps where it came from and takes where it went."""
    wanted = find(tx, handle)
    if wanted is None or not wanted.has_channel or kind not in wanted.kinds:
        return
    row = {"handle": handle, "kind": kind.value, "campaign_id": campaign_id, "told": dict(told)}
    fresh = {"noted_at": at, "due_at": at, "attempts": 0}
    if insert_new(tx, alert_notes, [row | fresh | {"sent_at": None}], returning=["handle"]):
        return
    known = _note(tx.all(select(alert_notes).where(*_at(handle, kind, campaign_id)).with_for_update())[0])
    if known.due_at is not None:
        change: dict[str, Any] = {"told": {**told, **_begun(known)}, "noted_at": at}
    else:
        calm_until = 0 if known.sent_at is None else known.sent_at + CALM
        change = {"told": dict(told), **fresh, "due_at": max(at, calm_until)}
    tx.execute(update(alert_notes).where(*_at(handle, kind, campaign_id)).values(**change))


def _begun(known: Note) -> dict[str, Any]:
    """Where a joined note comes from: where the first began, or, once somebody was told of that, where it went."""
    begun = known.told.get("to") if known.told.get("done") else known.told.get("from")
    return {} if begun is None else {"from": begun}


def due(tx: Transaction, now: Micros) -> list[Note]:
    """Of all handles, the longest due first."""
    statement = select(alert_notes).where(alert_notes.c.due_at <= now).order_by(alert_notes.c.due_at).limit(AT_ONCE)
    return [_note(row) for row in tx.all(statement)]


def claim(tx: Transaction, own: Note, until: Micros) -> bool:
    """Whoever claims a note sends it; False if another process was first, or something joined it."""
    same = (*_same(own), alert_notes.c.due_at == own.due_at)
    return tx.execute(update(alert_notes).where(*same).values(due_at=until)).rowcount == 1


def settled(tx: Transaction, own: Note, at: Micros | None) -> None:
    """It was told (at), or there was nothing left to tell (None). What came meanwhile is told after the calm."""
    sent = own.sent_at if at is None else at
    done = {"due_at": None, "attempts": 0, "sent_at": sent}
    if tx.execute(update(alert_notes).where(*_same(own)).values(**done)).rowcount == 0 and at is not None:
        _go_on_from(tx, own, at)
    if at is not None:
        told = {"sent_at": at, "failed_at": None, "failure": None}
        tx.execute(update(alerts).where(alerts.c.handle == own.handle).values(**told))


def _go_on_from(tx: Transaction, own: Note, at: Micros) -> None:
    """Something joined the note while it was told: that begins where what was told ended."""
    where = _at(own.handle, own.kind, own.campaign_id)
    row = tx.one(select(alert_notes).where(*where).with_for_update())
    if row is None or row["due_at"] is None:
        return
    begun = {"from": own.told["to"]} if "to" in own.told else {}
    change = {"told": {**(row["told"] or {}), **begun}, "sent_at": at, "due_at": at + CALM, "attempts": 0}
    tx.execute(update(alert_notes).where(*where).values(**change))


def failed(tx: Transaction, own: Note, *, done: Sequence[str], due_at: Micros | None, why: str, at: Micros) -> None:
    """Not everybody could be told; `done` tells who was. `due_at` None: no more tries. What came since stays due."""
    change = {"attempts": own.attempts + 1, "due_at": due_at, "told": {**own.told, "done": list(done)}}
    if tx.execute(update(alert_notes).where(*_same(own)).values(**change)).rowcount == 0 and done:
        _go_on_from(tx, own, at)
    tx.execute(update(alerts).where(alerts.c.handle == own.handle).values(failed_at=at, failure=why[:500]))


def page(tx: Transaction, after: str) -> list[Alerts]:
    """The next few of all handles, in their order; whether they want it, each says."""
    statement = select(alerts).where(alerts.c.handle > after).order_by(alerts.c.handle).limit(HANDLES_AT_ONCE)
    return [_alerts(row) for row in tx.all(statement)]


def week_told(tx: Transaction, handle: str, monday: str) -> bool:
    """False if another process was first, or a later week was told already."""
    is_new = (alerts.c.handle == handle, or_(alerts.c.week_told.is_(None), alerts.c.week_told < monday))
    return tx.execute(update(alerts).where(*is_new).values(week_told=monday)).rowcount == 1


def _same(own: Note) -> tuple[Any, ...]:
    """The note as it was read: nothing has joined it since."""
    return *_at(own.handle, own.kind, own.campaign_id), alert_notes.c.noted_at == own.noted_at


def _at(handle: str, kind: Kind, campaign_id: str) -> tuple[Any, ...]:
    of = alert_notes.c
    return of.handle == handle, of.kind == kind.value, of.campaign_id == campaign_id


def _alerts(row: Row) -> Alerts:
    fields = {name: row[name] for name in Alerts.__slots__}
    fields |= {"mails": tuple(row["mails"] or ()), "kinds": tuple(Kind(kind) for kind in row["kinds"] or ())}
    return Alerts(**fields)


def _note(row: Row) -> Note:
    fields = {name: row[name] for name in Note.__slots__}
    return Note(**fields | {"kind": Kind(row["kind"]), "told": dict(row["told"] or {})})
