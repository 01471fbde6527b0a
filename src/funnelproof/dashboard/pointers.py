"""JSON pointers (RFC 6901) into a document: what stands there, and putting something there."""

from typing import Any


def at(document: Any, pointer: str) -> Any:
    """None for what is not there."""
    here = document
    for part in pointer.split("/")[1:]:
        if isinstance(here, list):
            here = here[int(part)] if part.isdecimal() and int(part) < len(here) else None
        else:
            here = here.get(plain(part)) if isinstance(here, dict) else None
    return here


def put(document: Any, pointer: str, value: Any) -> None:
    """Where the parts above it are what the schema says; elsewhere nothing, and the API tells what is wrong."""
    above, _, last = pointer.rpartition("/")
    parent = at(document, above)
    if parent is None and above:
        put(document, above, {})
        parent = at(document, above)
    if isinstance(parent, list) and last.isdecimal() and int(last) < len(parent):
        parent[int(last)] = "" if value is None else value
    elif isinstance(parent, dict) and value is None:
        parent.pop(plain(last), None)
    elif isinstance(parent, dict):
        parent[plain(last)] = value


def escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def plain(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
