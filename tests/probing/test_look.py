"""One look at a destination: real servers on loopback, followed like a browser, bounded whatever they do."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from funnelproof.outgoing.client import Outgoing
from funnelproof.probing import look as looking
from funnelproof.probing.finding import Finding, Outcome
from funnelproof.probing.look import look
from probing.shop import Shop, certified, shop


@pytest.fixture(scope="module")
def here() -> Iterator[Shop]:
    with shop() as told:
        yield told


def found(url: str, outgoing: Outgoing | None = None) -> Finding:
    return asyncio.run(look(outgoing or Outgoing(allow_loopback=True), url))


@pytest.mark.parametrize(
    ("path", "outcome", "said", "hops"),
    [
        ("/page", Outcome.ENDS_ON_HTTP, "without https", 0),
        ("/page?colour=red#top", Outcome.ENDS_ON_HTTP, "without https", 0),
        ("/moved", Outcome.ENDS_ON_HTTP, "without https", 1),
        ("/loses", Outcome.LOSES_CTX, "A redirect loses the query.", 1),
        ("/loses-ctx", Outcome.LOSES_CTX, "A redirect loses the ctx.", 1),
        ("/missing", Outcome.BROKEN, "It answers 404.", 0),
        ("/broken", Outcome.BROKEN, "It answers 500.", 0),
        ("/closed", Outcome.CLOSED, "403 to a machine", 0),
        ("/loop", Outcome.BROKEN, "more than 5 times", 5),
        ("/ftp", Outcome.BROKEN, "of the kind 'ftp'", 0),
        ("/inner", Outcome.REFUSED, "169.254.169.254, which is no public address", 1),
        ("/ten", Outcome.REFUSED, "10.0.0.1, which is no public address", 1),
        ("/huge", Outcome.ENDS_ON_HTTP, "without https", 0),
    ],
)
def test_what_it_makes_of_a_page(here: Shop, path: str, outcome: Outcome, said: str, hops: int) -> None:
    told = found(here.url + path)
    assert (told.outcome, said in told.detail, told.hops) == (outcome, True, hops), told
    assert "?" not in told.place
    assert "ctx" not in told.place.replace("/loses-ctx", "")


def test_a_page_that_never_answers_is_left(here: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "WHOLE_SECONDS", 0.3)
    told = found(f"{here.url}/silent")
    assert (told.outcome, told.detail) == (Outcome.BROKEN, "There was no whole answer within 0.3 s.")


def test_nobody_is_there() -> None:
    with shop() as gone:
        url = gone.url
    assert found(url).outcome is Outcome.BROKEN


def test_over_https_all_is_kept(tmp_path: Path) -> None:
    server, client = certified(tmp_path)
    outgoing = Outgoing(allow_loopback=True)
    outgoing.__dict__["_tls"] = client
    with shop(server) as told:
        for path in ("/page?colour=red", "/moved?colour=red"):
            assert found(told.url + path, outgoing).outcome is Outcome.KEEPS
        assert found(f"{told.url}/page").outcome is Outcome.BROKEN, "a certificate that nobody signed is no page"


def test_it_says_who_it_is_and_its_ctx_is_none(here: Shop) -> None:
    found(f"{here.url}/page?who")
    path, headers = next(asked for asked in here.asked if asked[0].startswith("/page?who"))
    assert "Funnelproof-Probe" in headers["user-agent"]
    assert "cookie" not in headers
    assert path.startswith("/page?who&ctx=probe.")


def test_without_leave_nothing_on_loopback_is_asked(here: Shop) -> None:
    before = len(here.asked)
    assert found(f"{here.url}/page", Outgoing()).outcome is Outcome.REFUSED
    assert len(here.asked) == before
