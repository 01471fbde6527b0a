"""The guard decides before anything of the body is read."""

import asyncio
from typing import Any

import pytest

from cast import HANDLE, PASSWORD, Actor, Cast, Client, refused
from funnelproof.access import sessions, store
from funnelproof.access.roles import Role
from funnelproof.clock import MINUTE, SECOND, SetClock, from_iso
from funnelproof.installation import Installation
from funnelproof.keys.key import Purpose
from funnelproof.keys.ring import rotate

ME = "/v2/auth/me"
TOKENS = f"/v2/handles/{HANDLE}/tokens"
MIRROR = f"/v2/public/handles/{HANDLE}/links"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic b3duZXI6cGFzcw==", "Bearer a.b.c", "Bearer patv1_x", "nonsense"]
)
def test_a_malformed_credential_is_refused(client: Client, header: str) -> None:
    answer = client.get(ME, headers={"Authorization": header})
    refused(answer, 401, "invalid_token")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_may_come_as_an_api_key_and_a_jwt_may_not(client: Client, cast: Cast) -> None:
    token = cast.token("links.read").credential
    assert client.get("/v2/handles", headers={"X-Api-Key": str(token)}).status_code == 200
    refused(client.get(ME, headers={"X-Api-Key": str(cast.owner.credential)}), 401, "invalid_token")


def test_two_credentials_are_refused_whatever_they_say(client: Client, cast: Cast) -> None:
    answer = client.get(ME, by=cast.owner, headers={"X-Api-Key": str(cast.token("links.read").credential)})
    assert "one credential" in refused(answer, 401, "invalid_token")["detail"]


def test_a_jwt_is_no_credential_on_the_public_mirror(client: Client, cast: Cast) -> None:
    assert "/v2/handles" in refused(client.get(MIRROR, by=cast.owner), 401, "invalid_token")["detail"]


def test_an_expired_jwt_says_so(client: Client, cast: Cast, clock: SetClock) -> None:
    clock.advance(15 * MINUTE)
    assert refused(client.get(ME, by=cast.owner), 401, "token_expired")["expiredAt"] == "2026-11-23T09:15:00Z"


def test_an_unknown_handle_and_a_strangers_read_alike(client: Client, cast: Cast) -> None:
    unknown = refused(client.get("/v2/handles/unknown", by=cast.owner), 404, "handle_not_found")
    strangers = refused(client.get("/v2/handles/elsewhere", by=cast.owner), 404, "handle_not_found")
    assert unknown["detail"] == strangers["detail"]


def test_a_missing_role_is_named(client: Client, cast: Cast) -> None:
    document = refused(client.get(TOKENS, by=cast.teammate), 403, "insufficient_role")
    assert (document["neededRole"], document["role"]) == ("OPERATOR", "CREATOR")
    assert "OPERATOR" in document["detail"]


def test_a_missing_scope_is_named(client: Client, cast: Cast) -> None:
    document = refused(client.get(MIRROR, by=cast.token("pages.*")), 403, "insufficient_scope")
    assert document["neededScope"] == "links.read"
    assert "links.read" in document["detail"]


def test_a_role_that_is_taken_away_is_gone_at_once(client: Client, cast: Cast, installation: Installation) -> None:
    assert client.get(TOKENS, by=cast.operator).status_code == 200
    installation.database.write_now(lambda tx: store.set_role(tx, HANDLE, cast.operator.user_id, Role.CREATOR))
    refused(client.get(TOKENS, by=cast.operator), 403, "insufficient_role")


def test_logging_out_ends_the_jwt_as_well(client: Client, cast: Cast) -> None:
    session = client.post("/v2/auth/login", {"email": cast.owner.email, "password": PASSWORD}).json()
    person = Actor("owner", credential=session["accessToken"])
    assert client.get(ME, by=person).status_code == 200
    client.post("/v2/auth/logout", {"refreshToken": session["refreshToken"]})
    refused(client.get(ME, by=person), 401, "invalid_token")


def test_a_jwt_of_a_key_just_made_elsewhere_is_known_within_a_second(
    client: Client, cast: Cast, installation: Installation, clock: SetClock
) -> None:
    installation.database.write_now(lambda tx: rotate(tx, installation.seal, clock.now(), Purpose.SESSION))
    clock.advance(MINUTE)
    other = type(installation.keyring)(installation.database, installation.seal, clock)
    other.load()
    assert other.signing(Purpose.SESSION).key_id not in str(installation.keyring.signing(Purpose.SESSION))
    session = installation.database.write_now(lambda tx: sessions.begin(tx, cast.owner.user_id, now=clock.now())[0])
    person = Actor("owner", credential=sessions.sign(other, session, now=clock.now()))
    assert client.get(ME, by=person).status_code == 200


def test_nothing_of_a_body_is_read_before_the_caller_is_let_in(client: Client, cast: Cast) -> None:
    async def unread() -> Any:
        raise AssertionError("the body was read")

    for by, status in ((cast.visitor, 401), (cast.teammate, 403), (cast.stranger, 404)):
        sent: list[Any] = []
        client.run(_call(client.app, "POST", TOKENS, by, unread, sent))
        assert sent[0]["status"] == status


async def _call(app: Any, method: str, path: str, by: Actor, receive: Any, sent: list[Any]) -> None:
    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in by.headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}
    await app(scope, receive, send)


def test_the_use_of_a_token_is_noted_once_a_minute_and_nobody_waits_for_it(
    client: Client, cast: Cast, clock: SetClock
) -> None:
    token = cast.token("links.read")

    def last_used() -> str:
        client.get("/v2/handles", by=token)
        client.run(asyncio.sleep(0.05))
        used: str = client.get(TOKENS, by=cast.owner).json()["items"][0]["lastUsedAt"]
        return used

    assert last_used() == "2026-11-23T09:00:00Z"
    clock.advance(59 * SECOND)
    assert last_used() == "2026-11-23T09:00:00Z"
    clock.advance(SECOND)
    assert from_iso(last_used()) == clock.now()
