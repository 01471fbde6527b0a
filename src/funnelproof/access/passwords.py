"""Passwords: argon2id, hashed in two threads of their own, never within a transaction."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from funnelproof.errors import invalid

SHORTEST, LONGEST = 10, 256
HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)
THREADS = ThreadPoolExecutor(2, thread_name_prefix="password")


def check_password(password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise invalid("password", f"must have {SHORTEST} to {LONGEST} characters; length matters more than signs.")
    return password


def hash_now(password: str) -> str:
    """Takes some 50 ms on purpose: from a coroutine, use `hash_password`."""
    return HASHER.hash(password)


def matches_now(password_hash: str | None, password: str) -> bool:
    """Without a hash (no such account) the work is done all the same, so that timing tells nothing."""
    try:
        HASHER.verify(password_hash or _nobodys_hash(), password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    return HASHER.check_needs_rehash(password_hash)


async def hash_password(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(THREADS, hash_now, password)


async def matches(password_hash: str | None, password: str) -> bool:
    return await asyncio.get_running_loop().run_in_executor(THREADS, matches_now, password_hash, password)


@cache
def _nobodys_hash() -> str:
    return HASHER.hash(secrets.token_urlsafe(16))
