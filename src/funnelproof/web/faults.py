"""From what pydantic finds wrong to our faults: a JSON Pointer, a code of a short list, a sentence that helps."""

from collections.abc import Mapping, Sequence
from typing import Any

from funnelproof.errors import Fault
from funnelproof.web.strict_json import escaped

CODES: Mapping[str, str] = {
    "extra_forbidden": "unknown_field",
    "missing": "required",
    "string_pattern_mismatch": "wrong_pattern",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "enum": "not_one_of",
    "literal_error": "not_one_of",
}
SENTENCES: Mapping[str, str] = {
    "extra_forbidden": "is not known here; check its spelling, or leave it out.",
    "missing": "is required.",
    "string_pattern_mismatch": "must match {pattern}.",
    "enum": "must be one of {expected}.",
    "literal_error": "must be one of {expected}.",
    "model_attributes_type": "must be a JSON object.",
    "model_type": "must be a JSON object.",
    "dict_type": "must be a JSON object.",
    "list_type": "must be a JSON array.",
}


def faults_of(errors: Sequence[Mapping[str, Any]], body: object) -> list[Fault]:
    """All that FastAPI found wrong with one request; `body` is what was sent, as parsed."""
    return list(dict.fromkeys(_fault(error, body) for error in errors))


def _fault(error: Mapping[str, Any], body: object) -> Fault:
    source, *path = error["loc"]
    names = _in_body(path, body) if source == "body" else [source, *path]
    pointer = "".join(f"/{escaped(str(name))}" for name in names)
    return Fault(pointer, _code(error["type"]), _sentence(error))


def _in_body(path: Sequence[str | int], body: object) -> list[str | int]:
    """The path without what pydantic adds to it: the tags of unions, which lead nowhere in the body."""
    names: list[str | int] = []
    for part in path:
        if isinstance(body, dict) and (part in body or part == path[-1]):
            body = body.get(part)
        elif isinstance(body, list) and isinstance(part, int):
            body = body[part] if part < len(body) else None
        else:
            continue
        names.append(part)
    return names


def _code(kind: str) -> str:
    if kind in CODES:
        return CODES[kind]
    return "wrong_type" if kind.endswith(("_type", "_parsing")) else kind


def _sentence(error: Mapping[str, Any]) -> str:
    if error["type"] in SENTENCES:
        return SENTENCES[error["type"]].format_map(_Context(error.get("ctx") or {}))
    text: str = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return text if text.endswith(".") else f"{text}."


class _Context(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return name
