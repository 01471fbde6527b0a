"""Published pages and their renderings, kept in memory: bounded, forgotten by handle when its configuration changes."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from funnelproof.campaigns import store as campaigns
from funnelproof.clicks.cache import RouteCache
from funnelproof.pages.page import Published
from funnelproof.pages.texts import regions_of
from funnelproof.pages.visit import page_at
from funnelproof.storage.changes import version_of
from funnelproof.storage.database import Database, Transaction

MOST_PAGES = 4096
MOST_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, eq=False)
class Standing:
    """A published page with what each visit asks of it; `variant_ids` of its campaign by number."""

    page: Published
    variant_ids: Mapping[int, str]

    @cached_property
    def regions(self) -> frozenset[str]:
        return regions_of(self.page.content.document)

    @cached_property
    def variants(self) -> frozenset[str]:
        """Those with texts of their own."""
        return frozenset(self.page.content.own_texts)


class PageCache:
    """Own writes are seen at once, those of other processes with the next poll of the routes; a miss asks storage."""

    def __init__(self, database: Database, routes: RouteCache) -> None:
        self._database, self._routes = database, routes
        self._pages: OrderedDict[tuple[str, str], tuple[int, Standing]] = OrderedDict()
        routes.hold(lambda: {handle for handle, _ in self._pages})

    def known(self, handle: str, slug: str) -> Standing | None:
        kept = self._pages.get((handle, slug))
        if kept is None or kept[0] != self._routes.generation(handle):
            return None
        self._pages.move_to_end((handle, slug))
        return kept[1]

    async def get(self, handle: str, slug: str) -> Standing | None:
        return self.known(handle, slug) or await self._read(handle, slug)

    async def _read(self, handle: str, slug: str) -> Standing | None:
        generation = self._routes.generation(handle)
        version, standing = await self._database.read(lambda tx: (version_of(tx, handle), _standing(tx, handle, slug)))
        if standing is None:
            return None
        generation = self._routes.read_at(handle, version, generation)
        self._pages[handle, slug] = (generation, standing)
        while len(self._pages) > MOST_PAGES:
            self._pages.popitem(last=False)
        return standing


def _standing(tx: Transaction, handle: str, slug: str) -> Standing | None:
    page = page_at(tx, handle, slug)
    return Standing(page, campaigns.variant_names(tx, handle, page.campaign_id)) if page else None


@dataclass(frozen=True, slots=True)
class Rendering:
    """A page in parts, between which a visitor's ctx goes; one part if it has no room for one."""

    parts: tuple[bytes, ...]
    etag: str

    @property
    def size(self) -> int:
        return sum(map(len, self.parts))


class Renderings:
    """By what they are renderings of: versions never change, so nothing here is ever wrong. The oldest go first."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[tuple[object, ...], Rendering] = OrderedDict()
        self.size = 0

    def get(self, key: tuple[object, ...]) -> Rendering | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def keep(self, key: tuple[object, ...], rendering: Rendering) -> None:
        before = self._kept.pop(key, None)
        self._kept[key] = rendering
        self.size += rendering.size - (before.size if before else 0)
        while self.size > self._most and len(self._kept) > 1:
            self.size -= self._kept.popitem(last=False)[1].size
