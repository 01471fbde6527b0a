"""POST …/simulations: before simulated people come in live, the installation allows it and the history says so."""

from fastapi import APIRouter
from pydantic import Field

from funnelproof.access.guard import CallerOf, RequestId
from funnelproof.campaigns import history, store
from funnelproof.campaigns.routes import BASE, CampaignId, HandleName
from funnelproof.errors import Problem
from funnelproof.installation import Installation
from funnelproof.links.link import NoSuchCampaign
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import refusals
from funnelproof.web.shape import Shape, View, example


class LiveSimulationOff(Problem):
    """This installation takes no simulated visitors live. FUNNELPROOF_LIVE_SIMULATIONS=1 would allow it."""

    kind, code, title = "forbidden", "live_simulation_off", "Live simulations are off"


class NewSimulation(Shape):
    model_config = example({"visitors": 10000, "seed": "7"})

    visitors: int = Field(ge=1, le=1_000_000)
    seed: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")


class SimulationView(View):
    status: str = "NOTED"


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["proofs"])

    path = BASE + "/{campaignId}/simulations"

    @router.post(path, status_code=201, responses=refusals(NoSuchCampaign, LiveSimulationOff))
    async def announce_live_simulation(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        body: NewSimulation,
        caller: CallerOf,
        request_id: RequestId,
    ) -> SimulationView:
        """Say that a simulated population is about to come in live. It is kept in the campaign's history."""
        if not home.settings.live_simulations:
            raise LiveSimulationOff

        def work(tx: Transaction) -> None:
            campaign = store.get(tx, handle, campaignId)
            facts = {"request_id": request_id, "details": body.wire()}
            history.write(tx, campaign, at=home.clock.now(), act="live_simulation", actor=caller.actor, **facts)

        await home.database.write(work)
        return SimulationView()

    return router
