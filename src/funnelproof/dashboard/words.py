"""What people read in place of codes; numbers by their locale, times in their handle's zone."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal
from markupsafe import Markup

from funnelproof.clock import Micros, from_iso

LIGHTS = {
    "PASS": ("●", "Working"),
    "WARN": ("▲", "Look at this"),
    "FAIL": ("✕", "Not working"),
    "UNKNOWN": ("○", "Not proven yet"),
    "SKIPPED": ("–", "Left out"),
}
DISPOSITIONS = {
    "COUNTED": "counted",
    "HELD": "waiting: clicked while paused",
    "OUT_OF_WINDOW": "too late to count",
    "NOT_UNIQUE": "counted already",
    "OTHER_EVENT": "another event than this campaign counts",
}
BUYERS = {
    "PRODUCT_SALE": "buyers",
    "LEAD_CAPTURE": "leads",
    "NEWSLETTER": "subscribers",
    "AFFILIATE_CLICKOUT": "people clicking out",
    "APP_INSTALL": "installs",
}
GOALS = {
    "PRODUCT_SALE": "Sell a product",
    "LEAD_CAPTURE": "Capture leads",
    "NEWSLETTER": "Win newsletter subscribers",
    "AFFILIATE_CLICKOUT": "Send people on to a partner",
    "APP_INSTALL": "Get an app installed",
}
MOVES = {"ACTIVE": "Activate", "PAUSED": "Pause", "DRAFT": "Back to draft", "COMPLETED": "Complete for good"}
VERDICTS = {
    "EMBARGOED": "sealed",
    "INVALID": "do not use this test",
    "NOT_ENOUGH_DATA": "too early to say",
    "WINNER": "one is better",
    "LOSER": "one is worse",
    "NO_MEANINGFUL_DIFFERENCE": "no difference that matters",
    "NO_DIFFERENCE_YET": "no difference yet",
}
POINTERS = {
    "destinationUrl": "address",
    "weight": "weight",
    "rampPercent": "share of visitors in the test",
    "status": "status",
}


@dataclass(frozen=True, slots=True)
class Words:
    locale: Locale
    zone: ZoneInfo
    now: Micros

    def number(self, value: float | None) -> str:
        return "—" if value is None else format_decimal(value, locale=self.locale)

    def percent(self, fraction: float | None, decimals: int = 1) -> str:
        if fraction is None:
            return "—"
        return f"{format_decimal(round(fraction * 100, decimals), locale=self.locale)} %"

    def points(self, fraction: float | None) -> str:
        """With its sign, by a true minus."""
        if fraction is None:
            return "—"
        rounded = round(fraction * 100, 1)
        sign = "−" if rounded < 0 else "+" if rounded else ""
        return sign + format_decimal(abs(rounded), locale=self.locale)

    def money(self, amount: str | None, currency: str | None) -> str:
        return (
            "—"
            if amount is None or currency is None
            else format_currency(Decimal(amount), currency, locale=self.locale)
        )

    def revenue(self, amounts: list[dict[str, str]]) -> str:
        """Never added across currencies."""
        return " + ".join(self.money(one["net"], one["currency"]) for one in amounts) or "—"

    def when(self, text: str | None) -> Markup:
        """In the handle's zone, UTC when one points at it."""
        if not text:
            return Markup("—")
        moment = _moment(text)
        shown = format_datetime(moment, "medium", tzinfo=self.zone, locale=self.locale)
        return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(
            text, moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"), shown
        )

    def plainly(self, text: str) -> str:
        """The same for drawings: without markup, short."""
        return str(format_datetime(_moment(text), "short", tzinfo=self.zone, locale=self.locale))

    def after(self, seconds: int) -> str:
        """`3 minutes`"""
        return str(format_timedelta(seconds, locale=Locale("en")))

    def ago(self, text: str | None) -> Markup:
        if not text:
            return Markup("never")
        moment = _moment(text)
        since = (moment - datetime.fromtimestamp(self.now / 1_000_000, UTC)) if self.now else None
        shown = format_timedelta(since, add_direction=True, locale=Locale("en")) if since is not None else text
        return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(
            text, moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"), shown
        )

    def now_text(self) -> str:
        moment = datetime.fromtimestamp(self.now / 1_000_000, UTC)
        return format_datetime(moment, "medium", tzinfo=self.zone, locale=self.locale)

    def day(self, text: str) -> str:
        return format_date(_moment(text).astimezone(self.zone).date(), "medium", locale=self.locale)

    def light(self, status: str) -> Markup:
        """Shape and word beside the colour."""
        shape, word = LIGHTS[status]
        return _mark(status.lower(), shape, word)

    def mark(self, status: str, word: str = "") -> Markup:
        shape = {"PASS": "✓", "FAIL": "✕"}.get(status, LIGHTS[status][0])
        return _mark(status.lower(), shape, word or status.lower())

    def disposition(self, code: str) -> str:
        return DISPOSITIONS.get(code, code)

    def verdict(self, code: str | None) -> str:
        return VERDICTS.get(code, code) if code else "sealed"

    def buyers(self, goal: str) -> str:
        return BUYERS[goal]

    def goals(self) -> dict[str, str]:
        return GOALS

    def move(self, to: str) -> str:
        return MOVES[to]

    def who(self, actor: str, people: dict[str, str]) -> str:
        kind, _, name = actor.partition(":")
        return people.get(name, name if kind != "token" else f"the token {name}") or actor

    def changed(self, pointer: str) -> str:
        """`/variants/b/destinationUrl`: B's address."""
        parts = pointer.strip("/").split("/")
        what = POINTERS.get(parts[-1], parts[-1])
        return f"{parts[1].upper()}'s {what}" if parts[0] == "variants" and len(parts) > 2 else what


@cache
def _mark(kind: str, shape: str, word: str) -> Markup:
    """Kept, because a list shows the same few again and again and Markup is slow to fill in."""
    return Markup('<span class="light {}"><span aria-hidden="true">{}</span> {}</span>').format(kind, shape, word)


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(from_iso(text) / 1_000_000, UTC)
