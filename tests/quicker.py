"""Routes read once: each test builds an application of its own, and FastAPI would read all its routes anew each time.

What a route takes depends on its code and its path alone, so it is kept from one application to the next. Reading
takes 0.2 s, most of a short test.
"""

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

from fastapi import routing
from fastapi.dependencies.models import Dependant


def read_routes_once() -> None:
    """For the rest of this process; called once, before the first application is built."""
    routing.get_dependant = _kept_dependant(routing.get_dependant)
    routing.create_model_field = _kept_field(routing.create_model_field)


def _kept_dependant(read: Callable[..., Dependant]) -> Callable[..., Dependant]:
    kept: dict[Hashable, Dependant] = {}

    def get_dependant(*, path: str, call: Any, **more: Any) -> Dependant:
        key = (path, call.__code__, *sorted(more.items()))
        if key not in kept:
            kept[key] = read(path=path, call=call, **more)
        return replace(kept[key], call=call, dependencies=list(kept[key].dependencies))

    return get_dependant


def _kept_field(make: Callable[..., Any]) -> Callable[..., Any]:
    kept: dict[Hashable, Any] = {}

    def create_model_field(name: str, type_: Any, **more: Any) -> Any:
        if set(more) > {"mode"}:
            return make(name, type_, **more)
        key = (name, type_, more.get("mode"))
        if key not in kept:
            kept[key] = make(name, type_, **more)
        return kept[key]

    return create_model_field
