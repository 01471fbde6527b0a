"""How often somebody may ask for something: counted in this process, forgotten when it has been long ago."""

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Hashable

from funnelproof.clock import Clock, Micros

REMEMBERED = 10_000


class Throttle:
    """`most` times within `span`, for each asker. Of very many askers, those heard of long ago are forgotten."""

    def __init__(self, clock: Clock, *, most: int, span: Micros) -> None:
        self._clock, self._most, self._span = clock, most, span
        self._times: OrderedDict[Hashable, deque[Micros]] = OrderedDict()

    def takes(self, who: Hashable) -> bool:
        """Count one more, unless that would be one too many."""
        now = self._clock.now()
        times = self._times.setdefault(who, deque(maxlen=self._most))
        self._times.move_to_end(who)
        if len(self._times) > REMEMBERED:
            self._times.popitem(last=False)
        if len(times) == self._most and times[0] > now - self._span:
            return False
        times.append(now)
        return True


def neighbourhood(address: str) -> str:
    """What one asker can choose freely counts as one: of IPv6, the /64 network."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = getattr(known, "ipv4_mapped", None)
    if known.version == 4 or mapped:
        return str(mapped or known)
    return str(ipaddress.ip_network((int(known) >> 64 << 64, 64)))
