"""A conversion as clients read it."""

from typing import Any

from funnelproof.clock import iso
from funnelproof.conversions.conversion import Conversion
from funnelproof.conversions.record import Recorded
from funnelproof.links.ctx import Mode
from funnelproof.money import decimal_text
from funnelproof.web.shape import View


class ConversionView(View):
    """What became of a conversion: `status` tells whether this request stored it, `disposition` whether it counts."""

    conversion_id: str
    status: str
    disposition: str
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


def view_of(recorded: Recorded) -> dict[str, Any]:
    """The answer to a conversion, plain for speed: `ConversionView` describes it."""
    status = "RECORDED" if recorded.is_new else "DUPLICATE"
    return stored_view(recorded.conversion, status=status, variant_id=recorded.variant_id, mode=recorded.mode)


def stored_view(made: Conversion, *, status: str, variant_id: str | None, mode: Mode) -> dict[str, Any]:
    has_value = made.value_minor is not None and made.currency is not None
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
        "value": decimal_text(made.value_minor or 0, made.currency or "") if has_value else None,
        "currency": made.currency,
        "mode": mode.value,
        "occurredAt": iso(made.occurred_at),
        "receivedAt": iso(made.received_at),
        "requestId": made.request_id,
    }
