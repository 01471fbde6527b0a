"""Evidence of a campaign of which every check passes, and the parts from which a test makes it imperfect."""

from dataclasses import replace
from typing import Any

from cast import HANDLE
from funnelproof.campaigns.campaign import Campaign, CampaignStatus, CountingRule, GoalType, LaunchPolicy
from funnelproof.campaigns.variants import Variant
from funnelproof.clock import DAY, HOUR, MINUTE, Micros, from_iso
from funnelproof.health.evidence import (
    Day,
    Entries,
    Evidence,
    Flow,
    LastClick,
    Lately,
    PageEvidence,
    PhaseEvidence,
    ReceiptEvidence,
    Recent,
    Sales,
)
from funnelproof.links.link import Link
from funnelproof.notifications.webhook import Webhook
from funnelproof.pages.page import AccessMode, PageFacts
from funnelproof.pages.sound import Soundness
from funnelproof.proofs.receipt import StandingReceipt, Verdict

NOW = from_iso("2026-11-23T09:00:00Z")
DIGEST = "d" * 64
TWO = (
    Variant(1, "a", "A", 50, control=True),
    Variant(2, "b", "B", 50, "https://shop.gharart.example/b"),
)
LINK = Link(
    handle=HANDLE,
    slug="buy-now",
    destination_url="https://shop.gharart.example/a",
    campaign_id="new-buyer-funnel",
)
PLAIN = Campaign(
    handle=HANDLE,
    campaign_id="new-buyer-funnel",
    name="New buyer funnel",
    goal_type=GoalType.PRODUCT_SALE,
    status=CampaignStatus.ACTIVE,
    tracking_preset="ga4_purchase",
    event_type="purchase",
    currency="USD",
    primary_slug="buy-now",
    counting_rule=CountingRule.EVERY,
    max_per_click=100,
    max_value_minor=None,
    trusted_conversions=False,
    attribution_window_days=30,
    ctx_ttl_seconds=31 * 86_400,
    tag_policy=None,
    launch_policy=LaunchPolicy.GUARDED,
    ramp_percent=100,
    starts_at=None,
    ends_at=None,
    details_page_slug=None,
    expected_rate=None,
    minimum_lift=None,
    decision_window_days=7,
    embargo_until=None,
    include_cookieless=False,
    receipt_ttl_hours=168,
    epoch=1,
    phase=1,
    next_variant_number=3,
    decided_variant=None,
    first_active_at=NOW,
    created_at=NOW - DAY,
    updated_at=NOW - DAY,
    version=1,
    variants=TWO,
)


def receipt(number: int, verdict: str = "PASS", *, digest: str = DIGEST, age: Micros = HOUR) -> StandingReceipt:
    return StandingReceipt(number, "run_1", Verdict(verdict), digest, NOW - age)


def order(count: int = 1, **more: Any) -> tuple[Recent, ...]:
    """The newest conversions, ten minutes after their clicks, each of a click of its own."""
    usual: dict[str, Any] = {
        "event_type": "purchase",
        "disposition": "COUNTED",
        "value_minor": 4990,
        "currency": "USD",
        "clicked_at": NOW - 15 * MINUTE,
        "occurred_at": NOW - 5 * MINUTE,
        "received_at": NOW - 5 * MINUTE,
    }
    return tuple(Recent(**{"conversion_id": f"cnv_{n}", "click_id": f"clk_{n}", **usual, **more}) for n in range(count))


def phase(
    number: int = 1, *, buckets: Any = (5000, 5000), alarm_is_open: bool | None = None, **entries: tuple[int, ...]
) -> PhaseEvidence:
    """`phase(a=(1000, 900, 40), b=…)`: visitors, arrived, converters."""
    numbers = {"a": 1, "b": 2, "c": 3}
    split = None if buckets is None else dict(enumerate(buckets, start=1))
    return PhaseEvidence(number, split, {numbers[name]: Entries(*own) for name, own in entries.items()}, alarm_is_open)


def days(*shares: tuple[int, int]) -> tuple[Day, ...]:
    """(clicks, bots) of the days up to today, 23 November."""
    first = 23 - len(shares) + 1
    return tuple(
        Day(f"2026-11-{first + at:02}", clicks, clicks - bots, bots, clicks - bots, 1, 1)
        for at, (clicks, bots) in enumerate(shares)
    )


LATELY = {
    ("clicks", "buy-now"): 1100,
    ("bots", ""): 100,
    ("qualified", "buy-now"): 1000,
    ("with_ctx", "buy-now"): 1000,
    ("tagged", "buy-now"): 1000,
    ("by_variant", "1"): 500,
    ("by_variant", "2"): 500,
    ("ctx_accepted", "1"): 25,
    ("ctx_accepted", "2"): 25,
    ("arrived", "1"): 450,
    ("arrived", "2"): 450,
}
PUBLIC = AccessMode.PUBLIC
PAGE = PageFacts("dhoop-lamp", PUBLIC, version=1, slug="dhoop-lamp", access_mode=PUBLIC, digest="d")
PERFECT = Evidence(
    campaign=PLAIN,
    link=LINK,
    at=NOW,
    checked_at=NOW,
    config_digest=DIGEST,
    today="2026-11-23",
    lately=Lately(LATELY),
    last_click=LastClick(NOW, 1100, 300),
    days=days(*[(1100, 100)] * 15),
    flows={1: Flow(7000, 350), 2: Flow(7000, 350)},
    recent=order(60),
    sales=Sales(
        last_at=NOW - 5 * MINUTE, delay=10 * MINUTE, clicks_since=3, clicks_before=14_000, conversions_before=700
    ),
    phases=(phase(a=(5000, 4500, 250), b=(5000, 4490, 250)),),
    sdk_seen=True,
    receipts={1: ReceiptEvidence(receipt(1)), 2: ReceiptEvidence(receipt(2))},
    page=PageEvidence(PAGE, Soundness(faults=0, buttons=4, with_ctx=4)),
    webhooks=(Webhook("gharart", "whk_1", "https://shop.example/hook", ("test.completed",), "", "usr_1", NOW),),
    stored_at=NOW,
    accepted_at=NOW,
)
"""A campaign of which every check that applies passes."""


def campaign_with(**fields: Any) -> Campaign:
    return replace(PLAIN, **fields)


def evidence(**fields: Any) -> Evidence:
    """The perfect evidence with these fields changed; `campaign` and `link` may be given as dicts of changes."""
    if isinstance(fields.get("campaign"), dict):
        fields["campaign"] = replace(PLAIN, **fields["campaign"])
    if isinstance(fields.get("link"), dict):
        fields["link"] = replace(LINK, **fields["link"])
    if isinstance(fields.get("lately"), dict):
        fields["lately"] = Lately(fields["lately"])
    return replace(PERFECT, **fields)
