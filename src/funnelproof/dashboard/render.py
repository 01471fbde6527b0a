"""Screens to HTML: one environment of templates, the headers of every page, the frame's own values."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from funnelproof.dashboard import words
from funnelproof.dashboard.visit import Goto, Page, Progress, Visit

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
ROWS = "<!-- rows -->"
UNHELD = {"X-Accel-Buffering": "no"}
"""Tells proxies in front to pass on each piece."""
TEMPLATES = Environment(
    loader=PackageLoader("funnelproof.dashboard"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def answer(shown: Page | Goto | Progress, visit: Visit) -> Response:
    if isinstance(shown, Goto):
        return RedirectResponse(shown.path, 303, HEADERS)
    if isinstance(shown, Progress):
        return StreamingResponse(_pieces(shown, visit), media_type="text/html", headers={**HEADERS, **UNHELD})
    kind = "image/svg+xml" if shown.template.endswith(".svg") else "text/html"
    return Response(fragment(shown.template, shown.values, visit), shown.status, _headers(visit), media_type=kind)


def _headers(visit: Visit) -> dict[str, str]:
    """Previews of pages stand at the public origin, which may be another one."""
    return {
        **HEADERS,
        "Content-Security-Policy": CSP.replace("frame-src 'self'", f"frame-src 'self' {visit.public_url}"),
    }


async def _pieces(shown: Progress, visit: Visit) -> AsyncIterator[str]:
    """The page up to where its rows stand, each row as it comes, and the rest: browsers show it as it grows."""
    yield fragment(shown.template, {**shown.values, "last": None}, visit).partition(ROWS)[0]
    last: dict[str, Any] = {}
    async for last in shown.rows:
        yield fragment(shown.piece, last, visit)
    yield fragment(shown.template, {**shown.values, "last": last}, visit).partition(ROWS)[2]


def problem_page(problem: Mapping[str, Any], visit: Visit | None = None) -> Response:
    """A refusal as a page; without a visit, where even that could not be made."""
    if visit is None:
        text = TEMPLATES.get_template("broken.html").render(problem=problem)
        return HTMLResponse(text, problem["status"], HEADERS)
    if visit.place is None:
        visit.parts.clear()
    return HTMLResponse(fragment("problem.html", {"refusal": problem}, visit), problem["status"], HEADERS)


def fragment(template: str, values: Mapping[str, Any], visit: Visit) -> str:
    from funnelproof.dashboard.table import CAMPAIGN_TABS, HANDLE_TABS, OPERATOR_TABS

    told = words.Words(visit.locale, visit.zone, visit.now)
    frame = {
        "visit": visit,
        "say": told,
        "form": visit.form,
        "campaign_tabs": CAMPAIGN_TABS,
        "handle_tabs": HANDLE_TABS,
        "operator_tabs": OPERATOR_TABS,
    }
    return TEMPLATES.get_template(template).render({**frame, **values})
