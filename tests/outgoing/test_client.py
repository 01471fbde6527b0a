"""What leaves the installation: to public addresses only, bounded in time and size, without following anybody."""

import asyncio
import threading

import pytest

from funnelproof.outgoing import guard
from funnelproof.outgoing.client import MOST_BYTES, Answered, NotAnswered, Outgoing
from funnelproof.outgoing.guard import Refused, check_addresses
from notifications.receiver import receiving

INNER = [
    "127.0.0.1",
    "10.1.2.3",
    "192.168.0.1",
    "172.16.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1%eth0",
    "fc00::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]


def post(url: str, client: Outgoing) -> Answered:
    return asyncio.run(client.post(url, headers={"x-kind": "test"}, body=b"{}"))


@pytest.mark.parametrize("address", INNER)
def test_no_inner_address_is_reached_not_even_beside_a_public_one(address: str) -> None:
    for found in ([address], ["93.184.215.14", address]):
        with pytest.raises(Refused, match="no public address"):
            check_addresses("shop.example", found, allow_loopback=False)


def test_loopback_alone_is_opened_for_development() -> None:
    check_addresses("localhost", ["127.0.0.1", "::1"], allow_loopback=True)
    with pytest.raises(Refused):
        check_addresses("localhost", ["10.0.0.1"], allow_loopback=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]"])
def test_a_server_on_loopback_is_never_called(host: str) -> None:
    with receiving() as receiver:
        port = receiver.url.rpartition(":")[2]
        with pytest.raises(NotAnswered):
            post(f"http://{host}:{port}", Outgoing())
        assert receiver.got == []


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name means something else at every question, as an attacker's would: it is asked once."""
    asked: list[str] = []

    async def resolved(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    monkeypatch.setattr(guard, "_resolved", resolved)
    with receiving() as receiver:
        url = receiver.url.replace("127.0.0.1", "shop.example")
        assert post(url, Outgoing(allow_loopback=True)).status == 204
        [(headers, _)] = receiver.got
    assert asked == ["shop.example"]
    assert headers["host"].startswith("shop.example:")


def test_no_redirect_is_followed() -> None:
    with receiving() as receiver:
        receiver.answers = [(302, {"location": receiver.url}, b"")]
        assert post(receiver.url, Outgoing(allow_loopback=True)).status == 302
        assert len(receiver.got) == 1


def test_an_answer_without_end_is_read_no_further_than_64_kib() -> None:
    with receiving() as receiver:
        receiver.answers = [(200, {}, b"x" * 4_000_000)]
        assert len(post(receiver.url, Outgoing(allow_loopback=True)).body) == MOST_BYTES


def test_who_never_answers_is_left() -> None:
    leave = threading.Event()
    with receiving() as receiver:
        receiver.before_answer = lambda: leave.wait(60)
        with pytest.raises(NotAnswered, match="no whole answer"):
            post(receiver.url, Outgoing(allow_loopback=True, whole_seconds=0.3))
        leave.set()


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with receiving() as receiver:
        assert post(receiver.url, Outgoing(allow_loopback=True)).status == 204
