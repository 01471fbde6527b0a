"""How many whole local days a test has run: days on which the campaign was ACTIVE from first to last."""

from collections.abc import Sequence

from funnelproof.campaigns.campaign import CampaignStatus
from funnelproof.clock import MINUTE, Micros
from funnelproof.handles.handle import Handle, next_midnight

FORGIVEN: Micros = 5 * MINUTE
"""The timer starts a campaign a second late, and a hand slips: that costs no day."""

Span = tuple[Micros, Micros]


def active_spans(moves: Sequence[tuple[Micros, str]], until: Micros) -> list[Span]:
    """Stretches of being ACTIVE from (moment, new status) in order."""
    ends = [at for at, _ in moves[1:]] + [until]
    return [
        (at, min(end, until))
        for (at, status), end in zip(moves, ends, strict=True)
        if status == CampaignStatus.ACTIVE and at < until
    ]


def full_days(spans: Sequence[Span], owner: Handle, *, since: Micros, until: Micros) -> int:
    """Local days between two moments that the spans cover, but for five minutes."""
    count, begin = 0, _first_midnight(since, owner)
    while (end := next_midnight(begin, owner.zone_at(begin))) <= until:
        covered = sum(max(0, min(last, end) - max(first, begin, since)) for first, last in spans)
        count += covered >= end - begin - FORGIVEN
        begin = end
    return count


def _first_midnight(since: Micros, owner: Handle) -> Micros:
    """The midnight that begins the first day not yet over by more than is forgiven."""
    return next_midnight(since - FORGIVEN - 1, owner.zone_at(since))
