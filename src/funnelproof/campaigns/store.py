"""Rows of `campaigns`, `variants`, `phases`, `frozen_plans` and `campaign_history`."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, or_, select, update

from funnelproof.campaigns.allocation import open_buckets
from funnelproof.campaigns.campaign import (
    Campaign,
    CampaignExists,
    CampaignRef,
    CampaignStatus,
    CountingRule,
    GoalType,
    LaunchPolicy,
    Planned,
)
from funnelproof.campaigns.variants import Variant
from funnelproof.clock import Micros
from funnelproof.links.link import NoSuchCampaign
from funnelproof.storage.changes import bump
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import campaigns, frozen_plans, phases, variants
from funnelproof.storage.statements import insert_new

LIVE = "live"


def find(tx: Transaction, handle: str, campaign_id: str) -> Campaign | None:
    return by_ref(tx, [(handle, campaign_id)]).get((handle, campaign_id))


def get(tx: Transaction, handle: str, campaign_id: str) -> Campaign:
    campaign = find(tx, handle, campaign_id)
    if campaign is None:
        raise NoSuchCampaign
    return campaign


def lock(tx: Transaction, handle: str, campaign_id: str) -> Campaign:
    """The same, for a change: nobody else changes it until this transaction ends."""
    at = (campaigns.c.handle == handle, campaigns.c.campaign_id == campaign_id)
    tx.execute(select(campaigns.c.version).where(*at).with_for_update())
    return get(tx, handle, campaign_id)


def by_ref(tx: Transaction, refs: Iterable[CampaignRef]) -> dict[CampaignRef, Campaign]:
    """Campaigns by (handle, campaignId); deleted ones are not there."""
    found: dict[CampaignRef, Campaign] = {}
    for handle, group in groupby(sorted(set(refs)), key=itemgetter(0)):
        ids = [campaign_id for _, campaign_id in group]
        where = (campaigns.c.handle == handle, campaigns.c.campaign_id.in_(ids), campaigns.c.deleted_at.is_(None))
        rows = tx.all(select(campaigns).where(*where))
        found.update({(handle, campaign.campaign_id): campaign for campaign in _with_variants(tx, handle, rows)})
    return found


def after(tx: Transaction, last: CampaignRef, *, limit: int) -> list[Campaign]:
    """Campaigns of all handles in the order of their keys."""
    beyond = _beyond(last)
    return list(by_ref(tx, _refs(tx, beyond, limit)).values())


def page(
    tx: Transaction,
    handle: str,
    *,
    before: tuple[int, str] | None,
    limit: int,
    status: str | None = None,
    goal_type: str | None = None,
    q: str | None = None,
) -> list[Campaign]:
    """Newest first; `before` is the (created_at, campaign_id) last seen; `q` is looked for in name and id."""
    wanted: list[ColumnElement[bool]] = [campaigns.c.handle == handle, campaigns.c.deleted_at.is_(None)]
    if status is not None:
        wanted.append(campaigns.c.status == status)
    if goal_type is not None:
        wanted.append(campaigns.c.goal_type == goal_type)
    if q:
        wanted.append(
            or_(campaigns.c.name.icontains(q, autoescape=True), campaigns.c.campaign_id.icontains(q, autoescape=True))
        )
    if before is not None:
        at, campaign_id = before
        wanted.append(
            or_(campaigns.c.created_at < at, and_(campaigns.c.created_at == at, campaigns.c.campaign_id > campaign_id))
        )
    order = (campaigns.c.created_at.desc(), campaigns.c.campaign_id)
    return _with_variants(tx, handle, tx.all(select(campaigns).where(*wanted).order_by(*order).limit(limit)))


def add(tx: Transaction, campaign: Campaign, reason: str) -> None:
    row = {**_row(campaign), "deleted_at": None}
    if not insert_new(tx, campaigns, [row], returning=["campaign_id"]):
        raise CampaignExists
    bump(tx, campaign.handle)
    _write_variants(tx, campaign, before=())
    add_phase(tx, campaign, world=LIVE, at=campaign.created_at, reason=reason)


def replace(tx: Transaction, before: Campaign, after: Campaign, reason: str) -> None:
    bump(tx, after.handle)
    at = (campaigns.c.handle == after.handle, campaigns.c.campaign_id == after.campaign_id)
    tx.execute(update(campaigns).where(*at).values(**_row(after)))
    _write_variants(tx, after, before=before.variants)
    if before.epoch != after.epoch:
        keep_plan(tx, before)
    if (before.epoch, before.phase) != (after.epoch, after.phase):
        add_phase(tx, after, world=LIVE, at=after.updated_at, reason=reason)


def bury(tx: Transaction, campaign: Campaign, at: Micros) -> None:
    """Delete a campaign; its row stays, so that its id is never given again."""
    bump(tx, campaign.handle)
    where = (campaigns.c.handle == campaign.handle, campaigns.c.campaign_id == campaign.campaign_id)
    tx.execute(update(campaigns).where(*where).values(deleted_at=at))


def phases_of(tx: Transaction, handle: str, world: str, campaign_id: str, epoch: int) -> Sequence[Row]:
    where = (
        phases.c.handle == handle,
        phases.c.world == world,
        phases.c.campaign_id == campaign_id,
        phases.c.epoch == epoch,
    )
    return tx.all(select(phases).where(*where).order_by(phases.c.phase))


def keep_plan(tx: Transaction, campaign: Campaign) -> None:
    """Freeze the plan of a campaign's epoch as it stands. What was frozen first stays."""
    plan = campaign.plan
    at = {"handle": campaign.handle, "campaign_id": campaign.campaign_id, "epoch": campaign.epoch}
    told = {name: getattr(plan, name) for name in Planned.__slots__}
    insert_new(tx, frozen_plans, [{**at, **told}], returning=["epoch"])


