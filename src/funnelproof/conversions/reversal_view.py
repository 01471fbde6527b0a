"""A reversal as clients write and read it."""

import hashlib
import json
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from funnelproof.clock import Micros, iso
from funnelproof.conversions.admit import check_key
from funnelproof.conversions.reversal import NewReversal, Reversal, ReversalStatus
from funnelproof.links.ctx import Mode
from funnelproof.money import DECIMAL, decimal_text
from funnelproof.web.shape import Moment, Shape, View, example, rule
from funnelproof.worlds.world import NAMED, mode_of

HOW_TO_SEND = 'must be the text of a decimal above 0, such as "12.50": no sign, no exponent, no separators.'


def _read_amount(told: object) -> str | None:
    """As text only: a JSON number would have passed through a float before anybody could see its digits."""
    if told is None or (isinstance(told, str) and DECIMAL.fullmatch(told)):
        return told
    raise PydanticCustomError("invalid", "{detail}", {"detail": HOW_TO_SEND})


Key = Annotated[str, rule(check_key)]
Amount = Annotated[str | None, BeforeValidator(_read_amount)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class ReversalBody(Shape):
    """Which conversion is taken back, by its id or by the key it was, or will be, sent with; one of the two."""

    model_config = example(
        {"idempotencyKey": "refund-77", "conversionKey": "order-8841", "amount": "12.50", "reason": "sent back"}
    )

    idempotency_key: Key
    conversion_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    conversion_key: Key | None = None
    amount: Amount = None
    occurred_at: Moment | None = None
    reason: Note | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.conversion_id is None) == (self.conversion_key is None):
            raise PydanticCustomError("invalid", "name the conversion by one of conversionId and conversionKey.")
        if self.conversion_key == self.idempotency_key:
            raise PydanticCustomError(
                "invalid", "idempotencyKey must be the refund's own; conversionKey is that of the order."
            )
        return self

    def told(
        self, *, reversal_id: str, handle: str, run: str | None, received_at: Micros, request_id: str
    ) -> NewReversal:
        return NewReversal(
            reversal_id=reversal_id,
            handle=handle,
            key=self.idempotency_key,
            digest=self._digest(),
            conversion_id=self.conversion_id,
            conversion_key=self.conversion_key,
            amount_text=self.amount,
            occurred_at=self.occurred_at,
            reason=self.reason,
            run=run,
            received_at=received_at,
            request_id=request_id,
        )

    def _digest(self) -> str:
        told = self.model_dump(mode="json", exclude_none=True)
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


class ReversalView(View):
    """`amount` is what was taken back, while it waits what was asked for. It counts on the day of `countsAt`.

    `counted`: its conversion is COUNTED, so it lowers net; otherwise it moves nothing until that is released.
    """

    reversal_id: str
    status: ReversalStatus
    note: str | None
    idempotency_key: str
    conversion_id: str | None
    conversion_key: str
    campaign_id: str | None
    amount: str | None
    currency: str | None
    counted: bool
    mode: Mode
    run_id: str | None
    occurred_at: str
    counts_at: str
    received_at: str
    reason: str | None
    request_id: str | None


class ReversedView(ReversalView):
    """`duplicate`: this key had been sent before; the first reversal is answered, and nothing has moved."""

    duplicate: bool


def reversal_view(own: Reversal, world: str) -> dict[str, Any]:
    """The members of `ReversalView`."""
    amount = own.told_amount
    if own.amount_minor is not None and own.currency is not None:
        amount = decimal_text(own.amount_minor, own.currency)
    return {
        "reversal_id": own.reversal_id,
        "status": own.status,
        "note": own.note,
        "idempotency_key": own.idempotency_key,
        "conversion_id": own.conversion_id,
        "conversion_key": own.conversion_key,
        "campaign_id": own.campaign_id or None,
        "amount": amount,
        "currency": own.currency,
        "counted": own.counted,
        "mode": mode_of(world),
        "run_id": None if world in NAMED else world,
        "occurred_at": iso(own.occurred_at),
        "counts_at": iso(own.counts_at),
        "received_at": iso(own.received_at),
        "reason": own.reason,
        "request_id": own.request_id,
    }
