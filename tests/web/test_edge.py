"""The edge: paths, methods and bytes, and one problem document for whatever goes wrong behind it."""

import asyncio
from typing import Any

import pytest

from cast import Client, refused
from funnelproof.errors import Problem
from funnelproof.web import edge as edge_module
from funnelproof.web.edge import Doors, Edge, EdgeAnswer, EdgeRequest
from funnelproof.web.headers import Headers


async def echo(request: EdgeRequest) -> EdgeAnswer:
    return EdgeAnswer(200, await request.body(10), "text/plain")


async def link(request: EdgeRequest, handle: str, slug: str) -> EdgeAnswer:
    if slug == "broken":
        raise RuntimeError("a secret of the house")
    return EdgeAnswer(302, headers=[("Location", f"{handle}|{slug}")])


def page(problem: Problem, _request: EdgeRequest) -> EdgeAnswer:
    return EdgeAnswer(500, f"<p>{problem.detail}</p>".encode(), "text/html")


async def behind(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"behind"})


DOORS = Doors(
    fixed={"/open": {"POST": echo, "GET": echo}, "/closed": {"GET": echo}},
    link=link,
    page=link,
    problem_page=page,
    cors=frozenset({"/open"}),
    reserved=frozenset({"app", "v2"}),
    link_domain="go.example",
)


@pytest.fixture
def client() -> Any:
    with Client(Edge(DOORS, behind)) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "host", "status", "location"),
    [
        ("/gharart/buy-now", "x", 302, "gharart|buy-now"),
        ("/app/buy-now", "x", 299, None),
        ("/v2/handles/x", "x", 299, None),
        ("/gharart", "x", 299, None),
        ("/gharart/", "x", 299, None),
        ("//buy-now", "x", 299, None),
        ("/gharart/p/page", "x", 302, "gharart|page"),
        ("/buy-now", "gharart.go.example", 302, "gharart|buy-now"),
        ("/buy-now", "Gharart.GO.example:8080", 302, "gharart|buy-now"),
        ("/buy-now", "go.example", 299, None),
        ("/buy-now", "app.go.example", 299, None),
        ("/buy-now", "a.b.go.example", 299, None),
        ("/", "gharart.go.example", 299, None),
    ],
)
def test_which_paths_are_links(client: Client, path: str, host: str, status: int, location: str | None) -> None:
    answer = client.run(client._http.request("GET", f"http://127.0.0.1{path}", headers={"host": host}))
    assert (answer.status_code, answer.headers.get("location")) == (status, location)


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/open", 200, None),
        ("HEAD", "/open", 200, None),
        ("PUT", "/open", 405, "POST, GET"),
        ("OPTIONS", "/open", 204, None),
        ("OPTIONS", "/closed", 405, "GET"),
        ("PUT", "/gharart/buy-now", 405, "GET, HEAD, POST"),
    ],
)
def test_which_methods_are_taken(client: Client, method: str, path: str, status: int, allow: str | None) -> None:
    answer = client.call(method, path)
    assert (answer.status_code, answer.headers.get_list("allow")) == (status, [allow] if allow else [])


@pytest.mark.parametrize(("path", "is_open"), [("/open", True), ("/closed", False), ("/gharart/buy-now", False)])
def test_other_origins_may_call_what_is_open_to_them(client: Client, path: str, *, is_open: bool) -> None:
    answer = client.get(path)
    assert ("access-control-allow-origin" in answer.headers) is is_open
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(("sent", "kept"), [("abc-1.2:3_Z", True), ("a b", False), ("x" * 129, False), ("", False)])
def test_a_request_id_is_kept_or_made(client: Client, sent: str, *, kept: bool) -> None:
    told = client.get("/open", headers={"x-request-id": sent}).headers["x-request-id"]
    assert (told == sent) is kept
    assert kept or told.startswith("req_")


def test_a_body_that_is_too_large_is_refused(client: Client) -> None:
    assert client.post("/open", content=b"x" * 10).content == b"x" * 10
    assert refused(client.post("/open", content=b"x" * 11), 413, "payload_too_large")["limit"] == 10


def test_a_body_that_does_not_come_is_not_waited_for(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_module, "BODY_SECONDS", 0.01)

    async def slow() -> Any:
        yield b"x"
        await asyncio.sleep(5)

    answer = client.post("/open", content=slow())
    assert refused(answer, 408, "body_timeout")["retryable"] is True


def test_what_breaks_tells_nothing_of_the_inside(client: Client) -> None:
    answer = client.get("/gharart/broken")
    assert "secret" not in str(refused(answer, 500, "internal_error"))
    shown = client.get("/gharart/broken", headers={"accept": "text/html"})
    assert "secret" not in shown.text
    assert shown.headers["content-type"] == "text/html"


def test_headers_that_stand_twice_are_one_list() -> None:
    raw = [(b"cookie", b"a=1"), (b"x-forwarded-for", b"1.1.1.1"), (b"cookie", b"b=2"), (b"x-forwarded-for", b"2.2.2.2")]
    assert dict(Headers(raw)) == {"cookie": "a=1; b=2", "x-forwarded-for": "1.1.1.1, 2.2.2.2"}


def test_pages_have_a_door_of_their_own(client: Any) -> None:
    assert client.get("/gharart/p/lamp").headers["location"] == "gharart|lamp"
    assert client.get("/p/lamp", headers={"Host": "gharart.go.example"}).headers["location"] == "gharart|lamp"
    assert client.delete("/gharart/p/lamp").status_code == 405
    assert client.get("/app/p/lamp").status_code == 299
    assert client.get("/gharart/q/lamp").status_code == 299
