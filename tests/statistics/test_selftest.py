"""The self-test that ships with every installation."""

import pytest

from funnelproof.statistics import proportions, selftest


@pytest.mark.parametrize("check", selftest.run(), ids=lambda check: check.name)
def test_this_build_meets_the_published_value(check):
    name, expected, observed, ok, _ = check
    assert ok, f"{name}: {expected} was published, {observed} computed"


def test_every_method_has_a_published_value():
    names = " ".join(check.name for check in selftest.run())
    for source in (
        "Newcombe",
        "Cochran",
        "Greenland",
        "AUTO83B",
        "Miller",
        "Waudby-Smith",
        "Fabijan",
        "Lindon",
        "Holm",
    ):
        assert source in names


@pytest.mark.parametrize(
    ("digits", "observed", "agrees"),
    [
        ("0.2553", 0.25529, True),
        ("0.2553", 0.25536, False),
        ("1915", 1_915, True),
        ("1915", 1_916, False),
        ("-12.94627", -12.946273, True),
        ("0.0074", None, False),
        ("0.0074", float("nan"), False),
    ],
)
def test_a_value_agrees_when_it_rounds_to_the_printed_digits(digits, observed, agrees):
    assert selftest.agrees(digits, observed) is agrees


def test_a_broken_build_is_found_out(monkeypatch):
    monkeypatch.setattr(proportions, "ndtri", lambda _: 1.645)
    assert not all(check.ok for check in selftest.run())
