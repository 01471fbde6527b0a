"""What was measured, as tables no wider than 100 columns and as one JSON object."""

import io
import platform
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bench import cores, goals
from bench.cases import CROWDS
from bench.goals import Goal
from bench.load import BUSY
from bench.speed import Measured, Plan, Session

WIDTH = 100
NOISE = 0.10
LARGE = max(CROWDS)
COLUMNS = ("case", "at", "req/s", "of bare", "goal", "by CPU", "CPU µs", "p50", "p95", "p99", "× bare")
LEGEND = (
    "at: connections. of bare: requests/s through those of the bare server between whose halves the case stood; "
    "by CPU: the same by processor time per request (CPU µs). p50, p95, p99 in milliseconds; × bare: p99 through the "
    "bare server's. ✓ and ✗ stand before goals that are met and missed."
)


def show(session: Session, so_far: list[Session], console: Console) -> None:
    console.width = WIDTH
    for piece in pieces(session, so_far):
        console.print(piece)


def as_text(done: list[Session]) -> str:
    """The tables of all sessions for a page: fenced, without colour."""
    made = []
    for session in done:
        console = Console(file=io.StringIO(), width=WIDTH, highlight=False, markup=False, color_system=None)
        for piece in pieces(session, done):
            console.print(piece)
        lines = str(console.file.getvalue()).splitlines()  # type: ignore[attr-defined]
        made.append("\n".join(["```text", *(line.rstrip() for line in lines if line.strip()), "```"]))
    return f"{machine()}\n\n" + "\n\n".join(made) + f"\n\n{LEGEND}"


def pieces(session: Session, so_far: list[Session]) -> Iterable[Table | str]:
    yield speeds(session)
    yield from notes(session)
    yield facts(session, so_far)


def speeds(session: Session) -> Table:
    title = f"{_engine(session)}, {session.workers} worker{'s' if session.workers > 1 else ''}"
    made = _table(title, COLUMNS)
    for one in session.measured:
        made.add_row(*_row(session, one))
    return made


def _row(session: Session, one: Measured) -> tuple[str, ...]:
    ours = one.ours
    aims = goals.of_bare(session.engine, one.name, one.connections, one.of_bare) if session.workers == 1 else []
    return (
        one.name + ("*" if one.unexpected or ours.broken else ""),
        str(one.connections),
        f"{ours.per_second:,.0f}".replace(",", " "),
        f"{one.of_bare:.3f}" if one.of_bare < 0.1 else f"{one.of_bare:.2f}",
        " ".join(f"{aim.mark} {aim.limit:.2f}" for aim in aims),
        f"{one.of_bare_by_cpu:.3f}" if one.of_bare_by_cpu < 0.1 else f"{one.of_bare_by_cpu:.2f}",
        f"{ours.cpu_us:.0f}",
        *(_ms(figure) for figure in (ours.p50_us, ours.p95_us, ours.p99_us)),
        _p99(session, one),
    )


def _p99(session: Session, one: Measured) -> str:
    times = f"{one.p99_times_bare:.1f}"
    if not goals.of_bare(session.engine, one.name, one.connections, 0.0) or session.workers > 1:
        return times
    return f"{goals.at_most(goals.P99_TIMES_BARE, one.p99_times_bare).mark} {times}"


def notes(session: Session) -> Iterable[str]:
    """What the reader must know before believing a row."""
    for one in session.measured:
        if one.unexpected or one.ours.broken:
            told = ", ".join(f"{status}: {number}" for status, number in sorted(one.ours.statuses.items()))
            broken = f", no answer: {one.ours.broken}" if one.ours.broken else ""
            yield f"* {one.name} at {one.connections} expected {one.expected} only and got {told}{broken}"
    for what, chosen in (
        ("the generator was the limit (its core was busy)", _generator_bound(session)),
        (f"others ran on the server's core for more than {NOISE:.0%} of the time", _disturbed(session)),
    ):
        if chosen:
            yield f"! {what}: {', '.join(chosen)}"


def _generator_bound(session: Session) -> list[str]:
    return [
        f"{one.name} at {one.connections}{'' if side is one.ours else ' (bare)'}"
        for one in session.measured
        for side in (one.ours, one.bare)
        if side.generator_share >= BUSY
    ]


def _disturbed(session: Session) -> list[str]:
    return [
        f"{one.name} at {one.connections} ({one.ours.others_share:.0%}, bare {one.bare.others_share:.0%})"
        for one in session.measured
        if max(one.ours.others_share, one.bare.others_share) > NOISE
    ]


def facts(session: Session, so_far: list[Session]) -> Table:
    made = _table("", ("what", "figure", "goal"))
    for what, figure, goal in _facts(session, so_far):
        made.add_row(what, figure, f"{goal.mark} ≤ {goal.limit:g}" if goal else "")
    return made


