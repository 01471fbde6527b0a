"""Signing up, in and out; who I am; the tokens of a handle."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from funnelproof.access import accounts, passwords, sessions, store, tokens
from funnelproof.access.accounts import SignupClosed, WrongPassword
from funnelproof.access.caller import InvalidToken
from funnelproof.access.guard import CallerOf
from funnelproof.access.requests import (
    Accepted,
    MadeToken,
    MeView,
    NewAccount,
    NewToken,
    RefreshToken,
    SessionView,
    SignIn,
    TokenView,
)
from funnelproof.access.store import Session, User
from funnelproof.clock import SECOND
from funnelproof.errors import NotFound, Problem
from funnelproof.installation import Installation
from funnelproof.settings import Signup
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import refusals
from funnelproof.web.pagination import AskedPage, Listing

HandleName = Annotated[str, Path(description="The tenant's public name.", examples=["gharart"])]


def routes(home: Installation) -> APIRouter:
    router = APIRouter()
    _add_signup(router, home)
    _add_sessions(router, home)
    _add_me(router, home)
    _add_tokens(router, home)
    return router


def _add_signup(router: APIRouter, home: Installation) -> None:
    def check_open() -> None:
        if home.settings.signup is not Signup.OPEN:
            raise SignupClosed

    @router.post(
        "/v2/auth/signup",
        tags=["auth"],
        status_code=202,
        responses=refusals(SignupClosed),
        dependencies=[Depends(check_open)],
    )
    async def sign_up(account: NewAccount) -> Accepted:
        """Ask for an account. The answer does not tell whether the address had one."""
        password_hash = await passwords.hash_password(account.password)
        await home.database.write(
            lambda tx: accounts.sign_up(
                tx, email=account.email, password_hash=password_hash, name=account.name, now=home.clock.now()
            )
        )
        return Accepted()


def _add_sessions(router: APIRouter, home: Installation) -> None:
    @router.post("/v2/auth/login", tags=["auth"], responses=refusals(WrongPassword))
    async def log_in(sign_in: SignIn, response: Response) -> SessionView:
        """Begin a session: a JWT of 15 minutes and a refresh token of 30 days."""
        user = await _authenticate(home, sign_in)
        now = home.clock.now()
        session, refresh_token = await home.database.write(lambda tx: sessions.begin(tx, user.user_id, now=now))
        return _shown(home, response, session, refresh_token)

    @router.post("/v2/auth/refresh", tags=["auth"])
    async def refresh(body: RefreshToken, response: Response) -> SessionView:
        """Change a refresh token for a new JWT and the next refresh token. A second use ends the session."""
        now = home.clock.now()
        refreshed = await home.database.write(lambda tx: sessions.refresh(tx, body.refresh_token, now=now))
        if refreshed.session is None:
            raise refreshed.problem or InvalidToken
        return _shown(home, response, refreshed.session, refreshed.refresh_token)

    @router.post("/v2/auth/logout", tags=["auth"], status_code=204)
    async def log_out(body: RefreshToken) -> None:
        """End a session, its JWT included. Ending what has ended is no error."""
        now = home.clock.now()
        await home.database.write(lambda tx: sessions.end(tx, body.refresh_token, now=now))


async def _authenticate(home: Installation, sign_in: SignIn) -> User:
    user = await home.database.read(lambda tx: store.user_by_email(tx, _spelled(sign_in.email)))
    if not await passwords.matches(user.password_hash if user else None, sign_in.password) or user is None:
        raise WrongPassword
    if passwords.is_outdated(user.password_hash):
        renewed = await passwords.hash_password(sign_in.password)
        await home.database.write(lambda tx: store.set_password_hash(tx, user.user_id, renewed))
    return user


def _spelled(email: str) -> str:
    """A malformed address is an unknown one: signing in tells no more than that it failed."""
    try:
        return accounts.check_email(email)
    except Problem:
        return ""


def _shown(home: Installation, response: Response, session: Session, refresh_token: str) -> SessionView:
    response.headers["Cache-Control"] = "no-store"
    return SessionView(
        access_token=sessions.sign(home.keyring, session, now=home.clock.now()),
        expires_in=sessions.ACCESS_LIFE // SECOND,
        refresh_token=refresh_token,
        refresh_expires_at=session.expires_at,
    )


def _add_me(router: APIRouter, home: Installation) -> None:
    @router.get("/v2/auth/me", tags=["auth"])
    async def me(caller: CallerOf) -> MeView:
        """Who is signed in, with handles and roles."""

        def look(tx: Transaction) -> MeView:
            user = store.user_of(tx, caller.user_id or "")
            if user is None:
                raise InvalidToken
            return MeView.show(user, store.roles_of(tx, user.user_id))

        return await home.database.read(look)


def _add_tokens(router: APIRouter, home: Installation) -> None:
    @router.get("/v2/handles/{handle}/tokens", tags=["tokens"])
    async def list_tokens(handle: HandleName, page: AskedPage) -> Listing[TokenView]:
        """The handle's tokens, without their secrets; revoked ones too."""
        after = page.after(int, str)
        rows = await home.database.read(lambda tx: store.tokens_of(tx, handle, after=after, rows=page.rows))
        shown, cursor = page.cut(rows, lambda token: (token.created_at, token.token_id))
        return Listing(items=[TokenView.show(token) for token in shown], next_cursor=cursor)

    @router.post("/v2/handles/{handle}/tokens", tags=["tokens"], status_code=201)
    async def make_token(handle: HandleName, body: NewToken, caller: CallerOf, response: Response) -> MadeToken:
        """Make a token. Its text is in this answer and never again."""
        now = home.clock.now()
        asked = body.given()
        token, text = await home.database.write(
            lambda tx: tokens.make(tx, handle, **asked, made_by=str(caller.user_id), now=now)
        )
        response.headers["Location"] = f"/v2/handles/{handle}/tokens/{token.token_id}"
        response.headers["Cache-Control"] = "no-store"
        return MadeToken.show_once(token, text)

    @router.delete(
        "/v2/handles/{handle}/tokens/{tokenId}", tags=["tokens"], status_code=204, responses=refusals(NotFound)
    )
    async def revoke_token(
        handle: HandleName, token_id: Annotated[str, Path(alias="tokenId")], caller: CallerOf
    ) -> None:
        """Revoke a token, at once. Revoking it again changes nothing."""
        now = home.clock.now()
        await home.database.write(lambda tx: tokens.revoke(tx, handle, token_id, by=caller.actor, now=now))
