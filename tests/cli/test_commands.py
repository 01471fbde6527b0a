"""What all commands share, and the short ones."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import environment, funnelproof

HEAVY = ("fastapi", "sqlalchemy", "granian", "pydantic", "structlog", "httpx2", "alembic", "funnelproof.app")


def test_help_loads_nothing_that_takes_long() -> None:
    code = (
        "import sys; sys.argv = ['funnelproof', '--help']\n"
        "from funnelproof.cli.main import run\n"
        "try: run()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30, env=environment()
    )
    assert told.stderr.strip() == "[]"
    names = ("init", "token", "serve", "demo", "recount", "backup", "restore", "keys", "settings", "openapi", "doctor")
    for command in (*names, "stats", "size"):
        assert command in told.stdout


def test_every_command_has_json() -> None:
    commands = ("init", "token create", "serve", "demo", "recount", "keys rotate", "settings", "openapi", "doctor")
    for command in (*commands, "backup", "restore", "stats selftest", "stats aa", "size"):
        assert "--json" in funnelproof(*command.split(), "--help", NO_COLOR="1", TERM="dumb").stdout, command


@pytest.mark.parametrize(
    "words",
    ["init", "frob", "keys", "keys rotate --purpose visitor", "serve --port 99999", "serve --frob"],
)
def test_a_command_that_is_not_well_formed_is_an_object_with_json_and_else_told_on_stderr(words: str) -> None:
    told = funnelproof(*words.split(), "--json")
    assert (told.returncode, told.stderr) == (2, "")
    answer = json.loads(told.stdout)
    assert set(answer) == {"error", "message"}
    assert answer["error"] == "usage"


def test_without_json_a_command_that_is_not_well_formed_is_told_on_stderr() -> None:
    boxed = funnelproof("frob")
    assert (boxed.returncode, boxed.stdout) == (2, "")
    assert "No such command" in boxed.stderr


def test_settings_show_the_default_beside_the_present_value() -> None:
    told = json.loads(funnelproof("settings", "--json", FUNNELPROOF_LINK_CACHE="500").stdout)["settings"]
    shown = {row["variable"]: (row["value"], row["default"]) for row in told}
    assert shown["FUNNELPROOF_LINK_CACHE"] == ("500", "20000")
    assert shown["FUNNELPROOF_SIGNUP"] == ("closed", "closed")
    table = funnelproof("settings", FUNNELPROOF_LINK_CACHE="500").stdout
    assert "= 500" in table
    assert "default: 20000" in table


def test_settings_hide_secrets_and_list_everything_in_spite_of_a_slip() -> None:
    told = json.loads(funnelproof("settings", "--json", FUNNELPROOF_SECRET="hush").stdout)["settings"]
    shown = {row["variable"]: row["value"] for row in told}
    assert shown["FUNNELPROOF_SECRET"] == "***"
    slip = funnelproof("settings", FUNNELPROOF_DATTA="x")
    assert slip.returncode == 2
    assert "FUNNELPROOF_DATA" in slip.stdout
    assert "FUNNELPROOF_DATTA" in slip.stderr


def test_openapi_prints_the_document_or_writes_it(tmp_path: Path) -> None:
    printed = json.loads(funnelproof("openapi").stdout)
    assert printed["openapi"].startswith("3.1")
    assert "/v2/public/conversions" in printed["paths"]
    file = tmp_path / "openapi.json"
    assert funnelproof("openapi", "--output", file).returncode == 0
    assert json.loads(file.read_text()) == printed


def test_keys_rotate_announces_new_keys(data: Path) -> None:
    both = json.loads(funnelproof("keys", "rotate", "--data", data, "--json").stdout)["keys"]
    assert [key["purpose"] for key in both] == ["ctx", "session"]
    one = json.loads(funnelproof("keys", "rotate", "--purpose", "ctx", "--data", data, "--json").stdout)["keys"]
    assert [key["purpose"] for key in one] == ["ctx"]
    assert one[0]["keyId"] != both[0]["keyId"]


def test_the_statistics_agree_with_what_was_published() -> None:
    told = funnelproof("stats", "selftest", "--json")
    assert told.returncode == 0
    assert json.loads(told.stdout)["ok"] is True
