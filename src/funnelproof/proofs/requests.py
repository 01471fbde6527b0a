"""Test runs and receipts as clients write and read them."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from funnelproof.campaigns.campaign import CampaignStatus
from funnelproof.campaigns.requests import Amount, Event
from funnelproof.campaigns.variants import VARIANT_ID
from funnelproof.clock import iso, iso_or_none
from funnelproof.plans.positions import LONGEST_KEPT
from funnelproof.proofs.digest import Change
from funnelproof.proofs.receipt import Step, StepStatus, VariantReceipt, Verdict
from funnelproof.proofs.store import Run
from funnelproof.web.shape import Moment, Shape, View, example

Seed = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
MOST_SECONDS = 400 * 86_400


KeptPlan = Annotated[
    str,
    Field(
        max_length=LONGEST_KEPT,
        description="The YAML of the plan that performs this run: kept for its bundle, never run by the server.",
    ),
]


class TestConversion(Shape):
    """What to test. Without `variantId`, every variant with weight; with `ctx`, only that ctx is judged."""

    model_config = example({"variantId": "b", "value": "49.90", "currency": "USD"})

    variant_id: str | None = Field(None, pattern=VARIANT_ID)
    value: Amount | None = None
    currency: str | None = Field(None, pattern=r"^[A-Z]{3}$")
    event_type: Event | None = None
    seed: Seed | int | None = None
    ctx: str | None = Field(None, max_length=4096)


class NewRun(Shape):
    model_config = example({"seed": "spring-check"})

    seed: Seed | int = "funnelproof"
    starts_at: Moment | None = None
    plan: KeptPlan | None = None


class ClockAdvance(Shape):
    model_config = example({"advanceSeconds": 86400})

    advance_seconds: int = Field(ge=0, le=MOST_SECONDS)


class RunVariant(Shape):
    variant_id: str = Field(pattern=VARIANT_ID)
    weight: int | None = Field(None, ge=0, le=1_000_000)
    enabled: bool | None = None
    destination_url: str | None = None


class RunConfiguration(Shape):
    """What to change in the run's snapshot; the campaign itself does not change."""

    model_config = example({"rampPercent": 50, "variants": [{"variantId": "b", "weight": 20}]})

    status: CampaignStatus | None = None
    ramp_percent: int | None = Field(None, ge=0, le=100)
    time_zone: str | None = Field(None, max_length=64, description="In which zone the run counts its days.")
    variants: list[RunVariant] = Field(default=[], max_length=10)


class OpenedRunView(View):
    run_id: str
    run_token: str
    now: str


class ClockView(View):
    run_id: str
    now: str


class StepView(View):
    id: str
    status: StepStatus
    expected: Any
    observed: Any
    evidence: dict[str, Any]
    ms: float


class StepToldView(View):
    """One step of a test conversion that is under way."""

    variant_id: str | None
    step: StepView


class VariantReceiptView(View):
    variant_id: str | None
    verdict: Verdict
    ctx: str | None
    click_id: str | None
    conversion_id: str | None
    steps: list[StepView]


class ChangeView(View):
    """Where the configuration differs from the one that was tested: what was there, what is there now."""

    pointer: str
    before: Any
    now: Any


class ReceiptView(View):
    """A run and what it found. `fresh` tells whether its receipt still speaks for the campaign as it is.

    `changedSince` points to what has changed in the configuration since the run; `changes` tells it, value by value.
    """

    run_id: str
    campaign_id: str
    state: str
    verdict: Verdict | None
    seed: str
    fingerprint: str | None
    config_digest: str
    fresh: bool
    changed_since: list[str]
    changes: list[ChangeView]
    opens_gate: bool
    started_by: str
    started_at: str
    finished_at: str | None
    request_id: str | None
    variants: list[VariantReceiptView]


def receipt_view(run: Run, *, is_fresh: bool, changes: Sequence[Change]) -> ReceiptView:
    return ReceiptView(
        run_id=run.run_id,
        campaign_id=run.campaign_id,
        state=run.state,
        verdict=run.verdict,
        seed=run.seed,
        fingerprint=run.fingerprint,
        config_digest=run.config_digest,
        fresh=is_fresh,
        changed_since=[change.pointer for change in changes],
        changes=[ChangeView(**change._asdict()) for change in changes],
        opens_gate=run.opens_gate,
        started_by=run.started_by,
        started_at=iso(run.started_at),
        finished_at=iso_or_none(run.finished_at),
        request_id=run.request_id,
        variants=[_variant_view(variant) for variant in run.variants],
    )


def _variant_view(variant: VariantReceipt) -> VariantReceiptView:
    return VariantReceiptView(
        variant_id=variant.variant_id or None,
        verdict=variant.verdict,
        ctx=variant.ctx,
        click_id=variant.click_id,
        conversion_id=variant.conversion_id,
        steps=[step_view(step) for step in variant.steps],
    )


def step_view(step: Step) -> StepView:
    return StepView(**{name: getattr(step, name) for name in StepView.model_fields})
