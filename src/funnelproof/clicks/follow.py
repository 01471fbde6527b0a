"""Following links: a list of visits in, a list of clicks out, one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from funnelproof.campaigns.campaign import Campaign
from funnelproof.clicks import store
from funnelproof.clicks.assignment import Decision, Kind, Seen, Standing, decide
from funnelproof.clicks.visitor import Visitor
from funnelproof.clock import Micros, local_day
from funnelproof.links import store as links
from funnelproof.links.ctx import Cohort
from funnelproof.links.link import UTM_TAGS, LinkEnded, used_up
from funnelproof.storage.database import Transaction
from funnelproof.tallies import store as tallies
from funnelproof.tallies.move import Moves, PhaseKey, Place
from funnelproof.worlds.route import Route
from funnelproof.worlds.world import LIVE


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit to an open link. `at` is by the world's clock, cut to milliseconds; `tags` are those that arrived."""

    route: Route
    world: str
    click_id: str
    at: Micros
    visitor: Visitor
    kind: Kind
    country: str
    device: str
    referrer: str
    source: str
    tags: dict[str, str]
    request_id: str | None

    @property
    def scope(self) -> tuple[str, str]:
        return self.route.link.handle, self.world

    @property
    def campaign_id(self) -> str:
        return self.route.campaign.campaign_id if self.route.campaign else ""

    @property
    def visitor_ref(self) -> tuple[str, str]:
        return self.campaign_id, self.visitor.key

    @property
    def qualified(self) -> bool:
        return self.kind is Kind.PERSON


@dataclass(frozen=True, slots=True)
class Click:
    visit: Visit
    decision: Decision
    moved_worlds: frozenset[str]


def follow(tx: Transaction, visits: Sequence[Visit]) -> list[Click | LinkEnded]:
    """Record each visit as a click and decide where it leads. A group mixes handles; each is served within its own."""
    answers: dict[str, Click | LinkEnded] = {}
    for scope, group in groupby(sorted(visits, key=_scope_of), key=_scope_of):
        answers.update(_follow_in(tx, scope, list(group)))
    return [answers[visit.click_id] for visit in visits]


def _follow_in(tx: Transaction, scope: tuple[str, str], visits: list[Visit]) -> dict[str, Click | LinkEnded]:
    handle, world = scope
    moves = Moves()
    refused = _use_up(tx, visits)
    served = [visit for visit in visits if visit.click_id not in refused]
    maybe_known = {visit.visitor_ref for visit in served if not visit.visitor.is_new}
    before = store.lock_standings(tx, handle, world, maybe_known)
    standings = dict(before)
    decisions: dict[str, Decision] = {}
    for visit in served:
        decisions[visit.click_id] = _take_in(visit, standings, moves)
    new = [standing for ref, standing in standings.items() if ref not in before]
    changed = [standing for ref, standing in standings.items() if ref in before and standing != before[ref]]
    store.add_standings(tx, handle, world, new)
    store.change_standings(tx, handle, world, changed)
    store.add_clicks(tx, [_row(visit, decisions[visit.click_id]) for visit in served])
    tallies.move(tx, moves)
    worlds = frozenset(moves.worlds)
    clicks = {visit.click_id: Click(visit, decisions[visit.click_id], worlds) for visit in served}
    return {**refused, **clicks}


def _use_up(tx: Transaction, visits: list[Visit]) -> dict[str, Click | LinkEnded]:
    """Only people's live clicks use up what a link is good for; nobody is led on once it is used up."""
    refused: dict[str, Click | LinkEnded] = {}
    limited = [visit for visit in visits if visit.world == LIVE and visit.route.link.max_clicks is not None]
    for _, group in groupby(sorted(limited, key=_slug_of), key=_slug_of):
        own = list(group)
        people = [visit for visit in own if visit.qualified]
        granted, left = links.use_clicks(tx, own[0].route.link, len(people))
        served = {visit.click_id for visit in people[:granted]}
        late = [visit for visit in own if visit.click_id not in served and (visit.qualified or not left)]
        refused.update({visit.click_id: used_up(visit.route.link) for visit in late})
    return refused


def _scope_of(visit: Visit) -> tuple[str, str]:
    return visit.scope


def _slug_of(visit: Visit) -> str:
    return visit.route.link.slug


def _take_in(visit: Visit, standings: dict[tuple[str, str], Standing], moves: Moves) -> Decision:
    """Decide one visit, and carry what it changes into standings and moves."""
    standing = standings.get(visit.visitor_ref)
    seen = Seen(visit.at, visit.kind, visit.country, visit.device, visit.source)
    decision = decide(visit.route, visit.visitor, standing, seen=seen)
    _count_click(visit, decision, moves, is_returning=standing is not None)
    if visit.qualified:
        after = _standing_after(visit, decision, standing)
        if decision.enters:
            _count_entry(visit, decision, moves)
        if after != standing:
            count_visitor(moves, visit.scope, standing, -1, _first_day(visit, standing))
            count_visitor(moves, visit.scope, after, +1, _first_day(visit, after))
            standings[visit.visitor_ref] = after
    return decision


