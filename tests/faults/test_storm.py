"""One key from many doors at once, on two processes: one row, one 201, the others the same conversion."""

import threading
from collections import Counter
from pathlib import Path

import httpx2

from cli.conftest import BROWSER, serving
from faults.load import LINK, prepare
from funnelproof.recount.compare import recount
from funnelproof.storage.database import Database
from funnelproof.storage.sqlite import SqliteEngines

DOORS = 64


def test_one_key_from_sixty_four_connections_on_two_workers_is_one_conversion(data: Path) -> None:
    with serving(data, "--workers", "2") as served:
        prepare(data, served)
        with served.client(**{"User-Agent": BROWSER}) as client:
            ctx = client.get(LINK).headers["location"].rpartition("ctx=")[2]
        statuses, ids = _storm(served.url, {"ctx": ctx, "idempotencyKey": "order-1", "value": "49.90"})
    assert statuses[201] == 1
    assert set(statuses) <= {200, 201, 503}
    assert statuses[200] >= DOORS // 2
    assert len(ids) == 1
    database = Database(SqliteEngines(data))
    assert recount(database, now=2**60).differences == []
    database.close()


def _storm(url: str, body: dict[str, str]) -> tuple[Counter[int], set[str]]:
    statuses: Counter[int] = Counter()
    ids: set[str] = set()
    together = threading.Barrier(DOORS)

    def convert() -> None:
        with httpx2.Client(base_url=url, timeout=20, trust_env=False) as client:
            client.get("/v2/public/context")
            together.wait(20)
            answer = client.post("/v2/public/conversions", json=body)
            statuses[answer.status_code] += 1
            if answer.status_code in (200, 201):
                ids.add(answer.json()["conversionId"])

    threads = [threading.Thread(target=convert) for _ in range(DOORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return statuses, ids
