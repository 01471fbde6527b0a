"""How this process is doing: /v2/system/health for probes, /metrics for Prometheus."""

import hmac
import ipaddress
from collections.abc import Callable, Mapping

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from funnelproof.access.caller import MissingBearerToken
from funnelproof.installation import Installation
from funnelproof.storage.migrate import revision
from funnelproof.web.edge import NO_STORE, EdgeAnswer, EdgeRequest
from funnelproof.web.shape import View

TEXT = "text/plain; version=0.0.4; charset=utf-8"
Counts = Callable[[], Mapping[str, Mapping[str, int]]]


class SystemHealth(View):
    """`live`: the process answers. `ready`: it can store. `queue`: claims that wait for the lane."""

    live: bool
    ready: bool
    storage: str
    queue: int
    revision: str | None


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["system"])

    @router.get("/v2/system/health")
    async def system_health() -> SystemHealth:
        """Whether this process is up and can store. 503 if it cannot."""
        stands_at = await home.database.read(lambda tx: revision(tx.connection))
        return SystemHealth(live=True, ready=True, storage="ok", queue=home.lane.waiting, revision=stands_at)

    return router


class MetricsDoor:
    """GET /metrics. `counts` answers what this process counted, by metric and label; no label names a handle."""

    def __init__(self, home: Installation, counts: Counts) -> None:
        self._home, self._counts = home, counts

    async def __call__(self, request: EdgeRequest) -> EdgeAnswer:
        if not self._may_read(request):
            raise MissingBearerToken("Metrics are for the operator: send the token of FUNNELPROOF_METRICS_TOKEN.")
        return EdgeAnswer(200, _exposition(self._home, self._counts()), TEXT, [NO_STORE])

    def _may_read(self, request: EdgeRequest) -> bool:
        """The operator's token or, while none is set, a peer on loopback with no proxy in between."""
        token = self._home.settings.metrics_token
        if token is not None:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            return hmac.compare_digest(given.encode(), token.get_secret_value().encode())
        return "x-forwarded-for" not in request.headers and _is_loopback(request.peer)


def _is_loopback(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


def _exposition(home: Installation, counts: Mapping[str, Mapping[str, int]]) -> bytes:
    registry = CollectorRegistry()
    Gauge("funnelproof_queue", "Claims that wait for the ingest lane.", registry=registry).set(home.lane.waiting)
    for name, by_label in counts.items():
        counter = Counter(f"funnelproof_{name}", name.replace("_", " "), ["kind"], registry=registry)
        for label, amount in by_label.items():
            counter.labels(label).inc(amount)
    return generate_latest(registry)
