"""From the bytes of a file to a plan: every fault at once, each with its line and column."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from funnelproof.plans.check import faults_of
from funnelproof.plans.faults import Path, PlanFault, UnusablePlan, did_you_mean
from funnelproof.plans.plan import WHICH, Plan, Scene
from funnelproof.plans.positions import MOST_BYTES, Source, read_yaml

UNKNOWN = "extra_forbidden"


@dataclass(frozen=True, slots=True)
class Script:
    """A plan and where each of its parts stands."""

    plan: Plan
    source: Source

    def line_of(self, scene: int) -> int:
        return self.source.place_of(("scenes", scene)).line


def read_file(file: File) -> Script:
    """No more is read than a plan may hold. Raises `UnusablePlan`, or OSError if there is no such file."""
    with file.open("rb") as opened:
        return read_plan(opened.read(MOST_BYTES + 1), str(file))


def read_plan(text: bytes, file: str) -> Script:
    source = read_yaml(text, file)
    if not isinstance(source.data, dict):
        raise UnusablePlan([source.fault((), "a plan is a list of members: plan, campaign, scenes.")])
    try:
        plan = Plan.model_validate(source.data)
    except ValidationError as error:
        raise UnusablePlan([_fault(source, each) for each in error.errors(include_url=False)]) from None
    faults = list(faults_of(plan, source))
    if faults:
        raise UnusablePlan(faults)
    return Script(plan, source)


def _fault(source: Source, error: ErrorDetails) -> PlanFault:
    path, kind = _path(error["loc"]), error["type"]
    if kind == UNKNOWN:
        sentence = f"{path[-1]} is not understood here; {did_you_mean(str(path[-1]), _names_beside(path))}"
        return source.fault(path, sentence, of_name=True)
    if kind == "missing":
        return source.fault(path[:-1], f"{path[-1]} is missing.")
    return source.fault(path, _sentence(path, error))


def _path(loc: tuple[int | str, ...]) -> Path:
    """Without what pydantic adds for names of a mapping."""
    return tuple(part for part in loc if part != "[key]")


def _sentence(path: Path, error: ErrorDetails) -> str:
    text = error["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{text[0].lower()}{text[1:]}." if not path or isinstance(path[-1], int) else f"{path[-1]}: {text}."


def _names_beside(path: Path) -> list[str]:
    """The members that exist where an unknown one stands."""
    match path:
        case ("scenes", int(), str() as verb, _) if verb in WHICH:
            kind: Any = _kind_of(verb)
        case ("scenes", int(), _):
            kind = Scene
        case _:
            kind = Plan
    return [field.alias or name for name, field in kind.model_fields.items()]


def _kind_of(verb: str) -> Any:
    annotation = Scene.model_fields[verb].annotation
    return next(iter(_models(annotation)))


def _models(annotation: Any) -> Iterator[Any]:
    for part in getattr(annotation, "__args__", (annotation,)):
        if hasattr(part, "model_fields"):
            yield part
