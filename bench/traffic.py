"""Made-up traffic, column by column: who clicks when and from where, who comes again, who buys. It hangs on a seed.

Visitors stand in the order of the ledger's key, clicks and conversions in the order of time.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from funnelproof.clock import DAY, HOUR, MINUTE, SECOND, Micros

Column = np.ndarray[Any, np.dtype[Any]]

DAYS = 60
CONVERSIONS_PER_EVENT = 0.05
BUSY_SHARE = 0.9
BOT_SHARE = 0.04
DAILY_SHARE = 0.05
REPORTS_ARRIVAL = 0.85
WINDOW: Micros = 30 * DAY
MAX_VALUE_MINOR = 200_000
BUSY_SLUGS = 6
RHYTHM = (2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 9, 10, 9, 8, 8, 9, 10, 12, 14, 15, 12, 8, 4)
"""How busy each hour of a day is, UTC."""

COUNTRIES = ("DE", "NL", "AT", "CH", "FR", "GB", "US", "ES", "IT", "PL", "SE", "ZZ")
DEVICES = ("MOBILE", "DESKTOP", "TABLET", "BOT")
SOURCES = ("mail", "instagram", "google", "youtube", "partner", "podcast", "direct")
REFERRERS = ("direct", *(f"site{number:02d}.example" for number in range(1, 25)))
PRICES = (990, 1990, 2499, 4990, 9900)
COUNTED, OTHER_EVENT, OUT_OF_WINDOW, HELD = range(4)
BOT = DEVICES.index("BOT")


@dataclass(frozen=True, slots=True)
class Visitors:
    """`first` is the place of the first click. A bot is a visitor of one click that no ledger knows."""

    campaign: Column
    key: Column
    is_bot: Column
    is_daily: Column
    variant: Column
    country: Column
    device: Column
    first: Column
    arrived_at: Column


@dataclass(frozen=True, slots=True)
class Clicks:
    """`without_tag`: no utm_campaign came along."""

    at: Column
    visitor: Column
    slug: Column
    source: Column
    referrer: Column
    without_tag: Column
    is_first: Column
    tail: Column


@dataclass(frozen=True, slots=True)
class Conversions:
    at: Column
    click: Column
    value: Column
    disposition: Column
    tail: Column


@dataclass(frozen=True, slots=True)
class Traffic:
    """`since` is when the first day began, `now` when the last click could come."""

    since: Micros
    now: Micros
    campaigns: int
    visitors: Visitors
    clicks: Clicks
    conversions: Conversions

    @property
    def events(self) -> int:
        return len(self.clicks.at) + len(self.conversions.at)


def make_traffic(events: int, *, seed: int, campaigns: int, now: Micros) -> Traffic:
    """`campaigns` beside the busy one, which is number 0 and holds nine events of ten."""
    rng = np.random.default_rng(seed)
    since = (now - DAYS * DAY) // DAY * DAY
    orders = round(events * CONVERSIONS_PER_EVENT)
    clicks, visitors = _clicks(rng, events - orders, campaigns, since=since, now=now)
    conversions = _conversions(rng, orders, clicks, visitors, now)
    first_order = np.full(len(visitors.key), now + 1)
    np.minimum.at(first_order, clicks.visitor[conversions.click], conversions.at)
    arrived = np.where(visitors.arrived_at > 0, visitors.arrived_at, now + 1)
    visitors.arrived_at[:] = np.where(np.minimum(arrived, first_order) <= now, np.minimum(arrived, first_order), 0)
    return Traffic(since, now, campaigns + 1, visitors, clicks, conversions)


def slugs_of(campaign: int) -> list[int]:
    """Numbers of a campaign's links, over all campaigns."""
    return list(range(BUSY_SLUGS)) if campaign == 0 else [BUSY_SLUGS - 1 + campaign]


