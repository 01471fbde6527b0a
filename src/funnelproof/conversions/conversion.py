"""What a conversion is, and every reason to refuse one or to set it aside. Knows no storage and no web."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from funnelproof.campaigns.campaign import Campaign, CountingRule
from funnelproof.clock import MINUTE, Micros, iso, span
from funnelproof.errors import Problem, invalid
from funnelproof.links.ctx import Cohort, Ctx, Mode
from funnelproof.links.link import NoSuchCampaign
from funnelproof.money import Money, check_currency, read_money

PLACEHOLDER_KEYS = frozenset(
    {"null", "undefined", "none", "nan", "nil", "0", "test", "order_id", "orderid", "[object object]", "-", "n/a"}
)
PLACEHOLDER_MARKS = ("{{", "}}", "${", "<%", "%%")
SLACK: Micros = 5 * MINUTE
IMPLAUSIBLE_TOTAL_MINOR = 10**10


class Disposition(StrEnum):
    """What became of a conversion; the same in every world. Only COUNTED moves funnel counters."""

    COUNTED = "COUNTED"
    HELD = "HELD"
    OUT_OF_WINDOW = "OUT_OF_WINDOW"
    NOT_UNIQUE = "NOT_UNIQUE"
    OTHER_EVENT = "OTHER_EVENT"


class KeyReused(Problem):
    """This idempotency key already stands for another conversion. Send each order under a key of its own."""

    kind, code, title = "unprocessable", "idempotency_key_reused", "The idempotency key is taken"


class ConversionNotFound(Problem):
    """No conversion of this handle has this id."""

    kind, code, title = "absent", "not_found", "Not found"


class TrustedOnly(Problem):
    """This campaign takes conversions only from a server: send a token with the scope conversions.write."""

    kind, code, title = "unauthenticated", "missing_bearer_token", "A token is needed"


@dataclass(frozen=True, slots=True)
class Claim:
    """A conversion as its sender tells it: shape and key checked, signature of the ctx verified.

    `value_text` is the decimal text of the amount; `received_at` is by the real clock.
    """

    conversion_id: str
    ctx: Ctx
    key: str
    digest: str
    event_type: str | None
    value_text: str | None
    currency: str | None
    occurred_at: Micros | None
    customer: str | None
    properties: dict[str, Any] | None
    expected_handle: str | None
    expected_campaign: str | None
    is_trusted: bool
    received_at: Micros
    request_id: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """What two claims under one key must share. Formatting is not meaning: 49.9 is 49.90."""

    click_id: str
    event_type: str
    value_minor: int | None
    currency: str | None

    def differs_from(self, other: "Meaning") -> list[str]:
        """JSON Pointers of the fields that differ."""
        pairs = (
            ("/ctx", self.click_id, other.click_id),
            ("/eventType", self.event_type, other.event_type),
            ("/value", self.value_minor, other.value_minor),
            ("/currency", self.currency, other.currency),
        )
        return [pointer for pointer, mine, theirs in pairs if mine != theirs]


@dataclass(frozen=True, slots=True)
class Conversion:
    """As it is stored. `in_test`: it counts in the figures of the A/B test, not in the funnel alone."""

    conversion_id: str
    campaign_id: str
    idempotency_key: str
    click_id: str
    visitor: str
    slug: str
    variant: int
    cohort: Cohort
    epoch: int
    phase: int
    event_type: str
    value_minor: int | None
    currency: str | None
    disposition: Disposition
    reason: str | None
    in_test: bool
    clicked_at: Micros
    occurred_at: Micros
    received_at: Micros
    customer: str | None
    properties: dict[str, Any] | None
    request_id: str | None

    @property
    def meaning(self) -> Meaning:
        return Meaning(self.click_id, self.event_type, self.value_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Step:
    """A named step of admission and the codes it may raise, in the order in which they are taken."""

    name: str
    codes: tuple[str, ...]


STEPS = (
    Step("shape", ("invalid_payload", "unknown_field", "payload_too_large", "unsupported_media_type")),
    Step("key", ("invalid_idempotency_key",)),
    Step("ctx_signature", ("invalid_ctx",)),
    Step("known_key", ("idempotency_key_reused",)),
    Step("ctx_times", ("invalid_ctx",)),
    Step("campaign", ("campaign_not_found", "missing_bearer_token", "insufficient_scope")),
    Step("currency_and_value", ("invalid_currency", "invalid_value")),
    Step("time", ("invalid_occurred_at",)),
    Step("window", ()),
    Step("uniqueness", ()),
    Step("insert_once", ()),
)


def check_key(key: str) -> str:
    """Refuse keys that a template forgot to fill: they would merge every order into one."""
    if not 1 <= len(key) <= 128 or not key.isascii() or not key.isprintable():
        raise invalid("idempotencyKey", "must have 1 to 128 printable ASCII characters; send the order's own id.")
    if not key.strip() or key.strip().lower() in PLACEHOLDER_KEYS or any(mark in key for mark in PLACEHOLDER_MARKS):
        raise invalid("idempotencyKey", f"{key!r} is a placeholder; send the order's own id.", code="placeholder")
    return key


def check_campaign(claim: Claim, campaign: Campaign | None) -> Campaign:
    if campaign is None:
        if not claim.ctx.campaign:
            raise NoSuchCampaign(
                "The ctx comes from a link without a campaign; bind the link to a campaign to take conversions."
            )
        raise NoSuchCampaign("The campaign of this ctx was deleted.")
    if campaign.trusted_conversions and not claim.is_trusted and claim.ctx.mode is not Mode.TEST:
        raise TrustedOnly
    return campaign


def read_value(claim: Claim, campaign: Campaign) -> Money | None:
    """The amount in the claim's currency, the campaign's unless it names one. None: a conversion without a value."""
    if claim.value_text is None:
        if claim.currency is not None:
            check_currency(claim.currency)
        return None
    return read_money(claim.value_text, claim.currency or campaign.currency)


def event_time(claim: Claim, now: Micros) -> Micros:
    """`occurredAt` if it was told and can be, else the arrival."""
    if claim.occurred_at is None:
        return now
    if claim.occurred_at < claim.ctx.issued_at - SLACK:
        raise invalid(
            "occurredAt",
            f"is {span(claim.ctx.issued_at - claim.occurred_at)} before the click ({iso(claim.ctx.issued_at)}).",
        )
    if claim.occurred_at > now + SLACK:
        raise invalid("occurredAt", f"is {span(claim.occurred_at - now)} in the future.")
    return claim.occurred_at


def disposition_of(
    claim: Claim, campaign: Campaign, *, value: Money | None, occurred_at: Micros, visitor_total_minor: int
) -> tuple[Disposition, str | None]:
    """Where a claim belongs, and why, before uniqueness. The click decides, not the moment of arrival."""
    event_type = claim.event_type or campaign.event_type
    if event_type != campaign.event_type:
        return Disposition.OTHER_EVENT, f"the goal of the campaign is {campaign.event_type}, not {event_type}"
    if claim.ctx.cohort is Cohort.PAUSED:
        return Disposition.HELD, "the click came while the campaign was not active"
    late = occurred_at - claim.ctx.issued_at
    if late > campaign.attribution_window:
        return (
            Disposition.OUT_OF_WINDOW,
            f"it occurred {span(late)} after the click; the window is {campaign.attribution_window_days} d",
        )
    if value is not None and exceeds_maximum(value, campaign):
        return Disposition.HELD, "its value exceeds the campaign's maxValue"
    if value is not None and visitor_total_minor + value.minor > IMPLAUSIBLE_TOTAL_MINOR:
        return Disposition.HELD, "it lifts the visitor's total above what is plausible"
    return Disposition.COUNTED, None


def exceeds_maximum(value: Money, campaign: Campaign) -> bool:
    """`maxValue` is in the campaign's currency; amounts in others are not compared."""
    limit = campaign.max_value_minor
    return limit is not None and value.currency == campaign.currency and value.minor > limit


def limit_of(campaign: Campaign, ctx: Ctx) -> tuple[str, int] | None:
    """What a counted conversion must claim: (subject, how many of it may count), None for no limit."""
    if campaign.counting_rule is CountingRule.ONCE_PER_VISITOR:
        return f"visitor:{ctx.visitor}", 1
    if campaign.counting_rule is CountingRule.ONCE_PER_CLICK:
        return f"click:{ctx.click_id}", 1
    return (f"click:{ctx.click_id}", campaign.max_per_click) if campaign.max_per_click else None


def not_unique_reason(campaign: Campaign) -> str:
    """Why a conversion beyond the limit does not count."""
    if campaign.counting_rule is CountingRule.ONCE_PER_VISITOR:
        return "this visitor has converted already, and the campaign counts once per visitor"
    if campaign.counting_rule is CountingRule.ONCE_PER_CLICK:
        return "this click has converted already, and the campaign counts once per click"
    return f"this click has {campaign.max_per_click} counted conversions, the campaign's maxPerClick"
