"""Sessions and tokens, as people and programs use them."""

import pytest

from cast import HANDLE, PASSWORD, Actor, Cast, Client, make_cast, refused
from conftest import MakeInstallation
from funnelproof.access import routes as access
from funnelproof.access.guard import guarded
from funnelproof.clock import DAY, SetClock
from funnelproof.settings import Signup
from funnelproof.web.control import control_plane

TOKENS = f"/v2/handles/{HANDLE}/tokens"
NEW = {"email": "new@gharart.example", "password": "long enough", "name": "New"}


def log_in(client: Client, email: str, password: str = PASSWORD) -> dict[str, str]:
    answer = client.post("/v2/auth/login", {"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    session: dict[str, str] = answer.json()
    return session


def test_a_person_logs_in_and_learns_their_roles(client: Client, cast: Cast) -> None:
    session = log_in(client, "Owner@Gharart.example")
    me = client.get("/v2/auth/me", by=Actor("owner", credential=session["accessToken"])).json()
    assert me["handles"] == [{"handle": HANDLE, "role": "OWNER"}]
    assert me["email"] == "owner@gharart.example"
    assert (session["tokenType"], session["expiresIn"]) == ("Bearer", 900)


def test_no_cache_keeps_a_session(client: Client, cast: Cast) -> None:
    answer = client.post("/v2/auth/login", {"email": cast.owner.email, "password": PASSWORD})
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("email", ["nobody@gharart.example", "owner", "", "a" * 254, "owner@gharart.example "])
def test_a_wrong_password_and_an_unknown_address_read_alike(client: Client, cast: Cast, email: str) -> None:
    wrong = client.post("/v2/auth/login", {"email": cast.owner.email, "password": "not the password"})
    unknown = client.post("/v2/auth/login", {"email": email, "password": "not the password"})
    first, second = (refused(answer, 401, "invalid_credentials") for answer in (wrong, unknown))
    assert first["detail"] == second["detail"]


def test_a_session_is_refreshed_and_a_second_use_ends_it(client: Client, cast: Cast) -> None:
    first = log_in(client, cast.owner.email)
    second = client.post("/v2/auth/refresh", {"refreshToken": first["refreshToken"]}).json()
    refused(client.post("/v2/auth/refresh", {"refreshToken": first["refreshToken"]}), 401, "invalid_token")
    refused(client.post("/v2/auth/refresh", {"refreshToken": second["refreshToken"]}), 401, "invalid_token")
    refused(client.get("/v2/auth/me", by=Actor("owner", credential=second["accessToken"])), 401, "invalid_token")


def test_a_session_of_a_month_ago_has_expired(client: Client, cast: Cast, clock: SetClock) -> None:
    session = log_in(client, cast.owner.email)
    clock.advance(30 * DAY)
    refused(client.post("/v2/auth/refresh", {"refreshToken": session["refreshToken"]}), 401, "token_expired")


def test_logging_out_twice_is_no_error(client: Client, cast: Cast) -> None:
    session = log_in(client, cast.owner.email)
    for _ in range(2):
        answer = client.post("/v2/auth/logout", {"refreshToken": session["refreshToken"]})
        assert (answer.status_code, answer.content) == (204, b"")


@pytest.fixture
def open_client(make_installation: MakeInstallation) -> Client:
    home = make_installation(signup=Signup.OPEN)
    make_cast(home)
    return Client(guarded(home, control_plane(home, [access.routes(home)])))


def test_sign_up_answers_alike_whether_or_not_the_address_is_known(open_client: Client) -> None:
    with open_client as client:
        fresh = client.post("/v2/auth/signup", NEW)
        known = client.post("/v2/auth/signup", {**NEW, "email": "owner@gharart.example"})
        assert (fresh.status_code, fresh.json()) == (known.status_code, known.json()) == (202, {"status": "ACCEPTED"})
        log_in(client, "new@gharart.example", "long enough")
        log_in(client, "owner@gharart.example")


def test_a_sign_up_that_lacks_something_is_told_all_of_it(open_client: Client) -> None:
    with open_client as client:
        document = refused(client.post("/v2/auth/signup", {"email": "x", "password": "short"}), 400, "invalid_payload")
    assert [fault["pointer"] for fault in document["errors"]] == ["/email", "/password"]
    assert "short" not in str(document["errors"][1])


@pytest.mark.parametrize("signup", [Signup.CLOSED, Signup.INVITE])
def test_a_closed_sign_up_says_how_to_get_in(make_installation: MakeInstallation, signup: Signup) -> None:
    home = make_installation(signup=signup)
    with Client(guarded(home, control_plane(home, [access.routes(home)]))) as client:
        for body in (NEW, {}):
            detail = refused(client.post("/v2/auth/signup", body), 403, "signup_closed")["detail"]
            assert "FUNNELPROOF_SIGNUP=open" in detail


def test_an_operator_makes_a_token_that_is_shown_once(client: Client, cast: Cast) -> None:
    made = client.post(TOKENS, {"name": "CI", "scopes": ["links.read"]}, by=cast.operator)
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    assert made.headers["location"] == f"{TOKENS}/{made.json()['tokenId']}"
    assert client.get("/v2/handles", by=Actor("CI", credential=made.json()["token"])).status_code == 200
    listed = client.get(TOKENS, by=cast.operator).json()["items"]
    assert [item["name"] for item in listed] == ["CI"]
    assert "token" not in listed[0]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "CI", "scopes": []}, "invalid_scopes"),
        ({"name": "CI", "scopes": ["links.fly"]}, "invalid_scopes"),
        ({"name": "", "scopes": ["links.read"]}, "invalid_name"),
        ({"name": "CI", "scopes": ["links.read"], "expiresAt": "2026-11-23T09:00:00Z"}, "invalid_expires_at"),
        ({"name": "CI", "scopes": ["links.read"], "secret": "mine"}, "unknown_field"),
        ({}, "invalid_payload"),
    ],
)
def test_a_token_of_bad_shape_is_refused(client: Client, cast: Cast, body: dict[str, object], code: str) -> None:
    refused(client.post(TOKENS, body, by=cast.operator), 400, code)


def test_a_revoked_token_is_dead_at_once_and_stays_in_the_list(client: Client, cast: Cast) -> None:
    made = client.post(TOKENS, {"name": "CI", "scopes": ["links.*"]}, by=cast.operator).json()
    for _ in range(2):
        assert client.delete(f"{TOKENS}/{made['tokenId']}", by=cast.owner).status_code == 204
    refused(client.get("/v2/handles", by=Actor("CI", credential=made["token"])), 401, "invalid_token")
    listed = client.get(TOKENS, by=cast.owner).json()["items"][0]
    assert (listed["revokedBy"], listed["revokedAt"]) == (f"user:{cast.owner.user_id}", "2026-11-23T09:00:00Z")
    refused(client.delete(f"{TOKENS}/tok_unknown", by=cast.owner), 404, "not_found")


def test_tokens_come_in_pages(client: Client, cast: Cast, clock: SetClock) -> None:
    for name in "abc":
        clock.advance(1)
        client.post(TOKENS, {"name": name, "scopes": ["links.read"]}, by=cast.owner)
    first = client.get(f"{TOKENS}?limit=2", by=cast.owner).json()
    second = client.get(f"{TOKENS}?limit=2&cursor={first['nextCursor']}", by=cast.owner).json()
    assert [item["name"] for item in first["items"] + second["items"]] == ["c", "b", "a"]
    assert second["nextCursor"] is None
    refused(client.get(f"{TOKENS}?cursor=nonsense", by=cast.owner), 400, "invalid_cursor")
