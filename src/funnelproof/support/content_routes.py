"""POST /v2/public/content-report: abuse of a public page or link, told by anybody."""

from fastapi import APIRouter, Request

from funnelproof.access.guard import RequestId
from funnelproof.clock import HOUR
from funnelproof.errors import Problem
from funnelproof.ids import new_id
from funnelproof.installation import Installation
from funnelproof.storage.database import Transaction
from funnelproof.support import store
from funnelproof.support.moderate import place_of
from funnelproof.support.report import ABUSE, ContentReport, WrongRoute, check_is_abuse
from funnelproof.support.requests import NewContentReport, Thanks
from funnelproof.web.openapi import refusals
from funnelproof.web.peer import TrustedProxies
from funnelproof.web.throttle import Throttle, neighbourhood

REPORTS_AN_HOUR = 10


class TooManyContentReports(Problem):
    """So many reports of abuse are taken from one address in an hour, no more. Put several into one."""

    kind, code, title = "limited", "rate_limited", "Too many reports"
    retry_after_seconds = 3600


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["support"])
    throttle = Throttle(home.clock, most=REPORTS_AN_HOUR, span=HOUR)
    proxies = TrustedProxies(home.settings.trusted_proxies)

    @router.post(ABUSE, status_code=202, responses=refusals(WrongRoute, TooManyContentReports))
    async def report_content(body: NewContentReport, request: Request, request_id: RequestId) -> Thanks:
        """Report a public page or link that should not be there. The answer does not tell whether it exists."""
        peer = request.client.host if request.client else ""
        if not throttle.takes(neighbourhood(proxies.client_address(peer, request.headers))):
            raise TooManyContentReports
        check_is_abuse(body.category)

        def work(tx: Transaction) -> None:
            handle, subject, name = place_of(tx, body.url, home.settings.public_domain)
            told = (body.url, body.category, body.details, body.contact, handle, subject, name)
            store.add_content_report(tx, ContentReport(new_id("rep"), *told, home.clock.now(), request_id))

        await home.database.write(work)
        return Thanks()

    return router
