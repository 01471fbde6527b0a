"""GET /_fp/sdk.js, which follows the release, and /_fp/sdk.v1.js, which pages pin. From any origin."""

import hashlib
import re

from funnelproof.sdk.script import SERVED
from funnelproof.web.edge import EdgeAnswer, EdgeRequest
from funnelproof.web.headers import RawHeader

MEDIA_TYPE = "text/javascript; charset=utf-8"
OPEN: list[RawHeader] = [
    (b"access-control-allow-origin", b"*"),  # without it no browser compares the integrity
    (b"cross-origin-resource-policy", b"cross-origin"),
]
FOR_GOOD: RawHeader = (b"cache-control", b"public, max-age=31536000, immutable")
FIVE_MINUTES: RawHeader = (b"cache-control", b"public, max-age=300")
TAG = re.compile(r'"[^"]*"')


class ScriptDoor:
    def __init__(self, cache_control: RawHeader) -> None:
        self._script = SERVED.read_bytes()
        self._etag = f'"{hashlib.sha256(self._script).hexdigest()[:32]}"'
        self._headers = [*OPEN, cache_control, (b"etag", self._etag.encode())]

    async def __call__(self, request: EdgeRequest) -> EdgeAnswer:
        if self._is_known(request.headers.get("if-none-match")):
            return EdgeAnswer(304, headers=self._headers)
        return EdgeAnswer(200, self._script, MEDIA_TYPE, self._headers)

    def _is_known(self, if_none_match: str) -> bool:
        """Weak tags count as well (RFC 9110, 13.1.2): a proxy that compresses makes them weak."""
        return if_none_match.strip() == "*" or self._etag in TAG.findall(if_none_match)
