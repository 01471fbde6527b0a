"""Keeping what was seen: every change of a verdict's code, and every alarm about the split."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from funnelproof.audit.act import Act
from funnelproof.campaigns import history
from funnelproof.campaigns.campaign import CampaignRef
from funnelproof.clock import Micros
from funnelproof.errors import Problem
from funnelproof.notifications.outbox import announce
from funnelproof.notifications.webhook import Event
from funnelproof.results import store, subject
from funnelproof.results.split import DIMENSIONS, most_off
from funnelproof.results.store import Alarm, Look
from funnelproof.results.weigh import Results, weigh
from funnelproof.storage.database import Transaction

AT_ONCE = 5
BEFORE_ALL: CampaignRef = ("", "")


class NoOpenAlarm(Problem):
    """No alarm about the split of this test is open."""

    kind, code, title = "conflict", "no_open_alarm", "No alarm is open"


def look(tx: Transaction, handle: str, campaign_id: str, *, now: Micros) -> Results:
    """Weigh a live test, and keep what is new about it. The campaign is locked, so that two looks do not cross."""
    found = weigh(tx, subject.live(tx, handle, campaign_id, now=now, to_change=True))
    if not found.has_news:
        return found
    for alarm in found.new_alarms:
        store.raise_alarm(tx, found.subject.ref, found.subject.epoch, _with_slice(tx, found, alarm))
    if found.last_look is None or found.last_look.code != found.verdict.code:
        number = found.last_look.number + 1 if found.last_look else 1
        kept = Look(number, now, found.verdict.code.value, counts_of(found))
        store.add_look(tx, found.subject.ref, found.subject.epoch, kept)
        before = found.last_look.code if found.last_look else None
        fact = {"campaignId": campaign_id, "from": before, "to": kept.code}
        announce(tx, handle, Event.VERDICT_CHANGED, [fact], at=now)
    return weigh(tx, found.subject)


def counts_of(results: Results) -> list[dict[str, Any]]:
    """What had been counted at a look."""
    cells = [(own.variant_id, results.counts.of(own.number)) for own in results.variants]
    return [
        {
            "variantId": variant_id,
            "visitors": cell.visitors,
            "converters": cell.converters,
            "conversions": cell.conversions,
        }
        for variant_id, cell in cells
    ]


def close_alarm(tx: Transaction, handle: str, campaign_id: str, *, reason: str, act: Act) -> Results:
    """A person has looked and says why the test may be read. What is closed does not come again in its phase."""
    found = look(tx, handle, campaign_id, now=act.at)
    ref, epoch = found.subject.ref, found.subject.epoch
    if not store.close_alarms(tx, ref, epoch, at=act.at, by=act.actor, reason=reason):
        raise NoOpenAlarm
    history.write(
        tx,
        found.subject.campaign,
        at=act.at,
        act="alarm_closed",
        actor=act.actor,
        reason=reason,
        request_id=act.request_id,
    )
    return look(tx, handle, campaign_id, now=act.at)


@dataclass(slots=True)
class Watch:
    """A timed look at every running test, a few at a time, so that no transaction is long."""

    now: Callable[[], Micros]
    _last: CampaignRef = field(default=BEFORE_ALL)

    def __call__(self, tx: Transaction) -> int:
        """Answer how many were looked at; 0 when all have been, and the next call begins again."""
        found = store.running(tx, self._last, AT_ONCE)
        self._last = found[-1] if found else BEFORE_ALL
        for handle, campaign_id in found:
            look(tx, handle, campaign_id, now=self.now())
        return len(found)


def _with_slice(tx: Transaction, results: Results, alarm: Alarm) -> Alarm:
    """The alarm with the part of the visitors that is off most: where to look first."""
    at = results.subject
    split = next(split for split in results.counts.splits if split.phase == alarm.phase)
    sliced: dict[str, dict[str, dict[int, int]]] = {}
    for dimension in DIMENSIONS:
        values = sliced.setdefault(dimension, {})
        for row in store.sliced_entries(tx, at.ref, at.world, (at.epoch, split.phase), dimension):
            values.setdefault(row["value"], {})[row["variant"]] = row["entered"]
    worst = most_off(sliced, split)
    told: Mapping[str, Any] | None = None
    if worst is not None:
        told = {name: getattr(worst, name) for name in ("dimension", "value", "entries", "share")}
    return replace(alarm, evidence={**alarm.evidence, "slice": told})
