"""Writes down every statement that an installation sends, and which of the product's functions were at work."""

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, cast
from unittest.mock import patch

from sqlalchemy import Engine, event

import funnelproof
from funnelproof.storage.database import Transaction

SOURCE = Path(funnelproof.__file__).parent
METHODS = {"execute", "one", "all"}
FUNCTIONS = {"insert_new", "add_up", "add_up_returning", "rows_of"}
FUNCTIONS |= {"insert_rows", "insert_new_rows", "add_rows", "add_rows_returning", "change_rows", "rows_among"}


@dataclass(frozen=True)
class Sent:
    sql: str
    places: frozenset[str]


@dataclass
class Recorder:
    """`statements`: each text once for each set of functions (`access/store.py:roles_of`) that stood above it."""

    statements: set[Sent] = field(default_factory=set)

    def note(self, sql: str) -> None:
        self.statements.add(Sent(sql, frozenset(_places(sys._getframe(1)))))

    @property
    def places(self) -> set[str]:
        return {place for sent in self.statements for place in sent.places}


class NotedCursor:
    """The driver's cursor, beside which nothing of SQLAlchemy hears what is sent."""

    def __init__(self, cursor: Any, note: Callable[[str], None]) -> None:
        self._cursor, self._note = cursor, note

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._cursor, name)
        if name not in {"execute", "executemany"}:
            return found

        def noted(sql: str, *values: Any) -> Any:
            self._note(sql)
            return found(sql, *values)

        return noted


@contextmanager
def recording() -> Iterator[Recorder]:
    recorder = Recorder()

    def note(_connection: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        recorder.note(sql)

    # Of every engine: an installation may have more of them than those it shows.
    event.listen(Engine, "before_cursor_execute", note)
    driver_cursor = cast("property", Transaction.cursor).fget
    assert driver_cursor is not None
    noting = property(lambda tx: NotedCursor(driver_cursor(tx), recorder.note))
    with patch.object(Transaction, "cursor", noting):
        yield recorder
    event.remove(Engine, "before_cursor_execute", note)


def _places(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(str(SOURCE)):
            yield f"{_relative(file)}:{frame.f_code.co_qualname}"
        frame = frame.f_back


@cache
def _relative(file: str) -> str:
    return Path(file).relative_to(SOURCE).as_posix()


def functions_that_ask() -> set[str]:
    """Every function of the features that hands a statement to storage, by file and name."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        place = _relative(str(path))
        if not place.startswith(("storage/", "cli/")):
            found |= {f"{place}:{name}" for name in _asking(ast.parse(path.read_text()))}
    return found


def _asking(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any(_asks(call) for call in ast.walk(node)):
            yield node.name


def _asks(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):
        return node.func.attr in METHODS and isinstance(node.func.value, ast.Name) and node.func.value.id == "tx"
    return isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS
