"""`funnelproof db distribute`: refused in one sentence where there is no cluster."""

import json
from pathlib import Path
from typing import Any

from cli.conftest import funnelproof, init
from cli.nodes import new_database


def test_sqlite_is_refused_and_told_where_to_go(data: Path) -> None:
    refused = funnelproof("db", "distribute", "--data", data)
    assert refused.returncode == 2
    assert "FUNNELPROOF_DATABASE_URL" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_postgresql_without_citus_is_refused_and_told_what_to_install(postgres_server: Any, tmp_path: Path) -> None:
    variables = {"FUNNELPROOF_DATABASE_URL": new_database(postgres_server)}
    assert init(tmp_path, **variables).returncode == 0
    refused = funnelproof("db", "distribute", "--dry-run", "--data", tmp_path, "--json", **variables)
    told = json.loads(refused.stdout)
    assert (refused.returncode, told["error"]) == (2, "citus_missing")
    assert "shared_preload_libraries" in told["message"]
