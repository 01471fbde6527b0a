"""The columns of each export and how a stored row becomes one of them."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import type_coerce
from sqlalchemy.engine.default import DefaultDialect

from funnelproof.exports.export import What
from funnelproof.money import decimal_text
from funnelproof.results.figures import COUNTERS
from funnelproof.storage.schema import clicks, conversions
from funnelproof.storage.schema.columns import Tags, Text
from funnelproof.worlds.world import LIVE

Names = Mapping[str, Mapping[int, str]]
"""Variant ids by campaign and number."""
Values = tuple[Any, ...]
Shape = Callable[[Sequence[Any], Names], Values]


class Kind(Enum):
    """TEXT is made by us and begins with a letter or a digit, FOREIGN is what others may have sent."""

    TEXT = "text"
    FOREIGN = "foreign"
    WHOLE = "whole"
    MOMENT = "moment"
    FLAG = "flag"
    AMOUNT = "amount"
    JSON = "json"


class Field(NamedTuple):
    name: str
    kind: Kind = Kind.TEXT


STORED_CLICK = (
    *(clicks.c.click_id, clicks.c.clicked_at, clicks.c.campaign_id, clicks.c.variant, clicks.c.slug, clicks.c.kind),
    *(clicks.c.cohort, clicks.c.epoch, clicks.c.phase, clicks.c.visitor, clicks.c.consent, clicks.c.country),
    *(clicks.c.device, clicks.c.referrer, clicks.c.source, clicks.c.with_ctx, clicks.c.request_id, clicks.c.world),
    type_coerce(clicks.c.tags, Text),
)
CLICK = (
    *(
        Field("clickId"),
        Field("clickedAt", Kind.MOMENT),
        Field("campaignId"),
        Field("variantId"),
        Field("slug", Kind.FOREIGN),
    ),
    *(Field("kind"), Field("cohort"), Field("epoch", Kind.WHOLE), Field("phase", Kind.WHOLE), Field("visitor")),
    *(
        Field("consent"),
        Field("country"),
        Field("device"),
        Field("referrer", Kind.FOREIGN),
        Field("source", Kind.FOREIGN),
    ),
    *(Field("withCtx", Kind.FLAG), Field("requestId", Kind.FOREIGN), Field("runId")),
    *(Field(name, Kind.FOREIGN) for name in ("utmSource", "utmMedium", "utmCampaign", "utmTerm", "utmContent")),
)
STORED_CONVERSION = (
    *(conversions.c.conversion_id, conversions.c.received_at, conversions.c.occurred_at, conversions.c.clicked_at),
    *(conversions.c.campaign_id, conversions.c.variant, conversions.c.slug, conversions.c.click_id),
    *(conversions.c.visitor, conversions.c.idempotency_key, conversions.c.event_type, conversions.c.value_minor),
    *(conversions.c.currency, conversions.c.disposition, conversions.c.reason, conversions.c.in_test),
    *(conversions.c.cohort, conversions.c.epoch, conversions.c.phase, conversions.c.customer),
    *(conversions.c.properties, conversions.c.request_id, conversions.c.world),
)
CONVERSION = (
    *(Field("conversionId"), Field("receivedAt", Kind.MOMENT), Field("occurredAt", Kind.MOMENT)),
    *(
        Field("clickedAt", Kind.MOMENT),
        Field("campaignId"),
        Field("variantId"),
        Field("slug", Kind.FOREIGN),
        Field("clickId"),
    ),
    *(
        Field("visitor"),
        Field("idempotencyKey", Kind.FOREIGN),
        Field("eventType", Kind.FOREIGN),
        Field("value", Kind.AMOUNT),
        Field("currency"),
    ),
    *(Field("disposition"), Field("reason", Kind.FOREIGN), Field("inTest", Kind.FLAG), Field("cohort")),
    *(Field("epoch", Kind.WHOLE), Field("phase", Kind.WHOLE), Field("customer"), Field("properties", Kind.JSON)),
    *(Field("requestId", Kind.FOREIGN), Field("runId")),
)
TALLY = (
    *(Field("day"), Field("campaignId"), Field("dimension"), Field("key", Kind.FOREIGN), Field("currency")),
    *(Field(name, Kind.WHOLE) for name in ("clicks", "qualifiedClicks", "botClicks", "visitors", "conversions")),
    *(Field(name, Kind.WHOLE) for name in ("converters", "refundedConverters", "pageViews", "ctaClicks")),
    *(Field("gross", Kind.AMOUNT), Field("net", Kind.AMOUNT)),
)


def click(row: Sequence[Any], names: Names) -> Values:
    click_id, at, campaign_id, variant, *plain, world, tags = row
    run = None if world == LIVE else world
    return (click_id, at, campaign_id or None, _variant(names, campaign_id, variant), *plain, run, *_tags(tags))


def conversion(row: Sequence[Any], names: Names) -> Values:
    *times, campaign_id, variant, slug, click_id, visitor, key, event, minor, currency = row[:13]
    *plain, world = row[13:]
    value = None if minor is None else decimal_text(minor, currency)
    variant_id = _variant(names, campaign_id, variant)
    run = None if world == LIVE else world
    return (*times, campaign_id, variant_id, slug, click_id, visitor, key, event, value, currency, *plain, run)


def tally(row: Sequence[Any], names: Names) -> Values:
    """Counters stand in the row without a currency; an amount stands in the row of its own."""
    campaign_id, dimension, day, value, currency, *sums = row
    key = _variant(names, campaign_id, int(value)) or "(none)" if dimension == "variant" else value
    counts, (gross, net) = sums[: len(COUNTERS)], sums[len(COUNTERS) :]
    amounts = (decimal_text(gross, currency), decimal_text(net, currency)) if currency else (None, None)
    return (day, campaign_id or None, dimension, key, currency or None, *counts, *amounts)


@lru_cache(maxsize=4096)
def _tags(stored: str | None) -> tuple[str | None, ...]:
    """The five of a click; most clicks share theirs with many others."""
    told = Tags().process_result_value(stored, DefaultDialect()) or {}
    return tuple(told.get(name) for name in Tags.names)


def _variant(names: Names, campaign_id: str, number: int) -> str | None:
    return names.get(campaign_id, {}).get(number)


FIELDS: dict[What, tuple[Field, ...]] = {
    What.CLICKS: CLICK,
    What.CONVERSIONS: CONVERSION,
    What.TALLIES: TALLY,
}
SHAPES: dict[What, Shape] = {What.CLICKS: click, What.CONVERSIONS: conversion, What.TALLIES: tally}
