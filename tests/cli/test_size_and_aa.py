"""`funnelproof size` and `funnelproof stats aa`: what a test needs, and what its method promises."""

import json
from pathlib import Path
from xml.etree import ElementTree

from cli.conftest import funnelproof

PLAN = ("--baseline", "0.04", "--lift", "0.1")


def test_a_plan_in_words_and_a_picture_of_its_power(tmp_path: Path) -> None:
    file = tmp_path / "power.svg"
    told = funnelproof("size", *PLAN, "--daily-visitors", "900", "--svg", file)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith(
        "To see +10 % on 4 % takes 69 081 visitors in each variant: about 154 days at 900 a day."
    )
    assert "█" in told.stdout
    drawn = ElementTree.fromstring(file.read_text("utf-8"))  # noqa: S314 - our own file
    assert drawn.tag.endswith("svg")
    assert "http" not in file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")


def test_a_plan_for_scripts() -> None:
    told = json.loads(funnelproof("size", *PLAN, "--daily-visitors", "900", "--ramp", "50", "--json").stdout)
    assert (told["visitorsPerVariant"], told["visitorsPerVariantForOneLook"], told["days"]) == (69_081, 39_475, 308)
    assert told["curve"][0]["power"] < told["curve"][-1]["power"] <= 1


def test_without_visitors_it_tells_the_size_alone() -> None:
    assert "Add --daily-visitors" in funnelproof("size", *PLAN).stdout


def test_a_plan_that_cannot_be_is_refused_with_the_reason() -> None:
    told = funnelproof("size", "--baseline", "0.4", "--lift", "3", "--json")
    assert told.returncode == 2
    assert json.loads(told.stdout)["error"] == "invalid_lift"


def test_equal_variants_keep_the_promised_rates_and_the_picture_shows_what_peeking_does(tmp_path: Path) -> None:
    file = tmp_path / "aa.svg"
    told = funnelproof("stats", "aa", "--runs", "400", "--plot", file, "--json")
    assert told.returncode == 0, told.stdout
    found = json.loads(told.stdout)
    assert (found["ok"], found["runs"], len(found["findings"])) == (True, 400, 28)
    assert {finding["scenario"] for finding in found["findings"]} >= {"weights change", "random splits"}
    always = [finding["rate"] for finding in found["findings"] if finding["method"] == "always valid"]
    peeked = [finding["rate"] for finding in found["findings"] if finding["method"] == "fixed, each look"]
    assert max(always) < 0.0827 < 0.35 < min(peeked)
    assert "polyline" in file.read_text("utf-8")


def test_the_table_of_simulated_tests_fits_a_terminal() -> None:
    told = funnelproof("stats", "aa", "--runs", "100")
    assert "fixed, 5 looks" in told.stdout
    assert len(told.stdout.splitlines()) == 28 + 5
    assert max(map(len, told.stdout.splitlines())) <= 80
