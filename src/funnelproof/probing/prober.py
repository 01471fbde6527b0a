"""Which destinations are asked, and when: by a timed job, and when somebody wants to know now."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.campaign import Campaign, CampaignRef, CampaignStatus
from funnelproof.clock import Clock, Micros
from funnelproof.links import store as links
from funnelproof.outgoing.client import Outgoing
from funnelproof.probing import store
from funnelproof.probing.destinations import destinations_of
from funnelproof.probing.finding import EVERY, Finding
from funnelproof.probing.look import look
from funnelproof.storage.database import Database, Transaction

log = logging.getLogger(__name__)
AT_ONCE = 8
CAMPAIGNS_AT_ONCE = 20
BEFORE_ALL: CampaignRef = ("", "")
Wanted = tuple[str, str]
"""(handle, destination)."""


@dataclass(slots=True)
class Prober:
    """One address of a host after another, however many campaigns lead there; a few hosts at a time."""

    database: Database
    clock: Clock
    outgoing: Outgoing
    _last: CampaignRef = field(default=BEFORE_ALL)

    async def __call__(self) -> int:
        """A slice of the job: the next few campaigns; 0 when all had their turn."""
        found = await self.database.read(self._next)
        if not found:
            self._last = BEFORE_ALL
            return 0
        self._last = found[-1].handle, found[-1].campaign_id
        wanted = await self.database.read(lambda tx: wanted_of(tx, found))
        await self.ask(wanted, not_since=self.clock.now() - EVERY)
        return 1

    async def ask(self, wanted: Collection[Wanted], *, not_since: Micros) -> None:
        """Look at those that nobody has looked at since then, and keep what was found."""
        due = await self.database.read(lambda tx: _due(tx, wanted, not_since))
        hosts: Mapping[str, list[Wanted]] = defaultdict(list)
        for handle, destination in sorted(due):
            hosts[urlsplit(destination).hostname or ""].append((handle, destination))
        door = asyncio.Semaphore(AT_ONCE)

        async def one_host(those: Sequence[Wanted]) -> None:
            async with door:
                for handle, destination in those:
                    await self._look(handle, destination)

        await asyncio.gather(*map(one_host, hosts.values()))

    async def _look(self, handle: str, destination: str) -> None:
        found = replace(await look(self.outgoing, destination), probed_at=self.clock.now())
        await self.database.write(lambda tx: store.keep(tx, handle, destination, found))

    def _next(self, tx: Transaction) -> list[Campaign]:
        return campaigns.after(tx, self._last, limit=CAMPAIGNS_AT_ONCE)


def wanted_of(tx: Transaction, those: Collection[Campaign]) -> set[Wanted]:
    """Destinations of campaigns that are not over."""
    found: set[Wanted] = set()
    running = [own for own in those if own.status is not CampaignStatus.COMPLETED and own.primary_slug is not None]
    primary = links.find_many(tx, {(own.handle, own.primary_slug) for own in running if own.primary_slug})
    by_ref = {(link.handle, link.slug): link for link in primary}
    for own in running:
        link = by_ref.get((own.handle, own.primary_slug or ""))
        if link is not None:
            found |= {(own.handle, url) for url in destinations_of(own, link).values()}
    return found


def _due(tx: Transaction, wanted: Collection[Wanted], not_since: Micros) -> set[Wanted]:
    known: dict[Wanted, Finding] = {}
    for handle in {handle for handle, _ in wanted}:
        own = [destination for of, destination in wanted if of == handle]
        known |= {(handle, url): found for url, found in store.of_destinations(tx, handle, own).items()}
    return {one for one in wanted if one not in known or known[one].probed_at < not_since}
