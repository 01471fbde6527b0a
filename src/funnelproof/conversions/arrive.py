"""Arrivals: the page a click led to says that it has opened, with its ctx in hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from funnelproof.clicks import store
from funnelproof.clicks.follow import count_visitor
from funnelproof.clock import Micros, local_day
from funnelproof.errors import Problem
from funnelproof.handles import store as handles
from funnelproof.links.ctx import Ctx, InvalidCtx, Reason, check_times
from funnelproof.storage.database import Transaction
from funnelproof.tallies import store as tallies
from funnelproof.tallies.move import Moves
from funnelproof.worlds import store as worlds


@dataclass(frozen=True, slots=True)
class Arrival:
    ctx: Ctx
    at: Micros

    @property
    def place(self) -> tuple[str, int]:
        return self.ctx.handle, self.ctx.run


def arrive(tx: Transaction, arrivals: Sequence[Arrival]) -> list[bool | Problem]:
    """Mark each visitor as arrived once; answer whether this was the first time."""
    answers: dict[int, bool | Problem] = {}
    in_order = sorted(enumerate(arrivals), key=lambda pair: pair[1].place)
    for (handle, run), group in groupby(in_order, key=lambda pair: pair[1].place):
        answers.update(_arrive_in(tx, handle, run, list(group)))
    return [answers[position] for position in range(len(arrivals))]


def _arrive_in(tx: Transaction, handle: str, run: int, group: list[tuple[int, Arrival]]) -> dict[int, bool | Problem]:
    world = worlds.by_numbers(tx, handle, {run}).get(run) if run else None
    owner = world.snapshot.handle if world else handles.find(tx, handle)
    if owner is None or (run and world is None):
        gone = InvalidCtx(Reason.WRONG_MODE, "The ctx belongs to a test run that is no longer there. Open a new run.")
        return {position: gone for position, _ in group}
    name = world.world if world else group[0][1].ctx.mode.value
    answers: dict[int, bool | Problem] = {}
    moves = Moves()
    standings = store.lock_standings(tx, handle, name, {_ref(arrival) for _, arrival in group})
    changed = {}
    for position, arrival in group:
        now = world.clock_at if world else arrival.at
        try:
            check_times(arrival.ctx, now)
        except InvalidCtx as problem:
            answers[position] = problem
            continue
        standing = standings.get(_ref(arrival))
        answers[position] = standing is not None and standing.arrived_at is None
        if standing is None or standing.arrived_at is not None:
            continue
        after = replace(standing, arrived_at=now)
        day = local_day(standing.first_at, owner.zone_at(standing.first_at))
        count_visitor(moves, (handle, name), standing, -1, day)
        count_visitor(moves, (handle, name), after, +1, day)
        moves.add_quarter((handle, name, after.campaign_id), now, "arrived", str(after.variant))
        standings[_ref(arrival)] = changed[_ref(arrival)] = after
    store.change_standings(tx, handle, name, list(changed.values()))
    tallies.move(tx, moves)
    return answers


def _ref(arrival: Arrival) -> tuple[str, str]:
    return arrival.ctx.campaign, arrival.ctx.visitor
