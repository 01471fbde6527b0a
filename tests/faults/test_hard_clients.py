"""Clients that are slow, break off, crowd a connection or send what no browser sends: bounded, answered or closed."""

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.soak.buyers import BROWSER, CONVERSIONS, Acknowledged
from cli.conftest import Served
from faults.load import LINK, PATH, buyers, check_nothing_lost_or_doubled, clicked, memory_of, wait_for
from faults.place import Place
from faults.raw import connected, has_answer, sent, statuses, told

GET = f"GET {LINK} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {BROWSER}\r\n"
POST = f"POST {CONVERSIONS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
CLOSE = "Connection: close\r\n"
MIB = 1 << 20
MORE_MEMORY = 48 << 20
HEADER_SECONDS, BODY_SECONDS = 30, 5


@pytest.fixture
def place(data: Path) -> Place:
    return Place(data)


@contextlib.contextmanager
def beside_buyers(place: Place) -> Iterator[Served]:
    """A server whose other clients go on buying; at the end nothing is lost, and memory has not grown much."""
    seen = Acknowledged()
    with place.serving() as served, buyers(served.url, seen, number=2, pause_seconds=0.05):
        wait_for(seen, 30)
        before = memory_of(served)
        yield served
        wait_for(seen, 30)
        assert memory_of(served) - before < MORE_MEMORY
    assert seen.broken == 0
    check_nothing_lost_or_doubled(place, seen)


def test_slow_headers_are_closed_and_slow_bodies_told_so(place: Place) -> None:
    with beside_buyers(place) as served, contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connected(served.url)) for _ in range(100)]
        began = time.monotonic()
        for connection in slow:
            connection.sendall(b"GET /gharart/buy-now HTTP/1.1\r\nHost: 127.0")
        halves = [stack.enter_context(connected(served.url)) for _ in range(100)]
        for connection in halves:
            connection.sendall(f"{POST}Content-Length: 200\r\n\r\n{{".encode())
        assert {statuses(told(connection, 2 * BODY_SECONDS))[0] for connection in halves} == {408}
        for connection in slow:
            told(connection, 2 * HEADER_SECONDS)
            assert time.monotonic() - began < 2 * HEADER_SECONDS


def test_a_body_that_drips_gets_no_more_time_than_one_that_stands_still(place: Place) -> None:
    with beside_buyers(place) as served, connected(served.url) as connection:
        began = time.monotonic()
        connection.sendall(f"{POST}Content-Length: 2000\r\n\r\n".encode())
        while time.monotonic() - began < 2 * BODY_SECONDS and not has_answer(connection):
            sent(connection, b" ")
        assert BODY_SECONDS - 1 < time.monotonic() - began < 2 * BODY_SECONDS
        assert statuses(told(connection, 1)) == [408]


def test_half_a_body_and_gone_is_no_order(place: Place) -> None:
    with beside_buyers(place) as served:
        ctx = asyncio.run(clicked(served.url))
        body = json.dumps({"ctx": ctx, "idempotencyKey": "half", "value": "49.90"}).encode()
        for size in (0, 1, len(body) // 2, len(body) - 1):
            with connected(served.url) as connection:
                connection.sendall(f"{POST}Content-Length: {len(body)}\r\n\r\n".encode() + body[:size])
        with connected(served.url) as connection:
            connection.sendall(f"{POST}{CLOSE}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            assert statuses(told(connection)) == [201]


def test_pipelined_requests_are_answered_in_order(place: Place) -> None:
    with beside_buyers(place) as served, connected(served.url) as connection:
        ctx = asyncio.run(clicked(served.url))
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


def test_floods_of_headers_are_refused_or_closed(place: Place) -> None:
    floods = [
        "".join(f"X-{at}: {at}\r\n" for at in range(20_000)),
        f"X-Large: {'a' * MIB}\r\n",
        "".join(f"Cookie: fp_vid={at:032x}\r\n" for at in range(90)),
        f"{'X' * 70_000}: a\r\n",
    ]
    with beside_buyers(place) as served:
        for flood in floods:
            with connected(served.url) as connection:
                sent(connection, f"{GET}{CLOSE}{flood}\r\n".encode())
                assert set(statuses(told(connection, 5))) <= {302, 400, 431}


@pytest.mark.parametrize("framing", ["sized", "in chunks"])
def test_a_mebibyte_to_the_edge_is_refused_without_being_read(place: Place, framing: str) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with beside_buyers(place) as served:
        for path in (CONVERSIONS, "/v2/public/arrivals"):
            with connected(served.url) as connection:
                head = POST.replace(CONVERSIONS, path)
                if framing == "sized":
                    sent(connection, f"{head}Content-Length: {MIB}\r\n\r\n".encode() + b" " * MIB)
                else:
                    sent(connection, f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk * 16)
                answers = told(connection, 3)
                assert statuses(answers) == [413]
                assert b'"payload_too_large"' in answers


def test_bytes_that_are_no_text_are_answered_below_500(place: Place) -> None:
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
    with beside_buyers(place) as served:
        for request in requests:
            with connected(served.url) as connection:
                connection.sendall(request)
                answers = told(connection)
                assert statuses(answers), request
                assert statuses(answers)[0] < 500, (request, answers)
