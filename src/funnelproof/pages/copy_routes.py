"""Copying a campaign, its page along with it: here, because pages stand above campaigns."""

from fastapi import APIRouter, Response

from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.audit.act import Act
from funnelproof.campaigns import store
from funnelproof.campaigns.campaign import Campaign, CampaignExists
from funnelproof.campaigns.copy import copy
from funnelproof.campaigns.requests import CampaignView, NewCopy
from funnelproof.campaigns.routes import BASE, CampaignId, HandleName, address_rules, shown
from funnelproof.installation import Installation
from funnelproof.links.link import NoSuchCampaign, SlugTaken
from funnelproof.pages.copy import copy_page
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import refusals


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["campaigns"])
    rules = address_rules(home.settings)

    @router.post(
        BASE + "/{campaignId}/copies",
        status_code=201,
        responses=refusals(NoSuchCampaign, CampaignExists, SlugTaken),
    )
    async def copy_campaign(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        body: NewCopy,
        caller: CallerOf,
        request_id: RequestId,
        response: Response,
    ) -> CampaignView:
        """A new draft with the same settings, plan, variants, links and page. Schedules and figures are left behind."""
        act = Act(caller.actor, home.clock.now(), request_id)

        def work(tx: Transaction) -> Campaign:
            source = store.get(tx, handle, campaignId)
            made = copy(tx, source, body, rules=rules, act=act)
            copy_page(tx, source, made, act)
            return made

        made = await home.database.write(work)
        response.headers["Location"] = f"/v2/handles/{handle}/campaigns/{made.campaign_id}"
        return shown(made, response)

    return router