def _facts(session: Session, so_far: list[Session]) -> Iterable[tuple[str, str, Goal | None]]:
    started = session.started_seconds
    yield "serve to first answer, s", f"{started:.2f}", goals.at_most(goals.START_SECONDS, started)
    stopped = session.stopped_seconds
    yield "SIGTERM to its end, s", f"{stopped:.2f}", goals.at_most(goals.STOP_SECONDS, stopped)
    before, after = session.resident_mib
    yield (
        "memory of a worker, MiB: before → after",
        f"{before:.0f} → {after:.0f}",
        goals.at_most(goals.RESIDENT_MIB, after),
    )
    for kind, grown in session.bytes_per.items():
        largest = ", ".join(f"{name} {size:.0f}" for name, size in list(grown.by_table.items())[:4])
        goal = goals.at_most(goals.BYTES[kind], grown.all) if grown.events >= goals.ENOUGH_EVENTS else None
        yield f"bytes on disk per {kind}, of {grown.events} ({largest})", f"{grown.all:.0f}", goal
    for one in session.measured:
        if one.name == "test run":
            ms = one.ours.p50_us / 1000
            yield "test run of two variants, p50 ms", f"{ms:.0f}", goals.at_most(goals.TEST_RUN_MS, ms)
        if one.ours.database_cpu_us and one.connections == LARGE and one.name in ("redirect", "conversion"):
            yield (
                f"PostgreSQL's own CPU per {one.name} at {one.connections}, µs",
                f"{one.ours.database_cpu_us:.0f}",
                None,
            )
    yield from _cost_of_company(session, so_far)
    yield from _exactness(session)


def _cost_of_company(session: Session, so_far: list[Session]) -> Iterable[tuple[str, str, Goal | None]]:
    """Several workers against one on the same engine."""
    alone = next((one for one in so_far if one.engine == session.engine and one.workers == 1), None)
    if session.workers == 1 or alone is None:
        return
    for one in session.measured:
        same = (twin for twin in alone.measured if (twin.name, twin.connections) == (one.name, one.connections))
        if (twin := next(same, None)) and one.name in ("redirect", "conversion"):
            times = one.ours.cpu_us / (twin.ours.cpu_us or 1)
            yield (
                f"CPU of {one.name} at {one.connections}, × one worker's",
                f"{times:.2f}",
                goals.at_most(goals.WORKERS_COST, times),
            )
            yield f"slowest answer of {one.name} at {one.connections}, ms", f"{one.ours.most_us / 1000:.0f}", None


def _exactness(session: Session) -> Iterable[tuple[str, str, Goal | None]]:
    told = session.exactness
    if told is None:
        return
    kept, acknowledged = told.stored, told.acknowledged
    yield (
        "clicks acknowledged = stored",
        f"{acknowledged.clicks} {_sign(acknowledged.clicks, kept.clicks)} {kept.clicks}",
        None,
    )
    yield (
        "conversions acknowledged = stored",
        f"{acknowledged.conversions} {_sign(acknowledged.conversions, kept.conversions)} {kept.conversions}",
        None,
    )
    yield "requests without an answer", str(told.unanswered), None
    yield "counters equal, different (recount --check)", f"{told.counters_equal}, {told.counters_different}", None


def _sign(told: int, kept: int) -> str:
    return "=" if told == kept else "≠"


def as_object(plan: Plan, done: list[Session]) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "seconds": plan.seconds,
        "sessions": [_session(session) for session in done],
    }


def _session(session: Session) -> dict[str, Any]:
    told = asdict(session)
    for row, one in zip(told["measured"], session.measured, strict=True):
        row |= {
            "of_bare": round(one.of_bare, 4),
            "of_bare_by_cpu": round(one.of_bare_by_cpu, 4),
            "p99_times_bare": round(one.p99_times_bare, 2),
            "goals": [asdict(aim) for aim in goals.of_bare(session.engine, one.name, one.connections, one.of_bare)],
        }
    for kind, grown in session.bytes_per.items():
        told["bytes_per"][kind]["all"] = grown.all
    if session.exactness is not None:
        told["exactness"]["holds"] = session.exactness.holds
    return told


def machine() -> str:
    named = next(
        (line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine()
    )
    return f"{named}, {len(cores.cores())} cores, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


def _engine(session: Session) -> str:
    return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[session.engine]


def _ms(microseconds: int) -> str:
    return f"{microseconds / 1000:.2f}" if microseconds < 10_000 else f"{microseconds / 1000:.0f}"


def _table(title: str, columns: tuple[str, ...]) -> Table:
    made = Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    made.pad_edge, made.padding = False, (0, 1, 0, 0)
    for at, name in enumerate(columns):
        made.add_column(name, justify="left" if at == 0 else "right", no_wrap=len(columns) > 3 or at > 0)
    return made
