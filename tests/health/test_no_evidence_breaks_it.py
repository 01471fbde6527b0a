"""Whatever the counters say, also what they never should: an answer comes, in plain JSON, without NaN."""

import json
from dataclasses import asdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from funnelproof.campaigns.campaign import CountingRule, LaunchPolicy
from funnelproof.health.check import Status
from funnelproof.health.evidence import (
    Day,
    Entries,
    Evidence,
    Flow,
    Held,
    LastClick,
    Lately,
    PhaseEvidence,
    ReceiptEvidence,
    Recent,
    ReusedKey,
    Sales,
    Waiting,
)
from funnelproof.health.examine import judge
from health.perfect import LINK, NOW, TWO, evidence, receipt

COUNTS = st.one_of(st.integers(-3, 30), st.integers(0, 10**12), st.just(0))
TIMES = st.one_of(st.integers(NOW - 10**13, NOW + 10**9), st.just(NOW), st.just(0))
NUMBERS = st.integers(0, 3)
SUBJECTS = (
    "clicks",
    "bots",
    "qualified",
    "tagged",
    "with_ctx",
    "ctx_accepted",
    "ctx_refused",
    "repeated",
    "key_reused",
)
NAMES = ("", "buy-now", "1", "2", "expired 1", "wrong_mode 2", "wrong_campaign", "²", "buy-now utm_source", " ")
LATELY = st.dictionaries(st.tuples(st.sampled_from((*SUBJECTS, "missing_tag")), st.sampled_from(NAMES)), COUNTS)
DAYS = st.lists(
    st.builds(Day, st.dates().map(lambda day: day.isoformat()), *[COUNTS] * 6),
    max_size=20,
    unique_by=lambda day: day.day,
)
MONEY = st.one_of(st.none(), st.integers(0, 10**12))
ORDERS = st.builds(
    Recent,
    st.just("cnv_1"),
    st.sampled_from(["clk_1", "clk_2"]),
    st.sampled_from(["purchase", "lead"]),
    st.sampled_from(["COUNTED", "HELD", "OTHER_EVENT"]),
    MONEY,
    st.sampled_from([None, "USD", "INR"]),
    TIMES,
    TIMES,
    TIMES,
)
ENTRIES = st.dictionaries(NUMBERS, st.builds(Entries, COUNTS, COUNTS, COUNTS))
ALARMS = st.sampled_from([None, True, False])
SPLITS = st.one_of(st.none(), st.dictionaries(NUMBERS, st.integers(0, 10_000)))
PHASES = st.builds(PhaseEvidence, st.integers(1, 3), SPLITS, ENTRIES, ALARMS)
RECEIPTS = st.builds(
    lambda number, verdict, age: ReceiptEvidence(receipt(number, verdict, age=age)),
    NUMBERS,
    st.sampled_from(["PASS", "FAIL"]),
    st.integers(-(10**9), 10**15),
)
CAMPAIGNS = st.fixed_dictionaries(
    {
        "variants": st.sampled_from([(), TWO[:1], TWO]),
        "counting_rule": st.sampled_from(CountingRule),
        "launch_policy": st.sampled_from(LaunchPolicy),
        "expected_rate": st.sampled_from([None, "0.05", "1", "0"]),
        "primary_slug": st.sampled_from([None, "buy-now"]),
        "max_per_click": st.integers(0, 20),
    }
)


@st.composite
def any_evidence(draw: st.DrawFn) -> Evidence:
    parts: dict[str, Any] = {
        "campaign": draw(CAMPAIGNS),
        "link": draw(st.sampled_from([None, LINK])),
        "lately": Lately(draw(LATELY)),
        "last_click": draw(st.one_of(st.none(), st.builds(LastClick, TIMES, COUNTS, COUNTS))),
        "days": tuple(draw(DAYS)),
        "flows": draw(st.dictionaries(NUMBERS, st.builds(Flow, COUNTS, COUNTS))),
        "recent": tuple(draw(st.lists(ORDERS, max_size=70))),
        "sales": draw(st.builds(Sales, st.one_of(st.none(), TIMES), COUNTS, COUNTS, COUNTS, COUNTS)),
        "phases": tuple(
            draw(st.lists(st.builds(PhaseEvidence, st.integers(1, 3), SPLITS, ENTRIES, ALARMS), max_size=3))
        ),
        "sdk_seen": draw(st.booleans()),
        "is_live": draw(st.booleans()),
        "receipts": draw(st.dictionaries(NUMBERS, RECEIPTS)),
        "waiting": draw(st.builds(Waiting, COUNTS, st.one_of(st.none(), TIMES), COUNTS)),
        "held": draw(st.builds(Held, COUNTS, st.one_of(st.none(), TIMES), COUNTS)),
        "busy_clicks": draw(st.dictionaries(st.sampled_from(["clk_1", "clk_9"]), COUNTS)),
        "reused_keys": tuple(draw(st.lists(st.builds(ReusedKey, st.text(), st.just(("/value",)), COUNTS), max_size=3))),
        "stored_at": draw(st.one_of(st.none(), TIMES)),
        "accepted_at": draw(st.one_of(st.none(), TIMES)),
    }
    return evidence(**parts)


@given(any_evidence())
@settings(max_examples=300, deadline=None)
def test_any_evidence_is_judged(of: Evidence) -> None:
    health = judge(of)
    assert health.status in Status
    assert 0 <= health.score <= 100
    assert health.spend_ramp.ready == (not health.spend_ramp.blockers)
    for check in health.checks:
        assert json.loads(json.dumps(asdict(check), allow_nan=False))["id"] == check.id


@given(any_evidence())
@settings(max_examples=100, deadline=None)
def test_the_same_evidence_is_judged_alike(of: Evidence) -> None:
    assert judge(of) == judge(of)
