"""The changeable fields of a campaign: what each is by default, and in which form it is kept."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from funnelproof.campaigns.campaign import DAY_SECONDS, PRESETS, GoalType, LaunchPolicy
from funnelproof.errors import Fault, gathered
from funnelproof.money import read_money

WINDOW_DAYS = 30
DECISION_DAYS = 7
FRACTIONS = ("expected_rate", "minimum_lift")
FOLLOW_THE_WINDOW = ("ctx_ttl_seconds", "decision_window_days")
NONE_BY_DEFAULT = (
    "primary_slug",
    "max_value_minor",
    "tag_policy",
    "starts_at",
    "ends_at",
    "details_page_slug",
    "embargo_until",
    *FRACTIONS,
)


def defaults(goal_type: GoalType, window_days: int) -> dict[str, Any]:
    """By the campaign's own field names; `window_days` is the attribution window that holds."""
    preset = PRESETS[goal_type]
    return {
        **dict.fromkeys(NONE_BY_DEFAULT),
        "tracking_preset": preset.tracking_preset,
        "event_type": preset.event_type,
        "counting_rule": preset.counting_rule,
        "max_per_click": 100,
        "trusted_conversions": False,
        "attribution_window_days": WINDOW_DAYS,
        "ctx_ttl_seconds": (window_days + 1) * DAY_SECONDS,
        "launch_policy": LaunchPolicy.OPEN,
        "decision_window_days": min(DECISION_DAYS, window_days),
        "include_cookieless": False,
        "receipt_ttl_hours": 168,
        "pause_on_fail": False,
    }


def as_kept(told: Mapping[str, Any], currency: str | None, faults: list[Fault]) -> dict[str, Any]:
    """Told fields under the names and in the form in which a campaign keeps them; null stays None.

    A value that cannot be kept is left out and adds to `faults`. Without a currency no amount can be judged.
    """
    values = dict(told)
    if "max_value" in values:
        text = values.pop("max_value")
        if text is None:
            values["max_value_minor"] = None
        elif currency is not None:
            with gathered(faults):
                values["max_value_minor"] = read_money(text, currency, "maxValue").minor
    if values.get("tag_policy") is not None:
        values["tag_policy"] = values["tag_policy"].kept()
    return values | {name: fraction_text(values[name]) for name in FRACTIONS if name in values}


def fraction_text(value: float | None) -> str | None:
    """A fraction as it is kept: its shortest exact decimal text."""
    return None if value is None else format(Decimal(repr(value)), "f")
