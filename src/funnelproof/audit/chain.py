"""Giving lines their place in the chain, and finding out whether anybody has touched it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from funnelproof.audit import store
from funnelproof.audit.line import FIRST, Line, hash_of
from funnelproof.storage.database import Transaction


def chain_new(tx: Transaction) -> int:
    """A slice of new lines; how many were chained. One process does it at a time, under the job's lease."""
    found = store.unchained(tx)
    heads: dict[str, tuple[int, str]] = {}
    for line in found:
        seq, before = heads.get(line.handle) or _head(tx, line.handle)
        placed = replace(line, seq=seq + 1)
        chained = replace(placed, hash=hash_of(placed, before))
        store.chain(tx, chained)
        heads[line.handle] = (seq + 1, chained.hash or "")
    return len(found)


def _head(tx: Transaction, handle: str) -> tuple[int, str]:
    last = store.last_of(tx, handle)
    return (last.seq or 0, last.hash or FIRST) if last else (0, FIRST)


@dataclass(frozen=True, slots=True)
class Verified:
    """`head` is the last hash that held: note it elsewhere, and a chain that was cut short is found as well."""

    handle: str
    lines: int
    head: str
    faults: tuple[str, ...]


def verify(tx: Transaction, handle: str, head: str | None = None) -> Verified:
    """Read a chain from its beginning. `head` is a hash that must be in it."""
    faults: list[str] = []
    before, lines, met = FIRST, 0, head in (None, FIRST)
    for line, expected in _with_expected(store.in_order(tx, handle)):
        if line.seq != expected:
            faults.append(f"lines {expected} to {(line.seq or 0) - 1} are gone")
        if hash_of(line, before) != line.hash:
            faults.append(f"line {line.seq} ({line.line_id}) or the one before it was changed")
        before, lines, met = line.hash or "", lines + 1, met or line.hash == head
    if not met:
        faults.append(f"the chain does not hold {head}: lines at its end are gone, or it is another chain")
    return Verified(handle, lines, before, tuple(faults))


def _with_expected(lines: Iterator[Line]) -> Iterator[tuple[Line, int]]:
    expected = 1
    for line in lines:
        yield line, expected
        expected = (line.seq or 0) + 1
