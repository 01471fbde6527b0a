"""Which clicks should have converted by now: those since the last conversion that are older than it usually takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from funnelproof.campaigns.campaign import Campaign
from funnelproof.clock import HOUR, SECOND, Micros, local_day
from funnelproof.conversions.conversion import Disposition
from funnelproof.health.evidence import Day, Recent, Sales
from funnelproof.tallies.move import QUARTER

LOOK_BACK_DAYS = 28
USUAL_DELAY: Micros = HOUR
DELAYS_NEEDED = 10


@dataclass(frozen=True, slots=True)
class Moment:
    """`at` is the world's time, `checked_at` the real one, by which receipts age."""

    at: Micros
    checked_at: Micros
    zone: str

    @property
    def today(self) -> str:
        return local_day(self.at, self.zone)

    @property
    def quarter(self) -> int:
        return self.at // QUARTER


@dataclass(frozen=True, slots=True)
class SalesEnd:
    """Up to when clicks should have converted: `now − delay`, its local day, and the quarters of that day to count."""

    last_at: Micros | None
    last_day: str | None
    delay: Micros
    day: str
    quarters: tuple[int, int]
    today: str

    @classmethod
    def of(cls, moment: Moment, *, delay: Micros, last_at: Micros | None) -> "SalesEnd":
        end = moment.at - delay
        begin = max(midnight(end, moment.zone), last_at if last_at is not None else 0)
        return cls(
            last_at=last_at,
            last_day=None if last_at is None else local_day(last_at, moment.zone),
            delay=delay,
            day=local_day(end, moment.zone),
            quarters=(-(-begin // QUARTER), end // QUARTER - 1),
            today=moment.today,
        )


def sales_of(days: Sequence[Day], end: SalesEnd, on_the_last_day: int) -> Sales:
    since = [day for day in days if (end.last_day is None or day.day > end.last_day) and day.day < end.day]
    until = end.last_day or end.today
    first = last_days(until, LOOK_BACK_DAYS)[0]
    before = [day for day in days if first <= day.day <= until]
    return Sales(
        last_at=end.last_at,
        delay=end.delay,
        clicks_since=sum(day.qualified_clicks for day in since) + on_the_last_day,
        clicks_before=sum(day.qualified_clicks for day in before),
        conversions_before=sum(day.conversions for day in before),
    )


def goal_conversions(campaign: Campaign, recent: Sequence[Recent]) -> list[Recent]:
    """The newest conversions of the goal, also those that are held or count no more: the path worked for them."""
    other = Disposition.OTHER_EVENT.value
    return [own for own in recent if own.disposition != other and own.event_type == campaign.event_type]


def last_goal_at(campaign: Campaign, recent: Mapping[str, Sequence[Recent]]) -> Micros | None:
    goals = goal_conversions(campaign, recent.get(campaign.campaign_id, ()))
    return goals[0].received_at if goals else None


def usual_delay(goals: Sequence[Recent]) -> Micros:
    """Median time from click to conversion, an hour until 10 are known."""
    if len(goals) < DELAYS_NEEDED:
        return USUAL_DELAY
    return max(0, int(median(own.occurred_at - own.clicked_at for own in goals)))


def last_days(today: str, count: int) -> list[str]:
    """Local days up to today, the oldest first."""
    last = datetime.fromisoformat(today).date()
    return [(last - timedelta(days=back)).isoformat() for back in range(count, -1, -1)]


def midnight(at: Micros, zone: str) -> Micros:
    """When the local day of a moment began."""
    place = ZoneInfo(zone)
    day = datetime.fromtimestamp(at // SECOND, place).date()
    return int(datetime.combine(day, time(), place).timestamp()) * SECOND
