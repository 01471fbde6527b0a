"""Handles and their members over HTTP."""

from typing import Any

import pytest

from cast import HANDLE, Cast, Client, make_cast, refused
from conftest import MakeInstallation
from funnelproof.access.guard import guarded
from funnelproof.clock import SetClock
from funnelproof.handles import routes as handles
from funnelproof.settings import Signup
from funnelproof.web.control import control_plane

HANDLES = "/v2/handles"
OURS = f"{HANDLES}/{HANDLE}"
COLLABORATORS = f"{OURS}/collaborators"


def test_each_sees_the_handles_they_have_a_part_in(client: Client, cast: Cast) -> None:
    for by, names in ((cast.teammate, [HANDLE]), (cast.stranger, ["elsewhere"]), (cast.boss, [])):
        assert [item["handle"] for item in client.get(HANDLES, by=by).json()["items"]] == names
    assert [item["handle"] for item in client.get(HANDLES, by=cast.token("links.read")).json()["items"]] == [HANDLE]


def test_handles_come_in_pages(client: Client, cast: Cast, clock: SetClock) -> None:
    for name in ("one", "two", "three"):
        clock.advance(1)
        client.post(HANDLES, {"handle": name}, by=cast.boss)
    first = client.get(f"{HANDLES}?limit=2", by=cast.boss).json()
    second = client.get(f"{HANDLES}?limit=2&cursor={first['nextCursor']}", by=cast.boss).json()
    assert [item["handle"] for item in first["items"] + second["items"]] == ["three", "two", "one"]


def test_a_platform_operator_makes_a_handle_and_owns_it(client: Client, cast: Cast) -> None:
    made = client.post(HANDLES, {"handle": "fresh", "timeZone": "Europe/Berlin", "currency": "EUR"}, by=cast.boss)
    assert (made.status_code, made.headers["location"], made.headers["etag"]) == (201, "/v2/handles/fresh", '"1"')
    assert made.json() == {
        "handle": "fresh",
        "name": "fresh",
        "timeZone": "Europe/Berlin",
        "timeZoneFrom": "1970-01-01T00:00:00Z",
        "currency": "EUR",
        "quotaTier": "STANDARD",
        "consentDefault": "full",
        "retentionDays": 396,
        "createdAt": "2026-11-23T09:00:00Z",
        "version": 1,
    }
    assert client.get("/v2/auth/me", by=cast.boss).json()["handles"] == [{"handle": "fresh", "role": "OWNER"}]
    refused(client.post(HANDLES, {"handle": "fresh"}, by=cast.boss), 409, "handle_taken")


@pytest.mark.parametrize("handle", ["v2", "app", "a--b", "X"])
def test_a_name_that_is_reserved_or_malformed_is_refused(client: Client, cast: Cast, handle: str) -> None:
    refused(client.post(HANDLES, {"handle": handle}, by=cast.boss), 400, "invalid_handle")


def test_others_make_handles_only_while_sign_up_is_open(client: Client, cast: Cast) -> None:
    refused(client.post(HANDLES, {"handle": "mine"}, by=cast.owner), 403, "operator_only")
    refused(client.post(HANDLES, {"handle": "mine"}, by=cast.token("campaigns.*")), 403, "insufficient_scope")


def test_anybody_signed_in_makes_one_while_it_is(make_installation: MakeInstallation) -> None:
    home = make_installation(signup=Signup.OPEN)
    people = make_cast(home)
    with Client(guarded(home, control_plane(home, [handles.routes(home)]))) as client:
        assert client.post(HANDLES, {"handle": "mine"}, by=people.teammate).status_code == 201


def test_what_is_read_can_be_edited_and_sent_back(client: Client, cast: Cast) -> None:
    read = client.get(OURS, by=cast.operator)
    edited = {**read.json(), "name": "Gharart & Co", "retentionDays": 90}
    changed = client.patch(OURS, edited, by=cast.operator, headers={"If-Match": read.headers["etag"]})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert changed.json() == {**edited, "version": 2}


def test_a_change_of_what_has_changed_meanwhile_is_refused(client: Client, cast: Cast) -> None:
    client.patch(OURS, {"name": "First"}, by=cast.owner)
    answer = client.patch(OURS, {"name": "Second"}, by=cast.owner, headers={"If-Match": '"1"'})
    assert refused(answer, 412, "precondition_failed")["etag"] == '"2"'


