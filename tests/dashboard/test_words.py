"""Numbers by the browser's language, times in the handle's zone, and where marks of drawings stand."""

from zoneinfo import ZoneInfo

import pytest

from funnelproof.clock import from_iso
from funnelproof.dashboard.app import locale_of
from funnelproof.dashboard.charts import LEFT, RIGHT, days, forest, lights
from funnelproof.dashboard.words import VERDICTS, Words
from funnelproof.results.verdict import Code

NOW = from_iso("2026-11-23T09:00:00Z")


def say(language: str, zone: str = "Europe/Berlin") -> Words:
    return Words(locale_of(language), ZoneInfo(zone), NOW)


@pytest.mark.parametrize(
    ("accepted", "name"),
    [("de-DE,de;q=0.9,en;q=0.8", "de_DE"), ("xx-YY, fr;q=0.5", "fr"), ("", "en_US"), ("<script>", "en_US")],
)
def test_the_first_known_language_of_the_browser_is_taken(accepted: str, name: str) -> None:
    assert str(locale_of(accepted)) == name


def test_numbers_are_written_as_the_language_does() -> None:
    assert say("en-US").number(12480) == "12,480"
    assert say("de").number(12480) == "12.480"
    assert say("de").percent(0.0467) == "4,7 %"
    assert [say("en").points(value) for value in (-0.027, 0.027, 0.0)] == ["−2.7", "+2.7", "0"]
    assert (
        say("en").revenue([{"net": "5.00", "currency": "USD"}, {"net": "7.00", "currency": "EUR"}]) == "$5.00 + €7.00"
    )


def test_times_are_in_the_handles_zone_with_utc_beside() -> None:
    told = say("de").when("2026-11-23T09:00:00Z")
    assert "10:00" in told
    assert 'title="2026-11-23 09:00:00 UTC"' in told
    assert say("en").ago("2026-11-23T08:58:00Z").endswith(">2 minutes ago</time>")


def test_a_plot_of_ranges_holds_all_of_them_and_zero() -> None:
    plot = forest([("B − A", 0.01, 0.02, 0.04)], around_zero=True)
    assert plot is not None
    assert plot.zero is not None
    (bar,) = plot.bars
    assert LEFT <= plot.zero < bar.low < bar.at < bar.high <= RIGHT
    assert forest([]) is None


def test_a_range_of_no_width_is_drawn() -> None:
    plot = forest([("A", 0.0, 0.0, 0.0)])
    assert plot is not None
    assert LEFT <= plot.bars[0].at <= RIGHT


def test_days_stand_in_their_order_and_the_highest_at_the_top() -> None:
    drawn = days([{"key": "2026-11-22", "clicks": 2}, {"key": "2026-11-23", "clicks": 8}], "clicks")
    assert drawn is not None
    (x, y, *_), (later, higher, *_) = drawn.line.dots
    assert x < later
    assert y > higher
    assert drawn.top == 8


def change(at: str, to: str) -> dict[str, str]:
    return {"at": f"2026-11-{at}:00:00Z", "to": to}


def test_lights_stand_in_their_rows_as_long_as_they_stood() -> None:
    assert lights([], "2026-11-23T12:00:00Z") is None
    told = [change("23T11", "FAIL"), change("23T10", "PASS"), change("23T09", "PASS"), change("23T08", "UNKNOWN")]
    plot = lights(told, "2026-11-23T12:00:00Z")
    assert plot is not None
    unknown, passed, failed = plot.bars
    assert [bar.status for bar in plot.bars] == ["UNKNOWN", "PASS", "FAIL"]
    assert passed.width == pytest.approx(2 * unknown.width, abs=0.3)
    assert failed.x + failed.width == pytest.approx(548.0, abs=0.3)
    assert passed.y < unknown.y < failed.y


def test_lights_older_than_two_weeks_fill_the_plot_from_its_edge() -> None:
    plot = lights([change("01T08", "WARN")], "2026-11-23T12:00:00Z")
    assert plot is not None
    (bar,) = plot.bars
    assert (bar.x, bar.x + bar.width, plot.first) == (86.0, 548.0, "2026-11-09T12:00:00Z")


def test_each_verdict_has_words() -> None:
    assert set(VERDICTS) == {code.value for code in Code}
