"""Examining campaigns: the evidence as it stands now, and what the checks make of it."""

from collections.abc import Sequence

from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.campaign import Campaign
from funnelproof.clock import Micros
from funnelproof.handles import settle
from funnelproof.health import lights, store
from funnelproof.health.check import Health, score_of, spend_ramp_of, status_of
from funnelproof.health.checks import run_checks
from funnelproof.health.checks.traffic import freshness_of
from funnelproof.health.evidence import Evidence
from funnelproof.health.gather import Subject, gather
from funnelproof.health.holding import Waiting, counted, seen
from funnelproof.links import store as links
from funnelproof.links.link import Link
from funnelproof.proofs.receipt import RunNotFound
from funnelproof.storage.database import Transaction
from funnelproof.worlds import store as worlds
from funnelproof.worlds.world import LIVE


def examine(tx: Transaction, handle: str, campaign_id: str, *, now: Micros, world: str = LIVE) -> Health:
    """Health of one campaign, live or in the world of one of its runs. Raises `NoSuchCampaign`, `RunNotFound`."""
    campaign = campaigns.get(tx, handle, campaign_id)
    if world != LIVE:
        return _examine_run(tx, handle, campaign_id, world, now)
    return examine_page(tx, handle, [campaign], now=now)[0]


def examine_page(tx: Transaction, handle: str, page: Sequence[Campaign], *, now: Micros) -> list[Health]:
    """Live health of several campaigns of a handle, in their order, for little more than the cost of one."""
    primary = _primary_links(tx, handle, page)
    subjects = [Subject(campaign, primary.get(campaign.primary_slug or "")) for campaign in page]
    evidence = gather(tx, settle.existing(tx, handle), LIVE, subjects, at=now, checked_at=now)
    waiting = lights.waiting_of(tx, handle, [campaign.campaign_id for campaign in page])
    return [judge(own, waiting[own.campaign.campaign_id]) for own in evidence]


def _examine_run(tx: Transaction, handle: str, campaign_id: str, run_id: str, now: Micros) -> Health:
    """By the run's snapshot and clock; its receipts are compared with what the run was a test of."""
    world = worlds.find(tx, handle, run_id)
    if world is None or world.campaign_id != campaign_id:
        raise RunNotFound
    snapshot = world.snapshot
    digest = store.config_digest_of_run(tx, handle, run_id)
    subject = Subject(snapshot.campaign, snapshot.primary_link, digest)
    (evidence,) = gather(tx, snapshot.handle, run_id, [subject], at=world.clock_at, checked_at=now)
    return judge(evidence)


def judge(evidence: Evidence, before: Waiting | None = None) -> Health:
    """What the checks say of the evidence; a pure function. `before`: what rested on chance when last looked at.

    The gate of the spend looks at the checks as they are: to wait with spending for five minutes costs little.
    """
    checks, policy, now = run_checks(evidence), evidence.campaign.launch_policy, evidence.checked_at
    waiting = seen(checks, before, now)
    told = counted(checks, waiting, now)
    return Health(
        campaign_id=evidence.campaign.campaign_id,
        status=status_of(told, policy),
        score=score_of(told, policy),
        checked_at=now,
        config_digest=evidence.config_digest,
        spend_ramp=spend_ramp_of(checks, policy, evidence.tag_breaches),
        freshness=freshness_of(evidence),
        checks=checks,
        launch_policy=policy,
        waiting=waiting,
        tag_breaches=evidence.tag_breaches,
    )


def _primary_links(tx: Transaction, handle: str, page: Sequence[Campaign]) -> dict[str, Link]:
    refs = {(handle, campaign.primary_slug) for campaign in page if campaign.primary_slug is not None}
    return {link.slug: link for link in links.find_many(tx, refs)}
