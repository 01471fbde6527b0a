"""One line of the audit, and how lines are chained: each hash covers the line and the hash before it."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import rfc8785

from funnelproof.clock import Micros

FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Line:
    """Who asked for what, and when. `seq` and `hash` are given a moment later, in the order of the chain."""

    handle: str
    line_id: str
    at: Micros
    actor: str
    method: str
    route: str
    objects: Any
    asked: Any
    request_id: str
    seq: int | None = None
    hash: str | None = None


def hash_of(line: Line, before: str) -> str:
    """SHA-256 (hex) over the RFC 8785 JSON of the line and of the hash before it."""
    told = {
        "before": before,
        "handle": line.handle,
        "lineId": line.line_id,
        "at": str(line.at),
        "actor": line.actor,
        "method": line.method,
        "route": line.route,
        "objects": line.objects,
        "asked": text_of(line.asked),
        "requestId": line.request_id,
        "seq": line.seq,
    }
    return hashlib.sha256(rfc8785.dumps(told)).hexdigest()


def text_of(value: Any) -> str:
    """As text: what was asked may hold numbers that canonical JSON does not take."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
