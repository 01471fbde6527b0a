"""What a request was and did: found by its id, by its caller or the handle's operators, and by nobody else."""

import pytest

from cast import HANDLE, OTHER_HANDLE, Cast, Client, refused
from funnel import CAMPAIGN, Funnel
from funnelproof.app import Application
from funnelproof.clock import DAY, SetClock
from funnelproof.storage.database import Database
from funnelproof.traces import store
from funnelproof.traces.forget import OldRequests
from funnelproof.traces.recorder import MOST_WAITING
from funnelproof.traces.trace import Trace

REQUESTS = f"/v2/handles/{HANDLE}/requests"


def test_a_request_tells_what_it_was(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    answer = client.get(f"{funnel.base}/campaigns/{CAMPAIGN}?x-secret=1", by=cast.teammate)
    seen = client.get(f"{REQUESTS}/{answer.headers['x-request-id']}", by=cast.teammate).json()
    assert (seen["method"], seen["status"], seen["error"]) == ("GET", 400, "unknown_field")
    assert seen["route"] == "/v2/handles/{handle}/campaigns/{campaignId}"
    assert (seen["path"], seen["caller"]) == (f"{funnel.base}/campaigns/{CAMPAIGN}", f"user:{cast.teammate.user_id}")
    assert "secret" not in str(seen)


def test_members_see_their_own_and_operators_all(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    own = client.get(f"{funnel.base}/campaigns", by=cast.owner).headers["x-request-id"]
    assert client.get(f"{REQUESTS}/{own}", by=cast.operator).status_code == 200
    refused(client.get(f"{REQUESTS}/{own}", by=cast.teammate), 404, "not_found")
    refused(client.get(f"{REQUESTS}/{own}", by=cast.stranger), 404, "handle_not_found")
    refused(client.get(f"/v2/handles/{OTHER_HANDLE}/requests/{own}", by=cast.stranger), 404, "not_found")


def test_a_strangers_knocking_leaves_no_trace_in_the_handle(client: Client, cast: Cast) -> None:
    answer = client.get(f"/v2/handles/{HANDLE}/campaigns", by=cast.stranger)
    refused(client.get(f"{REQUESTS}/{answer.headers['x-request-id']}", by=cast.owner), 404, "not_found")


def test_of_the_hot_path_refusals_are_kept_and_what_was_accepted_is_found_by_its_row(
    funnel: Funnel, client: Client, cast: Cast
) -> None:
    funnel.campaign()
    clicked = funnel.click()
    made = funnel.send(clicked.ctx, "order-1", value="49.90")
    reused = funnel.send(clicked.ctx, "order-1", value="99.00")
    of_click = client.get(f"{REQUESTS}/{clicked.answer.headers['x-request-id']}", by=cast.owner).json()
    assert [row["kind"] for row in of_click["objects"]] == ["click"]
    of_order = client.get(f"{REQUESTS}/{made.headers['x-request-id']}", by=cast.owner).json()
    assert of_order["objects"] == [{"kind": "conversion", "id": made.json()["conversionId"]}]
    of_refusal = client.get(f"{REQUESTS}/{reused.headers['x-request-id']}", by=cast.owner).json()
    assert (of_refusal["status"], of_refusal["error"]) == (422, "idempotency_key_reused")
    refused(client.get(f"{REQUESTS}/{made.headers['x-request-id']}", by=cast.teammate), 404, "not_found")


def test_several_requests_under_one_id_are_counted(funnel: Funnel, client: Client, cast: Cast) -> None:
    for _ in range(3):
        client.get(f"{funnel.base}/campaigns", by=cast.owner, headers={"x-request-id": "mine"})
    assert client.get(f"{REQUESTS}/mine", by=cast.owner).json()["repeated"] == 2


def test_when_more_come_than_can_be_written_they_are_counted_not_hoarded(
    application: Application, client: Client, cast: Cast
) -> None:
    for _ in range(3):
        client.get(f"/v2/handles/{HANDLE}/campaigns", by=cast.owner)
    waiting = application.requests._waiting
    waiting.extend([waiting[0]] * (MOST_WAITING - len(waiting)))
    client.get(f"/v2/handles/{HANDLE}/campaigns", by=cast.owner)
    assert (application.requests.dropped, len(waiting)) == (1, MOST_WAITING)


def test_what_waits_survives_storage_that_is_away(application: Application, client: Client, cast: Cast) -> None:
    asked = client.get(f"/v2/handles/{HANDLE}/campaigns", by=cast.owner).headers["x-request-id"]
    database = application.requests._database

    class Away:
        async def write(self, _work: object) -> None:
            raise OSError("away")

    application.requests._database = Away()  # type: ignore[assignment]
    with pytest.raises(OSError, match="away"):
        client.run(application.requests.flush())
    application.requests._database = database
    assert client.get(f"{REQUESTS}/{asked}", by=cast.owner).status_code == 200


def test_after_thirty_days_a_request_is_forgotten(database: Database, clock: SetClock, cast_on: object) -> None:
    def kept(at: int, name: str) -> Trace:
        return Trace(HANDLE, name, f"req_{name}", "nobody", "GET", "/", "/", 200, None, 1, at)

    now = clock.now()
    database.write_now(lambda tx: store.add(tx, [kept(now - 31 * DAY, "old"), kept(now - 29 * DAY, "young")]))
    forget = OldRequests(clock.now)
    while database.write_now(forget):
        pass
    found = database.read_now(lambda tx: [store.find(tx, HANDLE, name) for name in ("old", "young")])
    assert [len(traces) for traces in found] == [0, 1]


@pytest.fixture
def cast_on(database: Database, clock: SetClock) -> None:
    """A handle, on either engine."""
    from funnelproof.access import accounts
    from funnelproof.handles import settle
    from funnelproof.storage.database import Transaction

    def make(tx: Transaction) -> None:
        user = accounts.make_account(
            tx, email="a@b.example", password_hash="x", name="A", platform_operator=False, now=clock.now()
        )
        settle.create(tx, handle=HANDLE, owner_id=user.user_id, now=clock.now())

    database.write_now(make)
