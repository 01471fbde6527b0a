"""GET …/tags: planned against observed."""

from typing import Annotated

from fastapi import APIRouter, Query

from funnelproof.campaigns.routes import BASE, CampaignId, HandleName
from funnelproof.health.tags_seen import LinkSeen, TagSeen, tags_seen
from funnelproof.installation import Installation
from funnelproof.links.link import NoSuchCampaign
from funnelproof.web.openapi import refusals
from funnelproof.web.shape import ShownMoment, View

Days = Annotated[int, Query(ge=1, le=14, description="How many days back.")]


class TagSeenView(View):
    """`planned` is what the link says for clicks that lack the tag. Times are quarter hours.

    `clicks` and `without` are null for a tag that is not required: only required ones are counted.
    """

    tag: str
    planned: str | None
    required: bool
    clicks: int | None
    without: int | None
    last_arrived_at: ShownMoment | None
    missing_since: ShownMoment | None


class LinkSeenView(View):
    slug: str
    clicks: int
    tags: list[TagSeenView]


class TagsSeenView(View):
    """Clicks by people since `since`."""

    campaign_id: str
    since: ShownMoment
    required: list[str]
    links: list[LinkSeenView]


def add_tags(router: APIRouter, home: Installation) -> None:
    @router.get(BASE + "/{campaignId}/tags", responses=refusals(NoSuchCampaign))
    async def read_tags(handle: HandleName, campaignId: CampaignId, days: Days = 2) -> TagsSeenView:  # noqa: N803
        """Which tags each link was meant to bring, which arrived with its clicks, and since when one does not."""
        now = home.clock.now()
        seen = await home.database.read(lambda tx: tags_seen(tx, handle, campaignId, now=now, days=days))
        return TagsSeenView(
            campaign_id=campaignId,
            since=seen.since,
            required=list(seen.required),
            links=[_link(own) for own in seen.links],
        )


def _link(own: LinkSeen) -> LinkSeenView:
    return LinkSeenView(slug=own.slug, clicks=own.clicks, tags=[_tag(tag) for tag in own.tags])


def _tag(own: TagSeen) -> TagSeenView:
    return TagSeenView(**{name: getattr(own, name) for name in TagSeen.__slots__})
