"""What a reversal (a refund) is, told and stored, and the rules of how much it takes back. Knows no storage, no web."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from funnelproof.clock import DAY, MINUTE, Micros, span
from funnelproof.conversions.conversion import Conversion
from funnelproof.errors import Problem, invalid
from funnelproof.money import decimal_text, read_money

SLACK: Micros = 5 * MINUTE
TOLD_IN_TIME: Micros = 30 * DAY


class ReversalStatus(StrEnum):
    """APPLIED: its conversion is known. WAITING: it came before its conversion, or is more than that can give back."""

    APPLIED = "APPLIED"
    WAITING = "WAITING"


class OverReversed(Problem):
    """This is more than is left of the conversion. Send what is left, or leave `amount` out to take back all of it."""

    kind, code, title = "conflict", "over_reversed", "More than was paid"


class NewReversal(NamedTuple):
    """A reversal as its sender tells it; one of `conversion_id` and `conversion_key` is given.

    `amount_text` None: all that is left. `run`: in which run's world a key is meant; None: live.
    """

    reversal_id: str
    handle: str
    key: str
    digest: str
    conversion_id: str | None
    conversion_key: str | None
    amount_text: str | None
    occurred_at: Micros | None
    reason: str | None
    run: str | None
    received_at: Micros
    request_id: str


class Reversal(NamedTuple):
    """As it is stored, with all by which it is counted: that of its conversion, and of its click's place.

    `counted`: its conversion is COUNTED, so it moves figures; on the day of `counts_at`. `note`: why it still waits.
    """

    reversal_id: str
    idempotency_key: str
    status: ReversalStatus
    note: str | None
    conversion_id: str | None
    conversion_key: str
    told_amount: str | None
    amount_minor: int | None
    currency: str | None
    counted: bool
    in_test: bool
    credited: bool
    campaign_id: str
    visitor: str
    variant: int
    slug: str
    country: str
    device: str
    referrer: str
    source: str
    segment: str
    occurred_at: Micros
    counts_at: Micros
    received_at: Micros
    reason: str | None
    request_id: str | None

    @property
    def visitor_ref(self) -> tuple[str, str]:
        return self.campaign_id, self.visitor


def waiting(told: NewReversal, now: Micros) -> Reversal:
    """A reversal whose conversion has not come yet."""
    return Reversal(
        reversal_id=told.reversal_id,
        idempotency_key=told.key,
        status=ReversalStatus.WAITING,
        note=None,
        conversion_id=None,
        conversion_key=told.conversion_key or "",
        told_amount=told.amount_text,
        amount_minor=None,
        currency=None,
        counted=False,
        in_test=False,
        credited=False,
        campaign_id="",
        visitor="",
        variant=0,
        slug="",
        country="",
        device="",
        referrer="",
        source="",
        segment="",
        occurred_at=now if told.occurred_at is None else told.occurred_at,
        counts_at=now,
        received_at=now,
        reason=told.reason,
        request_id=told.request_id,
    )


def check_time(occurred_at: Micros | None, now: Micros) -> None:
    if occurred_at is not None and occurred_at > now + SLACK:
        late = span(occurred_at - now)
        raise invalid("occurredAt", f"is {late} in the future; compare the clocks, or leave it out.")


def taken_back(made: Conversion, earlier: Sequence[Reversal], amount_text: str | None) -> int | None:
    """How much a reversal takes back of its conversion, in minor units; None: the conversion has no value.

    Raises `OverReversed`, or a fault of `amount`.
    """
    value = made.value
    if value is None:
        if amount_text is not None:
            raise invalid("amount", "cannot be taken back of a conversion without a value; leave it out.")
        if earlier:
            raise OverReversed("This conversion is reversed already.", conversionId=made.conversion_id)
        return None
    left = value.minor - sum(each.amount_minor or 0 for each in earlier)
    amount = left if amount_text is None else read_money(amount_text, value.currency, "amount").minor
    if amount_text is not None and amount == 0:
        raise invalid("amount", "must be above 0; leave it out to take back all that is left.")
    if amount > left or (earlier and left == 0):
        raise _over_reversed(made, value.currency, left=left, amount=amount)
    return amount


def _over_reversed(made: Conversion, currency: str, *, left: int, amount: int) -> OverReversed:
    rest = decimal_text(left, currency)
    if left == 0:
        detail = "All of this conversion is reversed already."
    else:
        detail = f"{decimal_text(amount, currency)} {currency} is more than the {rest} {currency} that are left of it."
    return OverReversed(
        detail,
        conversionId=made.conversion_id,
        value=decimal_text(made.value_minor or 0, currency),
        left=rest,
        currency=currency,
    )


def counted_at(occurred_at: Micros, made: Conversion, now: Micros) -> Micros:
    """On whose day it counts: never before its sale; what is told 30 days late counts when it became known.

    Older days may be sealed: their figures are proven, and their rows gone.
    """
    at = max(occurred_at, made.occurred_at)
    return at if at > now - TOLD_IN_TIME else now
