"""What a user agent tells, and what a request's headers make of a visit."""

import pytest

from funnel import BOT, BROWSER
from funnelproof.clicks.assignment import Kind
from funnelproof.clicks.device import agent_of
from funnelproof.clicks.kind import kind_of
from funnelproof.clicks.visiting import referrer_of
from funnelproof.web.edge import EdgeRequest, read_request

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148"
IPAD = "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1"
PIXEL = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36"
)
GALAXY_TAB = (
    "Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("user_agent", "device", "is_bot"),
    [
        (BROWSER, "DESKTOP", False),
        (IPHONE, "MOBILE", False),
        (IPAD, "TABLET", False),
        (PIXEL, "MOBILE", False),
        (GALAXY_TAB, "TABLET", False),
        ("Fridge/1.0", "UNKNOWN", False),
        (BOT, "BOT", True),
        ("curl/8.5.0", "BOT", True),
        ("", "BOT", True),
        (BROWSER + "x" * 100_000, "DESKTOP", False),
    ],
)
def test_which_device_and_whether_a_bot(user_agent: str, device: str, *, is_bot: bool) -> None:
    agent = agent_of(user_agent)
    assert (agent.device, agent.is_bot) == (device, is_bot)


def request(method: str = "GET", **headers: str) -> EdgeRequest:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"method": method, "path": "/gharart/buy-now", "query_string": b"", "headers": raw, "client": None}
    return read_request(scope, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("of", "is_bot", "kind"),
    [
        (request(), False, Kind.PERSON),
        (request(), True, Kind.BOT),
        (request("HEAD"), False, Kind.HEAD),
        (request("HEAD"), True, Kind.BOT),
        (request(sec_purpose="prefetch;prerender"), False, Kind.PREFETCH),
        (request(purpose="prefetch"), False, Kind.PREFETCH),
        (request(x_moz="prefetch"), False, Kind.PREFETCH),
        (request(sec_purpose="navigate"), False, Kind.PERSON),
        (request("POST"), False, Kind.PERSON),
    ],
)
def test_what_kind_of_visit_it_is(of: EdgeRequest, kind: Kind, *, is_bot: bool) -> None:
    assert kind_of(of, is_bot=is_bot) is kind


@pytest.mark.parametrize(
    ("referer", "domain"),
    [
        ("https://www.news.example/article?id=1", "www.news.example"),
        ("", "direct"),
        ("not an address", "direct"),
        ("https://[broken", "direct"),
        ("https://" + "a" * 400, "a" * 253),
    ],
)
def test_of_a_referrer_only_the_domain_is_kept(referer: str, domain: str) -> None:
    assert referrer_of(referer) == domain
