"""What a soak came to: as an object for machines, as a table for people, as one word for the exit status."""

from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.soak.buyers import Acknowledged
from bench.soak.ledger import Balance
from bench.soak.memory import MIB, Memory
from bench.soak.recovery import GOAL_SECONDS
from bench.soak.server import Life


@dataclass(frozen=True)
class Report:
    engine: str
    seed: int
    seen: Acknowledged
    balance: Balance
    memory: Memory
    lives: list[Life]
    log_mib: int = 0

    @property
    def faults(self) -> list[str]:
        """In words; empty is good."""
        told = {
            f"{self.balance.lost} acknowledged are lost": self.balance.lost,
            f"{len(self.balance.doubled)} keys are doubled": self.balance.doubled,
            f"{len(self.balance.different)} counters differ from their rows": self.balance.different,
            "no counter was compared": not self.balance.equal,
            "nothing was bought": not self.seen.conversions,
            f"{len(self.seen.unexpected)} answers nobody expected: {self.seen.unexpected[:3]}": self.seen.unexpected,
            "memory is not flat": self.memory.is_flat is False,
            f"the first answer took more than {GOAL_SECONDS:.0f} s": self._is_late,
        }
        return [sentence for sentence, is_so in told.items() if is_so]

    @property
    def _is_late(self) -> bool:
        return bool(self.log_mib) and self.lives[-1].started_in_seconds > GOAL_SECONDS

    def as_object(self) -> dict[str, Any]:
        return {
            "engine": self.engine,
            "seed": self.seed,
            "acknowledged": {"clicks": len(self.seen.clicks), "conversions": len(self.seen.conversions)},
            "stored": {"clicks": self.balance.stored_clicks, "conversions": self.balance.stored_conversions},
            "lost": self.balance.lost,
            "doubled": len(self.balance.doubled),
            "repeats": self.seen.repeats,
            "refused": self.seen.refused,
            "withoutAnswer": self.seen.broken,
            "slowestSeconds": round(self.seen.slowest_seconds, 3),
            "counters": {"equal": self.balance.equal, "different": len(self.balance.different)},
            "memory": asdict(self.memory),
            "lives": [_life(life) for life in self.lives],
            "logMib": self.log_mib,
            "faults": self.faults,
        }

    def show(self, console: Console) -> None:
        console.print(self._table())
        console.print(self._lives())
        console.print("\n".join(f"FAILED: {fault}." for fault in self.faults) or "Nothing lost, nothing doubled.")

    def _table(self) -> Table:
        table = Table("", "clicks", "conversions", title=f"Soak on {self.engine}, seed {self.seed}")
        table.add_row("acknowledged", str(len(self.seen.clicks)), str(len(self.seen.conversions)))
        table.add_row("stored", str(self.balance.stored_clicks), str(self.balance.stored_conversions))
        table.add_row("lost", str(len(self.balance.lost_clicks)), str(len(self.balance.lost_conversions)))
        table.add_row("doubled", "", str(len(self.balance.doubled)))
        table.add_row("sent again on purpose", "", str(self.seen.repeats))
        table.add_row("refused (503), without an answer", str(self.seen.refused), str(self.seen.broken))
        table.add_row("slowest answer", "", f"{self.seen.slowest_seconds:.2f} s")
        table.add_row("counters equal, different", str(self.balance.equal), str(len(self.balance.different)))
        if self.log_mib:
            late = f"{self.lives[-1].started_in_seconds:.2f} s"
            table.add_row(f"first answer after a log of {self.log_mib} MiB", late, f"at most {GOAL_SECONDS:.0f} s")
        return table

    def _lives(self) -> Table:
        how = {True: "flat", False: "NOT FLAT", None: "too short to judge"}[self.memory.is_flat]
        title = (
            f"Memory: {self.memory.slope_mib_per_minute:+.2f} MiB/min over {self.memory.measured_seconds:.0f} s, {how}"
        )
        table = Table("life", "first answer", "lasted", "MiB at the end", "ended by", title=title)
        for number, life in enumerate(self.lives, 1):
            told = _life(life)
            size = "" if told["endMib"] is None else str(told["endMib"])
            table.add_row(str(number), f"{told['startedIn']} s", f"{told['seconds']} s", size, life.ended_by)
        return table


def _life(life: Life) -> dict[str, Any]:
    seconds, size = life.samples[-1] if life.samples else (0.0, None)
    return {
        "startedIn": round(life.started_in_seconds, 2),
        "seconds": round(seconds, 1),
        "endMib": None if size is None else round(size / MIB, 1),
        "endedBy": life.ended_by,
    }
