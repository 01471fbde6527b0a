"""Arrivals: the page a click led to says that it has opened, with its ctx in hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from funnelproof.clicks import store
from funnelproof.clicks.assignment import Standing
from funnelproof.clicks.counting import count_change
from funnelproof.clock import Micros
from funnelproof.conversions.setting import Setting, find_setting
from funnelproof.errors import Problem
from funnelproof.links.ctx import Ctx, InvalidCtx, Mode, check_times
from funnelproof.storage.database import Transaction
from funnelproof.tallies import store as tallies
from funnelproof.tallies.move import Moves


@dataclass(frozen=True, slots=True)
class Arrival:
    ctx: Ctx
    at: Micros

    @property
    def scope(self) -> tuple[str, Mode, int]:
        return self.ctx.handle, self.ctx.mode, self.ctx.run

    @property
    def visitor_ref(self) -> tuple[str, str]:
        return self.ctx.campaign, self.ctx.visitor


def arrive(tx: Transaction, arrivals: Sequence[Arrival]) -> list[bool | Problem]:
    """Mark each visitor as arrived once; answer whether this was the first time.

    A page that reports somebody who arrived before, with an order, has reported all the same, and is counted so.
    """
    answers: dict[int, bool | Problem] = {}
    in_order = sorted(enumerate(arrivals), key=lambda pair: pair[1].scope)
    for _, group in groupby(in_order, key=lambda pair: pair[1].scope):
        answers.update(_arrive_in_scope(tx, dict(group)))
    return [answers[position] for position in range(len(arrivals))]


def _arrive_in_scope(tx: Transaction, group: dict[int, Arrival]) -> dict[int, bool | Problem]:
    first = next(iter(group.values()))
    try:
        setting = find_setting(tx, first.scope, ())
    except Problem as problem:
        return dict.fromkeys(group, problem)
    refs = {arrival.visitor_ref for arrival in group.values()}
    before = store.lock_standings(tx, setting.handle, setting.world, refs)
    after = dict(before)
    answers = {position: _take(arrival, setting, after) for position, arrival in group.items()}
    moves = Moves()
    for position, arrival in group.items():
        if arrival.visitor_ref in after and not isinstance(answers[position], Problem):
            _count_report(moves, setting, arrival, after[arrival.visitor_ref])
    _write(tx, setting, before, after, moves)
    return answers


def _take(arrival: Arrival, setting: Setting, standings: dict[tuple[str, str], Standing]) -> bool | Problem:
    now = setting.now(arrival.at)
    try:
        setting.check_is_open()
        check_times(arrival.ctx, now)
    except InvalidCtx as problem:
        return problem
    standing = standings.get(arrival.visitor_ref)
    if standing is None or standing.arrived_at is not None:
        return False
    standings[arrival.visitor_ref] = standing._replace(arrived_at=now)
    return True


def _count_report(moves: Moves, setting: Setting, arrival: Arrival, standing: Standing) -> None:
    ref = (setting.handle, setting.world, standing.campaign_id)
    moves.add_quarter(ref, setting.now(arrival.at), "arrived", str(standing.variant))


def _write(
    tx: Transaction,
    setting: Setting,
    before: dict[tuple[str, str], Standing],
    after: dict[tuple[str, str], Standing],
    moves: Moves,
) -> None:
    changed = [ref for ref, standing in after.items() if standing != before[ref]]
    for ref in changed:
        count_change(moves, (setting.handle, setting.world), before[ref], after[ref], setting.owner)
    store.change_standings(tx, setting.handle, setting.world, [after[ref] for ref in changed])
    tallies.move(tx, moves)
