"""What can go wrong, as one kind of exception. Knows no web: `web/problems.py` gives each kind its status."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request: where (RFC 6901 JSON Pointer), what kind, and how to mend it."""

    pointer: str
    code: str
    detail: str


class Problem(Exception):  # noqa: N818 - the word that RFC 9457 uses
    """A refusal that its caller can act upon. A subclass's docstring is the sentence shown by default.

    `extra` are members of the problem document; they are told to the caller, so never put a secret there.
    """

    kind: ClassVar[str] = "invalid"
    code: str = "invalid_payload"
    title: ClassVar[str] = "The request cannot be used"
    retry_after_seconds: ClassVar[int | None] = None

    def __init__(self, detail: str | None = None, *, faults: Sequence[Fault] = (), **extra: object) -> None:
        self.detail = detail or " ".join((type(self).__doc__ or "").split())
        self.faults = tuple(faults)
        self.extra = extra
        super().__init__(self.detail)


class Invalid(Problem):
    """The request does not have the shape that this route asks for."""

    def __init__(self, code: str, detail: str, *, faults: Sequence[Fault] = (), **extra: object) -> None:
        super().__init__(detail, faults=faults, **extra)
        self.code = code


class NotFound(Problem):
    """There is nothing at this address."""

    kind, code, title = "absent", "not_found", "Not found"


class Unavailable(Problem):
    """The service cannot store anything right now. Nothing was written; send the same request again."""

    kind, code, title = "unavailable", "unavailable", "Not available right now"
    retry_after_seconds = 1


@contextmanager
def gathered(faults: list[Fault]) -> Iterator[None]:
    """Put the faults of a refusal into the list and go on, so that one answer tells all of them."""
    try:
        yield
    except Invalid as problem:
        faults.extend(problem.faults)


SPOKEN_FOR = frozenset({"invalid_ctx", "invalid_token", "invalid_run_token", "invalid_credentials"})
"""Codes that mean something of their own: a field of such a name with the wrong shape must not answer with them."""
FREE_FORM = frozenset({"properties"})
"""Members below these are named by the client, and a client's names never become codes."""


def snake(name: str) -> str:
    """`destinationUrl` → `destination_url`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def invalid(field: str, detail: str, *, code: str = "invalid") -> Invalid:
    """One field is at fault. `field` may be a path: `primaryLink/slug`."""
    return invalid_payload([Fault(pointer=f"/{field}", code=code, detail=detail)])


def invalid_payload(faults: Sequence[Fault]) -> Invalid:
    """All that is wrong with one request; the code is as narrow as the faults allow (2.1)."""
    codes = {fault.code for fault in faults}
    if len(codes) == 1 and codes <= {"unknown_field", "read_only_field"}:
        code = codes.pop()
    else:
        fields = {_field(fault.pointer) for fault in faults}
        code = f"invalid_{snake(fields.pop())}" if len(fields) == 1 and "" not in fields else Invalid.code
    return Invalid(Invalid.code if code in SPOKEN_FOR else code, _sentence(faults), faults=faults)


def _field(pointer: str) -> str:
    """The innermost name of ours in a pointer, list positions left out: `/variants/0/weight` → `weight`."""
    names = [part for part in pointer.split("/") if part and not part.isdigit()]
    named_by_client = next((at + 1 for at, name in enumerate(names) if name in FREE_FORM), None)
    names = names[:named_by_client]
    return names[-1] if names and names[-1].isidentifier() else ""


def _sentence(faults: Sequence[Fault]) -> str:
    first = faults[0]
    text = f"{first.pointer.lstrip('/') or 'The body'}: {first.detail}"
    rest = len(faults) - 1
    return text if not rest else f"{text} ({rest} more problem{'s' if rest > 1 else ''} in `errors`.)"
