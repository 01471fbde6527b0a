"""The small HTML pages of the redirect: refusals, the password form, the bridge. No script, nothing from elsewhere."""

from jinja2 import DictLoader, Environment

from funnelproof.errors import Problem
from funnelproof.walks.walk import AS, PARAMETER
from funnelproof.web.edge import NO_STORE, EdgeAnswer, EdgeRequest, raw_headers
from funnelproof.web.headers import RawHeader
from funnelproof.web.problems import headers_of, status_of

STYLE = """
body { font: 1.1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1.5rem; color: #1c1c28 }
small { color: #595959 }
input, button { font: inherit; padding: .4rem .7rem }
"""
CSP = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><meta name="referrer" content="no-referrer">{% block head %}{% endblock %}
<title>{{ title }}</title><link rel="stylesheet" href="/_fp/plain.css"></head>
<body><main><h1>{{ title }}</h1>{% block main %}{% endblock %}</main></body></html>
"""
REFUSAL = """{% extends "frame" %}{% block main %}
<p>{{ detail }}</p><p><small>Request {{ request_id }}</small></p>{% endblock %}"""
ASK = """{% extends "frame" %}{% block main %}{% if wrong %}<p role="alert">That is not the password.</p>{% endif %}
<form method="post">
<label>Password <input type="password" name="password" maxlength="128" required autofocus></label> <button>Open</button>
</form><p><small>Request {{ request_id }}</small></p>{% endblock %}"""
BRIDGE = """{% extends "frame" %}
{% block head %}<meta http-equiv="refresh" content="0; url={{ address }}">{% endblock %}
{% block main %}<p><a href="{{ address }}" rel="noreferrer">Continue</a></p>{% endblock %}"""

WHICH = """{% extends "frame" %}{% block main %}
<p>This link belongs to a test that somebody began in another browser.</p>
<p><a href="{{ real }}">Go to the shop</a></p>
<p><small><a href="{{ test }}" rel="nofollow">I am part of the test: buy as a test, in this browser</a></small></p>
<p><small>Request {{ request_id }}</small></p>{% endblock %}"""

PAGES = Environment(
    loader=DictLoader({"frame": FRAME, "refusal": REFUSAL, "password": ASK, "bridge": BRIDGE, "which": WHICH}),
    autoescape=True,
)
OF_WALKS = (f"{PARAMETER}=", f"{AS}=")
HEADERS = [(b"content-security-policy", CSP.encode()), (b"referrer-policy", b"no-referrer"), NO_STORE]
A_DAY = (b"cache-control", b"public, max-age=86400")


FOR_VISITORS = {
    "absent": ("Nothing is here", "This link leads nowhere. Perhaps a letter of it was lost, or it has not begun yet."),
    "gone": ("This offer has ended", "The link has done its work and is closed."),
    "unavailable": ("One moment, please", "We cannot answer just now. Try again in a few seconds."),
    "limited": ("Too many tries", "Wait a minute, then try again."),
}
"""What a visitor is told, who can mend nothing; whoever runs the link finds the whole story by the request id."""


def refusal_page(problem: Problem, request: EdgeRequest) -> EdgeAnswer:
    title, detail = FOR_VISITORS.get(problem.kind, (problem.title, problem.detail))
    html = PAGES.get_template("refusal").render(title=title, detail=detail, request_id=request.request_id)
    retry = raw_headers(header for header in headers_of(problem) if header[0] == "Retry-After")
    return _page(status_of(problem), html, retry)


def password_page(request: EdgeRequest, *, wrong: bool) -> EdgeAnswer:
    html = PAGES.get_template("password").render(
        title="This link asks for a password", wrong=wrong, request_id=request.request_id
    )
    return _page(403 if wrong else 200, html, [])


def bridge_page(address: str) -> EdgeAnswer:
    return _page(200, PAGES.get_template("bridge").render(title="One moment …", address=address), [])


def which_page(request: EdgeRequest) -> EdgeAnswer:
    """Test or real? Real, unless somebody says otherwise: a link that was passed on must not cost an order."""
    told = [part for part in request.query.split("&") if part and not part.startswith(OF_WALKS)]
    real = f"{request.path}?{'&'.join(told)}" if told else request.path
    html = PAGES.get_template("which").render(
        title="A visit, or the test?",
        real=real,
        test=f"{request.path}?{request.query}&{AS}=test",
        request_id=request.request_id,
    )
    return _page(200, html, [(b"x-robots-tag", b"noindex")])


async def privacy_control(_request: EdgeRequest) -> EdgeAnswer:
    """Global Privacy Control is honoured: such a visitor gets no cookie."""
    body = b'{"gpc": true, "lastUpdate": "2026-11-23"}'
    return EdgeAnswer(200, body, "application/json", [A_DAY])


async def style(_request: EdgeRequest) -> EdgeAnswer:
    return EdgeAnswer(200, STYLE.encode(), "text/css; charset=utf-8", [A_DAY])


def _page(status: int, html: str, headers: list[RawHeader]) -> EdgeAnswer:
    return EdgeAnswer(status, html.encode(), "text/html; charset=utf-8", [*HEADERS, *headers])
