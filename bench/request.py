"""Requests as bytes, made once and sent many times."""

import json
from collections.abc import Mapping

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
HOST = "127.0.0.1"


def get(path: str, headers: Mapping[str, str] | None = None) -> bytes:
    return _head("GET", path, {"user-agent": BROWSER, **(headers or {})}) + b"\r\n"


def post(path: str, body: object, headers: Mapping[str, str] | None = None) -> bytes:
    """`body` as JSON, or as it is if it is bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {"user-agent": BROWSER, "content-type": "application/json", **(headers or {})}
    return _head("POST", path, {**told, "content-length": str(len(raw))}) + b"\r\n" + raw


def _head(method: str, path: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"host: {HOST}", *(f"{name}: {value}" for name, value in headers.items())]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")
