"""A visit to an open link, as far as its request tells: what following it decides on."""

from typing import NamedTuple

from funnelproof.clicks.assignment import Kind
from funnelproof.clicks.visitor import Visitor
from funnelproof.clock import Micros
from funnelproof.links.link import Tags
from funnelproof.worlds.route import Route

Scope = tuple[str, str]
"""(handle, world)"""


class Visit(NamedTuple):
    """A visit to an open link. `at` is by the world's clock, cut to milliseconds; `tags` are those that arrived."""

    route: Route
    world: str
    click_id: str
    at: Micros
    visitor: Visitor
    kind: Kind
    country: str
    device: str
    referrer: str
    source: str
    tags: Tags
    request_id: str | None

    @property
    def scope(self) -> Scope:
        return self.route.link.handle, self.world

    @property
    def campaign_id(self) -> str:
        return self.route.campaign_id

    @property
    def visitor_ref(self) -> tuple[str, str]:
        return self.route.campaign_id, self.visitor.key