def plan_of(tx: Transaction, campaign: Campaign, epoch: int) -> Planned:
    """The plan of an epoch as it stood when somebody first entered; while it was not changed since, the present one."""
    where = (
        frozen_plans.c.handle == campaign.handle,
        frozen_plans.c.campaign_id == campaign.campaign_id,
        frozen_plans.c.epoch == epoch,
    )
    row = tx.one(select(frozen_plans).where(*where))
    return Planned(**{name: row[name] for name in Planned.__slots__}) if row else campaign.plan


def variant_ids_ever(tx: Transaction, handle: str, campaign_id: str) -> set[str]:
    """Ids of all variants a campaign has or once had."""
    where = (variants.c.handle == handle, variants.c.campaign_id == campaign_id)
    return {row["variant_id"] for row in tx.all(select(variants.c.variant_id).where(*where))}


def variant_names(tx: Transaction, handle: str, campaign_id: str) -> dict[int, str]:
    """Variant ids by number, of all variants a campaign has or once had."""
    return variant_names_of(tx, handle, [campaign_id])[campaign_id]


def variant_names_of(tx: Transaction, handle: str, ids: Iterable[str]) -> dict[str, dict[int, str]]:
    """The same, of several campaigns."""
    names: dict[str, dict[int, str]] = {campaign_id: {} for campaign_id in ids}
    where = (variants.c.handle == handle, variants.c.campaign_id.in_(sorted(names)))
    columns = (variants.c.campaign_id, variants.c.number, variants.c.variant_id)
    for row in tx.execute(select(*columns).where(*where)):
        names[row.campaign_id][row.number] = row.variant_id
    return names


def all_variant_names(tx: Transaction, handle: str) -> dict[str, dict[int, str]]:
    """The same, of all campaigns of a handle that have variants."""
    names: dict[str, dict[int, str]] = {}
    for row in tx.execute(select(variants).where(variants.c.handle == handle)):
        names.setdefault(row.campaign_id, {})[row.number] = row.variant_id
    return names


def due(tx: Transaction, now: Micros, *, limit: int) -> list[CampaignRef]:
    """Campaigns of all handles that their timer should start or end by now, and that no gate can keep from it."""
    running = campaigns.c.status.in_((CampaignStatus.ACTIVE.value, CampaignStatus.PAUSED.value))
    ends = and_(running, campaigns.c.ends_at <= now)
    starts = and_(_starts(now), campaigns.c.launch_policy == LaunchPolicy.OPEN.value)
    return _refs(tx, or_(ends, starts), limit)


