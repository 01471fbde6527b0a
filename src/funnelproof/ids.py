"""Ids that sort by the time they were made: a prefix and a UUIDv7 in hex (RFC 9562)."""

import os
import re
import time

REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


RANDOM_BITS = (1 << 76) - 1 ^ 0b11 << 62
VERSION_AND_VARIANT = 0x7 << 76 | 0b10 << 62


def uuid7_hex() -> str:
    """48 bits of Unix milliseconds by the real clock, then 74 random bits."""
    return _hex(time.time_ns() // 1_000_000, os.urandom(10))


def _hex(milliseconds: int, random: bytes) -> str:
    tail = int.from_bytes(random, "big") & RANDOM_BITS | VERSION_AND_VARIANT
    return f"{milliseconds << 80 | tail:032x}"


def new_id(prefix: str) -> str:
    """`new_id("cnv")` → `cnv_019ab…`, 32 hex digits after the prefix."""
    return f"{prefix}_{uuid7_hex()}"


def is_request_id(text: str) -> bool:
    return REQUEST_ID.fullmatch(text) is not None
