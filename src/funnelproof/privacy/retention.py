"""Retention, one day of one handle at a time, oldest first: proven, sealed, emptied. Whatever stops it, it goes on."""

import asyncio
import logging
from collections.abc import Callable

from funnelproof.clock import DAY, Micros
from funnelproof.handles import store as handles
from funnelproof.privacy import seal as seals
from funnelproof.privacy.day import LocalDay
from funnelproof.privacy.due import Due, Step, find_due
from funnelproof.privacy.prove import PAUSE_SECONDS, Proof, prove
from funnelproof.privacy.seal import Deleted, Moved
from funnelproof.storage.database import Database, Row, Transaction
from funnelproof.worlds.world import LIVE

log = logging.getLogger(__name__)
WORLDS = (LIVE, "preview")
TRIED_AGAIN_AFTER: Micros = DAY
KEPT = "the rows of %s/%s of %s are kept: its counters are not what they say; `recount --check` tells which"
Place = tuple[str, str, str]


class Retention:
    """Remembers which days could not be proven, to try them again a day later and to warn of each once."""

    def __init__(self, database: Database, now: Callable[[], Micros]) -> None:
        self._database, self._now = database, now
        self._put_off: dict[Place, Micros] = {}
        self._warned: set[Place] = set()

    async def __call__(self) -> int:
        """Work until nothing is due; answers how many days were sealed, emptied or swept."""
        self._put_off = {at: until for at, until in self._put_off.items() if until > self._now()}
        done, owner = 0, await self._next_handle("")
        while owner is not None:
            for world in WORLDS:
                done += await self._keep(owner, world)
            owner = await self._next_handle(owner["handle"])
        return done

    async def _next_handle(self, after: str) -> Row | None:
        return await self._database.read(lambda tx: handles.after(tx, after))

    async def _keep(self, owner: Row, world: str) -> int:
        def find(tx: Transaction) -> Due | None:
            now = self._now()
            put_off = [
                at[2] for at, until in self._put_off.items() if at[:2] == (owner["handle"], world) and now < until
            ]
            return find_due(tx, owner, world, put_off=put_off, now=now)

        done = 0
        while (due := await self._database.read(find)) is not None:
            done += await self._do(due)
        return done

    async def _do(self, due: Due) -> int:
        if due.step is Step.SWEEP:
            return await self._sweep(due.day)
        if due.step is Step.SEAL and not await self._seal(due.day):
            return 0
        await self._empty(due.day)
        return 1

    async def _seal(self, day: LocalDay) -> bool:
        proof = await prove(self._database, day)
        now = self._now()
        try:
            if proof.is_equal and proof.is_settled(now):
                await self._database.write(lambda tx: seals.seal(tx, proof, now))
                return True
        except Moved:
            log.info("%s/%s of %s moved while it was proven", *day.scope, day.day)
        self._leave(proof, now)
        return False

    def _leave(self, proof: Proof, now: Micros) -> None:
        """Not today: of a day whose counters are not what its rows say, nothing is deleted."""
        at = (*proof.day.scope, proof.day.day)
        self._put_off[at] = now + TRIED_AGAIN_AFTER
        if not proof.is_equal and at not in self._warned:
            self._warned.add(at)
            log.warning(KEPT, *at)

    async def _empty(self, day: LocalDay) -> None:
        """Conversions first: which clicks are still in use is seen by those that are left."""
        seal = await self._database.read(lambda tx: seals.find_seal(tx, day.scope, day.day))
        if seal is not None:
            start = day.first_conversion
            await self._slices(lambda tx, after: seals.delete_conversions(tx, day, seal, after), start)
            await self._slices(lambda tx, after: seals.delete_reversals(tx, day, after), "")
            await self._delete_clicks(day)
            await self._database.write(lambda tx: seals.mark_emptied(tx, day, self._now()))

    async def _sweep(self, day: LocalDay) -> int:
        """What is in use even now is looked at again a day later."""
        gone = await self._delete_clicks(day)
        self._put_off[*day.scope, day.day] = self._now() + TRIED_AGAIN_AFTER
        return int(gone > 0)

    async def _delete_clicks(self, day: LocalDay) -> int:
        kept = await self._database.read(lambda tx: seals.clicks_in_use(tx, day))
        return await self._slices(lambda tx, after: seals.delete_clicks(tx, day, after, kept=kept), day.first_click)

    async def _slices(self, work: Callable[[Transaction, str], Deleted], after: str) -> int:
        """Slice after slice, each a transaction of its own; between them, others have their turn."""
        gone = 0
        while True:
            done = await self._database.write(lambda tx, after=after: work(tx, after))  # type: ignore[misc]
            gone += done.rows
            if done.after is None:
                return gone
            after = done.after
            await asyncio.sleep(PAUSE_SECONDS)
