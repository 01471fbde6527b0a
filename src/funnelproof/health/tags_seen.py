"""Planned against observed: which tags a link was meant to bring, which arrived with its clicks, and since when not."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from funnelproof.campaigns import store as campaigns
from funnelproof.clock import DAY, Micros
from funnelproof.health.counters import total
from funnelproof.health.place import rows_of
from funnelproof.links import store as links
from funnelproof.links.link import UTM_TAGS, Link
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import quarter_tallies
from funnelproof.tallies.move import QUARTER
from funnelproof.worlds.world import LIVE

CLICKS, MISSING = "qualified", "missing_tag"
Series = Mapping[int, int]
"""Amounts by quarter hour."""


@dataclass(frozen=True, slots=True)
class TagSeen:
    """`planned` is the link's own value, which stands in for a tag that a click lacks. Times are of quarter hours.

    `clicks` and `without` are None of a tag that the campaign does not require: nobody counts those.
    """

    tag: str
    planned: str | None
    required: bool
    clicks: int | None
    without: int | None
    last_arrived_at: Micros | None
    missing_since: Micros | None


@dataclass(frozen=True, slots=True)
class LinkSeen:
    slug: str
    clicks: int
    tags: tuple[TagSeen, ...]


@dataclass(frozen=True, slots=True)
class TagsSeen:
    since: Micros
    required: tuple[str, ...]
    links: tuple[LinkSeen, ...]


def tags_seen(tx: Transaction, handle: str, campaign_id: str, *, now: Micros, days: int) -> TagsSeen:
    """Of clicks by people in these days, link by link. Raises `NoSuchCampaign`."""
    campaign = campaigns.get(tx, handle, campaign_id)
    first = (now - days * DAY) // QUARTER + 1
    counted = _counted(tx, handle, campaign_id, first)
    own = links.of_campaign(tx, handle, campaign_id)
    seen = tuple(_link(link, campaign.required_tags, counted) for link in sorted(own, key=lambda link: link.slug))
    return TagsSeen(first * QUARTER, campaign.required_tags, seen)


def _counted(tx: Transaction, handle: str, campaign_id: str, first: int) -> dict[tuple[str, str], dict[int, int]]:
    """By (subject, name), amounts by quarter hour."""
    of = quarter_tallies.c
    where = (of.handle == handle, of.world == LIVE, of.campaign_id == campaign_id, of.quarter >= first)
    keys = (of.subject, of.name, of.quarter)
    statement = select(*keys, total(of.amount)).where(*where, of.subject.in_((CLICKS, MISSING))).group_by(*keys)
    found: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for subject, name, quarter, amount in rows_of(tx, statement):
        found[subject, name][quarter] = amount
    return found


def _link(link: Link, required: Iterable[str], counted: Mapping[tuple[str, str], Series]) -> LinkSeen:
    clicks = counted.get((CLICKS, link.slug), {})
    names = dict.fromkeys([*required, *(name for name in UTM_TAGS if name in link.tracking)])
    seen = tuple(
        _tag(name, link.tracking.get(name), clicks, counted.get((MISSING, f"{link.slug} {name}"), {}))
        if name in required
        else TagSeen(name, link.tracking.get(name), required=False, clicks=None, without=None, **NOT_COUNTED)
        for name in names
    )
    return LinkSeen(link.slug, sum(clicks.values()), seen)


NOT_COUNTED: dict[str, None] = {"last_arrived_at": None, "missing_since": None}


def _tag(name: str, planned: str | None, clicks: Series, missing: Series) -> TagSeen:
    """It arrived in a quarter hour if any click had it there; since then, the first click without it."""
    arrived = [quarter for quarter, amount in clicks.items() if amount > missing.get(quarter, 0)]
    last = max(arrived, default=None)
    later = [quarter for quarter in missing if missing[quarter] > 0 and (last is None or quarter > last)]
    since = min(later, default=None)
    return TagSeen(
        tag=name,
        planned=planned,
        required=True,
        clicks=sum(clicks.values()),
        without=sum(missing.values()),
        last_arrived_at=None if last is None else last * QUARTER,
        missing_since=None if since is None else since * QUARTER,
    )
