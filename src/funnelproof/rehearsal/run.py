"""One run on a server, step by step from a test: visits, waiting, readings, and its end."""

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any, Protocol, TypeVar

from funnelproof.plans.perform import perform
from funnelproof.plans.plan import Scene
from funnelproof.plans.stage import Stage
from funnelproof.rehearsal.event import Conversion, Event, Value, Visit

Result = TypeVar("Result")


class Loop(Protocol):
    def run(self, work: Coroutine[Any, Any, Result]) -> Result: ...


@dataclass(slots=True)
class Run:
    """`do` performs one scene as plans have them; what it does not know it refuses."""

    stage: Stage = field(repr=False)
    loop: Loop = field(repr=False)
    _numbers: "count[int]" = field(default_factory=lambda: count(1), repr=False)
    receipt: Mapping[str, Any] | None = None

    @property
    def id(self) -> str:
        return self.stage.run_id

    @property
    def seed(self) -> str:
        return self.stage.seed

    @property
    def now(self) -> str:
        """The run's clock; it moves when `wait` is called, never by itself."""
        return self.stage.now

    def visit(self, *, variant: str | None = None, visitor: str | None = None, **more: Any) -> Visit:
        """A click by somebody new unless `visitor` is named. `more`: country, device, tags, by, link, returning."""
        name = visitor or f"visitor-{next(self._numbers)}"
        told = {"visitor": name, "variant": self._variant(variant), **more}
        seen = self._perform("visit", told)
        return Visit(self, _words("visit", told), seen, self._sent(), name)

    def convert(self, visitor: str, event: str | None = None, value: Value = None, **more: Any) -> Conversion:
        key = more.pop("key", None) or f"{self.seed}:{next(self._numbers)}"
        told = {"visitor": visitor, "event": self._event(event), "value": value, "key": key, **more}
        seen = self._perform("convert", told)
        return Conversion(self, _words("convert", told), seen, self._sent(), visitor, key)

    def wait(self, span: str) -> Event:
        """The clock moves on: "3 days", "until the ctx expires", "until the window ends"."""
        return self.do("wait", f"wait {span}", span)

    def read(self, what: str) -> Event:
        """`funnel`, `funnel by variant`, `health`, `results`, … as in plans."""
        return self.do("read", what, what)

    def funnel(self, by: str | None = None) -> Event:
        return self.read(f"funnel by {by}" if by else "funnel")

    def pause(self) -> Event:
        return self.do("pause", "pause", "campaign")

    def resume(self) -> Event:
        return self.do("resume", "resume", "campaign")

    def configure(self, **change: Any) -> Event:
        """weights, ramp, destinations, switch_off, switch_on: in the run's copy of the campaign alone."""
        return self.do("configure", "configure", change)

    def do(self, verb: str, what: str, told: Any) -> Event:
        return Event(self, what, self._perform(verb, told), self._sent())

    def finish(self) -> Mapping[str, Any]:
        """The receipt; a second call gives the same one."""
        if self.receipt is None:
            self.receipt = dict(self.loop.run(self.stage.finish()).body)
        return self.receipt

    @property
    def left_live_figures_alone(self) -> bool:
        steps = [step for own in self.finish().get("variants", ()) for step in own["steps"]]
        told = [step["status"] for step in steps if step["id"] == "live_untouched"]
        return bool(told) and set(told) == {"PASS"}

    def _perform(self, verb: str, told: Any) -> dict[str, Any]:
        given = {name: _plain(own) for name, own in told.items() if own is not None} if isinstance(told, dict) else told
        scene = Scene.model_validate({verb: given}, by_name=True, by_alias=True)
        self.stage.wire.taken()
        return self.loop.run(perform(self.stage, scene, next(self._numbers)))

    def _sent(self) -> tuple[Any, ...]:
        return tuple(self.stage.wire.taken())

    def _variant(self, name: str | None) -> str | None:
        """However it is written: "B" is the variant b unless there is another one."""
        if name is None:
            return None
        ids = self.stage.target.variants.ids
        found = next((own for own in ids if own.casefold() == name.casefold()), self.stage.target.variants.named(name))
        if found not in ids:
            raise ValueError(
                f"{self.stage.target.campaign} has no variant {name!r}; it has {', '.join(ids) or 'none'}."
            )
        return found

    def _event(self, name: str | None) -> str | None:
        own = self.stage.target.event
        return own if name is not None and name.casefold() == own.casefold() else name


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _words(verb: str, told: Mapping[str, Any]) -> str:
    return " ".join([verb, *(f"{name}={own}" for name, own in told.items() if own is not None)])


@dataclass(frozen=True, slots=True)
class Campaign:
    """The campaign as a test meets it: in its own run."""

    run: Run

    @property
    def id(self) -> str:
        return self.run.stage.target.campaign

    @property
    def variants(self) -> tuple[str, ...]:
        return self.run.stage.target.variants.ids

    def visit(self, **who: Any) -> Visit:
        """As `run.visit`."""
        return self.run.visit(**who)
