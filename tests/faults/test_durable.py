"""A database that answers before the disk has is refused: killing it would not show what a power cut takes."""

import json
from typing import Any

import psycopg
import pytest

from cli.conftest import failed_checks, funnelproof
from faults.place import Place

SETTINGS = ("fsync", "full_page_writes", "synchronous_commit")


@pytest.mark.parametrize("setting", SETTINGS)
def test_serve_and_doctor_refuse_postgresql_that_may_lose_commits(
    own_place: Place, own_postgres: Any, setting: str
) -> None:
    with psycopg.connect(own_postgres.get_uri("postgres"), autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET {setting} = off")  # type: ignore[call-overload]
        connection.execute("SELECT pg_reload_conf()")
    refused = funnelproof("serve", "--data", own_place.data, "--port", 0, "--json", **own_place.variables)
    assert refused.returncode == 2
    assert json.loads(refused.stdout)["error"] == "not_durable"
    assert setting in json.loads(refused.stdout)["message"]
    failed = failed_checks(own_place.data, **own_place.variables)
    assert set(failed) == {"durable"}
    assert setting in failed["durable"]["found"]


def test_a_connection_that_asks_for_less_is_refused_too(postgres_place: Place) -> None:
    address = f"{postgres_place.address}&options=-c%20synchronous_commit%3Doff"
    refused = funnelproof("serve", "--data", postgres_place.data, "--port", 0, FUNNELPROOF_DATABASE_URL=address)
    assert refused.returncode == 2
    assert "synchronous_commit=off" in refused.stderr
