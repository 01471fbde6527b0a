"""Support reports by those who use the product, read by their senders, and what a request was."""

from typing import Annotated

from fastapi import APIRouter, Path

from funnelproof.access import store as access
from funnelproof.access.caller import Caller
from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.access.roles import Role
from funnelproof.campaigns.routes import HandleName
from funnelproof.clock import DAY
from funnelproof.errors import Problem
from funnelproof.ids import new_id
from funnelproof.installation import Installation
from funnelproof.storage.database import Transaction
from funnelproof.support import store
from funnelproof.support.artifacts import Named, look_up, objects_of, places_of
from funnelproof.support.report import SUPPORT, NoSuchReport, SupportReport, WrongRoute, check_belongs_here
from funnelproof.support.requests import NewReport, ReportView, TraceView, report_view, trace_view
from funnelproof.traces import store as traces
from funnelproof.traces.recorder import Recorder
from funnelproof.traces.trace import NoSuchRequest, Trace
from funnelproof.web.openapi import refusals
from funnelproof.web.throttle import Throttle

REPORTS_A_DAY = 50
ReportId = Annotated[str, Path(examples=["sup_019ab2f0c1d27e4f8a3b5c6d7e8f9a0b"], max_length=64)]
AskedRequest = Annotated[str, Path(examples=["req_019ab2f0c1d27e4f8a3b5c6d7e8f9a0b"], max_length=128)]


class TooManyReports(Problem):
    """So many reports are taken from one sender in a day, no more.."""

    kind, code, title = "limited", "rate_limited", "Too many reports"
    retry_after_seconds = 3600


def routes(home: Installation, recorder: Recorder) -> APIRouter:
    router = APIRouter(tags=["support"])
    _add_reports(router, home, recorder)
    _add_requests(router, home, recorder)
    return router


def _add_reports(router: APIRouter, home: Installation, recorder: Recorder) -> None:
    throttle = Throttle(home.clock, most=REPORTS_A_DAY, span=DAY)

    @router.post(SUPPORT, status_code=201, responses=refusals(WrongRoute, TooManyReports))
    async def report_to_support(body: NewReport, caller: CallerOf, request_id: RequestId) -> ReportView:
        """Hand something over to support, with all that it rests on: request, run, session are looked up for you."""
        check_belongs_here(body.about)
        if not throttle.takes(caller.actor):
            raise TooManyReports
        await recorder.flush()
        named = Named(body.handle, body.session_id, body.request_id, body.run_id, body.repro_artifact)

        def work(tx: Transaction) -> SupportReport:
            places = places_of(tx, caller, body.handle)
            report = SupportReport(
                new_id("sup"),
                caller.actor,
                body.handle if body.handle in places else None,
                body.summary,
                body.details,
                look_up(tx, caller, named),
                home.clock.now(),
                request_id,
            )
            store.add_report(tx, report)
            return report

        return report_view(await home.database.write(work))

    @router.get("/v2/support/reports/{reportId}", responses=refusals(NoSuchReport))
    async def read_support_report(reportId: ReportId, caller: CallerOf) -> ReportView:  # noqa: N803
        """For its sender, the operators of its handle, and platform operators."""

        def work(tx: Transaction) -> SupportReport:
            report = store.report(tx, reportId)
            if report is None or not _may_read(tx, report, caller):
                raise NoSuchReport
            return report

        return report_view(await home.database.read(work))


def _may_read(tx: Transaction, report: SupportReport, caller: Caller) -> bool:
    if caller.platform_operator or report.sender == caller.actor:
        return True
    if report.handle is None or caller.token_id is not None:
        return False
    role = access.role_in(tx, report.handle, caller.user_id or "")
    return role is not None and role.reaches(Role.OPERATOR)


def _add_requests(router: APIRouter, home: Installation, recorder: Recorder) -> None:
    @router.get("/v2/handles/{handle}/requests/{requestId}", responses=refusals(NoSuchRequest))
    async def read_request_trace(
        handle: HandleName,
        requestId: AskedRequest,  # noqa: N803
        caller: CallerOf,
    ) -> TraceView:
        """What a request was and did: your own, or as OPERATOR any of this handle. Kept for 30 days."""
        await recorder.flush()
        sees_all = caller.is_at_least(Role.OPERATOR)

        def work(tx: Transaction) -> tuple[list[Trace], list[dict[str, str]]]:
            found = traces.find(tx, handle, requestId, caller=None if sees_all else caller.actor)
            return found, objects_of(tx, handle, requestId) if found or sees_all else []

        found, objects = await home.database.read(work)
        if not found and not objects:
            raise NoSuchRequest
        return trace_view(requestId, found, objects)
