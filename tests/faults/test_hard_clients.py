"""Clients that are slow, break off, crowd a connection or send what no browser sends: bounded, answered or closed."""

import asyncio
import contextlib
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.soak.buyers import BROWSER, CONVERSIONS, Acknowledged
from cli.conftest import Served
from faults.load import LINK, PATH, buyers, check_nothing_lost_or_doubled, clicked, memory_of, wait_for
from faults.place import Place
from faults.raw import connected, has_answer, sent, statuses, told
from patience import promised

GET = f"GET {LINK} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {BROWSER}\r\n"
POST = f"POST {CONVERSIONS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
CLOSE = "Connection: close\r\n"
MIB = 1 << 20
MORE_MEMORY = 48 << 20
HEADER_SECONDS, BODY_SECONDS = 30, 5


@pytest.fixture(scope="module")
def served(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all of them: what one leaves behind is the next one's trouble."""
    place = Place(tmp_path_factory.mktemp("hard") / "data")
    shutil.copytree(furnished, place.data)
    with place.serving() as served:
        yield served


@pytest.fixture
def url(served: Served, request: pytest.FixtureRequest) -> Iterator[str]:
    """Where others go on buying; at the end nothing of theirs is lost, and memory has not grown much."""
    seen = Acknowledged()
    with buyers(served.url, seen, number=2, tag=f"{request.node.name}-", pause_seconds=0.05):
        wait_for(seen, 20)
        before = memory_of(served)
        yield served.url
        wait_for(seen, 20)
        assert memory_of(served) - before < MORE_MEMORY
    assert seen.broken == 0
    check_nothing_lost_or_doubled(Place(served.log.parent), seen)


def test_slow_headers_are_closed_and_slow_bodies_told_so(url: str) -> None:
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connected(url)) for _ in range(100)]
        began = time.monotonic()
        for connection in slow[1:]:
            connection.sendall(b"GET /gharart/buy-now HTTP/1.1\r\nHost: 127.0")
        halves = [stack.enter_context(connected(url)) for _ in range(100)]
        for connection in halves:
            connection.sendall(f"{POST}Content-Length: 200\r\n\r\n{{".encode())
        assert {statuses(told(connection, promised(BODY_SECONDS)))[0] for connection in halves} == {408}
        for connection in slow:
            told(connection, promised(HEADER_SECONDS))
            assert time.monotonic() - began < promised(HEADER_SECONDS), "it was not closed"


def test_a_body_that_drips_gets_no_more_time_than_one_that_stands_still(url: str) -> None:
    with connected(url) as connection:
        began = time.monotonic()
        connection.sendall(f"{POST}Content-Length: 2000\r\n\r\n".encode())
        while time.monotonic() - began < promised(BODY_SECONDS) and not has_answer(connection):
            sent(connection, b" ")
        assert BODY_SECONDS - 1 < time.monotonic() - began < promised(BODY_SECONDS)
        assert statuses(told(connection, 1)) == [408]


def test_half_a_body_and_gone_is_no_order(url: str) -> None:
    ctx = asyncio.run(clicked(url))
    body = json.dumps({"ctx": ctx, "idempotencyKey": "half", "value": "49.90"}).encode()
    for size in (0, 1, len(body) // 2, len(body) - 1):
        with connected(url) as connection:
            connection.sendall(f"{POST}Content-Length: {len(body)}\r\n\r\n".encode() + body[:size])
    with connected(url) as connection:
        connection.sendall(f"{POST}{CLOSE}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        assert statuses(told(connection)) == [201]


def test_pipelined_requests_are_answered_in_order(url: str) -> None:
    with connected(url) as connection:
        ctx = asyncio.run(clicked(url))
        names = [f"pipelined-{at}" for at in range(40)]
        for at, name in enumerate(names):
            body = json.dumps({"ctx": ctx, "idempotencyKey": name}).encode()
            head = GET if at % 2 else f"{POST}Content-Length: {len(body)}\r\n"
            last = CLOSE if name == names[-1] else ""
            connection.sendall(f"{head}X-Request-Id: {name}\r\n{last}\r\n".encode() + (b"" if at % 2 else body))
        answers = told(connection)
    assert statuses(answers) == [201, 302] * 20
    lines = answers.decode("latin-1").lower().split("\r\n")
    assert [line.removeprefix("x-request-id: ") for line in lines if line.startswith("x-request-id: ")] == names


def test_floods_of_headers_are_refused_or_closed(url: str) -> None:
    floods = [
        "".join(f"X-{at}: {at}\r\n" for at in range(20_000)),
        f"X-Large: {'a' * MIB}\r\n",
        "".join(f"Cookie: fp_vid={at:032x}\r\n" for at in range(90)),
        f"{'X' * 70_000}: a\r\n",
    ]
    for flood in floods:
        with connected(url) as connection:
            sent(connection, f"{GET}{CLOSE}{flood}\r\n".encode())
            assert set(statuses(told(connection, 5))) <= {302, 400, 431}


@pytest.mark.parametrize("framing", ["sized", "in chunks"])
def test_a_mebibyte_to_the_edge_is_refused_without_being_read(url: str, framing: str) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    for path in (CONVERSIONS, "/v2/public/arrivals"):
        with connected(url) as connection:
            head = POST.replace(CONVERSIONS, path)
            if framing == "sized":
                sent(connection, f"{head}Content-Length: {MIB}\r\n\r\n".encode() + b" " * MIB)
            else:
                sent(connection, f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk * 16)
            answers = told(connection, 3)
            assert statuses(answers) == [413]
            assert b'"payload_too_large"' in answers


def test_bytes_that_are_no_text_are_answered_below_500(url: str) -> None:
    bad, agent = b"\xff\xfe\xc3\x28", b"Host: 127.0.0.1\r\nConnection: close\r\nUser-Agent: "
    path = PATH.encode()
    requests = [
        b"GET " + path + bad + b" HTTP/1.1\r\n" + agent + b"x\r\n\r\n",
        b"GET " + path + b"%ff%fe%c3%28 HTTP/1.1\r\n" + agent + b"x\r\n\r\n",
        b"GET /%ff%fe/%00 HTTP/1.1\r\n" + agent + b"x\r\n\r\n",
        b"GET " + path + b"?utm_source=%ff%fe&%c3=%28 HTTP/1.1\r\n" + agent + b"x\r\n\r\n",
        b"GET " + path + b"?utm_source=" + bad + b" HTTP/1.1\r\n" + agent + b"x\r\n\r\n",
        b"GET " + path + b" HTTP/1.1\r\n" + agent + bad + b"\r\nReferer: http://" + bad + b"\r\n\r\n",
        b"GET " + path + b" HTTP/1.1\r\n" + agent + b"x\r\nCookie: fp_vid=" + bad + b"\r\nDNT: " + bad + b"\r\n\r\n",
        b"GET " + path + b" HTTP/1.1\r\n" + agent + b"x\r\nX-Request-Id: " + bad + b"\r\nHost: " + bad + b"\r\n\r\n",
        POST.encode() + b"Connection: close\r\nContent-Length: 4\r\n\r\n" + bad,
        POST.encode() + b'Connection: close\r\nContent-Length: 14\r\n\r\n{"ctx":"' + bad + b'"}',
        POST.encode() + b"Connection: close\r\nAuthorization: Bearer " + bad + b"\r\nContent-Length: 2\r\n\r\n{}",
    ]
    for request in requests:
        with connected(url) as connection:
            connection.sendall(request)
            answers = told(connection)
            assert statuses(answers), request
            assert statuses(answers)[0] < 500, (request, answers)
