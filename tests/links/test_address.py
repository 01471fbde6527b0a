"""Where links may lead, and with which query a visitor arrives."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelproof.links.address import (
    AddressRules,
    arrival_address,
    destination_faults,
    is_public_address,
    read_query,
)

RULES = AddressRules(frozenset({"go.example", "127.0.0.1:8080"}), link_domain="at.example")
CTX = "k123.body"


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/offer",
        "http://shop.example:8443/a?b=c#d",
        "https://xn--bcher-kva.example/",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://go.example/gharart/p/offer",
        "https://go.example/",
    ],
)
def test_a_public_destination_is_taken(url: str) -> None:
    assert destination_faults(url, "/destinationUrl", RULES) == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("javascript:alert(1)", "must begin with"),
        ("ftp://shop.example/", "must begin with"),
        ("/offer", "must begin with"),
        ("https://", "must begin with"),
        ("https://shop.example/a b", "holds a blank"),
        ("https://shop.example/\x00", "holds a blank"),
        ("https://shop.example/ä", "beyond ASCII"),
        ("https://me:secret@shop.example/", "user name"),
        ("https://shop.example:99999/", "is not an address"),
        ("https://[::1", "is not an address"),
        ("https://localhost/", "public host"),
        ("http://127.0.0.1/", "public host"),
        ("http://10.1.2.3/", "public host"),
        ("http://2130706433/", "public host"),
        ("http://0x7f.1/", "public host"),
        ("http://0177.0.0.1/", "public host"),
        ("http://127.1/", "public host"),
        ("http://[::ffff:127.0.0.1]/", "public host"),
        ("http://[64:ff9b::7f00:1]/", "public host"),
        ("http://[2002:7f00:1::]/", "public host"),
        ("http://printer.local/", "public host"),
        ("http://db.internal/", "public host"),
        ("http://intranet/", "public host"),
        ("https://go.example/gharart/buy-now", "in circles"),
        ("https://go.example:443/gharart/buy-now", "in circles"),
        ("https://GO.example./gharart/buy-now", "in circles"),
        ("https://go.example/gharart%2Fbuy-now", "in circles"),
        ("https://go.example/x/../gharart/buy-now", "in circles"),
        ("https://go.example/./gharart//buy-now", "in circles"),
        ("http://127.0.0.1:8080/gharart/buy-now", "in circles"),
        ("https://gharart.at.example/buy-now", "in circles"),
        ("https://shop.example/" + "a" * 2048, "characters"),
    ],
)
def test_an_unsafe_destination_is_refused_with_its_mend(url: str, says: str) -> None:
    (fault,) = destination_faults(url, "/destinationUrl", RULES)
    assert fault.pointer == "/destinationUrl"
    assert says in fault.detail


def test_loopback_is_a_destination_only_where_it_is_allowed() -> None:
    allowed = AddressRules(frozenset({"127.0.0.1:8080"}), allow_loopback=True)
    assert destination_faults("http://127.0.0.1:9000/shop", "/u", allowed) == []
    assert destination_faults("http://127.0.0.1:8080/gharart/buy-now", "/u", allowed)
    assert destination_faults("http://10.0.0.1/shop", "/u", allowed)


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("1.1.1.1", True),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("::ffff:1.1.1.1", True),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::101:101", True),
        ("64:ff9b::a00:1", False),
        ("fe80::1", False),
        ("::1", False),
    ],
)
def test_an_address_is_public_if_the_one_inside_it_is(address: str, *, is_public: bool) -> None:
    assert is_public_address(address) is is_public


@pytest.mark.parametrize(
    ("destination", "click", "tracking", "arrives"),
    [
        ("https://s.example/a", "", {}, "https://s.example/a?ctx=k123.body"),
        ("https://s.example/a#top", "", {}, "https://s.example/a?ctx=k123.body#top"),
        ("https://s.example/a?x=1", "", {}, "https://s.example/a?x=1&ctx=k123.body"),
        ("https://s.example/a?ctx=old&x=1", "ctx=older", {}, "https://s.example/a?x=1&ctx=k123.body"),
        ("https://s.example/a", "fp_consent=denied&fp_x=1&y=2", {}, "https://s.example/a?y=2&ctx=k123.body"),
        ("https://s.example/a?u=own", "u=click", {"u": "link"}, "https://s.example/a?u=own&ctx=k123.body"),
        ("https://s.example/a", "u=click", {"u": "link"}, "https://s.example/a?u=click&ctx=k123.body"),
        ("https://s.example/a", "", {"u": "a b&c"}, "https://s.example/a?u=a%20b%26c&ctx=k123.body"),
        ("https://s.example/a", "t=1&t=2", {}, "https://s.example/a?t=1&t=2&ctx=k123.body"),
        ("https://s.example/a", "q=a+b%20c%C3%A9", {}, "https://s.example/a?q=a+b%20c%C3%A9&ctx=k123.body"),
        ("https://s.example/a", 'q="<>\r\n', {}, "https://s.example/a?q=%22%3C%3E%0D%0A&ctx=k123.body"),
        ("https://s.example/a", "flag&&=", {}, "https://s.example/a?flag&=&ctx=k123.body"),
    ],
)
def test_the_query_at_the_destination(destination: str, click: str, tracking: dict[str, str], arrives: str) -> None:
    given = tuple(tracking.items())
    assert arrival_address(destination, click_query=click, tracking=given, ctx=CTX) == arrives


def test_without_a_ctx_the_destination_keeps_its_own() -> None:
    made = arrival_address("https://s.example/?ctx=theirs", click_query="a=1", tracking=(), ctx=None)
    assert made == "https://s.example/?ctx=theirs&a=1"


def test_a_query_that_is_too_long_is_cut_between_two_names() -> None:
    query = f"a={'1' * 4093}&b={'2' * 4093}&c=3"
    arrived = arrival_address("https://s.example/", click_query=query, tracking=(), ctx=None)
    assert arrived == f"https://s.example/?a={'1' * 4093}&b={'2' * 4093}"


def test_of_a_query_with_too_many_names_the_first_count() -> None:
    query = "&".join(f"n{number}={number}" for number in range(300))
    arrived = arrival_address("https://s.example/", click_query=query, tracking=(), ctx=None)
    assert arrived.endswith("&n255=255")
    assert "n256" not in read_query(query)


def test_the_longest_query_holds_nobody_up() -> None:
    """One that came at 64 KiB took a quarter of a second of the loop, so a handful of them a second stopped a shop."""
    query = "%41%42&" * 9000
    began = process_time()
    read_query(query)
    arrival_address("https://s.example/", click_query=query, tracking=(), ctx=CTX)
    assert process_time() - began < 0.05


@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=300))
def test_whatever_a_click_brings_the_address_is_safe_to_send(query: str) -> None:
    arrived = arrival_address("https://s.example/a", click_query=query, tracking=(), ctx=CTX)
    assert arrived.isascii()
    assert not any(ord(letter) <= 32 for letter in arrived)
    assert arrived.endswith(f"ctx={CTX}")


@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=300))
def test_whatever_a_click_brings_its_tags_can_be_stored(query: str) -> None:
    for value in read_query(query).values():
        assert "\0" not in value
        assert len(value) <= 200
        value.encode()


def test_of_a_repeated_tag_the_first_counts_and_controls_are_dropped() -> None:
    assert read_query("utm_source=a%00b&utm_source=c&ctx=x&fp_y=1") == {"utm_source": "ab"}
