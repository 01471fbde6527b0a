"""A run, step by step: opened with a snapshot and a clock of its own, advanced, reconfigured, finished."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from funnelproof.audit.act import Act
from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.allocation import after_change
from funnelproof.campaigns.campaign import Campaign, CampaignStatus
from funnelproof.campaigns.create import check_campaign
from funnelproof.clock import SECOND, Micros, from_iso, iso
from funnelproof.errors import invalid
from funnelproof.handles import settle
from funnelproof.handles.handle import Handle, ZoneFrom, check_time_zone
from funnelproof.ids import new_id
from funnelproof.links import store as links
from funnelproof.links.address import AddressRules
from funnelproof.links.link import Link
from funnelproof.notifications.outbox import announce, subscribed_events
from funnelproof.notifications.webhook import Event
from funnelproof.pages import store as pages
from funnelproof.proofs import store
from funnelproof.proofs.digest import Configuration, configuration_of, digest_of
from funnelproof.proofs.receipt import NoPrimaryLink, RunNotFound, VariantReceipt, fingerprint_of, verdict_of
from funnelproof.proofs.store import Run
from funnelproof.storage.database import Transaction
from funnelproof.tallies import store as tallies
from funnelproof.worlds import store as worlds
from funnelproof.worlds.route import Snapshot
from funnelproof.worlds.world import RunClosed, World

OPEN, FINISHED = "OPEN", "FINISHED"
LATEST_CLOCK: Micros = from_iso("9000-01-01T00:00:00Z")


@dataclass(frozen=True, slots=True)
class Opened:
    """`set_aside` is what of the live link this run leaves out, by name."""

    run: Run
    world: World
    set_aside: dict[str, Any]


@dataclass(frozen=True, slots=True)
class VariantSetting:
    variant_id: str
    weight: int | None = None
    enabled: bool | None = None
    destination_url: str | None = None


def open_run(
    tx: Transaction, handle: str, campaign_id: str, *, seed: str, starts_at: Micros | None, opens_gate: bool, act: Act
) -> Opened:
    """Take a snapshot of the campaign and open a world for it. In a run it is ACTIVE and its ramp 100."""
    campaign = campaigns.get(tx, handle, campaign_id)
    own_links = links.of_campaign(tx, handle, campaign_id)
    primary = next((link for link in own_links if link.slug == campaign.primary_slug), None)
    if primary is None:
        raise NoPrimaryLink
    page = pages.facts_of(tx, handle, [campaign_id]).get(campaign_id)
    configuration = configuration_of(campaign, primary, page, subscribed_events(tx, handle))
    run = _new_run(campaign, configuration, seed=seed, opens_gate=opens_gate, act=act)
    clock_at = _checked(act.at if starts_at is None else starts_at, "startsAt")
    world = world_of(tx, campaign, own_links, world=run.run_id, seed=seed, clock_at=clock_at, at=act.at)
    store.add(tx, run)
    return Opened(run, world, _set_aside(primary))


def world_of(
    tx: Transaction,
    campaign: Campaign,
    own_links: Sequence[Link],
    *,
    world: str,
    seed: str,
    clock_at: Micros,
    at: Micros,
) -> World:
    """Open a world with a snapshot of the campaign as it stands: ACTIVE there, its ramp 100, without limits."""
    handle = campaign.handle
    snapshot = Snapshot(
        settle.existing(tx, handle), _in_run(campaign), tuple(_without_limits(link) for link in own_links)
    )
    opened = World(
        handle=handle,
        world=world,
        number=worlds.next_number(tx, handle),
        campaign_id=campaign.campaign_id,
        seed=seed,
        clock_at=clock_at,
        snapshot=snapshot,
        opened_at=at,
        closed_at=None,
        revision=1,
    )
    worlds.add(tx, opened)
    campaigns.add_phase(tx, snapshot.campaign, world=world, at=clock_at, reason="run opened")
    return opened


def _new_run(campaign: Campaign, configuration: Configuration, *, seed: str, opens_gate: bool, act: Act) -> Run:
    return Run(
        handle=campaign.handle,
        run_id=new_id("run"),
        campaign_id=campaign.campaign_id,
        state=OPEN,
        seed=seed,
        started_by=act.actor,
        started_at=act.at,
        finished_at=None,
        verdict=None,
        config_digest=digest_of(configuration),
        configuration=configuration,
        fingerprint=None,
        opens_gate=opens_gate,
        variants=(),
        request_id=act.request_id,
    )


def _set_aside(link: Link) -> dict[str, Any]:
    """What a run does not ask for or use up, so that its receipt can report it."""
    found: dict[str, Any] = {}
    if link.password_hash is not None:
        found |= {"password": "not asked for in a run"}
    if link.max_clicks is not None:
        found["maxClicks"] = f"{link.used_clicks} of {link.max_clicks} used; not used up by a run"
    return found


def advance(tx: Transaction, handle: str, campaign_id: str, run_id: str, seconds: int) -> World:
    """Move the run's clock; it never goes back."""
    world = _locked(tx, handle, campaign_id, run_id)
    moved = replace(world, clock_at=_checked(world.clock_at + seconds * SECOND, "advanceSeconds"))
    worlds.advance(tx, handle, run_id, moved.clock_at)
    return moved


