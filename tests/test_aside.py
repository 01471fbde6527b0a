"""Processes aside: what they do, how few they are, and that they never outlive the server or one another."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from chores import reads, refuse, sleep, who
from conftest import MakeInstallation
from funnelproof import aside as module
from funnelproof.aside import Aside, EndedAside, TooMuchAside
from funnelproof.errors import Unavailable
from funnelproof.installation import Installation
from funnelproof.storage.engines import engines_of

PATIENCE = 60.0


@pytest.fixture
def home(make_installation: MakeInstallation) -> Installation:
    return make_installation()


@pytest.fixture
def aside(home: Installation) -> Iterator[Aside]:
    aside = Aside(home.settings, engines_of)
    yield aside
    aside.stop()


async def seen(is_so: Callable[[], bool]) -> None:
    for _ in range(int(PATIENCE / 0.02)):
        if is_so():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to that")


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_work_is_done_by_another_process_of_lower_priority_with_a_connection_of_its_own(aside: Aside) -> None:
    async def work() -> None:
        first, second = await aside.run(who), await aside.run(who)
        assert first == second
        assert first[0] != os.getpid()
        assert first[1] == max(module.NICE, os.nice(0))
        assert await aside.run(reads)

    asyncio.run(work())


def test_a_problem_raised_aside_is_raised_here_and_the_process_goes_on(aside: Aside) -> None:
    async def work() -> None:
        pid, _ = await aside.run(who)
        with pytest.raises(Unavailable, match="of its own"):
            await aside.run(refuse)
        assert (await aside.run(who))[0] == pid

    asyncio.run(work())


def test_a_process_that_dies_fails_its_own_request_alone(aside: Aside, tmp_path: Path) -> None:
    async def work() -> None:
        doomed = asyncio.ensure_future(aside.run(sleep, tmp_path / "mark"))
        waiting = asyncio.ensure_future(aside.run(who))
        await seen((tmp_path / "mark").exists)
        os.kill(int((tmp_path / "mark").read_text()), signal.SIGKILL)
        with pytest.raises(EndedAside):
            await doomed
        assert (await waiting)[0] != os.getpid()

    asyncio.run(work())


def test_whoever_is_cancelled_ends_the_process(aside: Aside, tmp_path: Path) -> None:
    async def work() -> None:
        mark = tmp_path / "mark"
        task = asyncio.ensure_future(aside.run(sleep, mark))
        await seen(mark.exists)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await seen(lambda: is_gone(int(mark.read_text())))
        assert (await aside.run(who))[0] != int(mark.read_text())

    asyncio.run(work())


def test_few_may_wait(aside: Aside, tmp_path: Path) -> None:
    async def work() -> None:
        mark = tmp_path / "mark"
        tasks = [asyncio.ensure_future(aside.run(sleep, mark)) for _ in range(1 + module.WAITING)]
        await seen(mark.exists)
        with pytest.raises(TooMuchAside):
            await aside.run(who)
        aside.stop()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(answer) for answer in answers} == {EndedAside}

    asyncio.run(work())


def test_an_idle_process_ends_after_a_while(aside: Aside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.05)

    async def work() -> None:
        pid, _ = await aside.run(who)
        await seen(lambda: is_gone(pid))

    asyncio.run(work())


SERVER = """
import asyncio, sys
from pathlib import Path
from chores import sleep
from funnelproof.aside import Aside
from funnelproof.settings import Settings
from funnelproof.storage.engines import engines_of
data, mark = map(Path, sys.argv[1:])
asyncio.run(Aside(Settings(data=data), engines_of).run(sleep, mark))
"""


def test_it_ends_with_the_server_however_that_ends(home: Installation, tmp_path: Path) -> None:
    mark, here = tmp_path / "mark", str(Path(__file__).parent)
    command = [sys.executable, "-c", SERVER, str(home.settings.data), str(mark)]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": here}) as server:
        asyncio.run(seen(mark.exists))
        server.kill()
    asyncio.run(seen(lambda: is_gone(int(mark.read_text()))))
