"""Backup of a real server that is at work, restored on the other engine; and every way in which it is refused."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from bench.soak.buyers import Acknowledged
from bench.soak.ledger import stored
from cli.conftest import BROWSER, CAMPAIGN, HANDLE, Served, failed_checks, funnelproof, init, make_token, serving
from faults.load import LINK, buyers, check_balance, wait_for
from funnelproof.recount.compare import recount
from funnelproof.storage.database import Database
from funnelproof.storage.postgres import PostgresEngines
from funnelproof.storage.sqlite import FILE, SqliteEngines

Variables = dict[str, str]


@pytest.fixture
def postgres(postgres_server: Any, tmp_path: Path) -> Variables:
    """An empty database of PostgreSQL."""
    name = f"of_{abs(hash(tmp_path))}"
    with psycopg.connect(postgres_server.get_uri("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    return {"FUNNELPROOF_DATABASE_URL": str(postgres_server.get_uri(name))}


@contextmanager
def database(data: Path, variables: Variables) -> Iterator[Database]:
    address = variables.get("FUNNELPROOF_DATABASE_URL")
    with closing(Database(PostgresEngines(address) if address else SqliteEngines(data))) as opened:
        yield opened


def buy(client: httpx2.Client, body: dict[str, str]) -> tuple[int, str, str]:
    answer = client.post("/v2/public/conversions", json=body)
    return answer.status_code, answer.json()["status"], answer.json()["conversionId"]


def order_before(served: Served) -> tuple[dict[str, str], str]:
    """An order, and the id under which it was recorded."""
    with served.client(**{"User-Agent": BROWSER}) as client:
        ctx = client.get(LINK).headers["location"].rpartition("ctx=")[2]
        body = {"ctx": ctx, "idempotencyKey": "before", "value": "49.90"}
        status, told, conversion_id = buy(client, body)
    assert (status, told) == (201, "RECORDED")
    return body, conversion_id


@pytest.mark.parametrize("source", ["sqlite", "postgresql"])
@pytest.mark.timeout(300)
def test_a_server_at_work_is_backed_up_and_goes_on_from_there_on_the_other_engine(
    source: str, tmp_path: Path, postgres: Variables
) -> None:
    data, copy, file = tmp_path / "data", tmp_path / "copy", tmp_path / "backup.db"
    here, there = ({}, postgres) if source == "sqlite" else (postgres, {})
    assert init(data, **here).returncode == 0
    seen = Acknowledged()
    with serving(data, **here) as served:
        with served.client(make_token(data, "campaigns.*", **here)) as client:
            assert client.post(f"/v2/handles/{HANDLE}/campaigns", json=CAMPAIGN).status_code == 201
        body, conversion_id = order_before(served)
        with buyers(served.url, seen, number=3):
            wait_for(seen, 20)
            before = set(seen.conversions.values())
            made = funnelproof("backup", file, "--data", data, "--json", **here)
            assert made.returncode == 0, made.stderr + made.stdout
            wait_for(seen, 10)
    with database(data, here) as first:
        check_balance(first, seen)
        ids = stored(first).clicks
    told = json.loads(made.stdout)
    assert (told["engine"], told["withSecret"]) == (source, False)

    restored = funnelproof("restore", file, "--data", copy, "--check", "--json", **there)
    assert restored.returncode == 0, restored.stderr + restored.stdout
    answer = json.loads(restored.stdout)
    assert (answer["secret"], answer["rows"]) == ("MISSING", told["rows"])
    assert answer["recount"]["different"] == 0
    assert answer["recount"]["equal"] > 10
    with database(copy, there) as second:
        found = stored(second)
        assert recount(second, now=time.time_ns() // 1000).differences == []
    assert before | {conversion_id} <= {one for ids_of_key in found.conversions.values() for one in ids_of_key}
    assert found.clicks < ids

    refused = funnelproof("serve", "--data", copy, "--port", 0, "--json", **there)
    assert json.loads(refused.stdout)["error"] == "missing_secret"
    assert not (copy / "secret.key").exists()
    shutil.copy(data / "secret.key", copy / "secret.key")
    assert failed_checks(copy, **there) == {}
    with serving(copy, **there) as served, served.client() as client:
        assert buy(client, body) == (200, "DUPLICATE", conversion_id)
        assert buy(client, {**body, "idempotencyKey": "after"})[:2] == (201, "RECORDED")


@pytest.mark.timeout(240)
def test_the_secret_comes_along_only_if_asked_for_and_both_say_what_it_means(data: Path, tmp_path: Path) -> None:
    secret = (data / "secret.key").read_text()
    apart = funnelproof("backup", tmp_path / "apart.db", "--data", data)
    assert "keep secret.key" in apart.stderr
    assert secret.encode() not in (tmp_path / "apart.db").read_bytes()
    together = funnelproof("backup", tmp_path / "together.db", "--data", data, "--with-secret")
    assert together.stderr.startswith("WARNING: the secret is in this file")
    assert secret not in together.stdout + together.stderr

    missing = funnelproof("restore", tmp_path / "apart.db", "--data", tmp_path / "a")
    assert (missing.returncode, missing.stderr.partition(":")[0]) == (0, "The secret is MISSING")
    assert str(tmp_path / "a" / "secret.key") in missing.stderr
    back = funnelproof("restore", tmp_path / "together.db", "--data", tmp_path / "b")
    assert "The secret was in the backup" in back.stdout
    assert (tmp_path / "b" / "secret.key").read_text() == secret
    assert (tmp_path / "b" / "secret.key").stat().st_mode & 0o777 == 0o600
    assert failed_checks(tmp_path / "b") == {}
    wrong = funnelproof(
        "restore", tmp_path / "apart.db", "--data", tmp_path / "c", "--json", FUNNELPROOF_SECRET="other"
    )
    assert (wrong.returncode, json.loads(wrong.stdout)["error"]) == (2, "wrong_secret")
    assert not (tmp_path / "c").exists()


@pytest.mark.timeout(240)
def test_every_refusal_is_a_sentence_and_leaves_everything_as_it_was(data: Path, tmp_path: Path) -> None:
    file, text, cut = tmp_path / "backup.db", tmp_path / "notes.txt", tmp_path / "cut.db"
    assert funnelproof("backup", file, "--data", data).returncode == 0
    cut.write_bytes(file.read_bytes()[:-5000])
    text.write_text("not a backup")
    new = tmp_path / "new"
    for words, code in (
        (("backup", file, "--data", data), "file_exists"),
        (("backup", data / FILE, "--data", data, "--force"), "file_exists"),
        (("backup", tmp_path / "nowhere" / "b.db", "--data", data), "no_folder"),
        (("backup", tmp_path / "b.db", "--data", new), "not_initialised"),
        (("restore", tmp_path / "nothing.db", "--data", new), "no_file"),
        (("restore", text, "--data", new), "not_a_backup"),
        (("restore", data / FILE, "--data", new), "not_a_backup"),
        (("restore", cut, "--data", new), "damaged_backup"),
        (("restore", file, "--data", data), "not_empty"),
    ):
        refused = funnelproof(*words, "--json")
        assert refused.returncode == 2, words
        answer = json.loads(refused.stdout)
        assert answer["error"] == code, answer
        assert answer["message"].endswith((".", "EXAMPLE.COM")), answer
    assert not new.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.db", "cut.db", "data", "notes.txt"]
    assert failed_checks(data) == {}
