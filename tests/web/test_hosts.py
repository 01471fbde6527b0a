"""Where links have an origin of their own, each host answers its own routes only."""

import pytest

from cast import Client
from conftest import MakeInstallation
from funnelproof.app import Application

CONTROL, PUBLIC = "app.funnels.example", "go.funnels.example"


@pytest.fixture
def apart(make_installation: MakeInstallation) -> Application:
    urls = {"control_url": f"https://{CONTROL}", "public_url": f"https://{PUBLIC}"}
    return Application(make_installation(**urls, public_domain="funnels.example"))


@pytest.mark.parametrize(
    ("host", "path", "error"),
    [
        (CONTROL, "/v2/auth/me", "missing_bearer_token"),
        (PUBLIC, "/v2/auth/me", "not_found"),
        (PUBLIC, "/openapi.json", "not_found"),
        (PUBLIC, "/gharart/buy-now", "not_found"),
        ("gharart.funnels.example", "/buy-now", "not_found"),
        (CONTROL, "/v2/public/conversions", "method_not_allowed"),
        (PUBLIC, "/v2/public/conversions", "method_not_allowed"),
    ],
)
def test_what_each_host_answers(apart: Application, host: str, path: str, error: str) -> None:
    with Client(apart) as client:
        assert client.get(path, headers={"Host": host}).json()["error"] == error


def test_a_link_does_not_answer_on_the_control_host(apart: Application) -> None:
    with Client(apart) as client:
        document = client.get("/gharart/buy-now", headers={"Host": CONTROL}).json()
        assert "/openapi.json" in document["detail"]


def test_one_origin_answers_everything(client: Client) -> None:
    assert client.get("/v2/auth/me").json()["error"] == "missing_bearer_token"
    assert client.get("/gharart/buy-now").json()["error"] == "not_found"
    assert client.get("/.well-known/gpc.json").json()["gpc"] is True
