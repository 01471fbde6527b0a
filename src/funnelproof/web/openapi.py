"""What FastAPI's OpenAPI document lacks: our problem answers, the ways to sign in, the routes that others answer."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from funnelproof.errors import Invalid, Problem, Unavailable
from funnelproof.web.problems import MEDIA_TYPE, STATUSES, InternalError, SlowBody, TooLarge, WrongMediaType

Operation = dict[str, Any]
Describe = Callable[[str, str, Operation], None]
"""`describe(method, path, operation)` adds to one operation what a feature above knows of it."""

METHODS = ("get", "put", "post", "delete", "patch", "options", "head")
REQUEST_ID = "req_019ab2f0c1d27e4f8a3b5c6d7e8f9a0b"
TEXT: Mapping[str, str] = {"type": "string"}

PROBLEM: Mapping[str, Any] = {
    "type": "object",
    "description": "RFC 9457, with flat fields. `error` is a frozen code; its page is at `type`.",
    "required": [
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "error",
        "message",
        "requestId",
        "retryable",
        "errors",
    ],
    "properties": {
        "type": {"type": "string", "examples": ["/docs/errors/invalid_slug"]},
        "title": TEXT,
        "status": {"type": "integer", "examples": [400]},
        "detail": TEXT,
        "instance": {"type": "string", "description": "The path of the request."},
        "error": {"type": "string", "examples": ["invalid_slug"]},
        "message": {"type": "string", "description": "The same as `detail`."},
        "requestId": {"type": "string", "examples": [REQUEST_ID]},
        "retryable": {"type": "boolean", "description": "Whether the same request may succeed later."},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
    },
}
FAULT: Mapping[str, Any] = {
    "type": "object",
    "required": ["pointer", "code", "detail"],
    "properties": {
        "pointer": {"type": "string", "description": "JSON Pointer (RFC 6901).", "examples": ["/variants/0/weight"]},
        "code": TEXT,
        "detail": TEXT,
    },
}
PROBLEM_CONTENT: Mapping[str, Any] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
PREFLIGHT_ANSWER: Mapping[str, Any] = {
    "description": "Any origin, without credentials; good for a day.",
    "headers": {
        name: {"schema": TEXT}
        for name in (
            "Access-Control-Allow-Origin",
            "Access-Control-Allow-Methods",
            "Access-Control-Allow-Headers",
            "Access-Control-Max-Age",
        )
    },
}
SECURITY_SCHEMES: Mapping[str, Any] = {
    "person": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A person, signed in."},
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "patv1_<tokenId>.<secret>",
        "description": "A token of one handle, with scopes.",
    },
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Api-Key",
        "description": "The same token in another header.",
    },
}


def preflight(tag: str, operation_id: str) -> Operation:
    """The OPTIONS of a route that pages of other origins may call."""
    return {
        "tags": [tag],
        "operationId": operation_id,
        "summary": "Ask whether a page of another origin may call",
        "responses": {"204": dict(PREFLIGHT_ANSWER)},
    }


def refusals(*problems: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses=`: the problems that only this route knows."""
    answers: dict[int | str, dict[str, Any]] = {}
    for problem in problems:
        add_refusal(answers, STATUSES[problem.kind], problem.code, problem.__doc__ or "")
    return answers


def add_refusal(answers: dict[Any, Any], status: int, code: str, sentence: str) -> None:
    """Say that an operation may answer this; codes of one status share an entry."""
    said = f"`{code}`: {' '.join(sentence.split())}"
    present = answers.setdefault(str(status), {"description": "", "content": PROBLEM_CONTENT})
    if f"`{code}`" not in present["description"]:
        present["description"] = f"{present['description']} {said}".strip()


def complete(
    document: dict[str, Any], extra_paths: Mapping[str, Any], describers: Iterable[Describe]
) -> dict[str, Any]:
    """Add to FastAPI's document, in place, and hand it back."""
    for path, item in extra_paths.items():
        document["paths"].setdefault(path, {}).update(item)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= {"Problem": PROBLEM, "Fault": FAULT}
    components["securitySchemes"] = SECURITY_SCHEMES
    for method, path, operation in operations(document):
        if method != "OPTIONS":
            _describe(operation)
        for describe in describers:
            describe(method, path, operation)
        operation["responses"] = dict(sorted(operation["responses"].items()))
    return document


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    """(method in capitals, path template, operation) of a whole document."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def _describe(operation: Operation) -> None:
    answers = operation.setdefault("responses", {})
    if "HTTPValidationError" in str(answers.get("422")):
        del answers["422"]
    if "requestBody" in operation:
        add_refusal(answers, 408, SlowBody.code, SlowBody.__doc__ or "")
        add_refusal(answers, 413, TooLarge.code, TooLarge.__doc__ or "")
    if "application/json" in operation.get("requestBody", {}).get("content", ()):
        add_refusal(answers, 415, WrongMediaType.code, WrongMediaType.__doc__ or "")
    if "requestBody" in operation or operation.get("parameters"):
        add_refusal(answers, 400, Invalid.code, f"{Invalid.__doc__} `errors` lists all that is wrong.")
    add_refusal(answers, 500, InternalError.code, InternalError.__doc__ or "")
    add_refusal(answers, 503, Unavailable.code, Unavailable.__doc__ or "")
