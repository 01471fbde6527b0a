"""Made-up traffic as rows of the product's own tables, in the order of their keys, some thousands at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
from sqlalchemy import Dialect, Table

from bench.traffic import (
    COUNTED,
    COUNTRIES,
    DEVICES,
    HELD,
    OTHER_EVENT,
    OUT_OF_WINDOW,
    REFERRERS,
    SOURCES,
    WINDOW,
    Traffic,
)
from bench.traffic import Column as Numbers
from funnelproof.storage.schema import claims, clicks, conversion_keys, conversions, ledger, ledger_money

AT_ONCE = 20_000
DISPOSITIONS = ("COUNTED", "OTHER_EVENT", "OUT_OF_WINDOW", "HELD")
REASONS = (
    None,
    "the goal of the campaign is purchase, not newsletter_signup",
    "it occurred 30 d after the click; the window is 30 d",
    "its value exceeds the campaign's maxValue",
)
assert (COUNTED, OTHER_EVENT, OUT_OF_WINDOW, HELD) == (0, 1, 2, 3)  # noqa: S101 - the order of the two tables above
Values = Mapping[str, Iterable[Any]]
Slice = tuple[Sequence[str], list[tuple[Any, ...]]]
"""Names of the columns, and rows."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the numbers in the columns stand for."""

    handle: str
    currency: str
    campaigns: Sequence[str]
    slugs: Sequence[str]


@dataclass(frozen=True, slots=True)
class Writing:
    """A table, how many rows it gets, and the values of those between two places, by column."""

    table: Table
    rows: int
    values: Callable[[slice], Values]

    def slices(self) -> Iterator[Slice]:
        for begin in range(0, self.rows, AT_ONCE):
            values = self.values(slice(begin, min(begin + AT_ONCE, self.rows)))
            yield list(values), list(zip(*values.values(), strict=False))


