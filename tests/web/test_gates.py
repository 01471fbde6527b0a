"""What every request passes, seen from outside."""

import asyncio
import logging
from typing import Any

import pytest
from starlette.types import Message

from cast import Cast, Client, refused
from funnelproof.web import gates
from funnelproof.web.control import Control
from funnelproof.web.gates import identified, json_checked, sized

LOGIN = "/v2/auth/login"
JSON = {"Content-Type": "application/json"}


def test_a_request_id_that_fits_is_echoed(client: Client) -> None:
    answer = client.get("/v2/auth/me", headers={"X-Request-Id": "ci:run-7.a_b"})
    assert answer.headers["x-request-id"] == "ci:run-7.a_b"
    assert refused(answer, 401, "missing_bearer_token")["requestId"] == "ci:run-7.a_b"


@pytest.mark.parametrize("asked", ["", "a b", "x" * 129, "naïve", "<script>"])
def test_a_request_id_that_does_not_fit_is_replaced(client: Client, asked: str) -> None:
    answer = client.get("/openapi.json", headers={"X-Request-Id": asked.encode("latin-1")})
    assert answer.headers["x-request-id"].startswith("req_")


def test_every_answer_has_one_request_id(client: Client, cast: Cast) -> None:
    for answer in (client.get("/openapi.json"), client.get("/nowhere"), client.get("/v2/auth/me", by=cast.owner)):
        assert len(answer.headers.get_list("x-request-id")) == 1


def test_what_breaks_is_500_without_details_and_logged_with_the_request_id(
    client: Client, control: Control, cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr("funnelproof.access.store.roles_of", break_down)
    with caplog.at_level(logging.ERROR):
        answer = client.get("/v2/auth/me", by=cast.owner, headers={"X-Request-Id": "the-id"})
    refused(answer, 500, "internal_error")
    assert "a secret detail" not in answer.text
    assert "the-id" in caplog.text


def test_a_body_that_says_it_is_too_large_is_refused_unread(client: Client) -> None:
    answer = client.post(LOGIN, headers={**JSON, "Content-Length": "16385"}, content=b"{}")
    assert refused(answer, 413, "payload_too_large")["limit"] == 16_384


def test_who_says_who_they_are_may_send_a_mebibyte(client: Client, cast: Cast) -> None:
    body = b'{"handle": "' + b"x" * 1_048_560 + b'"}'
    refused(client.post("/v2/handles", headers=JSON, content=body, by=cast.boss), 400, "invalid_handle")
    answer = client.post("/v2/handles", headers=JSON, content=body + b" " * 20, by=cast.boss)
    assert refused(answer, 413, "payload_too_large")["limit"] == 1_048_576


def test_a_body_that_lies_about_its_size_is_counted_while_it_is_read(client: Client) -> None:
    answer = client.post(LOGIN, headers={**JSON, "Content-Length": "2"}, content=b" " * 16_385)
    refused(answer, 413, "payload_too_large")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]
)
def test_another_content_type_is_refused(client: Client, kind: str) -> None:
    refused(client.post(LOGIN, headers={"Content-Type": kind}, content=b"{}"), 415, "unsupported_media_type")


def test_a_body_without_content_type_is_refused(client: Client) -> None:
    refused(client.post(LOGIN, content=b"{}"), 415, "unsupported_media_type")


@pytest.mark.parametrize("path", ["/v2/auth/me%00", "/openapi.json?limit=%00"])
def test_an_address_with_a_nul_character_is_refused(client: Client, path: str) -> None:
    refused(client.get(path), 400, "invalid_payload")


def test_a_query_that_is_too_long_is_refused_unread(client: Client) -> None:
    query = "&".join(f"x{at}" for at in range(4000))
    document = refused(client.get(f"/v2/system/health?{query}"), 400, "invalid_payload")
    assert document["errors"][0]["code"] == "too_long"


def test_of_many_unknown_parameters_some_are_named(client: Client) -> None:
    query = "&".join(f"x{at}=" for at in range(500))
    document = refused(client.get(f"/v2/system/health?{query}"), 400, "unknown_field")
    assert len(document["errors"]) == 20


def test_an_absent_body_is_a_fault_of_shape_not_of_type(client: Client) -> None:
    refused(client.post(LOGIN), 400, "invalid_payload")


def test_a_websocket_is_closed(client: Client) -> None:
    sent: list[Message] = []
    client.run(client.app({"type": "websocket"}, _never, _into(sent)))
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_a_slow_body_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "BODY_SECONDS", 0.01)
    sent: list[Message] = []
    asyncio.run(_gated()(_post(), _never, _into(sent)))
    assert sent[0]["status"] == 408


def test_a_body_that_breaks_off_is_told_to_whoever_still_listens() -> None:
    async def left() -> Message:
        return {"type": "http.disconnect"}

    sent: list[Message] = []
    asyncio.run(_gated()(_post(), left, _into(sent)))
    assert sent[0]["status"] == 400
    assert b"broke off" in sent[1]["body"]


def test_no_more_is_read_than_the_limit() -> None:
    reads = 0

    async def endless() -> Message:
        nonlocal reads
        reads += 1
        return {"type": "http.request", "body": b" " * 40, "more_body": True}

    sent: list[Message] = []
    asyncio.run(_gated()(_post(), endless, _into(sent)))
    assert (sent[0]["status"], reads) == (413, 3)


def test_traceparent_is_kept_if_it_is_one() -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert _state_with(parent)["traceparent"] == parent
    assert _state_with("00-" + "0" * 32 + "-00f067aa0ba902b7-01")["traceparent"] is None


def _state_with(parent: str) -> dict[str, Any]:
    async def app(*_: object) -> None:
        return

    scope = {**_post(), "headers": [(b"traceparent", parent.encode())]}
    asyncio.run(identified(app)(scope, _never, _into([])))
    state: dict[str, Any] = scope["state"]
    return state


def _gated() -> Any:
    async def app(*_: object) -> None:
        raise AssertionError("nothing should come through")

    return identified(sized(json_checked(app), lambda _: 100))


def _post() -> dict[str, Any]:
    return {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}


async def _never() -> Message:
    await asyncio.sleep(3600)
    raise AssertionError


def _into(sent: list[Message]) -> Any:
    async def send(message: Message) -> None:
        sent.append(message)

    return send