def test_the_same_change_twice_is_one_version(client: Client, cast: Cast) -> None:
    versions = [client.patch(OURS, {"currency": "USD"}, by=cast.owner).json()["version"] for _ in range(2)]
    assert versions == [2, 2]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"handle": "another"}, "read_only_field"),
        ({"quotaTier": "GOLD", "version": 9}, "read_only_field"),
        ({"name": None}, "invalid_name"),
        ({"currency": "XXX"}, "invalid_currency"),
        ({"retentionDays": 29}, "invalid_retention_days"),
        ({"retentionDays": True}, "invalid_retention_days"),
        ({"status": "ACTIVE"}, "unknown_field"),
    ],
)
def test_a_change_of_bad_shape_is_refused(client: Client, cast: Cast, body: dict[str, Any], code: str) -> None:
    refused(client.patch(OURS, body, by=cast.owner), 400, code)
    assert client.get(OURS, by=cast.owner).json()["version"] == 1


def test_a_new_zone_waits_for_midnight(client: Client, cast: Cast) -> None:
    changed = client.patch(OURS, {"timeZone": "Europe/Berlin"}, by=cast.owner).json()
    assert (changed["timeZone"], changed["timeZoneFrom"]) == ("Europe/Berlin", "2026-11-24T00:00:00Z")


def test_the_owner_reads_the_collaborators_edits_and_sends_them_back(client: Client, cast: Cast) -> None:
    listed = client.get(COLLABORATORS, by=cast.owner).json()
    assert [item["role"] for item in listed["items"]] == ["OWNER", "OPERATOR", "CREATOR"]
    kept = [item for item in listed["items"] if item["role"] != "CREATOR"]
    new = {"email": cast.stranger.email.upper(), "role": "CREATOR"}
    for _ in range(2):
        answer = client.put(COLLABORATORS, {**listed, "items": [*kept, new]}, by=cast.owner)
        assert answer.status_code == 200, answer.text
    refused(client.get(OURS, by=cast.teammate), 404, "handle_not_found")
    assert client.get(OURS, by=cast.stranger).status_code == 200


def test_an_operator_reads_the_collaborators_and_may_not_set_them(client: Client, cast: Cast) -> None:
    listed = client.get(COLLABORATORS, by=cast.operator).json()
    refused(client.put(COLLABORATORS, listed, by=cast.operator), 403, "insufficient_role")


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([], "invalid_items"),
        ([{"email": "operator@gharart.example", "role": "OPERATOR"}], "invalid_items"),
        ([{"email": "owner@gharart.example", "role": "OWNER"}, {"email": "x", "role": "CREATOR"}], "invalid_email"),
        ([{"email": "owner@gharart.example", "role": "BOSS"}], "invalid_role"),
        ([{"email": "owner@gharart.example", "role": "OWNER", "salary": 1}], "unknown_field"),
    ],
)
def test_a_list_of_bad_shape_is_refused(client: Client, cast: Cast, items: list[Any], code: str) -> None:
    refused(client.put(COLLABORATORS, {"items": items}, by=cast.owner), 400, code)


def test_an_unknown_address_is_named(client: Client, cast: Cast) -> None:
    items = [{"email": cast.owner.email, "role": "OWNER"}, {"email": "nemo@gharart.example", "role": "CREATOR"}]
    document = refused(client.put(COLLABORATORS, {"items": items}, by=cast.owner), 400, "invalid_email")
    assert document["errors"][0]["pointer"] == "/items/1/email"
    assert "nemo@gharart.example" in document["detail"]


def test_who_leaves_takes_their_tokens_along_for_good(client: Client, cast: Cast) -> None:
    token = cast.token("campaigns.read", maker=cast.operator)
    members = client.get(COLLABORATORS, by=cast.owner).json()["items"]
    everybody = [{"email": member["email"], "role": member["role"]} for member in members]
    without = [member for member in everybody if member["email"] != cast.operator.email]
    for items in (without, everybody):
        assert client.put(COLLABORATORS, {"items": items}, by=cast.owner).status_code == 200
        assert client.get(f"{OURS}/campaigns", by=token).status_code == 401
