"""A conversion as clients read it."""

from typing import Any

from pydantic import Field

from funnelproof.clock import iso, iso_or_none
from funnelproof.conversions.conversion import Conversion, Disposition
from funnelproof.conversions.record import Recorded
from funnelproof.conversions.reversal_view import ReversalView, reversal_view
from funnelproof.conversions.why import Told, WhyStep
from funnelproof.links.ctx import Mode
from funnelproof.money import decimal_text
from funnelproof.web.shape import Moment, Shape, View, example
from funnelproof.worlds.world import NAMED


class ConversionView(View):
    """What became of a conversion: `status` tells whether this request stored it, `disposition` whether it counts."""

    conversion_id: str
    status: str
    disposition: Disposition
    reason: str | None
    campaign_id: str
    variant_id: str | None
    slug: str
    click_id: str
    event_type: str
    value: str | None
    currency: str | None
    mode: Mode
    occurred_at: str
    received_at: str
    request_id: str | None


class WhyView(View):
    step: str
    text: str
    at: str | None
    evidence: dict[str, Any]


class ConversionStory(ConversionView):
    """A conversion, its reversals, and the chain from its click to the counter. `net` is what they have left of it."""

    idempotency_key: str
    in_test: bool
    run_id: str | None
    properties: dict[str, Any] | None
    net: str | None
    reversals: list[ReversalView]
    why: list[WhyView]


class NewRelease(Shape):
    """A stretch of time: everything held that arrived at `from` or later and before `to`. Never a selection."""

    model_config = example({"from": "2026-11-22T00:00:00Z", "to": "2026-11-23T00:00:00Z"})

    from_: Moment = Field(alias="from")
    to: Moment


class ReleaseView(View):
    """What became of those that were held. `left` stay held, because their campaign was deleted."""

    released: int
    counted: int
    not_unique: int
    left: int


def view_of(recorded: Recorded) -> dict[str, Any]:
    """The answer to a conversion, plain for speed: `ConversionView` describes it."""
    status = "RECORDED" if recorded.is_new else "DUPLICATE"
    return stored_view(recorded.conversion, status=status, variant_id=recorded.variant_id, mode=recorded.mode)


def stored_view(made: Conversion, *, status: str, variant_id: str | None, mode: Mode) -> dict[str, Any]:
    value = made.value
    return {
        "conversionId": made.conversion_id,
        "status": status,
        "disposition": made.disposition.value,
        "reason": made.reason,
        "campaignId": made.campaign_id,
        "variantId": variant_id,
        "slug": made.slug,
        "clickId": made.click_id,
        "eventType": made.event_type,
        "value": None if value is None else decimal_text(value.minor, value.currency),
        "currency": made.currency,
        "mode": mode.told,
        "occurredAt": iso(made.occurred_at),
        "receivedAt": iso(made.received_at),
        "requestId": made.request_id,
    }


def story_members(told: Told, world: str) -> dict[str, Any]:
    """What `ConversionStory` tells beyond the conversion and its why."""
    made, value = told.made, told.made.value
    return {
        "idempotencyKey": made.idempotency_key,
        "inTest": made.in_test,
        "runId": None if world in NAMED else world,
        "properties": made.properties,
        "net": None if value is None else decimal_text(value.minor - told.reversed_minor, value.currency),
        "reversals": [ReversalView(**reversal_view(own, world)) for own in told.reversals],
    }


def why_view(step: WhyStep) -> WhyView:
    return WhyView(step=step.step, text=step.text, at=iso_or_none(step.at), evidence=step.evidence)
