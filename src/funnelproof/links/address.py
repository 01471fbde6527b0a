"""Addresses: which destinations a link may lead to, and the query with which a visitor arrives there."""

import ipaddress
import re
from collections.abc import Collection
from functools import lru_cache
from posixpath import normpath
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote, unquote_plus, urlsplit

from funnelproof.errors import Fault
from funnelproof.handles.handle import RESERVED

MAX_LENGTH = 2048
MAX_QUERY = 8192
MAX_NAMES = 256
"""How much of a click's query is looked at: more would hold up everybody else for as long as it takes to read."""
MAX_TAG = 200
HOST = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.IGNORECASE)
INNER_DOMAINS = (".localhost", ".local", ".internal")
UNSAFE = re.compile(r"[\x00-\x20\x7f\\<>\"`{}|^]")
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
NAT64 = ipaddress.ip_network("64:ff9b::/96")
LEGAL_IN_QUERY = "-._~!$&'()*+,;=:@/?%"
is_plain = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/?%]*").fullmatch
Tracking = tuple[tuple[str, str], ...]
"""Names and values of a link's tracking."""
REMEMBERED = 4096
MAX_REMEMBERED = 512
"""How many queries are remembered, and how long one may be."""


class AddressRules(NamedTuple):
    """Which destinations this installation allows. Its links answer on `own_hosts` and below `link_domain`."""

    own_hosts: Collection[str]
    allow_loopback: bool = False
    link_domain: str | None = None


def destination_faults(url: str, pointer: str, rules: AddressRules) -> list[Fault]:
    """What is wrong with a destination, said with its mend; empty if nothing is."""
    detail = _fault_of_text(url) or _fault_of_place(urlsplit(url), rules)
    return [Fault(pointer, "invalid", detail)] if detail else []


def _fault_of_text(url: str) -> str | None:
    if len(url) > MAX_LENGTH:
        return f"has {len(url)} characters; {MAX_LENGTH} are allowed."
    if UNSAFE.search(url) or not url.isascii():
        return "holds a blank, a control character or a letter beyond ASCII; percent-encode it (hosts in punycode)."
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "is not an address; send for example https://shop.example/offer."
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "must begin with https:// or http:// and name a host."
    return "must not hold a user name or password." if "@" in parts.netloc else None


def _fault_of_place(parts: SplitResult, rules: AddressRules) -> str | None:
    host = parts.netloc.rpartition(":")[0] if parts.port is not None else parts.netloc
    if _is_own_link(parts, rules):
        return "is a link of this installation, which would lead in circles; send where that link leads."
    if host.lower() in LOOPBACK and rules.allow_loopback:
        return None
    if parts.netloc.lower() in rules.own_hosts or _is_public_host(host):
        return None
    return "must name a public host, such as shop.example: no private address, no number in place of a name."


def _is_own_link(parts: SplitResult, rules: AddressRules) -> bool:
    """Judged as a server reads it: percent-encoding undone, dots resolved, the scheme's own port left out."""
    first, *others = [part for part in normpath(f"/{unquote(parts.path)}").split("/") if part] or [""]
    if rules.link_domain and (parts.hostname or "").endswith(f".{rules.link_domain}"):
        return bool(first) and not others
    if not any(same_host(parts, own) for own in rules.own_hosts):
        return False
    return len(others) == 1 and first not in RESERVED


def same_host(parts: SplitResult, host: str) -> bool:
    """Whether an address is on this host (with its port, if it has one)."""
    usual = {"http": 80, "https": 443}[parts.scheme]
    name, _, port = host.partition(":") if not host.startswith("[") else host.rpartition(":")
    return (parts.hostname or "").rstrip(".") == name.strip("[]") and (parts.port or usual) == int(port or usual)


def _is_public_host(host: str) -> bool:
    try:
        return is_public_address(host.strip("[]"))
    except ValueError:
        return HOST.fullmatch(host) is not None and not host.lower().endswith(INNER_DOMAINS)


def is_public_address(text: str) -> bool:
    """Whether an IP address is global, also the one that may be wrapped in it. Raises ValueError if it is none."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv4Address):
        return _is_global(address)
    wrapped = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        wrapped.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    inner = [each for each in wrapped if each is not None]
    return all(_is_global(each) for each in inner or [address])


def _is_global(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """What is global and no group: `is_global` holds for most multicast addresses."""
    return address.is_global and not address.is_multicast


def arrival_address(destination: str, *, click_query: str, tracking: Tracking, ctx: str | None) -> str:
    """Where the visitor arrives. The destination's own query wins over the click's, that over the link's tracking."""
    with_ctx = ctx is not None
    parts = _around_ctx if len(click_query) <= MAX_REMEMBERED else _around_ctx.__wrapped__
    before, after = parts(destination, click_query, tracking, with_ctx)
    return f"{before}{ctx}{after}" if with_ctx else before + after


@lru_cache(maxsize=REMEMBERED)
def _around_ctx(
    destination: str,
    click_query: str,
    tracking: tuple[tuple[str, str], ...],
    with_ctx: bool,  # noqa: FBT001
) -> tuple[str, str]:
    """The address before and behind the place of the ctx. Ads send the same query many times."""
    address, hash_mark, fragment = destination.partition("#")
    base, _, own = address.partition("?")
    parts = [part for part in own.split("&") if part and not (with_ctx and _name(part) == "ctx")]
    told = [part if is_plain(part) else _quoted(part) for part in _told(click_query)]
    given = [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in tracking]
    for weaker in (told, given):
        names = {_name(part) for part in parts}
        parts += [part for part in weaker if _name(part) not in names]
    if with_ctx:
        parts.append("ctx=")
    return base + ("?" + "&".join(parts) if parts else ""), hash_mark + fragment


def read_query(query: str) -> dict[str, str]:
    """A click's own query as texts that can be stored; of a repeated name the first counts."""
    pairs: dict[str, str] = {}
    for part in _told(query):
        name, _, value = part.partition("=")
        pairs.setdefault(_decoded(name), CONTROL_CHARACTERS.sub("", _decoded(value))[:MAX_TAG])
    return pairs


def parts_of(query: str) -> list[str]:
    """The parts of a query between `&`, as they came; one that is too long or has too many is cut between two."""
    if len(query) > MAX_QUERY:
        query = query[:MAX_QUERY].rpartition("&")[0]
    return query.split("&", MAX_NAMES)[:MAX_NAMES]


def _told(query: str) -> list[str]:
    """The parts of a click's query, as they came, without the names that are ours: `ctx` and `fp_…`."""
    return [part for part in parts_of(query) if part and not _is_ours(_name(part))]


def _is_ours(name: str) -> bool:
    return name == "ctx" or name.startswith("fp_")


def _name(part: str) -> str:
    return _decoded(part.partition("=")[0])


def _decoded(text: str) -> str:
    return unquote_plus(text) if "%" in text or "+" in text else text


def _quoted(part: str) -> str:
    return quote(part, safe=LEGAL_IN_QUERY, encoding="latin-1", errors="replace")
