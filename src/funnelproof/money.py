"""Money as integers of a currency's minor unit, by the ISO 4217 exponents. No float ever holds an amount."""

import re
from dataclasses import dataclass
from functools import cache

from iso4217 import Currency

from funnelproof.errors import invalid

MAX_MINOR = 10**12
MOST_DECIMALS = 4
DECIMAL = re.compile(r"([0-9]{1,30})(?:\.([0-9]{1,30}))?")


@dataclass(frozen=True, slots=True)
class Money:
    minor: int
    currency: str

    def __str__(self) -> str:
        return decimal_text(self.minor, self.currency)


@cache
def exponent(currency: str) -> int | None:
    """Decimals of a currency (USD 2, JPY 0, KWD 3); None if ISO 4217 does not list it or it has no minor unit."""
    try:
        return Currency(currency).exponent
    except ValueError:
        return None


def check_currency(currency: str, field: str = "currency") -> str:
    if exponent(currency) is None:
        raise invalid(field, f"{currency[:8]!r} is not an ISO 4217 currency with amounts; send for example USD.")
    return currency


def read_money(text: str, currency: str, field: str = "value") -> Money:
    """An amount from its decimal text, exactly; trailing zeros beyond the exponent mean nothing."""
    match = DECIMAL.fullmatch(text)
    if match is None:
        raise invalid(field, "must be a plain decimal number ≥ 0, such as 49.90: no sign, no exponent, no separators.")
    digits = exponent(check_currency(currency)) or 0
    whole, fraction = match[1], (match[2] or "").rstrip("0")
    if len(fraction) > digits:
        raise invalid(field, f"has {_decimals(len(fraction))}; {currency} has {digits or 'none'}.")
    minor = int(whole) * 10**digits + int(fraction.ljust(digits, "0") or 0)
    if minor > MAX_MINOR:
        raise invalid(field, f"is above the limit of {decimal_text(MAX_MINOR, currency)} {currency}.")
    return Money(minor, currency)


def check_decimals(text: str, field: str = "value") -> None:
    """What can be said of an amount whose currency is not known: no currency has more decimals than the finest."""
    fraction = text.partition(".")[2].rstrip("0")
    if len(fraction) > MOST_DECIMALS:
        raise invalid(field, f"has {_decimals(len(fraction))}; no currency has more than {MOST_DECIMALS}.")


def _decimals(count: int) -> str:
    return f"{count} decimal" if count == 1 else f"{count} decimals"


def decimal_text(minor: int, currency: str) -> str:
    """`4990, USD` → `49.90`."""
    digits = exponent(currency) or 0
    sign, amount = ("-" if minor < 0 else ""), str(abs(minor)).rjust(digits + 1, "0")
    return f"{sign}{amount[:-digits]}.{amount[-digits:]}" if digits else f"{sign}{amount}"
