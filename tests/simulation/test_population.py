"""The population is drawn from the seed alone."""

import subprocess
import sys
from dataclasses import replace
from decimal import Decimal

from funnelproof.simulation.population import BOTS, Figures, Step, Wanted, as_lines, meant, population

WANTED = Wanted(4000, 14, "7", {"a": 50, "b": 50}, {"a": 0.04, "b": 0.05})


def test_one_seed_draws_the_same_bytes_in_another_process() -> None:
    code = (
        "import sys; from funnelproof.simulation.population import *; "
        "sys.stdout.write(as_lines(population(Wanted(4000, 14, '7', {'a': 50, 'b': 50}, {'a': 0.04, 'b': 0.05}))))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "5"}
    )
    assert told.stdout == as_lines(population(WANTED))
    assert as_lines(population(replace(WANTED, seed="8"))) != told.stdout


def test_as_many_come_as_were_asked_for_and_buy_at_their_rates() -> None:
    figures = meant(population(WANTED), WANTED.shares)
    assert sum(own.visitors for own in figures.values()) == 4000
    for variant, rate in WANTED.rates.items():
        own = figures[variant]
        assert abs(own.visitors - 2000) < 160
        assert abs(own.converters - rate * own.visitors) < 5 * (rate * own.visitors) ** 0.5


def test_a_rate_of_one_makes_everybody_buy_and_of_none_nobody() -> None:
    figures = meant(population(replace(WANTED, visitors=500, rates={"a": 1.0, "b": 0.0})), WANTED.shares)
    assert figures["a"].converters == figures["a"].visitors
    assert figures["b"].converters == 0


def test_an_order_never_comes_before_its_click_nor_after_the_last_day() -> None:
    steps = population(replace(WANTED, rates={"a": 1.0, "b": 1.0}, days=1))
    clicked: set[str] = set()
    for step in steps:
        assert 0 <= step.hour < 24
        if step.kind == "order":
            assert step.visitor in clicked
        clicked.add(step.visitor)


def test_crawlers_come_and_are_not_meant_to_count() -> None:
    steps = population(WANTED)
    bots = sum(step.by == "bot" for step in steps)
    assert abs(bots - BOTS * 4000) < 60


def test_an_order_that_is_sent_twice_is_meant_once() -> None:
    click = Step(0, "click", "visitor-1", "a")
    order = Step(1, "order", "visitor-1", "a", key="k", value="49.90")
    assert meant([click, click, order, order], ["a", "b"]) == {"a": Figures(1, 1, Decimal("49.90")), "b": Figures()}
