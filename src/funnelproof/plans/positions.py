"""YAML as plain data, with the place of every part: safe, of bounded size, and the text of numbers as it stands."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unicodedata import category

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from funnelproof.plans.faults import Path, Place, PlanFault, UnusablePlan

MOST_BYTES = 1024 * 1024
LONGEST_KEPT = 64 * 1024
"""Characters of a plan that a run keeps, so that its bundle can be replayed."""
MOST_ALIASES = 50
MOST_PARTS = 20_000
DEEPEST = 20
TOO_DEEP = f"parts deeper than {DEEPEST} levels"
LONGEST_NUMBER = 20
TAG = "tag:yaml.org,2002:"
PLAIN = {
    f"{TAG}{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value")
}


@dataclass(slots=True)
class Source:
    """A file as data. `places` holds the place of every value; `names` that of every member's name."""

    file: str
    text: str = ""
    data: Any = None
    places: dict[Path, Place] = field(default_factory=dict)
    names: dict[Path, Place] = field(default_factory=dict)

    def place_of(self, path: Path) -> Place:
        """The nearest place that is known: a part that is missing stands where it should be."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path) or Place(self.file, 1, 1)

    def fault(self, path: Path, sentence: str, *, of_name: bool = False) -> PlanFault:
        place = self.names.get(path) if of_name else None
        return PlanFault(place or self.place_of(path), sentence)


def read_yaml(text: bytes, file: str) -> Source:
    """Raises `UnusablePlan` for what is too large, no YAML, or more than plain data."""
    if len(text) > MOST_BYTES:
        raise _unusable(file, f"the plan is larger than {MOST_BYTES // 1024} KiB; split it.")
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise _unusable(file, "this is not UTF-8 text.", line) from None
    try:
        _check_events(decoded, file)
        root = YAML(typ="safe", pure=True).compose(decoded)
    except MarkedYAMLError as error:
        raise UnusablePlan([_fault_of(error, file)]) from None
    except (YAMLError, RecursionError, ValueError) as error:
        raise _unusable(file, f"this is no YAML: {str(error).strip().splitlines()[0]}") from None
    source = Source(file, decoded)
    source.data = None if root is None else _Reading(source).value(root, ())
    if source.data is None:
        raise _unusable(file, "the plan is empty; it needs a name (`plan:`), a campaign and scenes.")
    return source


def _unusable(file: str, sentence: str, line: int = 1, column: int = 1) -> UnusablePlan:
    return UnusablePlan([PlanFault(Place(file, line, column), sentence)])


def _fault_of(error: MarkedYAMLError, file: str) -> PlanFault:
    mark = error.problem_mark or error.context_mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
    return PlanFault(place, f"this is no YAML: {error.problem or error.context}.")


def _check_events(text: str, file: str) -> None:
    """Before anything is built: aliases of aliases grow without bound, and deep nesting takes a parser very long."""
    aliases = depth = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        aliases += isinstance(event, AliasEvent)
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if aliases > MOST_ALIASES or depth > DEEPEST:
            mark = event.start_mark
            much = f"more than {MOST_ALIASES} aliases (`*name`)" if aliases > MOST_ALIASES else TOO_DEEP
            raise _unusable(file, f"the plan has {much}; no plan needs that.", mark.line + 1, mark.column + 1)


class _Reading:
    """From nodes to data. What an alias names is counted each time it stands somewhere."""

    def __init__(self, source: Source) -> None:
        self._source, self._parts = source, 0

    def value(self, node: Node, path: Path) -> Any:
        place = self._place(node)
        self._source.places[path] = place
        self._parts += 1
        if self._parts > MOST_PARTS or len(path) > DEEPEST:
            much = f"more than {MOST_PARTS} parts" if self._parts > MOST_PARTS else TOO_DEEP
            raise UnusablePlan([PlanFault(place, f"the plan has {much}, aliases written out; no plan needs that.")])
        tag = str(node.tag)
        if tag not in PLAIN:
            raise UnusablePlan([PlanFault(place, f"{tag.replace(TAG, '!!')} is not understood in a plan.")])
        if isinstance(node, MappingNode):
            return dict(self._members(node, path))
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, at)) for at, item in enumerate(node.value)]
        return _scalar(tag.removeprefix(TAG), self._text(node), self._source, path)

    def _members(self, node: MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, value in node.value:
            place = self._place(key)
            if not isinstance(key, ScalarNode):
                raise UnusablePlan([PlanFault(place, "the name of a member is one word.")])
            name = self._text(key)
            if name in seen:
                raise UnusablePlan([PlanFault(place, f"{name} stands here a second time.")])
            seen.add(name)
            self._source.names[*path, name] = place
            told = self.value(value, (*path, name))
            if told is None:
                self._source.places[*path, name] = place
            yield name, told

    def _text(self, node: Node) -> str:
        """Escapes can spell what no terminal, no XML and no JSON should be handed."""
        text = str(node.value)
        if any(category(letter) in ("Cc", "Cs") and letter not in "\n\t" for letter in text):
            raise UnusablePlan([PlanFault(self._place(node), "this holds a control character; leave it out.")])
        return text

    def _place(self, node: Node) -> Place:
        mark = node.start_mark
        return Place(self._source.file, mark.line + 1, mark.column + 1)


def _scalar(kind: str, text: str, source: Source, path: Path) -> Any:
    """Amounts keep their text: 49.90 stays 49.90, and no float is made of it."""
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int" and text.lstrip("+-").isdecimal():
        if len(text) > LONGEST_NUMBER:
            raise UnusablePlan([source.fault(path, "this number is too long.")])
        return int(text)
    return text
