"""A handle's tag policy over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Response

from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.audit.act import Act
from funnelproof.installation import Installation
from funnelproof.tags.requests import TagPolicyBody, TagPolicyView, view_of
from funnelproof.tags.store import Kept
from funnelproof.tags.write import policy_in_force, write_policy
from funnelproof.web.etag import PreconditionFailed, etag_of
from funnelproof.web.openapi import refusals

HandleName = Annotated[str, Path(description="The tenant's public name.", examples=["gharart"])]
IfMatch = Annotated[str | None, Header(description="The ETag that you read; 412 if it has changed since.")]
PATH = "/v2/handles/{handle}/tag-policy"


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["tags"])

    @router.get(PATH)
    async def read_tag_policy(handle: HandleName, response: Response) -> TagPolicyView:
        """Which tags links and ads must bring, and what may stand in them. `version` 0: none was written."""
        return _shown(await home.database.read(lambda tx: policy_in_force(tx, handle)), response)

    @router.put(PATH, responses={201: {"model": TagPolicyView}, **refusals(PreconditionFailed)})
    async def write_tag_policy(
        handle: HandleName,
        body: TagPolicyBody,
        caller: CallerOf,
        request_id: RequestId,
        response: Response,
        if_match: IfMatch = None,
    ) -> TagPolicyView:
        """Write the policy whole. What is left out takes its default."""
        act = Act(caller.actor, home.clock.now(), request_id)
        kept = await home.database.write(lambda tx: write_policy(tx, handle, body, if_match, act))
        response.status_code = 201 if kept.version == 1 and kept.updated_at == act.at else 200
        return _shown(kept, response)

    return router


def _shown(kept: Kept, response: Response) -> TagPolicyView:
    response.headers["ETag"] = etag_of(kept.version)
    return view_of(kept.policy, kept.version, kept.updated_at)
