"""Where requests of ours may go: each resolved address is checked, and the connection goes to a checked one.

The name is resolved once, here, so what it says a moment later (DNS rebinding) changes nothing. TLS and `Host` keep it.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence

import httpcore2

from funnelproof.links.address import is_public_address

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class Refused(Exception):  # noqa: N818 - the sentence is shown to whoever wrote the address
    """This address may not be reached from here."""


class GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """Opens connections for httpcore2, to public addresses only. `allow_loopback` is for development."""

    def __init__(self, *, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        found = await _resolved(host, port)
        check_addresses(host, found, allow_loopback=self._allow_loopback)
        return await self._network.connect_tcp(found[0], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[SocketOption] | None = None,  # noqa: ARG002
    ) -> httpcore2.AsyncNetworkStream:
        raise Refused(f"{path} is a socket of this machine.")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def check_addresses(host: str, found: Sequence[str], *, allow_loopback: bool) -> None:
    """Refuse a name of which any address is not public: which of them answers is not ours to say."""
    for text in found:
        bare = text.partition("%")[0]
        if is_public_address(bare) or (allow_loopback and ipaddress.ip_address(bare).is_loopback):
            continue
        raise Refused(f"{host} leads to {text}, which is no public address.")


async def _resolved(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise Refused(f"{host} has no address.")
    return [str(place[0]) for *_, place in found]
