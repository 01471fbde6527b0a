"""Admission: the rules that a claim passes one by one, and where a conversion belongs. Knows no storage and no web."""

import re

from funnelproof.campaigns.campaign import Campaign, CountingRule
from funnelproof.clock import MINUTE, Micros, iso, span
from funnelproof.conversions.conversion import Claim, Conversion, Disposition, TrustedOnly
from funnelproof.errors import Fault, Problem, gathered, invalid, invalid_payload
from funnelproof.links.ctx import Cohort, Mode
from funnelproof.links.link import NoSuchCampaign
from funnelproof.money import Money, check_currency, check_decimals, read_money

PLACEHOLDER_KEYS = frozenset(
    {"null", "undefined", "none", "nan", "nil", "0", "test", "order_id", "orderid", "[object object]", "-", "n/a"}
)
PLACEHOLDER = re.compile(r"<.*>|%[A-Za-z_][\w.-]*%|\[[A-Za-z_][A-Za-z_ .-]*\]|\{[A-Za-z_][A-Za-z_ .-]*\}")
"""A name in the brackets of some template language, and nothing else. `{…}` and `[…]` with digits may be ids."""
PLACEHOLDER_MARKS = ("{{", "}}", "${", "<%", "%%")
SLACK: Micros = 5 * MINUTE
IMPLAUSIBLE_TOTAL_MINOR = 10**10
Seat = tuple[str, int, str]
"""(campaign, epoch, subject): what a counted conversion takes one of."""


def check_key(key: str) -> str:
    """Refuse keys that a template forgot to fill: they would merge every order into one."""
    if not 1 <= len(key) <= 128 or not key.isascii() or not key.isprintable():
        raise invalid("idempotencyKey", "must have 1 to 128 printable ASCII characters; send the order's own id.")
    if _is_placeholder(key.strip()):
        raise invalid("idempotencyKey", f"{key!r} is a placeholder; send the order's own id.", code="placeholder")
    return key


def _is_placeholder(key: str) -> bool:
    is_known = not key or key.lower() in PLACEHOLDER_KEYS
    return is_known or PLACEHOLDER.fullmatch(key) is not None or any(mark in key for mark in PLACEHOLDER_MARKS)


def check_campaign(claim: Claim, campaign: Campaign | None) -> Campaign:
    if campaign is None and not claim.ctx.campaign:
        raise NoSuchCampaign("The ctx comes from a link without a campaign; bind the link to one to take conversions.")
    if campaign is None:
        raise NoSuchCampaign("The campaign of this ctx was deleted, so nothing can be counted for it.")
    if campaign.trusted_conversions and not claim.is_trusted and claim.ctx.mode is Mode.LIVE:
        raise TrustedOnly
    return campaign


def admitted(claim: Claim, campaign: Campaign, now: Micros) -> Conversion:
    """The conversion that a claim makes, as far as can be said before looking at what else is stored."""
    value, occurred_at = _read(claim, campaign, now)
    event_type = claim.event_type or campaign.event_type
    disposition, reason = _first_disposition(claim, campaign, event_type, value=value, occurred_at=occurred_at)
    return Conversion(
        conversion_id=claim.conversion_id,
        campaign_id=campaign.campaign_id,
        idempotency_key=claim.key,
        click_id=claim.ctx.click_id,
        visitor=claim.ctx.visitor,
        slug=claim.ctx.slug,
        variant=claim.ctx.variant,
        cohort=claim.ctx.cohort,
        epoch=claim.ctx.epoch,
        phase=claim.ctx.phase,
        event_type=event_type,
        value_minor=value.minor if value else None,
        currency=value.currency if value else None,
        disposition=disposition,
        reason=reason,
        in_test=False,
        clicked_at=claim.ctx.issued_at,
        occurred_at=occurred_at,
        received_at=now,
        customer=claim.customer,
        properties=claim.properties,
        request_id=claim.request_id,
    )


def _read(claim: Claim, campaign: Campaign, now: Micros) -> tuple[Money | None, Micros]:
    """Amount and time, or one problem that tells all that is wrong with currency, value and time."""
    try:
        currency = check_currency(claim.currency or campaign.currency)
        value = None if claim.value_text is None else read_money(claim.value_text, currency)
        return value, event_time(claim, now)
    except Problem:
        raise invalid_payload(_faults(claim, campaign, now)) from None


