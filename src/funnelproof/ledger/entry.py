"""One write as it is asked: by whom, of what, under which key; and what of it may be kept."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from funnelproof.clock import DAY, MINUTE, Micros
from funnelproof.errors import Problem, invalid

LIFE: Micros = DAY
LEASE: Micros = MINUTE
"""How long a request that was begun may take before it counts as lost."""
KEY = re.compile(r"[\x20-\x7e]{1,255}")
SECRETS = frozenset(
    {"password", "token", "secret", "accessToken", "refreshToken", "runToken", "newPassword", "chatUrl"}
)
MOST_ASKED = 4096
MOST_KEPT = 256 * 1024


class KeyReused(Problem):
    """This Idempotency-Key was used for another request. Send the first request unchanged, or take a new key."""

    kind, code, title = "unprocessable", "idempotency_key_reused", "The idempotency key is taken"


class InProgress(Problem):
    """The first request with this Idempotency-Key is still under way. Ask again in a second."""

    kind, code, title = "conflict", "request_in_progress", "The request is under way"
    retry_after_seconds = 1


class AnswerLost(Problem):
    """The first request was carried out, and its answer was lost with the process that made it. Read what stands."""

    kind, code, title = "conflict", "answer_lost", "Done, but the answer is lost"


class QuotaExceeded(Problem):
    """This handle has used up its writes of the day. They begin anew at midnight in its time zone."""

    kind, code, title = "limited", "quota_exceeded", "The day's writes are used up"
    retry_after_seconds = 3600


@dataclass(frozen=True, slots=True)
class Kept:
    """`status` None: begun, not answered yet."""

    digest: str
    request_id: str
    started_at: Micros
    status: int | None = None
    body: str | None = None
    location: str | None = None


@dataclass(slots=True)
class Entry:
    """`handle` is empty for what no handle has yet. `usage` is (used, limit, seconds until midnight), once counted."""

    handle: str
    caller: str
    method: str
    route: str
    path: str
    objects: Mapping[str, str]
    asked: Any
    request_id: str
    at: Micros
    key_hash: str | None = None
    digest: str = ""
    usage: tuple[int, int, int] | None = None
    is_written: bool = field(default=False)


def key_in(value: str | None) -> str | None:
    """An Idempotency-Key, quoted or bare."""
    if value is None:
        return None
    key = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    if not KEY.fullmatch(key):
        raise invalid("idempotencyKey", "the header Idempotency-Key takes 1 to 255 printable ASCII characters.")
    return key


def hash_of(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def digest_of(query: bytes, body: bytes) -> str:
    """The same request is the same query and the same JSON, however it is spaced."""
    try:
        told = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")) if body else ""
    except (ValueError, RecursionError):
        told = body.hex()
    return hash_of(query.decode("latin-1"), told)


def asked_in(body: bytes) -> Any:
    """What was asked, without secrets; of a long body only its names."""
    try:
        told = redacted(json.loads(body)) if body else None
    except (ValueError, RecursionError):
        return None
    if len(json.dumps(told)) <= MOST_ASKED:
        return told
    return {"names": sorted(told)[:100]} if isinstance(told, dict) else {"characters": len(body)}


def redacted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: None if name in SECRETS else redacted(own) for name, own in value.items()}
    return [redacted(own) for own in value] if isinstance(value, list) else value


def without_secrets(body: bytes) -> str:
    """An answer as it may be kept: what was shown once is not shown again."""
    try:
        told = json.loads(body) if body else None
    except ValueError:
        return ""
    if isinstance(told, dict) and any(name in SECRETS for name in told):
        told = {**redacted(told), "secretShownOnce": True}
    return "" if told is None else json.dumps(told, separators=(",", ":"), ensure_ascii=False)
