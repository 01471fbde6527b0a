"""Patterns that people write. Matched by an engine whose time grows with the text alone, whatever the pattern."""

from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, ValidationError
from pydantic_core.core_schema import str_schema


class BadPattern(ValueError):  # noqa: N818 - what it is about
    """The pattern cannot be used; the text says why."""


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text fits. Raises `BadPattern`."""
    try:
        _compiled(pattern).validate_python(text)
    except ValidationError:
        return False
    return True


def check_pattern(pattern: str) -> None:
    """Raises `BadPattern`."""
    _compiled(pattern)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> SchemaValidator:
    """Tried alone first: what is only sound between our brackets would mean something else there."""
    _compile(pattern)
    return _compile(f"^(?:{pattern})$")


def _compile(pattern: str) -> SchemaValidator:
    try:
        return SchemaValidator(str_schema(pattern=pattern, regex_engine="rust-regex", strict=True))
    except SchemaError as error:
        raise BadPattern(_reason(str(error))) from None


def _reason(text: str) -> str:
    if "size limit" in text:
        return "repeats too much; write it shorter"
    reason = next((line for line in text.splitlines() if line.startswith("error: ")), "error: is not a pattern")
    return reason.removeprefix("error: ").partition(" [type=")[0]
