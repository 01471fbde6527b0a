"""Releasing what is held: all of a stretch of time, in order of arrival, in slices that are one transaction each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from funnelproof.audit.act import Act
from funnelproof.campaigns import history
from funnelproof.clicks import store as visitors
from funnelproof.clock import DAY, Micros, iso
from funnelproof.conversions import store
from funnelproof.conversions.conversion import Conversion, Disposition
from funnelproof.conversions.count import count
from funnelproof.conversions.meet import apply_earlier
from funnelproof.conversions.setting import Setting, find_setting
from funnelproof.conversions.settle import settle
from funnelproof.links.ctx import Mode
from funnelproof.storage.database import Transaction
from funnelproof.tallies import store as tallies
from funnelproof.tallies.move import Moves

SLICE = 500
QUARTERS_KEPT: Micros = 30 * DAY


@dataclass(frozen=True, slots=True)
class Stretch:
    """Of live conversions that arrived at `since` or later, and before `until`."""

    handle: str
    since: Micros
    until: Micros


@dataclass(frozen=True, slots=True)
class Slice:
    """`after` is where the next slice begins, None after the last one. `left` stay held: their campaign is gone."""

    counted: int
    not_unique: int
    left: int
    after: store.Arrived | None


def release_slice(tx: Transaction, stretch: Stretch, *, after: store.Arrived | None, act: Act) -> Slice:
    """Try the next 500: each is COUNTED, or NOT_UNIQUE. Repeating it goes on where it stopped."""
    held = store.held_between(tx, stretch.handle, stretch.since, stretch.until, after=after, limit=SLICE)
    setting = find_setting(tx, (stretch.handle, Mode.LIVE, 0), {each.campaign_id for each in held})
    tried = [each for each in held if each.campaign_id in setting.campaigns]
    settled = _release(tx, setting, tried, act.at)
    _note(tx, setting, settled, stretch, act)
    counted = sum(each.disposition is Disposition.COUNTED for each in settled)
    last = (held[-1].received_at, held[-1].conversion_id) if len(held) == SLICE else None
    return Slice(counted, len(settled) - counted, len(held) - len(tried), last)


def _release(tx: Transaction, setting: Setting, held: Sequence[Conversion], now: Micros) -> list[Conversion]:
    standings = visitors.lock_standings(tx, setting.handle, setting.world, {each.visitor_ref for each in held})
    hopeful = [each._replace(disposition=Disposition.COUNTED, reason=f"released: {each.reason}") for each in held]
    settled = settle(tx, setting, hopeful, standings, may_hold=False)
    store.change_dispositions(tx, setting.handle, setting.world, settled)
    moves = Moves()
    for each in settled:
        _move_quarter(moves, setting, each, now)
    count(tx, setting, settled, standings, moves)
    apply_earlier(tx, setting, settled, now, moves)
    tallies.move(tx, moves)
    return settled


def _move_quarter(moves: Moves, setting: Setting, made: Conversion, now: Micros) -> None:
    """The quarter hour in which it arrived tells what became of it, as long as that quarter is kept."""
    if now - made.received_at < QUARTERS_KEPT:
        ref = (setting.handle, setting.world, made.campaign_id)
        moves.add_quarter(ref, made.received_at, "conversions", f"{Disposition.HELD.value} {made.variant}", -1)
        moves.add_quarter(ref, made.received_at, "conversions", f"{made.disposition.value} {made.variant}")


def _note(tx: Transaction, setting: Setting, settled: Sequence[Conversion], stretch: Stretch, act: Act) -> None:
    """A line in the history of each campaign whose conversions were released."""
    by_campaign = Counter((each.campaign_id, each.disposition.value) for each in settled)
    for campaign_id in sorted({campaign_id for campaign_id, _ in by_campaign}):
        amounts = {name: by_campaign[campaign_id, name] for name in (Disposition.COUNTED, Disposition.NOT_UNIQUE)}
        history.write(
            tx,
            setting.campaigns[campaign_id],
            at=act.at,
            act="released",
            actor=act.actor,
            request_id=act.request_id,
            details={"from": iso(stretch.since), "to": iso(stretch.until), **amounts},
        )
