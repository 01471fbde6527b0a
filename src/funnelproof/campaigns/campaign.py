"""What a campaign is: its states, presets, rules and limits. Knows no storage and no web."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from funnelproof.campaigns.variants import Share, Variant, shares_of
from funnelproof.clock import DAY, Micros
from funnelproof.errors import Problem
from funnelproof.word import Word

CAMPAIGN_ID = r"^[a-z0-9][a-z0-9_-]{2,63}$"
CampaignRef = tuple[str, str]
DAY_SECONDS = 86_400
MAX_CTX_TTL_SECONDS = 31_708_800
REQUIRED_TAGS = ("utm_source", "utm_medium", "utm_campaign")


class GoalType(StrEnum):
    PRODUCT_SALE = "PRODUCT_SALE"
    LEAD_CAPTURE = "LEAD_CAPTURE"
    NEWSLETTER = "NEWSLETTER"
    AFFILIATE_CLICKOUT = "AFFILIATE_CLICKOUT"
    APP_INSTALL = "APP_INSTALL"


class CampaignStatus(Word):
    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"


class CountingRule(Word):
    EVERY = "EVERY"
    ONCE_PER_CLICK = "ONCE_PER_CLICK"
    ONCE_PER_VISITOR = "ONCE_PER_VISITOR"


class LaunchPolicy(StrEnum):
    """From loose to strict; the order matters."""

    OPEN = "OPEN"
    GUARDED = "GUARDED"
    PROVEN = "PROVEN"


@dataclass(frozen=True, slots=True)
class Preset:
    tracking_preset: str
    event_type: str
    counting_rule: CountingRule


PRESETS = {
    GoalType.PRODUCT_SALE: Preset("ga4_purchase", "purchase", CountingRule.EVERY),
    GoalType.LEAD_CAPTURE: Preset("ga4_lead", "lead", CountingRule.ONCE_PER_VISITOR),
    GoalType.NEWSLETTER: Preset("ga4_sign_up", "newsletter_signup", CountingRule.ONCE_PER_VISITOR),
    GoalType.AFFILIATE_CLICKOUT: Preset("custom_webhook", "affiliate_click", CountingRule.EVERY),
    GoalType.APP_INSTALL: Preset("ga4_app_install", "app_install", CountingRule.ONCE_PER_VISITOR),
}

MOVES: dict[CampaignStatus, tuple[CampaignStatus, ...]] = {
    CampaignStatus.DRAFT: (CampaignStatus.ACTIVE,),
    CampaignStatus.ACTIVE: (CampaignStatus.PAUSED, CampaignStatus.COMPLETED),
    CampaignStatus.PAUSED: (CampaignStatus.ACTIVE, CampaignStatus.DRAFT, CampaignStatus.COMPLETED),
    CampaignStatus.COMPLETED: (),
}


class CampaignExists(Problem):
    """This handle has, or once had, a campaign with this id. Choose another id: ids are never given twice."""

    kind, code, title = "conflict", "campaign_exists", "The campaign exists"


class IllegalTransition(Problem):
    """A campaign cannot make this move from where it stands."""

    kind, code, title = "conflict", "illegal_transition", "Not a legal move"


class NotReady(Problem):
    """This campaign's launch policy is not met yet."""

    kind, code, title = "conflict", "not_ready", "Not ready to launch"


class CampaignKept(Problem):
    """This campaign has been active, so its figures are kept. Move it to COMPLETED in place of deleting it."""

    kind, code, title = "conflict", "campaign_kept", "The campaign is kept"


@dataclass(frozen=True, slots=True)
class Planned:
    """What a test was planned for, as decimal texts, and the number of the variant that the others are compared with.

    It is frozen at the first entry of an epoch: choosing it after looking would void the statistics.
    """

    expected_rate: str | None
    minimum_lift: str | None
    control: int | None


@dataclass(frozen=True, slots=True)
class Campaign:
    """Variants are those in force, in their order; numbers and ids of deleted ones are never given again."""

    handle: str
    campaign_id: str
    name: str
    goal_type: GoalType
    status: CampaignStatus
    tracking_preset: str
    event_type: str
    currency: str
    primary_slug: str | None
    counting_rule: CountingRule
    max_per_click: int
    max_value_minor: int | None
    trusted_conversions: bool
    attribution_window_days: int
    ctx_ttl_seconds: int
    tag_policy: dict[str, Any] | None
    launch_policy: LaunchPolicy
    ramp_percent: int
    starts_at: Micros | None
    ends_at: Micros | None
    details_page_slug: str | None
    expected_rate: str | None
    minimum_lift: str | None
    decision_window_days: int
    embargo_until: Micros | None
    include_cookieless: bool
    receipt_ttl_hours: int
    epoch: int
    phase: int
    next_variant_number: int
    decided_variant: int | None
    first_active_at: Micros | None
    created_at: Micros
    updated_at: Micros
    version: int
    variants: tuple[Variant, ...] = ()
    pause_on_fail: bool = False

    @property
    def attribution_window(self) -> Micros:
        return self.attribution_window_days * DAY

    @property
    def weights(self) -> list[tuple[int, int]]:
        """(number, weight) in order; a variant that is switched off weighs nothing."""
        return [(variant.number, variant.weight if variant.enabled else 0) for variant in self.variants]

    @property
    def shares(self) -> tuple[Share, ...]:
        return shares_of(self.weights, self.ramp_percent) if self.variants else ()

    @property
    def control(self) -> Variant | None:
        return next((variant for variant in self.variants if variant.control), None)

    @property
    def plan(self) -> Planned:
        """The plan as its fields stand now."""
        return Planned(self.expected_rate, self.minimum_lift, self.control.number if self.control else None)

    def starts_by_timer(self, now: Micros) -> bool:
        """Whether `startsAt` should start it by now; what a person paused or took back, the timer does not start."""
        waits = self.status is CampaignStatus.DRAFT and self.first_active_at is None
        return waits and self.starts_at is not None and self.starts_at <= now

    def status_at(self, now: Micros) -> CampaignStatus:
        """Its status by the clock: `startsAt` and `endsAt` count at once, before the timer has written them down."""
        if self.starts_at is None and self.ends_at is None:
            return self.status
        running = self.status in (CampaignStatus.ACTIVE, CampaignStatus.PAUSED)
        if running and self.ends_at is not None and self.ends_at <= now:
            return CampaignStatus.COMPLETED
        if self.starts_by_timer(now) and self.launch_policy is LaunchPolicy.OPEN:
            return CampaignStatus.ACTIVE
        return self.status

    def variant(self, number: int) -> Variant | None:
        return next((variant for variant in self.variants if variant.number == number), None)

    def variant_id(self, number: int) -> str | None:
        found = self.variant(number)
        return found.variant_id if found else None

    @property
    def required_tags(self) -> tuple[str, ...]:
        required = (self.tag_policy or {}).get("required")
        return REQUIRED_TAGS if required is None else tuple(required)


def check_move(campaign: Campaign, to: CampaignStatus) -> None:
    legal = MOVES[campaign.status]
    if to not in legal:
        names = ", ".join(legal) or "none: it is final"
        detail = f"A campaign that is {campaign.status} cannot become {to}. Legal moves: {names}."
        told: dict[str, Any] = {"from": campaign.status.value, "to": to.value, "legal": [move.value for move in legal]}
        raise IllegalTransition(detail, **told)
