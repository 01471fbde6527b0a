"""The small pages that answer a form: thanks where no page of ours says it, and what is wrong with what was sent."""

from funnelproof.clicks.pages import FOR_VISITORS, HEADERS, PAGES
from funnelproof.errors import Problem
from funnelproof.web.edge import NO_STORE, EdgeAnswer, EdgeRequest, raw_headers
from funnelproof.web.problems import headers_of, status_of

HTML = "text/html; charset=utf-8"
THANKS = PAGES.from_string('{% extends "frame" %}{% block main %}<p>We have it.</p>{% endblock %}')
REFUSED = PAGES.from_string("""{% extends "frame" %}{% block main %}
{% if faults %}<p>Go back, mend this, and send it again:</p>
<ul>{% for fault in faults %}<li>{{ fault }}</li>{% endfor %}</ul>{% else %}<p>{{ detail }}</p>{% endif %}
<p><small>Request {{ request_id }}</small></p>{% endblock %}""")
MOST_TOLD = 20


def thanks(page_url: str | None, ctx: str | None) -> EdgeAnswer:
    """Back to the campaign's own page, which says it in its own words. Where to is never up to who sends."""
    if page_url is None:
        return EdgeAnswer(200, THANKS.render(title="Thank you").encode(), HTML, list(HEADERS))
    address = f"{page_url}?ctx={ctx}#thanks" if ctx else f"{page_url}#thanks"
    return EdgeAnswer(303, headers=[(b"location", address.encode("latin-1")), NO_STORE])


def refusal(problem: Problem, request: EdgeRequest) -> EdgeAnswer:
    usual = ("This could not be sent", problem.detail)
    title, detail = FOR_VISITORS.get(problem.kind, usual) if problem.kind in ("unavailable", "limited") else usual
    told = [f"{fault.pointer.removeprefix('/fields/').lstrip('/')}: {fault.detail}" for fault in problem.faults]
    html = REFUSED.render(title=title, detail=detail, faults=told[:MOST_TOLD], request_id=request.request_id)
    retry = raw_headers(header for header in headers_of(problem) if header[0] == "Retry-After")
    return EdgeAnswer(status_of(problem), html.encode(), HTML, [*HEADERS, *retry])
