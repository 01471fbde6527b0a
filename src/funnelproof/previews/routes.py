"""Preview links of a link: made, listed while they live, revoked; for people and for tokens."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.audit.act import Act
from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.link_routes import ROOTS, HandleName, Slug
from funnelproof.campaigns.variants import VARIANT_ID
from funnelproof.installation import Installation
from funnelproof.links import store as links
from funnelproof.links.link import LinkNotFound
from funnelproof.previews import store
from funnelproof.previews.make import make, revoke
from funnelproof.previews.preview import PARAMETER, NoSuchPreview, Preview, token_of
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import refusals
from funnelproof.web.pagination import AskedPage, Listing
from funnelproof.web.shape import Shape, ShownMoment, View, example

PreviewId = Annotated[str, Path(examples=["shr_019ab2f0c1d27e4f8a3b5c6d7e8f9a0b"])]


class NewPreview(Shape):
    """Which variant to show. May be left out where the link has no variants."""

    model_config = example({"variantId": "b"})

    variant_id: str | None = Field(None, pattern=VARIANT_ID)


class PreviewLinkView(View):
    """Whoever has `url` sees the variant for an hour; no live figure moves."""

    preview_id: str
    url: str
    slug: str
    variant_id: str | None
    made_by: str
    made_at: ShownMoment
    expires_at: ShownMoment


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["links"])
    for root in ROOTS:
        _add_making(router, home, root + "/{slug}/preview-links")
        _add_list(router, home, root + "/{slug}/preview-links")
        _add_revoking(router, home, root + "/{slug}/preview-links/{previewId}")
    return router


def _add_making(router: APIRouter, home: Installation, path: str) -> None:
    @router.post(path, status_code=201, responses=refusals(LinkNotFound))
    async def make_preview_link(
        handle: HandleName, slug: Slug, body: NewPreview, caller: CallerOf, request_id: RequestId
    ) -> PreviewLinkView:
        """An address that leads to one variant, whatever status, weights, rules and schedule say. It counts nowhere."""
        act = Act(caller.actor, home.clock.now(), request_id)

        def work(tx: Transaction) -> PreviewLinkView:
            return _view(home, tx, make(tx, handle, slug, body.variant_id, act=act))

        return await home.database.write(work)


def _add_list(router: APIRouter, home: Installation, path: str) -> None:
    @router.get(path, responses=refusals(LinkNotFound))
    async def list_preview_links(handle: HandleName, slug: Slug, page: AskedPage) -> Listing[PreviewLinkView]:
        """Those that are open now, newest first."""
        after, now = page.after(str), home.clock.now()

        def work(tx: Transaction) -> Listing[PreviewLinkView]:
            if links.find(tx, handle, slug) is None:
                raise LinkNotFound(f"This handle has no link {slug!r}; slugs are case-sensitive.")
            before = str(after[0]) if after else None
            found = store.open_ones(tx, handle, slug, now=now, before=before, limit=page.rows)
            kept, cursor = page.cut(found, lambda preview: (preview.preview_id,))
            return Listing(items=[_view(home, tx, preview) for preview in kept], next_cursor=cursor)

        return await home.database.read(work)


def _add_revoking(router: APIRouter, home: Installation, path: str) -> None:
    @router.delete(path, status_code=204, responses=refusals(NoSuchPreview))
    async def revoke_preview_link(
        handle: HandleName,
        slug: Slug,
        previewId: PreviewId,  # noqa: N803
        caller: CallerOf,
        request_id: RequestId,
    ) -> None:
        """End a preview link before its hour is over."""
        act = Act(caller.actor, home.clock.now(), request_id)
        await home.database.write(lambda tx: revoke(tx, handle, slug, previewId, act=act))


def _view(home: Installation, tx: Transaction, preview: Preview) -> PreviewLinkView:
    names = campaigns.variant_names(tx, preview.handle, preview.campaign_id) if preview.campaign_id else {}
    token = token_of(preview, home.keyring)
    return PreviewLinkView(
        preview_id=preview.preview_id,
        url=f"{home.settings.public_url}/{preview.handle}/{preview.slug}?{PARAMETER}={token}",
        slug=preview.slug,
        variant_id=names.get(preview.variant),
        made_by=preview.made_by,
        made_at=preview.made_at,
        expires_at=preview.expires_at,
    )
