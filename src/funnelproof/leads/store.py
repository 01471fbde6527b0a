"""Rows of `leads`: the one place where what visitors fill in is kept."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, select, update

from funnelproof.clock import Micros
from funnelproof.conversions.setting import Setting
from funnelproof.leads.lead import Lead, NewLead
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import leads
from funnelproof.storage.statements import insert_new

SHOWN = [leads.c[field.name] for field in fields(Lead)]


class First(NamedTuple):
    """What stands under a key."""

    lead_id: str
    digest: str


class Asked(NamedTuple):
    """What of a handle's leads is wanted; None asks nothing. [since, until)."""

    handle: str
    worlds: Sequence[str]
    campaign_id: str | None = None
    form_id: str | None = None
    since: Micros | None = None
    until: Micros | None = None


def add(tx: Transaction, setting: Setting, new: Sequence[NewLead]) -> dict[str, First]:
    """Store what is not there yet; answer what stands under each key now."""
    insert_new(tx, leads, [_row(setting, lead) for lead in new], returning=["lead_key"])
    keys = sorted({lead.stored_key for lead in new})
    of = leads.c
    where = (of.handle == setting.handle, of.world == setting.world, of.lead_key.in_(keys))
    found = tx.all(select(of.lead_key, of.lead_id, of.digest).where(*where)) if keys else ()
    return {row["lead_key"]: First(row["lead_id"], row["digest"]) for row in found}


def note_conversion(
    tx: Transaction, setting: Setting, lead: NewLead, *, conversion_id: str | None = None, refusal: str | None = None
) -> None:
    of = leads.c
    where = (of.handle == setting.handle, of.world == setting.world, of.lead_key == lead.stored_key)
    tx.execute(update(leads).where(*where).values(conversion_id=conversion_id, not_converted=refusal))


def page(tx: Transaction, asked: Asked, *, before: str | None, limit: int) -> list[Lead]:
    """Newest first; `before` is the lead id last seen."""
    statement = wanted(asked).order_by(leads.c.lead_id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(leads.c.lead_id < before)
    return [_lead(row) for row in tx.all(statement)]


def wanted(asked: Asked) -> Select[Any]:
    of = leads.c
    where: list[ColumnElement[bool]] = [of.handle == asked.handle, of.world.in_(list(asked.worlds))]
    where += [] if asked.campaign_id is None else [of.campaign_id == asked.campaign_id]
    where += [] if asked.form_id is None else [of.form_id == asked.form_id]
    where += [] if asked.since is None else [of.captured_at >= asked.since]
    where += [] if asked.until is None else [of.captured_at < asked.until]
    return select(*SHOWN).where(*where)


def groups(tx: Transaction, statement: Select[Any], size: int) -> Iterator[list[Lead]]:
    """Oldest first, a group at a time."""
    streamed = statement.order_by(leads.c.lead_id).execution_options(stream_results=True, yield_per=size)
    with tx.execute(streamed) as found:
        for group in found.mappings().partitions(size):
            yield [_lead(row) for row in group]


def field_names(tx: Transaction, statement: Select[Any]) -> list[str]:
    """Of all fields that any of them has."""
    names: set[str] = set()
    for group in groups(tx, statement, 1000):
        names.update(name for lead in group for name in lead.fields)
    return sorted(names)


def _row(setting: Setting, lead: NewLead) -> Row:
    ctx = lead.ctx
    return {
        "handle": lead.handle,
        "world": setting.world,
        "lead_key": lead.stored_key,
        "digest": lead.digest,
        "lead_id": lead.lead_id,
        "campaign_id": lead.campaign_id,
        "form_id": lead.form_id,
        "fields": lead.fields,
        "email": lead.email,
        "variant": ctx.variant if ctx else 0,
        "slug": ctx.slug if ctx else None,
        "click_id": ctx.click_id if ctx else None,
        "visitor": ctx.visitor if ctx else None,
        "captured_at": setting.now(lead.captured_at),
        "request_id": lead.request_id,
    }


def _lead(row: Any) -> Lead:
    return Lead(**row)
