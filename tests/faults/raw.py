"""A socket to a server, for bytes that no client would send."""

import contextlib
import re
import select
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit


@contextlib.contextmanager
def connected(url: str, seconds: float = 20) -> Iterator[socket.socket]:
    address = urlsplit(url)
    with socket.create_connection((str(address.hostname), int(address.port or 80)), timeout=seconds) as connection:
        yield connection


def told(connection: socket.socket, seconds: float = 20) -> bytes:
    """Everything until the server closes; what came so far if it does not, or resets the connection."""
    parts, deadline = [], time.monotonic() + seconds
    with contextlib.suppress(TimeoutError, ConnectionError):
        while time.monotonic() < deadline:
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            part = connection.recv(65_536)
            if not part:
                break
            parts.append(part)
    return b"".join(parts)


def sent(connection: socket.socket, data: bytes) -> bool:
    """Whether the server took all of it: it may close before, when it has seen enough."""
    try:
        connection.sendall(data)
    except (ConnectionError, TimeoutError):
        return False
    return True


def statuses(answers: bytes) -> list[int]:
    """Of answers one after another."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)]


def has_answer(connection: socket.socket, seconds: float = 0.2) -> bool:
    ready, _, _ = select.select([connection], [], [], seconds)
    return bool(ready)
