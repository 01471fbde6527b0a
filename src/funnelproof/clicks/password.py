"""The password of a link: asked for by a page, tried five times a minute."""

from collections import OrderedDict, deque
from urllib.parse import parse_qs

from funnelproof.access.passwords import matches
from funnelproof.clock import MINUTE, Clock, Micros
from funnelproof.errors import Problem
from funnelproof.links.link import Link
from funnelproof.web.edge import EdgeRequest

TRIES_A_MINUTE = 5
LARGEST_FORM = 2048
REMEMBERED = 10_000


class TooManyPasswords(Problem):
    """Five passwords a minute are tried here, no more. Wait a minute."""

    kind, code, title = "limited", "rate_limited", "Too many tries"
    retry_after_seconds = 60


class PasswordGate:
    """Counts the tries of each address at each link, in this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tries: OrderedDict[tuple[str, str, str], deque[Micros]] = OrderedDict()

    async def holds(self, request: EdgeRequest, link: Link, address: str) -> bool:
        """Whether the form that was posted names the link's password."""
        self._count_try((link.handle, link.slug, address), self._clock.now())
        form = parse_qs((await request.body(LARGEST_FORM)).decode("utf-8", "replace"))
        return await matches(link.password_hash, form.get("password", [""])[0])

    def _count_try(self, who: tuple[str, str, str], now: Micros) -> None:
        tries = self._tries.setdefault(who, deque(maxlen=TRIES_A_MINUTE))
        self._tries.move_to_end(who)
        if len(self._tries) > REMEMBERED:
            self._tries.popitem(last=False)
        if len(tries) == TRIES_A_MINUTE and tries[0] > now - MINUTE:
            raise TooManyPasswords
        tries.append(now)
