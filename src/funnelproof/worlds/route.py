"""A link with all that deciding a click needs, as one thing: from the live tables or from a world's snapshot."""

from dataclasses import dataclass, replace
from functools import cached_property

from funnelproof.campaigns.campaign import Campaign
from funnelproof.campaigns.variants import Share
from funnelproof.clock import Micros
from funnelproof.handles.handle import Handle
from funnelproof.links.link import Link


@dataclass(frozen=True, eq=False)
class Route:
    """What does not change as long as the configuration stands is worked out once.

    `tells_clicks`: somebody has subscribed to the clicks of this handle.
    """

    handle: Handle
    link: Link
    campaign: Campaign | None
    tells_clicks: bool = False

    def at(self, now: Micros) -> "Route":
        """The same with the campaign's status by the clock: `startsAt` and `endsAt` count at once."""
        campaign = self.campaign
        if campaign is None or (campaign.starts_at is None and campaign.ends_at is None):
            return self
        status = campaign.status_at(now)
        return self if status is campaign.status else replace(self, campaign=replace(campaign, status=status))

    @cached_property
    def campaign_id(self) -> str:
        """Empty for a link without a campaign."""
        return self.campaign.campaign_id if self.campaign else ""

    @cached_property
    def shares(self) -> tuple[Share, ...]:
        return self.campaign.shares if self.campaign else ()

    @cached_property
    def control(self) -> int:
        """The number of the variant that is the control; 0 for none."""
        control = self.campaign.control if self.campaign else None
        return control.number if control else 0

    @cached_property
    def required_tags(self) -> tuple[str, ...]:
        return self.campaign.required_tags if self.campaign else ()

    @cached_property
    def tracking(self) -> tuple[tuple[str, str], ...]:
        return tuple(self.link.tracking.items())

    @cached_property
    def _destinations(self) -> dict[int, str]:
        """A variant's own address, else the link's. People of one that was switched off go where the control goes."""
        campaign, usual = self.campaign, self.link.destination_url
        if campaign is None:
            return {}
        of_control = (campaign.control.destination_url if campaign.control else None) or usual
        return {
            variant.number: (variant.destination_url or usual) if variant.enabled else of_control
            for variant in campaign.variants
        }

    def destination(self, number: int) -> str:
        return self._destinations.get(number, self.link.destination_url)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The configuration that a run works on: taken when it opens, changed only by its plan."""

    handle: Handle
    campaign: Campaign
    links: tuple[Link, ...]

    def route(self, slug: str) -> Route | None:
        link = next((link for link in self.links if link.slug == slug), None)
        return Route(self.handle, link, self.campaign) if link else None

    @property
    def primary_link(self) -> Link | None:
        return next((link for link in self.links if link.slug == self.campaign.primary_slug), None)
