"""Writes down every statement that an installation sends, and which of the product's functions were at work."""

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import event

import funnelproof
from funnelproof.storage.database import Database

SOURCE = Path(funnelproof.__file__).parent
METHODS = {"execute", "one", "all"}
FUNCTIONS = {"insert_new", "add_up", "add_up_returning", "rows_of"}


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


@contextmanager
def recording(database: Database) -> Iterator[Recorder]:
    recorder = Recorder()

    def note(_connection: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        recorder.note(sql)

    engines = (database.engines.reading, database.engines.writing)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield recorder
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


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
