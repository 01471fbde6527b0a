"""Reads a statement as far as it must be read to see whether it stays on one shard: which tables, held to which handle.

A table is held if the WHERE or ON of its own query says `handle = ?` of it (or `IN` of one value), or that its handle
is that of a table which is held; an INSERT is, if it names the column. What stands under OR or NOT holds nothing.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|%\(\w+\)s|%s|:?\w+|[<>!=]+|\|\||[^\s\w]")
Part = "str | list[Part]"
JOINS = {"JOIN", "LEFT", "INNER", "OUTER", "CROSS", "NATURAL", "RIGHT", "FULL"}
ENDS = {"GROUP", "ORDER", "LIMIT", "OFFSET", "RETURNING", "FOR", "HAVING", "WINDOW", "UNION", "EXCEPT", "INTERSECT"}
CLAUSES = JOINS | ENDS | {"INDEXED", "WHERE", "ON", "SET", "VALUES", "SELECT", "FROM", "USING"}
SETS = {"UNION", "EXCEPT", "INTERSECT"}
VALUE = re.compile(r"\?|:\w+|%\(\w+\)s|%s|'.*'|\d+")
PINNED = "a value"


def nested(sql: str) -> list[Part]:
    """Words and signs; what stands in parentheses is a list of its own."""
    stack: list[list[Part]] = [[]]
    for token in TOKEN.findall(sql):
        if token == "(":
            stack.append([])
        elif token == ")":
            inner = stack.pop()
            stack[-1].append(inner)
        else:
            stack[-1].append(token.strip('"') if token.startswith('"') else token)
    assert len(stack) == 1, sql
    return stack[0]


def word(part: Part) -> str:
    return part.upper() if isinstance(part, str) else ""


@dataclass
class Scope:
    """One SELECT, UPDATE, DELETE or INSERT: its tables by alias, and which names have the same handle."""

    tables: dict[str, str] = field(default_factory=dict)
    same: list[tuple[str, str]] = field(default_factory=list)

    def held(self, outside: Collection[str]) -> set[str]:
        known = {PINNED, *outside}
        for _ in range(len(self.same) + 1):
            for one, other in self.same:
                if one in known or other in known:
                    known |= {one, other}
        return known


def crossing(sql: str, tenants: Collection[str]) -> set[str]:
    """The tenants' tables that a statement touches without saying of which handle."""
    return set(_crossing(nested(sql), tenants, outside=set()))


def _crossing(parts: Sequence[Part], tenants: Collection[str], outside: set[str]) -> Iterator[str]:
    for query in _queries(parts):
        scope = read(query)
        held = scope.held(outside)
        yield from (table for alias, table in scope.tables.items() if table in tenants and alias not in held)
        for part in query:
            if isinstance(part, list):
                yield from _crossing(part, tenants, held)


def _queries(parts: Sequence[Part]) -> Iterator[list[Part]]:
    query: list[Part] = []
    for part in parts:
        if word(part) in SETS:
            yield query
            query = []
        elif word(part) != "ALL":
            query.append(part)
    yield query


def read(query: Sequence[Part]) -> Scope:
    scope = Scope()
    at, in_from = 0, False
    while at < len(query):
        here = word(query[at])
        if here in {"FROM", "JOIN", "UPDATE", "INTO"} and _names_a_table(query, at):
            at = _note_table(scope, query, at + 1, inserted=here == "INTO")
            in_from = here == "FROM"
        elif here == "," and in_from:
            at = _note_table(scope, query, at + 1, inserted=False)
        elif here in {"WHERE", "ON"} and word(query[at + 1]) != "CONFLICT":
            end = _end_of_clause(query, at + 1)
            scope.same += _equalities(query[at + 1 : end], scope)
            at, in_from = end, False
        else:
            in_from = in_from and here not in ENDS | {"WHERE", "SET"}
            at += 1
    return scope


def _names_a_table(query: Sequence[Part], at: int) -> bool:
    """Not so: DO UPDATE SET, FOR UPDATE, IS DISTINCT FROM."""
    if at + 1 == len(query) or word(query[at + 1]) == "SET":
        return False
    return at == 0 or word(query[at - 1]) not in {"FOR", "DISTINCT"}


def _note_table(scope: Scope, query: Sequence[Part], at: int, *, inserted: bool) -> int:
    table = query[at]
    at += 1
    if not isinstance(table, str):
        return at
    alias = table
    if at < len(query) and word(query[at]) == "AS":
        at += 1
    named = at < len(query) and re.fullmatch(r"\w+", word(query[at])) is not None
    if named and word(query[at]) not in CLAUSES | {"DEFAULT"}:
        alias, at = str(query[at]), at + 1
    scope.tables[alias] = table
    if inserted and at < len(query) and isinstance(query[at], list) and "handle" in query[at]:
        scope.same.append((alias, PINNED))
    return at


def _end_of_clause(query: Sequence[Part], at: int) -> int:
    while at < len(query) and (word(query[at]) not in CLAUSES | {","} or word(query[at - 1]) == "DISTINCT"):
        at += 1
    return at


def _equalities(condition: Sequence[Part], scope: Scope) -> Iterator[tuple[str, str]]:
    if any(word(part) in {"OR", "CASE"} for part in condition):
        return
    for clause in _split(condition, "AND"):
        if clause and word(clause[0]) == "NOT":
            continue
        if len(clause) == 1 and isinstance(clause[0], list):
            yield from _equalities(clause[0], scope)
        elif (found := _equality(clause, scope)) is not None:
            yield found


def _split(parts: Sequence[Part], by: str) -> Iterator[list[Part]]:
    clause: list[Part] = []
    for part in parts:
        if word(part) == by:
            yield clause
            clause = []
        else:
            clause.append(part)
    yield clause


def _equality(clause: Sequence[Part], scope: Scope) -> tuple[str, str] | None:
    operator = next((at for at, part in enumerate(clause) if word(part) in {"=", "IN"}), None)
    if operator is None:
        return None
    left, right = clause[:operator], clause[operator + 1 :]
    if word(clause[operator]) == "IN":
        right = right[0] if len(right) == 1 and isinstance(right[0], list) else []
    names = [_handle_of(side, scope) for side in (left, right)]
    return None if None in names else (str(names[0]), str(names[1]))


def _handle_of(side: Sequence[Part], scope: Scope) -> str | None:
    """The alias whose handle this is, or that it is a value."""
    words = [part for part in side if isinstance(part, str)]
    if len(words) != len(side):
        return None
    if len(words) == 3 and words[1] == "." and words[2] == "handle":
        return words[0]
    if words == ["handle"] and len(scope.tables) == 1:
        return next(iter(scope.tables))
    if "," in words:
        return None
    if "::" in "".join(words):
        words = words[:1]
    return PINNED if len(words) == 1 and VALUE.fullmatch(words[0]) else None
