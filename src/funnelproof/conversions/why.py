"""Why a conversion counted or did not: the chain from its click to the counter, said step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from funnelproof.campaigns.campaign import Campaign
from funnelproof.clicks.assignment import Standing
from funnelproof.clock import Micros, iso, local_day, span
from funnelproof.conversions.conversion import Conversion, Disposition
from funnelproof.conversions.reversal import Reversal
from funnelproof.handles.handle import Handle
from funnelproof.links.ctx import Cohort
from funnelproof.money import decimal_text

COHORTS: Mapping[Cohort, str] = {
    Cohort.NONE: "The link had no campaign at the click.",
    Cohort.ENTERED: "At the click the campaign was active and the visitor was in the test.",
    Cohort.OUTSIDE: "At the click the campaign was active, the visitor not in the test: outside the ramp, or a bot.",
    Cohort.DAILY: "At the click the campaign was active; the visitor was known for that day only, so not in the test.",
    Cohort.RULE: "A routing rule of the link decided where the click led, so it has no variant.",
    Cohort.EARLIER: "The visitor had entered an earlier epoch of the test and kept its variant, outside the figures.",
    Cohort.PAUSED: "The campaign was not active at the click.",
    Cohort.AFTER: "The campaign was completed at the click.",
}


@dataclass(frozen=True, slots=True)
class Told:
    """All that is known of one conversion. `click` is None once its row is no longer kept."""

    made: Conversion
    owner: Handle
    variant_id: str | None
    campaign: Campaign | None
    click: Mapping[str, Any] | None
    standing: Standing | None
    key: Mapping[str, Any] | None
    reversals: Sequence[Reversal] = ()

    @property
    def reversed_minor(self) -> int:
        return sum(each.amount_minor or 0 for each in self.reversals)


@dataclass(frozen=True, slots=True)
class WhyStep:
    step: str
    text: str
    at: Micros | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


def why(told: Told) -> list[WhyStep]:
    chain = [_click(told), _ctx(told), _cohort(told), _window(told), _key(told), _outcome(told)]
    return [*chain, _taken_back(told)] if told.reversals else chain


def _click(told: Told) -> WhyStep:
    made, click = told.made, told.click
    evidence: dict[str, Any] = {"clickId": made.click_id, "slug": made.slug}
    if click is None:
        return WhyStep("click", "The row of its click is no longer kept.", made.clicked_at, evidence)
    evidence |= {name: click[name] for name in ("source", "country", "device", "referrer", "kind", "tags")}
    text = f"The link {made.slug} was clicked from {click['source']}, {click['country']}, on {click['device']}."
    return WhyStep("click", text, made.clicked_at, evidence)


def _ctx(told: Told) -> WhyStep:
    made = told.made
    age = span(made.received_at - made.clicked_at)
    evidence = {"issuedAt": iso(made.clicked_at), "receivedAt": iso(made.received_at)}
    return WhyStep("ctx", f"Its ctx came back valid, {age} old.", made.received_at, evidence)


def _cohort(told: Told) -> WhyStep:
    made = told.made
    evidence = {"cohort": made.cohort.value, "variantId": told.variant_id, "epoch": made.epoch, "phase": made.phase}
    return WhyStep("campaign", COHORTS[made.cohort], made.clicked_at, evidence)


def _window(told: Told) -> WhyStep:
    made, campaign = told.made, told.campaign
    text = f"It occurred {span(made.occurred_at - made.clicked_at)} after the click"
    if campaign is None:
        return WhyStep("window", f"{text}; its campaign was deleted.", made.occurred_at)
    days = campaign.attribution_window_days
    inside = made.occurred_at - made.clicked_at <= campaign.attribution_window
    where = "inside" if inside else "outside"
    return WhyStep("window", f"{text}, {where} the window of {days} d.", made.occurred_at, {"windowDays": days})


def _key(told: Told) -> WhyStep:
    made, repeats = told.made, told.key["repeats"] if told.key else 0
    evidence: dict[str, Any] = {"idempotencyKey": made.idempotency_key, "repeats": repeats}
    if not repeats or told.key is None:
        return WhyStep("key", "It was the first under its key, and no repeat has come.", made.received_at, evidence)
    last = told.key["repeated_at"]
    evidence["lastRepeatAt"] = iso(last)
    times = "once" if repeats == 1 else f"{repeats} times"
    text = f"It was the first under its key; it was repeated {times}, last at {iso(last)}, and no repeat counted."
    return WhyStep("key", text, made.received_at, evidence)


def _outcome(told: Told) -> WhyStep:
    made = told.made
    evidence: dict[str, Any] = {"disposition": made.disposition.value, "reason": made.reason}
    if made.disposition is not Disposition.COUNTED:
        return WhyStep("set_aside", f"Set aside as {made.disposition}: {made.reason}.", made.received_at, evidence)
    day = local_day(made.occurred_at, told.owner.zone_at(made.occurred_at))
    evidence |= {"day": day, "variantId": told.variant_id, "inTest": made.in_test}
    for_whom = f" for the variant {told.variant_id}" if told.variant_id else ""
    released = f" ({made.reason})" if made.reason else ""
    return WhyStep("counted", f"Counted on {day}{for_whom}{released}. {_in_figures(told)}", made.received_at, evidence)


def _taken_back(told: Told) -> WhyStep:
    """Whoever looks for a missing amount looks here last."""
    made, last = told.made, told.reversals[-1]
    evidence: dict[str, Any] = {"reversalIds": [each.reversal_id for each in told.reversals]}
    times = "once" if len(told.reversals) == 1 else f"{len(told.reversals)} times"
    text = f"It was taken back {times}"
    if made.value is not None:
        back, value = (decimal_text(minor, made.value.currency) for minor in (told.reversed_minor, made.value.minor))
        evidence |= {"reversed": back, "currency": made.value.currency}
        text = f"{text}, {back} of {value} {made.value.currency} in all"
    if made.disposition is not Disposition.COUNTED:
        return WhyStep("reversed", f"{text}; it counts nowhere, so nothing has moved.", last.counts_at, evidence)
    days = sorted({local_day(each.counts_at, told.owner.zone_at(each.counts_at)) for each in told.reversals})
    evidence["days"] = days
    return WhyStep("reversed", f"{text}: net fell on {', '.join(days)}. It stays counted.", last.counts_at, evidence)


def _in_figures(told: Told) -> str:
    if told.made.in_test:
        return "It is in the figures of the test."
    if told.standing is None:
        return "No qualified click of its visitor is known, so it makes no converter."
    if told.made.cohort is not Cohort.ENTERED:
        return "It is in the funnel and not in the test: its click was not of a visitor in the test."
    return "It is in the funnel and not in the test: more than the window after its visitor's entry."
