"""Evidence for campaigns of one handle, gathered in one read: the same few statements for one campaign or a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from funnelproof.campaigns.campaign import Campaign
from funnelproof.clock import DAY, Micros
from funnelproof.handles.handle import Handle
from funnelproof.health import counters, store
from funnelproof.health.checks.receipts import sentences_of
from funnelproof.health.checks.split import arrival_p_values, differs
from funnelproof.health.counters import Stretch
from funnelproof.health.evidence import (
    Evidence,
    Held,
    LastClick,
    Lately,
    PageEvidence,
    PhaseEvidence,
    ReceiptEvidence,
    ReusedKey,
    Sales,
    WalkEvidence,
)
from funnelproof.health.place import Place
from funnelproof.health.since import (
    LOOK_BACK_DAYS,
    Moment,
    SalesEnd,
    goal_conversions,
    last_days,
    last_goal_at,
    sales_of,
    usual_delay,
)
from funnelproof.health.store import Newest
from funnelproof.health.tag_policy import tag_breaches
from funnelproof.links.link import Link
from funnelproof.notifications import store as notifications
from funnelproof.notifications.outbox import wanted_events
from funnelproof.notifications.webhook import MOST_PER_HANDLE, Webhook
from funnelproof.pages import store as pages
from funnelproof.pages.sound import soundness
from funnelproof.probing import store as probes
from funnelproof.probing.destinations import destinations_of
from funnelproof.probing.finding import Finding
from funnelproof.proofs.digest import Configuration, changes_between, configuration_of, digest_of
from funnelproof.proofs.receipt import StandingReceipt
from funnelproof.storage.database import Transaction
from funnelproof.tags.write import policy_in_force
from funnelproof.tallies.move import QUARTER
from funnelproof.walks import store as walks
from funnelproof.worlds.world import LIVE

DAY_OF_QUARTERS, SIX_HOURS_OF_QUARTERS = 96, 24
NOTHING_NEW = Newest(None, None, None, None)


@dataclass(frozen=True, slots=True)
class Subject:
    """A campaign to examine. `config_digest` None: that of the campaign and link as they are handed in."""

    campaign: Campaign
    link: Link | None
    config_digest: str | None = None


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
        self.pages = pages.facts_of(tx, place.handle, place.ids)
        self.webhooks = self._webhooks()
        self.tag_policy = policy_in_force(tx, place.handle).policy
        self.digests = {own.campaign.campaign_id: self._digest(own) for own in subjects}
        self.newest = store.newest(tx, place)
        self.lately = counters.amounts(tx, place, quarter - DAY_OF_QUARTERS + 1, quarter)
        self.flows = counters.flows(tx, place, last_days(moment.today, LOOK_BACK_DAYS))
        self.phases = self._phases()
        self.recent = {
            id_: store.recent(tx, place, id_) for id_, own in self.newest.items() if own.conversion_id is not None
        }
        self.days = counters.days(tx, place, last_days(moment.today, self._days_back()))
        self.links_without_ctx = store.links_without_ctx(tx, place)
        self.last_clicks = self._last_clicks()
        self.sales = self._sales()
        self.receipts = self._receipts()
        self.walks = self._walks()
        self.probes = self._probes()
        self.waiting = store.waiting(tx, place, moment.at)
        self.stored_at = store.newest_stored(tx, place)

    def _days_back(self) -> int:
        """Four weeks, and before them as long as a campaign of these has had no conversion, at most twice as many."""
        lasts = [last_goal_at(own.campaign, self.recent) for own in self.subjects]
        longest = max((self.moment.at - at for at in lasts if at is not None), default=0)
        return LOOK_BACK_DAYS + min(LOOK_BACK_DAYS, max(0, -(-longest // DAY)))

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
            walks=self.walks.get(id_, {}),
            held=store.held(self.tx, self.place, id_, newest.held_since) if newest.held_since is not None else Held(),
            waiting=self.waiting,
            busy_clicks=store.busy_clicks(self.tx, self.place, id_) if newest.most_uses is not None else {},
            reused_keys=self._reused_keys(id_, lately),
            page=self._page(id_),
            webhooks=self.webhooks,
            tag_breaches=tag_breaches(self.tx, own.campaign, self.tag_policy),
            probes=self.probes,
            stored_at=self.stored_at,
            # An answer leaves only after its commit, so whatever was accepted is stored.
            accepted_at=self.stored_at,
        )

    def _phases(self) -> dict[str, tuple[PhaseEvidence, ...]]:
        """Phases of each campaign's present epoch, the oldest first."""
        entries, splits = counters.entries(self.tx, self.place), counters.splits(self.tx, self.place)
        alarms = counters.alarms(self.tx, self.place) if self.place.world == LIVE else {}
        found: dict[str, tuple[PhaseEvidence, ...]] = {}
        for own in self.subjects:
            ref = (own.campaign.campaign_id, own.campaign.epoch)
            keys = sorted(key for key in entries.keys() | splits.keys() if key[:2] == ref)
            found[ref[0]] = tuple(
                PhaseEvidence(key[2], splits.get(key), entries.get(key, {}), alarms.get(key)) for key in keys
            )
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

    def _sales_end(self, campaign: Campaign) -> SalesEnd:
        goals = goal_conversions(campaign, self.recent.get(campaign.campaign_id, ()))
        return SalesEnd.of(self.moment, delay=usual_delay(goals), last_at=last_goal_at(campaign, self.recent))

    def _sdk_seen(self, campaign: Campaign, lately: Lately) -> bool:
        """The day before tells it for nothing; all that is kept is searched only where an alarm hangs on it."""
        if lately.total("arrived") > 0:
            return True
        control, phases = campaign.control, self.phases[campaign.campaign_id]
        if control is None or not any(own.arrived for phase in phases for own in phase.entries.values()):
            return False
        others = [variant.number for variant in campaign.variants if variant.number != control.number]
        if not any(differs(p_value) for p_value in arrival_p_values(phases, control.number, others)):
            return False
        return counters.was_counted(self.tx, self.place, campaign.campaign_id, "arrived")

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
            own.campaign.campaign_id: self._with_changes(own, standing.get(own.campaign.campaign_id, {}), tested)
            for own in self.subjects
        }

    def _walks(self) -> dict[str, dict[int, WalkEvidence]]:
        """By campaign and variant; a run has none of its own."""
        found: dict[str, dict[int, WalkEvidence]] = {}
        standing = walks.standing(self.tx, self.place.handle, self.place.ids) if self.place.world == LIVE else []
        for walk in sorted(standing, key=lambda walk: walk.walk_id):
            own = found.setdefault(walk.campaign_id, {})
            before = own.get(walk.variant, WalkEvidence())
            own[walk.variant] = WalkEvidence(walk, before.returned if walk.returned_at is None else walk)
        return found

    def _webhooks(self) -> tuple[Webhook, ...]:
        """Those of the handle; a run sends nothing to any."""
        if self.place.world != LIVE:
            return ()
        return tuple(notifications.of_handle(self.tx, self.place.handle, limit=MOST_PER_HANDLE))

    def _probes(self) -> dict[str, Finding]:
        """Of all destinations of these campaigns; what is found out about an address holds in a run as well."""
        led = [destinations_of(own.campaign, own.link) for own in self.subjects if own.link is not None]
        return probes.of_destinations(self.tx, self.place.handle, {url for own in led for url in own.values()})

    def _with_changes(
        self, own: Subject, standing: Mapping[int, StandingReceipt], tested: Mapping[str, Configuration]
    ) -> dict[int, ReceiptEvidence]:
        if not any(receipt.run_id in tested for receipt in standing.values()):
            return {number: ReceiptEvidence(receipt) for number, receipt in standing.items()}
        now = self._configuration(own)
        changes = {run_id: tuple(changes_between(before, now)) for run_id, before in tested.items()}
        found = {number: (receipt, changes.get(receipt.run_id, ())) for number, receipt in standing.items()}
        return {
            number: ReceiptEvidence(receipt, sentences_of(own_changes, own.campaign), own_changes)
            for number, (receipt, own_changes) in found.items()
        }

    def _digest(self, own: Subject) -> str:
        return own.config_digest or digest_of(self._configuration(own))

    def _configuration(self, own: Subject) -> Configuration:
        page, events = self.pages.get(own.campaign.campaign_id), wanted_events(self.webhooks)
        return configuration_of(own.campaign, own.link, page, events=events, tag_policy=self.tag_policy)

    def _page(self, id_: str) -> PageEvidence | None:
        facts = self.pages.get(id_)
        return PageEvidence(facts, soundness(self.tx, self.place.handle, id_, facts)) if facts else None


def before(campaign_id: str, quarter: int) -> tuple[Stretch, Stretch]:
    """The 24 and the 6 hours up to a quarter hour, itself included."""
    day, six_hours = (quarter - count + 1 for count in (DAY_OF_QUARTERS, SIX_HOURS_OF_QUARTERS))
    return Stretch(campaign_id, "clicks", day, quarter), Stretch(campaign_id, "clicks", six_hours, quarter)
