"""Page views and clicks on a page's buttons: counted where the visitor's click was counted, kept in no row."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from funnelproof.clicks import store as clicks
from funnelproof.clock import Micros, local_day
from funnelproof.handles import store as handles
from funnelproof.handles.handle import Handle, HandleNotFound
from funnelproof.links.ctx import Ctx, InvalidCtx, Mode, Reason
from funnelproof.storage.database import Row, Transaction
from funnelproof.tallies import store as tallies
from funnelproof.tallies.move import Moves, Place
from funnelproof.worlds import store as worlds
from funnelproof.worlds.world import LIVE

NONE = "(none)"
NOWHERE = {"country": "ZZ", "device": "UNKNOWN", "referrer": "direct", "source": "direct"}


class PageEventKind(StrEnum):
    PAGE_VIEW = "PAGE_VIEW"
    CTA_CLICK = "CTA_CLICK"


COUNTERS = {PageEventKind.PAGE_VIEW: "page_views", PageEventKind.CTA_CLICK: "cta_clicks"}


@dataclass(frozen=True, slots=True)
class PageEvent:
    """`ctx` is None for a visitor who came without one, or with that of another campaign."""

    handle: str
    campaign_id: str
    kind: PageEventKind
    at: Micros
    ctx: Ctx | None = None
    cta_id: str = ""

    @property
    def scope(self) -> tuple[str, Mode, int]:
        return (self.handle, self.ctx.mode, self.ctx.run) if self.ctx else (self.handle, Mode.LIVE, 0)


@dataclass(frozen=True, slots=True)
class _Setting:
    owner: Handle
    world: str
    clock_at: Micros | None


def count_events(tx: Transaction, events: Sequence[PageEvent]) -> list[bool | Exception]:
    """Whether each was counted. What is looked at in a preview never is."""
    answers: dict[int, bool | Exception] = {}
    moves = Moves()
    in_order = sorted(enumerate(events), key=lambda pair: pair[1].scope)
    for scope, group in groupby(in_order, key=lambda pair: pair[1].scope):
        own = dict(group)
        answers.update(_count_in_scope(tx, scope, own, moves))
    tallies.move(tx, moves)
    return [answers[position] for position in range(len(events))]


def _count_in_scope(
    tx: Transaction, scope: tuple[str, Mode, int], group: dict[int, PageEvent], moves: Moves
) -> dict[int, bool | Exception]:
    if scope[1] is Mode.PREVIEW:
        return dict.fromkeys(group, False)
    try:
        setting = _setting(tx, *scope)
    except (InvalidCtx, HandleNotFound) as problem:
        return dict.fromkeys(group, problem)
    ids = {event.ctx.click_id for event in group.values() if event.ctx}
    known = clicks.find_clicks(tx, scope[0], setting.world, ids) if ids else {}
    for event in group.values():
        _count(moves, setting, event, known.get(event.ctx.click_id) if event.ctx else None)
    return dict.fromkeys(group, True)


def _setting(tx: Transaction, handle: str, mode: Mode, run: int) -> _Setting:
    if mode is Mode.TEST:
        world = worlds.by_numbers(tx, handle, {run}).get(run)
        if world is None or world.closed_at is not None:
            raise InvalidCtx(Reason.WRONG_MODE, "The ctx belongs to a test run that is finished. Open a new run.")
        return _Setting(world.snapshot.handle, world.world, world.clock_at)
    owner = handles.find(tx, handle)
    if owner is None:
        raise HandleNotFound
    return _Setting(owner, LIVE, None)


def _count(moves: Moves, setting: _Setting, event: PageEvent, click: Row | None) -> None:
    at = event.at if setting.clock_at is None else setting.clock_at
    day = local_day(at, setting.owner.zone_at(at))
    place = Place(event.handle, setting.world, event.campaign_id, day, _dimensions(event, click))
    moves.add_day(place, currency="", **{COUNTERS[event.kind]: 1})
    ref = (event.handle, setting.world, event.campaign_id)
    name = "with_ctx" if event.ctx else "without_ctx"
    if event.kind is PageEventKind.CTA_CLICK:
        name = f"{name} {event.cta_id}"
    moves.add_quarter(ref, at, COUNTERS[event.kind], name)


def _dimensions(event: PageEvent, click: Row | None) -> dict[str, str]:
    """Those of the click that led here. Whether that was the visitor's first click is not asked again."""
    ctx = event.ctx
    where = {name: str(click[name]) for name in NOWHERE} if click else NOWHERE
    return {"variant": str(ctx.variant) if ctx else "0", "slug": ctx.slug if ctx else NONE, **where}
