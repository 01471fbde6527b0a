"""What comes back, one by one: refused ctx, reused keys, odd times, what is held, clicks that convert too often."""

from collections import Counter
from dataclasses import dataclass

from funnelproof.campaigns.campaign import CountingRule
from funnelproof.clock import SECOND, iso, iso_or_none
from funnelproof.conversions.conversion import Disposition
from funnelproof.health.check import Check, Status
from funnelproof.health.checks.shares import EVENTS_NEEDED, Limits, judge, worst
from funnelproof.health.checks.words import many, percent
from funnelproof.health.evidence import Evidence, Facts

REFUSED = Limits(warn_per_mille=10, fail_per_mille=50)
REUSED = Limits(warn_per_mille=5, fail_per_mille=20)
ODD_TIMES = Limits(warn_per_mille=50)
JUDGED_REASONS = ("expired", "wrong_campaign", "wrong_mode")
LATE = 60 * SECOND
OFTEN = 10
COUNTED = Disposition.COUNTED.value


@dataclass(frozen=True, slots=True)
class Returned:
    """The verified ctx of one variant that came back: `n` judged ones, how many of them were refused, and why.

    `not_judged` are those refused for other reasons; they are no part of `n`.
    """

    number: int
    n: int
    reasons: dict[str, int]
    not_judged: dict[str, int]

    @property
    def refused(self) -> int:
        return sum(self.reasons.values())

    @property
    def status(self) -> Status:
        return judge(self.refused, self.n, REFUSED)


def ctx_returned(of: Evidence) -> Check:
    """Only ctx whose signature held are judged: whatever else arrives could be anybody's."""
    parts = _returned(of)
    n, refused = sum(part.n for part in parts), sum(part.refused for part in parts)
    facts: Facts = {"n": n, "refused": refused, "variants": [_returned_facts(of, part) for part in parts]}
    status = worst([part.status for part in parts])
    if status is Status.UNKNOWN:
        remedy = "Send one order back with its ctx."
        return Check("ctx_returned", status, "No ctx has come back in the last 24 h.", facts, remedy)
    if status is Status.PASS:
        title = f"{percent(n - refused, n)} of {n} ctx that came back could be used."
        return Check("ctx_returned", status, title, facts)
    said = [
        f"{of.name_of(part.number)} {percent(part.refused, part.n)} of {part.n}"
        for part in parts
        if part.status is status
    ]
    remedy = "Send each order with the ctx of its own click: keep it with the cart, and do not send it after its end."
    return Check("ctx_returned", status, f"Valid ctx were refused: {', '.join(said)}.", facts, remedy)


def _returned(of: Evidence) -> list[Returned]:
    accepted = {_number(name): amount for name, amount in of.lately.by_name("ctx_accepted").items()}
    refused: dict[int, Counter[str]] = {}
    for name, amount in of.lately.by_name("ctx_refused").items():
        reason, _, variant = name.partition(" ")
        refused.setdefault(_number(variant), Counter())[reason] += amount
    parts: list[Returned] = []
    for number in sorted(accepted.keys() | refused.keys()):
        every = sorted(refused.get(number, Counter()).items())
        reasons = {reason: amount for reason, amount in every if reason in JUDGED_REASONS}
        others = {reason: amount for reason, amount in every if reason not in JUDGED_REASONS}
        parts.append(Returned(number, accepted.get(number, 0) + sum(reasons.values()), reasons, others))
    return parts


def _returned_facts(of: Evidence, part: Returned) -> Facts:
    return {
        "variantId": of.id_of(part.number),
        "n": part.n,
        "refused": part.refused,
        "status": part.status.value,
        "reasons": part.reasons,
        "notJudged": part.not_judged,
    }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def dedupe(of: Evidence) -> Check:
    new, repeated = of.lately.total("ctx_accepted"), of.lately.total("repeated")
    reused = of.lately.total("key_reused")
    n = new + repeated + reused
    facts: Facts = {
        "n": n,
        "new": new,
        "repeated": repeated,
        "reusedWithAnotherBody": reused,
        "topKeys": [{"key": own.key, "differs": list(own.differs), "times": own.times} for own in of.reused_keys],
    }
    status = judge(reused, n, REUSED)
    if status is Status.UNKNOWN:
        return Check("dedupe", status, "No conversions in the last 24 h.", facts)
    if status is Status.PASS:
        return Check(
            "dedupe", status, f"Each key stands for one conversion; {many(repeated, 'repeat')} counted nothing.", facts
        )
    fields = sorted({pointer.lstrip("/") for own in of.reused_keys for pointer in own.differs})
    title = f"{percent(reused, n)} of {many(n, 'conversion')} came under a key that stands for another one"
    title += f"; {', '.join(fields)} differ." if fields else "."
    remedy = "Make the idempotency key from the order's own id, one for each order, the same for each retry of it."
    return Check("dedupe", status, title, facts, remedy)


