"""Who clicks: the cookie, consent, and the visitor that comes of both."""

import pytest

from funnelproof.clicks.visitor import (
    Identity,
    consent_of,
    cookie_header,
    cookie_of,
    for_this_click,
    for_today,
    visitor_hash,
    with_cookie,
)
from funnelproof.keys.key import Key
from funnelproof.links.ctx import Consent

GOOD = "0123456789abcdef0123456789abcdef"
KEY = Key("k", b"k" * 32, 0, None)


@pytest.mark.parametrize(
    ("cookie", "value"),
    [
        (f"fp_vid={GOOD}", GOOD),
        (f"a=b; fp_vid={GOOD}; c=d", GOOD),
        (f'prefs={{"a": 1, "b"}}; fp_vid={GOOD}', GOOD),
        (f"fp_vid=broken; fp_vid={GOOD}", GOOD),
        (f"xfp_vid={GOOD}", None),
        (f"fp_vid={GOOD.upper()}", None),
        (f"fp_vid={GOOD}0", None),
        (f'fp_vid="{GOOD}"', None),
        ("fp_vid=", None),
        ("", None),
    ],
)
def test_only_thirty_two_lower_case_hex_digits_are_our_cookie(cookie: str, value: str | None) -> None:
    assert cookie_of({"cookie": cookie}) == value


@pytest.mark.parametrize(
    ("query", "headers", "default", "expected"),
    [
        ("", {}, "full", Consent.FULL),
        ("", {}, "basic", Consent.BASIC),
        ("", {}, "denied", Consent.DENIED),
        ("", {"sec-gpc": "1"}, "full", Consent.BASIC),
        ("", {"sec-gpc": "0"}, "full", Consent.FULL),
        ("", {"sec-gpc": "1"}, "denied", Consent.DENIED),
        ("fp_consent=denied", {}, "full", Consent.DENIED),
        ("a=1&fp_consent=denied", {"sec-gpc": "1"}, "basic", Consent.DENIED),
        ("fp_consent=granted", {}, "denied", Consent.DENIED),
        ("xfp_consent=denied", {}, "full", Consent.FULL),
        ("fp_consent=denied1", {}, "full", Consent.FULL),
        ("fp_consent=Denied", {}, "full", Consent.FULL),
        ("%66p%5fconsent=d%65nied&b", {}, "full", Consent.DENIED),
        ("%66p%5Fconsent=denied", {}, "full", Consent.DENIED),
        ("fp=%41&" * 9000 + "fp_consent=denied", {}, "full", Consent.DENIED),
    ],
)
def test_what_a_visitor_consents_to(query: str, headers: dict[str, str], default: str, expected: Consent) -> None:
    assert consent_of(query, headers, default) is expected


def test_one_person_is_another_visitor_in_each_campaign_and_handle() -> None:
    hashes = {visitor_hash(KEY, handle, campaign, GOOD) for handle in ("a", "b") for campaign in ("c", "d")}
    assert len(hashes) == 4
    assert all(len(value) == 16 for value in hashes)


def test_a_new_cookie_makes_a_new_visitor_and_is_to_be_set() -> None:
    new = with_cookie(None, visitor_key=KEY, handle="gharart", campaign_id="c")
    known = with_cookie(new.cookie, visitor_key=KEY, handle="gharart", campaign_id="c")
    assert (new.is_new, known.is_new, new.key == known.key, new.ticket) == (True, False, True, new.cookie)


def test_without_consent_a_visitor_is_known_for_one_salt_only() -> None:
    def today(salt: bytes, address: str = "192.0.2.1", agent: str = "Browser") -> str:
        return for_today(address, agent, salt=salt, visitor_key=KEY, handle="h", campaign_id="c").key

    assert today(b"1") == today(b"1")
    assert len({today(b"1"), today(b"2"), today(b"1", "192.0.2.2"), today(b"1", agent="Other")}) == 4
    visitor = for_today("192.0.2.1", "B", salt=b"1", visitor_key=KEY, handle="h", campaign_id="c")
    assert (visitor.identity, visitor.cookie, len(visitor.ticket)) == (Identity.DAILY, None, 32)


def test_who_wants_not_to_be_known_is_somebody_else_each_time() -> None:
    one, other = for_this_click(), for_this_click()
    assert one.key != other.key
    assert (one.consent, one.cookie, one.identity) == (Consent.DENIED, None, Identity.DAILY)


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookie_is_ours_alone_and_lasts_a_year(*, secure: bool) -> None:
    header = cookie_header(GOOD, path="/gharart", secure=secure)
    assert header.startswith(f"fp_vid={GOOD}; Path=/gharart; Max-Age=31536000; HttpOnly; SameSite=Lax")
    assert ("; Secure" in header) is secure
