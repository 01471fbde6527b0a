"""Figures in words."""

import pytest

from funnelproof.clock import from_iso
from funnelproof.results.words import between, date_text, grouped, many, names, percent, points, ratio, signed_points


@pytest.mark.parametrize(
    ("values", "told"),
    [((0.004, 0.019), ["0.4", "1.9"]), ((0.0001, 0.014), ["0.01", "1.40"]), ((0.0,), ["0.0"]), ((-0.5,), ["50.0"])],
)
def test_points_have_one_decimal_or_as_many_as_it_takes(values: tuple[float, ...], told: list[str]) -> None:
    assert points(*values) == told


def test_signs_are_typographic() -> None:
    assert signed_points(-0.027, 0.039) == ["−2.7", "+3.9"]


def test_an_interval_is_told_from_its_nearer_end() -> None:
    assert between((-0.019, -0.004)) == "between 0.4 and 1.9 points"


def test_the_rest() -> None:
    assert (percent(0.1), percent(0.025), ratio([520, 480]), grouped(15_590)) == ("10 %", "2.5 %", "52 : 48", "15 590")
    assert (many(1, "day"), many(13, "day")) == ("1 day", "13 days")
    assert [names(list(text)) for text in ("", "B", "BC", "BCD")] == ["", "B", "B and C", "B, C and D"]


def test_a_date_is_that_of_the_handles_zone_and_names_another_year() -> None:
    now = from_iso("2026-11-23T09:00:00Z")
    assert date_text(from_iso("2026-11-30T23:00:00Z"), "Asia/Kolkata", now=now) == "1 Dec"
    assert date_text(from_iso("2027-01-01T00:00:00Z"), "UTC", now=now) == "1 Jan 2027"