def _clicks(
    rng: np.random.Generator, count: int, campaigns: int, *, since: Micros, now: Micros
) -> tuple[Clicks, Visitors]:
    bots = round(count * BOT_SHARE)
    times = rng.choice(4, size=count - bots, p=(0.80, 0.13, 0.05, 0.02)) + 1
    people = int(np.searchsorted(np.cumsum(times), count - bots)) + 1
    times = times[:people]
    times[-1] -= int(times.sum()) - (count - bots)
    is_bot = np.concatenate([np.zeros(people, bool), np.ones(bots, bool)])
    times = np.concatenate([times, np.ones(bots, times.dtype)])
    campaign, key = _places(rng, len(times), campaigns)
    shuffle = rng.permutation(len(times))
    is_bot, times = is_bot[shuffle], times[shuffle]
    is_daily = (rng.random(len(times)) < DAILY_SHARE) & (times == 1) & ~is_bot
    at, visitor = _moments(rng, times, since=since, now=now)
    first = np.unique(visitor, return_index=True)[1]
    is_first = np.zeros(count, bool)
    is_first[first] = True
    first_at = at[first]
    reports = (rng.random(len(times)) < REPORTS_ARRIVAL) & ~is_bot
    visitors = Visitors(
        campaign=campaign,
        key=key,
        is_bot=is_bot,
        is_daily=is_daily,
        variant=rng.integers(1, 3, len(times), dtype=np.int8),
        country=_skewed(rng, len(COUNTRIES), len(times)),
        device=np.where(is_bot, BOT, _skewed(rng, BOT, len(times))).astype(np.int8),
        first=first,
        arrived_at=np.where(reports, first_at + rng.integers(SECOND, 20 * SECOND, len(times)) // 1000 * 1000, 0),
    )
    own = campaign[visitor]
    clicks = Clicks(
        at=at,
        visitor=visitor,
        slug=np.where(own == 0, _skewed(rng, BUSY_SLUGS, count), BUSY_SLUGS - 1 + own).astype(np.int16),
        source=_skewed(rng, len(SOURCES), count),
        referrer=_skewed(rng, len(REFERRERS), count),
        without_tag=rng.random(count) < 0.03,
        is_first=is_first,
        tail=rng.integers(0, 256, (count, 10), dtype=np.uint8),
    )
    return clicks, visitors


def _places(rng: np.random.Generator, count: int, campaigns: int) -> tuple[Column, Column]:
    """Campaign and key of each visitor, in the ledger's order."""
    share = rng.random(campaigns) + 0.05
    shares = np.concatenate([[BUSY_SHARE], (1 - BUSY_SHARE) * share / share.sum()]) if campaigns else np.ones(1)
    campaign = np.sort(rng.choice(campaigns + 1, size=count, p=shares)).astype(np.int16)
    key = rng.integers(0, 1 << 63, count, dtype=np.uint64)
    return campaign, key[np.lexsort((key, campaign))]


def _moments(rng: np.random.Generator, times: Column, *, since: Micros, now: Micros) -> tuple[Column, Column]:
    """(at, visitor) of each click, in the order of time; those who come again come soon."""
    end = now - 2 * MINUTE
    hours = rng.choice(24, size=len(times), p=np.array(RHYTHM) / sum(RHYTHM))
    begin = since + rng.integers(0, DAYS + 1, len(times)) * DAY + hours * HOUR + rng.integers(0, HOUR, len(times))
    begin = np.where(begin < end, begin, since + (begin - since) % (end - since)) // 1000 * 1000
    visitor = np.repeat(np.arange(len(times), dtype=np.int32), times)
    place = np.arange(len(visitor)) - np.repeat(np.cumsum(times) - times, times)
    later = (end - begin[visitor]) * rng.random(len(visitor)) ** 6
    at = begin[visitor] + np.where(place > 0, later // 1000 * 1000 + place * SECOND, 0).astype(np.int64)
    order = np.argsort(at, kind="stable")
    return at[order], visitor[order]


def _conversions(rng: np.random.Generator, count: int, clicks: Clicks, visitors: Visitors, now: Micros) -> Conversions:
    """Most come within the hour; some later than the window, of another event, or too large to be believed."""
    chosen = rng.choice(np.flatnonzero(~visitors.is_bot[clicks.visitor]), size=count)
    since = clicks.at[chosen]
    usual = (rng.lognormal(np.log(25 * 60), 1.5, count) * SECOND).astype(np.int64) + 30 * SECOND
    late = (rng.random(count) < 0.02) & (since + WINDOW + DAY < now)
    delay = np.where(late, WINDOW + (rng.random(count) * DAY * 0.9).astype(np.int64) + SECOND, usual)
    room = now - since
    delay = np.where(delay < room, delay, (room * (0.3 + 0.6 * rng.random(count))).astype(np.int64)) // 1000 * 1000
    kind = np.where(delay > WINDOW, OUT_OF_WINDOW, COUNTED)
    kind = np.where((kind == COUNTED) & (rng.random(count) < 0.001), HELD, kind)
    kind = np.where(rng.random(count) < 0.02, OTHER_EVENT, kind).astype(np.int8)
    value = np.array(PRICES)[_skewed(rng, len(PRICES), count)] * rng.integers(1, 4, count)
    value = np.where(kind == HELD, MAX_VALUE_MINOR + value, value)
    at = since + delay
    order = np.argsort(at, kind="stable")
    tail = rng.integers(0, 256, (count, 10), dtype=np.uint8)
    return Conversions(at[order], chosen[order], value[order], kind[order], tail)


def _skewed(rng: np.random.Generator, values: int, count: int) -> Column:
    """Each value half as frequent again as the next."""
    weights = 1.5 ** -np.arange(values)
    return rng.choice(values, size=count, p=weights / weights.sum()).astype(np.int8)
