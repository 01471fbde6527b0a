"""One keep-alive connection: a request out, an answer in. Sees what a client sees, without a client's costs."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

SECONDS = 15.0


class NoAnswer(Exception):  # noqa: N818 - what happened, not a fault of the caller
    """The connection ended, or nothing came in time: what was asked may or may not have been done."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` by lower-case name; of a name that stands twice the last value."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """Opened by the first request, and again by the first one after it broke."""

    def __init__(self, url: str, **headers: str) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 80
        self._head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": address.netloc, **headers}.items())
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Raises NoAnswer."""
        try:
            return await asyncio.wait_for(self._ask(request(method, path, self._head, body, headers)), SECONDS)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            self.close()
            raise NoAnswer(repr(error)) from error

    async def _ask(self, asked: bytes) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(asked)
        return await read_answer(reader)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def request(method: str, path: str, head: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
    own = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    if body is None:
        return f"{method} {path} HTTP/1.1\r\n{head}{own}\r\n".encode()
    sized = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{method} {path} HTTP/1.1\r\n{head}{own}{sized}\r\n".encode() + body


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """The next answer on a connection; every answer of the edge says how long it is."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    length = int(headers.get("content-length", "0"))
    return Answer(int(first.split()[1]), headers, await reader.readexactly(length) if length else b"")
