"""Handles: their names, and in which time zone their days are counted."""

import pytest

from cast import Client
from funnelproof.clock import MINUTE, SECOND, Micros, from_iso, local_day
from funnelproof.errors import Invalid
from funnelproof.handles.handle import (
    RESERVED,
    ZoneFrom,
    after_change,
    check_handle,
    check_time_zone,
    next_midnight,
    span_of_day,
    zone_at,
)
from funnelproof.web.control import Control
from funnelproof.web.openapi import operations

BERLIN, UTC, APIA = "Europe/Berlin", "UTC", "Pacific/Apia"
NOON = from_iso("2026-11-23T12:00:00Z")


@pytest.mark.parametrize("handle", ["abc", "gharart", "a-b", "0-9", "x" * 32, "a1-b2-c3"])
def test_a_name_that_fits(handle: str) -> None:
    assert check_handle(handle) == handle


@pytest.mark.parametrize(
    "handle", ["", "ab", "x" * 33, "Gharart", "-abc", "abc-", "a--b", "a_b", "a.b", "gharärt", "abc\n", "a b"]
)
def test_a_name_that_does_not_fit_is_told_the_form(handle: str) -> None:
    with pytest.raises(Invalid, match="3 to 32 characters"):
        check_handle(handle)


@pytest.mark.parametrize("handle", ["app", "docs", "metrics", "www", "admin"])
def test_a_reserved_name_is_refused(handle: str) -> None:
    with pytest.raises(Invalid, match="reserved"):
        check_handle(handle)


def test_the_first_segment_of_every_route_is_reserved(client: Client, control: Control) -> None:
    firsts = {path.split("/")[1] for _, path, _ in operations(control.openapi())}
    assert firsts - {"{handle}"} <= RESERVED
    assert {"v2", "app", "docs", "_fp", "openapi.json", "metrics", ".well-known"} <= RESERVED


@pytest.mark.parametrize(
    "zone", ["", "Mars/Base", "europe/berlin", "../etc/passwd", "localtime", "/etc/localtime", "x\0"]
)
def test_what_is_no_iana_zone_is_refused(zone: str) -> None:
    with pytest.raises(Invalid, match="not an IANA time zone"):
        check_time_zone(zone)


@pytest.mark.parametrize(
    ("at", "zone", "expected"),
    [
        ("2026-11-23T12:00:00Z", UTC, "2026-11-24T00:00:00Z"),
        ("2026-11-23T12:00:00Z", BERLIN, "2026-11-23T23:00:00Z"),
        ("2026-11-23T23:30:00Z", BERLIN, "2026-11-24T23:00:00Z"),
        ("2026-03-28T23:30:00Z", BERLIN, "2026-03-29T22:00:00Z"),
        ("2026-11-23T00:00:00Z", UTC, "2026-11-24T00:00:00Z"),
        ("2011-12-29T12:00:00Z", APIA, "2011-12-30T10:00:00Z"),
    ],
)
def test_the_next_midnight_of_a_zone(at: str, zone: str, expected: str) -> None:
    assert next_midnight(from_iso(at), zone) == from_iso(expected)


def change(zones: tuple[ZoneFrom, ...], zone: str, at: Micros = NOON) -> tuple[ZoneFrom, ...]:
    return after_change(zones, zone, at)


def test_a_change_holds_from_the_next_midnight_of_the_zone_before() -> None:
    zones = change((ZoneFrom(0, BERLIN),), UTC)
    midnight = from_iso("2026-11-23T23:00:00Z")
    assert zone_at(zones, midnight - 1) == BERLIN
    assert zone_at(zones, midnight) == UTC


def test_a_second_change_of_the_day_replaces_the_first() -> None:
    zones = change(change((ZoneFrom(0, UTC),), BERLIN), APIA, NOON + MINUTE)
    assert [zone.time_zone for zone in zones] == [UTC, APIA]


def test_a_change_that_is_taken_back_before_midnight_never_was() -> None:
    first = (ZoneFrom(0, UTC),)
    assert change(change(first, BERLIN), UTC, NOON + SECOND) == first


def test_a_change_of_the_past_is_kept() -> None:
    zones = change((ZoneFrom(0, UTC),), BERLIN)
    later = change(zones, APIA, NOON + 48 * 60 * MINUTE)
    assert [zone.time_zone for zone in later] == [UTC, BERLIN, APIA]


def test_before_the_first_zone_the_first_zone_holds() -> None:
    assert zone_at((ZoneFrom(100, BERLIN),), 5) == BERLIN


def test_the_span_of_a_day_holds_just_the_moments_that_have_its_name() -> None:
    zones = change(change((ZoneFrom(0, "Pacific/Auckland"),), "America/Los_Angeles"), APIA, NOON + 72 * 60 * MINUTE)
    hour = 60 * MINUTE
    for at in range(NOON - 48 * hour, NOON + 192 * hour, hour // 2):
        begin, end = span_of_day(zones, local_day(at, zone_at(zones, at)))
        assert begin <= at < end
        assert local_day(begin - 1, zone_at(zones, begin - 1)) != local_day(at, zone_at(zones, at))
        assert local_day(end, zone_at(zones, end)) != local_day(at, zone_at(zones, at))


def test_days_on_which_the_clocks_change_have_23_or_25_hours() -> None:
    berlin = (ZoneFrom(0, BERLIN),)
    lengths = [end - begin for begin, end in (span_of_day(berlin, day) for day in ("2026-03-29", "2026-10-25"))]
    assert lengths == [23 * 60 * MINUTE, 25 * 60 * MINUTE]
