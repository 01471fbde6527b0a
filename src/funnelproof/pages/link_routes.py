"""Links by which a draft can be looked at: made, listed, revoked. A preview link lives an hour, a share link 30 d."""

from typing import Any

from fastapi import APIRouter

from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.routes import CampaignId, HandleName
from funnelproof.errors import NotFound
from funnelproof.installation import Installation
from funnelproof.links.link import NoSuchCampaign
from funnelproof.pages import store
from funnelproof.pages.page import PREVIEW, SHARE, PageNotFound
from funnelproof.pages.preview import new_link, token_of
from funnelproof.pages.requests import Addresses, PageLinkView, link_view
from funnelproof.pages.routes import BASE
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import refusals
from funnelproof.web.pagination import AskedPage, Listing


class PageLinkNotFound(NotFound):
    """This page has no such link; the list tells all it has, also those that have run out."""

    title = "Link not found"


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["pages"])
    for kind in (PREVIEW, SHARE):
        _add(router, home, kind)
    return router


def _add(router: APIRouter, home: Installation, kind: str) -> None:
    path = f"{BASE}/{kind}-links"
    addresses, known = Addresses(home.settings), refusals(NoSuchCampaign, PageNotFound)

    @router.post(path, status_code=201, responses=known, name=f"make_{kind}_link")
    async def make_link(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        caller: CallerOf,
        request_id: RequestId,  # noqa: ARG001 - every act has one
    ) -> PageLinkView:
        """Make a link that shows the draft as it stands to whoever has it. Its address is shown once."""
        link = new_link(handle, campaignId, kind, by=caller.actor, at=home.clock.now())

        def work(tx: Transaction) -> None:
            campaigns.get(tx, handle, campaignId)
            store.get(tx, handle, campaignId)
            store.add_link(tx, link)

        await home.database.write(work)
        return link_view(link, addresses.link(link, token_of(link, home.keyring)))

    @router.get(path, responses=known, name=f"list_{kind}_links")
    async def list_links(handle: HandleName, campaignId: CampaignId, page: AskedPage) -> Listing[PageLinkView]:  # noqa: N803
        """Links to the draft, newest first, without their addresses."""
        after = page.after(str)
        before = str(after[0]) if after else None

        def work(tx: Transaction) -> Any:
            campaigns.get(tx, handle, campaignId)
            return store.links_of(tx, handle, campaignId, kind, before=before, limit=page.rows)

        shown, cursor = page.cut(await home.database.read(work), lambda link: (link.link_id,))
        return Listing(items=[link_view(link) for link in shown], next_cursor=cursor)

    @router.delete(
        path + "/{linkId}", status_code=204, responses=refusals(PageLinkNotFound), name=f"revoke_{kind}_link"
    )
    async def revoke_link(handle: HandleName, campaignId: CampaignId, linkId: str, caller: CallerOf) -> None:  # noqa: N803
        """From now on the link shows nothing."""

        def work(tx: Transaction) -> None:
            link = store.find_link(tx, handle, linkId)
            if link is None or (link.campaign_id, link.kind) != (campaignId, kind):
                raise PageLinkNotFound
            store.revoke_link(tx, link, by=caller.actor, at=home.clock.now())

        await home.database.write(work)
