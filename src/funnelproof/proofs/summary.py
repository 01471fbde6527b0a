"""The receipt of a run made step by step: read off the rows that its clicks and conversions left in its world."""

from collections.abc import Sequence

from funnelproof.clicks import store as clicks
from funnelproof.conversions import store as conversions
from funnelproof.conversions.conversion import Conversion, Disposition
from funnelproof.proofs import steps
from funnelproof.proofs.receipt import STEPS, Step, StepStatus, VariantReceipt
from funnelproof.proofs.run import tested_variants
from funnelproof.proofs.store import Run
from funnelproof.storage.database import Row, Transaction
from funnelproof.worlds.world import LIVE, World

WHY_SKIPPED = "a step of the whole test conversion; this run was made step by step"
AT_MOST = 200


def summarise(tx: Transaction, run: Run, world: World) -> tuple[VariantReceipt, ...]:
    """One receipt for each variant that should have been visited, from the newest 200 rows of each kind."""
    visits = clicks.newest(tx, run.handle, run.run_id, run.campaign_id, AT_MOST)
    made = conversions.newest(tx, run.handle, run.run_id, run.campaign_id, AT_MOST)
    live = clicks.find_clicks(tx, run.handle, LIVE, {row["click_id"] for row in visits})
    tested = tested_variants(world.snapshot.campaign)
    visited = {row["variant"] for row in visits}
    return tuple(_receipt(pair, visits, made, len(live)) for pair in tested if pair[0] in visited or not visited)


def _receipt(
    variant: tuple[int, str], visits: Sequence[Row], made: Sequence[Conversion], live_rows: int
) -> VariantReceipt:
    number, variant_id = variant
    own_clicks = [row for row in visits if row["variant"] == number]
    own = [conversion for conversion in made if conversion.variant == number]
    counted = [conversion for conversion in own if conversion.disposition is Disposition.COUNTED]
    without_ctx = sum(not row["with_ctx"] for row in own_clicks)
    known = {
        "click_recorded": _at_least_one("click_recorded", "clicks", len(own_clicks)),
        "ctx_minted": steps.compared("ctx_minted", {"withoutCtx": 0}, {"withoutCtx": without_ctx}),
        "conversion_recorded": _at_least_one("conversion_recorded", "counted", len(counted)),
        "live_untouched": steps.compared("live_untouched", {"liveRowsOfThisRun": 0}, {"liveRowsOfThisRun": live_rows}),
    }
    return VariantReceipt(
        variant=number,
        variant_id=variant_id,
        steps=tuple(known.get(id_) or steps.skipped(id_, WHY_SKIPPED) for id_ in STEPS if id_ != "ctx_valid"),
        click_id=own_clicks[0]["click_id"] if own_clicks else None,
        conversion_id=counted[0].conversion_id if counted else None,
    )


def _at_least_one(id_: str, what: str, seen: int) -> Step:
    status = StepStatus.PASS if seen else StepStatus.FAIL
    return Step(id_, status, {what: "at least 1"}, {what: seen})
