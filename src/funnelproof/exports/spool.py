"""Whole files on their way out: written to the data folder, sent from there, gone afterwards."""

import asyncio
import base64
import contextlib
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from funnelproof.clock import iso
from funnelproof.exports.export import MEDIA_TYPES, Asked, Manifest, file_name
from funnelproof.ids import uuid7_hex

PIECE = 256 * 1024
OPENED_WITHIN_SECONDS = 60
FORGOTTEN_AFTER_SECONDS = 600
"""Since the last byte was written. What is being made is younger; what a killed server has left is not."""


def new_spool(data: Path) -> Path:
    """Where to write. What a killed server has left there is cleared away."""
    folder = data / "exports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    long_ago = time.time() - FORGOTTEN_AFTER_SECONDS
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another worker was faster
            if path.stat().st_mtime < long_ago:
                path.unlink()
    path = folder / uuid7_hex()
    path.touch(mode=0o600)
    return path


def headers(asked: Asked, made: Manifest) -> Mapping[str, str]:
    return manifest_headers(file_name(asked), MEDIA_TYPES[asked.format], made)


def manifest_headers(name: str, media_type: str, made: Manifest) -> Mapping[str, str]:
    """The manifest, told before the file: RFC 9530 for programs, plain for people."""
    digest = base64.b64encode(bytes.fromhex(made.sha256)).decode()
    return {
        "Content-Type": media_type,
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(made.bytes),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Repr-Digest": f"sha-256=:{digest}:",
        "Export-Rows": str(made.rows),
        "Export-Sha256": made.sha256,
        "Export-As-Of": iso(made.as_of),
    }


class Sent(Response):
    """An answer made of a file. A server that can send files by itself does, without this process's help."""

    def __init__(self, path: Path, told: Mapping[str, str]) -> None:
        super().__init__(headers=told)
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if "http.response.pathsend" in scope.get("extensions", {}):
            await self._send_path(send)
            return
        try:
            await self._send_pieces(send)
        finally:
            self._path.unlink(missing_ok=True)

    async def _send_path(self, send: Send) -> None:
        """The server opens the file some time after this: only then may its name go."""
        await send({"type": "http.response.pathsend", "path": str(self._path)})
        asyncio.get_running_loop().call_later(OPENED_WITHIN_SECONDS, partial(self._path.unlink, missing_ok=True))

    async def _send_pieces(self, send: Send) -> None:
        async with await anyio.open_file(self._path, "rb") as file:
            while piece := await file.read(PIECE):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
