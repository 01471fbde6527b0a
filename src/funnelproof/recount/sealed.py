"""Sealed days: retention deleted their rows, so their counters are held against what was proven before it did."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from funnelproof.recount.rules import EVENT_COUNTERS
from funnelproof.tallies.move import ALL

DIGITS = 12
Sums = dict[str, int]


class DayFigures:
    """The event counters of one local day: for each campaign their sums, and a digest over every one of them.

    Tallies are added in the order of their keys. Visitors and converters are left out: the ledger still tells them.
    """

    def __init__(self) -> None:
        self._sums: dict[str, Sums] = defaultdict(lambda: defaultdict(int))
        self._digests: dict[str, Any] = defaultdict(hashlib.sha256)

    def add(self, key: Sequence[str], counters: Mapping[str, int]) -> None:
        """`key` is (handle, world, campaign, dimension, day, value, currency)."""
        amounts = {name: counters.get(name, 0) for name in EVENT_COUNTERS}
        if not any(amounts.values()):
            return
        campaign_id, dimension, _, value, currency = key[2:]
        self._digests[campaign_id].update(json.dumps([dimension, value, currency, *amounts.values()]).encode())
        if dimension == ALL:
            for name, amount in amounts.items():
                self._sums[campaign_id][f"{name} {currency}".strip()] += amount

    def by_campaign(self) -> dict[str, Sums]:
        """`{"clicks": 12, "gross_minor EUR": 4990, "digest": …}`: the digest's first 48 bits, as a number."""
        return {
            campaign_id: {name: amount for name, amount in self._sums[campaign_id].items() if amount}
            | {"digest": int(digest.hexdigest()[:DIGITS], 16)}
            for campaign_id, digest in self._digests.items()
        }


def counters_of(sums: Mapping[str, int]) -> tuple[Sums, Sums]:
    """A seal's sums as (counters, gross by currency)."""
    money = {name.partition(" ")[2]: amount for name, amount in sums.items() if name.startswith("gross_minor ")}
    return {name: amount for name, amount in sums.items() if name in EVENT_COUNTERS}, money
