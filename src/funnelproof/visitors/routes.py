"""The login as JSON: for pages of the handle's own making."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from funnelproof.access.accounts import check_email
from funnelproof.errors import NotFound
from funnelproof.handles.handle import FORM
from funnelproof.installation import Installation
from funnelproof.pages.page import LoginRequired
from funnelproof.visitors import login
from funnelproof.visitors.ask import Asking
from funnelproof.visitors.sessions import (
    API,
    Sessions,
    cookie_in,
    ended_cookies,
    nonce_cookie,
    nonce_cookies,
    session_cookies,
)
from funnelproof.visitors.visitor import (
    ExpiredMagicLink,
    OtherBrowser,
    TooManyLogins,
    UsedMagicLink,
    check_return_to,
)
from funnelproof.web.openapi import refusals
from funnelproof.web.shape import Shape, ShownMoment, View, example, rule

NAME = f"^{FORM.pattern}$"
Handle = Annotated[str, Field(pattern=NAME, max_length=64, examples=["gharart"])]
OfHandle = Annotated[str, Query(pattern=NAME, max_length=64, description="Whose visitor.", examples=["gharart"])]


class LinkWanted(Shape):
    model_config = example({"handle": "gharart", "email": "buyer@example.com", "returnTo": "/gharart/p/gharart-lamp"})

    handle: Handle
    email: Annotated[str, Field(max_length=254), rule(check_email)]
    return_to: Annotated[str, Field(max_length=2000, description="The path of a page of this handle.")]


class Taken(View):
    """The same for every address."""

    status: Annotated[str, Field(examples=["TAKEN"])] = "TAKEN"


class Verification(Shape):
    """`confirm` logs in another browser than the one that asked."""

    model_config = example({"handle": "gharart", "token": "of the link in the mail"})

    handle: Handle
    token: Annotated[str, Field(max_length=64)]
    confirm: bool = False


class LoggedIn(View):
    status: Annotated[str, Field(examples=["LOGGED_IN"])] = "LOGGED_IN"
    return_to: str


class Leaving(Shape):
    model_config = example({"handle": "gharart"})

    handle: Handle


class VisitorView(View):
    account_id: str
    handle: str
    email: str
    created_at: ShownMoment


def routes(home: Installation, asking: Asking, sessions: Sessions) -> APIRouter:
    router = APIRouter(tags=["visitors"])
    secure = home.settings.public_url.startswith("https:")
    _add_asking(router, asking, secure=secure)
    _add_entering(router, home, secure=secure)
    _add_leaving(router, sessions, secure=secure)
    return router


def _add_asking(router: APIRouter, asking: Asking, *, secure: bool) -> None:
    @router.post(API + "/auth/magic-link", status_code=202, responses=refusals(TooManyLogins, NotFound))
    async def ask_for_magic_link(body: LinkWanted, request: Request, response: Response) -> Taken:
        """Have a login link mailed: good for 15 minutes, for one login, best in the browser that asked."""
        check_return_to(body.handle, body.return_to)
        peer = request.client.host if request.client else ""
        nonce = await asking.ask(body.handle, body.email, body.return_to, peer=peer, headers=request.headers)
        response.raw_headers += nonce_cookies(body.handle, nonce, page_path=f"/{body.handle}", secure=secure)
        return Taken()


def _add_entering(router: APIRouter, home: Installation, *, secure: bool) -> None:
    @router.post(API + "/auth/verify", responses=refusals(ExpiredMagicLink, UsedMagicLink, OtherBrowser))
    async def verify_magic_link(body: Verification, request: Request, response: Response) -> LoggedIn:
        """Log in with the link's token: a cookie for 30 days, for this handle's pages alone."""
        nonce, now = cookie_in(request.headers, nonce_cookie(body.handle)), home.clock.now()
        entered = await home.database.write(
            lambda tx: login.enter(tx, body.handle, body.token, nonce=nonce, confirmed=body.confirm, now=now)
        )
        response.raw_headers += session_cookies(body.handle, entered.secret, page_path=f"/{body.handle}", secure=secure)
        return LoggedIn(return_to=entered.return_to)


def _add_leaving(router: APIRouter, sessions: Sessions, *, secure: bool) -> None:
    @router.post(API + "/auth/logout", status_code=204)
    async def log_visitor_out(body: Leaving, request: Request, response: Response) -> None:
        """End the session of this browser. One that has ended is no error."""
        await sessions.end(request.headers, body.handle)
        response.raw_headers += ended_cookies(body.handle, page_path=f"/{body.handle}", secure=secure)

    @router.get(API + "/me", responses=refusals(LoginRequired))
    async def read_visitor(handle: OfHandle, request: Request) -> VisitorView:
        """Who is logged in to this handle's pages in this browser."""
        account = await sessions.account(request.headers, handle)
        if account is None:
            raise LoginRequired(f"Nobody is logged in to the pages of {handle} in this browser.", loginUrl=None)
        return VisitorView(
            account_id=account.account_id, handle=handle, email=account.email, created_at=account.created_at
        )
