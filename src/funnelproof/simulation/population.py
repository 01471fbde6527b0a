"""Who comes, when, and who buys: drawn from a seed alone, the same on every machine. Pure."""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

HOURS_A_DAY, STRIDE = 24, 6
"""People come at four times of a day: each time moves the run's clock, and that is a request nothing else overlaps."""
RETURNING, BOTS, SENT_TWICE = 0.10, 0.03, 0.02
LONGEST_RETURN_HOURS, LONGEST_THOUGHT_HOURS = 48, 24
DEVICES = (("MOBILE", 60), ("DESKTOP", 34), ("TABLET", 6))
COUNTRIES = (("US", 40), ("DE", 20), ("IN", 20), ("GB", 12), ("BR", 8))
SOURCES = (("google", 40), ("instagram", 30), ("mail", 20), ("partner", 10))
VALUES = ("24.90", "34.00", "49.90", "79.00", "129.00")


@dataclass(frozen=True, slots=True)
class Step:
    """One request. `by` is person or bot; an order has a key and a value, and `kind` order."""

    hour: int
    kind: str
    visitor: str
    variant: str
    by: str = "person"
    device: str = ""
    country: str = ""
    source: str = ""
    key: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """`shares` are weights by variant, `rates` how many of its visitors buy. An order comes within `patience` hours."""

    visitors: int
    days: int
    seed: str
    shares: Mapping[str, int]
    rates: Mapping[str, float]
    patience: int = LONGEST_THOUGHT_HOURS


@dataclass(frozen=True, slots=True)
class Figures:
    visitors: int = 0
    converters: int = 0
    revenue: Decimal = Decimal(0)


def population(wanted: Wanted) -> list[Step]:
    """In order of time; of one hour clicks before orders."""
    dice = random.Random(f"funnelproof simulation {wanted.seed}")  # noqa: S311 - a population, not a secret
    steps = [step for number in range(1, wanted.visitors + 1) for step in _life(dice, wanted, number)]
    return sorted(steps, key=lambda step: (step.hour, step.kind == "order"))


def _life(dice: random.Random, wanted: Wanted, number: int) -> list[Step]:
    """Of one visitor: a click, for some another one, for some an order."""
    last = wanted.days * HOURS_A_DAY - STRIDE
    first = Step(
        hour=dice.randrange(0, last + 1, STRIDE),
        kind="click",
        visitor=f"visitor-{number}",
        variant=_drawn(dice, tuple(wanted.shares.items())),
        device=_drawn(dice, DEVICES),
        country=_drawn(dice, COUNTRIES),
        source=_drawn(dice, SOURCES),
    )
    steps = [first, *_bots(dice, first)]
    if dice.random() < RETURNING:
        steps.append(_later(first, min(last, first.hour + dice.randrange(STRIDE, LONGEST_RETURN_HOURS + 1, STRIDE))))
    if dice.random() < wanted.rates[first.variant]:
        steps += _orders(dice, wanted, first, number, last)
    return steps


def _later(first: Step, hour: int) -> Step:
    return Step(**{**asdict(first), "hour": hour})


def _bots(dice: random.Random, first: Step) -> list[Step]:
    """A crawler clicks, too, and is nobody."""
    if dice.random() >= BOTS:
        return []
    return [Step(**{**asdict(first), "by": "bot", "visitor": f"bot-of-{first.visitor}"})]


def _orders(dice: random.Random, wanted: Wanted, first: Step, number: int, last: int) -> list[Step]:
    patience = min(wanted.patience, LONGEST_THOUGHT_HOURS)
    hour = min(last, first.hour + dice.randrange(0, patience + 1, STRIDE))
    key, value = f"simulated-{wanted.seed}-{number}", dice.choice(VALUES)
    order = Step(hour, "order", first.visitor, first.variant, key=key, value=value)
    return [order, order] if dice.random() < SENT_TWICE else [order]


def _drawn(dice: random.Random, shares: Sequence[tuple[str, int]]) -> str:
    return dice.choices([name for name, _ in shares], [weight for _, weight in shares])[0]


def meant(steps: Iterable[Step], variants: Iterable[str]) -> dict[str, Figures]:
    """What must come out: people, those who bought, and each order once."""
    people: dict[str, set[str]] = {name: set() for name in variants}
    orders: dict[str, dict[str, Decimal]] = {name: {} for name in people}
    for step in steps:
        if step.kind == "order":
            orders[step.variant][step.key] = Decimal(step.value)
        elif step.by == "person":
            people[step.variant].add(step.visitor)
    return {
        name: Figures(len(people[name]), len(orders[name]), sum(orders[name].values(), Decimal(0))) for name in people
    }


def as_lines(steps: Iterable[Step]) -> str:
    """NDJSON; byte for byte the same for one seed."""
    return "".join(f"{json.dumps({name: own for name, own in asdict(step).items() if own != ''})}\n" for step in steps)
