"""Handles: list, make, read, change; and the people who share one."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Response

from funnelproof.access import store as access
from funnelproof.access.guard import CallerOf
from funnelproof.handles import members, settle, store
from funnelproof.handles.handle import Handle, HandleTaken
from funnelproof.handles.requests import HandleChange, HandleView, MemberView, NewHandle, NewMembers
from funnelproof.installation import Installation
from funnelproof.storage.database import Transaction
from funnelproof.web.etag import PreconditionFailed, check_if_match, etag_of
from funnelproof.web.openapi import refusals
from funnelproof.web.pagination import AskedPage, Listing

HandleName = Annotated[str, Path(description="The tenant's public name.", examples=["gharart"])]
IfMatch = Annotated[str | None, Header(description="The ETag that you read; 412 if it has changed since.")]


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["handles"])
    _add_list(router, home)
    _add_one(router, home)
    _add_members(router, home)
    return router


def _add_list(router: APIRouter, home: Installation) -> None:
    @router.get("/v2/handles")
    async def list_handles(page: AskedPage, caller: CallerOf) -> Listing[HandleView]:
        """The handles in which you have a part; with a token, its own."""
        if caller.token_id is not None:
            own = await home.database.read(lambda tx: settle.existing(tx, str(caller.handle)))
            return Listing(items=[HandleView.show(own)])
        user_id, after = str(caller.user_id), page.after(int, str)
        rows = await home.database.read(lambda tx: store.of_member(tx, user_id, after=after, rows=page.rows))
        shown, cursor = page.cut(rows, lambda handle: (handle.created_at, handle.handle))
        return Listing(items=[HandleView.show(handle) for handle in shown], next_cursor=cursor)

    @router.post("/v2/handles", status_code=201, responses=refusals(HandleTaken))
    async def create_handle(body: NewHandle, caller: CallerOf, response: Response) -> HandleView:
        """Make a handle; you become its owner. Its name cannot be changed."""
        now, asked = home.clock.now(), body.given()
        made = await home.database.write(lambda tx: settle.create(tx, **asked, owner_id=str(caller.user_id), now=now))
        response.headers["Location"] = f"/v2/handles/{made.handle}"
        return _shown(made, response)


def _add_one(router: APIRouter, home: Installation) -> None:
    @router.get("/v2/handles/{handle}")
    async def read_handle(handle: HandleName, response: Response) -> HandleView:
        return _shown(await home.database.read(lambda tx: settle.existing(tx, handle)), response)

    @router.patch("/v2/handles/{handle}", responses=refusals(PreconditionFailed))
    async def change_handle(
        handle: HandleName, body: HandleChange, response: Response, if_match: IfMatch = None
    ) -> HandleView:
        """Change what you name, leave the rest. A new time zone holds from the next local midnight."""
        now = home.clock.now()

        def change(tx: Transaction) -> Handle:
            present = settle.existing(tx, handle, to_change=True)
            check_if_match(if_match, present.version)
            body.check_read_only(HandleView.show(present))
            return settle.change(tx, present, body.given(), now=now)

        return _shown(await home.database.write(change), response)


def _shown(handle: Handle, response: Response) -> HandleView:
    response.headers["ETag"] = etag_of(handle.version)
    return HandleView.show(handle)


def _add_members(router: APIRouter, home: Installation) -> None:
    @router.get("/v2/handles/{handle}/collaborators")
    async def list_collaborators(handle: HandleName) -> Listing[MemberView]:
        """Everybody with a part in the handle, the owner first; always one page."""
        found = await home.database.read(lambda tx: access.members_of(tx, handle))
        return Listing(items=[MemberView.show(member) for member in found])

    @router.put("/v2/handles/{handle}/collaborators")
    async def set_collaborators(handle: HandleName, body: NewMembers) -> Listing[MemberView]:
        """Set the whole list: exactly one OWNER, and at most 100 besides. Tokens of those who leave die."""
        parts, now = [item.part() for item in body.items], home.clock.now()
        present = await home.database.write(lambda tx: members.set_members(tx, handle, parts, now=now))
        return Listing(items=[MemberView.show(member) for member in present])
