"""Walks: begun, listed, read until the order has come back; their link as a QR code."""

import io
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.audit.act import Act
from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.routes import BASE, CampaignId, HandleName
from funnelproof.campaigns.variants import VARIANT_ID
from funnelproof.clock import HOUR, Micros
from funnelproof.installation import Installation
from funnelproof.links import store as links
from funnelproof.links.link import NoSuchCampaign
from funnelproof.notifications.outbox import subscribed_events
from funnelproof.pages import store as pages
from funnelproof.proofs.digest import changes_between, configuration_of, digest_of
from funnelproof.proofs.receipt import NoPrimaryLink
from funnelproof.proofs.requests import ChangeView
from funnelproof.proofs.walk import begin, existing, with_return
from funnelproof.storage.database import Transaction
from funnelproof.walks import store
from funnelproof.walks.walk import PARAMETER, NoSuchWalk, Walk, WalkState, token_of
from funnelproof.web.openapi import refusals
from funnelproof.web.pagination import AskedPage, Listing
from funnelproof.web.shape import Shape, ShownMoment, View, example

WALKS = BASE + "/{campaignId}/walks"
WalkId = Annotated[str, Path(pattern=r"^wlk_[0-9a-f]{32}$")]
UNSEEN = "Tracking inside Funnelproof works. Your site has not been seen sending an order yet."
PICTURE: dict[str, Any] = {
    "description": "The picture.",
    "content": {kind: {"schema": {"type": "string"}} for kind in ("image/svg+xml", "image/png")},
}


class NewWalk(Shape):
    """Which variant to walk. May be left out where the campaign has no variants."""

    model_config = example({"variantId": "b"})

    variant_id: str | None = Field(None, pattern=VARIANT_ID)


class ReturnedView(View):
    """The first order that came back and counted, in test mode. `seconds` after the click."""

    conversion_id: str
    event_type: str
    value: str | None
    currency: str | None
    clicked_at: str
    seconds: int


class WalkStepView(View):
    """`returned_by_your_site`: UNKNOWN until the shop's own order has come back."""

    id: str = "returned_by_your_site"
    status: Literal["PASS", "UNKNOWN", "FAIL"]
    expected: str
    observed: ReturnedView | None
    detail: str


class WalkView(View):
    """Open `url` on a phone, buy with a test card: nothing live is counted. `qr` is the same as a picture."""

    walk_id: str
    campaign_id: str
    variant_id: str | None
    state: WalkState
    url: str
    qr: str
    step: WalkStepView
    fresh: bool
    changes: list[ChangeView]
    made_by: str
    made_at: ShownMoment
    opened_at: ShownMoment | None
    returned_at: ShownMoment | None
    expires_at: ShownMoment


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["proofs"])
    _add_beginning(router, home)
    _add_reading(router, home)
    _add_picture(router, home)
    return router


def _add_beginning(router: APIRouter, home: Installation) -> None:
    @router.post(WALKS, status_code=201, responses=refusals(NoSuchCampaign, NoPrimaryLink))
    async def begin_walk(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        caller: CallerOf,
        request_id: RequestId,
        response: Response,
        body: NewWalk | None = None,
    ) -> WalkView:
        """Begin a walk: its link leads a person through one variant in test mode, and waits for the shop's order."""
        act = Act(caller.actor, home.clock.now(), request_id)
        variant_id = body.variant_id if body else None

        def work(tx: Transaction) -> WalkView:
            return _shown(home, tx, begin(tx, handle, campaignId, variant_id, act=act))

        view = await home.database.write(work)
        response.headers["Location"] = f"/v2/handles/{handle}/campaigns/{campaignId}/walks/{view.walk_id}"
        return view


def _add_reading(router: APIRouter, home: Installation) -> None:
    @router.get(WALKS, responses=refusals(NoSuchCampaign))
    async def list_walks(handle: HandleName, campaignId: CampaignId, page: AskedPage) -> Listing[WalkView]:  # noqa: N803
        """Newest first."""
        after = page.after(str)
        before = str(after[0]) if after else None

        def work(tx: Transaction) -> Listing[WalkView]:
            campaigns.get(tx, handle, campaignId)
            found = store.page(tx, handle, campaignId, before=before, limit=page.rows)
            shown, cursor = page.cut(found, lambda walk: (walk.walk_id,))
            return Listing(items=[_shown(home, tx, with_return(tx, walk)) for walk in shown], next_cursor=cursor)

        return await home.database.read(work)

    @router.get(WALKS + "/{walkId}", responses=refusals(NoSuchWalk))
    async def read_walk(handle: HandleName, campaignId: CampaignId, walkId: WalkId) -> WalkView:  # noqa: N803
        """How far a walk has come. Ask again every second or two while somebody buys."""
        return await home.database.read(lambda tx: _shown(home, tx, existing(tx, handle, campaignId, walkId)))


