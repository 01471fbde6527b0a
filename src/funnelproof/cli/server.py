"""What commands that speak to a server ask of their options: its address, and a token."""

import sys
from typing import TYPE_CHECKING

from funnelproof.cli.refusal import Refused

if TYPE_CHECKING:
    from funnelproof.plans.wire import Wire

STANDARD = "-"


def address_of(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise Refused("usage", "--url is the server's address, such as http://127.0.0.1:8080.")
    return url.rstrip("/")


def token_of(token: str, scopes: str = "campaigns.test") -> str:
    """`-` reads it from standard input: the command line shows in lists of processes."""
    found = sys.stdin.readline().strip() if token == STANDARD else token.strip()
    if not found or not found.isascii() or not found.isprintable():
        raise Refused("usage", f"--token is needed: `funnelproof token create --scope {scopes} …` makes one.")
    return found


async def only_handle(wire: "Wire") -> str:
    """The one that the token opens."""
    answer = await wire.api("GET", "/v2/handles")
    own = [str(item["handle"]) for item in answer.body.get("items", ())]
    if len(own) != 1:
        raise Refused("usage", f"Say whose campaign it is: --handle, one of {', '.join(own) or 'none'}.")
    return own[0]
