"""Evidence for campaigns of one handle, gathered in one read: the same few statements for one campaign or a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from funnelproof.campaigns.campaign import Campaign
from funnelproof.clock import HOUR, SECOND, Micros, local_day
from funnelproof.conversions.conversion import Disposition
from funnelproof.handles.handle import Handle
from funnelproof.health import counters, store
from funnelproof.health.checks.receipts import sentences_of
from funnelproof.health.checks.split import arrival_p_values, differs
from funnelproof.health.counters import Stretch
from funnelproof.health.evidence import (
    Day,
    Evidence,
    Held,
    LastClick,
    Lately,
    PhaseEvidence,
    ReceiptEvidence,
    Recent,
    ReusedKey,
    Sales,
)
from funnelproof.health.place import Place
from funnelproof.health.store import Newest
from funnelproof.links.link import Link
from funnelproof.proofs.digest import Configuration, configuration_of, digest_of
from funnelproof.proofs.receipt import StandingReceipt
from funnelproof.storage.database import Transaction
from funnelproof.tallies.move import QUARTER
from funnelproof.worlds.world import LIVE

DAY_OF_QUARTERS, SIX_HOURS_OF_QUARTERS = 96, 24
LOOK_BACK_DAYS = 28
USUAL_DELAY: Micros = HOUR
DELAYS_NEEDED = 10
NOTHING_NEW = Newest(None, None, None, None)


@dataclass(frozen=True, slots=True)
class Subject:
    """A campaign to examine. `config_digest` None: that of the campaign and link as they are handed in."""

    campaign: Campaign
    link: Link | None
    config_digest: str | None = None


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


def gather(
    tx: Transaction, handle: Handle, world: str, subjects: Sequence[Subject], *, at: Micros, checked_at: Micros
) -> list[Evidence]:
    """Evidence for each subject, in their order."""
    if not subjects:
        return []
    place = Place(handle.handle, world, tuple(own.campaign.campaign_id for own in subjects))
    moment = Moment(at, checked_at, handle.zone_at(at))
    return _Gathering(tx, place, moment, subjects).evidence()


class _Gathering:
    def __init__(self, tx: Transaction, place: Place, moment: Moment, subjects: Sequence[Subject]) -> None:
        self.tx, self.place, self.moment, self.subjects = tx, place, moment, subjects
        quarter = moment.quarter
        self.digests = {own.campaign.campaign_id: _digest(own) for own in subjects}
        self.newest = store.newest(tx, place)
        self.lately = counters.amounts(tx, place, quarter - DAY_OF_QUARTERS + 1, quarter)
        self.days = counters.days(tx, place, last_days(moment.today, 2 * LOOK_BACK_DAYS))
        self.flows = counters.flows(tx, place, last_days(moment.today, LOOK_BACK_DAYS))
        self.phases = self._phases()
        self.recent = {
            id_: store.recent(tx, place, id_) for id_, own in self.newest.items() if own.conversion_id is not None
        }
        self.links_without_ctx = store.links_without_ctx(tx, place)
        self.last_clicks = self._last_clicks()
        self.sales = self._sales()
        self.receipts = self._receipts()
        self.stored_at = store.newest_stored(tx, place)

    def evidence(self) -> list[Evidence]:
        return [self._evidence(own) for own in self.subjects]

    def _evidence(self, own: Subject) -> Evidence:
        id_ = own.campaign.campaign_id
        newest, lately = self.newest.get(id_, NOTHING_NEW), Lately(self.lately.get(id_, {}))
        return Evidence(
            campaign=own.campaign,
            link=own.link,
            at=self.moment.at,
            checked_at=self.moment.checked_at,
            config_digest=self.digests[id_],
            today=self.moment.today,
            is_live=self.place.world == LIVE,
            lately=lately,
            links_without_ctx=self.links_without_ctx.get(id_, frozenset()),
            last_click=self.last_clicks.get(id_),
            days=tuple(self.days.get(id_, ())),
            flows=self.flows.get(id_, {}),
            recent=self.recent.get(id_, ()),
            sales=self.sales.get(id_, Sales()),
            phases=self.phases[id_],
            sdk_seen=self._sdk_seen(own.campaign, lately),
            receipts=self.receipts.get(id_, {}),
            held=store.held(self.tx, self.place, id_, newest.held_since) if newest.held_since is not None else Held(),
            busy_clicks=store.busy_clicks(self.tx, self.place, id_) if newest.most_uses is not None else {},
            reused_keys=self._reused_keys(id_, lately),
            stored_at=self.stored_at,
            # An answer leaves only after its commit, so whatever was accepted is stored.
            accepted_at=self.stored_at,
        )

    def _phases(self) -> dict[str, tuple[PhaseEvidence, ...]]:
        """Phases of each campaign's present epoch, the oldest first."""
        entries, splits = counters.entries(self.tx, self.place), counters.splits(self.tx, self.place)
        found: dict[str, tuple[PhaseEvidence, ...]] = {}
        for own in self.subjects:
            ref = (own.campaign.campaign_id, own.campaign.epoch)
            keys = sorted(key for key in entries.keys() | splits.keys() if key[:2] == ref)
            found[ref[0]] = tuple(PhaseEvidence(key[2], splits.get(key), entries.get(key, {})) for key in keys)
        return found

    def _last_clicks(self) -> dict[str, LastClick]:
        """How many came before is read only where there is a silence to explain; else the last day's sum is at hand."""
        last = {id_: own.click_quarter for id_, own in self.newest.items() if own.click_quarter is not None}
        silent = {id_: quarter for id_, quarter in last.items() if quarter < self.moment.quarter - 1}
        sums = counters.summed(self.tx, self.place, [own for item in silent.items() for own in before(*item)])
        found: dict[str, LastClick] = {}
        for id_, quarter in last.items():
            lately = Lately(self.lately.get(id_, {})).total("clicks")
            day, six_hours = (sums.get(own, 0) for own in before(id_, quarter)) if id_ in silent else (lately, None)
            found[id_] = LastClick((quarter + 1) * QUARTER, day, six_hours)
        return found

    def _sales(self) -> dict[str, Sales]:
        """Whole days come from the day tallies; only the day that holds the end is read by quarter hours."""
        ends = {own.campaign.campaign_id: self._sales_end(own.campaign) for own in self.subjects}
        rest = {id_: Stretch(id_, "qualified", *end.quarters) for id_, end in ends.items() if id_ in self.days}
        sums = counters.summed(self.tx, self.place, rest.values())
        return {
            id_: sales_of(self.days.get(id_, ()), end, sums.get(rest[id_], 0) if id_ in rest else 0)
            for id_, end in ends.items()
        }

    def _sales_end(self, campaign: Campaign) -> "SalesEnd":
        goals = goal_conversions(campaign, self.recent.get(campaign.campaign_id, ()))
        last_at = goals[0].received_at if goals else None
        return SalesEnd.of(self.moment, delay=usual_delay(goals), last_at=last_at)

    def _sdk_seen(self, campaign: Campaign, lately: Lately) -> bool:
        """The day before tells it for nothing; four weeks are searched only where an alarm hangs on it."""
        if lately.total("arrived") > 0:
            return True
        control, phases = campaign.control, self.phases[campaign.campaign_id]
        if control is None or not any(own.arrived for phase in phases for own in phase.entries.values()):
            return False
        others = [variant.number for variant in campaign.variants if variant.number != control.number]
        if not any(differs(p_value) for p_value in arrival_p_values(phases, control.number, others)):
            return False
        since = self.moment.quarter - LOOK_BACK_DAYS * DAY_OF_QUARTERS
        return counters.was_counted(self.tx, self.place, campaign.campaign_id, "arrived", since)

    def _reused_keys(self, id_: str, lately: Lately) -> tuple[ReusedKey, ...]:
        if lately.total("key_reused") <= 0:
            return ()
        return counters.reused_keys(self.tx, self.place, id_, self.moment.quarter - DAY_OF_QUARTERS + 1)

    def _receipts(self) -> dict[str, dict[int, ReceiptEvidence]]:
        standing = store.standing_receipts(self.tx, self.place)
        stale = {
            receipt.run_id
            for id_, receipts in standing.items()
            for receipt in receipts.values()
            if receipt.config_digest != self.digests[id_]
        }
        tested = store.tested_configurations(self.tx, self.place.handle, stale)
        return {
            own.campaign.campaign_id: _with_changes(own, standing.get(own.campaign.campaign_id, {}), tested)
            for own in self.subjects
        }


def _digest(own: Subject) -> str:
    return own.config_digest or digest_of(configuration_of(own.campaign, own.link))


def _with_changes(
    own: Subject, standing: Mapping[int, StandingReceipt], tested: Mapping[str, Configuration]
) -> dict[int, ReceiptEvidence]:
    if not any(receipt.run_id in tested for receipt in standing.values()):
        return {number: ReceiptEvidence(receipt) for number, receipt in standing.items()}
    now = configuration_of(own.campaign, own.link)
    changed = {run_id: sentences_of(configuration, now, own.campaign) for run_id, configuration in tested.items()}
    return {number: ReceiptEvidence(receipt, changed.get(receipt.run_id, ())) for number, receipt in standing.items()}


def before(campaign_id: str, quarter: int) -> tuple[Stretch, Stretch]:
    """The 24 and the 6 hours up to a quarter hour, itself included."""
    day, six_hours = (quarter - count + 1 for count in (DAY_OF_QUARTERS, SIX_HOURS_OF_QUARTERS))
    return Stretch(campaign_id, "clicks", day, quarter), Stretch(campaign_id, "clicks", six_hours, quarter)


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
