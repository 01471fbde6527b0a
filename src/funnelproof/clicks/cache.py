"""Routes of the hot path, kept in memory: bounded, forgotten by handle when its configuration changes."""

from collections import OrderedDict

from funnelproof.campaigns import store as campaigns
from funnelproof.handles import store as handles
from funnelproof.links import store as links
from funnelproof.links.link import LinkRef
from funnelproof.storage.changes import versions
from funnelproof.storage.database import Database, Transaction
from funnelproof.worlds.route import Route


class RouteCache:
    """Own writes are seen at once, those of other processes with the next `poll`; a miss asks the database."""

    def __init__(self, database: Database, size: int) -> None:
        self._database, self._size = database, size
        self._routes: OrderedDict[LinkRef, tuple[int, Route]] = OrderedDict()
        self._generations: dict[str, int] = {}
        self._versions: dict[str, int] = {}
        database.on_change(self.forget)

    async def get(self, handle: str, slug: str) -> Route | None:
        generation = self._generations.get(handle, 0)
        kept = self._routes.get((handle, slug))
        if kept is not None and kept[0] == generation:
            self._routes.move_to_end((handle, slug))
            return kept[1]
        route = await self._database.read(lambda tx: read_route(tx, handle, slug))
        if route is not None:
            self._keep((handle, slug), generation, route)
        return route

    def forget(self, handle: str) -> None:
        self._generations[handle] = self._generations.get(handle, 0) + 1

    async def poll(self) -> None:
        """Forget the handles whose change counter has moved since the last look."""
        present = await self._database.read(versions)
        for handle, version in present.items():
            if self._versions.get(handle) != version:
                self.forget(handle)
        self._versions = present

    def _keep(self, ref: LinkRef, generation: int, route: Route) -> None:
        self._routes[ref] = (generation, route)
        self._routes.move_to_end(ref)
        while len(self._routes) > self._size:
            self._routes.popitem(last=False)


def read_route(tx: Transaction, handle: str, slug: str) -> Route | None:
    link = links.find(tx, handle, slug)
    owner = handles.find(tx, handle) if link else None
    if link is None or owner is None:
        return None
    return Route(owner, link, campaigns.find(tx, handle, link.campaign_id) if link.campaign_id else None)