class Telling:
    """Writes traffic out: the six tables of events."""

    def __init__(self, traffic: Traffic, names: Names, dialect: Dialect) -> None:
        self.traffic, self.names = traffic, names
        self.always = {"handle": repeat(names.handle), "world": repeat("live")}
        self.tags = _tag_texts(dialect)
        visitors = traffic.visitors
        self.known = np.flatnonzero(~visitors.is_bot)
        """Visitors with a row in the ledger."""
        self.buyers = traffic.clicks.visitor[traffic.conversions.click]
        self.tested = in_test(traffic, self.buyers)
        self.cohorts = np.where(visitors.is_bot, 0, np.where(visitors.is_daily, 1, 2)).astype(np.int8)

    def tables(self) -> list[Writing]:
        money, seats = self._money(), self._seats()
        made = self.traffic.conversions
        return [
            Writing(clicks, len(self.traffic.clicks.at), self._clicks),
            Writing(ledger, len(self.known), self._ledger()),
            Writing(conversion_keys, len(made.at), self._keys),
            Writing(claims, len(seats[0]), lambda part: self._claims(*(column[part] for column in seats))),
            Writing(conversions, len(made.at), self._conversions),
            Writing(ledger_money, len(money[0]), lambda part: self._money_rows(*(column[part] for column in money))),
        ]

    def _clicks(self, part: slice) -> Values:
        made, visitors = self.traffic.clicks, self.traffic.visitors
        own = made.visitor[part]
        tag = made.source[part] * 2 + made.without_tag[part]
        return {
            **self.always,
            "click_id": ids_of("clk_", made.at[part], made.tail[part]),
            "campaign_id": _named(self.names.campaigns, visitors.campaign[own]),
            "slug": _named(self.names.slugs, made.slug[part]),
            "variant": visitors.variant[own].tolist(),
            "cohort": _named(("OUTSIDE", "DAILY", "ENTERED"), self.cohorts[own]),
            "epoch": repeat(1),
            "phase": repeat(1),
            "visitor": _hex(visitors.key[own]),
            "consent": _named(("full", "basic"), visitors.is_daily[own].astype(int)),
            "kind": _named(("PERSON", "BOT"), visitors.is_bot[own].astype(int)),
            "clicked_at": made.at[part].tolist(),
            "country": _named(COUNTRIES, visitors.country[own]),
            "device": _named(DEVICES, visitors.device[own]),
            "referrer": _named(REFERRERS, made.referrer[part]),
            "source": _named(SOURCES, made.source[part]),
            "tags": _named(self.tags, tag),
            "with_ctx": repeat(1),
        }

    def _ledger(self) -> Callable[[slice], Values]:
        made, count = self.traffic.conversions, len(self.traffic.visitors.key)
        credited = np.bincount(self.buyers[made.disposition == COUNTED], minlength=count)
        tested = np.bincount(self.buyers[self.tested], minlength=count)
        return lambda part: self._ledger_rows(self.known[part], credited, tested)

    def _ledger_rows(self, own: Numbers, credited: Numbers, tested: Numbers) -> Values:
        visitors, made = self.traffic.visitors, self.traffic.clicks
        first = visitors.first[own]
        first_at, daily, arrived = made.at[first].tolist(), visitors.is_daily[own].tolist(), visitors.arrived_at[own]
        return {
            **self.always,
            "campaign_id": _named(self.names.campaigns, visitors.campaign[own]),
            "visitor": _hex(visitors.key[own]),
            "cohort": _named(("OUTSIDE", "DAILY", "ENTERED"), self.cohorts[own]),
            "epoch": repeat(1),
            "phase": repeat(1),
            "variant": visitors.variant[own].tolist(),
            "identity": _named(("COOKIE", "DAILY"), visitors.is_daily[own].astype(int)),
            "first_at": first_at,
            "entered_at": [None if is_daily else at for at, is_daily in zip(first_at, daily, strict=True)],
            "slug": _named(self.names.slugs, made.slug[first]),
            "country": _named(COUNTRIES, visitors.country[own]),
            "device": _named(DEVICES, visitors.device[own]),
            "referrer": _named(REFERRERS, made.referrer[first]),
            "source": _named(SOURCES, made.source[first]),
            "arrived_at": [at or None for at in arrived.tolist()],
            "conversions": credited[own].tolist(),
            "test_conversions": tested[own].tolist(),
        }

    def _seats(self) -> tuple[Numbers, Numbers, Numbers]:
        """(campaign, click, uses) of what counted conversions took under the rule EVERY, in the order of their key."""
        made = self.traffic.conversions
        click, uses = np.unique(made.click[made.disposition == COUNTED], return_counts=True)
        campaign = self.traffic.visitors.campaign[self.traffic.clicks.visitor[click]]
        order = np.lexsort((click, campaign))
        return campaign[order], click[order], uses[order]

    def _claims(self, campaign: Numbers, click: Numbers, uses: Numbers) -> Values:
        made = self.traffic.clicks
        return {
            **self.always,
            "campaign_id": _named(self.names.campaigns, campaign),
            "epoch": repeat(1),
            "subject": ids_of("click:clk_", made.at[click], made.tail[click]),
            "uses": uses.tolist(),
        }

    def _order(self, part: slice) -> dict[str, Iterable[Any]]:
        """What a conversion and its key have in common."""
        made, all_clicks = self.traffic.conversions, self.traffic.clicks
        click = made.click[part]
        return {
            **self.always,
            "idempotency_key": [f"order-{number:09d}" for number in range(part.start, part.stop)],
            "click_id": ids_of("clk_", all_clicks.at[click], all_clicks.tail[click]),
            "event_type": _named(
                ("purchase", "newsletter_signup"), (made.disposition[part] == OTHER_EVENT).astype(int)
            ),
            "value_minor": made.value[part].tolist(),
            "currency": repeat(self.names.currency),
            "received_at": made.at[part].tolist(),
        }

    def _keys(self, part: slice) -> Values:
        made = self.traffic.conversions
        return {
            **self._order(part),
            "kind": repeat("CONVERSION"),
            "subject_id": ids_of("cnv_", made.at[part], made.tail[part]),
            "body_digest": ids_of("", made.at[part], made.tail[part]),
        }

    def _conversions(self, part: slice) -> Values:
        made, all_clicks, visitors = self.traffic.conversions, self.traffic.clicks, self.traffic.visitors
        click = made.click[part]
        own = all_clicks.visitor[click]
        counted = made.disposition[part] == COUNTED
        return {
            **self._order(part),
            "conversion_id": ids_of("cnv_", made.at[part], made.tail[part]),
            "campaign_id": _named(self.names.campaigns, visitors.campaign[own]),
            "visitor": _hex(visitors.key[own]),
            "slug": _named(self.names.slugs, all_clicks.slug[click]),
            "variant": visitors.variant[own].tolist(),
            "cohort": _named(("OUTSIDE", "DAILY", "ENTERED"), self.cohorts[own]),
            "epoch": repeat(1),
            "phase": repeat(1),
            "disposition": _named(DISPOSITIONS, made.disposition[part]),
            "reason": _named(REASONS, made.disposition[part]),
            "in_test": self.tested[part].astype(int).tolist(),
            "credited": counted.astype(int).tolist(),
            "clicked_at": all_clicks.at[click].tolist(),
            "occurred_at": made.at[part].tolist(),
        }

    def _money(self) -> tuple[Numbers, Numbers, Numbers]:
        """(visitor, gross, of the test) of those who bought."""
        made, count = self.traffic.conversions, len(self.traffic.visitors.key)
        counted = np.where(made.disposition == COUNTED, made.value, 0)
        gross = np.bincount(self.buyers, counted, count).astype(np.int64)
        tested = np.bincount(self.buyers, np.where(self.tested, made.value, 0), count).astype(np.int64)
        buyers = np.flatnonzero(gross)
        return buyers, gross[buyers], tested[buyers]

    def _money_rows(self, own: Numbers, gross: Numbers, tested: Numbers) -> Values:
        visitors = self.traffic.visitors
        return {
            **self.always,
            "campaign_id": _named(self.names.campaigns, visitors.campaign[own]),
            "visitor": _hex(visitors.key[own]),
            "currency": repeat(self.names.currency),
            "gross_minor": gross.tolist(),
            "test_net_minor": tested.tolist(),
        }


