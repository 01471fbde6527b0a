"""Recording conversions: a list of claims in, a list of answers out, one transaction."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.campaign import Campaign
from funnelproof.clicks import store as visitors
from funnelproof.clicks.assignment import Standing
from funnelproof.clock import Micros, iso
from funnelproof.conversions import store
from funnelproof.conversions.conversion import (
    Claim,
    Conversion,
    Disposition,
    KeyReused,
    Meaning,
    check_campaign,
    disposition_of,
    event_time,
    limit_of,
    not_unique_reason,
    read_value,
)
from funnelproof.conversions.count import count
from funnelproof.errors import Fault, Problem
from funnelproof.handles import store as handles
from funnelproof.handles.handle import Handle
from funnelproof.links.ctx import Cohort, InvalidCtx, Mode, Reason, check_expected, check_times
from funnelproof.storage.database import Row, Transaction
from funnelproof.tallies import store as tallies
from funnelproof.tallies.move import Moves
from funnelproof.worlds import store as worlds
from funnelproof.worlds.world import LIVE, World


@dataclass(frozen=True, slots=True)
class Recorded:
    """`is_new` is false for a repeat, which answers the first conversion and counts nothing."""

    conversion: Conversion
    variant_id: str | None
    mode: Mode
    is_new: bool
    moved_worlds: frozenset[str]


Answer = Recorded | Problem


@dataclass(frozen=True, slots=True)
class Place:
    """The world in which claims are judged: its rows, its clock (None: each claim's arrival), its configuration."""

    handle: Handle
    world: str
    mode: Mode
    clock_at: Micros | None
    is_open: bool
    campaigns: Mapping[str, Campaign]

    def now(self, claim: Claim) -> Micros:
        return claim.received_at if self.clock_at is None else self.clock_at

    def campaign_of(self, claim: Claim) -> Campaign | None:
        return self.campaigns.get(claim.ctx.campaign)


def record(tx: Transaction, claims: Sequence[Claim]) -> list[Answer]:
    """Store each new key once and move its counters; a repeat answers the first. A group mixes handles and worlds."""
    answers: dict[str, Answer] = {}
    for name, of_handle in groupby(sorted(claims, key=_handle_of), key=_handle_of):
        group = list(of_handle)
        opened = worlds.by_numbers(tx, name, {claim.ctx.run for claim in group if claim.ctx.run})
        by_run = sorted(group, key=_run_of)
        for run, in_world in groupby(by_run, key=_run_of):
            answers.update(_record_in(tx, name, opened.get(run) if run else None, run, list(in_world)))
    return [answers[claim.conversion_id] for claim in claims]


def _record_in(tx: Transaction, handle: str, world: World | None, run: int, claims: list[Claim]) -> dict[str, Answer]:
    place = _place(tx, handle, world, claims)
    if place is None or (run and world is None):
        gone = InvalidCtx(Reason.WRONG_MODE, "The ctx belongs to a test run that is no longer there. Open a new run.")
        return {claim.conversion_id: gone for claim in claims}
    return _Group(tx, place, claims).record()


def _place(tx: Transaction, handle: str, world: World | None, claims: list[Claim]) -> Place | None:
    if world is not None:
        snapshot = world.snapshot
        known = {snapshot.campaign.campaign_id: snapshot.campaign}
        is_open = world.closed_at is None
        return Place(snapshot.handle, world.world, Mode.TEST, world.clock_at, is_open=is_open, campaigns=known)
    owner = handles.find(tx, handle)
    if owner is None:
        return None
    mode = claims[0].ctx.mode
    found = campaigns.by_ref(tx, {(handle, claim.ctx.campaign) for claim in claims})
    name = LIVE if mode is Mode.LIVE else mode.value
    known = {campaign_id: campaign for (_, campaign_id), campaign in found.items()}
    return Place(owner, name, mode, None, is_open=True, campaigns=known)


class _Group:
    """The claims of one world on their way into storage, in one order: keys, claims, rows, ledger, tallies."""

    def __init__(self, tx: Transaction, place: Place, claims: list[Claim]) -> None:
        self.tx, self.place, self.claims = tx, place, claims
        self.handle, self.world = place.handle.handle, place.world
        self.moves = Moves()
        self.known = store.keys(tx, self.handle, self.world, {claim.key for claim in claims})
        first_ids = {row["subject_id"] for row in self.known.values() if row["kind"] == "CONVERSION"}
        self.stored = store.by_ids(tx, self.handle, self.world, first_ids)
        self.totals = defaultdict(int, self._totals())
        self.new: dict[str, tuple[Claim, Conversion]] = {}
        self.repeats: Counter[str] = Counter()

    def record(self) -> dict[str, Answer]:
        answers = {claim.conversion_id: self._answer(claim) for claim in self.claims}
        store.take_keys(self.tx, [self._key_row(claim, made) for claim, made in self.new.values()])
        store.count_repeats(self.tx, self.handle, self.world, self.repeats, self.place.now(self.claims[0]))
        settled = self._settle_uniqueness()
        store.add_conversions(self.tx, self.handle, self.world, list(settled.values()))
        count(self.tx, self.place.handle, self.world, list(settled.values()), self.moves)
        tallies.move(self.tx, self.moves)
        moved = frozenset(self.moves.worlds)
        return {id_: self._final(answer, settled, moved) for id_, answer in answers.items()}

    def _answer(self, claim: Claim) -> Answer:
        try:
            return self._admit(claim)
        except InvalidCtx as problem:
            self._count_refusal(claim, f"{problem.reason.value} {claim.ctx.variant}")
            return problem
        except Problem as problem:
            return problem

    def _admit(self, claim: Claim) -> Answer:
        if claim.key in self.known:
            return self._repeat(claim, self.known[claim.key])
        if claim.key in self.new:
            first_claim, first = self.new[claim.key]
            return self._compare(claim, first, first_claim.digest)
        check_expected(claim.ctx, claim.expected_handle, claim.expected_campaign)
        now = self.place.now(claim)
        if not self.place.is_open:
            raise InvalidCtx(Reason.WRONG_MODE, "The ctx belongs to a test run that is finished. Open a new run.")
        check_times(claim.ctx, now)
        made = self._conversion(claim, check_campaign(claim, self.place.campaign_of(claim)), now)
        self.new[claim.key] = (claim, made)
        return self._recorded(made, is_new=True)

    def _conversion(self, claim: Claim, campaign: Campaign, now: Micros) -> Conversion:
        value = read_value(claim, campaign)
        occurred_at = event_time(claim, now)
        total_of = (campaign.campaign_id, claim.ctx.visitor, value.currency if value else "")
        disposition, reason = disposition_of(
            claim, campaign, value=value, occurred_at=occurred_at, visitor_total_minor=self.totals[total_of]
        )
        if value is not None and disposition is Disposition.COUNTED:
            self.totals[total_of] += value.minor
        return Conversion(
            conversion_id=claim.conversion_id,
            campaign_id=campaign.campaign_id,
            idempotency_key=claim.key,
            click_id=claim.ctx.click_id,
            visitor=claim.ctx.visitor,
            slug=claim.ctx.slug,
            variant=claim.ctx.variant,
            cohort=claim.ctx.cohort,
            epoch=claim.ctx.epoch,
            phase=claim.ctx.phase,
            event_type=claim.event_type or campaign.event_type,
            value_minor=value.minor if value else None,
            currency=value.currency if value else claim.currency,
            disposition=disposition,
            reason=reason,
            in_test=False,
            clicked_at=claim.ctx.issued_at,
            occurred_at=occurred_at,
            received_at=now,
            customer=claim.customer,
            properties=claim.properties,
            request_id=claim.request_id,
        )

    def _repeat(self, claim: Claim, row: Row) -> Answer:
        first = self.stored.get(row["subject_id"])
        if first is None:
            return _key_reused(row["subject_id"], row["received_at"], ["/idempotencyKey"])
        return self._compare(claim, first, row["body_digest"])

    def _compare(self, claim: Claim, first: Conversion, digest: str) -> Answer:
        differs = (
            []
            if claim.digest == digest
            else _meaning_of(claim, self.place.campaign_of(claim), first).differs_from(first.meaning)
        )
        if differs:
            self._count_key_reuse(claim, differs)
            return _key_reused(first.conversion_id, first.received_at, differs)
        self.repeats[claim.key] += 1
        self._count_at(claim, "repeated")
        return self._recorded(first, is_new=False)

    def _settle_uniqueness(self) -> dict[str, Conversion]:
        """Who gets a place under the counting rule is COUNTED; all others are NOT_UNIQUE. First come, first served."""
        wanted = self._wanted_places()
        uses = store.claim(self.tx, [self._claim_row(ref, len(ids)) for ref, (_, ids) in wanted.items()])
        late: set[str] = set()
        for ref, (limit, ids) in wanted.items():
            granted = max(0, limit - (uses[ref] - len(ids)))
            late.update(ids[granted:])
        settled = {made.conversion_id: made for _, made in self.new.values()}
        for conversion_id in late:
            made = settled[conversion_id]
            reason = not_unique_reason(self.place.campaigns[made.campaign_id])
            settled[conversion_id] = replace(made, disposition=Disposition.NOT_UNIQUE, reason=reason)
        return self._mark_in_test(settled)

    def _wanted_places(self) -> dict[tuple[str, int, str], tuple[int, list[str]]]:
        wanted: dict[tuple[str, int, str], tuple[int, list[str]]] = {}
        for claim, made in self.new.values():
            place = limit_of(self.place.campaigns[made.campaign_id], claim.ctx)
            if made.disposition is Disposition.COUNTED and place is not None:
                subject, limit = place
                wanted.setdefault((made.campaign_id, made.epoch, subject), (limit, []))[1].append(made.conversion_id)
        return wanted

    def _mark_in_test(self, settled: dict[str, Conversion]) -> dict[str, Conversion]:
        """In the test counts what occurred within the window after the visitor's entry into the epoch of its click."""
        refs = {(made.campaign_id, made.visitor) for made in settled.values()}
        standings = visitors.lock_standings(self.tx, self.handle, self.world, refs)

        def marked(made: Conversion) -> Conversion:
            standing = standings.get((made.campaign_id, made.visitor))
            window = self.place.campaigns[made.campaign_id].attribution_window
            return replace(made, in_test=standing is not None and _is_in_test(made, standing, window))

        return {id_: marked(made) for id_, made in settled.items()}

    def _recorded(self, conversion: Conversion, *, is_new: bool) -> Recorded:
        campaign = self.place.campaigns.get(conversion.campaign_id)
        variant_id = campaign.variant_id(conversion.variant) if campaign else None
        return Recorded(conversion, variant_id, self.place.mode, is_new, frozenset())

    def _final(self, answer: Answer, settled: Mapping[str, Conversion], moved: frozenset[str]) -> Answer:
        if isinstance(answer, Problem):
            return answer
        return replace(
            answer, conversion=settled.get(answer.conversion.conversion_id, answer.conversion), moved_worlds=moved
        )

    def _totals(self) -> dict[tuple[str, str, str], int]:
        refs = {(claim.ctx.campaign, claim.ctx.visitor) for claim in self.claims if claim.value_text is not None}
        return store.totals(self.tx, self.handle, self.world, refs)

    def _key_row(self, claim: Claim, made: Conversion) -> Row:
        return {
            "handle": self.handle,
            "world": self.world,
            "idempotency_key": claim.key,
            "kind": "CONVERSION",
            "subject_id": made.conversion_id,
            "body_digest": claim.digest,
            "click_id": made.click_id,
            "event_type": made.event_type,
            "value_minor": made.value_minor,
            "currency": made.currency,
            "received_at": made.received_at,
        }

    def _claim_row(self, ref: tuple[str, int, str], uses: int) -> Row:
        campaign_id, epoch, subject = ref
        where = {"handle": self.handle, "world": self.world, "campaign_id": campaign_id, "epoch": epoch}
        return {**where, "subject": subject, "uses": uses}

    def _count_at(self, claim: Claim, subject: str, name: str = "") -> None:
        if claim.ctx.campaign in self.place.campaigns:
            self.moves.add_quarter((self.handle, self.world, claim.ctx.campaign), self.place.now(claim), subject, name)

    def _count_refusal(self, claim: Claim, name: str) -> None:
        self._count_at(claim, "ctx_refused", name)

    def _count_key_reuse(self, claim: Claim, differs: list[str]) -> None:
        self._count_at(claim, "key_reused", f"{' '.join(differs)}|{claim.key[:40]}")


def _meaning_of(claim: Claim, campaign: Campaign | None, first: Conversion) -> Meaning:
    """What a repeated claim means, its defaults those of the campaign; an amount that cannot be read differs."""
    event_type = claim.event_type or (campaign.event_type if campaign else first.event_type)
    currency = claim.currency or (campaign.currency if campaign and claim.value_text else first.currency)
    value: int | None = None
    if claim.value_text is not None and campaign is not None:
        try:
            money = read_value(claim, campaign)
            value = money.minor if money else None
        except Problem:
            value = -1
    return Meaning(claim.ctx.click_id, event_type, value, currency)


def _is_in_test(made: Conversion, standing: Standing, window: Micros) -> bool:
    return (
        made.disposition is Disposition.COUNTED
        and made.cohort is Cohort.ENTERED
        and standing.entered_at is not None
        and standing.epoch == made.epoch
        and made.occurred_at - standing.entered_at <= window
    )


def _key_reused(first_id: str, at: Micros, differs: list[str]) -> KeyReused:
    faults = [Fault(pointer, "differs", "differs from what this key was first sent with.") for pointer in differs]
    fields = ", ".join(pointer.lstrip("/") for pointer in differs)
    verb = "differs" if len(differs) == 1 else "differ"
    detail = f"This key already stands for {first_id}, and {fields} {verb}. Send each order under a key of its own."
    return KeyReused(detail, faults=faults, differs=differs, firstConversionId=first_id, firstReceivedAt=iso(at))


def _handle_of(claim: Claim) -> str:
    return claim.ctx.handle


def _run_of(claim: Claim) -> int:
    return claim.ctx.run
