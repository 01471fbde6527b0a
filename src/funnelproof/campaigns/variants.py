"""Variants and the buckets they own: 10 000 of them, shared by weight, opened by ramp, in integers."""

from collections.abc import Sequence
from dataclasses import dataclass

import mmh3

from funnelproof.errors import Fault

BUCKETS = 10_000
MAX_VARIANTS = 10
VARIANT_ID = r"^[a-z0-9][a-z0-9_-]{0,31}$"


@dataclass(frozen=True, slots=True)
class Variant:
    """`number` is what a ctx names it by; a campaign never gives a number or an id twice."""

    number: int
    variant_id: str
    name: str
    weight: int
    destination_url: str | None = None
    control: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Share:
    """The buckets of one variant: it owns [start, end), of which [start, open_end) are open to new visitors."""

    number: int
    start: int
    open_end: int
    end: int

    @property
    def open_count(self) -> int:
        return self.open_end - self.start


def bucket_of(campaign_id: str, visitor: str) -> int:
    """murmur3 (32 bit, seed 0, unsigned) of `{campaignId}:{visitor}`, modulo 10 000."""
    return mmh3.hash(f"{campaign_id}:{visitor}", 0, signed=False) % BUCKETS


def shares_of(weights: Sequence[tuple[int, int]], ramp_percent: int) -> tuple[Share, ...]:
    """Ranges in variant order from (number, weight) pairs; the ramp opens each range from its start."""
    total = sum(weight for _, weight in weights)
    shares: list[Share] = []
    start = cumulated = 0
    for number, weight in weights:
        cumulated += weight
        end = BUCKETS * cumulated // total
        shares.append(Share(number, start, start + (end - start) * ramp_percent // 100, end))
        start = end
    return tuple(shares)


def owner_of(shares: Sequence[Share], bucket: int) -> tuple[int, bool]:
    """(variant number, whether the bucket is open)."""
    for share in shares:
        if share.start <= bucket < share.end:
            return share.number, bucket < share.open_end
    raise AssertionError("the shares cover every bucket")


def smallest_ramp(weights: Sequence[tuple[int, int]]) -> int | None:
    """The smallest ramp from 1 on at which every variant with weight has an open bucket; None if none has."""
    for ramp in range(1, 101):
        if not _without_bucket(weights, ramp):
            return ramp
    return None


def ramp_faults(weights: Sequence[tuple[int, int]], ramp_percent: int, names: Sequence[str]) -> list[Fault]:
    """Weights or a ramp that leave a variant with weight without a bucket. Ramp 0 means that nobody enters."""
    shut = _without_bucket(weights, ramp_percent) if ramp_percent else []
    if not shut:
        return []
    who = ", ".join(names[position] for position in shut)
    works = smallest_ramp(weights)
    mend = (
        f"the smallest ramp that works is {works} %."
        if works
        else "give it more weight: no ramp works for these weights."
    )
    pointer = "/rampPercent" if works else "/variants"
    return [Fault(pointer, "invalid", f"At {ramp_percent} % nobody could reach {who}; {mend}")]


def _without_bucket(weights: Sequence[tuple[int, int]], ramp_percent: int) -> list[int]:
    shares = shares_of(weights, ramp_percent)
    return [position for position, share in enumerate(shares) if weights[position][1] > 0 and share.open_count == 0]
