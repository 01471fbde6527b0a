"""Campaigns: create, read, change, delete, history. Lists carry health and live with it; moves live with the gate."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Header, Path, Response

from funnelproof.access.caller import Caller, Kind
from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.access.roles import Role
from funnelproof.audit.act import Act
from funnelproof.campaigns import history, store
from funnelproof.campaigns.campaign import Campaign, CampaignExists, CampaignKept, NotReady
from funnelproof.campaigns.change import Powers, VariantKept, change, delete
from funnelproof.campaigns.create import create
from funnelproof.campaigns.requests import CampaignChange, CampaignView, NewCampaign, view_of
from funnelproof.clock import iso
from funnelproof.handles import settle
from funnelproof.installation import Installation
from funnelproof.links.address import AddressRules
from funnelproof.links.link import NoSuchCampaign, SlugTaken
from funnelproof.settings import Settings
from funnelproof.storage.database import Transaction
from funnelproof.web.etag import PreconditionFailed, check_if_match, etag_of
from funnelproof.web.openapi import refusals
from funnelproof.web.pagination import AskedPage, Listing
from funnelproof.web.shape import View

BASE = "/v2/handles/{handle}/campaigns"
HandleName = Annotated[str, Path(description="The tenant's public name.", examples=["gharart"])]
CampaignId = Annotated[str, Path(examples=["new-buyer-funnel"])]
IfMatch = Annotated[str | None, Header(description="The ETag that you read; 412 if it has changed since.")]


class HistoryView(View):
    """One act in a campaign's life, with what was known at that moment."""

    entry_id: str
    at: str
    act: str
    actor: str
    from_status: str | None
    to_status: str | None
    reason: str | None
    request_id: str | None
    health: str | None
    config_digest: str | None
    details: dict[str, object] | None


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["campaigns"])
    rules = address_rules(home.settings)
    _add_create(router, home, rules)
    _add_one(router, home, rules)
    _add_history(router, home)
    return router


def address_rules(settings: Settings) -> AddressRules:
    hosts = frozenset(urlsplit(url).netloc.lower() for url in (settings.public_url, settings.control_url))
    return AddressRules(hosts, settings.allow_private_targets, settings.public_domain)


def powers_of(caller: Caller) -> Powers:
    is_person = caller.kind is Kind.PERSON
    return Powers(
        loosen=is_person and caller.is_at_least(Role.OPERATOR),
        lift_embargo=is_person and caller.is_at_least(Role.OWNER),
    )


def _add_create(router: APIRouter, home: Installation, rules: AddressRules) -> None:
    @router.post(BASE, status_code=201, responses=refusals(CampaignExists, SlugTaken, NotReady))
    async def create_campaign(
        handle: HandleName, body: NewCampaign, caller: CallerOf, request_id: RequestId, response: Response
    ) -> CampaignView:
        """Create a campaign, with its variants and its primary link."""
        act = Act(caller.actor, home.clock.now(), request_id)

        def work(tx: Transaction) -> Campaign:
            currency = settle.existing(tx, handle).currency
            return create(tx, handle=handle, body=body, currency=currency, rules=rules, act=act)

        made = await home.database.write(work)
        response.headers["Location"] = f"/v2/handles/{handle}/campaigns/{made.campaign_id}"
        return shown(made, response)


def _add_one(router: APIRouter, home: Installation, rules: AddressRules) -> None:
    @router.get(BASE + "/{campaignId}", responses=refusals(NoSuchCampaign))
    async def read_campaign(handle: HandleName, campaignId: CampaignId, response: Response) -> CampaignView:  # noqa: N803
        return shown(await home.database.read(lambda tx: store.get(tx, handle, campaignId)), response)

    @router.patch(BASE + "/{campaignId}", responses=refusals(NoSuchCampaign, PreconditionFailed, VariantKept))
    async def change_campaign(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        body: CampaignChange,
        caller: CallerOf,
        request_id: RequestId,
        response: Response,
        if_match: IfMatch = None,
    ) -> CampaignView:
        """Change what you name, leave the rest; null takes a field back to its default."""
        act = Act(caller.actor, home.clock.now(), request_id)
        powers = powers_of(caller)

        def work(tx: Transaction) -> Campaign:
            before = store.lock(tx, handle, campaignId)
            check_if_match(if_match, before.version)
            return change(tx, before, body, rules=rules, act=act, powers=powers)

        return shown(await home.database.write(work), response)

    @router.delete(BASE + "/{campaignId}", status_code=204, responses=refusals(NoSuchCampaign, CampaignKept))
    async def delete_campaign(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        caller: CallerOf,
        request_id: RequestId,
    ) -> None:
        """Delete a campaign that never was active. Its id is never given again."""
        act = Act(caller.actor, home.clock.now(), request_id)
        await home.database.write(lambda tx: delete(tx, store.lock(tx, handle, campaignId), act))


def _add_history(router: APIRouter, home: Installation) -> None:
    @router.get(BASE + "/{campaignId}/history", responses=refusals(NoSuchCampaign))
    async def list_history(handle: HandleName, campaignId: CampaignId, page: AskedPage) -> Listing[HistoryView]:  # noqa: N803
        """What was done to the campaign, by whom and why, newest first."""
        after = page.after(str)

        def work(tx: Transaction) -> list[history.Entry]:
            store.get(tx, handle, campaignId)
            before = str(after[0]) if after else None
            return history.page(tx, handle, campaignId, before=before, limit=page.rows)

        entries, cursor = page.cut(await home.database.read(work), lambda entry: (entry.entry_id,))
        return Listing(items=[_history_view(entry) for entry in entries], next_cursor=cursor)


def shown(campaign: Campaign, response: Response) -> CampaignView:
    response.headers["ETag"] = etag_of(campaign.version)
    return view_of(campaign)


def _history_view(entry: history.Entry) -> HistoryView:
    fields = {name: getattr(entry, name) for name in history.Entry.__slots__}
    return HistoryView(**fields | {"at": iso(entry.at)})
