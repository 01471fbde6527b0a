"""Rows as text: CSV that no spreadsheet takes for formulas, and NDJSON, a JSON object a line."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from funnelproof.clock import iso
from funnelproof.exports.columns import Field, Kind, Values

FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
"""A cell that begins with one of these may be run by a spreadsheet when the file is opened (CWE-1236)."""
Write = Callable[[bytes], object]
Cell = Callable[[Any], Any]


def write_csv(write: Write, fields: Sequence[Field], groups: Iterable[list[Values]]) -> Iterator[int]:
    """RFC 4180, UTF-8, with a header. Yields how many rows each group had, once they are written."""
    write(_lines([[field.name for field in fields]]))
    for group in groups:
        write(_lines(_told(group, fields, _CSV)))
        yield len(group)


def write_ndjson(write: Write, fields: Sequence[Field], groups: Iterable[list[Values]]) -> Iterator[int]:
    names = [field.name for field in fields]
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for group in groups:
        lines = [encode(dict(zip(names, row, strict=True))) for row in _told(group, fields, _NDJSON)]
        write("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
        yield len(group)


def _told(group: list[Values], fields: Sequence[Field], cells: Mapping[Kind, Cell]) -> Iterator[list[Any]]:
    """Most values are written as they are; what is not there stays None."""
    changed = [(at, cells[field.kind]) for at, field in enumerate(fields) if field.kind in cells]
    for row in group:
        told = list(row)
        for at, cell in changed:
            if told[at] is not None:
                told[at] = cell(told[at])
        yield told


def guarded(text: str) -> str:
    """What begins like a formula gets an apostrophe in front, which spreadsheets do not show."""
    return f"'{text}" if text[:1] in FORMULA else text


def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """A character that has no UTF-8 of its own, half of a pair, becomes a question mark."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


_CSV: dict[Kind, Cell] = {
    Kind.FOREIGN: guarded,
    Kind.MOMENT: iso,
    Kind.FLAG: lambda value: str(bool(value)).lower(),
    Kind.JSON: lambda value: json.dumps(value, sort_keys=True, ensure_ascii=False),
}
_NDJSON: dict[Kind, Cell] = {Kind.MOMENT: iso}
