"""What JSON we take: UTF-8, no name twice, 256 names in an object, 32 levels, no NaN, no NUL, numbers of 64 bits.

All is checked in linear time.
"""

import json
import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

from funnelproof.errors import Fault, Invalid, invalid_payload

MAX_DEPTH = 32
MAX_NAMES = 256
"""Far more than any object of ours has: telling of each of 80,000 that it is unknown took seconds of everybody's."""
WHOLE_LIMIT = 2**63
STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
BRACKETS = bytes.maketrans(b"{}", b"[]")
NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
ESCAPED_TROUBLE = re.compile(rb"\\u(?:0000|[dD][89abABcCdDeEfF])")
BAD_CHARACTER = re.compile("[\0\ud800-\udfff]")


class _Refused(Exception):  # noqa: N818 - it becomes a fault
    """A reason, said by one of the hooks that the parser calls."""


def check(body: bytes) -> None:
    """Refuse a body that is not JSON we take. Raises `Invalid` with one fault that says where and why."""
    read(body)


def read(body: bytes, *, number: Callable[[str], Any] | None = None) -> Any:
    """What a body says, checked and parsed in one go. `number` makes what a number becomes, from its text."""
    text = _decoded(body)
    if _is_too_deep(body):
        raise _invalid("too_deep", f"is nested deeper than {MAX_DEPTH} levels; flatten it.")
    parsed = _parsed(text, number)
    if b"\\u" in body and ESCAPED_TROUBLE.search(body):
        _refuse_bad_characters(parsed, "")
    return parsed


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid("not_utf8", f"is not UTF-8 (byte {error.start}); encode it as UTF-8.") from None


def _is_too_deep(body: bytes) -> bool:
    """Each round takes away the innermost pairs of brackets: a pair left after 32 rounds is deeper than that."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    left = STRING.sub(b"", body).translate(BRACKETS, NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        left = left.replace(b"[]", b"")
    return b"[]" in left or left.count(b"[") > MAX_DEPTH


def _parsed(text: str, number: Callable[[str], Any] | None) -> Any:
    try:
        return _decoder(number).decode(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _invalid("not_json", f"is not valid JSON at {where}: {error.msg}.") from None
    except _Refused as refused:
        raise _invalid("not_json", str(refused)) from None


@cache
def _decoder(number: Callable[[str], Any] | None) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_object,
        parse_constant=_no_constant,
        parse_float=_kept_as(number, _finite) if number else _finite,
        parse_int=_kept_as(number, _whole) if number else _whole,
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_NAMES:
        raise _Refused(f"has an object with more than {MAX_NAMES} names; send fewer.")
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _Refused(f"names {twice[:40]!r} twice in one object; send it once.")
    return made


def _no_constant(name: str) -> NoReturn:
    raise _Refused(f"holds {name}, which JSON does not know; send a number, or leave the field out.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _Refused(f"holds the number {text[:20]}, which is too large.")
    return number


def _whole(text: str) -> int:
    if len(text) > 20 or not -WHOLE_LIMIT <= int(text) < WHOLE_LIMIT:
        raise _Refused(f"holds the number {text[:20]}…, which is beyond 64 bits.")
    return int(text)


def _kept_as(number: Callable[[str], Any], check_number: Callable[[str], Any]) -> Callable[[str], Any]:
    def keep(text: str) -> Any:
        check_number(text)
        return number(text)

    return keep


def _refuse_bad_characters(value: Any, pointer: str) -> None:
    if isinstance(value, str) and (found := BAD_CHARACTER.search(value)):
        raise _invalid(
            "bad_character", f"holds the character U+{ord(found[0]):04X}, which no text has; remove it.", pointer
        )
    if isinstance(value, dict):
        for name, member in value.items():
            _refuse_bad_characters(name, pointer)
            _refuse_bad_characters(member, f"{pointer}/{escaped(name)}")
    elif isinstance(value, list):
        for position, item in enumerate(value):
            _refuse_bad_characters(item, f"{pointer}/{position}")


def escaped(name: str) -> str:
    """A member's name as a part of a JSON Pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _invalid(code: str, detail: str, pointer: str = "") -> Invalid:
    return invalid_payload([Fault(pointer, code, detail)])