def _standing_after(visit: Visit, decision: Decision, standing: Standing | None) -> Standing:
    if standing is not None:
        return _entered(standing, visit, decision) if decision.enters else standing
    return Standing(
        campaign_id=visit.campaign_id,
        visitor=visit.visitor.key,
        cohort=decision.cohort,
        epoch=decision.epoch,
        phase=decision.phase,
        variant=decision.variant,
        identity=visit.visitor.identity,
        first_at=visit.at,
        entered_at=visit.at if decision.enters else None,
        slug=visit.route.link.slug,
        country=visit.country,
        device=visit.device,
        referrer=visit.referrer,
        source=visit.source,
    )


def _entered(standing: Standing, visit: Visit, decision: Decision) -> Standing:
    """A visitor who was known outside the test enters it now; what it did before stays outside."""
    return replace(
        standing,
        cohort=decision.cohort,
        epoch=decision.epoch,
        phase=decision.phase,
        variant=decision.variant,
        entered_at=visit.at,
    )


def _count_click(visit: Visit, decision: Decision, moves: Moves, *, is_returning: bool) -> None:
    handle, world = visit.scope
    dimensions = {
        "variant": str(decision.variant),
        "slug": visit.route.link.slug,
        "country": visit.country,
        "device": visit.device,
        "referrer": visit.referrer,
        "source": visit.source,
        "segment": "returning" if is_returning else "new",
    }
    day = local_day(visit.at, visit.route.handle.zone_at(visit.at))
    place = Place(handle, world, visit.campaign_id, day, dimensions)
    moves.add_day(place, clicks=1, qualified_clicks=int(visit.qualified), bot_clicks=int(visit.kind is Kind.BOT))
    _count_quarter(visit, decision, moves)


def _count_quarter(visit: Visit, decision: Decision, moves: Moves) -> None:
    ref, slug = (*visit.scope, visit.campaign_id), visit.route.link.slug
    moves.add_quarter(ref, visit.at, "clicks", slug)
    if visit.kind is Kind.BOT:
        moves.add_quarter(ref, visit.at, "bots")
    if not visit.qualified:
        return
    moves.add_quarter(ref, visit.at, "qualified", slug)
    moves.add_quarter(ref, visit.at, "by_variant", str(decision.variant))
    if visit.route.link.append_ctx:
        moves.add_quarter(ref, visit.at, "with_ctx", slug)
    missing = missing_tags(visit.route.campaign, visit.tags)
    if not missing:
        moves.add_quarter(ref, visit.at, "tagged", slug)
    for tag in missing:
        moves.add_quarter(ref, visit.at, "missing_tag", f"{slug} {tag}")


def _count_entry(visit: Visit, decision: Decision, moves: Moves) -> None:
    name = entry_name(decision.epoch, decision.phase, decision.variant)
    moves.add_quarter((*visit.scope, visit.campaign_id), visit.at, "entered", name)


def entry_name(epoch: int, phase: int, variant: int) -> str:
    """Under which name a first entry is counted by quarter hour: `1.2.2`."""
    return f"{epoch}.{phase}.{variant}"


def missing_tags(campaign: Campaign | None, tags: dict[str, str]) -> list[str]:
    return [tag for tag in campaign.required_tags if not tags.get(tag)] if campaign else []


def count_visitor(moves: Moves, scope: tuple[str, str], standing: Standing | None, sign: int, day: str) -> None:
    """Count a visitor as what it is, or (sign −1) no longer as what it was: on the day and place of its first click."""
    if standing is None:
        return
    handle, world = scope
    place = Place(handle, world, standing.campaign_id, day, dimensions_of(standing))
    moves.add_day(place, visitors=sign, converters=sign * int(standing.conversions > 0))
    in_test = standing.cohort is Cohort.ENTERED
    converted = standing.test_conversions > 0 if in_test else standing.conversions > 0
    arrived = int(standing.arrived_at is not None)
    moves.add_phase(phase_key(scope, standing), visitors=sign, arrived=sign * arrived, converters=sign * int(converted))


def dimensions_of(standing: Standing) -> dict[str, str]:
    return {
        "variant": str(standing.variant),
        "slug": standing.slug,
        "country": standing.country,
        "device": standing.device,
        "referrer": standing.referrer,
        "source": standing.source,
        "segment": "new",
    }


def phase_key(scope: tuple[str, str], standing: Standing, currency: str = "") -> PhaseKey:
    where = (standing.campaign_id, standing.epoch, standing.phase, standing.variant)
    return (*scope, *where, standing.cohort.value, standing.identity.value, currency)


def _first_day(visit: Visit, standing: Standing | None) -> str:
    at = standing.first_at if standing else visit.at
    return local_day(at, visit.route.handle.zone_at(at))


def _row(visit: Visit, decision: Decision) -> dict[str, object]:
    return {
        "handle": visit.route.link.handle,
        "world": visit.world,
        "click_id": visit.click_id,
        "campaign_id": visit.campaign_id,
        "slug": visit.route.link.slug,
        "variant": decision.variant,
        "cohort": decision.cohort.value,
        "epoch": decision.epoch,
        "phase": decision.phase,
        "visitor": visit.visitor.key,
        "consent": visit.visitor.consent.value,
        "kind": visit.kind.value,
        "clicked_at": visit.at,
        "country": visit.country,
        "device": visit.device,
        "referrer": visit.referrer,
        "source": visit.source,
        "tags": {name: visit.tags[name] for name in UTM_TAGS if name in visit.tags},
        "with_ctx": visit.route.link.append_ctx,
        "request_id": visit.request_id,
    }
