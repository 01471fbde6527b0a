"""What all checks together say: the light, the score, the spend ramp."""

import pytest

from cast import HANDLE
from funnelproof.campaigns.campaign import LaunchPolicy
from funnelproof.health.check import (
    SEVERITIES,
    WEIGHTS,
    Check,
    Severity,
    Status,
    score_of,
    spend_ramp_of,
    status_of,
)
from funnelproof.health.checks import CHECKS, run_checks
from funnelproof.health.examine import judge
from funnelproof.notifications.webhook import Webhook
from health.perfect import evidence

PASS, WARN, FAIL, UNKNOWN = Status
OPEN, GUARDED, PROVEN = LaunchPolicy
NO_OTHER = {"receipts": PASS}


def checks(**statuses: Status) -> list[Check]:
    return [Check(id_, status, f"{id_}: {status}", {}, "mend it") for id_, status in statuses.items()]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ({"receipts": PASS, "clicks": PASS}, PASS),
        ({"receipts": PASS, "clicks": UNKNOWN}, PASS),
        ({"receipts": PASS, "clicks": WARN}, WARN),
        ({"receipts": UNKNOWN, "clicks": WARN}, UNKNOWN),
        ({"primary_link": UNKNOWN}, UNKNOWN),
        ({"ctx_minted": UNKNOWN}, UNKNOWN),
        ({"ctx_returned": UNKNOWN, "arrival": UNKNOWN, "split": UNKNOWN}, PASS),
        ({"receipts": UNKNOWN, "leak": FAIL}, FAIL),
        ({"receipts": WARN, "leak": FAIL}, FAIL),
    ],
)
def test_the_light_is_that_of_the_worst(statuses: dict[str, Status], expected: Status) -> None:
    assert status_of(checks(**statuses), GUARDED) is expected


def test_walks_are_indispensable_only_if_the_policy_asks_for_them() -> None:
    walks = [Check("walks", UNKNOWN, "", {})]
    assert [status_of(walks, policy) for policy in LaunchPolicy] == [PASS, PASS, UNKNOWN]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ({"receipts": PASS, "clicks": PASS}, 100),
        ({"receipts": PASS, "clicks": UNKNOWN}, 100),
        ({"receipts": UNKNOWN, "clicks": PASS}, 33),
        ({"receipts": PASS, "clicks": WARN}, 83),
        ({"receipts": WARN, "clicks": PASS}, 66),
        ({"receipts": PASS, "held": WARN}, 91),
        ({"receipts": FAIL, "primary_link": PASS}, 49),
        ({"receipts": FAIL, "clicks": PASS}, 33),
        ({"receipts": FAIL}, 0),
        ({"receipts": UNKNOWN}, 0),
        ({"clicks": UNKNOWN}, 0),
        ({}, 0),
    ],
)
def test_the_score_is_the_weighted_share_of_what_is_in_order(statuses: dict[str, Status], expected: int) -> None:
    assert score_of(checks(**statuses), GUARDED) == expected


def test_the_weights_are_those_of_the_docs() -> None:
    assert WEIGHTS == {Severity.CRITICAL: 10, Severity.MAJOR: 5, Severity.MINOR: 2}


@pytest.mark.parametrize(
    ("statuses", "policy", "blockers"),
    [
        ({"receipts": PASS}, GUARDED, []),
        ({"receipts": PASS, "clicks": WARN, "ctx_minted": UNKNOWN}, GUARDED, []),
        ({"receipts": PASS, "leak": FAIL}, OPEN, ["leak"]),
        ({"receipts": WARN}, OPEN, ["receipts"]),
        ({"receipts": UNKNOWN, "leak": FAIL}, GUARDED, ["receipts", "leak"]),
        ({"receipts": FAIL}, GUARDED, ["receipts"]),
        ({}, GUARDED, ["receipts"]),
        ({"receipts": PASS}, PROVEN, ["walks"]),
    ],
)
def test_spend_may_ramp_when_nothing_fails_and_all_is_tested(
    statuses: dict[str, Status], policy: LaunchPolicy, blockers: list[str]
) -> None:
    ramp = spend_ramp_of(checks(**statuses), policy)
    assert [blocker.check for blocker in ramp.blockers] == blockers
    assert ramp.ready == (not blockers)
    assert all(blocker.title for blocker in ramp.blockers)


def test_a_proven_campaign_needs_its_walks() -> None:
    walked = [*checks(receipts=PASS), *([Check("walks", PASS, "", {})])]
    assert spend_ramp_of(walked, PROVEN).ready


def test_the_checks_are_run_in_the_order_in_which_they_are_listed() -> None:
    assert [check.__name__ for check in CHECKS] == list(SEVERITIES)
    hook = Webhook(HANDLE, "whk_1", "https://shop.gharart.example/", (), "", "user:usr_1", 0)
    of = evidence(campaign={"launch_policy": PROVEN}, webhooks=(hook,))
    assert [check.id for check in run_checks(of)] == list(SEVERITIES)


def test_a_campaign_in_perfect_order_scores_100() -> None:
    health = judge(evidence())
    assert {check.id: check.status for check in health.checks if check.status is not PASS} == {"clock": UNKNOWN}
    assert (health.status, health.score, health.spend_ramp.ready) == (PASS, 100, True)
    assert health.check("walks") is None


def test_every_finding_shows_n_and_every_one_that_is_not_in_order_says_why() -> None:
    for check in [*judge(evidence()).checks, *judge(evidence(receipts={}, lately={}, last_click=None)).checks]:
        assert "n" in check.evidence, check.id
        assert check.title.endswith((".", "…")), check.title
        assert check.remedy or check.status not in (WARN, FAIL), check.id
        assert check.docs == f"/docs/checks/{check.id}"
