"""Rows of `runs` and `receipts`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import insert, select, update

from funnelproof.clock import Micros
from funnelproof.proofs.receipt import Step, StepStatus, VariantReceipt, Verdict
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import receipts, runs


@dataclass(frozen=True, slots=True)
class Run:
    """`state` is OPEN or FINISHED. `opens_gate`: its receipt counts for health and launch."""

    handle: str
    run_id: str
    campaign_id: str
    state: str
    seed: str
    started_by: str
    started_at: Micros
    finished_at: Micros | None
    verdict: Verdict | None
    config_digest: str
    configuration: Mapping[str, Any]
    fingerprint: str | None
    opens_gate: bool
    variants: tuple[VariantReceipt, ...]
    request_id: str | None


SHOWN = [column for column in runs.columns if column.name != "plan"]


def add(tx: Transaction, run: Run, plan: str | None = None) -> None:
    """`plan` is the text of the plan that performs this run."""
    tx.execute(insert(runs).values(**_row(run), plan=plan))


def plan_of(tx: Transaction, handle: str, run_id: str) -> str | None:
    told: str | None = tx.execute(select(runs.c.plan).where(runs.c.handle == handle, runs.c.run_id == run_id)).scalar()
    return told


def finish(tx: Transaction, run: Run) -> None:
    """Write a finished run and, if it opens the gate, a receipt for each variant it tested."""
    tx.execute(update(runs).where(runs.c.handle == run.handle, runs.c.run_id == run.run_id).values(**_row(run)))
    if run.opens_gate and run.variants:
        tx.execute(insert(receipts), [_receipt_row(run, variant) for variant in run.variants])


def find(tx: Transaction, handle: str, run_id: str) -> Run | None:
    row = tx.one(select(*SHOWN).where(runs.c.handle == handle, runs.c.run_id == run_id))
    return _run(row) if row else None


def page(tx: Transaction, handle: str, campaign_id: str, *, before: str | None, limit: int) -> list[Run]:
    where = [runs.c.handle == handle, runs.c.campaign_id == campaign_id]
    if before is not None:
        where.append(runs.c.run_id < before)
    return [_run(row) for row in tx.all(select(*SHOWN).where(*where).order_by(runs.c.run_id.desc()).limit(limit))]


def _row(run: Run) -> dict[str, Any]:
    row = {name: getattr(run, name) for name in Run.__slots__ if name != "variants"}
    row["verdict"] = run.verdict.value if run.verdict else None
    row["steps"] = [_variant_row(variant) for variant in run.variants]
    return row


def _receipt_row(run: Run, variant: VariantReceipt) -> dict[str, Any]:
    return {
        "handle": run.handle,
        "campaign_id": run.campaign_id,
        "variant": variant.variant,
        "run_id": run.run_id,
        "verdict": variant.verdict.value,
        "config_digest": run.config_digest,
        "finished_at": run.finished_at,
    }


def _variant_row(variant: VariantReceipt) -> dict[str, Any]:
    return asdict(variant) | {"steps": [asdict(step) for step in variant.steps]}


def _run(row: Row) -> Run:
    fields = {name: row[name] for name in Run.__slots__ if name != "variants"}
    fields["verdict"] = Verdict(row["verdict"]) if row["verdict"] else None
    fields["configuration"] = row["configuration"] or {}
    return Run(**fields, variants=_variants(row["steps"] or ()))


def _variants(rows: Sequence[Mapping[str, Any]]) -> tuple[VariantReceipt, ...]:
    return tuple(
        VariantReceipt(
            **{**row, "steps": tuple(Step(**{**step, "status": StepStatus(step["status"])}) for step in row["steps"])}
        )
        for row in rows
    )
