"""What commands that speak to a server ask of their options: its address, and a token."""

import sys

from funnelproof.cli.refusal import Refused

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
