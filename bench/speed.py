"""Speed: each case on the product between two halves of the same on the bare server, so that both meet one machine."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench import cores, processes, stored
from bench.cases import FIRST, Case, cases, collect_contexts
from bench.load import Outcome, load
from bench.processes import Spent
from bench.stand import Serving, Stand, bare, campaign, publish_page, stand
from bench.stored import Exactness, Rows

WARM_SHARE = 0.15
FEWEST_EVENTS = 100
CLICKS, CONVERSIONS = "redirect", ("conversion", FIRST, "duplicate")


@dataclass(frozen=True)
class Plan:
    engines: list[str]
    workers: list[int]
    seconds: float
    only: set[str]
    contexts: int
    folder: Path | None = None

    def wants(self, case: Case) -> bool:
        """A duplicate needs its first."""
        name = "duplicate" if case.name == FIRST else case.name
        return not self.only or name.replace(" ", "_") in self.only


@dataclass
class Side:
    """One server under one load: what the clients saw, what it cost."""

    per_second: float
    p50_us: int
    p95_us: int
    p99_us: int
    most_us: int
    cpu_us: float
    database_cpu_us: float
    server_share: float
    others_share: float
    generator_share: float
    by_worker: list[float]
    statuses: dict[int, int]
    broken: int


@dataclass
class Measured:
    """A case on the product and on the bare server."""

    name: str
    connections: int
    expected: int
    ours: Side
    bare: Side

    @property
    def of_bare(self) -> float:
        return self.ours.per_second / (self.bare.per_second or 1)

    @property
    def of_bare_by_cpu(self) -> float:
        """The same ratio by processor time: what else runs on the machine matters less to it."""
        return self.bare.cpu_us / (self.ours.cpu_us or 1)

    @property
    def p99_times_bare(self) -> float:
        return self.ours.p99_us / (self.bare.p99_us or 1)

    @property
    def unexpected(self) -> dict[int, int]:
        return {status: number for status, number in self.ours.statuses.items() if status != self.expected}


@dataclass
class Growth:
    """Bytes on disk per event, in all and table by table, largest first."""

    events: int
    by_table: dict[str, float]

    @property
    def all(self) -> float:
        return round(sum(self.by_table.values()), 1)


@dataclass
class Session:
    """One engine with so many workers, from the empty installation to the recount."""

    engine: str
    workers: int
    started_seconds: float = 0.0
    stopped_seconds: float = 0.0
    measured: list[Measured] = field(default_factory=list)
    resident_mib: tuple[float, float] = (0.0, 0.0)
    bytes_per: dict[str, Growth] = field(default_factory=dict)
    exactness: Exactness | None = None


Progress = Callable[[str], None]


def sessions(plan: Plan, progress: Progress) -> Iterator[Session]:
    for engine in plan.engines:
        for workers in plan.workers:
            with stand(engine, plan.folder) as here:
                yield _Runner(here, workers, plan, progress).run()


class _Runner:
    def __init__(self, here: Stand, workers: int, plan: Plan, progress: Progress) -> None:
        self._here, self._plan, self._progress = here, plan, progress
        core, self._load_core = cores.pair()
        self._core = core
        self._cores = {core} if workers == 1 else {core, self._load_core}
        self._session = Session(here.engine, workers)
        self._acknowledged = Rows(0, 0)
        self._unanswered = 0

    def run(self) -> Session:
        session = self._session
        with ExitStack() as stack:
            ours = stack.enter_context(self._here.serving(session.workers, self._cores))
            reference = stack.enter_context(bare(session.workers, self._cores))
            stack.enter_context(cores.on({self._load_core}))
            session.started_seconds = ours.started
            contexts = self._open_the_funnel(ours)
            before = _resident(ours)
            for kind, group in self._groups(cases(contexts, self._here.token)):
                self._measure_group(kind, group, ours, reference)
            session.resident_mib = before, _resident(ours)
            self._progress("counting rows again")
            session.exactness = stored.exactness(self._here, self._acknowledged, self._unanswered)
        session.stopped_seconds = ours.stopped
        return session

    def _open_the_funnel(self, ours: Serving) -> list[bytes]:
        with ours.client(self._here.token) as client:
            made = client.post("/v2/handles/gharart/campaigns", json=campaign())
            if made.status_code != 201:
                raise SystemExit(f"The campaign could not be made: {made.status_code} {made.text[:300]}")
            publish_page(client)
        contexts = collect_contexts(ours.address, self._plan.contexts)
        if not contexts:
            raise SystemExit("No click led to a ctx.")
        self._acknowledged.clicks += len(contexts)
        return contexts

    def _groups(self, every: list[Case]) -> list[tuple[str, list[Case]]]:
        """Clicks and conversions each by themselves, so that what they add to the disk can be told apart."""
        wanted = [case for case in every if self._plan.wants(case)]
        clicks = [case for case in wanted if case.name == CLICKS]
        conversions = [case for case in wanted if case.name == "conversion"]
        others = [case for case in wanted if case not in clicks and case not in conversions]
        return [("click", clicks), ("conversion", conversions), ("", others)]

    def _measure_group(self, kind: str, group: list[Case], ours: Serving, reference: Serving) -> None:
        if not group:
            return
        before, events = stored.sizes(self._here) if kind else None, self._events()
        for case in group:
            self._progress(f"{self._here.engine}, {self._session.workers} × {case.name} at {case.connections}")
            self._measure(case, ours, reference)
        if before is not None and (added := self._events() - events) >= FEWEST_EVENTS:
            self._session.bytes_per[kind] = Growth(added, stored.sizes(self._here).grown_since(before, added))

    def _events(self) -> int:
        return self._acknowledged.clicks + self._acknowledged.conversions

    def _measure(self, case: Case, ours: Serving, reference: Serving) -> None:
        if case.name == FIRST:
            self._note(case, load(ours.address, case.requests(), connections=case.connections))
            return
        seconds = self._plan.seconds
        self._note(case, _asked(ours, case, seconds * WARM_SHARE))
        _asked(reference, case, seconds * WARM_SHARE)
        first = self._timed(reference, case, seconds / 2)
        outcome, spent = self._timed(ours, case, seconds)
        second = self._timed(reference, case, seconds / 2)
        self._note(case, outcome)
        self._session.measured.append(
            Measured(case.name, case.connections, case.expected, _side([(outcome, spent)]), _side([first, second]))
        )

    def _timed(self, served: Serving, case: Case, seconds: float) -> tuple[Outcome, Spent]:
        before = processes.moment(served.pid, self._core, self._here.database_pid)
        outcome = _asked(served, case, seconds)
        after = processes.moment(served.pid, self._core, self._here.database_pid)
        return outcome, processes.between(before, after, cores=len(self._cores))

    def _note(self, case: Case, outcome: Outcome) -> None:
        """Everything that was answered for counts, warm-up included."""
        self._unanswered += outcome.broken
        if case.name == CLICKS:
            self._acknowledged.clicks += outcome.statuses[302]
        elif case.name in CONVERSIONS:
            self._acknowledged.conversions += outcome.statuses[201]


def _asked(served: Serving, case: Case, seconds: float) -> Outcome:
    return load(served.address, case.requests(), connections=case.connections, seconds=seconds)


def _side(parts: list[tuple[Outcome, Spent]]) -> Side:
    """Several stretches of the same load as one."""
    whole = Outcome("", parts[0][0].connections)
    for outcome, _ in parts:
        whole.seconds += outcome.seconds
        whole.in_time += outcome.in_time
        whole.broken += outcome.broken
        whole.statuses += outcome.statuses
        whole.nanoseconds.extend(outcome.nanoseconds)
    spent = [one for _, one in parts]
    seconds, processor = sum(one.seconds for one in spent), sum(one.processor for one in spent)
    database = sum(one.database for one in spent)
    p50, p95, p99, most = whole.microseconds(0.50, 0.95, 0.99, 1.0)
    return Side(
        per_second=round(whole.per_second, 1),
        p50_us=p50,
        p95_us=p95,
        p99_us=p99,
        most_us=most,
        cpu_us=round(processor / (whole.answered or 1) * 1e6, 2),
        database_cpu_us=round(database / (whole.answered or 1) * 1e6, 2),
        server_share=round(processor / seconds, 3),
        others_share=round(sum(one.others * one.seconds for one in spent) / seconds, 3),
        generator_share=round(sum(outcome.generator_share for outcome, _ in parts) / len(parts), 3),
        by_worker=[round(one, 2) for one in spent[0].by_worker],
        statuses=dict(whole.statuses),
        broken=whole.broken,
    )


def _resident(served: Serving) -> float:
    """Of the largest worker."""
    return round(max((processes.resident_mib(pid) for pid in processes.workers(served.pid)), default=0.0), 1)
