"""A whole test on either engine: the same rows, the same figures."""

from collections.abc import Iterator

import pytest

from cast import Cast, Client, make_cast
from conftest import MakeInstallation
from funnelproof.app import Application
from funnelproof.clock import DAY, SetClock
from funnelproof.results.keep import Watch
from results.conftest import CAMPAIGNS, FUNNEL, Crowd, Test


@pytest.fixture
def anywhere(make_installation: MakeInstallation, engine_kind: str, clock: SetClock) -> Iterator[tuple[Test, Cast]]:
    home = make_installation(engine_kind)
    cast = make_cast(home)
    with Client(Application(home)) as client:
        made = client.post(CAMPAIGNS, FUNNEL, by=cast.owner)
        yield Test(client, home, cast.token("campaigns.*"), clock, str(made.headers["location"])), cast


def test_results_looks_and_alarms_on_either_engine(anywhere: tuple[Test, Cast]) -> None:
    test, cast = anywhere
    for at in range(12):
        ctx = test.click(at)
        if at % 3 == 0:
            test.buy(ctx, f"order-{at}", "12.50")
    test.crowd(Crowd(1, 5_000, 200, each=1_000), Crowd(2, 5_000, 290, each=1_000))
    rows = [
        {"visitor": f"x{variant}{device}{at:06}", "variant": variant, "device": device}
        for variant, device, count in ((1, "MOBILE", 300), (2, "MOBILE", 120), (1, "DESKTOP", 200), (2, "DESKTOP", 210))
        for at in range(count)
    ]
    test.stand(rows)
    test.crowd(Crowd(1, 1_000))
    opened = test.results()
    assert (opened["verdict"]["code"], opened["funnel"]["visitors"]) == ("INVALID", 11_012)
    closed = test.client.post(f"{test.path}/results/alarm/close", {"reason": "mended"}, by=cast.owner).json()
    (alarm,) = closed["sampleRatio"]["alarms"]
    assert (alarm["open"], alarm["slice"]["value"]) == (False, "MOBILE")
    test.clock.advance(15 * DAY)
    assert [test.home.database.write_now(watch) for watch in [Watch(test.clock.now)] * 2] == [1, 0]
    found = test.results()
    assert found["verdict"]["code"] == "WINNER"
    assert sum(own["orders"] for variant in found["variants"] for own in variant["revenue"]) == 494
    looks = test.client.get(f"{test.path}/results/looks", by=test.owner).json()["items"]
    assert [look["code"] for look in looks] == ["WINNER", "NOT_ENOUGH_DATA", "INVALID"]