def due_at_gate(tx: Transaction, now: Micros, *, after: CampaignRef, limit: int) -> list[CampaignRef]:
    """Campaigns of all handles that their timer should start if their gate is open, in the order of their keys."""
    at_gate = campaigns.c.launch_policy != LaunchPolicy.OPEN.value
    return _refs(tx, and_(_starts(now), at_gate, _beyond(after)), limit)


def _beyond(last: CampaignRef) -> ColumnElement[bool]:
    handle, campaign_id = last
    here = and_(campaigns.c.handle == handle, campaigns.c.campaign_id > campaign_id)
    return or_(campaigns.c.handle > handle, here)


def _starts(now: Micros) -> ColumnElement[bool]:
    return and_(
        campaigns.c.status == CampaignStatus.DRAFT.value,
        campaigns.c.first_active_at.is_(None),
        campaigns.c.starts_at <= now,
        or_(campaigns.c.ends_at.is_(None), campaigns.c.ends_at > now),
    )


def _refs(tx: Transaction, where: ColumnElement[bool], limit: int) -> list[CampaignRef]:
    names = (campaigns.c.handle, campaigns.c.campaign_id)
    statement = select(*names).where(campaigns.c.deleted_at.is_(None), where).order_by(*names).limit(limit)
    return [(row.handle, row.campaign_id) for row in tx.execute(statement)]


def add_phase(tx: Transaction, campaign: Campaign, *, world: str, at: Micros, reason: str) -> None:
    row = {
        "handle": campaign.handle,
        "world": world,
        "campaign_id": campaign.campaign_id,
        "epoch": campaign.epoch,
        "phase": campaign.phase,
        "started_at": at,
        "ramp_percent": campaign.ramp_percent,
        "open_buckets": open_buckets(campaign),
        "reason": reason,
    }
    tx.execute(insert(phases).values(**row))


def _write_variants(tx: Transaction, campaign: Campaign, *, before: tuple[Variant, ...]) -> None:
    known = {variant.number for variant in before}
    for position, variant in enumerate(campaign.variants):
        values = {**asdict(variant), "position": position}
        if variant.number in known:
            tx.execute(update(variants).where(*_variant_at(campaign, variant)).values(**values))
        else:
            row = {"handle": campaign.handle, "campaign_id": campaign.campaign_id, "deleted_at": None, **values}
            tx.execute(insert(variants).values(**row))
    kept = {variant.number for variant in campaign.variants}
    for variant in before:
        if variant.number not in kept:
            tx.execute(update(variants).where(*_variant_at(campaign, variant)).values(deleted_at=campaign.updated_at))


def _variant_at(campaign: Campaign, variant: Variant) -> tuple[ColumnElement[bool], ...]:
    return (
        variants.c.handle == campaign.handle,
        variants.c.campaign_id == campaign.campaign_id,
        variants.c.number == variant.number,
    )


def _row(campaign: Campaign) -> dict[str, Any]:
    return {name: getattr(campaign, name) for name in Campaign.__slots__ if name != "variants"}


def _with_variants(tx: Transaction, handle: str, rows: Sequence[Row]) -> list[Campaign]:
    ids = [row["campaign_id"] for row in rows]
    where = (variants.c.handle == handle, variants.c.campaign_id.in_(ids), variants.c.deleted_at.is_(None))
    own: dict[str, list[Variant]] = {campaign_id: [] for campaign_id in ids}
    for row in tx.all(select(variants).where(*where).order_by(variants.c.campaign_id, variants.c.position)):
        own[row["campaign_id"]].append(Variant(**{name: row[name] for name in Variant.__slots__}))
    return [_campaign(row, own[row["campaign_id"]]) for row in rows]


def _campaign(row: Row, own_variants: list[Variant]) -> Campaign:
    fields = {name: row[name] for name in Campaign.__slots__ if name != "variants"}
    fields["goal_type"] = GoalType(fields["goal_type"])
    fields["status"] = CampaignStatus(fields["status"])
    fields["counting_rule"] = CountingRule(fields["counting_rule"])
    fields["launch_policy"] = LaunchPolicy(fields["launch_policy"])
    return Campaign(**fields, variants=tuple(own_variants))
