"""The last word on conversions, new or released, in the order of their arrival: plausible, unique, in the test."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from funnelproof.clicks.assignment import Standing
from funnelproof.clock import Micros
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
    wanted = _wanted_seats(setting, made)
    uses = store.take_seats(tx, setting.handle, setting.world, wanted)
    spent = _spent(tx, setting, made) if may_hold else None
    taken: Counter[admit.Seat] = Counter()
    settled: list[Conversion] = []
    for each in made:
        last = _judged(each, setting, uses, spent)
        if last.disposition is Disposition.COUNTED:
            _note_counted(last, setting, uses=uses, taken=taken, spent=spent)
        credited = last.disposition is Disposition.COUNTED and last.visitor_ref in standings
        settled.append(last._replace(credited=credited, in_test=_is_in_test(last, setting, standings)))
    store.take_seats(tx, setting.handle, setting.world, Counter({ref: taken[ref] - wanted[ref] for ref in wanted}))
    return settled


def _wanted_seats(setting: Setting, made: Sequence[Conversion]) -> Counter[admit.Seat]:
    hopeful = [each for each in made if each.disposition is Disposition.COUNTED]
    found = (admit.seat_of(each, setting.campaigns[each.campaign_id]) for each in hopeful)
    return Counter(ref for ref, _ in filter(None, found))


def _spent(tx: Transaction, setting: Setting, made: Sequence[Conversion]) -> dict[Spender, int]:
    """What each visitor's counted conversions came to so far, minor units of all currencies together."""
    refs = {each.visitor_ref for each in made if each.value_minor is not None}
    return defaultdict(int, store.totals(tx, setting.handle, setting.world, refs))


def _judged(
    made: Conversion, setting: Setting, uses: Mapping[admit.Seat, int], spent: Mapping[Spender, int] | None
) -> Conversion:
    if made.disposition is not Disposition.COUNTED:
        return made
    if spent is not None and admit.is_implausible(made.value_minor, spent[made.visitor_ref]):
        reason = "it lifts the visitor's total above what is plausible"
        return made._replace(disposition=Disposition.HELD, reason=reason)
    campaign = setting.campaigns[made.campaign_id]
    found = admit.seat_of(made, campaign)
    if found is not None and uses[found[0]] >= found[1]:
        return made._replace(disposition=Disposition.NOT_UNIQUE, reason=admit.not_unique_reason(campaign))
    return made


def _note_counted(
    made: Conversion,
    setting: Setting,
    *,
    uses: dict[admit.Seat, int],
    taken: Counter[admit.Seat],
    spent: dict[Spender, int] | None,
) -> None:
    if (found := admit.seat_of(made, setting.campaigns[made.campaign_id])) is not None:
        uses[found[0]] += 1
        taken[found[0]] += 1
    if spent is not None:
        spent[made.visitor_ref] += made.value_minor or 0


def _is_in_test(made: Conversion, setting: Setting, standings: Standings) -> bool:
    """In the test counts what occurred within the window after the visitor's entry into the epoch of its click."""
    standing = standings.get(made.visitor_ref)
    window: Micros = setting.campaigns[made.campaign_id].attribution_window
    return (
        made.disposition is Disposition.COUNTED
        and made.cohort is Cohort.ENTERED
        and standing is not None
        and standing.entered_at is not None
        and standing.epoch == made.epoch
        and made.occurred_at - standing.entered_at <= window
    )
