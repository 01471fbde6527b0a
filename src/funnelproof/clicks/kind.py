"""What stands behind a request: a person, a bot, or a look ahead that nobody sees."""

from funnelproof.clicks.assignment import Kind
from funnelproof.web.edge import EdgeRequest

PURPOSES = (b"sec-purpose", b"purpose", b"x-moz")


def kind_of(request: EdgeRequest, *, is_bot: bool) -> Kind:
    if is_bot:
        return Kind.BOT
    if request.method == "HEAD":
        return Kind.HEAD
    raw = request.headers.raw
    if not raw.keys().isdisjoint(PURPOSES) and any(b"prefetch" in raw.get(name, b"").lower() for name in PURPOSES):
        return Kind.PREFETCH
    return Kind.PERSON
