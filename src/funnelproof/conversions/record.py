"""Recording conversions: a list of claims in, a list of answers out, one transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from funnelproof.campaigns import store as campaigns
from funnelproof.clicks import store as visitors
from funnelproof.conversions import store
from funnelproof.conversions.admit import admitted, check_campaign
from funnelproof.conversions.conversion import Claim, Conversion, First, KeyReused
from funnelproof.conversions.count import count
from funnelproof.conversions.known import check_same, known_keys
from funnelproof.conversions.setting import Setting, find_setting
from funnelproof.conversions.settle import settle
from funnelproof.errors import Problem
from funnelproof.links.ctx import InvalidCtx, Mode, check_expected, check_times
from funnelproof.storage.database import Transaction
from funnelproof.tallies import store as tallies
from funnelproof.tallies.move import Moves


class Recorded(NamedTuple):
    """`is_new` is false for a repeat, which answers the first conversion and counts nothing."""

    conversion: Conversion
    variant_id: str | None
    mode: Mode
    is_new: bool
    moved_worlds: frozenset[str]


Answer = Recorded | Problem


def record(tx: Transaction, claims: Sequence[Claim]) -> list[Answer]:
    """Store each new key once and move its counters; a repeat answers the first. A group mixes handles and worlds."""
    answers: dict[str, Answer] = {}
    for _, group in groupby(sorted(claims, key=lambda claim: claim.scope), key=lambda claim: claim.scope):
        answers.update(_record_in_scope(tx, list(group)))
    return [answers[claim.conversion_id] for claim in claims]


def _record_in_scope(tx: Transaction, claims: list[Claim]) -> dict[str, Answer]:
    try:
        setting = find_setting(tx, claims[0].scope, {claim.ctx.campaign for claim in claims})
    except Problem as problem:
        return {claim.conversion_id: problem for claim in claims}
    group = _Group(setting, known_keys(tx, setting.handle, setting.world, {claim.key for claim in claims}))
    for claim in claims:
        group.take(claim)
    store.take_keys(tx, setting.handle, setting.world, list(group.new.values()))
    store.count_repeats(tx, setting.handle, setting.world, group.repeats, setting.now(claims[0].received_at))
    settled = _store_new(tx, group)
    tallies.move(tx, group.moves)
    return group.answers(tx, settled)


def _store_new(tx: Transaction, group: "_Group") -> dict[str, Conversion]:
    setting = group.setting
    made = [each for each, _ in group.new.values()]
    standings = visitors.lock_standings(tx, setting.handle, setting.world, {each.visitor_ref for each in made})
    settled = settle(tx, setting, made, standings, may_hold=True)
    store.add_conversions(tx, setting.handle, setting.world, settled)
    for each in settled:
        ref = (setting.handle, setting.world, each.campaign_id)
        group.moves.add_quarter(ref, each.received_at, "ctx_accepted", str(each.variant))
        group.moves.add_quarter(ref, each.received_at, "conversions", f"{each.disposition.value} {each.variant}")
    count(tx, setting, settled, standings, group.moves)
    return {each.conversion_id: each for each in settled}


@dataclass(slots=True)
class _Group:
    """Claims of one world, taken one by one in the order in which they came. Writes nothing.

    `new` holds, by key, each new conversion and the digest of its body.
    """

    setting: Setting
    known: dict[str, First]
    new: dict[str, tuple[Conversion, str]] = field(default_factory=dict)
    repeats: Counter[str] = field(default_factory=Counter)
    verdicts: dict[str, Conversion | Problem] = field(default_factory=dict)
    moves: Moves = field(default_factory=Moves)

    def take(self, claim: Claim) -> None:
        try:
            self.verdicts[claim.conversion_id] = self._admit(claim)
        except Problem as problem:
            self._count_refusal(claim, problem)
            self.verdicts[claim.conversion_id] = problem

    def _admit(self, claim: Claim) -> Conversion:
        campaign = self.setting.campaigns.get(claim.ctx.campaign)
        first = self.known.get(claim.key) or self._first_of_group(claim.key)
        if first is not None:
            made = check_same(claim, first, campaign)
            self.repeats[claim.key] += 1
            self._count(claim, "repeated")
            return made
        now = self.setting.now(claim.received_at)
        check_expected(claim.ctx, claim.expected_handle, claim.expected_campaign)
        self.setting.check_is_open()
        check_times(claim.ctx, now)
        made = admitted(claim, check_campaign(claim, campaign), now)
        self.new[claim.key] = (made, claim.digest)
        return made

    def _first_of_group(self, key: str) -> First | None:
        if key not in self.new:
            return None
        made, digest = self.new[key]
        return First(made.conversion_id, digest, made.received_at, made)

    def answers(self, tx: Transaction, settled: Mapping[str, Conversion]) -> dict[str, Answer]:
        moved = frozenset(self.moves.worlds)
        return {
            id_: verdict
            if isinstance(verdict, Problem)
            else self._recorded(tx, id_, verdict, settled=settled, moved=moved)
            for id_, verdict in self.verdicts.items()
        }

    def _recorded(
        self,
        tx: Transaction,
        claim_id: str,
        made: Conversion,
        *,
        settled: Mapping[str, Conversion],
        moved: frozenset[str],
    ) -> Recorded:
        last = settled.get(made.conversion_id, made)
        variant_id = _variant_id(tx, self.setting, last)
        return Recorded(last, variant_id, self.setting.mode, last.conversion_id == claim_id, moved)

    def _count_refusal(self, claim: Claim, problem: Problem) -> None:
        if isinstance(problem, KeyReused):
            differs = " ".join(fault.pointer for fault in problem.faults)
            self._count(claim, "key_reused", f"{differs}|{claim.key[:40]}")
        elif isinstance(problem, InvalidCtx):
            self._count(claim, "ctx_refused", f"{problem.reason.value} {claim.ctx.variant}")
        else:
            self._count(claim, "refused", f"{problem.code} {claim.ctx.variant}")

    def _count(self, claim: Claim, subject: str, name: str = "") -> None:
        """By the quarter hour; under a campaign that is there, or a stranger's ctx could fill the tables."""
        if claim.ctx.campaign in self.setting.campaigns:
            ref = (self.setting.handle, self.setting.world, claim.ctx.campaign)
            self.moves.add_quarter(ref, self.setting.now(claim.received_at), subject, name)


def _variant_id(tx: Transaction, setting: Setting, made: Conversion) -> str | None:
    """Also of a variant or campaign that was deleted since: the answer to a repeat is that of the first time."""
    campaign = setting.campaigns.get(made.campaign_id)
    known = campaign.variant_id(made.variant) if campaign else None
    if known is None and made.variant:
        return campaigns.variant_names(tx, setting.handle, made.campaign_id).get(made.variant)
    return known
