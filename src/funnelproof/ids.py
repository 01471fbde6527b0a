"""Ids that sort by the time they were made: a prefix and a UUIDv7 in hex (RFC 9562); and the randomness they need."""

import os
import re
import time
from collections.abc import Iterator

REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
AT_ONCE = 256


class Randomness:
    """32 random hex digits at a time, asked of the system for many at once. No two threads or forks get the same."""

    def __init__(self) -> None:
        self._drawn: Iterator[str] = iter(())
        os.register_at_fork(after_in_child=self._forget)

    def draw(self) -> str:
        """Taking the next of an iterator is one step of the interpreter, so threads need no lock."""
        drawn = next(self._drawn, None)
        while drawn is None:
            fresh = os.urandom(16 * AT_ONCE).hex()
            self._drawn = iter([fresh[at : at + 32] for at in range(0, len(fresh), 32)])
            drawn = next(self._drawn, None)
        return drawn

    def _forget(self) -> None:
        self._drawn = iter(())


draw = Randomness().draw


def uuid7_hex() -> str:
    """48 bits of Unix milliseconds by the real clock, then 74 random bits."""
    random = draw()
    return f"{time.time_ns() // 1_000_000:012x}7{random[:3]}{VARIANT[random[3]]}{random[4:19]}"


def new_id(prefix: str) -> str:
    """`new_id("cnv")` → `cnv_019ab…`, 32 hex digits after the prefix."""
    return f"{prefix}_{uuid7_hex()}"


def id_at(prefix: str, at: int) -> str:
    """Not an id, but where those of a moment (microseconds) begin: `clk_019ab…`, 12 hex digits after the prefix."""
    return f"{prefix}_{max(0, at) // 1000:012x}"


def made_at(id_: str) -> int:
    """When an id was made, in microseconds cut to milliseconds, by the real clock."""
    return int(id_.partition("_")[2][:12], 16) * 1000


def is_request_id(text: str) -> bool:
    return REQUEST_ID.fullmatch(text) is not None
