"""The site structure of a campaign: draft, publish, deployments, by people and tokens; the schema fetch by anybody."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Request, Response

from funnelproof.access.caller import Caller, Kind
from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.audit.act import Act
from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.routes import CampaignId, HandleName, IfMatch, address_rules
from funnelproof.clock import iso
from funnelproof.errors import NotFound
from funnelproof.installation import Installation
from funnelproof.links.link import NoSuchCampaign
from funnelproof.pages import store
from funnelproof.pages.draft import check_precondition, write_draft
from funnelproof.pages.page import (
    LoginRequired,
    Page,
    PageNotFound,
    PageNotPublished,
    PageSlugTaken,
    StructureType,
    VersionNotFound,
)
from funnelproof.pages.publish import publish
from funnelproof.pages.requests import (
    Addresses,
    DeploymentView,
    DraftView,
    PageView,
    PublishedView,
    Publishing,
    PublishView,
    check_repeated,
    content_from,
    deployment_view,
    draft_schema,
    draft_view,
    publish_view,
    published_view,
    read_draft,
    version_view,
)
from funnelproof.pages.structure import schema_of
from funnelproof.pages.visit import Visitors, check_access, published_page
from funnelproof.storage.database import Transaction
from funnelproof.web.etag import PreconditionFailed, PreconditionRequired, etag_of
from funnelproof.web.openapi import refusals
from funnelproof.web.pagination import AskedPage, Listing

BASE = "/v2/handles/{handle}/site-structure/campaigns/{campaignId}"
PUBLIC = "/v2/public/handles/{handle}/site-structure/campaigns/{campaignId}"
SCHEMA = "/v2/public/schemas/campaign-page/{structureType}"
SHOWN_VERSIONS = 100
DRAFT_BODY: Mapping[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": draft_schema()}}}
}


def routes(home: Installation, visitors: Visitors) -> APIRouter:
    router = APIRouter(tags=["pages"])
    site = SiteStructure(home, visitors)
    found = refusals(NoSuchCampaign, PageNotFound)
    router.add_api_route(BASE, site.read_page, methods=["GET"], responses=found)
    router.add_api_route(
        PUBLIC,
        site.fetch_page,
        methods=["GET"],
        response_model=PageView | PublishedView,
        responses=refusals(PageNotPublished, LoginRequired, NoSuchCampaign, PageNotFound),
    )
    written = refusals(NoSuchCampaign, PageSlugTaken, PreconditionFailed, PreconditionRequired)
    published = refusals(NoSuchCampaign, PageNotFound, PageSlugTaken, VersionNotFound)
    for path, by in ((BASE, ""), (PUBLIC, "_by_token")):
        router.add_api_route(
            path,
            site.write_draft,
            methods=["PUT"],
            name=f"write_draft{by}",
            responses={**written, 201: {"model": DraftView, "description": "The page's first draft."}},
            openapi_extra=dict(DRAFT_BODY),
        )
        router.add_api_route(
            path + "/publish", site.publish, methods=["POST"], name=f"publish_page{by}", responses=published
        )
    router.add_api_route(BASE + "/deployments", site.list_deployments, methods=["GET"], responses=found)
    router.add_api_route(SCHEMA, read_page_schema, methods=["GET"], responses=refusals(NotFound))
    return router


class SiteStructure:
    def __init__(self, home: Installation, visitors: Visitors) -> None:
        self._home, self._visitors = home, visitors
        self._rules = address_rules(home.settings)._replace(own_hosts=frozenset(), link_domain=None)
        self._addresses = Addresses(home.settings)

    async def read_page(self, handle: HandleName, campaignId: CampaignId, response: Response) -> PageView:  # noqa: N803
        """The page: its draft, what is published, its versions."""
        return await self._whole(handle, campaignId, response)

    async def fetch_page(
        self,
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        caller: CallerOf,
        request: Request,
        response: Response,
    ) -> Any:
        """The schema fetch. A token sees all; anybody sees the published page, if its access mode allows."""
        if caller.kind is not Kind.NOBODY:
            return await self._whole(handle, campaignId, response)
        found = await self._home.database.read(lambda tx: published_page(tx, handle, campaignId))
        url = self._addresses.page(handle, found.content.slug)
        await check_access(found, self._visitors, request.headers, login_url=url)
        etag = f'"{found.deployment.deployment_id}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        response.headers.update(headers)
        return published_view(found, self._addresses)

    async def _whole(self, handle: str, campaign_id: str, response: Response) -> PageView:
        def work(tx: Transaction) -> tuple[Page, PageView]:
            campaigns.get(tx, handle, campaign_id)
            page = store.get(tx, handle, campaign_id)
            published = store.published(tx, handle, campaign_id)
            versions = store.latest_of_versions(tx, handle, campaign_id, limit=SHOWN_VERSIONS)
            view = PageView(
                campaign_id=campaign_id,
                draft=draft_view(page, self._addresses),
                published=published_view(published, self._addresses) if published else None,
                taken_down_at=iso(page.taken_down_at) if page.taken_down_at else None,
                versions=[version_view(deployment) for deployment in versions],
            )
            return page, view

        page, view = await self._home.database.read(work)
        response.headers["ETag"] = etag_of(page.draft_revision)
        return view

    async def write_draft(
        self,
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        body: Annotated[Any, Body()],
        caller: CallerOf,
        request_id: RequestId,
        response: Response,
        if_match: IfMatch = None,
    ) -> DraftView:
        """Write the draft, whole. Where one stands, If-Match says which you have read."""
        told, act = read_draft(body), self._act(caller, request_id)

        def work(tx: Transaction) -> tuple[Page, bool]:
            campaign = campaigns.get(tx, handle, campaignId)
            before = store.find(tx, handle, campaignId)
            check_precondition(if_match, before)
            check_repeated(told, draft_view(before, self._addresses) if before else None)
            content = content_from(told, campaign.details_page_slug or campaignId)
            return write_draft(tx, handle, campaignId, content, if_match=if_match, rules=self._rules, act=act)

        page, is_first = await self._home.database.write(work)
        response.status_code = 201 if is_first else 200
        response.headers["ETag"] = etag_of(page.draft_revision)
        return draft_view(page, self._addresses)

    async def publish(
        self,
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        caller: CallerOf,
        request_id: RequestId,
        body: Publishing | None = None,
    ) -> PublishView:
        """Publish the draft; or, with a version, go back to it. What is published already is answered again."""
        act, version = self._act(caller, request_id), body.version if body else None
        published, _ = await self._home.database.write(
            lambda tx: publish(tx, handle, campaignId, version=version, rules=self._rules, act=act)
        )
        return publish_view(published, self._addresses)

    async def list_deployments(
        self,
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        page: AskedPage,
    ) -> Listing[DeploymentView]:
        """Every act of publishing, newest first."""
        after = page.after(str)
        before = str(after[0]) if after else None

        def work(tx: Transaction) -> Any:
            campaigns.get(tx, handle, campaignId)
            store.get(tx, handle, campaignId)
            return store.list_deployments(tx, handle, campaignId, before=before, limit=page.rows)

        shown, cursor = page.cut(await self._home.database.read(work), lambda own: (own.deployment_id,))
        return Listing(items=[deployment_view(own) for own in shown], next_cursor=cursor)

    def _act(self, caller: Caller, request_id: str) -> Act:
        return Act(caller.actor, self._home.clock.now(), request_id)


async def read_page_schema(
    structure_type: Annotated[str, Path(alias="structureType", examples=["PRODUCT_LAUNCH"])], response: Response
) -> dict[str, Any]:
    """The JSON Schema of a structure type's document, with an example."""
    if structure_type not in list(StructureType):
        raise NotFound(f"There is no such structure type. Known are {', '.join(StructureType)}.")
    response.headers["Cache-Control"] = "public, max-age=300"
    return schema_of(StructureType(structure_type))
