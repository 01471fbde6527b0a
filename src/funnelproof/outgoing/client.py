"""One request to somebody else's server: five seconds whole, 64 KiB read, no proxy, no cookie, no redirect."""

import asyncio
import ssl
from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

import httpcore2

from funnelproof.outgoing.guard import GuardedNetwork, Refused

WHOLE_SECONDS = 5.0
MOST_BYTES = 65_536


class Answered(NamedTuple):
    """`body` holds the first 64 KiB as they came, never unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotAnswered(Exception):  # noqa: N818 - the sentence is shown to whoever wrote the address
    """Nobody answered: why."""


class Unreachable(NotAnswered):
    """It leads to where nothing of ours may go."""


class Outgoing:
    def __init__(self, *, allow_loopback: bool = False, whole_seconds: float = WHOLE_SECONDS) -> None:
        self._network = GuardedNetwork(allow_loopback=allow_loopback)
        self._whole_seconds = whole_seconds

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answered:
        """Send it and read what comes back. Raises NotAnswered, with the reason in words."""
        return await self._bounded("POST", url, headers, body)

    async def get(self, url: str, *, headers: Mapping[str, str]) -> Answered:
        """The same without a body."""
        return await self._bounded("GET", url, headers, None)

    async def _bounded(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answered:
        try:
            async with asyncio.timeout(self._whole_seconds):
                return await self._ask(method, url, headers, body)
        except TimeoutError:
            raise NotAnswered(f"There was no whole answer within {self._whole_seconds:g} s.") from None
        except Refused as refusal:
            raise Unreachable(str(refusal)) from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, OSError) as error:
            raise NotAnswered(f"The connection failed: {error or type(error).__name__}.") from None
        except (httpcore2.UnsupportedProtocol, ValueError):
            raise NotAnswered("This is no address that can be called.") from None

    async def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answered:
        told = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
        async with (
            httpcore2.AsyncConnectionPool(ssl_context=self._tls, network_backend=self._network) as pool,
            pool.stream(method, url, headers=told, content=body) as answer,
        ):
            read = bytearray()
            async for part in answer.aiter_stream():
                read += part
                if len(read) >= MOST_BYTES:
                    break
            said = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
            return Answered(answer.status, said, bytes(read[:MOST_BYTES]))

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()
