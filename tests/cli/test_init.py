"""`funnelproof init`."""

import json
import sqlite3
from pathlib import Path

from cli.conftest import EMAIL, HANDLE, PASSWORD, funnelproof, init

WHO = ("--handle", HANDLE, "--email", EMAIL)


def rows(data: Path) -> list[object]:
    with sqlite3.connect(data / "funnelproof.db") as database:
        tables = ("users", "handles", "memberships", "ring_keys")
        found: list[object] = [database.execute(f"select * from {table}").fetchall() for table in tables]  # noqa: S608
    database.close()
    return found


def test_it_makes_a_platform_operator_who_owns_the_handle(data: Path) -> None:
    users, handles, memberships, keys = rows(data)
    assert len(users) == len(handles) == len(memberships) == 1  # type: ignore[arg-type]
    assert EMAIL in users[0]  # type: ignore[index]
    assert "OWNER" in memberships[0]  # type: ignore[index]
    assert len(keys) == 4  # type: ignore[arg-type]
    assert PASSWORD not in str(users)


def test_the_secret_and_the_folder_are_for_their_owner_alone(initialised: Path) -> None:
    assert (initialised / "secret.key").stat().st_mode & 0o777 == 0o600
    assert initialised.stat().st_mode & 0o777 == 0o700


def test_a_second_time_says_so_and_changes_nothing(data: Path) -> None:
    before = rows(data)
    again = funnelproof("init", "--data", data, *WHO, "--password", PASSWORD)
    assert again.returncode == 0
    assert "Nothing was changed" in again.stdout
    assert json.loads(init(data).stdout)["created"] is False
    assert rows(data) == before


def test_it_does_not_take_over_an_installation_of_others(data: Path) -> None:
    refused = funnelproof(
        "init", "--data", data, "--handle", HANDLE, "--email", "me@elsewhere.example", "--password", PASSWORD
    )
    assert refused.returncode == 2
    assert "has its first user already" in refused.stderr


def test_a_short_password_is_refused_in_one_sentence_before_anything_is_made(no_data: Path) -> None:
    refused = funnelproof("init", "--data", no_data, *WHO, "--password", "short")
    assert refused.returncode == 2
    assert refused.stderr == "Error: password: must have 10 to 256 characters; length matters more than signs.\n"
    assert not no_data.exists()


def test_a_refusal_with_json_is_an_object(no_data: Path) -> None:
    refused = funnelproof(
        "init", "--data", no_data, "--handle", "API", "--email", EMAIL, "--password", PASSWORD, "--json"
    )
    assert refused.returncode == 2
    assert json.loads(refused.stdout)["error"] == "invalid_handle"
    assert refused.stderr == ""


def test_all_that_is_wrong_is_told_at_once_before_anything_is_made(no_data: Path) -> None:
    wrong = ("--handle", "API", "--email", "me", "--time-zone", "Mars", "--currency", "XXQ")
    refused = funnelproof("init", "--data", no_data, *wrong, "--json", stdin="short\n")
    assert refused.returncode == 2
    faults = {fault["pointer"]: fault["detail"] for fault in json.loads(refused.stdout)["errors"]}
    assert set(faults) == {"/handle", "/email", "/timeZone", "/currency", "/password"}
    assert "standard input" in faults["/password"]
    told = funnelproof("init", "--data", no_data, *wrong, stdin="short\n")
    assert told.stderr.startswith("Error: 5 things are wrong:\n  handle: must have")
    assert not no_data.exists()


def test_another_database_than_postgresql_is_refused_in_one_sentence(no_data: Path) -> None:
    refused = init(no_data, FUNNELPROOF_DATABASE_URL="mysql://u:hush@127.0.0.1/x")
    assert refused.returncode == 2
    told = json.loads(refused.stdout)["message"]
    assert told.startswith("FUNNELPROOF_DATABASE_URL: only postgresql://… is taken")
    assert "hush" not in told
    assert not no_data.exists()


def test_the_password_can_come_from_standard_input(no_data: Path) -> None:
    made = funnelproof("init", "--data", no_data, *WHO, stdin=f"{PASSWORD}\n")
    assert made.returncode == 0, made.stderr
    assert "Next: funnelproof serve" in made.stdout
