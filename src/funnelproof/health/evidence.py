"""What the checks look at, gathered once: plain counts and times, bounded however many events there were."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from funnelproof.campaigns.campaign import Campaign
from funnelproof.clock import Micros
from funnelproof.links.link import Link
from funnelproof.notifications.webhook import Webhook
from funnelproof.pages.page import PageFacts
from funnelproof.pages.sound import Soundness
from funnelproof.probing.finding import Finding
from funnelproof.proofs.digest import Change
from funnelproof.proofs.receipt import StandingReceipt
from funnelproof.walks.walk import Walk


@dataclass(frozen=True, slots=True)
class Lately:
    """What the newest 96 quarter hours (a day) counted, by subject and name."""

    amounts: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def by_name(self, subject: str) -> dict[str, int]:
        return {name: amount for (of, name), amount in sorted(self.amounts.items()) if of == subject and amount > 0}

    def total(self, subject: str) -> int:
        return sum(self.by_name(subject).values())


@dataclass(frozen=True, slots=True)
class LastClick:
    """When clicks were last seen (the end of that quarter hour), and how many came in the 24 and 6 hours up to it.

    Where there is no silence to explain, the 6 hours are not counted.
    """

    at: Micros
    in_24_hours: int
    in_6_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """One local day of the funnel."""

    day: str
    clicks: int
    qualified_clicks: int
    bot_clicks: int
    visitors: int
    conversions: int
    converters: int


class Recent(NamedTuple):
    """One of the newest conversions, as far as checks look at it."""

    conversion_id: str
    click_id: str
    event_type: str
    disposition: str
    value_minor: int | None
    currency: str | None
    clicked_at: Micros
    occurred_at: Micros
    received_at: Micros


@dataclass(frozen=True, slots=True)
class Sales:
    """Conversions against qualified clicks. `clicks_since`: those after the last conversion, older than `delay`.

    `conversions_before` of `clicks_before` are those of the 28 days up to the last conversion.
    """

    last_at: Micros | None = None
    delay: Micros = 0
    clicks_since: int = 0
    clicks_before: int = 0
    conversions_before: int = 0


@dataclass(frozen=True, slots=True)
class Flow:
    """What one variant got and gave in 28 days."""

    qualified_clicks: int
    conversions: int


@dataclass(frozen=True, slots=True)
class Entries:
    """One variant in one phase: visitors that entered, those whose ctx was seen again, those who converted."""

    visitors: int = 0
    arrived: int = 0
    converters: int = 0


@dataclass(frozen=True, slots=True)
class PhaseEvidence:
    """`open_buckets` is None if how the phase was split is not known.

    `alarm_is_open`: whether the alarm about its split still waits for a person to close it; None without an alarm.
    """

    phase: int
    open_buckets: Mapping[int, int] | None
    entries: Mapping[int, Entries]
    alarm_is_open: bool | None = None


@dataclass(frozen=True, slots=True)
class ReceiptEvidence:
    """A variant's newest receipt. `changes`: what differs from the configuration it tested; `changed` says it."""

    standing: StandingReceipt
    changed: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class WalkEvidence:
    """A variant's newest walk, and the newest whose order came back."""

    newest: Walk | None = None
    returned: Walk | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """How many conversions wait (`at_most` is reached: there may be more), and since when."""

    count: int = 0
    since: Micros | None = None
    at_most: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """Reversals of the whole handle whose conversions have not come for 30 days: how many, and since when."""

    count: int = 0
    since: Micros | None = None
    at_most: int = 0


@dataclass(frozen=True, slots=True)
class PageEvidence:
    """A campaign's page; `sound` is None while nothing is published."""

    facts: PageFacts
    sound: Soundness | None


@dataclass(frozen=True, slots=True)
class ReusedKey:
    key: str
    differs: tuple[str, ...]
    times: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one campaign in one world. `at` is that world's time, `checked_at` the real one."""

    campaign: Campaign
    link: Link | None
    at: Micros
    checked_at: Micros
    config_digest: str
    today: str
    is_live: bool = True
    lately: Lately = Lately()
    links_without_ctx: frozenset[str] = frozenset()
    last_click: LastClick | None = None
    days: tuple[Day, ...] = ()
    flows: Mapping[int, Flow] = field(default_factory=dict)
    recent: tuple[Recent, ...] = ()
    sales: Sales = Sales()
    phases: tuple[PhaseEvidence, ...] = ()
    sdk_seen: bool = False
    receipts: Mapping[int, ReceiptEvidence] = field(default_factory=dict)
    walks: Mapping[int, WalkEvidence] = field(default_factory=dict)
    held: Held = Held()
    waiting: Waiting = Waiting()
    busy_clicks: Mapping[str, int] = field(default_factory=dict)
    reused_keys: tuple[ReusedKey, ...] = ()
    page: PageEvidence | None = None
    webhooks: tuple[Webhook, ...] = ()
    tag_breaches: tuple[dict[str, Any], ...] = ()
    probes: Mapping[str, Finding] = field(default_factory=dict)
    stored_at: Micros | None = None
    accepted_at: Micros | None = None

    @property
    def weighty(self) -> list[int]:
        """Numbers of the variants with weight, in their order; a campaign without variants is its own, 0."""
        return [number for number, weight in self.campaign.weights if weight > 0] or [0]

    def name_of(self, number: int) -> str:
        """A variant in words."""
        variant = self.campaign.variant(number)
        if variant is not None:
            return variant.name
        return "the campaign" if number == 0 and not self.campaign.variants else f"variant {number}"

    def id_of(self, number: int) -> str | None:
        return self.campaign.variant_id(number)


Facts = dict[str, Any]
