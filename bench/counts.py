"""What made-up traffic comes to: the three tallies, counted over whole columns at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from bench.rows import DISPOSITIONS, Names, Values, Writing, in_test
from bench.traffic import COUNTED, COUNTRIES, DAYS, DEVICES, REFERRERS, SOURCES, Traffic
from bench.traffic import Column as Numbers
from funnelproof.clock import DAY, SECOND, iso
from funnelproof.storage.schema import day_tallies, phase_tallies, quarter_tallies
from funnelproof.tallies.move import QUARTER, squares

KEPT_QUARTERS = 30 * DAY // QUARTER
ARRIVES_WITHIN = 20 * SECOND
Counted = dict[tuple[Any, ...], dict[str, int]]


class Counts:
    def __init__(self, traffic: Traffic, names: Names) -> None:
        self.traffic, self.names = traffic, names
        self.buyers = traffic.clicks.visitor[traffic.conversions.click]
        self.tested = in_test(traffic, self.buyers)

    def tables(self) -> list[Writing]:
        always = {"handle": self.names.handle, "world": "live", "slot": 0}
        quarters = {key: {"amount": amount} for key, amount in self._quarters().items()}
        phases = ("campaign_id", "epoch", "phase", "variant", "cohort", "identity", "currency")
        return [
            _writing(day_tallies, ("campaign_id", "dimension", "day", "value", "currency"), self._days(), always),
            _writing(phase_tallies, phases, self._phases(), always),
            _writing(quarter_tallies, ("campaign_id", "quarter", "subject", "name"), quarters, always),
        ]

    def _days(self) -> Counted:
        found: Counted = defaultdict(dict)
        for dimension, of_clicks, values in self._dimensions():
            self._count_clicks(found, dimension, of_clicks, values)
            self._count_visitors(found, dimension, of_clicks, values)
            self._count_orders(found, dimension, of_clicks, values)
        return found

    def _dimensions(self) -> list[tuple[str, Numbers, Sequence[str]]]:
        """(name, value of each click, what the values are called)."""
        clicks, visitors = self.traffic.clicks, self.traffic.visitors
        own = clicks.visitor
        is_new = clicks.is_first | visitors.is_bot[own]
        return [
            ("all", np.zeros(len(own), np.int8), ("",)),
            ("variant", visitors.variant[own], ("0", "1", "2")),
            ("slug", clicks.slug, self.names.slugs),
            ("country", visitors.country[own], COUNTRIES),
            ("device", visitors.device[own], DEVICES),
            ("referrer", clicks.referrer, REFERRERS),
            ("source", clicks.source, SOURCES),
            ("segment", np.where(is_new, 0, 1), ("new", "returning")),
        ]

    def _count_clicks(self, found: Counted, dimension: str, of_clicks: Numbers, values: Sequence[str]) -> None:
        clicks, visitors = self.traffic.clicks, self.traffic.visitors
        is_bot = visitors.is_bot[clicks.visitor]
        counters = {"clicks": None, "qualified_clicks": ~is_bot, "bot_clicks": is_bot}
        campaign = visitors.campaign[clicks.visitor]
        self._add(found, (dimension, values), (campaign, clicks.at, of_clicks), counters)

    def _count_visitors(self, found: Counted, dimension: str, of_clicks: Numbers, values: Sequence[str]) -> None:
        """On the day and in the dimensions of the first click."""
        clicks, visitors = self.traffic.clicks, self.traffic.visitors
        counted = self.buyers[self.traffic.conversions.disposition == COUNTED]
        has_bought = np.bincount(counted, minlength=len(visitors.key)) > 0
        counters = {"visitors": ~visitors.is_bot, "converters": has_bought}
        places = (visitors.campaign, clicks.at[visitors.first], of_clicks[visitors.first])
        self._add(found, (dimension, values), places, counters)

    def _count_orders(self, found: Counted, dimension: str, of_clicks: Numbers, values: Sequence[str]) -> None:
        """On their own day, in the dimensions of their click."""
        made, counted = self.traffic.conversions, self.traffic.conversions.disposition == COUNTED
        campaign = self.traffic.visitors.campaign[self.buyers]
        places = (campaign[counted], made.at[counted], of_clicks[made.click][counted])
        self._add(found, (dimension, values), places, {"conversions": None})
        money = {"gross_minor": made.value[counted], "net_minor": made.value[counted]}
        self._add(found, (dimension, values), places, money, currency=self.names.currency)

    def _add(
        self,
        found: Counted,
        dimension: tuple[str, Sequence[str]],
        places: tuple[Numbers, Numbers, Numbers],
        counters: Mapping[str, Numbers | None],
        *,
        currency: str = "",
    ) -> None:
        """`places`: campaign, moment and value of each event; a counter of None counts them all."""
        name, values = dimension
        campaign, at, value = places
        day = (at - self.traffic.since) // DAY
        code = (campaign.astype(np.int64) * (DAYS + 1) + day) * len(values) + value
        for counter, weights in counters.items():
            sums = np.bincount(code, weights)
            for place in np.flatnonzero(sums).tolist():
                rest, own = divmod(place, len(values))
                number, of_day = divmod(rest, DAYS + 1)
                text = iso(self.traffic.since + of_day * DAY)[:10]
                key = (self.names.campaigns[number], name, text, values[own], currency)
                found[key][counter] = int(sums[place])

    def _phases(self) -> Counted:
        """By campaign, variant and whether visitors came with a cookie."""
        found: Counted = {}
        visitors, made = self.traffic.visitors, self.traffic.conversions
        counted = made.disposition == COUNTED
        orders = np.bincount(self.buyers[counted], minlength=len(visitors.key))
        tested = np.bincount(self.buyers[self.tested], minlength=len(visitors.key))
        amounts = np.where(self.tested, made.value, 0)
        money = np.bincount(self.buyers, amounts, len(visitors.key)).astype(np.int64)
        place = np.where(visitors.is_bot, -1, (visitors.campaign.astype(int) * 2 + visitors.is_daily) * 3)
        place = np.where(place < 0, -1, place + visitors.variant)
        order = np.argsort(place, kind="stable")
        begins = np.searchsorted(place[order], np.arange(place.max() + 2))
        for code in range(int(place.max()) + 1):
            own = order[begins[code] : begins[code + 1]]
            if len(own):
                self._add_phase(found, code, own, orders=orders, tested=tested, money=money)
        return found

    def _add_phase(
        self, found: Counted, code: int, own: Numbers, *, orders: Numbers, tested: Numbers, money: Numbers
    ) -> None:
        rest, variant = divmod(code, 3)
        campaign, is_daily = divmod(rest, 2)
        kind = ("DAILY", "DAILY") if is_daily else ("ENTERED", "COOKIE")
        key = (self.names.campaigns[campaign], 1, 1, variant, *kind)
        converted = orders if is_daily else tested
        found[(*key, "")] = {
            "visitors": len(own),
            "arrived": int((self.traffic.visitors.arrived_at[own] > 0).sum()),
            "converters": int((converted[own] > 0).sum()),
            "conversions": int(tested[own].sum()),
        }
        if tested[own].any():
            high, low = squares(sum(amount * amount for amount in money[own].tolist()))
            sums = {"conversions": int(tested[own].sum()), "net_minor": int(money[own].sum())}
            found[(*key, self.names.currency)] = {**sums, "squares_high": high, "squares_low": low}

    def _quarters(self) -> dict[tuple[Any, ...], int]:
        """Of the thirty days for which they are kept."""
        found: dict[tuple[Any, ...], int] = {}
        clicks, visitors, made = self.traffic.clicks, self.traffic.visitors, self.traffic.conversions
        own = clicks.visitor
        people, slugs, no_name = ~visitors.is_bot[own], self.names.slugs, ("",)
        variants = ("0", "1", "2")
        nothing = np.zeros(len(own), np.int8)
        places = (visitors.campaign[own], clicks.at)
        tagged = people & ~clicks.without_tag
        missing = [f"{slug} utm_campaign" for slug in slugs]
        self._add_quarters(found, "clicks", places, clicks.slug, slugs, people | True)
        self._add_quarters(found, "bots", places, nothing, no_name, ~people)
        self._add_quarters(found, "qualified", places, clicks.slug, slugs, people)
        self._add_quarters(found, "with_ctx", places, clicks.slug, slugs, people)
        self._add_quarters(found, "tagged", places, clicks.slug, slugs, tagged)
        self._add_quarters(found, "missing_tag", places, clicks.slug, missing, people & clicks.without_tag)
        self._add_quarters(found, "by_variant", places, visitors.variant[own], variants, people)
        entered = people & clicks.is_first & ~visitors.is_daily[own]
        self._add_quarters(found, "entered", places, visitors.variant[own], ("", "1.1.1", "1.1.2"), entered)
        first_at = clicks.at[visitors.first]
        reported = (visitors.arrived_at > 0) & (visitors.arrived_at - first_at <= ARRIVES_WITHIN)
        told = (visitors.campaign, visitors.arrived_at)
        self._add_quarters(found, "arrived", told, visitors.variant, variants, reported)
        orders = (visitors.campaign[self.buyers], made.at)
        every = np.ones(len(made.at), bool)
        outcomes = [f"{disposition} {variant}" for disposition in DISPOSITIONS for variant in variants]
        outcome = made.disposition * 3 + visitors.variant[self.buyers]
        self._add_quarters(found, "ctx_accepted", orders, visitors.variant[self.buyers], variants, every)
        self._add_quarters(found, "conversions", orders, outcome, outcomes, every)
        return found

    def _add_quarters(
        self,
        found: dict[tuple[Any, ...], int],
        subject: str,
        places: tuple[Numbers, Numbers],
        value: Numbers,
        names: Sequence[str],
        counts: Numbers,
    ) -> None:
        """Events where `counts` holds, by campaign, quarter hour and name."""
        oldest = self.traffic.now // QUARTER - KEPT_QUARTERS
        campaign, quarter = places[0][counts].astype(np.int64), places[1][counts] // QUARTER - oldest
        kept = quarter >= 0
        code = ((campaign * (KEPT_QUARTERS + 2) + quarter) * len(names) + value[counts])[kept]
        codes, amounts = np.unique(code, return_counts=True)
        for place, amount in zip(codes.tolist(), amounts.tolist(), strict=True):
            rest, own = divmod(place, len(names))
            number, at = divmod(rest, KEPT_QUARTERS + 2)
            found[self.names.campaigns[number], oldest + at, subject, names[own]] = amount


def _writing(table: Any, keys: Sequence[str], counted: Counted, always: dict[str, Any]) -> Writing:
    rows = sorted(counted.items())
    counters = [column.name for column in table.columns if not column.primary_key]

    def values(part: slice) -> Values:
        own = rows[part]
        named = dict(zip(keys, zip(*(key for key, _ in own), strict=True), strict=True))
        fixed = {name: repeat(value) for name, value in always.items()}
        return {**fixed, **named, **{name: [made.get(name, 0) for _, made in own] for name in counters}}

    return Writing(table, len(rows), values)