def clock(of: Evidence) -> Check:
    """Of the newest conversions, those that told their own time."""
    told = [own for own in of.recent if own.occurred_at != own.received_at]
    late = sum(own.occurred_at > own.received_at + LATE for own in told)
    early = sum(own.occurred_at < own.clicked_at for own in told)
    bad = sum(own.occurred_at > own.received_at + LATE or own.occurred_at < own.clicked_at for own in told)
    facts: Facts = {"n": len(told), "afterArrival": late, "beforeTheClick": early}
    if not told:
        return Check("clock", Status.UNKNOWN, "No conversion has told its own time (`occurredAt`).", facts)
    few = Status.UNKNOWN if bad else Status.PASS
    status = judge(bad, len(told), ODD_TIMES) if len(told) >= EVENTS_NEEDED else few
    if status is Status.PASS:
        return Check(
            "clock", status, f"The times of {many(len(told), 'conversion')} fit their clicks and arrivals.", facts
        )
    title = f"{bad} of {many(len(told), 'conversion')} tell a time after their arrival, or before their click."
    remedy = "Set the clock of the sending server (NTP), and send occurredAt with its offset; or leave it out."
    return Check("clock", status, title, facts, remedy)


def held(of: Evidence) -> Check:
    """Conversions of the campaign that wait for a person, reversals of the handle that wait for their conversion."""
    kept, waiting = of.held, of.waiting
    facts: Facts = {
        "n": kept.count,
        "since": iso_or_none(kept.since),
        "waitingReversals": waiting.count,
        "waitingSince": iso_or_none(waiting.since),
    }
    said, remedies = [], []
    if kept.count > 0 and kept.since is not None:
        count = _at_least(kept.count, kept.at_most, "conversion")
        said.append(f"Held back since {iso(kept.since)}, and counted nowhere yet: {count}.")
        remedies.append("Look at them; then release them (POST …/conversions/release), or leave them out.")
    if waiting.count > 0 and waiting.since is not None:
        count = _at_least(waiting.count, waiting.at_most, "reversal")
        said.append(f"Waiting for their conversions for more than 30 d, since {iso(waiting.since)}: {count}.")
        remedies.append("GET …/reversals?status=WAITING tells which keys they name: was the order sent under that key?")
    if said:
        return Check("held", Status.WARN, " ".join(said), facts, " ".join(remedies))
    return Check("held", Status.PASS, "No conversion is held back, and no reversal waits for long.", facts)


def _at_least(count: int, at_most: int, thing: str) -> str:
    return many(count, thing) + (" or more" if 0 < at_most <= count else "")


def per_click(of: Evidence) -> Check | None:
    """How often single clicks converted: by the places they took, and among the newest conversions."""
    if of.campaign.counting_rule is not CountingRule.EVERY:
        return None
    seen = Counter(own.click_id for own in of.recent if own.disposition == COUNTED)
    most = of.campaign.max_per_click or None
    busy = {click: min(uses, most or uses) for click, uses in (seen | Counter(of.busy_clicks)).items()}
    busy = {click: uses for click, uses in busy.items() if uses > OFTEN}
    facts: Facts = {
        "n": len(of.recent),
        "clicks": [
            {"clickId": click, "conversions": uses}
            for click, uses in sorted(busy.items(), key=lambda pair: (-pair[1], pair[0]))[:5]
        ],
    }
    if not of.recent and not busy:
        return Check("per_click", Status.UNKNOWN, "No conversion yet.", facts)
    if not busy:
        return Check("per_click", Status.PASS, f"No click has more than {OFTEN} counted conversions.", facts)
    title = f"{many(len(busy), 'click')} with more than {OFTEN} counted conversions; the most is {max(busy.values())}."
    remedy = "Is one ctx used for many buyers? Keep it per visitor, or lower maxPerClick."
    return Check("per_click", Status.WARN, title, facts, remedy)
