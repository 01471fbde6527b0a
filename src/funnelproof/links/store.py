"""Rows of `links`."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from funnelproof.clock import Micros
from funnelproof.links.link import (
    Link,
    LinkMode,
    LinkRef,
    NoSuchCampaign,
    OnStorageFailure,
    RoutingRule,
    SlugTaken,
    When,
)
from funnelproof.storage.changes import bump
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import links
from funnelproof.storage.statements import insert_new


def find(tx: Transaction, handle: str, slug: str, *, to_change: bool = False) -> Link | None:
    """`to_change` locks the row until the transaction ends."""
    statement = select(links).where(links.c.handle == handle, links.c.slug == slug)
    row = tx.one(statement.with_for_update() if to_change else statement)
    return _link(row) if row else None


def find_many(tx: Transaction, refs: Iterable[LinkRef]) -> list[Link]:
    """Links by (handle, slug)."""
    found: list[Link] = []
    for handle, group in groupby(sorted(set(refs)), key=itemgetter(0)):
        slugs = [slug for _, slug in group]
        found += [_link(row) for row in tx.all(select(links).where(links.c.handle == handle, links.c.slug.in_(slugs)))]
    return found


def of_campaign(tx: Transaction, handle: str, campaign_id: str) -> list[Link]:
    rows = tx.all(
        select(links).where(links.c.handle == handle, links.c.campaign_id == campaign_id).order_by(links.c.slug)
    )
    return [_link(row) for row in rows]


def page(
    tx: Transaction, handle: str, *, campaign_id: str | None, before: tuple[int, str] | None, limit: int
) -> list[Link]:
    """Newest first; `before` is the (created_at, slug) of the last one seen."""
    wanted: list[ColumnElement[bool]] = [links.c.handle == handle]
    if campaign_id is not None:
        wanted.append(links.c.campaign_id == campaign_id)
    if before is not None:
        at, slug = before
        wanted.append(or_(links.c.created_at < at, and_(links.c.created_at == at, links.c.slug > slug)))
    statement = select(links).where(*wanted).order_by(links.c.created_at.desc(), links.c.slug).limit(limit)
    return [_link(row) for row in tx.all(statement)]


def add(tx: Transaction, link: Link) -> None:
    """A new link. The primary key tells whether its slug is free, the foreign key whether its campaign exists."""
    bump(tx, link.handle)
    with _told_about_campaign(link):
        if not insert_new(tx, links, [_row(link)], returning=["slug"]):
            raise SlugTaken


def replace(tx: Transaction, link: Link) -> None:
    bump(tx, link.handle)
    values = {name: value for name, value in _row(link).items() if name not in ("used_clicks", "taken_down_at")}
    with _told_about_campaign(link):
        tx.execute(update(links).where(links.c.handle == link.handle, links.c.slug == link.slug).values(**values))


def remove(tx: Transaction, handle: str, slug: str) -> bool:
    bump(tx, handle)
    return tx.execute(delete(links).where(links.c.handle == handle, links.c.slug == slug)).rowcount > 0


def take_down(tx: Transaction, handle: str, slug: str, at: Micros | None) -> bool:
    """Close a link for good, or (None) open it again; whether there is one."""
    bump(tx, handle)
    of_link = (links.c.handle == handle, links.c.slug == slug)
    return tx.execute(update(links).where(*of_link).values(taken_down_at=at)).rowcount > 0


def use_clicks(tx: Transaction, link: Link, wanted: int) -> tuple[int, int]:
    """Use up to `wanted` of the clicks a link is good for; answer how many were granted and how many are left."""
    at = (links.c.handle == link.handle, links.c.slug == link.slug)
    row = tx.one(select(links.c.used_clicks, links.c.max_clicks).where(*at).with_for_update())
    if row is None or row["max_clicks"] is None:
        return wanted, 1
    left = max(0, row["max_clicks"] - row["used_clicks"])
    granted = min(wanted, left)
    if granted:
        tx.execute(update(links).where(*at).values(used_clicks=links.c.used_clicks + granted))
    return granted, left - granted


@contextmanager
def _told_about_campaign(link: Link) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise NoSuchCampaign(
            f"The campaign {link.campaign_id!r} of this link does not exist; create it first."
        ) from error


def _row(link: Link) -> dict[str, Any]:
    row = {name: value for name, value in asdict(link).items() if name != "routing_rules"}
    row["tags"] = list(link.tags)
    row["routing_rules"] = [_rule_row(rule) for rule in link.routing_rules]
    return row


def _rule_row(rule: RoutingRule) -> dict[str, Any]:
    when = {name: list(value) for name, value in asdict(rule.when).items() if value}
    return {"priority": rule.priority, "when": when, "destination_url": rule.destination_url}


def _link(row: Row) -> Link:
    fields = dict(row)
    fields["tags"] = tuple(fields["tags"] or ())
    fields["tracking"] = fields["tracking"] or {}
    fields["mode"] = LinkMode(fields["mode"])
    fields["on_storage_failure"] = OnStorageFailure(fields["on_storage_failure"])
    fields["routing_rules"] = tuple(
        RoutingRule(
            rule["priority"],
            When(**{name: tuple(values) for name, values in rule["when"].items()}),
            rule["destination_url"],
        )
        for rule in fields["routing_rules"] or ()
    )
    return Link(**fields)