def _add_picture(router: APIRouter, home: Installation) -> None:
    @router.get(
        WALKS + "/{walkId}/qr",
        response_class=Response,
        responses={200: PICTURE, **refusals(NoSuchWalk)},
    )
    async def show_walk_qr(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        walkId: WalkId,  # noqa: N803
        format_: Annotated[Literal["svg", "png"], Query(alias="format")] = "svg",
    ) -> Response:
        """The walk's link as a QR code."""
        walk = await home.database.read(lambda tx: existing(tx, handle, campaignId, walkId))
        return qr_picture(_url(home, walk), format_)


def qr_picture(url: str, kind: str) -> Response:
    import segno

    out = io.BytesIO()
    segno.make(url, error="m").save(out, kind=kind, scale=6, border=4)
    media_type = "image/svg+xml" if kind == "svg" else "image/png"
    return Response(out.getvalue(), media_type=media_type, headers={"Cache-Control": "private, no-store"})


def _url(home: Installation, walk: Walk) -> str:
    return f"{home.settings.public_url}/{walk.handle}/{walk.slug}?{PARAMETER}={token_of(walk, home.keyring)}"


def _shown(home: Installation, tx: Transaction, walk: Walk) -> WalkView:
    now, fresh, changes = home.clock.now(), False, []
    campaign = campaigns.find(tx, walk.handle, walk.campaign_id)
    if campaign is not None:
        link = links.find(tx, walk.handle, campaign.primary_slug) if campaign.primary_slug else None
        page = pages.facts_of(tx, walk.handle, [walk.campaign_id]).get(walk.campaign_id)
        present = configuration_of(campaign, link, page, subscribed_events(tx, walk.handle))
        digest = digest_of(present)
        fresh = walk.is_fresh(config_digest=digest, now=now, ttl_hours=campaign.receipt_ttl_hours)
        changes = [] if digest == walk.config_digest else changes_between(dict(walk.configuration), present)
    path = f"/v2/handles/{walk.handle}/campaigns/{walk.campaign_id}/walks/{walk.walk_id}"
    return WalkView(
        walk_id=walk.walk_id,
        campaign_id=walk.campaign_id,
        variant_id=campaign.variant_id(walk.variant) if campaign else None,
        state=walk.state(now),
        url=_url(home, walk),
        qr=f"{home.settings.control_url}{path}/qr",
        step=_step(walk, now),
        fresh=fresh,
        changes=[ChangeView(**change._asdict()) for change in changes],
        made_by=walk.made_by,
        made_at=walk.made_at,
        opened_at=walk.opened_at,
        returned_at=walk.returned_at,
        expires_at=walk.expires_at,
    )


def _step(walk: Walk, now: Micros) -> WalkStepView:
    expected = "an order of this walk, sent back by your site"
    if walk.returned is None:
        state = walk.state(now)
        failed = state is WalkState.ENDED and walk.opened_at is not None
        detail = f"{UNSEEN} The link was opened {(now - (walk.opened_at or now)) // HOUR} h ago." if failed else UNSEEN
        return WalkStepView(status="FAIL" if failed else "UNKNOWN", expected=expected, observed=None, detail=detail)
    told = walk.returned
    price = f", {told['value']} {told['currency']}" if told["value"] is not None else ""
    detail = f"Arrived after {_span(told['seconds'])}{price}."
    return WalkStepView(status="PASS", expected=expected, observed=ReturnedView(**told_view(told)), detail=detail)


def told_view(told: dict[str, Any]) -> dict[str, Any]:
    names = {
        "conversion_id": "conversionId",
        "event_type": "eventType",
        "value": "value",
        "currency": "currency",
        "clicked_at": "clickedAt",
        "seconds": "seconds",
    }
    return {name: told[key] for name, key in names.items()}


def _span(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
