"""When a phase begins, when an epoch, and when nothing does."""

from dataclasses import replace
from typing import Any

import pytest

from clicks.samples import CAMPAIGN, VARIANTS
from funnelproof.campaigns.allocation import after_change, open_buckets, split_faults
from funnelproof.campaigns.campaign import CountingRule
from funnelproof.campaigns.variants import Variant

A, B = VARIANTS
C = Variant(3, "c", "C", 50)
SAME, PHASE, EPOCH = (2, 3), (2, 4), (3, 1)

TABLE = [
    ("name", {"name": "Other"}, SAME),
    ("a variant's name", {"variants": (replace(A, name="New"), B)}, SAME),
    ("weights", {"variants": (replace(A, weight=60), B)}, PHASE),
    ("the same shares by other weights", {"variants": (replace(A, weight=1), replace(B, weight=1))}, SAME),
    ("ramp", {"ramp_percent": 50}, PHASE),
    ("a variant more", {"variants": (A, B, C)}, PHASE),
    ("a variant less", {"variants": (A,)}, PHASE),
    ("a variant switched off", {"variants": (A, replace(B, enabled=False))}, PHASE),
    ("a variant's address", {"variants": (A, replace(B, destination_url="https://shop.example/c"))}, EPOCH),
    ("the link's address said by the variant", {"variants": (replace(A, destination_url="https://shop.example/a"), B)},
     SAME),
    ("the control", {"variants": (replace(A, control=False), replace(B, control=True))}, EPOCH),
    ("the goal event", {"event_type": "lead"}, EPOCH),
    ("the counting rule", {"counting_rule": CountingRule.ONCE_PER_CLICK}, EPOCH),
    ("maxPerClick", {"max_per_click": 1}, EPOCH),
    ("the window", {"attribution_window_days": 7}, EPOCH),
    ("the decision window", {"decision_window_days": 3}, EPOCH),
    ("the life of a ctx", {"ctx_ttl_seconds": 60}, SAME),
    ("weights and address at once", {"variants": (replace(A, weight=9), replace(B, destination_url="https://x.example/"))},
     EPOCH),
]  # fmt: skip
URL = "https://shop.example/a"


@pytest.mark.parametrize(("case", "changes", "expected"), TABLE)
def test_what_a_change_begins(case: str, changes: dict[str, Any], expected: tuple[int, int]) -> None:
    after = after_change(CAMPAIGN, replace(CAMPAIGN, **changes), somebody_entered=True, destinations=(URL, URL))
    assert (after.epoch, after.phase) == expected, case


@pytest.mark.parametrize(("case", "changes", "expected"), TABLE)
def test_before_anybody_has_entered_no_epoch_begins(
    case: str, changes: dict[str, Any], expected: tuple[int, int]
) -> None:
    after = after_change(CAMPAIGN, replace(CAMPAIGN, **changes), somebody_entered=False, destinations=(URL, URL))
    assert after.epoch == CAMPAIGN.epoch
    assert expected != PHASE or after.phase == CAMPAIGN.phase + 1, case


def test_another_primary_address_is_another_meaning_for_variants_without_their_own() -> None:
    after = after_change(CAMPAIGN, CAMPAIGN, somebody_entered=True, destinations=(URL, "https://other.example/"))
    assert (after.epoch, after.phase) == EPOCH


def test_expected_shares_are_open_bucket_counts() -> None:
    assert open_buckets(replace(CAMPAIGN, ramp_percent=5)) == {"1": 250, "2": 250}


@pytest.mark.parametrize(
    ("variants", "says"),
    [
        ((), []),
        ((A, B), []),
        ((replace(A, control=False), B), ["exactly one variant with"]),
        ((A, replace(B, control=True)), ["exactly one variant with"]),
        ((replace(A, weight=0), replace(B, weight=0)), ["weight above 0"]),
        ((replace(A, weight=0, control=False), replace(B, enabled=False)), ["exactly one", "weight above 0"]),
        ((replace(A, weight=1), replace(B, weight=1_000_000)), ["nobody could reach a"]),
    ],
)
def test_which_variants_cannot_be_split(variants: tuple[Variant, ...], says: list[str]) -> None:
    faults = split_faults(replace(CAMPAIGN, variants=variants))
    assert len(faults) == len(says)
    assert all(part in fault.detail for part, fault in zip(says, faults, strict=True))
