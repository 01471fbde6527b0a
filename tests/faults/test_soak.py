"""The soak itself, some seconds of it: it kills, counts, and tells when something is missing."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.soak import memory
from bench.soak.server import Life
from cli.conftest import environment

ROOT = Path(__file__).parents[2]
MIB = 1 << 20


def soak(*words: str) -> tuple[int, dict[str, Any]]:
    ended = subprocess.run(
        [sys.executable, "-m", "bench.soak", "--json", "--seed", "7", "--connections", "4", *words],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        check=False,
        timeout=100,
    )
    assert ended.stdout, ended.stderr
    return ended.returncode, json.loads(ended.stdout)


def test_some_seconds_with_a_kill_lose_and_double_nothing() -> None:
    status, told = soak("--minutes", "0.05", "--kills", "1")
    assert told["faults"] == []
    assert status == 0
    assert told["lost"] == told["doubled"] == told["counters"]["different"] == 0
    assert told["stored"]["conversions"] >= told["acknowledged"]["conversions"] > 0
    assert len(told["lives"]) == 2


def test_the_first_answer_after_a_large_log_is_timed() -> None:
    status, told = soak("--wal", "--wal-mib", "4")
    assert told["faults"] == []
    assert status == 0
    assert told["logMib"] >= 4
    assert 0 < told["lives"][-1]["startedIn"] < 10


@pytest.mark.parametrize(("gain_per_second", "found"), [(0, "flat"), (MIB, "not flat")])
def test_memory_that_grows_after_the_warm_up_is_not_flat(gain_per_second: int, found: str) -> None:
    warm_up = [(float(at), 100 * MIB + at * MIB) for at in range(60)]
    life = Life(1.0, 0.0, samples=[*warm_up, *((60.0 + at, 160 * MIB + at * gain_per_second) for at in range(120))])
    assert memory.judge([life]).is_flat is (found == "flat")


def test_a_short_life_says_nothing_about_memory() -> None:
    assert memory.judge([Life(1.0, 0.0, samples=[(float(at), at * MIB) for at in range(20)])]).is_flat is None
    assert memory.judge([Life(1.0, 0.0)]).is_flat is None
