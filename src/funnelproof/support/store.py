"""Rows of `support_reports`, `escalations` and `content_reports`."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Table, insert, select, update

from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import content_reports, escalations, support_reports
from funnelproof.support.report import (
    AlreadySettled,
    Category,
    ContentReport,
    Escalation,
    NoSuchReport,
    Settlement,
    Status,
    Subject,
    SupportReport,
    Urgency,
)

T = TypeVar("T")
SETTLEMENT = Settlement.__slots__
COLUMNS = {"handle": "of_handle"}
"""Whom a report concerns is no tenant's key: these tables lie on the coordinator."""
FIELDS = {column: name for name, column in COLUMNS.items()}


def add_report(tx: Transaction, report: SupportReport) -> None:
    tx.execute(insert(support_reports).values(**_row(report), artifacts=list(report.artifacts)))


def add_escalation(tx: Transaction, escalation: Escalation) -> None:
    tx.execute(insert(escalations).values(**_row(escalation)))


def add_content_report(tx: Transaction, report: ContentReport) -> None:
    tx.execute(insert(content_reports).values(**_row(report)))


def report(tx: Transaction, report_id: str) -> SupportReport | None:
    row = tx.one(select(support_reports).where(support_reports.c.report_id == report_id))
    return _report(row) if row else None


def content_report(tx: Transaction, report_id: str) -> ContentReport:
    row = tx.one(select(content_reports).where(content_reports.c.report_id == report_id).with_for_update())
    if row is None:
        raise NoSuchReport
    return _content_report(row)


def reports(tx: Transaction, status: Status, *, before: str | None, limit: int) -> list[SupportReport]:
    return _queue(tx, support_reports, "report_id", status, before, limit, _report)


def escalations_of(tx: Transaction, status: Status, *, before: str | None, limit: int) -> list[Escalation]:
    return _queue(tx, escalations, "escalation_id", status, before, limit, _escalation)


def content_reports_of(tx: Transaction, status: Status, *, before: str | None, limit: int) -> list[ContentReport]:
    return _queue(tx, content_reports, "report_id", status, before, limit, _content_report)


def settle_report(tx: Transaction, report_id: str, settlement: Settlement) -> SupportReport:
    _settle(tx, support_reports, "report_id", report_id, settlement)
    return _report(tx.one(select(support_reports).where(support_reports.c.report_id == report_id)) or {})


def settle_escalation(tx: Transaction, escalation_id: str, settlement: Settlement) -> Escalation:
    _settle(tx, escalations, "escalation_id", escalation_id, settlement)
    return _escalation(tx.one(select(escalations).where(escalations.c.escalation_id == escalation_id)) or {})


def decide_content_report(tx: Transaction, report_id: str, settlement: Settlement) -> None:
    """A decision may be changed by a later one: what was taken down can be restored."""
    values = {name: getattr(settlement, name) for name in SETTLEMENT}
    tx.execute(update(content_reports).where(content_reports.c.report_id == report_id).values(**values))


def _settle(tx: Transaction, table: Table, key: str, wanted: str, settlement: Settlement) -> None:
    row = tx.one(select(table.c.status).where(table.c[key] == wanted).with_for_update())
    if row is None:
        raise NoSuchReport
    if row["status"] == Status.SETTLED:
        raise AlreadySettled
    values = {name: getattr(settlement, name) for name in SETTLEMENT}
    tx.execute(update(table).where(table.c[key] == wanted).values(**values))


def _queue(
    tx: Transaction, table: Table, key: str, status: Status, before: str | None, limit: int, read: Callable[[Row], T]
) -> list[T]:
    """Of one status, newest first."""
    where = [table.c.status == status.value]
    if before is not None:
        where.append(table.c[key] < before)
    return [read(row) for row in tx.all(select(table).where(*where).order_by(table.c[key].desc()).limit(limit))]


def _row(told: SupportReport | Escalation | ContentReport) -> dict[str, Any]:
    """Plain columns; what is a list stands in a column of its own shape."""
    values = {name: getattr(told, name) for name in told.__slots__ if name not in ("settlement", "artifacts")}
    plain = {COLUMNS.get(name, name): getattr(value, "value", value) for name, value in values.items()}
    return {**plain, **{name: getattr(told.settlement, name) for name in SETTLEMENT}}


def _settled(row: Row) -> Settlement:
    return Settlement(**{name: row[name] for name in SETTLEMENT})


def _without_settlement(row: Row) -> dict[str, Any]:
    return {FIELDS.get(name, name): value for name, value in row.items() if name not in SETTLEMENT}


def _report(row: Row) -> SupportReport:
    fields = _without_settlement(row)
    return SupportReport(**fields | {"artifacts": tuple(fields["artifacts"])}, settlement=_settled(row))


def _escalation(row: Row) -> Escalation:
    fields = _without_settlement(row)
    return Escalation(**fields | {"urgency": Urgency(fields["urgency"])}, settlement=_settled(row))


def _content_report(row: Row) -> ContentReport:
    fields = _without_settlement(row)
    subject = Subject(fields["subject"]) if fields["subject"] else None
    return ContentReport(
        **fields | {"category": Category(fields["category"]), "subject": subject}, settlement=_settled(row)
    )
