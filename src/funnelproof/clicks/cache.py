"""Routes of the hot path, kept in memory: bounded, forgotten by handle when its configuration changes."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence

from funnelproof.campaigns import store as campaigns
from funnelproof.errors import Unavailable
from funnelproof.handles import store as handles
from funnelproof.links import store as links
from funnelproof.links.link import LinkRef
from funnelproof.notifications.outbox import subscribed
from funnelproof.notifications.webhook import Event
from funnelproof.storage.changes import versions
from funnelproof.storage.database import Database, Transaction
from funnelproof.worlds.route import Route

GATHERING_SECONDS = 0.002
MOST_ASKED = 512


class TooManyUnknown(Unavailable):
    """More links that nobody has asked for lately are wanted at once than are looked up. Try again in a second."""


class RouteCache:
    """Own writes are seen at once, those of other processes with the next `poll`; a miss asks the database.

    Misses are looked up in groups. What does not exist is not remembered: a new link works at once. Of each handle
    with a route at hand, the version that its routes were read at is known: a poll asks about these handles alone.
    """

    def __init__(self, database: Database, size: int) -> None:
        self._database, self._size = database, size
        self._routes: OrderedDict[LinkRef, tuple[int, Route]] = OrderedDict()
        self._asked: dict[LinkRef, asyncio.Future[Route | None]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._generations: dict[str, int] = {}
        self._versions: dict[str, int] = {}
        self._holders: list[Callable[[], set[str]]] = []
        database.on_change(self.forget)

    def known(self, handle: str, slug: str) -> Route | None:
        """A route that is at hand."""
        kept = self._routes.get((handle, slug))
        if kept is None or kept[0] != self._generations.get(handle, 0):
            return None
        self._routes.move_to_end((handle, slug))
        return kept[1]

    async def get(self, handle: str, slug: str) -> Route | None:
        return self.known(handle, slug) or await self._ask(handle, slug)

    def generation(self, handle: str) -> int:
        """Goes up whenever something of the handle may have changed: what others keep of it holds until then."""
        return self._generations.get(handle, 0)

    def forget(self, handle: str) -> None:
        self._generations[handle] = self._generations.get(handle, 0) + 1

    async def poll(self) -> None:
        """Forget the handles whose change counter has moved since their routes were read."""
        held = self._held()
        present = await self._database.read(lambda tx: versions(tx, held))
        for handle in held:
            self._note_version(handle, present.get(handle, 0))
        still_held = self._held()
        self._versions = {handle: version for handle, version in self._versions.items() if handle in still_held}

    async def _ask(self, handle: str, slug: str) -> Route | None:
        ref, loop = (handle, slug), asyncio.get_running_loop()
        asked = self._asked.get(ref)
        if asked is None or asked.get_loop() is not loop:
            if len(self._asked) >= MOST_ASKED:
                raise TooManyUnknown
            asked = self._asked[ref] = loop.create_future()
            if self._looking is None or self._looking.get_loop() is not loop:
                self._looking = loop.create_task(self._look_up())
        return await asyncio.shield(asked)

    async def _look_up(self) -> None:
        """One read for all who ask within two milliseconds, and one such read at a time."""
        try:
            while self._asked:
                await asyncio.sleep(GATHERING_SECONDS)
                asked, self._asked = self._asked, {}
                await self._answer(asked)
        finally:
            self._looking = None

    async def _answer(self, asked: dict[LinkRef, "asyncio.Future[Route | None]"]) -> None:
        generations = {handle: self._generations.get(handle, 0) for handle, _ in asked}
        try:
            present, found = await self._database.read(lambda tx: _read(tx, asked))
        except Exception as error:
            for waiting in asked.values():
                waiting.set_exception(error)
            return
        for handle, version in present.items():
            generations[handle] = self.read_at(handle, version, generations[handle])
        for ref, waiting in asked.items():
            if (route := found.get(ref)) is not None:
                self._keep(ref, generations[ref[0]], route)
            waiting.set_result(route)

    def hold(self, handles: Callable[[], set[str]]) -> None:
        """Somebody else keeps things by generation: `handles` are then polled as well."""
        self._holders.append(handles)

    def read_at(self, handle: str, version: int, generation: int) -> int:
        """The generation of what was read at a version by who began at this generation."""
        if generation == self.generation(handle):
            self._note_version(handle, version)
            return self.generation(handle)
        return generation

    def _held(self) -> set[str]:
        return {handle for handle, _ in self._routes}.union(*(handles() for handles in self._holders))

    def _note_version(self, handle: str, version: int) -> None:
        """Routes that were read at another version are no longer good."""
        if self._versions.setdefault(handle, version) != version:
            self._versions[handle] = version
            self.forget(handle)

    def _keep(self, ref: LinkRef, generation: int, route: Route) -> None:
        self._routes[ref] = (generation, route)
        self._routes.move_to_end(ref)
        while len(self._routes) > self._size:
            self._routes.popitem(last=False)


def _read(tx: Transaction, refs: Collection[LinkRef]) -> tuple[dict[str, int], dict[LinkRef, Route]]:
    """The versions of the handles that are there, and the routes that are."""
    there = versions(tx, {handle for handle, _ in refs})
    return there, _routes(tx, [ref for ref in refs if ref[0] in there])


def _routes(tx: Transaction, refs: Sequence[LinkRef]) -> dict[LinkRef, Route]:
    found = links.find_many(tx, refs)
    owners = {handle: handles.find(tx, handle) for handle in {link.handle for link in found}}
    wanted = {(link.handle, link.campaign_id) for link in found if link.campaign_id}
    bound = campaigns.by_ref(tx, wanted) if wanted else {}
    telling = {handle for handle in owners if subscribed(tx, handle, Event.LINK_CLICKED)}
    routes: dict[LinkRef, Route] = {}
    for link in found:
        owner = owners[link.handle]
        if owner is not None:
            campaign = bound.get((link.handle, link.campaign_id or ""))
            routes[link.handle, link.slug] = Route(owner, link, campaign, link.handle in telling)
    return routes


def read_route(tx: Transaction, handle: str, slug: str) -> Route | None:
    return _routes(tx, [(handle, slug)]).get((handle, slug))
