"""A link with all that deciding a click needs, as one thing: from the live tables or from a world's snapshot."""

from dataclasses import dataclass, replace

from funnelproof.campaigns.campaign import Campaign
from funnelproof.clock import Micros
from funnelproof.handles.handle import Handle
from funnelproof.links.link import Link


@dataclass(frozen=True, slots=True)
class Route:
    handle: Handle
    link: Link
    campaign: Campaign | None

    def at(self, now: Micros) -> "Route":
        """The same with the campaign's status by the clock: `startsAt` and `endsAt` count at once."""
        campaign = self.campaign
        if campaign is None or campaign.status_at(now) is campaign.status:
            return self
        return replace(self, campaign=replace(campaign, status=campaign.status_at(now)))


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
