"""Passwords are hashed with argon2id, and no hash is no shortcut."""

import time

import pytest

from funnelproof.access.passwords import check_password, hash_now, is_outdated, matches_now
from funnelproof.errors import Invalid


def test_a_password_matches_its_own_hash_only() -> None:
    password_hash = hash_now("ten letters")
    assert password_hash.startswith("$argon2id$")
    assert matches_now(password_hash, "ten letters")
    assert not matches_now(password_hash, "ten Letters")
    assert not is_outdated(password_hash)


def test_an_account_that_does_not_exist_costs_as_much_as_one_that_does() -> None:
    password_hash = hash_now("ten letters")
    known = min(seconds_of(password_hash) for _ in range(5))
    unknown = min(seconds_of(None) for _ in range(5))
    assert unknown > known / 5


def seconds_of(password_hash: str | None) -> float:
    began = time.perf_counter()
    assert not matches_now(password_hash, "wrong")
    return time.perf_counter() - began


def test_a_hash_that_is_none_matches_nothing() -> None:
    assert not matches_now("*", "ten letters")


@pytest.mark.parametrize("password", ["", "nine char", "x" * 257])
def test_a_short_or_endless_password_is_refused(password: str) -> None:
    with pytest.raises(Invalid, match="10 to 256 characters"):
        check_password(password)
