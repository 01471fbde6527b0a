"""What is wrong with a plan, or with what it is to be run against: each with its place, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Counted from 1, as editors do."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class PlanFault:
    place: Place
    sentence: str

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}"


class UnusablePlan(Exception):  # noqa: N818 - its text is shown as it is
    """A plan that cannot be run: each fault with file, line and column."""

    def __init__(self, faults: Sequence[PlanFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, faults)))


class UnusableServer(Exception):  # noqa: N818 - its text is shown as it is
    """A server that cannot run this plan, with what to do. `code` is for scripts, `request_id` for support."""

    def __init__(self, code: str, sentence: str, request_id: str | None = None) -> None:
        self.code, self.request_id = code, request_id
        super().__init__(sentence)


def did_you_mean(given: str, known: Sequence[str]) -> str:
    """ ", did you mean …?" if one of those known is close, else what there is."""
    near = get_close_matches(given, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"there are: {', '.join(known) or 'none'}."
