"""Power cut in the middle of a write: the end of SQLite's log is gone, and what is left still adds up."""

import shutil
import struct
from pathlib import Path

import pytest

from bench.soak.buyers import Acknowledged
from bench.soak.ledger import Balance, balance
from faults.load import buyers, check_nothing_lost_or_doubled, kill, wait_for
from faults.place import Place
from funnelproof.storage.database import Database
from funnelproof.storage.sqlite import FILE, SqliteEngines

BUYERS = 6
CUTS = (1, 7, 25, 600, 2048, 4096)
WAL_HEAD, FRAME_HEAD = 32, 24


@pytest.fixture
def killed(data: Path) -> tuple[Path, Acknowledged]:
    """A folder whose server was killed while people bought, and what it had acknowledged.

    Once the end of the log is in the database file, a power cut cannot take it any more: then it is done again.
    """
    seen = Acknowledged()
    for round_ in range(4):
        with Place(data).serving() as served, buyers(served.url, seen, number=BUYERS, tag=f"{round_}-"):
            wait_for(seen, 60)
            kill(served)
        if not _is_carried_over(data):
            return data, seen
    pytest.fail("the log was carried over at each kill")


def test_a_log_that_lost_its_end_still_adds_up(killed: tuple[Path, Acknowledged], tmp_path: Path) -> None:
    """No more than the last transaction goes with the bytes: those who were answered together."""
    data, seen = killed
    for cut in CUTS:
        copy = tmp_path / f"cut-{cut}"
        shutil.copytree(data, copy)
        _cut(copy / f"{FILE}-wal", cut)
        found = _look(copy, seen)
        assert found.doubled == set()
        assert found.different == []
        assert found.equal > 0
        assert found.lost <= BUYERS


def test_a_server_goes_on_after_its_log_was_cut(killed: tuple[Path, Acknowledged]) -> None:
    data, _ = killed
    _cut(data / f"{FILE}-wal", 4096)
    seen = Acknowledged()
    with Place(data).serving() as served, buyers(served.url, seen, tag="after-"):
        wait_for(seen, 40)
    check_nothing_lost_or_doubled(Place(data), seen)


def _look(folder: Path, seen: Acknowledged) -> Balance:
    database = Database(SqliteEngines(folder))
    try:
        return balance(database, seen)
    finally:
        database.close()


def _cut(log: Path, size: int) -> None:
    """Take bytes from the end of the last commit: behind it an older round's frames may still stand."""
    with log.open("r+b") as file:
        file.truncate(_commits_of(file.read())[-1] - size)


def _is_carried_over(folder: Path) -> bool:
    """Whether the last commit is in the database file, as the log's index tells (SQLite's walformat, nBackfill)."""
    log = (folder / f"{FILE}-wal").read_bytes()
    (carried,) = struct.unpack("=I", (folder / f"{FILE}-shm").read_bytes()[96:100])
    return bool(WAL_HEAD + carried * _frame_of(log) >= _commits_of(log)[-1])


def _commits_of(log: bytes) -> list[int]:
    """Where each commit ends. Frames of this round carry the salt of the head; those that commit, the pages' number."""
    salt, frame, commits = log[16:24], _frame_of(log), []
    end = WAL_HEAD
    while log[end + 8 : end + 16] == salt:
        is_commit = log[end + 4 : end + 8] != bytes(4)
        end += frame
        commits += [end] if is_commit else []
    return commits


def _frame_of(log: bytes) -> int:
    (page_size,) = struct.unpack(">I", log[8:12])
    return FRAME_HEAD + int(page_size)
