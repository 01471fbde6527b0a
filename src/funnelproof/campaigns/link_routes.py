"""Links: list, read, write, delete; for people under /v2/handles and for tokens under /v2/public/handles as well."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.access.passwords import hash_password, matches
from funnelproof.audit.act import Act
from funnelproof.campaigns.relink import LinkInUse, put_link, remove_link
from funnelproof.campaigns.routes import address_rules
from funnelproof.installation import Installation
from funnelproof.links import store
from funnelproof.links.link import SLUG, Link, LinkNotFound, LinkTakenDown, NoSuchCampaign
from funnelproof.links.requests import LinkBody, LinkView, view_of
from funnelproof.storage.database import Transaction
from funnelproof.web.etag import PreconditionFailed, etag_of
from funnelproof.web.openapi import refusals
from funnelproof.web.pagination import AskedPage, Listing

HandleName = Annotated[str, Path(description="The tenant's public name.", examples=["gharart"])]
Slug = Annotated[str, Path(pattern=SLUG, examples=["buy-now"])]
IfMatch = Annotated[str | None, Header(description="The ETag that you read; 412 if it has changed since.")]
ROOTS = ("/v2/handles/{handle}/links", "/v2/public/handles/{handle}/links")


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["links"])
    for root in ROOTS:
        _add_list(router, home, root)
        _add_reading(router, home, root + "/{slug}")
        _add_writing(router, home, root + "/{slug}")
    return router


def _add_list(router: APIRouter, home: Installation, root: str) -> None:
    @router.get(root)
    async def list_links(
        handle: HandleName,
        page: AskedPage,
        campaign_id: Annotated[str | None, Query(alias="campaignId", max_length=64)] = None,
    ) -> Listing[LinkView]:
        """The links of a handle, newest first."""
        after = page.after(int, str)
        before = (int(after[0]), str(after[1])) if after else None
        found = await home.database.read(
            lambda tx: store.page(tx, handle, campaign_id=campaign_id, before=before, limit=page.rows)
        )
        links, cursor = page.cut(found, lambda link: (link.created_at, link.slug))
        return Listing(items=[view_of(link, home.settings.public_url) for link in links], next_cursor=cursor)


def _add_reading(router: APIRouter, home: Installation, path: str) -> None:
    @router.get(path, responses=refusals(LinkNotFound))
    async def read_link(handle: HandleName, slug: Slug, response: Response) -> LinkView:
        link = await home.database.read(lambda tx: store.find(tx, handle, slug))
        if link is None:
            raise LinkNotFound(f"This handle has no link {slug!r}; slugs are case-sensitive.")
        return _shown(link, home, response)

    @router.delete(path, status_code=204, responses=refusals(LinkNotFound, LinkInUse, LinkTakenDown))
    async def delete_link(handle: HandleName, slug: Slug) -> None:
        """Delete a link. Its clicks and conversions stay."""
        await home.database.write(lambda tx: remove_link(tx, handle, slug))


def _add_writing(router: APIRouter, home: Installation, path: str) -> None:
    rules = address_rules(home.settings)

    @router.put(path, responses={201: {"model": LinkView}, **refusals(PreconditionFailed, NoSuchCampaign, LinkInUse)})
    async def write_link(
        handle: HandleName,
        slug: Slug,
        body: LinkBody,
        caller: CallerOf,
        request_id: RequestId,
        response: Response,
        if_match: IfMatch = None,
    ) -> LinkView:
        """Write a link whole: create it, or replace what stands. What is left out takes its default."""
        act = Act(caller.actor, home.clock.now(), request_id)
        password_hash = await _hash_of(home, handle, slug, body.password)

        def work(tx: Transaction) -> tuple[Link, bool]:
            return put_link(
                tx,
                handle=handle,
                slug=slug,
                body=body,
                password_hash=password_hash,
                if_match=if_match,
                rules=rules,
                public_url=home.settings.public_url,
                act=act,
            )

        link, is_new = await home.database.write(work)
        response.status_code = 201 if is_new else 200
        return _shown(link, home, response)


async def _hash_of(home: Installation, handle: str, slug: str, password: str | None) -> str | None:
    """The present hash if the password is the present one: writing a link again changes nothing."""
    if password is None:
        return None
    present = await home.database.read(lambda tx: store.find(tx, handle, slug))
    if present is not None and present.password_hash and await matches(present.password_hash, password):
        return present.password_hash
    return await hash_password(password)


def _shown(link: Link, home: Installation, response: Response) -> LinkView:
    response.headers["ETag"] = etag_of(link.version)
    return view_of(link, home.settings.public_url)
