"""POST …/probe: ask the campaign's destinations now."""

from fastapi import APIRouter

from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.campaign import Campaign
from funnelproof.campaigns.routes import BASE, CampaignId, HandleName
from funnelproof.installation import Installation
from funnelproof.links.link import NoSuchCampaign
from funnelproof.probing import store
from funnelproof.probing.finding import AGAIN_AFTER, Finding, Outcome, ProbingOff
from funnelproof.probing.prober import Prober, Wanted, wanted_of
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import refusals
from funnelproof.web.shape import ShownMoment, View


class FindingView(View):
    """`place` is where it ended, without its query."""

    destination_url: str
    outcome: Outcome
    detail: str
    place: str
    status_code: int | None
    hops: int
    probed_at: ShownMoment


class FindingsView(View):
    campaign_id: str
    findings: list[FindingView]


def routes(home: Installation, prober: Prober) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.post(BASE + "/{campaignId}/probe", responses=refusals(NoSuchCampaign, ProbingOff))
    async def probe_destinations(handle: HandleName, campaignId: CampaignId) -> FindingsView:  # noqa: N803
        """Ask each destination once whether it answers and keeps the ctx; who was asked within a minute is not."""
        if not home.settings.probing:
            raise ProbingOff

        def work(tx: Transaction) -> tuple[Campaign, set[Wanted]]:
            campaign = campaigns.get(tx, handle, campaignId)
            return campaign, wanted_of(tx, [campaign])

        campaign, wanted = await home.database.read(work)
        await prober.ask(wanted, not_since=home.clock.now() - AGAIN_AFTER)
        urls = [url for _, url in wanted]
        found = await home.database.read(lambda tx: store.of_destinations(tx, handle, urls))
        shown = [_shown(url, own) for url, own in sorted(found.items())]
        return FindingsView(campaign_id=campaign.campaign_id, findings=shown)

    return router


def _shown(url: str, own: Finding) -> FindingView:
    return FindingView(
        destination_url=url,
        outcome=own.outcome,
        detail=own.detail,
        place=own.place,
        status_code=own.status_code,
        hops=own.hops,
        probed_at=own.probed_at,
    )
