"""For platform operators: the queues of reports, escalations and abuse, and how each is settled."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.audit.act import Act
from funnelproof.ids import new_id
from funnelproof.installation import Installation
from funnelproof.support import store
from funnelproof.support.moderate import NothingToTakeDown, decide
from funnelproof.support.report import (
    ESCALATIONS,
    AlreadySettled,
    Escalation,
    NoSuchReport,
    Settlement,
    Status,
)
from funnelproof.support.report_routes import ReportId
from funnelproof.support.requests import (
    ContentReportView,
    Decision,
    EscalationView,
    NewEscalation,
    ReportView,
    Settling,
    content_report_view,
    escalation_view,
    report_view,
)
from funnelproof.web.openapi import refusals
from funnelproof.web.pagination import AskedPage, Listing

REPORTS, CONTENT = "/v2/operator/reports", "/v2/operator/content-reports"
OfStatus = Annotated[Status, Query(description="OPEN unless asked for SETTLED.")]
EscalationId = Annotated[str, Path(examples=["esc_019ab2f0c1d27e4f8a3b5c6d7e8f9a0b"], max_length=64)]


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["operator"])
    _add_reports(router, home)
    _add_escalations(router, home)
    _add_content_reports(router, home)
    return router


def _settlement(note: str, caller: CallerOf, home: Installation) -> Settlement:
    return Settlement(Status.SETTLED.value, note, caller.actor, home.clock.now())


def _add_reports(router: APIRouter, home: Installation) -> None:
    @router.get(REPORTS)
    async def list_support_reports(page: AskedPage, status: OfStatus = Status.OPEN) -> Listing[ReportView]:
        """Newest first."""
        after = page.after(str)
        before = str(after[0]) if after else None
        found = await home.database.read(lambda tx: store.reports(tx, status, before=before, limit=page.rows))
        shown, cursor = page.cut(found, lambda report: (report.report_id,))
        return Listing(items=[report_view(report) for report in shown], next_cursor=cursor)

    @router.post(REPORTS + "/{reportId}/settlement", responses=refusals(NoSuchReport, AlreadySettled))
    async def settle_support_report(
        reportId: ReportId,  # noqa: N803
        body: Settling,
        caller: CallerOf,
    ) -> ReportView:
        """Say how it ended; its sender reads the note."""
        told = _settlement(body.note, caller, home)
        return report_view(await home.database.write(lambda tx: store.settle_report(tx, reportId, told)))


def _add_escalations(router: APIRouter, home: Installation) -> None:
    @router.post(ESCALATIONS, status_code=201)
    async def escalate(body: NewEscalation, caller: CallerOf, request_id: RequestId) -> EscalationView:
        """Among platform operators only. Everybody else reports incidents at /v2/support/report."""
        now = home.clock.now()
        made = Escalation(
            new_id("esc"),
            caller.actor,
            body.report_id,
            body.urgency,
            body.summary,
            body.details,
            now,
            request_id,
        )
        await home.database.write(lambda tx: store.add_escalation(tx, made))
        return escalation_view(made)

    @router.get(ESCALATIONS)
    async def list_escalations(page: AskedPage, status: OfStatus = Status.OPEN) -> Listing[EscalationView]:
        """Newest first."""
        after = page.after(str)
        before = str(after[0]) if after else None
        found = await home.database.read(lambda tx: store.escalations_of(tx, status, before=before, limit=page.rows))
        shown, cursor = page.cut(found, lambda escalation: (escalation.escalation_id,))
        return Listing(items=[escalation_view(escalation) for escalation in shown], next_cursor=cursor)

    @router.post(ESCALATIONS + "/{escalationId}/settlement", responses=refusals(NoSuchReport, AlreadySettled))
    async def settle_escalation(
        escalationId: EscalationId,  # noqa: N803
        body: Settling,
        caller: CallerOf,
    ) -> EscalationView:
        told = _settlement(body.note, caller, home)
        return escalation_view(await home.database.write(lambda tx: store.settle_escalation(tx, escalationId, told)))


def _add_content_reports(router: APIRouter, home: Installation) -> None:
    @router.get(CONTENT)
    async def list_content_reports(page: AskedPage, status: OfStatus = Status.OPEN) -> Listing[ContentReportView]:
        """Newest first."""
        after = page.after(str)
        before = str(after[0]) if after else None
        found = await home.database.read(
            lambda tx: store.content_reports_of(tx, status, before=before, limit=page.rows)
        )
        shown, cursor = page.cut(found, lambda report: (report.report_id,))
        return Listing(items=[content_report_view(report) for report in shown], next_cursor=cursor)

    @router.post(CONTENT + "/{reportId}/decision", responses=refusals(NoSuchReport, NothingToTakeDown))
    async def decide_content_report(
        reportId: ReportId,  # noqa: N803
        body: Decision,
        caller: CallerOf,
        request_id: RequestId,
    ) -> ContentReportView:
        """KEEP it, TAKE_DOWN the link or page for all visitors, or RESTORE what was taken down."""
        act = Act(caller.actor, home.clock.now(), request_id)
        decided = await home.database.write(lambda tx: decide(tx, reportId, body.decision, body.note, act=act))
        return content_report_view(decided)
