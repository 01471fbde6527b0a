"""Do reads cost the same after ten million events as after ten thousand? Both are filled, served and read side by side.

Every read goes to the one and to the other in turn, so that a busy moment of the machine strikes both.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.fill import BUSY, HANDLE, fill
from bench.processes import moment
from bench.serving import Caller, make_token, serving
from funnelproof.clock import DAY, SystemClock, iso
from funnelproof.settings import read_settings

SMALL, LARGE = 10_000, 10_000_000
REQUESTS, WARM_UP = 150, 20
LIGHTS_WITHIN_SECONDS = 120
GROWS_AT_MOST, P95_MS_AT_MOST = 1.5, 30.0
BASE = f"/v2/handles/{HANDLE}"
GROUPS = ("day", "variant", "slug", "country", "device", "referrer", "source", "segment")
SCOPES = ("campaigns.*", "analytics.read")


@dataclass(frozen=True, slots=True)
class Timed:
    """`processor_ms` is what the server used for one request: the figure that a busy machine disturbs least."""

    p50_ms: float
    p95_ms: float
    processor_ms: float

    @classmethod
    def of(cls, seconds: Sequence[float], processor: float) -> "Timed":
        cuts = quantiles(seconds, n=100, method="inclusive")
        return cls(round(cuts[49] * 1000, 2), round(cuts[94] * 1000, 2), round(processor / len(seconds) * 1000, 2))


@dataclass(frozen=True, slots=True)
class Measured:
    """One read on both sizes. `growth` is that of p95."""

    read: str
    small: Timed
    large: Timed

    @property
    def growth(self) -> float:
        return round(self.large.p95_ms / self.small.p95_ms, 2)

    @property
    def is_met(self) -> bool:
        return self.growth <= GROWS_AT_MOST and self.large.p95_ms <= P95_MS_AT_MOST


def reads(one_conversion: str) -> dict[str, str]:
    """What is measured, by name."""
    now = SystemClock().now()
    span = f"from={iso(now - 60 * DAY)[:10]}&to={iso(now)[:10]}"
    of_busy = f"{BASE}/analytics?campaignId={BUSY}&{span}&funnel=true"
    long_ago = f"from={iso(now - 50 * DAY)}&to={iso(now - 49 * DAY)}"
    lists = f"{BASE}/conversions"
    return {
        "health": f"{BASE}/campaigns/{BUSY}/health",
        **{f"analytics by {group}": f"{of_busy}&groupBy={group}" for group in GROUPS},
        "analytics of all campaigns": f"{BASE}/analytics?{span}&funnel=true",
        "results": f"{BASE}/campaigns/{BUSY}/results",
        "campaigns, 50 of them": f"{BASE}/campaigns?limit=50",
        "conversions": lists,
        "conversions of a campaign": f"{lists}?campaignId={BUSY}",
        "conversions of a variant": f"{lists}?campaignId={BUSY}&variantId=b",
        "conversions held": f"{lists}?disposition=HELD",
        "conversions not unique (none)": f"{lists}?disposition=NOT_UNIQUE",
        "conversions of a campaign, not unique (none)": f"{lists}?campaignId={BUSY}&disposition=NOT_UNIQUE",
        "conversions of a day long ago": f"{lists}?{long_ago}",
        "conversions of a campaign, long ago": f"{lists}?campaignId={BUSY}&{long_ago}",
        "one conversion, with why": f"{lists}/{one_conversion}",
        "system health": "/v2/system/health",
    }


@dataclass(slots=True)
class Side:
    """One of the two installations, being served."""

    caller: Caller
    paths: dict[str, str]
    pid: int

    def timed(self, read: str) -> float:
        began = time.perf_counter()
        self.caller.get(self.paths[read])
        return time.perf_counter() - began

    def processor(self) -> float:
        """Seconds used so far by the server and its workers."""
        return sum(moment(self.pid, 0).by_pid.values())


@contextmanager
def _served(data: Path) -> Iterator[Side]:
    token = make_token(data, HANDLE, *SCOPES)
    with serving(data) as (url, pid):
        caller = Caller(url, token)
        caller.post(f"{BASE}/campaigns/{BUSY}/test-conversion", {})
        newest = json.loads(caller.get(f"{BASE}/conversions?limit=1"))["items"][0]["conversionId"]
        _wait_for_lights(caller)
        yield Side(caller, reads(newest), pid)
        caller.close()


def _wait_for_lights(caller: Caller) -> None:
    """Until the timed job has seen every campaign once: a list examines at once those that nobody has seen."""
    until = time.monotonic() + LIGHTS_WITHIN_SECONDS
    while time.monotonic() < until:
        asked_at = iso(SystemClock().now())
        items = json.loads(caller.get(f"{BASE}/campaigns?limit=200"))["items"]
        if all(item["health"]["checkedAt"] < asked_at for item in items):
            return
        time.sleep(2)
    raise RuntimeError("The lights of the campaigns were not kept in time; see the server's log.")


def measure(small: Side, large: Side, *, requests: int, only: str, step: Callable[[], None]) -> list[Measured]:
    found = []
    for read in (read for read in small.paths if only in read):
        for _ in range(WARM_UP):
            small.timed(read), large.timed(read)
        before = small.processor(), large.processor()
        pairs = [(small.timed(read), large.timed(read)) for _ in range(requests)]
        used = small.processor() - before[0], large.processor() - before[1]
        sides = zip(zip(*pairs, strict=True), used, strict=True)
        found.append(Measured(read, *(Timed.of(seconds, processor) for seconds, processor in sides)))
        step()
    return found


def show(found: Sequence[Measured], console: Console, sizes: tuple[int, int]) -> None:
    goal = f"p95 × {GROWS_AT_MOST} and {P95_MS_AT_MOST:.0f} ms"
    table = Table(title=f"Reads, one at a time: p50, p95 and the server's processor time, in ms. Goal: {goal}")
    table.add_column("read")
    for size in sizes:
        table.add_column(f"{size:,} events", justify="right")
    table.add_column("p95 grows", justify="right")
    table.add_column("goal")
    for own in found:
        figures = (f"{side.p50_ms:.1f}  {side.p95_ms:.1f}  {side.processor_ms:.1f}" for side in (own.small, own.large))
        table.add_row(own.read, *figures, f"× {own.growth:.2f}", "met" if own.is_met else "[bold]missed[/bold]")
    console.print(table)


def main(argv: list[str]) -> int:
    asked = _asked(argv)
    console = Console()
    with ExitStack() as stack:
        kept = asked.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="funnelproof-scale-")))
        sides = []
        for name, events in (("small", asked.small), ("large", asked.events)):
            _fill_once(kept / name, events, console)
            sides.append(stack.enter_context(_served(kept / name)))
        progress = stack.enter_context(Progress(console=console))
        task = progress.add_task("Reading", total=len(sides[0].paths))
        found = measure(*sides, requests=asked.requests, only=asked.only, step=lambda: progress.advance(task))
    show(found, console, (asked.small, asked.events))
    if asked.json is not None:
        asked.json.write_text(json.dumps(_as_object(found, asked), indent=2) + "\n")
    return 0


def _asked(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench --scale", description=__doc__)
    parser.add_argument("--events", type=int, default=LARGE, help="of the large fill")
    parser.add_argument("--small", type=int, default=SMALL, help="events of the small fill")
    parser.add_argument("--requests", type=int, default=REQUESTS, help="of each read, after a warm-up")
    parser.add_argument("--keep", type=Path, help="folder in which both fills stay; filled ones are taken as they are")
    parser.add_argument("--only", default="", help="only reads whose name has this in it")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args(argv)


def _fill_once(data: Path, events: int, console: Console) -> None:
    if (data / "secret.key").exists():
        console.print(f"{data} is filled already.")
        return
    filled = fill(read_settings(data=data), events, console=console)
    console.print(f"{filled.events:,} events, {sum(filled.rows.values()):,} rows in {filled.seconds:.0f} s.")


def _as_object(found: Sequence[Measured], asked: argparse.Namespace) -> dict[str, object]:
    rows = [{**asdict(own), "growth": own.growth, "met": own.is_met} for own in found]
    return {"events": [asked.small, asked.events], "requests": asked.requests, "reads": rows}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
