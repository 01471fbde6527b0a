"""GET …/test-runs/{runId}/bundle."""

from typing import Any

from fastapi import APIRouter, Response

from funnelproof import __version__
from funnelproof.bundles.bundle import files_of
from funnelproof.bundles.pack import pack
from funnelproof.campaigns.routes import CampaignId, HandleName
from funnelproof.errors import Problem
from funnelproof.installation import Installation
from funnelproof.pages import store as pages
from funnelproof.proofs import run as runs
from funnelproof.proofs import store
from funnelproof.proofs.receipt import RunNotFound
from funnelproof.proofs.requests import receipt_view
from funnelproof.proofs.routes import RUNS, RunId
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import refusals

ARCHIVE: dict[str, Any] = {
    "description": "A ZIP archive: receipt, configuration, and the same as curl, as a test and as a plan.",
    "content": {"application/zip": {"schema": {"type": "string"}}},
}


class RunStillOpen(Problem):
    """This run is not finished, so there is nothing yet that could be compared. Finish it first."""

    kind, code, title = "conflict", "run_open", "The run is still open"


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["proofs"])

    @router.get(
        RUNS + "/{runId}/bundle",
        response_class=Response,
        responses={200: ARCHIVE, **refusals(RunNotFound, RunStillOpen)},
    )
    async def read_bundle(handle: HandleName, campaignId: CampaignId, runId: RunId) -> Response:  # noqa: N803
        """All of a run in one file, without secrets: to hand over, and to run again elsewhere."""

        def work(tx: Transaction) -> dict[str, str]:
            run = runs.existing(tx, handle, campaignId, runId)
            if run.state != runs.FINISHED:
                raise RunStillOpen
            receipt, configuration = receipt_view(run, is_fresh=False, changes=[]), dict(run.configuration)
            page = pages.published(tx, handle, campaignId) if "page" in configuration else None
            plan = store.plan_of(tx, handle, runId)
            return files_of(receipt, configuration, handle=handle, version=__version__, page=page, plan=plan)

        packed = pack(await home.database.read(work))
        name = f'attachment; filename="{handle}-{campaignId}-{runId}.zip"'
        headers = {"Content-Disposition": name, "Cache-Control": "private, no-store"}
        return Response(packed, media_type="application/zip", headers=headers)

    return router
