"""The receipt of a run made step by step: read off the rows that its clicks and conversions left in its world."""

from collections.abc import Mapping

from funnelproof.clicks import store as clicks
from funnelproof.conversions import store as conversions
from funnelproof.proofs import steps
from funnelproof.proofs.receipt import STEPS, Step, StepStatus, VariantReceipt
from funnelproof.proofs.run import tested_variants
from funnelproof.proofs.store import Run
from funnelproof.proofs.untouched import live_untouched
from funnelproof.storage.database import Row, Transaction
from funnelproof.worlds.world import World

WHY_SKIPPED = "a step of the whole test conversion; this run was made step by step"


def summarise(tx: Transaction, run: Run, world: World) -> tuple[VariantReceipt, ...]:
    """One receipt for each variant that should have been visited."""
    of_run = (run.handle, run.run_id, run.campaign_id)
    visits, made = clicks.by_variant(tx, *of_run), conversions.counted_by_variant(tx, *of_run)
    rows = sum(row["clicks"] for row in visits.values()), sum(row["counted"] for row in made.values())
    untouched = live_untouched(tx, *of_run, rows=rows)
    tested = tested_variants(world.snapshot.campaign)
    return tuple(_receipt(pair, visits, made, untouched) for pair in tested if pair[0] in visits or not visits)


def _receipt(
    variant: tuple[int, str], visits: Mapping[int, Row], made: Mapping[int, Row], untouched: Step
) -> VariantReceipt:
    number, variant_id = variant
    visited, counted = visits.get(number), made.get(number)
    without_ctx = visited["without_ctx"] if visited else 0
    known = {
        "click_recorded": _at_least_one("click_recorded", "clicks", visited["clicks"] if visited else 0),
        "ctx_minted": steps.compared("ctx_minted", {"withoutCtx": 0}, {"withoutCtx": without_ctx}),
        "conversion_recorded": _at_least_one("conversion_recorded", "counted", counted["counted"] if counted else 0),
        "live_untouched": untouched,
    }
    return VariantReceipt(
        variant=number,
        variant_id=variant_id,
        steps=tuple(known.get(id_) or steps.skipped(id_, WHY_SKIPPED) for id_ in STEPS if id_ != "ctx_valid"),
        click_id=visited["click_id"] if visited else None,
        conversion_id=counted["conversion_id"] if counted else None,
    )


def _at_least_one(id_: str, what: str, seen: int) -> Step:
    status = StepStatus.PASS if seen else StepStatus.FAIL
    return Step(id_, status, {what: "at least 1"}, {what: seen})
