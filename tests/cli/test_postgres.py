"""The same commands on PostgreSQL, named by FUNNELPROOF_DATABASE_URL."""

import json
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cli.conftest import BROWSER, CAMPAIGN, HANDLE, failed_checks, funnelproof, init, make_token, serving

NUMBERS = count(1)


@pytest.fixture
def address(postgres_server: Any) -> str:
    """Of an empty database."""
    name = f"cli_{next(NUMBERS)}"
    with psycopg.connect(postgres_server.get_uri("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    return str(postgres_server.get_uri(name))


def test_an_installation_lives_in_postgresql(address: str, tmp_path: Path) -> None:
    data, variables = tmp_path / "data", {"FUNNELPROOF_DATABASE_URL": address}
    assert json.loads(init(data, **variables).stdout)["created"] is True
    assert json.loads(init(data, **variables).stdout)["created"] is False
    assert sorted(path.name for path in data.iterdir()) == ["secret.key"]
    assert failed_checks(data, **variables) == {}
    token = make_token(data, "campaigns.*", **variables)
    with serving(data, **variables) as server, server.client(token) as client:
        assert client.post(f"/v2/handles/{HANDLE}/campaigns", json=CAMPAIGN).status_code == 201
        assert client.get(f"/{HANDLE}/buy-now", headers={"user-agent": BROWSER}).status_code == 302
        checked = funnelproof("recount", "--check", "--data", data, "--json", **variables)
    assert checked.returncode == 0
    assert json.loads(checked.stdout)["equal"] > 10


def test_serving_an_empty_database_asks_for_init(address: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    refused = funnelproof("serve", "--data", data, "--port", 0, FUNNELPROOF_DATABASE_URL=address)
    assert refused.returncode == 2
    assert f"funnelproof init --data {data}" in refused.stderr
