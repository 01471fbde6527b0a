"""PostgreSQL 15 or later, through psycopg 3."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Engine, create_engine, make_url

from funnelproof.storage.database import Desk

MUST_BE_ON = ("fsync", "full_page_writes")
DURABLE_COMMITS = {"on", "remote_write", "remote_apply", "local"}


class PostgresEngines:
    """Reads see one moment (repeatable read); writes run at read committed and meet on unique indexes."""

    writer_threads = 4
    handles_apart = True
    desk: Desk | None = None

    def __init__(self, url: str) -> None:
        address = make_url(url).set(drivername="postgresql+psycopg")
        writing = _engine(address, size=6)
        reading = _engine(address, size=4, isolation_level="REPEATABLE READ")
        self.writing: Engine = writing
        self.reading: Engine = reading.execution_options(postgresql_readonly=True)

    @contextmanager
    def writing_alone(self) -> Iterator[None]:
        yield

    def check_durable(self) -> list[str]:
        """What about this server could lose an acknowledged write; empty is good."""
        with self.writing.connect() as connection:
            faults = [
                f"PostgreSQL runs with {name}=off; it must be on."
                for name in MUST_BE_ON
                if connection.exec_driver_sql(f"SHOW {name}").scalar_one() != "on"
            ]
            commit = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
        return faults if commit in DURABLE_COMMITS else [*faults, f"PostgreSQL runs with synchronous_commit={commit}."]

    def close(self) -> None:
        self.reading.dispose()
        self.writing.dispose()


def _engine(address: URL, *, size: int, **more: Any) -> Engine:
    """Errors name no parameters: they end up in logs."""
    return create_engine(
        address, pool_size=size, max_overflow=4, pool_timeout=10, pool_pre_ping=True, hide_parameters=True, **more
    )
