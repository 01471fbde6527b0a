"""Rows as text: CSV that no spreadsheet takes for formulas, and NDJSON, a JSON object a line."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from funnelproof.clock import iso_or_none
from funnelproof.exports.columns import Field, Kind, Values

FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
"""A cell that begins with one of these may be run by a spreadsheet when the file is opened (CWE-1236)."""
Write = Callable[[bytes], object]
Cell = Callable[[Any], Any]


def write_csv(write: Write, fields: Sequence[Field], groups: Iterable[list[Values]]) -> Iterator[int]:
    """RFC 4180, UTF-8, with a header. Yields how many rows each group had, once they are written."""
    cells = [_CSV[field.kind] for field in fields]
    write(_lines([[field.name for field in fields]]))
    for group in groups:
        write(_lines([[cell(value) for cell, value in zip(cells, row, strict=True)] for row in group]))
        yield len(group)


def write_ndjson(write: Write, fields: Sequence[Field], groups: Iterable[list[Values]]) -> Iterator[int]:
    names = [field.name for field in fields]
    moments = [at for at, field in enumerate(fields) if field.kind is Kind.MOMENT]
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for group in groups:
        lines = []
        for row in group:
            told = list(row)
            for at in moments:
                told[at] = iso_or_none(told[at])
            lines.append(encode(dict(zip(names, told, strict=True))))
        write("".join(f"{line}\n" for line in lines).encode())
        yield len(group)


def guarded(text: str | None) -> str:
    """What begins like a formula gets an apostrophe in front, which spreadsheets do not show."""
    if not text:
        return ""
    return f"'{text}" if text[0] in FORMULA else text


def _json(value: object) -> str:
    return "" if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _flag(value: bool | None) -> str:  # noqa: FBT001 - one cell
    return "" if value is None else str(bool(value)).lower()


def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """A character that has no UTF-8 of its own, half of a pair, becomes a question mark."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


_CSV: dict[Kind, Cell] = {
    Kind.TEXT: guarded,
    Kind.WHOLE: lambda value: value,
    Kind.MOMENT: lambda value: iso_or_none(value) or "",
    Kind.FLAG: _flag,
    Kind.AMOUNT: lambda value: value or "",
    Kind.JSON: _json,
}
