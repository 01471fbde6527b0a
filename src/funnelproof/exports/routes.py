"""GET …/analytics/export."""

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Query, Request, Response

from funnelproof.aside import Aside, EndedAside, TooMuchAside
from funnelproof.campaigns.routes import HandleName
from funnelproof.exports.ask import ask
from funnelproof.exports.export import MEDIA_TYPES, Asked, Format, NoRoom, What
from funnelproof.exports.spool import Sent, headers, new_spool
from funnelproof.exports.write import write
from funnelproof.installation import Installation
from funnelproof.links.link import NoSuchCampaign
from funnelproof.web.openapi import TEXT, refusals

T = TypeVar("T")
LOOK_SECONDS = 0.25
TOLD = {
    "Export-Rows": "How many rows the file has, a header not counted.",
    "Export-Sha256": "SHA-256 of the file, in hex, as `sha256sum` prints it.",
    "Export-As-Of": "Everything that was stored by this moment is in the file; all rows are of one moment.",
    "Repr-Digest": "The same digest (RFC 9530).",
    "Content-Disposition": "A name for the file.",
}
ANSWER: dict[str, Any] = {
    "description": "The file. Its headers are its manifest.",
    "headers": {name: {"description": sentence, "schema": TEXT} for name, sentence in TOLD.items()},
    "content": {media_type.partition(";")[0]: {"schema": TEXT} for media_type in MEDIA_TYPES.values()},
}


def routes(home: Installation, aside: Aside) -> APIRouter:
    router = APIRouter(tags=["results"])

    @router.get(
        "/v2/handles/{handle}/analytics/export",
        response_class=Response,
        responses={200: ANSWER, **refusals(NoSuchCampaign, TooMuchAside, EndedAside, NoRoom)},
    )
    async def read_export(
        request: Request,
        handle: HandleName,
        what: What = What.TALLIES,
        format_: Annotated[Format, Query(alias="format")] = Format.CSV,
        campaign_id: Annotated[str | None, Query(alias="campaignId", max_length=64)] = None,
        from_: Annotated[
            str | None, Query(alias="from", description="A local day or a time; 30 days before `to` unless given.")
        ] = None,
        to: Annotated[
            str | None, Query(description="A local day, itself included, or a time, itself not; now unless given.")
        ] = None,
        mode: Literal["live", "test"] = "live",
        run: Annotated[str | None, Query(max_length=64, description="Of one test run.")] = None,
    ) -> Any:
        """Clicks, conversions or tallies as one file. It is begun to be sent when it is whole, with its digest."""

        def asked(tx: Any) -> Asked:
            return ask(
                tx,
                handle,
                what=what,
                format_=format_,
                campaign_id=campaign_id,
                from_=from_,
                to=to,
                test=mode == "test",
                run=run,
                now=home.clock.now(),
            )

        wanted = await home.database.read(asked)
        path = new_spool(home.settings.data)
        try:
            made = await _unless_gone(request, aside, aside.run(write, wanted, path))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Sent(path, headers(wanted, made))

    return router


async def _unless_gone(request: Request, aside: Aside, work: Awaitable[T]) -> T:
    """Whoever hangs up while the file is being written ends that, and so does the end of the server."""
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({task}, timeout=LOOK_SECONDS))[0]:
            if aside.is_stopping() or await request.is_disconnected():
                raise EndedAside
        return task.result()
    finally:
        task.cancel()
