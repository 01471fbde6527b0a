"""A page's document as a form: what its JSON Schema asks for becomes fields and groups, and back. Knows no HTML."""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from funnelproof.dashboard import pointers

LEFT_TO_JSON = ("variants", "words", "order")
"""A merge patch, the page's own few words, another order of sections: rare, and clearer as they are."""
LONG = 300
YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Field:
    """`kind`: line, text, lines (one for each), choice, number. `value` is as a form sends it."""

    pointer: str
    label: str
    kind: str
    value: str
    hint: str = ""
    options: tuple[str, ...] = ()
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """`addable` are (pointer, what) of parts that may be added here; one may be removed if `is_removable`."""

    pointer: str
    label: str
    parts: tuple["Field | Group", ...]
    addable: tuple[tuple[str, str], ...] = ()
    is_removable: bool = False

    @property
    def excerpt(self) -> str:
        """What it is about: its first words."""
        return next(
            (own.value for own in fields_of(self) if own.value and own.kind == "line" and own.label != "Id"), ""
        )

    @property
    def is_short(self) -> bool:
        """A few lines that stand beside one another, such as an amount and its currency."""
        return len(self.parts) <= 3 and all(isinstance(own, Field) and own.kind == "line" for own in self.parts)


def form_of(schema: Mapping[str, Any], document: Any) -> Group:
    return _Builder(schema).object(schema, document, "", "Page", is_removable=False)


def fields_of(group: Group) -> Iterator[Field]:
    for part in group.parts:
        if isinstance(part, Field):
            yield part
        else:
            yield from fields_of(part)


def groups_of(group: Group) -> Iterator[Group]:
    yield group
    for part in group.parts:
        if isinstance(part, Group):
            yield from groups_of(part)


def edited(schema: Mapping[str, Any], document: Any, form: Mapping[str, str]) -> Any:
    """As a form has it, with what its buttons `add` and `remove` ask for, where the schema lets them."""
    whole = filled(schema, document, form)
    groups = list(groups_of(form_of(schema, whole)))
    more, less = form.get("add"), form.get("remove")
    if any(more == pointer for group in groups for pointer, _ in group.addable):
        return added(schema, whole, more or "")
    if any(less == group.pointer for group in groups if group.is_removable):
        return without(whole, less or "")
    return whole


def filled(schema: Mapping[str, Any], document: Any, form: Mapping[str, str]) -> Any:
    """The document with what a form says; what is emptied is taken out."""
    whole = copy.deepcopy(document)
    for own in fields_of(form_of(schema, document)):
        if own.pointer in form:
            pointers.put(whole, own.pointer, _value(own, form[own.pointer].replace("\r\n", "\n")))
    return whole


def added(schema: Mapping[str, Any], document: Any, pointer: str) -> Any:
    """With one more of what stands at a pointer: like the last one there, else like the example's, else empty."""
    whole, builder = copy.deepcopy(document), _Builder(schema)
    known, example = pointers.at(whole, pointer), pointers.at(schema["examples"][0], pointer)
    if isinstance(known, list) and known:
        known.append(_renamed(copy.deepcopy(known[-1]), _ids(whole)))
    elif example is not None:
        pointers.put(whole, pointer, _renamed(copy.deepcopy(example), _ids(whole)))
    elif (own := builder.at(pointer)) is not None:
        pointers.put(whole, pointer, builder.blank(own))
    return whole


def newest_at(document: Any, pointer: str) -> str:
    """Where that which was added last to a list stands; another pointer as it is."""
    known = pointers.at(document, pointer) if pointer else None
    return f"{pointer}/{len(known) - 1}" if isinstance(known, list) else pointer


def without(document: Any, pointer: str) -> Any:
    whole = copy.deepcopy(document)
    above, _, last = pointer.rpartition("/")
    parent = pointers.at(whole, above)
    if isinstance(parent, list) and last.isdecimal() and int(last) < len(parent):
        del parent[int(last)]
    elif isinstance(parent, dict):
        parent.pop(pointers.plain(last), None)
    return whole


