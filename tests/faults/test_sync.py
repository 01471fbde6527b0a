"""What a kill cannot show: between reading a request and answering it, the log of the database reaches the disk."""

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from bench.soak.wire import Connection
from cli.conftest import Served
from faults.load import clicked, ordered, workers_of
from faults.place import Place

CALLS = "read,recvfrom,recvmsg,readv,write,writev,sendto,sendmsg,fsync,fdatasync,sync_file_range"
SYNCED = re.compile(r"(?:fsync|fdatasync)\(\d+<[^>]*(?:-wal|pg_wal/\w+)>")


@pytest.fixture(scope="session")
def strace() -> str:
    """The tool, installed if that is allowed here."""
    if shutil.which("strace") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-q", "strace"], check=False, timeout=60, capture_output=True)
    found = shutil.which("strace")
    if found is None:
        pytest.skip("NOT TESTED: that a sync stands between request and answer. Install strace to test it.")
    return found


def test_a_sync_stands_between_a_request_and_its_answer(place: Place, strace: str, tmp_path: Path) -> None:
    with place.serving() as served:
        ctx = asyncio.run(clicked(served.url))
        with _traced(strace, [*_processes_of(served), *_backends(place)], tmp_path / "trace"):
            asyncio.run(_click_and_order(served.url, ctx))
        lines = (tmp_path / "trace").read_text().splitlines()
    for asked, answered in (("GET /gharart/buy-now", "HTTP/1.1 302"), ("POST /v2/public/conv", "HTTP/1.1 201")):
        began = _first(lines, asked, 0)
        ended = _first(lines, answered, began)
        assert any(SYNCED.search(line) for line in lines[began:ended]), "\n".join(lines[began : ended + 1])


async def _click_and_order(url: str, ctx: str) -> None:
    await clicked(url)
    async with Connection(url) as connection:
        assert (await ordered(connection, ctx, "traced"))[0] == 201


def _processes_of(served: Served) -> list[int]:
    return [worker.pid for worker in workers_of(served)]


def _backends(place: Place) -> list[int]:
    """Of PostgreSQL: who serves our connections, and who writes its log for them."""
    if not place.address:
        return []
    with psycopg.connect(place.address) as connection:
        (postmaster,) = connection.execute("select pg_read_file('postmaster.pid', 0, 20)").fetchone() or ("",)
    return [process.pid for process in psutil.Process(int(postmaster.split()[0])).children()]


@contextlib.contextmanager
def _traced(strace: str, processes: list[int], file: Path) -> Iterator[None]:
    of_each = [word for pid in processes for word in ("-p", str(pid))]
    tracer = subprocess.Popen(
        [strace, "-f", "-y", "-s", "40", "-e", f"trace={CALLS}", "-o", str(file), *of_each],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_until_attached(tracer, processes)
        yield
        time.sleep(0.2)
    finally:
        tracer.terminate()
        tracer.communicate(timeout=60)


def _wait_until_attached(tracer: subprocess.Popen[str], processes: list[int]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if tracer.poll() is not None:
            assert tracer.stderr is not None
            pytest.skip(f"NOT TESTED: that a sync stands between request and answer. {tracer.stderr.read()[:200]}")
        if all(_tracer_of(pid) for pid in processes):
            return
        time.sleep(0.02)
    pytest.fail("strace did not attach")


def _tracer_of(pid: int) -> int:
    """0 if nobody traces every thread of the process, as /proc tells; who ended is not waited for."""
    try:
        told = [status.read_text() for status in Path(f"/proc/{pid}/task").glob("*/status")]
    except OSError:
        return pid
    return min((int(text.partition("TracerPid:")[2].split()[0]) for text in told), default=pid)


def _first(lines: list[str], text: str, after: int) -> int:
    found = next((at for at, line in enumerate(lines[after:], after) if text in line), None)
    assert found is not None, f"{text} is not in the trace:\n" + "\n".join(lines[-60:])
    return found
