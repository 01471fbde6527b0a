"""What a test conversion is asked to test, its defaults filled in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from funnelproof.campaigns.campaign import Campaign
from funnelproof.errors import invalid
from funnelproof.money import check_currency, decimal_text, read_money
from funnelproof.proofs.run import tested_variants

USUAL_VALUE_MINOR = 4990


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be tested. `variants` is (number, id); `value` is decimal text of `currency`."""

    variants: list[tuple[int, str]]
    value: str
    currency: str
    event_type: str
    seed: str


def _variants(campaign: Campaign, variant_id: str | None) -> list[tuple[int, str]]:
    tested = tested_variants(campaign)
    if variant_id is None:
        return tested
    chosen = [pair for pair in tested if pair[1] == variant_id]
    if not chosen:
        names = ", ".join(name for _, name in tested if name) or "none"
        raise invalid("variantId", f"no variant with weight is called {variant_id!r}; there are: {names}.")
    return chosen


def wanted_of(campaign: Campaign, asked: Mapping[str, Any], seed: str) -> Wanted:
    currency = check_currency(asked.get("currency") or campaign.currency)
    if asked.get("value") is not None:
        value = str(read_money(asked["value"], currency))
    else:
        plausible = (
            USUAL_VALUE_MINOR if campaign.max_value_minor is None else min(USUAL_VALUE_MINOR, campaign.max_value_minor)
        )
        value = decimal_text(plausible, currency)
    event_type = asked.get("event_type") or campaign.event_type
    return Wanted(_variants(campaign, asked.get("variant_id")), value, currency, event_type, seed)
