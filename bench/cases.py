"""What is asked of the server, as bytes; the bare server gets the very same requests."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, cycle, islice, repeat

from bench.answer import header_of
from bench.load import Address, load
from bench.request import BROWSER, HOST, get, post
from bench.stand import CAMPAIGN_ID, HANDLE, LINK, PAGE

CONTEXTS = 1_000
CROWDS = (256, 64)
READERS = 8
CONVERSIONS = "/v2/public/conversions"
FIRST = "first of duplicates"
KEYS = count(1)


@dataclass(frozen=True)
class Case:
    """`requests` makes them anew each time; `expected` is the status that all answers should have."""

    name: str
    connections: int
    expected: int
    requests: Callable[[], Iterator[bytes]]


def collect_contexts(address: Address, number: int) -> list[bytes]:
    """One click each, by new visitors; what does not lead to a ctx is left out."""
    found: list[bytes] = []

    def seen(_request: bytes, _status: int, response: bytes) -> None:
        _, _, ctx = header_of(response, b"location").rpartition(b"ctx=")
        if ctx:
            found.append(ctx)

    load(address, repeat(get(LINK), number), connections=16, seen=seen)
    return found


def conversions(contexts: list[bytes]) -> Iterator[bytes]:
    """Without end, each with a key of its own: only key and ctx differ, so the rest is made once per ctx."""
    tail = b'","value":"49.90"}'
    heads = [_conversion_head(ctx, len(tail)) for ctx in contexts]
    for head in cycle(heads):
        yield b"%b%012d%b" % (head, next(KEYS), tail)


def _conversion_head(ctx: bytes, tail: int) -> bytes:
    body = b'{"ctx":"%b","idempotencyKey":"k-' % ctx
    return (
        f"POST {CONVERSIONS} HTTP/1.1\r\nhost: {HOST}\r\nuser-agent: {BROWSER}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body) + 12 + tail}\r\n\r\n"
    ).encode() + body


def tampered(ctx: bytes) -> bytes:
    """The same length, another signature."""
    other = b"A" if ctx[-8:-7] != b"A" else b"B"
    return ctx[:-8] + other + ctx[-7:]


def cases(contexts: list[bytes], token: str) -> list[Case]:
    handle = f"/v2/handles/{HANDLE}"
    bearer = {"authorization": f"Bearer {token}"}
    same = list(islice(conversions(contexts), len(contexts)))
    bad = [post(CONVERSIONS, b'{"ctx":"%b","idempotencyKey":"bad"}' % tampered(ctx)) for ctx in contexts]
    pages = [get(f"{PAGE}?ctx={ctx.decode()}") for ctx in contexts]
    asked = [get(f"/v2/public/context?ctx={ctx.decode()}") for ctx in contexts]
    read = {
        "health": get(f"{handle}/campaigns/{CAMPAIGN_ID}/health", bearer),
        "funnel": get(f"{handle}/analytics?campaignId={CAMPAIGN_ID}&groupBy=variant&funnel=true", bearer),
        "results": get(f"{handle}/campaigns/{CAMPAIGN_ID}/results", bearer),
        "campaign list": get(f"{handle}/campaigns", bearer),
    }
    run = post(f"{handle}/campaigns/{CAMPAIGN_ID}/test-conversion", {}, bearer)
    return [
        *(Case("redirect", crowd, 302, lambda: repeat(get(LINK))) for crowd in CROWDS),
        *(Case("conversion", crowd, 201, lambda: conversions(contexts)) for crowd in CROWDS),
        Case(FIRST, 64, 201, lambda: iter(same)),
        Case("duplicate", 64, 200, lambda: cycle(same)),
        Case("invalid_ctx", 64, 400, lambda: cycle(bad)),
        Case("context", 64, 200, lambda: cycle(asked)),
        Case("page", 64, 200, lambda: repeat(get(PAGE))),
        Case("page with ctx", 64, 200, lambda: cycle(pages)),
        *(_reading(name, request) for name, request in read.items()),
        Case("test run", 1, 201, lambda: repeat(run)),
    ]


def _reading(name: str, request: bytes) -> Case:
    return Case(name, READERS, 200, lambda: repeat(request))
