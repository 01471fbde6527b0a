"""Rows as CSV to copy; a spreadsheet must not take a text for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

FORMULAS = ("=", "@", "+", "-", "\t", "\r")


def csv_of(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n")
    write.writerow(columns)
    write.writerows([_plain(value) for value in row] for row in rows)
    return out.getvalue().rstrip("\n")


def _plain(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value
