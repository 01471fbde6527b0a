"""`funnelproof token create`."""

import json
from pathlib import Path

from cli.conftest import HANDLE, funnelproof, make_token, serving

WHERE = f"/v2/handles/{HANDLE}/campaigns"


def test_a_token_works_against_the_server_within_its_scopes(data: Path) -> None:
    token = make_token(data, "campaigns.read")
    with serving(data) as server, server.client(token) as client:
        assert client.get(WHERE).status_code == 200
        refused = client.post(WHERE, json={"campaignId": "x"})
        assert (refused.status_code, refused.json()["error"]) == (403, "insufficient_scope")


def test_the_answer_is_what_scripts_expect(data: Path) -> None:
    words = ("--handle", HANDLE, "--name", "ci", "--scope", "campaigns.*", "--scope", "analytics.read")
    made = json.loads(funnelproof("token", "create", "--data", data, *words, "--json").stdout)
    assert set(made) == {"token", "tokenId", "scopes"}
    assert made["token"].startswith(f"patv1_{made['tokenId']}.")
    assert made["scopes"] == ["analytics.read", "campaigns.*"]


def test_without_json_the_token_stands_alone_on_stdout(data: Path) -> None:
    made = funnelproof("token", "create", "--data", data, "--handle", HANDLE, "--name", "ci", "--scope", "links.read")
    assert made.stdout.startswith("patv1_")
    assert len(made.stdout.splitlines()) == 1
    assert "only time" in made.stderr


def test_unknown_handles_scopes_and_folders_are_refused(data: Path, no_data: Path) -> None:
    def refused(where: Path, handle: str, scope: str, name: str = "ci") -> str:
        words = ("--data", where, "--handle", handle, "--name", name, "--scope", scope, "--json")
        answer = funnelproof("token", "create", *words)
        assert answer.returncode == 2
        return str(json.loads(answer.stdout)["error"])

    assert refused(data, "nobody", "links.read") == "handle_not_found"
    assert refused(data, HANDLE, "links.read", "") == "invalid_name"
    assert refused(data, HANDLE, "everything") == "invalid_scopes"
    assert refused(no_data, HANDLE, "links.read") == "not_initialised"
    assert not no_data.exists()