def in_test(traffic: Traffic, buyers: Numbers) -> Numbers:
    """Of each conversion: counted, and within the window after its visitor's entry."""
    made, visitors = traffic.conversions, traffic.visitors
    entered_at = traffic.clicks.at[visitors.first[buyers]]
    tested: Numbers = (made.disposition == COUNTED) & ~visitors.is_daily[buyers] & (made.at - entered_at <= WINDOW)
    return tested


def ids_of(prefix: str, at: Numbers, tail: Numbers) -> list[str]:
    """UUIDv7 in hex, of these moments and random bytes."""
    raw = np.empty((len(at), 16), np.uint8)
    raw[:, :6] = (at // 1000).astype(">u8").view(np.uint8).reshape(-1, 8)[:, 2:]
    raw[:, 6:] = tail
    raw[:, 6] = 0x70 | (raw[:, 6] & 0x0F)
    raw[:, 8] = 0x80 | (raw[:, 8] & 0x3F)
    text = raw.tobytes().hex()
    return [prefix + text[begin : begin + 32] for begin in range(0, len(text), 32)]


def tags_of(source: str, *, without_tag: bool) -> dict[str, str]:
    campaign = {} if without_tag else {"utm_campaign": "launch"}
    return {"utm_source": source, "utm_medium": "email" if source == "mail" else "social", **campaign}


def _tag_texts(dialect: Dialect) -> list[Any]:
    """As the column stores them, at the place 2 · source + without_tag."""
    found = [tags_of(source, without_tag=bool(without)) for source in SOURCES for without in (0, 1)]
    store = clicks.c.tags.type.bind_processor(dialect)
    return [store(tags) if store else tags for tags in found]


def _named(names: Sequence[Any], numbers: Numbers) -> list[Any]:
    return [names[number] for number in numbers.tolist()]


def _hex(keys: Numbers) -> list[str]:
    return [f"{key:016x}" for key in keys.tolist()]
