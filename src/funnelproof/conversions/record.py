"""Recording conversions: a list of claims in, a list of answers out, one transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.store import LIVE
from funnelproof.clicks import store as visitors
from funnelproof.clock import iso
from funnelproof.conversions import key_store, store
from funnelproof.conversions.admit import admitted, check_campaign
from funnelproof.conversions.conversion import Claim, Conversion, First, KeyReused
from funnelproof.conversions.count import count
from funnelproof.conversions.known import check_same, known_keys
from funnelproof.conversions.meet import apply_awaiting
from funnelproof.conversions.setting import Setting, find_setting
from funnelproof.conversions.settle import settle
from funnelproof.errors import Problem
from funnelproof.links.ctx import InvalidCtx, Mode, check_expected, check_times
from funnelproof.money import decimal_text
from funnelproof.notifications.outbox import subscribed, write_down
from funnelproof.notifications.webhook import Event
from funnelproof.storage.database import Transaction
from funnelproof.tallies import store as tallies
from funnelproof.tallies.move import QUARTER, Moves


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
    known, awaited = known_keys(tx, setting.handle, setting.world, {claim.key for claim in claims})
    group = _Group(setting, known)
    for claim in claims:
        group.take(claim)
    key_store.take_keys(tx, setting.handle, setting.world, list(group.new.values()), awaited)
    key_store.count_repeats(tx, setting.handle, setting.world, group.repeats, setting.now(claims[0].received_at))
    settled = _store_new(tx, group)
    if awaited:
        met = [each for each in settled.values() if each.idempotency_key in awaited]
        apply_awaiting(tx, setting, met, group.moves)
    tallies.move(tx, group.moves)
    answers = group.answers(tx, settled)
    if setting.world == LIVE:
        _announce(tx, setting.handle, list(answers.values()))
    return answers


def _announce(tx: Transaction, handle: str, answers: Sequence[Answer]) -> None:
    new = [answer for answer in answers if isinstance(answer, Recorded) and answer.is_new]
    if new and (to := subscribed(tx, handle, Event.CONVERSION_RECORDED)):
        told = [(_fact(answer), answer.conversion.received_at) for answer in new]
        write_down(tx, to, Event.CONVERSION_RECORDED, told)


def _fact(recorded: Recorded) -> dict[str, object]:
    """Ids and amounts; nothing that tells who the visitor is."""
    made, value = recorded.conversion, recorded.conversion.value
    return {
        "conversionId": made.conversion_id,
        "idempotencyKey": made.idempotency_key,
        "campaignId": made.campaign_id,
        "variantId": recorded.variant_id,
        "slug": made.slug,
        "clickId": made.click_id,
        "eventType": made.event_type,
        "value": None if value is None else decimal_text(value.minor, value.currency),
        "currency": made.currency,
        "disposition": made.disposition.value,
        "occurredAt": iso(made.occurred_at),
        "requestId": made.request_id,
    }


def _store_new(tx: Transaction, group: "_Group") -> dict[str, Conversion]:
    setting = group.setting
    made = [each for each, _ in group.new.values()]
    standings = visitors.lock_standings(tx, setting.handle, setting.world, {each.visitor_ref for each in made})
    settled = settle(tx, setting, made, standings, may_hold=True)
    store.add_conversions(tx, setting.handle, setting.world, settled)
    _count_quarters(setting, settled, group.moves)
    count(tx, setting, settled, standings, group.moves)
    return {each.conversion_id: each for each in settled}


def _count_quarters(setting: Setting, settled: Sequence[Conversion], moves: Moves) -> None:
    alike = Counter((each.campaign_id, each.received_at // QUARTER, each.disposition, each.variant) for each in settled)
    for (campaign_id, quarter, disposition, variant), amount in alike.items():
        ref, at = (setting.handle, setting.world, campaign_id), quarter * QUARTER
        moves.add_quarter(ref, at, "ctx_accepted", str(variant), amount)
        moves.add_quarter(ref, at, "conversions", f"{disposition} {variant}", amount)


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
        moved, names = frozenset(self.moves.worlds), VariantNames(tx, self.setting)
        answers: dict[str, Answer] = {}
        for claim_id, verdict in self.verdicts.items():
            if isinstance(verdict, Problem):
                answers[claim_id] = verdict
                continue
            last = settled.get(verdict.conversion_id, verdict)
            name = names[last.campaign_id, last.variant]
            answers[claim_id] = Recorded(last, name, self.setting.mode, last.conversion_id == claim_id, moved)
        return answers

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


class VariantNames(dict[tuple[str, int], str | None]):
    """Ids of variants by (campaign, number), each looked up once.

    Also of what was deleted since: the answer to a repeat is that of the first time.
    """

    def __init__(self, tx: Transaction, setting: Setting) -> None:
        super().__init__()
        self._tx, self._setting = tx, setting

    def __missing__(self, at: tuple[str, int]) -> str | None:
        campaign_id, number = at
        campaign = self._setting.campaigns.get(campaign_id)
        name = campaign.variant_id(number) if campaign else None
        if name is None and number:
            name = campaigns.variant_names(self._tx, self._setting.handle, campaign_id).get(number)
        self[at] = name
        return name
