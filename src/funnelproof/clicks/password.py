"""The password of a link: asked for by a page, tried five times a minute."""

from urllib.parse import parse_qs

from funnelproof.access.passwords import matches
from funnelproof.clock import MINUTE, Clock
from funnelproof.errors import Problem
from funnelproof.links.link import Link
from funnelproof.web.edge import EdgeRequest
from funnelproof.web.throttle import Throttle

TRIES_A_MINUTE = 5
LARGEST_FORM = 2048


class TooManyPasswords(Problem):
    """Five passwords a minute are tried here, no more. Wait a minute."""

    kind, code, title = "limited", "rate_limited", "Too many tries"
    retry_after_seconds = 60


class PasswordGate:
    """Counts the tries of each address at each link."""

    def __init__(self, clock: Clock) -> None:
        self._tries = Throttle(clock, most=TRIES_A_MINUTE, span=MINUTE)

    async def holds(self, request: EdgeRequest, link: Link, address: str) -> bool:
        """Whether the form that was posted names the link's password."""
        if not self._tries.takes((link.handle, link.slug, address)):
            raise TooManyPasswords
        form = parse_qs((await request.body(LARGEST_FORM)).decode("utf-8", "replace"))
        return await matches(link.password_hash, form.get("password", [""])[0])
