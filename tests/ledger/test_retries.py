"""The same request again under one key: answered as the first time, done once, whoever else asks at once."""

import asyncio
from typing import Any

import httpx2
import pytest

from cast import HANDLE, OTHER_HANDLE, Actor, Cast, Client, refused
from conftest import MakeInstallation
from funnel import CAMPAIGN, Funnel
from funnelproof.app import Application
from funnelproof.clock import HOUR, MINUTE, SetClock
from funnelproof.installation import Installation
from funnelproof.ledger.forget import OldEntries

TOKENS = f"/v2/handles/{HANDLE}/tokens"
CAMPAIGNS = f"/v2/handles/{HANDLE}/campaigns"
BODY = {"campaignId": "one", "name": "One", "goalType": "PRODUCT_SALE"}


def ask(client: Client, by: Actor, body: Any = BODY, path: str = CAMPAIGNS, key: str = "k-1") -> httpx2.Response:
    return client.post(path, body, by=by, headers={"idempotency-key": key})


def test_a_retry_is_answered_as_the_first_time_and_done_once(client: Client, cast: Cast) -> None:
    first = ask(client, cast.owner)
    again = ask(client, cast.owner, dict(reversed(BODY.items())), key='"k-1"')
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["original-request-id"] == first.headers["x-request-id"]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert "idempotent-replayed" not in first.headers
    assert len(client.get(CAMPAIGNS, by=cast.owner).json()["items"]) == 1
    refused(client.post(CAMPAIGNS, BODY, by=cast.owner), 409, "campaign_exists")


def test_another_request_under_the_key_is_refused(client: Client, cast: Cast) -> None:
    first = ask(client, cast.owner)
    other = refused(ask(client, cast.owner, {**BODY, "name": "Two"}), 422, "idempotency_key_reused")
    assert other["firstRequestId"] == first.headers["x-request-id"]


def test_a_key_belongs_to_its_caller_its_route_and_its_handle(client: Client, cast: Cast) -> None:
    assert ask(client, cast.owner).status_code == 201
    refused(ask(client, cast.operator), 409, "campaign_exists")
    elsewhere = ask(client, cast.stranger, path=f"/v2/handles/{OTHER_HANDLE}/campaigns")
    assert (elsewhere.status_code, "idempotent-replayed" in elsewhere.headers) == (201, False)
    assert ask(client, cast.owner, {"name": "CI", "scopes": ["links.read"]}, TOKENS).status_code == 201


def test_a_secret_is_never_shown_twice(client: Client, cast: Cast, funnel: Funnel) -> None:
    body = {"name": "CI", "scopes": ["links.read"]}
    first, again = (ask(client, cast.owner, body, TOKENS) for _ in range(2))
    assert first.json()["token"].startswith("patv1_")
    assert again.json() == {**first.json(), "token": None, "secretShownOnce": True}
    assert [one["name"] for one in client.get(TOKENS, by=cast.owner).json()["items"]].count("CI") == 1
    assert first.json()["token"] not in str(funnel.rows("kept_answers")) + str(funnel.rows("audit_lines"))


def test_only_what_was_done_is_kept(client: Client, cast: Cast) -> None:
    refused(ask(client, cast.owner, {**BODY, "goalType": "NONE"}), 400, "invalid_goal_type")
    assert ask(client, cast.owner).status_code == 201


@pytest.mark.parametrize("key", ["", '""', "ä", "x" * 256])
def test_a_key_that_is_none_is_told_so(client: Client, cast: Cast, key: str) -> None:
    answer = client.post(CAMPAIGNS, BODY, by=cast.owner, headers={"idempotency-key": key.encode("latin-1")})
    refused(answer, 400, "invalid_idempotency_key")


def test_after_a_day_a_key_is_free_again(
    client: Client, cast: Cast, clock: SetClock, installation: Installation
) -> None:
    by = cast.token("campaigns.*")
    assert ask(client, by).status_code == 201
    clock.advance(25 * HOUR)
    forget = OldEntries(clock.now)
    while installation.database.write_now(forget):
        pass
    refused(ask(client, by), 409, "campaign_exists")


def test_whoever_is_killed_before_the_answer_is_kept_has_done_it_once(
    client: Client, cast: Cast, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The business write and its claim are one commit: a retry finds the claim, and never does it again."""
    from funnelproof.ledger import gate

    async def killed(*_: object) -> None:
        raise KeyboardInterrupt

    by = cast.token("campaigns.*")
    with monkeypatch.context() as patched:
        patched.setattr(gate.Ledger, "_settle", killed)
        with pytest.raises(KeyboardInterrupt):
            ask(client, by)
    patience = monkeypatch.setattr(gate, "PATIENCE_SECONDS", 0.2)
    assert patience is None
    refused(ask(client, by), 409, "request_in_progress")
    clock.advance(MINUTE)
    refused(ask(client, by), 409, "answer_lost")
    assert len(client.get(CAMPAIGNS, by=by).json()["items"]) == 1


def test_of_many_at_once_one_is_done_and_all_are_answered_alike(
    make_installation: MakeInstallation, engine_kind: str
) -> None:
    from cast import make_cast

    home = make_installation(engine_kind)
    first, second = Application(home), Application(home)
    cast = make_cast(home)

    async def storm() -> list[httpx2.Response]:
        async with (
            httpx2.AsyncClient(transport=httpx2.ASGITransport(first), base_url="http://127.0.0.1:8080") as one,
            httpx2.AsyncClient(transport=httpx2.ASGITransport(second), base_url="http://127.0.0.1:8080") as other,
        ):
            headers = {**cast.owner.headers, "idempotency-key": "storm"}
            calls = [(one, other)[n % 2].post(CAMPAIGNS, json=BODY, headers=headers, timeout=60) for n in range(16)]
            return list(await asyncio.gather(*calls))

    answers = asyncio.run(storm())
    assert {answer.status_code for answer in answers} <= {201, 409}
    done = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.text for answer in done}) == 1
    assert {answer.json()["error"] for answer in answers if answer.status_code == 409} <= {"request_in_progress"}
    assert sum("idempotent-replayed" not in answer.headers for answer in done) == 1


def test_a_test_conversion_under_a_key_leaves_one_receipt(client: Client, funnel: Funnel) -> None:
    funnel.campaign()
    path = f"{CAMPAIGNS}/{CAMPAIGN}/test-conversion"
    first, again = (ask(client, funnel.owner, {}, path) for _ in range(2))
    assert (first.status_code, first.json()["runId"]) == (201, again.json()["runId"])
    assert again.headers["location"] == first.headers["location"]
    assert len(client.get(f"{CAMPAIGNS}/{CAMPAIGN}/test-runs", by=funnel.owner).json()["items"]) == 1


def test_every_authenticated_post_under_a_handle_documents_the_header(application: Application) -> None:
    document = application.control.openapi()
    posts = {
        path: item["post"]
        for path, item in document["paths"].items()
        if "post" in item and path.startswith(("/v2/handles", "/v2/public/handles"))
    }
    taking = {
        path
        for path, operation in posts.items()
        if any(parameter.get("name") == "Idempotency-Key" for parameter in operation.get("parameters", ()))
    }
    anonymous = {path for path in posts if path.endswith(("/page-events", "/leads"))}
    assert taking == set(posts) - anonymous
    assert len(taking) > 20
