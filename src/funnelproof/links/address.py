"""Addresses: which destinations a link may lead to, and the query that a click arrives with."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from funnelproof.errors import Fault

MAX_LENGTH = 2048
MAX_QUERY = 8192
HOST = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.IGNORECASE)
UNSAFE = re.compile(r"[\x00-\x20\x7f\\<>\"`{}|^]")
LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
OWN_PARAMETERS = ("ctx", "fp_")


def destination_faults(url: str, pointer: str, *, own_hosts: Iterable[str], allow_loopback: bool) -> list[Fault]:
    """What is wrong with a destination, each fault with its mend; empty if nothing is."""

    def fault(detail: str) -> list[Fault]:
        return [Fault(pointer, "invalid", detail)]

    if len(url) > MAX_LENGTH:
        return fault(f"has {len(url)} characters; {MAX_LENGTH} are allowed.")
    if UNSAFE.search(url) or not url.isascii():
        return fault(
            "holds a blank, a control character or a letter beyond ASCII; percent-encode it (hosts in punycode)."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return fault("is not an address; send for example https://shop.example/offer.")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return fault("must begin with https:// or http:// and name a host.")
    if "@" in parts.netloc:
        return fault("must not hold a user name or password.")
    host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc
    if host.lower() in LOOPBACK and allow_loopback:
        return []
    if not _is_public_host(host):
        return fault("must name a public host, such as shop.example: no private address, no number in place of a name.")
    if parts.netloc.lower() in own_hosts:
        return fault("leads back to this installation's own links, which would go round in circles.")
    return []


def _is_public_host(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return HOST.fullmatch(host) is not None and not host.lower().endswith((".localhost", ".local", ".internal"))


def arrival_address(destination: str, *, click_query: str, tracking: Mapping[str, str], ctx: str | None) -> str:
    """Where the visitor arrives. The destination's own query wins over the click's, that over the link's tracking."""
    address, hash_mark, fragment = destination.partition("#")
    base, _, own = address.partition("?")
    kept = [part for part in own.split("&") if part and not (ctx is not None and _name(part) == "ctx")]
    names = {_name(part) for part in kept}
    for source in (read_query(click_query).items(), tracking.items()):
        added = [(name, value) for name, value in source if name not in names]
        kept += [_pair(name, value) for name, value in added]
        names |= {name for name, _ in added}
    if ctx is not None:
        kept.append(f"ctx={ctx}")
    return base + ("?" + "&".join(kept) if kept else "") + hash_mark + fragment


def read_query(query: str) -> dict[str, str]:
    """A click's query without the names that are ours (`ctx`, `fp_…`); of a repeated name the first counts."""
    pairs: dict[str, str] = {}
    for name, value in parse_qsl(query[:MAX_QUERY], keep_blank_values=True, errors="replace"):
        if not name.startswith(OWN_PARAMETERS[1]) and name != OWN_PARAMETERS[0]:
            pairs.setdefault(name, value)
    return pairs


def _pair(name: str, value: str) -> str:
    return urlencode([(name, value)], quote_via=quote)


def _name(part: str) -> str:
    pairs = parse_qsl(part, keep_blank_values=True)
    return pairs[0][0] if pairs else part