@dataclass(frozen=True, slots=True)
class _Builder:
    root: Mapping[str, Any]

    def object(self, schema: Mapping[str, Any], value: Any, pointer: str, label: str, *, is_removable: bool) -> Group:
        told = value if isinstance(value, dict) else {}
        named = schema.get("properties")
        wanted = {name: schema.get("additionalProperties", {}) for name in told} if named is None else named
        required = schema.get("required", ())
        parts, addable = [], []
        for name, own in wanted.items():
            at, whole = f"{pointer}/{pointers.escaped(name)}", self.resolved(own)
            if name in LEFT_TO_JSON and not pointer:
                continue
            if name not in told and name not in required and self.is_made_of_parts(whole):
                addable.append((at, words_of(name)))
            else:
                part = self.part(whole, told.get(name), at, words_of(name), is_required=name in required)
                parts.append(part)
        return Group(pointer, label, tuple(parts), tuple(addable), is_removable)

    def part(
        self, schema: Mapping[str, Any], value: Any, pointer: str, label: str, *, is_required: bool
    ) -> "Field | Group":
        if schema.get("type") == "array":
            return self.array(schema, value, pointer, label, is_required=is_required)
        if schema.get("type") == "object":
            return self.object(schema, value, pointer, label, is_removable=not is_required)
        if isinstance(value, dict):
            return self.object({**schema, "properties": None}, value, pointer, label, is_removable=False)
        return _field(schema, value, pointer, label, is_required=is_required)

    def array(
        self, schema: Mapping[str, Any], value: Any, pointer: str, label: str, *, is_required: bool
    ) -> "Field | Group":
        items = self.resolved(schema["items"])
        told = value if isinstance(value, list) else []
        if not self.is_made_of_parts(items) and not any(isinstance(one, dict) for one in told):
            return Field(pointer, label, "lines", "\n".join(map(str, told)), "One in each line.")
        may_lose = len(told) > schema.get("minItems", 0)
        parts = tuple(
            self._item(items, one, f"{pointer}/{number}", may_lose=may_lose) for number, one in enumerate(told)
        )
        more = ((pointer, f"{label}: one more"),) if len(told) < schema.get("maxItems", LONG) else ()
        return Group(pointer, label, parts, more, is_removable=not is_required)

    def _item(self, items: Mapping[str, Any], value: Any, pointer: str, *, may_lose: bool) -> "Field | Group":
        label = f"{int(pointer.rpartition('/')[2]) + 1}."
        if self.is_made_of_parts(items):
            return self.object(items, value, pointer, label, is_removable=may_lose)
        return self.part(items, value, pointer, label, is_required=False)

    def at(self, pointer: str) -> dict[str, Any] | None:
        """The schema of what stands at a pointer; None where nothing may."""
        own = self.resolved(self.root)
        for part in pointer.split("/")[1:]:
            inner = own["items"] if own.get("type") == "array" else own.get("properties", {}).get(pointers.plain(part))
            if inner is None:
                return None
            own = self.resolved(inner)
        return own

    def blank(self, schema: Mapping[str, Any]) -> Any:
        """What must be there, still empty."""
        if schema.get("type") == "array":
            return [self.blank(self.resolved(schema["items"]))]
        if schema.get("type") != "object":
            return ""
        inner = schema.get("properties", {})
        told = {name: inner.get(name, schema.get("additionalProperties", {})) for name in schema.get("required", ())}
        return {name: self.blank(self.resolved(own)) for name, own in told.items()}

    def is_made_of_parts(self, schema: Mapping[str, Any]) -> bool:
        """Whether it is a group by itself, not a text that may be one for each region."""
        if schema.get("type") == "array":
            return self.is_made_of_parts(self.resolved(schema["items"]))
        return schema.get("type") == "object"

    def resolved(self, schema: Any) -> dict[str, Any]:
        """With what its `$ref` names; its own words go first."""
        if "$ref" not in schema:
            return dict(schema)
        return {**self.root["$defs"][schema["$ref"].rpartition("/")[2]], **schema}


def _field(schema: Mapping[str, Any], value: Any, pointer: str, label: str, *, is_required: bool) -> Field:
    hint = schema.get("description", "")
    if schema.get("type") == "boolean":
        shown = "" if value is None else (YES if value else NO)
        return Field(pointer, label, "choice", shown, hint, (YES, NO), is_required)
    if "enum" in schema:
        return Field(pointer, label, "choice", str(value or ""), hint, tuple(schema["enum"]), is_required)
    if schema.get("type") == "integer":
        return Field(pointer, label, "number", "" if value is None else str(value), hint, (), is_required)
    kind = "text" if schema.get("maxLength", 0) > LONG and "pattern" not in schema else "line"
    return Field(pointer, label, kind, "" if value is None else str(value), hint, (), is_required)


def _value(own: Field, text: str) -> Any:
    """None for what is empty."""
    if own.kind == "lines":
        return [line.strip() for line in text.split("\n") if line.strip()] or None
    if own.options == (YES, NO):
        return {YES: True, NO: False}.get(text)
    if own.kind == "number" and text.strip().isdecimal():
        return int(text)
    return (text if own.kind == "text" else text.strip()) or None


def words_of(name: str) -> str:
    """`priceNote`: Price note."""
    told = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    known = {"ctas": "Buttons", "cta": "Button", "href": "Leads to", "id": "Id", "faq": "Questions and answers"}
    return known.get(name, name if len(name) == 2 else told[:1].upper() + told[1:])


def _ids(document: Any) -> set[str]:
    if isinstance(document, dict):
        own = {value for name, value in document.items() if name in ("id", "name") and isinstance(value, str)}
        return own.union(*map(_ids, document.values()))
    return set().union(*map(_ids, document)) if isinstance(document, list) else set()


def _renamed(part: Any, taken: set[str]) -> Any:
    """An id stands once; names of a form's fields as well, which are written as ids are."""
    if isinstance(part, list):
        return [_renamed(one, taken) for one in part]
    if not isinstance(part, dict):
        return part
    is_field = "label" in part and "href" not in part
    names = ("id", "name") if is_field else ("id",)
    return {name: _free(own, taken) if name in names else _renamed(own, taken) for name, own in part.items()}


def _free(name: Any, taken: set[str]) -> Any:
    if not isinstance(name, str) or name not in taken:
        return name
    stem = name.rstrip("0123456789").rstrip("-_")[:28] or "x"
    joint = "_" if "_" in name else ""
    number = next(number for number in range(2, len(taken) + 3) if f"{stem}{joint}{number}" not in taken)
    taken.add(f"{stem}{joint}{number}")
    return f"{stem}{joint}{number}"


def text_of(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)
