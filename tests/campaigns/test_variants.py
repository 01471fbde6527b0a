"""Buckets and the ranges that variants own, by the published vectors and in integers."""

import json
from itertools import pairwise
from pathlib import Path

import mmh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelproof.campaigns.variants import BUCKETS, bucket_of, owner_of, ramp_faults, shares_of, smallest_ramp

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "assignment.json").read_text())
WEIGHTS = st.lists(st.integers(0, 1000), min_size=1, max_size=10).filter(any)


def numbered(weights: list[int]) -> list[tuple[int, int]]:
    return list(enumerate(weights, start=1))


@pytest.mark.parametrize("vector", VECTORS["vectors"])
def test_the_bucket_of_a_visitor_is_the_published_one(vector: dict[str, str]) -> None:
    assert bucket_of(vector["campaignId"], vector["visitor"]) == vector["bucket"]


@pytest.mark.parametrize("vector", VECTORS["published"])
def test_the_hash_is_the_one_that_others_publish(vector: dict[str, str]) -> None:
    assert mmh3.hash(vector["text"], 0, signed=False) % 100 + 1 == vector["mod100plus1"]


@pytest.mark.parametrize("case", VECTORS["ranges"])
def test_the_ranges_are_the_published_ones(case: dict[str, object]) -> None:
    weights, ramp = numbered(case["weights"]), case["rampPercent"]  # type: ignore[arg-type]
    if "refused" in case:
        assert ramp_faults(weights, ramp, ["one", "two"])  # type: ignore[arg-type]
        return
    shares = shares_of(weights, ramp)  # type: ignore[arg-type]
    assert [[share.start, share.open_end] for share in shares] == case["ranges"]


@given(WEIGHTS, st.integers(0, 100))
def test_every_bucket_has_one_owner_and_weights_decide_how_many(weights: list[int], ramp: int) -> None:
    shares = shares_of(numbered(weights), ramp)
    assert (shares[0].start, shares[-1].end) == (0, BUCKETS)
    assert all(before.end == after.start for before, after in pairwise(shares))
    for weight, share in zip(weights, shares, strict=True):
        assert abs((share.end - share.start) - BUCKETS * weight / sum(weights)) < 1
        assert share.open_count == (share.end - share.start) * ramp // 100


@given(WEIGHTS, st.integers(0, 99), st.integers(0, BUCKETS - 1))
def test_raising_the_ramp_opens_buckets_and_moves_nobody(weights: list[int], ramp: int, bucket: int) -> None:
    owner, is_open = owner_of(shares_of(numbered(weights), ramp), bucket)
    later_owner, later_open = owner_of(shares_of(numbered(weights), ramp + 1), bucket)
    assert owner == later_owner
    assert later_open or not is_open


@given(WEIGHTS)
def test_the_ramp_that_is_named_is_the_smallest_that_works(weights: list[int]) -> None:
    works = smallest_ramp(numbered(weights))
    names = [str(position) for position in range(len(weights))]
    for ramp in range(1, 101):
        assert bool(ramp_faults(numbered(weights), ramp, names)) is (works is None or ramp < works)


def test_a_ramp_that_shuts_a_variant_out_names_it_and_the_way_out() -> None:
    (fault,) = ramp_faults([(1, 1), (2, 199)], 1, ["a", "b"])
    assert (fault.pointer, "nobody could reach a" in fault.detail, "is 2 %" in fault.detail) == (
        "/rampPercent",
        True,
        True,
    )
    (hopeless,) = ramp_faults([(1, 1), (2, 99_999)], 50, ["a", "b"])
    assert (hopeless.pointer, "no ramp works" in hopeless.detail) == ("/variants", True)


def test_at_ramp_0_nobody_enters_and_nothing_is_wrong_with_it() -> None:
    assert ramp_faults([(1, 1), (2, 99_999)], 0, ["a", "b"]) == []