def _faults(claim: Claim, campaign: Campaign, now: Micros) -> list[Fault]:
    faults: list[Fault] = []
    with gathered(faults):
        read_value(claim, campaign, faults)
    with gathered(faults):
        event_time(claim, now)
    return faults


def read_value(claim: Claim, campaign: Campaign, faults: list[Fault]) -> Money | None:
    """The amount in the claim's currency, the campaign's unless it names one. None: a conversion without a value.

    Under a currency that does not exist, the value is judged as far as it can be; `faults` take what is wrong.
    """
    currency = None
    with gathered(faults):
        currency = check_currency(claim.currency or campaign.currency)
    if claim.value_text is None:
        return None
    if currency is None:
        check_decimals(claim.value_text)
        return None
    return read_money(claim.value_text, currency)


def event_time(claim: Claim, now: Micros) -> Micros:
    """`occurredAt` if it was told and can be, else the arrival."""
    told, clicked = claim.occurred_at, claim.ctx.issued_at
    if told is None:
        return now
    if told < clicked - SLACK:
        raise invalid(
            "occurredAt", f"is {span(clicked - told)} before the click ({iso(clicked)}); send when it happened."
        )
    if told > now + SLACK:
        raise invalid("occurredAt", f"is {span(told - now)} in the future; compare the clocks, or leave it out.")
    return told


def _first_disposition(
    claim: Claim, campaign: Campaign, event_type: str, *, value: Money | None, occurred_at: Micros
) -> tuple[Disposition, str | None]:
    """Where it belongs, and why. The click decides, not the moment of arrival; what could never count is not HELD."""
    if event_type != campaign.event_type:
        return Disposition.OTHER_EVENT, f"the goal of the campaign is {campaign.event_type}, not {event_type}"
    late = occurred_at - claim.ctx.issued_at
    if late > campaign.attribution_window:
        window = f"the window is {campaign.attribution_window_days} d"
        return Disposition.OUT_OF_WINDOW, f"it occurred {span(late)} after the click; {window}"
    if claim.ctx.cohort is Cohort.PAUSED:
        return Disposition.HELD, "the click came while the campaign was not active"
    above = beyond_maximum(value, campaign)
    return (Disposition.HELD, above) if above else (Disposition.COUNTED, None)


def beyond_maximum(value: Money | None, campaign: Campaign) -> str | None:
    """Why a value is not within `maxValue`. One in another currency cannot be compared, so a person looks at it."""
    if value is None or campaign.max_value_minor is None:
        return None
    if value.currency != campaign.currency:
        return f"it is in {value.currency}, and the campaign's maxValue is in {campaign.currency}"
    return "its value exceeds the campaign's maxValue" if value.minor > campaign.max_value_minor else None


def is_implausible(value_minor: int | None, visitor_total_minor: int) -> bool:
    """Whether it lifts all that its visitor has spent above 10¹⁰ minor units, currencies taken together."""
    return value_minor is not None and visitor_total_minor + value_minor > IMPLAUSIBLE_TOTAL_MINOR


def seat_of(made: Conversion, campaign: Campaign) -> tuple[Seat, int] | None:
    """What a counted conversion takes one of, and how many there are; None: there is no limit."""
    if campaign.counting_rule is CountingRule.ONCE_PER_VISITOR:
        return (made.campaign_id, made.epoch, f"visitor:{made.visitor}"), 1
    limit = 1 if campaign.counting_rule is CountingRule.ONCE_PER_CLICK else campaign.max_per_click
    return ((made.campaign_id, made.epoch, f"click:{made.click_id}"), limit) if limit else None


def not_unique_reason(campaign: Campaign) -> str:
    """Why a conversion beyond the limit does not count."""
    if campaign.counting_rule is CountingRule.ONCE_PER_VISITOR:
        return "this visitor has converted already, and the campaign counts once per visitor"
    if campaign.counting_rule is CountingRule.ONCE_PER_CLICK:
        return "this click has converted already, and the campaign counts once per click"
    return f"this click has {campaign.max_per_click} counted conversions, the campaign's maxPerClick"
