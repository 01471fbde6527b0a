"""Results over HTTP, end to end: who counts where, and what the verdict says of it."""

from funnelproof.clock import DAY
from results.conftest import Crowd, Test


def test_before_anybody_came_everything_is_absent_with_a_reason(running: Test) -> None:
    found = running.results()
    assert found["verdict"]["code"] == "NOT_ENOUGH_DATA"
    assert found["verdict"]["sentence"] == "Nobody has entered the test yet."
    assert [variant["rate"] for variant in found["variants"]] == [None, None]
    assert found["comparisons"][0]["withheld"]["alwaysValidPValue"] == "no_entries"
    assert found["sizing"]["reason"] == "no_plan"
    assert found["sampleRatio"]["status"] == "UNKNOWN"


def test_figures_add_up_after_clicks_and_orders(running: Test) -> None:
    for at in range(40):
        ctx = running.click(at)
        if at % 4 == 0:
            running.buy(ctx, f"order-{at}")
    found = running.results()
    assert sum(variant["visitors"] for variant in found["variants"]) == 40
    assert sum(variant["converters"] for variant in found["variants"]) == 10
    assert found["funnel"] == {"visitors": 40, "converters": 10}


def test_a_clear_winner_after_two_weeks(running: Test) -> None:
    running.crowd(Crowd(1, 5_000, 200), Crowd(2, 5_000, 320))
    running.clock.advance(15 * DAY)
    verdict = running.results()["verdict"]
    assert (verdict["code"], verdict["variantIds"]) == ("WINNER", ["b"])
    assert verdict["sentence"].startswith("B beats A: between ")
