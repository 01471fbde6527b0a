"""Lists in pages: `?limit=` and an opaque `?cursor=`, which is the position of the last item shown."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query

from funnelproof.errors import invalid
from funnelproof.web.shape import View

MOST, USUAL = 200, 50
WHOLE_LIMIT = 2**63
T = TypeVar("T")
Item = TypeVar("Item", bound=View)
Position = tuple[str | int, ...]


class Listing(View, Generic[Item]):
    """One page of a list, newest first. `nextCursor` is null on the last page."""

    items: list[Item]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    limit: int
    cursor: str | None = None

    @property
    def rows(self) -> int:
        """How many rows to ask for: one more than shown tells whether there is a next page."""
        return self.limit + 1

    def after(self, *kinds: type) -> Position | None:
        """The position to go on from, its parts of these kinds (`str`, `int`); None on the first page."""
        if self.cursor is None:
            return None
        position = _opened(self.cursor)
        if len(position) != len(kinds) or any(
            type(part) is not kind for part, kind in zip(position, kinds, strict=True)
        ):
            raise _not_ours()
        return position

    def cut(self, rows: Sequence[T], position_of: Callable[[T], Position]) -> tuple[Sequence[T], str | None]:
        """What to show of the rows found, and the cursor of what comes after."""
        shown = rows[: self.limit]
        return shown, sealed(position_of(shown[-1])) if len(rows) > self.limit else None


def _asked(
    limit: Annotated[int, Query(ge=1, le=MOST, description="How many items at the most.")] = USUAL,
    cursor: Annotated[str | None, Query(description="`nextCursor` of the page before.", max_length=1024)] = None,
) -> Page:
    return Page(limit, cursor)


AskedPage = Annotated[Page, Depends(_asked)]
"""A route's parameter: `page: AskedPage`."""


def sealed(position: Position) -> str:
    return base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).decode().rstrip("=")


def _opened(cursor: str) -> Position:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        told: Any = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise _not_ours() from None
    if not isinstance(told, list) or not all(map(_is_plain, told)):
        raise _not_ours()
    return tuple(told)


def _is_plain(part: object) -> bool:
    if isinstance(part, str):
        return "\0" not in part and part.isprintable()
    return type(part) is int and -WHOLE_LIMIT <= part < WHOLE_LIMIT


def _not_ours() -> Exception:
    return invalid(
        "query/cursor", "is not a cursor of this list; send `nextCursor` of its last page, or none to begin again."
    )
