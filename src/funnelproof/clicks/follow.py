"""Following links: a list of visits in, a list of clicks out, one transaction."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from funnelproof.clicks import store
from funnelproof.clicks.assignment import Decision, Kind, Seen, Standing, decide
from funnelproof.clicks.counting import ClickCounts
from funnelproof.clicks.tell import note_clicks
from funnelproof.clicks.visit import Scope, Visit
from funnelproof.links import store as links
from funnelproof.links.link import LinkEnded, used_up
from funnelproof.storage.database import Transaction
from funnelproof.tallies import store as tallies
from funnelproof.worlds.world import LIVE


class Click(NamedTuple):
    visit: Visit
    decision: Decision
    moved_worlds: frozenset[str]


def follow(tx: Transaction, visits: Sequence[Visit]) -> list[Click | LinkEnded]:
    """Record each visit as a click and decide where it leads. A group mixes handles; each is served within its own."""
    groups: dict[Scope, list[Visit]] = defaultdict(list)
    for visit in visits:
        groups[visit.scope].append(visit)
    answers: dict[str, Click | LinkEnded] = {}
    for scope in sorted(groups):
        answers.update(_follow_in(tx, scope, groups[scope]))
    return [answers[visit.click_id] for visit in visits]


def _follow_in(tx: Transaction, scope: Scope, visits: list[Visit]) -> dict[str, Click | LinkEnded]:
    refused = _use_up(tx, visits)
    served = [visit for visit in visits if visit.click_id not in refused] if refused else visits
    before = store.lock_standings(tx, *scope, {visit.visitor_ref for visit in served if not visit.visitor.is_new})
    standings, counts = dict(before), ClickCounts(*scope)
    decisions = [_take_in(visit, standings, counts) for visit in served]
    store.add_standings(tx, *scope, [standing for ref, standing in standings.items() if ref not in before])
    changed = [standings[ref] for ref, standing in before.items() if standings[ref] is not standing]
    store.change_standings(tx, *scope, changed)
    store.add_clicks(tx, [store.click_row(visit, made) for visit, made in zip(served, decisions, strict=True)])
    note_clicks(tx, scope[1], served, decisions)
    moves = counts.moves()
    tallies.move(tx, moves)
    worlds = frozenset(moves.worlds)
    clicks = {visit.click_id: Click(visit, made, worlds) for visit, made in zip(served, decisions, strict=True)}
    return {**refused, **clicks}


def _use_up(tx: Transaction, visits: list[Visit]) -> dict[str, Click | LinkEnded]:
    """Only people's live clicks use up what a link is good for; nobody is led on once it is used up."""
    refused: dict[str, Click | LinkEnded] = {}
    limited = [visit for visit in visits if visit.route.link.max_clicks is not None and visit.world == LIVE]
    for _, group in groupby(sorted(limited, key=_slug_of), key=_slug_of):
        own = list(group)
        people = [visit for visit in own if visit.kind is Kind.PERSON]
        granted, left = links.use_clicks(tx, own[0].route.link, len(people))
        served = {visit.click_id for visit in people[:granted]}
        late = [visit for visit in own if visit.click_id not in served and (visit.kind is Kind.PERSON or not left)]
        refused.update({visit.click_id: used_up(visit.route.link) for visit in late})
    return refused


def _slug_of(visit: Visit) -> str:
    return visit.route.link.slug


def _take_in(visit: Visit, standings: dict[tuple[str, str], Standing], counts: ClickCounts) -> Decision:
    """Decide one visit, and carry what it changes into standings and counts."""
    ref = visit.visitor_ref
    standing = standings.get(ref)
    seen = Seen(visit.at, visit.kind, visit.country, visit.device, visit.source)
    decision = decide(visit.route, visit.visitor, standing, seen=seen)
    is_person = visit.kind is Kind.PERSON
    counts.add(visit, decision, is_returning=standing is not None, is_met=is_person and standing is None)
    if is_person and standing is None:
        standings[ref] = _first_standing(visit, decision)
    elif is_person and standing is not None and decision.enters:
        standings[ref] = _entered(standing, visit, decision)
        counts.add_late_entry(standing, standings[ref], visit)
    return decision


def _first_standing(visit: Visit, decision: Decision) -> Standing:
    route, visitor = visit.route, visit.visitor
    return Standing(
        route.campaign_id,
        visitor.key,
        decision.cohort,
        decision.epoch,
        decision.phase,
        decision.variant,
        visitor.identity,
        first_at=visit.at,
        entered_at=visit.at if decision.enters else None,
        slug=route.link.slug,
        country=visit.country,
        device=visit.device,
        referrer=visit.referrer,
        source=visit.source,
    )


def _entered(standing: Standing, visit: Visit, decision: Decision) -> Standing:
    """A visitor who was known outside the test enters it now; what it did before stays outside."""
    return standing._replace(
        cohort=decision.cohort,
        epoch=decision.epoch,
        phase=decision.phase,
        variant=decision.variant,
        entered_at=visit.at,
    )
