"""Prices and times as people of a language and region write them."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_name
from babel.numbers import format_currency

FALLBACK = Locale("en")
CENTS = re.compile(r"\.0+")


def locale_of(language: str, region: str) -> Locale:
    """The language as it is spoken in the region, if that is known; else the language; else English."""
    spoken = language.replace("-", "_")
    for name in (f"{spoken.partition('_')[0]}_{region}", spoken, spoken.partition("_")[0]):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    return FALLBACK


def price_text(price: dict[str, str], locale: Locale) -> str:
    """`$49.90`; of a round amount without the cents: `49 €`."""
    amount, currency = Decimal(price["amount"]), price["currency"]
    if amount != amount.to_integral_value():
        return str(format_currency(amount, currency, locale=locale))
    pattern = CENTS.sub("", locale.currency_formats["standard"].pattern)
    return str(format_currency(amount, currency, pattern, locale=locale, currency_digits=False))


def times_text(session: dict[str, Any], time_zone: str, locale: Locale) -> str:
    """`Thursday, December 3, 2026, 6:00 PM – 7:00 PM (Central European Standard Time)`; a later day is named too."""
    zone = ZoneInfo(time_zone)
    start = datetime.fromisoformat(session["startsAt"]).astimezone(zone)
    told = f"{format_date(start, 'full', locale)}, {format_time(start, 'short', zone, locale)}"
    if "endsAt" in session:
        end = datetime.fromisoformat(session["endsAt"]).astimezone(zone)
        day = "" if end.date() == start.date() else f"{format_date(end, 'full', locale)}, "
        told += f" – {day}{format_time(end, 'short', zone, locale)}"
    return f"{told} ({get_timezone_name(start, locale=locale)})"


def seats_text(seats: dict[str, int], words: dict[str, str]) -> str:
    if not seats["left"]:
        return words["soldOut"]
    return words["seatsLeft"].replace("{left}", str(seats["left"])).replace("{total}", str(seats["total"]))
