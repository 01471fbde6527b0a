"""Runs the table of jobs: each in its rhythm, under its lease, one failure never stopping another."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from funnelproof.clock import SECOND
from funnelproof.ids import uuid7_hex
from funnelproof.jobs.lease import give_back, take
from funnelproof.storage.database import Database, Transaction

log = logging.getLogger(__name__)
LEASE_SECONDS = 15
"""Long enough for a job's next turn; after a crash others wait no longer than this (or two turns) to take over."""


@dataclass(frozen=True, slots=True)
class Job:
    """`work` is one slice in one transaction; it answers how much it did, and runs again while that is not 0.

    What takes long to find out is found by `look`, in a transaction of its own that only reads and that no writer waits
    for; it answers whether there is something to write down.
    """

    name: str
    every_seconds: float
    work: Callable[[Transaction], int]
    look: Callable[[Transaction], bool] | None = None
    pause_seconds: float = 0.05


@dataclass(frozen=True, slots=True)
class LongJob:
    """`work` opens short transactions of its own, one after another; it too answers how much it did."""

    name: str
    every_seconds: float
    work: Callable[[], Awaitable[int]]
    pause_seconds: float = 0.05


class Runner:
    def __init__(self, database: Database, jobs: Sequence[Job | LongJob]) -> None:
        self._database, self.jobs = database, jobs
        self._holder = uuid7_hex()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._repeat(job), name=job.name) for job in self.jobs]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        try:
            await self._database.write(lambda tx: give_back(tx, self._holder))
        except Exception as error:
            log.warning("the leases of this process were not given back, and run out by themselves: %s", error)

    async def _repeat(self, job: Job | LongJob) -> None:
        while True:
            await asyncio.sleep(job.every_seconds)
            try:
                while await self.run_slice(job):
                    await asyncio.sleep(job.pause_seconds)
            except Exception as error:
                log.warning("the job %s failed and will be tried again: %s", job.name, error)

    async def run_slice(self, job: Job | LongJob) -> int:
        """One slice, if this process holds the job's lease."""
        if isinstance(job, LongJob):
            return await job.work() if await self._database.write(lambda tx: self._takes(tx, job)) else 0
        if job.look is not None:
            is_ours = await self._database.write(lambda tx: self._takes(tx, job))
            if not is_ours or not await self._database.read(job.look):
                return 0
        return await self._database.write(lambda tx: job.work(tx) if self._takes(tx, job) else 0)

    def _takes(self, tx: Transaction, job: Job | LongJob) -> bool:
        return take(tx, job.name, self._holder, int(max(LEASE_SECONDS, 2 * job.every_seconds)) * SECOND)
