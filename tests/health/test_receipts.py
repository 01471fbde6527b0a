"""Is every variant with weight tested, as it stands now?"""

from dataclasses import replace
from typing import Any

import pytest

from funnelproof.clock import HOUR
from funnelproof.health.check import Status
from funnelproof.health.checks.receipts import receipts, sentences_of
from funnelproof.health.evidence import ReceiptEvidence
from funnelproof.proofs.digest import changes_between, configuration_of
from health.perfect import LINK, PLAIN, TWO, campaign_with, evidence, receipt

PASS, WARN, FAIL, UNKNOWN = Status
CHANGED = ("B's destinationUrl changed after this test.",)


def given(*of_b: Any, **more: Any) -> dict[int, ReceiptEvidence]:
    """A's receipt is fresh; B's is as told."""
    return {1: ReceiptEvidence(receipt(1)), 2: ReceiptEvidence(receipt(2, *of_b, **more))}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (given(), PASS),
        ({1: ReceiptEvidence(receipt(1))}, UNKNOWN),
        ({}, UNKNOWN),
        (given(age=168 * HOUR), PASS),
        (given(age=168 * HOUR + 1), WARN),
        (given(digest="e" * 64), WARN),
        (given("FAIL"), FAIL),
        (given("FAIL", digest="e" * 64), FAIL),
        ({1: ReceiptEvidence(receipt(1, "FAIL"))}, FAIL),
        ({2: ReceiptEvidence(receipt(2, age=999 * HOUR))}, UNKNOWN),
    ],
)
def test_every_variant_with_weight_needs_a_fresh_pass(found: dict[int, ReceiptEvidence], expected: Status) -> None:
    check = receipts(evidence(receipts=found))
    assert check.status is expected
    assert bool(check.remedy) == (expected is not PASS)


@pytest.mark.parametrize("link", [None, replace(LINK, campaign_id="another")])
def test_without_a_link_one_is_bound_first(link: Any) -> None:
    remedy = receipts(evidence(receipts={}, link=link)).remedy or ""
    assert remedy.startswith("First bind a primary link")
    assert remedy.endswith("run the test conversion for A and B.")


def test_a_variant_without_weight_needs_none() -> None:
    off = (TWO[0], replace(TWO[1], enabled=False))
    light = (TWO[0], replace(TWO[1], weight=0))
    for variants in (off, light):
        assert (
            receipts(evidence(campaign={"variants": variants}, receipts={1: ReceiptEvidence(receipt(1))})).status
            is PASS
        )


def test_a_campaign_without_variants_is_tested_as_itself() -> None:
    of = evidence(campaign={"variants": ()}, receipts={0: ReceiptEvidence(receipt(0))})
    assert (receipts(of).status, receipts(of).title) == (PASS, "Tested, as they stand now: the campaign.")


def test_a_stale_receipt_says_what_changed() -> None:
    stale = {n: ReceiptEvidence(receipt(n, digest="e" * 64), CHANGED) for n in (1, 2)}
    check = receipts(evidence(receipts=stale))
    assert check.title == "A and B: B's destinationUrl changed after this test."
    assert check.remedy == "Run the test conversion for A and B."
    assert check.evidence["variants"][1]["changed"] == list(CHANGED)


def test_an_old_receipt_says_how_old_it_may_be() -> None:
    assert receipts(evidence(receipts=given(age=200 * HOUR))).title == "B: the test is older than 168 h."


def test_a_failed_test_leads_to_its_steps() -> None:
    check = receipts(evidence(receipts=given("FAIL")))
    assert check.title == "B: the test failed."
    assert "failed steps of run_1" in str(check.remedy)


def test_many_changes_are_cut() -> None:
    changes = tuple(f"The campaign's field{n} changed after this test." for n in range(5))
    stale = {n: ReceiptEvidence(receipt(n, digest="e" * 64), changes) for n in (1, 2)}
    check = receipts(evidence(receipts=stale))
    assert check.title.endswith("field2 changed after this test. 2 more changes.")
    assert len(check.evidence["variants"][0]["changed"]) == 5


@pytest.mark.parametrize(
    ("after", "link", "said"),
    [
        (PLAIN, LINK, ()),
        (
            campaign_with(variants=(TWO[0], replace(TWO[1], destination_url="https://c.example/"))),
            LINK,
            ("B's destinationUrl changed after this test.",),
        ),
        (campaign_with(variants=TWO[:1]), LINK, ("b was taken away after this test.",)),
        (
            campaign_with(variants=(TWO[0], replace(TWO[1], weight=0))),
            LINK,
            ("B's hasWeight changed after this test.",),
        ),
        (
            PLAIN,
            replace(LINK, destination_url="https://c.example/"),
            ("The primary link's destinationUrl changed after this test.",),
        ),
        (PLAIN, None, ("The primary link was taken away after this test.",)),
        (
            campaign_with(attribution_window_days=7),
            LINK,
            ("The campaign's attributionWindowDays changed after this test.",),
        ),
        (
            PLAIN,
            replace(LINK, tracking={"utm_source": "mail"}),
            ("The primary link's tracking/utm_source changed after this test.",),
        ),
    ],
)
def test_changes_are_told_in_words(after: Any, link: Any, said: tuple[str, ...]) -> None:
    before = configuration_of(PLAIN, LINK)
    assert sentences_of(changes_between(before, configuration_of(after, link)), after) == said


def test_what_is_added_is_told_too() -> None:
    before = configuration_of(campaign_with(variants=TWO[:1]), LINK)
    assert sentences_of(changes_between(before, configuration_of(PLAIN, LINK)), PLAIN) == (
        "B was added after this test.",
    )
