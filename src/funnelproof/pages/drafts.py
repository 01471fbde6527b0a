"""GET /{handle}/p/preview and /p/share: a draft as it stands, by a signed link, in the world `preview`. Uncounted."""

import asyncio
from urllib.parse import parse_qs

from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.campaign import Campaign
from funnelproof.clock import iso
from funnelproof.ids import draw, uuid7_hex
from funnelproof.installation import Installation
from funnelproof.keys.key import Purpose
from funnelproof.links.ctx import Cohort, Consent, Ctx, Mode, mint
from funnelproof.pages import store
from funnelproof.pages.headers import HTML, SAFE, safe_within
from funnelproof.pages.page import PREVIEW, InvalidPageLink, Page
from funnelproof.pages.preview import PageLink, read_token
from funnelproof.pages.render import Place, Wanted, render
from funnelproof.pages.requests import Addresses
from funnelproof.pages.texts import DEFAULT
from funnelproof.storage.database import Transaction
from funnelproof.web.edge import NO_STORE, EdgeAnswer, EdgeRequest

BANNER = "Nothing here counts: orders and leads made from it stay in the world preview. The link holds until {until}."


class DraftDoor:
    def __init__(self, home: Installation) -> None:
        self._home = home
        self._addresses = Addresses(home.settings)
        self._beside_its_editor = safe_within(home.settings.control_url)

    async def __call__(self, request: EdgeRequest, handle: str, kind: str) -> EdgeAnswer:
        told = {name: values[0] for name, values in parse_qs(request.query).items()}
        link_id = read_token(told.get("token", ""), handle, self._home.keyring)
        link, page, campaign = await self._home.database.read(lambda tx: self._found(tx, handle, link_id, kind))
        html = await asyncio.to_thread(
            self._render, link, page, campaign, told.get("fp_variant"), told.get("fp_region", DEFAULT)
        )
        safe = self._beside_its_editor if kind == PREVIEW else SAFE
        headers = [*safe, NO_STORE, (b"x-robots-tag", b"noindex")]
        return EdgeAnswer(200, html.encode(), HTML, headers)

    def _found(self, tx: Transaction, handle: str, link_id: str, kind: str) -> tuple[PageLink, Page, Campaign]:
        link = store.find_link(tx, handle, link_id)
        if link is None or link.kind != kind or not link.holds(self._home.clock.now()):
            raise InvalidPageLink
        page = store.find(tx, handle, link.campaign_id)
        campaign = campaigns.find(tx, handle, link.campaign_id)
        if page is None or campaign is None:
            raise InvalidPageLink
        return link, page, campaign

    def _render(self, link: PageLink, page: Page, campaign: Campaign, variant_id: str | None, region: str) -> str:
        variant = next((own for own in campaign.variants if own.variant_id == variant_id), campaign.control)
        ctx = mint(self._ctx(campaign, variant.number if variant else 0), self._home.keyring.signing(Purpose.CTX))
        place = Place(page.handle, page.campaign_id, self._addresses.page(page.handle, page.draft.slug))
        banner = BANNER.format(until=iso(link.expires_at))
        return render(page.draft, place, Wanted(variant.variant_id if variant else None, region, ctx, banner))

    def _ctx(self, campaign: Campaign, variant: int) -> Ctx:
        """Of a click that nobody made: it lets buttons and forms be tried, in a world of its own."""
        return Ctx(
            mode=Mode.PREVIEW,
            handle=campaign.handle,
            slug=campaign.primary_slug or "preview",
            campaign=campaign.campaign_id,
            variant=variant,
            cohort=Cohort.NONE,
            epoch=campaign.epoch,
            phase=campaign.phase,
            click_id=f"clk_{uuid7_hex()}",
            visitor=draw()[:16],
            issued_at=self._home.clock.now(),
            ttl_seconds=campaign.ctx_ttl_seconds,
            consent=Consent.DENIED,
        )
