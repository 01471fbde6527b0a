"""A disk without space: everybody is told to come back, nothing is half-written, and it recovers by itself."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.soak.buyers import Acknowledged
from faults.load import buyers, check_nothing_lost_or_doubled, wait_for, wait_for_refusals
from faults.place import Place

SIZE = 48 << 20
LEFT = 1 << 20


@pytest.fixture
def small_disk(data: Path, tmp_path: Path) -> Iterator[Path]:
    """The data folder on a disk of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, check=False, capture_output=True, text=True) if os.geteuid() == 0 else None
    if mounted is None or mounted.returncode:
        pytest.skip(f"NOT TESTED: a full disk. Mounting one needs root. {mounted.stderr if mounted else ''}")
    try:
        shutil.copytree(data, disk / "data")
        yield disk / "data"
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_refuses_and_recovers_by_itself(small_disk: Path) -> None:
    place, seen = Place(small_disk), Acknowledged()
    with place.serving() as served, buyers(served.url, seen):
        wait_for(seen, 20)
        for _ in range(2):
            ballast = _fill(small_disk)
            wait_for_refusals(seen, 40)
            ballast.unlink()
            wait_for(seen, 40)
    assert seen.broken == 0
    check_nothing_lost_or_doubled(place, seen)


def _fill(folder: Path) -> Path:
    """Leave so little that orders use it up at once; they may do so before this has written all."""
    ballast = folder.parent / "ballast"
    free = os.statvfs(folder)
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        file.write(bytes(max(0, free.f_bavail * free.f_frsize - LEFT)))
    return ballast
