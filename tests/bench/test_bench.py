"""The bench measures what it says: its load generator against servers whose answers are known, and a quick run."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice, repeat
from pathlib import Path

import pytest

from bench import answer, cases, page, processes
from bench.load import Crowd, load, run
from bench.request import get, post

ROOT = Path(__file__).parents[2]
Say = Callable[[int, bytes], bytes | None]


@contextmanager
def server(say: Say, *, pieces: int = 1, delay: float = 0.0) -> Iterator[tuple[str, int]]:
    """Answers the n-th request with what `say(n, request)` says, in so many pieces; None closes the connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    asked = iter(range(1_000_000))

    def talk(connection: socket.socket) -> None:
        with connection:
            while request := connection.recv(65_536):
                told = say(next(asked), request)
                if told is None:
                    return
                time.sleep(delay)
                size = -(-len(told) // pieces)
                for at in range(0, len(told), size):
                    connection.sendall(told[at : at + size])
                    time.sleep(0.005 if pieces > 1 else 0)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def response(status: int, body: bytes = b"", headers: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d Said\r\n%bcontent-length: %d\r\n\r\n%b" % (status, headers, len(body), body)


def test_every_request_is_sent_once_and_every_status_is_counted() -> None:
    with server(lambda at, _: response(503 if at % 10 == 0 else 302)) as address:
        outcome = load(address, repeat(get("/a"), 100), connections=4)
    assert outcome.statuses == {302: 90, 503: 10}
    assert (outcome.answered, outcome.broken, len(outcome.nanoseconds)) == (100, 0, 100)
    assert outcome.per_second == pytest.approx(100 / outcome.seconds)


def test_latency_is_that_of_the_server() -> None:
    with server(lambda *_: response(200), delay=0.05) as address:
        outcome = load(address, repeat(get("/a"), 8), connections=4)
    p50, slowest = outcome.microseconds(0.5, 1.0)
    assert 50_000 <= p50 <= slowest
    assert 0.1 <= outcome.seconds < 5
    assert not outcome.generator_was_the_limit


def test_answers_and_what_was_asked_are_handed_over() -> None:
    seen: list[tuple[bytes, int, bytes]] = []
    with server(lambda _, request: response(201, request.partition(b"\r\n\r\n")[2], b"Location: /x\r\n")) as address:
        requests = [post("/a", {"key": key}) for key in range(20)]
        load(address, requests, connections=3, seen=lambda *told: seen.append(told))
    assert sorted(asked for asked, _, _ in seen) == sorted(requests)
    assert all(answer.body_of(told) == answer.body_of(asked) for asked, _, told in seen)
    assert {answer.header_of(told, b"location") for _, _, told in seen} == {b"/x"}


@pytest.mark.parametrize(
    "told",
    [
        response(200, b"x" * 50_000),
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
    ids=["long", "capitals", "chunked", "nothing"],
)
def test_an_answer_in_pieces_is_one_answer(told: bytes) -> None:
    seen: list[bytes] = []
    with server(lambda *_: told, pieces=7) as address:
        outcome = load(address, repeat(get("/a"), 6), connections=2, seen=lambda _a, _s, whole: seen.append(whole))
    assert outcome.answered == 6
    assert seen == [told] * 6


def test_a_closed_connection_is_one_broken_request_and_the_rest_goes_on() -> None:
    with server(lambda at, _: None if at == 5 else response(200)) as address:
        outcome = load(address, repeat(get("/a"), 30), connections=2)
    assert (outcome.answered, outcome.broken) == (29, 1)


def test_a_server_that_is_not_there_ends_with_the_time() -> None:
    with server(lambda *_: response(200)) as address:
        pass
    outcome = load(address, repeat(get("/a")), connections=2, seconds=0.3)
    assert (outcome.answered, outcome.per_second) == (0, 0)
    assert outcome.unreachable >= 2


def test_crowds_are_counted_apart_and_one_that_rests_asks_less() -> None:
    with server(lambda _, request: response(200 if b"/busy" in request else 302)) as address:
        busy, calm = run(
            address, [Crowd(repeat(get("/busy")), 2), Crowd(repeat(get("/calm")), 2, pause=0.1)], seconds=0.5
        )
    assert set(busy.statuses) == {200}
    assert set(calm.statuses) == {302}
    assert 2 <= calm.answered <= 12 < busy.answered


def test_each_conversion_has_a_key_of_its_own_and_the_length_it_says() -> None:
    requests = list(islice(cases.conversions([b"short", b"a-longer-ctx"]), 6))
    bodies = [json.loads(answer.body_of(request)) for request in requests]
    assert [body["ctx"] for body in bodies] == ["short", "a-longer-ctx"] * 3
    assert len({body["idempotencyKey"] for body in bodies}) == 6
    assert all(answer.length_of(request) == len(request) for request in requests)


def test_a_tampered_ctx_differs_and_is_as_long() -> None:
    assert cases.tampered(b"0123456789A1234567") != b"0123456789A1234567"
    assert len(cases.tampered(b"0123456789A1234567")) == 18


def test_processor_time_and_memory_are_those_of_the_process() -> None:
    core = sorted(os.sched_getaffinity(0))[0]
    before = processes.moment(os.getpid(), core)
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    spent = processes.between(before, processes.moment(os.getpid(), core))
    assert 0.15 <= spent.processor <= 2
    assert processes.resident_mib(os.getpid()) > 10


def test_the_page_of_speed_has_the_headings_between_which_the_last_run_stands(tmp_path: Path) -> None:
    copy = tmp_path / "performance.md"
    copy.write_text(page.PAGE.read_text())
    page.write_into_docs("```text\nthe tables\n```", copy)
    assert f"{page.BEGIN}\n```text\nthe tables\n```\n\n{page.END}" in copy.read_text()
    page.write_into_docs("others", copy)
    assert f"{page.BEGIN}\nothers\n\n{page.END}" in copy.read_text()


def test_a_quick_bench_runs_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    only = "redirect,conversion,duplicate,invalid_ctx,health"
    words = ["--quick", "--engine", "sqlite", "--only", only, "--json", str(file), "--folder", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 100
    (session,) = json.loads(file.read_text())["sessions"]
    by_case = {(row["name"], row["connections"]): row for row in session["measured"]}
    assert {name for name, _ in by_case} == set(only.split(","))
    assert set(by_case["redirect", 64]["ours"]["statuses"]) == {"302"}
    assert by_case["redirect", 64]["bare"]["per_second"] > 0
    assert session["exactness"]["holds"] is True
    assert session["exactness"]["counters_different"] == 0
    assert session["bytes_per"]["click"]["all"] > 0
