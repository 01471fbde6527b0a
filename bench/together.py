"""What others do to a redirect: reads and test runs beside it, or another handle that takes four times what there is.

The watched crowd rests between its requests: it asks for a part of what the server can do, so that its p99 tells how
long a visitor waits and not how long the queue of the bench itself is.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import cycle, repeat
from pathlib import Path

from rich.console import Console

from bench import cores, goals, report
from bench.command import ENGINES, shown_progress
from bench.load import Address, Crowd, Outcome, load, run
from bench.request import get, post
from bench.stand import CAMPAIGN_ID, EMAIL, HANDLE, LINK, PASSWORD, Serving, Stand, campaign, stand

WATCHED = 32
PART = 0.25
CROWD = 256
TIMES_CAPACITY = 4
COMPANY_TIMES, NEIGHBOURS_TIMES = 2.0, 3.0
OTHER = "crowded"
EVENTS_BESIDE, PROBED, EXPORTED = 10_000, 4_000, 1_000_000


@dataclass
class Compared:
    """The watched redirects alone and in company; microseconds. `others` is what the company was answered."""

    what: str
    engine: str
    limit: float
    capacity: float
    alone_p50: int
    alone_p99: int
    beside_p50: int
    beside_p99: int
    statuses: dict[int, int]
    others: dict[str, dict[int, int]]

    @property
    def times(self) -> float:
        return self.beside_p99 / (self.alone_p99 or 1)


def main(argv: list[str]) -> int:
    given = read(argv)
    console = Console(width=report.WIDTH, highlight=False, markup=False)
    done: list[Compared] = []
    with cores.ahead() if given.ahead else nullcontext(), shown_progress() as progress:
        for engine in ENGINES[given.engine]:
            for compare in (company, neighbours):
                if getattr(given, compare.__name__):
                    progress(f"{engine}, {compare.__name__}")
                    events = given.events if compare is company else 0
                    done.append(_on_a_stand(engine, compare, given.seconds, given.folder, events))
                    show(done[-1], console)
    if given.json:
        given.json.write_text(
            json.dumps([{**asdict(one), "times": round(one.times, 2)} for one in done], indent=1) + "\n"
        )
    return 0


def read(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--company", action="store_true", help="reads and test runs beside the redirects")
    parser.add_argument("--events", type=int, default=EXPORTED, help="that the exports of --company are made of")
    parser.add_argument("--neighbours", action="store_true", help="another handle at four times the capacity")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each stretch")
    parser.add_argument("--engine", choices=list(ENGINES), default="sqlite")
    parser.add_argument("--folder", type=Path, help="on the disk to be measured (default: the temporary folder)")
    parser.add_argument("--ahead", action="store_true", help="before whatever else runs on this machine (needs root)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures")
    return parser.parse_args(argv)


Compare = Callable[[Stand, Serving, float], Compared]


def _on_a_stand(engine: str, compare: Compare, seconds: float, folder: Path | None, events: int) -> Compared:
    core, load_core = cores.pair()
    with stand(engine, folder, events=events) as here, here.serving(1, {core}) as served, cores.on({load_core}):
        with served.client(here.token) as client:
            client.post(f"/v2/handles/{HANDLE}/campaigns", json=campaign()).raise_for_status()
        return compare(here, served, seconds)


def company(here: Stand, served: Serving, seconds: float) -> Compared:
    """An export of all clicks, results, analytics and a test conversion, each again as soon as it was answered."""
    _redirects(served.address, EVENTS_BESIDE)
    base, bearer = f"/v2/handles/{HANDLE}", {"authorization": f"Bearer {here.token}"}
    reads = [
        get(f"{base}/campaigns/{CAMPAIGN_ID}/results", bearer),
        get(f"{base}/analytics?campaignId={CAMPAIGN_ID}&groupBy=variant&funnel=true", bearer),
        get(f"{base}/analytics?campaignId={CAMPAIGN_ID}&groupBy=day", bearer),
    ]
    export = get(f"{base}/analytics/export?what=clicks&from=2020-01-01", bearer)
    test_run = post(f"{base}/campaigns/{CAMPAIGN_ID}/test-conversion", {}, bearer)
    return _compare(
        "company",
        here,
        served,
        seconds,
        COMPANY_TIMES,
        [
            Crowd(cycle(reads), 1, name="results and analytics"),
            Crowd(repeat(test_run), 1, name="test conversions"),
            Crowd(repeat(export), 1, name="exports that were whole by then"),
        ],
    )


def neighbours(here: Stand, served: Serving, seconds: float) -> Compared:
    """Another handle asks with four times the connections that saturate the server, none of them resting."""
    with served.client() as client:
        told = client.post("/v2/auth/login", json={"email": EMAIL, "password": PASSWORD})
        person = {"authorization": f"Bearer {told.json()['accessToken']}"}
        client.post("/v2/handles", json={"handle": OTHER, "name": "Crowded"}, headers=person).raise_for_status()
        made = client.post(f"/v2/handles/{OTHER}/campaigns", json=campaign(slug="full-house"), headers=person)
        made.raise_for_status()
    crowded = get(f"/{OTHER}/full-house?utm_source=mail&utm_medium=email&utm_campaign=launch")
    crowd = Crowd(repeat(crowded), TIMES_CAPACITY * CROWD, name="the other handle")
    return _compare("neighbours", here, served, seconds, NEIGHBOURS_TIMES, [crowd])


def _compare(what: str, here: Stand, served: Serving, seconds: float, limit: float, others: list[Crowd]) -> Compared:
    capacity = _redirects(served.address, PROBED).per_second
    pause = WATCHED / (PART * capacity)
    alone = run(served.address, [_watched(pause)], seconds=seconds)[0]
    beside, *company = run(served.address, [_watched(pause), *others], seconds=seconds)
    (alone_p50, alone_p99), (beside_p50, beside_p99) = alone.microseconds(0.5, 0.99), beside.microseconds(0.5, 0.99)
    return Compared(
        what=what,
        engine=here.engine,
        limit=limit,
        capacity=round(capacity, 1),
        alone_p50=alone_p50,
        alone_p99=alone_p99,
        beside_p50=beside_p50,
        beside_p99=beside_p99,
        statuses=dict(alone.statuses + beside.statuses),
        others={one.name: dict(one.statuses) for one in company},
    )


def _watched(pause: float) -> Crowd:
    return Crowd(repeat(get(LINK)), WATCHED, name="watched", pause=pause)


def _redirects(address: Address, number: int) -> Outcome:
    return load(address, repeat(get(LINK), number), connections=CROWD, seconds=120)


def show(one: Compared, console: Console) -> None:
    goal = goals.at_most(one.limit, one.times)
    console.print(f"{one.what} on {one.engine}: p99 {goal.mark} {one.times:.2f} × alone (goal ≤ {one.limit:g})")
    for line in _lines(one):
        console.print(f"  {line}")


def _lines(one: Compared) -> Iterator[str]:
    yield f"capacity {one.capacity:.0f} redirects/s at {CROWD} connections; {WATCHED} watched ask for {PART:.0%} of it"
    yield f"alone   p50 {one.alone_p50 / 1000:.2f} ms, p99 {one.alone_p99 / 1000:.2f} ms"
    yield f"beside  p50 {one.beside_p50 / 1000:.2f} ms, p99 {one.beside_p99 / 1000:.2f} ms"
    yield f"watched answers {one.statuses}"
    for name, statuses in one.others.items():
        yield f"{name}: {statuses}"
