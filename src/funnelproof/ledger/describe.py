"""What the OpenAPI document says of writes: the header for safe retries, and the refusals that go with it."""

from typing import Any

from funnelproof.access.audience import TABLE, Who
from funnelproof.ledger.entry import AnswerLost, InProgress, KeyReused, QuotaExceeded
from funnelproof.web.openapi import add_refusal
from funnelproof.web.problems import STATUSES

ROOTS = ("/v2/handles", "/v2/public/handles")
BY_NOBODY = frozenset({Who.ANYONE, Who.TOKEN_OR_NOBODY})
KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again with the same key within a day, the request is answered as the first time.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 257},
}


def describe(method: str, path: str, operation: dict[str, Any]) -> None:
    match = TABLE.find(path)
    rule = match.rules.get(method) if match else None
    if rule is None or method in ("GET", "HEAD", "OPTIONS") or not path.startswith(ROOTS) or rule.who in BY_NOBODY:
        return
    problems: list[Any] = [QuotaExceeded] if "{handle}" in path else []
    if method == "POST":
        operation.setdefault("parameters", []).append(KEY)
        problems += [KeyReused, InProgress, AnswerLost]
    for problem in problems:
        add_refusal(operation["responses"], STATUSES[problem.kind], problem.code, problem.__doc__ or "")
