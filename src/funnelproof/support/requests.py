"""The shapes of what support is told and shows."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from funnelproof.support.report import (
    About,
    Category,
    ContentReport,
    Escalation,
    Settlement,
    Subject,
    SupportReport,
    Urgency,
    Verdict,
)
from funnelproof.traces.trace import Trace
from funnelproof.web.shape import Shape, ShownMoment, View, example

Summary = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Details = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[\x20-\x7e]+$")]
Address = Annotated[str, StringConstraints(min_length=8, max_length=2048, pattern=r"^https?://[\x21-\x7e]+$")]


class NewReport(Shape):
    """An incident or a question. What is named is looked up in your handles and attached."""

    model_config = example(
        {
            "summary": "test-conversion returns invalid_ctx",
            "details": "Since 14:02 each test conversion of variant B is refused; A passes.",
            "handle": "gharart",
            "requestId": "req_019ab2f0c1d27e4f8a3b5c6d7e8f9a0b",
        }
    )

    summary: Summary
    details: Details
    about: About = About.INCIDENT
    handle: Name | None = None
    session_id: Name | None = None
    request_id: Name | None = None
    run_id: Name | None = None
    repro_artifact: Name | None = None


class ArtifactView(View):
    """`handle` is where it was found."""

    kind: str
    id: str
    found: bool
    handle: str | None


class SettlementView(View):
    note: str
    settled_by: str
    settled_at: ShownMoment


class ReportView(View):
    report_id: str
    status: str
    sender: str
    handle: str | None
    summary: str
    details: str
    artifacts: list[ArtifactView]
    sent_at: ShownMoment
    request_id: str
    settlement: SettlementView | None


class NewEscalation(Shape):
    model_config = example(
        {
            "summary": "Storage of node 2 is slow",
            "details": "Commits take 200 ms since noon; reports sup_… and sup_… have it in common.",
            "urgency": "HIGH",
        }
    )

    summary: Summary
    details: Details
    urgency: Urgency = Urgency.LOW
    report_id: Name | None = None


class EscalationView(View):
    escalation_id: str
    status: str
    urgency: Urgency
    sender: str
    report_id: str | None
    summary: str
    details: str
    sent_at: ShownMoment
    request_id: str
    settlement: SettlementView | None


class NewContentReport(Shape):
    """Abuse of a public page or link. `contact` only if you want to be asked."""

    model_config = example(
        {
            "url": "https://go.gharart.example/gharart/buy-now",
            "category": "FRAUD",
            "details": "It pretends to be my bank.",
        }
    )

    url: Address
    category: Category
    details: Details
    contact: Annotated[str, StringConstraints(strip_whitespace=True, max_length=254)] | None = None


class Thanks(View):
    """The same whatever the address leads to."""

    status: Annotated[str, Field(examples=["TAKEN"])] = "TAKEN"


class ContentReportView(View):
    report_id: str
    status: str
    url: str
    category: Category
    details: str
    contact: str | None
    handle: str | None
    subject: Subject | None
    name: str | None
    sent_at: ShownMoment
    request_id: str
    settlement: SettlementView | None


class Settling(Shape):
    """How it ended, in words for whoever told it."""

    model_config = example({"note": "The shop stripped ctx from its thanks page; mended on its side."})

    note: Note


class Decision(Shape):
    model_config = example({"decision": "TAKE_DOWN", "note": "Phishing, confirmed."})

    decision: Verdict
    note: Note | None = None


class TraceView(View):
    """`objects` are rows that carry this request's stamp; `repeated` counts others that were given the same id."""

    request_id: str
    at: ShownMoment | None
    caller: str | None
    method: str | None
    route: str | None
    path: str | None
    status: int | None
    error: str | None
    milliseconds: int | None
    objects: list[dict[str, Any]]
    repeated: int


def report_view(report: SupportReport) -> ReportView:
    fields = _fields(report, ReportView)
    fields["artifacts"] = [ArtifactView(**artifact) for artifact in report.artifacts]
    return ReportView(**fields)


def escalation_view(escalation: Escalation) -> EscalationView:
    return EscalationView(**_fields(escalation, EscalationView))


def content_report_view(report: ContentReport) -> ContentReportView:
    return ContentReportView(**_fields(report, ContentReportView))


def trace_view(request_id: str, traces: list[Trace], objects: list[dict[str, Any]]) -> TraceView:
    newest = traces[0] if traces else None
    told = ("at", "caller", "method", "route", "path", "status", "error", "milliseconds")
    fields = {name: getattr(newest, name) if newest else None for name in told}
    return TraceView(request_id=request_id, objects=objects, repeated=max(0, len(traces) - 1), **fields)


def _fields(told: SupportReport | Escalation | ContentReport, view: type[View]) -> dict[str, Any]:
    settlement = told.settlement
    own = {name: getattr(told, name) for name in view.model_fields if name in told.__slots__}
    return {**own, "status": settlement.status, "settlement": _settlement_view(settlement)}


def _settlement_view(settlement: Settlement) -> SettlementView | None:
    if settlement.settled_at is None:
        return None
    return SettlementView(
        note=settlement.note or "", settled_by=settlement.settled_by or "", settled_at=settlement.settled_at
    )
