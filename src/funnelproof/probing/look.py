"""One look at one destination: followed as a browser would be, to public addresses alone, within five seconds."""

import asyncio
import secrets
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from funnelproof.outgoing.client import Answered, NotAnswered, Outgoing, Unreachable
from funnelproof.probing.finding import Finding, Outcome

WHOLE_SECONDS = 5.0
MOST_HOPS = 5
REDIRECTS = (301, 302, 303, 307, 308)
CLOSED = (401, 403, 405, 406, 429)
HEADERS = {"user-agent": "Funnelproof-Probe/1 (asks whether a link's destination answers)", "accept": "text/html,*/*"}
MARK = "fp_probe"


async def look(outgoing: Outgoing, url: str) -> Finding:
    """Its ctx opens nothing: it begins with `probe.` and is signed by nobody."""
    marks = {"ctx": f"probe.{secrets.token_hex(16)}", MARK: secrets.token_hex(8)}
    try:
        async with asyncio.timeout(WHOLE_SECONDS):
            return await _follow(outgoing, _with_query(url, marks), marks)
    except TimeoutError:
        return _broken(url, f"There was no whole answer within {WHOLE_SECONDS:g} s.")


async def _follow(outgoing: Outgoing, url: str, marks: dict[str, str]) -> Finding:
    at = url
    for hops in range(MOST_HOPS + 1):
        try:
            answered = await outgoing.get(at, headers=HEADERS)
        except Unreachable as refused:
            return Finding(Outcome.REFUSED, str(refused), place_of(at), None, hops)
        except NotAnswered as reason:
            return _broken(at, str(reason), hops=hops)
        where = answered.headers.get("location")
        if answered.status not in REDIRECTS or not where:
            return _judged(answered, at, marks, hops)
        at = urljoin(at, where)
        if urlsplit(at).scheme not in ("http", "https"):
            return _broken(at, f"It leads to an address of the kind {urlsplit(at).scheme!r:.20}.", hops=hops)
    return _broken(at, f"It redirects more than {MOST_HOPS} times.", hops=MOST_HOPS)


def _judged(answered: Answered, at: str, marks: dict[str, str], hops: int) -> Finding:
    status, place = answered.status, place_of(at)
    if status in CLOSED:
        detail = f"It answers {status} to a machine, so nothing can be said."
        return Finding(Outcome.CLOSED, detail, place, status, hops)
    if not 200 <= status < 300:
        return _broken(at, f"It answers {status}.", status=status, hops=hops)
    arrived = dict(parse_qsl(urlsplit(at).query, keep_blank_values=True))
    lost = [name for name, value in marks.items() if arrived.get(name) != value]
    if lost:
        what = "the ctx" if lost == ["ctx"] else "the query" if len(lost) == len(marks) else "a part of the query"
        detail = f"A redirect loses {what}." if hops else f"{what} is lost."
        return Finding(Outcome.LOSES_CTX, detail, place, status, hops)
    if urlsplit(at).scheme != "https":
        return Finding(Outcome.ENDS_ON_HTTP, "It ends on a page without https.", place, status, hops)
    return Finding(Outcome.KEEPS, "It answers, and ctx and query arrive.", place, status, hops)


def _broken(url: str, detail: str, *, status: int | None = None, hops: int = 0) -> Finding:
    return Finding(Outcome.BROKEN, detail, place_of(url), status, hops)


def _with_query(url: str, more: dict[str, str]) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, urlencode(more)))), fragment=""))


def place_of(url: str) -> str:
    """Without query and fragment, which may hold what is nobody's business."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.hostname or "", parts.path, "", ""))[:500]
