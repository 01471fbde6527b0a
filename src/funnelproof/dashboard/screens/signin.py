"""Sign in, and sign out."""

import re

from funnelproof.dashboard.inside import Refused
from funnelproof.dashboard.session import session_of
from funnelproof.dashboard.visit import Goto, Page, Visit

OURS = re.compile(r"/app(/[A-Za-z0-9_.~%/-]*)?")


async def show(visit: Visit) -> Page | Goto:
    if visit.problem is None and visit.seat.session is not None:
        return Goto(_next(visit))
    return Page("signin.html", {"next": _next(visit)})


async def _sign_in(visit: Visit) -> Page | Goto:
    asked = {"email": visit.form.get("email", "").strip(), "password": visit.form.get("password", "")}
    call = await visit.ask("POST", "/v2/auth/login", asked)
    if call.is_refused:
        visit.seat.sit(None)
        raise Refused(call)
    visit.seat.sit(session_of(call.answer))
    return Goto(_next(visit))


async def _sign_out(visit: Visit) -> Page | Goto:
    if visit.seat.session is not None:
        await visit.ask("POST", "/v2/auth/logout", {"refreshToken": visit.seat.session.refresh})
    visit.seat.sit(None)
    return Goto("/app/signin")


def _next(visit: Visit) -> str:
    """Where to go after; only to our own screens."""
    wanted = visit.form.get("next") or visit.query.get("next", "")
    return wanted if OURS.fullmatch(wanted) and not wanted.startswith("/app/signin") else "/app"


ACTS = {"sign-in": _sign_in, "sign-out": _sign_out}
