"""How a problem looks on the wire: RFC 9457, with the flat fields that clients of this API family expect."""

import json
from collections.abc import Mapping

from funnelproof.errors import Fault, Problem

MEDIA_TYPE = "application/problem+json"
DOCS = "/docs/errors/"

STATUSES: Mapping[str, int] = {
    "invalid": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "absent": 404,
    "method_not_allowed": 405,
    "timeout": 408,
    "conflict": 409,
    "gone": 410,
    "precondition_failed": 412,
    "too_large": 413,
    "unsupported_media_type": 415,
    "unprocessable": 422,
    "precondition_required": 428,
    "limited": 429,
    "internal": 500,
    "unavailable": 503,
}
RETRYABLE = {408, 429, 503}


class InternalError(Problem):
    """Something broke here, and it is our fault. Tell support the request id; it leads to the log line."""

    kind, code, title = "internal", "internal_error", "An internal error"


class NoSuchMethod(Problem):
    """This address exists and does not take this method."""

    kind, code, title = "method_not_allowed", "method_not_allowed", "Method not allowed"


class SlowBody(Problem):
    """The body did not arrive within 30 seconds. Send the request again."""

    kind, code, title = "timeout", "body_timeout", "The body came too slowly"


class TooLarge(Problem):
    """The body is larger than this route takes."""

    kind, code, title = "too_large", "payload_too_large", "The body is too large"


class BrokenBody(Problem):
    """The body broke off, or its chunks were malformed. Send the request again, whole."""

    title = "The body is broken"


class WrongMediaType(Problem):
    """This route takes application/json."""

    kind, code, title = "unsupported_media_type", "unsupported_media_type", "The content type is not supported"


def status_of(problem: Problem) -> int:
    return STATUSES[problem.kind]


def document(problem: Problem, *, request_id: str, instance: str) -> dict[str, object]:
    status = status_of(problem)
    return {
        **problem.extra,
        "type": DOCS + problem.code,
        "title": problem.title,
        "status": status,
        "detail": problem.detail,
        "instance": instance,
        "error": problem.code,
        "message": problem.detail,
        "requestId": request_id,
        "retryable": status in RETRYABLE or bool(problem.retry_after_seconds),
        "errors": [_fault(fault) for fault in problem.faults],
    }


def headers_of(problem: Problem) -> list[tuple[str, str]]:
    headers = [("Cache-Control", "no-store")]
    if problem.retry_after_seconds is not None:
        headers.append(("Retry-After", str(problem.retry_after_seconds)))
    if problem.kind == "unauthenticated":
        headers.append(("WWW-Authenticate", "Bearer"))
    if isinstance(allowed := problem.extra.get("allow"), list):
        headers.append(("Allow", ", ".join(allowed)))
    return headers


def body_of(problem: Problem, *, request_id: str, instance: str) -> bytes:
    text = json.dumps(document(problem, request_id=request_id, instance=instance), ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace")


def _fault(fault: Fault) -> dict[str, str]:
    return {"pointer": fault.pointer, "code": fault.code, "detail": fault.detail}
