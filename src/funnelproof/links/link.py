"""What a tracked link is, what one may look like, and whether it is open."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from funnelproof.clock import Micros, iso
from funnelproof.errors import NotFound, Problem
from funnelproof.word import Word

SLUG = r"^[A-Za-z0-9_-]{4,24}$"
UTM_TAGS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_SLUG = re.compile(SLUG)
LinkRef = tuple[str, str]
Tags = tuple[str, str, str, str, str]
"""What a click brought of `UTM_TAGS`, in their order; empty where it brought none."""


class LinkMode(Word):
    DIRECT = "DIRECT"
    BRIDGE = "BRIDGE"


class OnStorageFailure(StrEnum):
    REFUSE = "REFUSE"
    LEAD_ON = "LEAD_ON"


class LinkNotFound(NotFound):
    """No open link is at this address. Check the slug (capitals matter), and that the link is enabled and has begun."""


class LinkExpired(Problem):
    """This link has expired."""

    kind, code, title = "gone", "link_expired", "The link has expired"


class LinkEnded(Problem):
    """This link has ended."""

    kind, code, title = "gone", "link_ended", "The link has ended"


class LinkTakenDown(Problem):
    """This link was taken down after a report of abuse. Platform operators can undo it, nobody else."""

    kind, code, title = "conflict", "link_taken_down", "The link was taken down"


class SlugTaken(Problem):
    """Another link of this handle has this slug. Choose another slug, or bind that link with `primarySlug`."""

    kind, code, title = "conflict", "slug_taken", "The slug is taken"


class NoSuchCampaign(NotFound):
    """No campaign of this handle has this id."""

    code, title = "campaign_not_found", "Campaign not found"


@dataclass(frozen=True, slots=True)
class When:
    """Empty means any. Countries are ISO 3166 codes in capitals, sources are values of utm_source."""

    country_in: tuple[str, ...] = ()
    device_in: tuple[str, ...] = ()
    source_in: tuple[str, ...] = ()

    def holds(self, *, country: str, device: str, source: str) -> bool:
        asked = ((self.country_in, country), (self.device_in, device), (self.source_in, source))
        return all(not allowed or value in allowed for allowed, value in asked)


@dataclass(frozen=True, slots=True)
class RoutingRule:
    priority: int
    when: When
    destination_url: str


@dataclass(frozen=True, slots=True)
class Link:
    handle: str
    slug: str
    destination_url: str
    redirect_type: int = 302
    enabled: bool = True
    title: str | None = None
    tags: tuple[str, ...] = ()
    campaign_id: str | None = None
    tracking: dict[str, str] = field(default_factory=dict)
    mode: LinkMode = LinkMode.DIRECT
    append_ctx: bool = True
    routing_rules: tuple[RoutingRule, ...] = ()
    scheduled_start_at: Micros | None = None
    scheduled_end_at: Micros | None = None
    expires_at: Micros | None = None
    max_clicks: int | None = None
    used_clicks: int = 0
    password_hash: str | None = None
    on_storage_failure: OnStorageFailure = OnStorageFailure.REFUSE
    taken_down_at: Micros | None = None
    created_at: Micros = 0
    updated_at: Micros = 0
    version: int = 1


def is_slug(text: str) -> bool:
    return _SLUG.fullmatch(text) is not None and text.isascii()


def check_open(link: Link, now: Micros) -> None:
    """Refuse a link that is off or has not begun (404), has ended, expired or been taken down (410).

    `max_clicks` is decided later.
    """
    if link.taken_down_at is not None:
        raise LinkEnded("This link was taken down.", reason="taken_down")
    if not link.enabled or (link.scheduled_start_at is not None and now < link.scheduled_start_at):
        raise LinkNotFound
    if link.expires_at is not None and now >= link.expires_at:
        raise LinkExpired(f"This link expired at {iso(link.expires_at)}.", expiredAt=iso(link.expires_at))
    if link.scheduled_end_at is not None and now >= link.scheduled_end_at:
        raise LinkEnded(f"This link ended at {iso(link.scheduled_end_at)}.", reason="schedule")


def check_not_used_up(link: Link) -> None:
    """As far as the row at hand tells; what is left is decided when a click is stored."""
    if link.max_clicks is not None and link.used_clicks >= link.max_clicks:
        raise used_up(link)


def used_up(link: Link) -> LinkEnded:
    return LinkEnded(f"This link was good for {link.max_clicks} clicks, and they are used up.", reason="max_clicks")


def matching_rule(link: Link, *, country: str, device: str, source: str) -> RoutingRule | None:
    """The rule with the lowest priority number that holds; among equals the first written."""
    holding = (rule for rule in link.routing_rules if rule.when.holds(country=country, device=device, source=source))
    return min(holding, key=lambda rule: rule.priority, default=None)