def reconfigure(
    tx: Transaction,
    handle: str,
    campaign_id: str,
    run_id: str,
    *,
    status: CampaignStatus | None,
    ramp_percent: int | None,
    time_zone: str | None,
    variants: Mapping[str, VariantSetting],
    rules: AddressRules,
) -> World:
    """Change the run's snapshot, never the campaign. Phases and epochs follow as they would live."""
    world = _locked(tx, handle, campaign_id, run_id)
    before = world.snapshot.campaign
    unknown = sorted(set(variants) - {variant.variant_id for variant in before.variants})
    if unknown:
        raise invalid("variants", f"the campaign has no variant {unknown[0]!r}.")
    after = replace(
        before,
        status=status or before.status,
        ramp_percent=before.ramp_percent if ramp_percent is None else ramp_percent,
        variants=tuple(_set(variant, variants.get(variant.variant_id)) for variant in before.variants),
    )
    check_campaign(after, rules)
    entered = tallies.entries(tx, handle, run_id, campaign_id, before.epoch) > 0
    destination = world.snapshot.primary_link.destination_url if world.snapshot.primary_link else None
    after = after_change(before, after, somebody_entered=entered, destinations=(destination, destination))
    if (after.epoch, after.phase) != (before.epoch, before.phase):
        campaigns.add_phase(tx, after, world=run_id, at=world.clock_at, reason="run reconfigured")
    owner = _in_zone(world.snapshot.handle, time_zone)
    snapshot = replace(world.snapshot, handle=owner, campaign=after)
    changed = replace(world, snapshot=snapshot, revision=world.revision + 1)
    worlds.replace(tx, changed)
    return changed


def finish(tx: Transaction, run: Run, receipts: tuple[VariantReceipt, ...], now: Micros) -> Run:
    """Close the run's world and write its receipt."""
    world = _locked(tx, run.handle, run.campaign_id, run.run_id)
    worlds.replace(tx, replace(world, closed_at=now))
    finished = replace(
        run,
        state=FINISHED,
        finished_at=now,
        verdict=verdict_of(receipts),
        fingerprint=fingerprint_of(receipts),
        variants=receipts,
    )
    store.finish(tx, finished)
    fact = {"runId": run.run_id, "campaignId": run.campaign_id, "verdict": finished.verdict, "mode": "test"}
    announce(tx, run.handle, Event.TEST_COMPLETED, [fact], at=now)
    return finished


def existing(tx: Transaction, handle: str, campaign_id: str, run_id: str) -> Run:
    run = store.find(tx, handle, run_id)
    if run is None or run.campaign_id != campaign_id:
        raise RunNotFound
    return run


def tested_variants(campaign: Campaign) -> list[tuple[int, str]]:
    """(number, id) of every variant with weight; a campaign without variants is tested as itself: (0, "")."""
    weights = dict(campaign.weights)
    return [(own.number, own.variant_id) for own in campaign.variants if weights[own.number] > 0] or [(0, "")]


def _checked(at: Micros, field: str) -> Micros:
    """The clock of a run stays where every time that follows from it can still be written."""
    if at > LATEST_CLOCK:
        raise invalid(field, f"would set the run's clock beyond {iso(LATEST_CLOCK)}.")
    return at


def _locked(tx: Transaction, handle: str, campaign_id: str, run_id: str) -> World:
    world = worlds.lock(tx, handle, run_id)
    if world is None or world.campaign_id != campaign_id:
        raise RunNotFound
    if world.closed_at is not None:
        raise RunClosed
    return world


def _in_run(campaign: Campaign) -> Campaign:
    """As a run takes it, whatever the campaign's own status and timer say."""
    running = replace(campaign, status=CampaignStatus.ACTIVE, starts_at=None, ends_at=None)
    return replace(running, ramp_percent=100, epoch=1, phase=1)


def _in_zone(owner: Handle, time_zone: str | None) -> Handle:
    """As if the handle had always counted its days there."""
    if time_zone is None:
        return owner
    return replace(owner, time_zone=check_time_zone(time_zone), zones=(ZoneFrom(0, time_zone),))


def _without_limits(link: Link) -> Link:
    """Password and maxClicks are reported by the receipt, not asked for or used up in a run."""
    return replace(link, password_hash=None, max_clicks=None)


def _set(variant: Any, setting: VariantSetting | None) -> Any:
    if setting is None:
        return variant
    return replace(
        variant,
        weight=variant.weight if setting.weight is None else setting.weight,
        enabled=variant.enabled if setting.enabled is None else setting.enabled,
        destination_url=setting.destination_url or variant.destination_url,
    )
