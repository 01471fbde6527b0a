"""What a conversion is, told and stored, and every way to be refused. Knows no storage and no web."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from funnelproof.clock import Micros
from funnelproof.errors import Problem
from funnelproof.links.ctx import Cohort, Ctx, Mode
from funnelproof.money import Money
from funnelproof.word import Word


class Disposition(Word):
    """What became of a conversion; the same in every world. Only COUNTED moves funnel counters."""

    COUNTED = "COUNTED"
    HELD = "HELD"
    OUT_OF_WINDOW = "OUT_OF_WINDOW"
    NOT_UNIQUE = "NOT_UNIQUE"
    OTHER_EVENT = "OTHER_EVENT"


class KeyReused(Problem):
    """This idempotency key already stands for something else. Send each order under a key of its own."""

    kind, code, title = "unprocessable", "idempotency_key_reused", "The idempotency key is taken"


class ConversionNotFound(Problem):
    """This handle has no conversion of that id. `GET …/conversions` lists them."""

    kind, code, title = "absent", "not_found", "Not found"


class TrustedOnly(Problem):
    """This campaign takes conversions only from a server: send a token with the scope conversions.write."""

    kind, code, title = "unauthenticated", "missing_bearer_token", "A token is needed"


class Claim(NamedTuple):
    """A conversion as its sender tells it: shape and key checked, signature of the ctx verified.

    `value_text` is the decimal text of the amount; `received_at` is by the real clock.
    """

    conversion_id: str
    ctx: Ctx
    key: str
    digest: str
    event_type: str | None
    value_text: str | None
    currency: str | None
    occurred_at: Micros | None
    customer: str | None
    properties: dict[str, Any] | None
    expected_handle: str | None
    expected_campaign: str | None
    is_trusted: bool
    received_at: Micros
    request_id: str

    @property
    def scope(self) -> tuple[str, Mode, int]:
        """(handle, mode, run): the tenant and the world in which alone this claim is judged."""
        return self.ctx.handle, self.ctx.mode, self.ctx.run


class Conversion(NamedTuple):
    """As it is stored. `in_test`: it counts in the figures of the A/B test, not in the funnel alone.

    `credited`: it makes its visitor a converter. Without a ledger row (a bot's click, a prefetch) it makes none.
    """

    conversion_id: str
    campaign_id: str
    idempotency_key: str
    click_id: str
    visitor: str
    slug: str
    variant: int
    cohort: Cohort
    epoch: int
    phase: int
    event_type: str
    value_minor: int | None
    currency: str | None
    disposition: Disposition
    reason: str | None
    in_test: bool
    clicked_at: Micros
    occurred_at: Micros
    received_at: Micros
    customer: str | None
    properties: dict[str, Any] | None
    request_id: str | None
    credited: bool = False

    @property
    def value(self) -> Money | None:
        if self.value_minor is None or self.currency is None:
            return None
        return Money(self.value_minor, self.currency)

    @property
    def visitor_ref(self) -> tuple[str, str]:
        return self.campaign_id, self.visitor


class First(NamedTuple):
    """What a key was first sent with. `conversion` is None where the key stands for something else.

    `is_whole` is false where retention has deleted the row: the conversion is then what its key has kept of it.
    """

    subject_id: str
    digest: str
    received_at: Micros
    conversion: Conversion | None
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """A named step of admission and the codes it may raise, in the order in which they are taken."""

    name: str
    codes: tuple[str, ...]


STEPS = (
    Step(
        "shape", ("invalid_payload", "invalid_{field}", "unknown_field", "payload_too_large", "unsupported_media_type")
    ),
    Step("key", ("invalid_idempotency_key",)),
    Step("ctx_signature", ("invalid_ctx",)),
    Step("known_key", ("idempotency_key_reused",)),
    Step("ctx_times", ("invalid_ctx",)),
    Step("campaign", ("campaign_not_found", "missing_bearer_token", "insufficient_scope")),
    Step("currency_and_value", ("invalid_currency", "invalid_value")),
    Step("time", ("invalid_occurred_at",)),
    Step("window", ()),
    Step("uniqueness", ()),
    Step("insert_once", ()),
)
