"""The last word on conversions, new or released, in the order of their arrival: plausible, unique, in the test."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from funnelproof.clicks.assignment import Standing
from funnelproof.conversions import admit, store
from funnelproof.conversions.conversion import Conversion, Disposition
from funnelproof.conversions.setting import Setting
from funnelproof.links.ctx import Cohort
from funnelproof.storage.database import Transaction

Standings = Mapping[tuple[str, str], Standing]
Spender = tuple[str, str]


def settle(
    tx: Transaction, setting: Setting, made: Sequence[Conversion], standings: Standings, *, may_hold: bool
) -> list[Conversion]:
    """Who gets a seat under the counting rule is COUNTED, the others are NOT_UNIQUE: first come, first served.

    `may_hold`: what lifts its visitor's total above what is plausible is HELD; a release has decided that already.
    """
    seats = [_seat(each, setting) for each in made]
    wanted = Counter(seat[0] for seat in seats if seat is not None)
    uses = store.take_seats(tx, setting.handle, setting.world, wanted)
    spent = _spent(tx, setting, made) if may_hold else None
    taken: Counter[admit.Seat] = Counter()
    settled: list[Conversion] = []
    for each, seat in zip(made, seats, strict=True):
        last = _judged(each, setting, seat=seat, uses=uses, spent=spent)
        if last.disposition is Disposition.COUNTED:
            if seat is not None:
                uses[seat[0]] += 1
                taken[seat[0]] += 1
            if spent is not None:
                spent[last.visitor_ref] += last.value_minor or 0
            last = _counted(last, setting, standings.get(last.visitor_ref))
        settled.append(last)
    store.take_seats(tx, setting.handle, setting.world, Counter({ref: taken[ref] - wanted[ref] for ref in wanted}))
    return settled


def _seat(made: Conversion, setting: Setting) -> tuple[admit.Seat, int] | None:
    """What it would take one of, and how many there are."""
    hopeful = made.disposition is Disposition.COUNTED
    return admit.seat_of(made, setting.campaigns[made.campaign_id]) if hopeful else None


def _spent(tx: Transaction, setting: Setting, made: Sequence[Conversion]) -> dict[Spender, int]:
    """What each visitor's counted conversions came to so far, minor units of all currencies together."""
    refs = {each.visitor_ref for each in made if each.value_minor is not None}
    return defaultdict(int, store.totals(tx, setting.handle, setting.world, refs))


def _judged(
    made: Conversion,
    setting: Setting,
    *,
    seat: tuple[admit.Seat, int] | None,
    uses: Mapping[admit.Seat, int],
    spent: Mapping[Spender, int] | None,
) -> Conversion:
    if made.disposition is not Disposition.COUNTED:
        return made
    if spent is not None and admit.is_implausible(made.value_minor, spent[made.visitor_ref]):
        reason = "it lifts the visitor's total above what is plausible"
        return made._replace(disposition=Disposition.HELD, reason=reason)
    if seat is not None and uses[seat[0]] >= seat[1]:
        reason = admit.not_unique_reason(setting.campaigns[made.campaign_id])
        return made._replace(disposition=Disposition.NOT_UNIQUE, reason=reason)
    return made


def _counted(made: Conversion, setting: Setting, standing: Standing | None) -> Conversion:
    """It credits its visitor, if that is known. In the test counts what occurred within the window after the entry."""
    if standing is None:
        return made
    in_test = (
        made.cohort is Cohort.ENTERED
        and standing.entered_at is not None
        and standing.epoch == made.epoch
        and made.occurred_at - standing.entered_at <= setting.campaigns[made.campaign_id].attribution_window
    )
    return made._replace(credited=True, in_test=in_test)
