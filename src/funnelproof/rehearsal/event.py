"""What happened in a run, as a test looks at it: without ids and times, and with the request ids for who looks on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from funnelproof.plans.outcome import Sent
from funnelproof.rehearsal.differ import difference

if TYPE_CHECKING:
    from funnelproof.rehearsal.run import Run

Value = str | int | float | Decimal | None


@dataclass(slots=True)
class Event:
    """`seen` is what `expect` compares with."""

    run: "Run" = field(repr=False)
    what: str
    seen: Mapping[str, Any]
    sent: tuple[Sent, ...] = field(default=(), repr=False)

    def expect(self, **expected: Any) -> Self:
        """What is named must be as named: a value, or words such as "at least 3", "not PASS", "any", "none"."""
        __tracebackhide__ = True
        return self._compare(expected, whole=False)

    def expect_whole(self, **expected: Any) -> Self:
        """The same, and nothing else may have been seen: so what nobody thought of shows, too."""
        __tracebackhide__ = True
        return self._compare(expected, whole=True)

    def _compare(self, expected: dict[str, Any], *, whole: bool) -> Self:
        __tracebackhide__ = True
        told = difference(self.what, expected, self.seen, whole=whole)
        if told is not None:
            raise AssertionError("\n".join([told, *self._requests()]))
        return self

    def _requests(self) -> list[str]:
        lines = [f"  {own.method} {own.path} → {own.status}, {own.request_id}" for own in self.sent]
        return lines + [f"    {own.detail}" for own in self.sent[-1:] if own.detail]


@dataclass(slots=True)
class Visit(Event):
    """A click; `visitor` is the name under which the same person comes again."""

    visitor: str = ""

    def convert(self, event: str | None = None, value: Value = None, **more: Any) -> "Conversion":
        """The shop sends this visitor's order. `more`: currency, key, occurred ("2 hours ago"), click, times."""
        return self.run.convert(self.visitor, event, value, **more)

    def again(self, **more: Any) -> "Visit":
        """The same person clicks once more."""
        return self.run.visit(visitor=self.visitor, returning=True, **more)


@dataclass(slots=True)
class Conversion(Event):
    """An order as the shop was answered."""

    visitor: str = ""
    key: str = ""

    def replay(self, **changed: Any) -> Event:
        """The same request again; with value, currency or event it asks for something else under the same key."""
        return self.run.do("replay", f"replay of {self.what}", {"key": self.key, **changed})

    def refund(self, amount: Value = None) -> Event:
        """Taken back, wholly unless said."""
        return self.run.do("refund", f"refund of {self.what}", {"key": self.key, "amount": amount})

    def read(self) -> Event:
        """What the system keeps of it, with `why` from click to counter."""
        return self.run.read(f"conversion {self.key}")
