"""Requests that break off or lie about their size get a problem, by the edge and by the control plane alike."""

import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cli.conftest import serving

HEAD = "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
BAD_CHUNK = "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"
TOO_LARGE = "Content-Length: 99999999999\r\n\r\n{"


def answer(url: str, request: str) -> tuple[int, dict[str, object]]:
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request.encode())
        told = b""
        while b"}" not in told:
            part = connection.recv(65_536)
            if not part:
                break
            told += part
    head, _, body = told.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize(
    ("rest", "status", "error"), [(BAD_CHUNK, 400, "invalid_payload"), (TOO_LARGE, 413, "payload_too_large")]
)
def test_a_broken_request_is_told_so(data: Path, rest: str, status: int, error: str) -> None:
    with serving(data) as served:
        for path in ("/v2/public/conversions", "/v2/public/arrivals", "/v2/auth/login"):
            seen, document = answer(served.url, HEAD.format(path=path) + rest)
            assert (seen, document["error"]) == (status, error), path
            assert str(document["requestId"]).startswith("req_")
