"""Rows of `requests`."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select

from funnelproof.clock import Micros
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import requests
from funnelproof.traces.trace import Trace

SLICE = 500


def add(tx: Transaction, traces: Sequence[Trace]) -> None:
    if traces:
        tx.execute(insert(requests), [{name: getattr(trace, name) for name in Trace.__slots__} for trace in traces])


def find(tx: Transaction, handle: str, request_id: str, *, caller: str | None = None) -> list[Trace]:
    """Newest first: whoever names a request may give several one name. `caller` confines to somebody's own."""
    where = [requests.c.handle == handle, requests.c.request_id == request_id]
    if caller is not None:
        where.append(requests.c.caller == caller)
    return [
        _trace(row) for row in tx.all(select(requests).where(*where).order_by(requests.c.trace_id.desc()).limit(20))
    ]


def forget(tx: Transaction, handle: str, before: Micros) -> int:
    """A slice of what is too old; how much went."""
    old = select(requests.c.trace_id).where(requests.c.handle == handle, requests.c.at < before).limit(SLICE)
    return tx.execute(delete(requests).where(requests.c.handle == handle, requests.c.trace_id.in_(old))).rowcount


def _trace(row: Row) -> Trace:
    return Trace(**{name: row[name] for name in Trace.__slots__})
