"""`funnelproof walk`: a link to open, and the wait for the order."""

import json
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cli.conftest import BROWSER, CAMPAIGN, HANDLE, data, funnelproof, initialised, make_token, serving

__all__ = ["data", "initialised"]
WHERE = f"/v2/handles/{HANDLE}/campaigns"
pytestmark = pytest.mark.timeout(240)


def test_it_prints_the_link_and_ends_when_the_order_has_come_back(data: Path) -> None:
    token = make_token(data, "campaigns.*", "links.*", "conversions.write")
    with serving(data) as server, server.client(token) as client:
        assert client.post(WHERE, json=CAMPAIGN).status_code == 201
        options = (CAMPAIGN["campaignId"], "--variant", "b", "--url", server.url, "--token", token)
        printed = funnelproof("walk", *options, "--minutes", "0")
        assert (printed.returncode, "fp_walk=" in printed.stdout) == (0, True), printed.stderr
        words = [sys.executable, "-m", "funnelproof", "walk", *options, "--json"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as waiting:
            walk = newest(client)
            link = urlsplit(walk["url"])
            led = client.get(f"{link.path}?{link.query}", headers={"user-agent": BROWSER}).headers["location"]
            order = {"ctx": led.rpartition("ctx=")[2], "idempotencyKey": "walked", "value": "49.90"}
            assert client.post("/v2/public/conversions", json=order).status_code == 201
            told = json.loads(waiting.communicate(timeout=120)[0])
    assert (waiting.returncode, told["walkId"], told["step"]["status"]) == (0, walk["walkId"], "PASS")


def newest(client: object) -> dict[str, str]:
    """The second walk, once the command has begun it."""
    path = f"{WHERE}/{CAMPAIGN['campaignId']}/walks"
    for _ in range(300):
        found = client.get(path).json()["items"]  # type: ignore[attr-defined]
        if len(found) == 2:
            return dict(found[0])
        time.sleep(0.2)
    raise AssertionError("no second walk was begun")


def test_what_cannot_be_walked_is_told_in_one_sentence(data: Path) -> None:
    token = make_token(data, "campaigns.*", "links.*")
    with serving(data) as server:
        at = ("--url", server.url, "--token", token)
        for words, told in (
            (("none", *at), "No campaign of this handle"),
            (("none", *at, "--handle", "other"), "You have no part in a handle"),
            (("none", "--url", "nowhere", "--token", token), "--url is the server's address"),
            (("none", "--url", server.url), "--token is needed"),
        ):
            refused = funnelproof("walk", *words)
            assert (refused.returncode, told in refused.stderr) == (2, True), refused.stderr
