"""Clicks in groups and in several processes, on both engines: nobody is counted twice, nothing is used up twice."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from cast import Client, make_cast
from clicks.samples import NOW
from conftest import MakeInstallation
from elsewhere import another_process
from funnel import Funnel, cookie_of
from funnelproof.app import Application
from funnelproof.clicks.assignment import Kind
from funnelproof.clicks.cache import read_route
from funnelproof.clicks.follow import Click, follow
from funnelproof.clicks.visit import Visit
from funnelproof.clicks.visitor import with_cookie
from funnelproof.ids import new_id
from funnelproof.installation import Installation
from funnelproof.keys.key import Key
from funnelproof.links.link import LinkEnded
from funnelproof.recount.compare import recount


@pytest.fixture
def home(make_installation: MakeInstallation, engine_kind: str) -> Installation:
    return make_installation(engine_kind)


@pytest.fixture
def shop(home: Installation) -> Iterator[Funnel]:
    with Client(Application(home)) as client:
        yield Funnel(client, make_cast(home))


def visit(home: Installation, person: int, slug: str = "buy-now", kind: Kind = Kind.PERSON) -> Visit:
    route = home.database.read_now(lambda tx: read_route(tx, "gharart", slug))
    assert route is not None
    campaign_id = route.campaign.campaign_id if route.campaign else ""
    return Visit(
        route=route,
        world="live",
        click_id=new_id("clk"),
        at=NOW,
        visitor=with_cookie(
            cookie_of(person), visitor_key=Key("k", b"k", 0, None), handle="gharart", campaign_id=campaign_id
        ),
        kind=kind,
        country="IN",
        device="MOBILE",
        referrer="direct",
        source="mail",
        tags=("", "", "", "", ""),
        request_id=None,
    )


def together(home: Installation, visits: list[Visit]) -> list[Click | LinkEnded]:
    return home.database.write_now(lambda tx: follow(tx, visits))


def test_a_group_answers_each_visit_in_its_place(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    visits = [visit(home, person) for person in (1, 2, 1, 3, 2)]
    answers = together(home, visits)
    assert [answer.visit.click_id for answer in answers if isinstance(answer, Click)] == [v.click_id for v in visits]
    variants = [answer.decision.variant for answer in answers if isinstance(answer, Click)]
    assert (variants[0], variants[1]) == (variants[2], variants[4])
    assert (len(shop.rows("clicks")), len(shop.rows("ledger"))) == (5, 3)
    assert recount(home.database, now=home.clock.now()).differences == []


def test_a_visitor_that_several_processes_meet_at_once_enters_once(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    with another_process(home) as other, ThreadPoolExecutor(8) as threads:
        groups = [[visit(home, person) for person in (3, 1, 2)] for _ in range(16)]
        list(threads.map(lambda pair: together(home if pair[0] % 2 else other, pair[1]), enumerate(groups)))
    assert (len(shop.rows("clicks")), len(shop.rows("ledger"))) == (48, 3)
    entered = sum(row["visitors"] for row in shop.rows("phase_tallies"))
    assert entered == 3
    assert recount(home.database, now=home.clock.now()).differences == []


def test_what_a_link_is_good_for_is_used_up_exactly(shop: Funnel, home: Installation) -> None:
    shop.link("offer", maxClicks=10)
    with another_process(home) as other, ThreadPoolExecutor(6) as threads:
        groups = [[visit(home, 10 * number + at, "offer") for at in range(4)] for number in range(8)]
        made = threads.map(lambda pair: together(home if pair[0] % 2 else other, pair[1]), enumerate(groups))
        kinds = Counter(type(answer) for group in made for answer in group)
    assert kinds == {Click: 10, LinkEnded: 22}
    assert shop.rows("links")[0]["used_clicks"] == 10
    assert len(shop.rows("clicks")) == 10


def test_a_group_of_two_handles_and_worlds_keeps_them_apart(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    live = visit(home, 1)
    answers = together(home, [live, live._replace(click_id=new_id("clk"), world="run_" + "0" * 32)])
    assert [sorted(answer.moved_worlds) for answer in answers if isinstance(answer, Click)] == [
        ["live"],
        ["run_" + "0" * 32],
    ]
    assert {row["world"] for row in shop.rows("ledger")} == {"live", "run_" + "0" * 32}


@pytest.mark.parametrize("kind", [Kind.BOT, Kind.HEAD, Kind.PREFETCH])
def test_who_is_no_person_uses_nothing_up(shop: Funnel, home: Installation, kind: Kind) -> None:
    shop.link("offer", maxClicks=1)
    assert isinstance(together(home, [visit(home, 1, "offer", kind)])[0], Click)
    assert shop.rows("links")[0]["used_clicks"] == 0
