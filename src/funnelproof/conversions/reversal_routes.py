"""Reversals (refunds): taking a conversion back, and the list of those that were."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from funnelproof.access.guard import RequestId
from funnelproof.campaigns.routes import HandleName
from funnelproof.conversions import reversal_store
from funnelproof.conversions.conversion import ConversionNotFound, KeyReused
from funnelproof.conversions.reversal import OverReversed, Reversal, ReversalStatus
from funnelproof.conversions.reversal_view import ReversalBody, ReversalView, ReversedView, reversal_view
from funnelproof.conversions.reverse import reverse
from funnelproof.ids import new_id
from funnelproof.installation import Installation
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import refusals
from funnelproof.web.pagination import AskedPage, Listing
from funnelproof.worlds import store as worlds
from funnelproof.worlds.world import LIVE, RunClosed

PATH = "/v2/handles/{handle}/reversals"
Run = Annotated[str | None, Query(max_length=64, description="Of one test run.")]


def add_routes(router: APIRouter, home: Installation) -> None:
    _add_reversing(router, home)
    _add_list(router, home)


def _add_reversing(router: APIRouter, home: Installation) -> None:
    refused = refusals(ConversionNotFound, OverReversed, RunClosed, KeyReused)

    @router.post(PATH, status_code=201, responses={200: {"model": ReversedView}, **refused})
    async def reverse_conversion(
        handle: HandleName, body: ReversalBody, request_id: RequestId, response: Response, run: Run = None
    ) -> ReversedView:
        """Take a conversion back, wholly or in part. It stays counted, and net falls on the day of the reversal.

        A conversion of a test run is found by its id; to name one by its key, name the run as well.
        """
        now = home.clock.now()
        told = body.told(reversal_id=new_id("rev"), handle=handle, run=run, received_at=now, request_id=request_id)
        done = await home.database.write(partial(reverse, told=told))
        response.status_code = 201 if done.is_new else 200
        return ReversedView(**reversal_view(done.reversal, done.world), duplicate=not done.is_new)


def _add_list(router: APIRouter, home: Installation) -> None:
    @router.get(PATH)
    async def read_reversals(
        handle: HandleName,
        page: AskedPage,
        conversion_id: Annotated[str | None, Query(alias="conversionId", max_length=64)] = None,
        campaign_id: Annotated[str | None, Query(alias="campaignId", max_length=64)] = None,
        status: ReversalStatus | None = None,
        mode: Literal["live", "test"] = "live",
        run: Run = None,
    ) -> Listing[ReversalView]:
        """Reversals, newest first; live ones unless asked for those of test runs."""
        filters = {
            "conversion_id": conversion_id,
            "campaign_id": campaign_id,
            "status": status.value if status else None,
        }
        after = page.after(str)

        def read(tx: Transaction) -> list[tuple[str, Reversal]]:
            asked = _worlds(tx, handle, run, is_test=mode == "test")
            before = str(after[0]) if after else None
            return reversal_store.page(tx, handle, asked, filters, before=before, limit=page.rows)

        shown, cursor = page.cut(await home.database.read(read), lambda each: (each[1].reversal_id,))
        return Listing(items=[ReversalView(**reversal_view(own, world)) for world, own in shown], next_cursor=cursor)


def _worlds(tx: Transaction, handle: str, run: str | None, *, is_test: bool) -> list[str]:
    if run is not None:
        return [run]
    return worlds.names_of(tx, handle) if is_test else [LIVE]
