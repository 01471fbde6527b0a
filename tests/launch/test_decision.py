"""Ending a test by a decision, over HTTP: everyone goes to one variant, results freeze, and it can be undone."""

import hashlib
from typing import Any

import pytest
import rfc8785

from cast import HANDLE, Cast, Client, refused
from funnel import CAMPAIGN, SHOP, Funnel
from funnelproof.clock import DAY, SECOND, SetClock, iso

ONE = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}"
DECISION = f"{ONE}/decision"
FOR_B = {"variantId": "b", "reason": "B sells more."}


@pytest.fixture
def tested(funnel: Funnel) -> Funnel:
    """A campaign with eight people in its test, two of whom bought."""
    funnel.campaign()
    for person in range(1, 9):
        clicked = funnel.click(person=person)
        if person % 4 == 0:
            funnel.convert(clicked.ctx, f"order-{person}", value="10.00")
    return funnel


@pytest.fixture
def decided(tested: Funnel) -> dict[str, Any]:
    answer = tested.client.post(DECISION, FOR_B, by=tested.cast.operator)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def results(funnel: Funnel, query: str = "") -> dict[str, Any]:
    return dict(funnel.client.get(f"{ONE}/results{query}", by=funnel.owner).json())


def cohort_of(funnel: Funnel, ctx: str) -> str:
    return str(funnel.client.get(f"/v2/public/context?ctx={ctx}").json()["cohort"])


def test_everyone_goes_to_the_decided_variant_whoever_they_were(tested: Funnel, decided: dict[str, Any]) -> None:
    known = {row["variant"] for row in tested.rows("ledger")}
    assert known == {1, 2}
    for person in range(1, 13):
        clicked = tested.click(person=person)
        assert (clicked.path, cohort_of(tested, clicked.ctx)) == ("/b", "AFTER")
    shown = tested.client.get(ONE, by=tested.owner).json()
    assert (shown["status"], shown["decidedVariantId"], shown["epoch"]) == ("COMPLETED", "b", 1)


def test_without_a_decision_everyone_goes_to_the_control(tested: Funnel) -> None:
    tested.move("COMPLETED")
    for person in range(1, 13):
        clicked = tested.click(person=person)
        assert (clicked.path, cohort_of(tested, clicked.ctx)) == ("/a", "AFTER")


def test_a_test_that_ended_by_itself_may_be_decided_afterwards(tested: Funnel) -> None:
    tested.move("COMPLETED")
    assert tested.client.post(DECISION, FOR_B, by=tested.cast.operator).status_code == 201
    assert tested.click(person=1).path == tested.click(person=99).path == "/b"


def test_results_are_frozen_with_a_digest_that_anybody_can_compute(
    tested: Funnel, decided: dict[str, Any], clock: SetClock
) -> None:
    frozen = decided["results"]
    assert decided["digest"] == hashlib.sha256(rfc8785.dumps(frozen)).hexdigest()
    assert sum(own["visitors"] for own in frozen["variants"]) == 8
    clock.advance(DAY)
    now = results(tested)
    assert {name: part for name, part in now.items() if name != "decision"} == frozen
    assert (now["decision"]["variantId"], now["decision"]["digest"]) == ("b", decided["digest"])
    assert tested.client.get(DECISION, by=tested.owner).json() == decided


def test_orders_that_come_after_the_decision_count_in_the_funnel_and_move_no_frozen_figure(
    funnel: Funnel, clock: SetClock
) -> None:
    funnel.campaign()
    before = [funnel.click(person=person).ctx for person in (1, 2)]
    frozen = funnel.client.post(DECISION, FOR_B, by=funnel.cast.operator).json()["results"]
    clock.advance(DAY)
    assert funnel.convert(before[0], "late-order")["disposition"] == "COUNTED"
    assert funnel.convert(funnel.click(person=3).ctx, "order-after")["disposition"] == "COUNTED"
    now = results(funnel)
    assert (now["variants"], now["funnel"]) == (frozen["variants"], frozen["funnel"])
    total = funnel.client.get(
        f"/v2/handles/{HANDLE}/analytics?campaignId={CAMPAIGN}&from=2026-11-20T00:00:00Z", by=funnel.owner
    ).json()["totals"]
    assert (total["conversions"], total["converters"], total["visitors"]) == (2, 2, 3)


def test_the_history_tells_who_decided_why_and_on_which_results(tested: Funnel, decided: dict[str, Any]) -> None:
    newest = tested.client.get(f"{ONE}/history", by=tested.owner).json()["items"][0]
    assert (newest["act"], newest["fromStatus"], newest["toStatus"]) == ("decided", "ACTIVE", "COMPLETED")
    assert (newest["actor"], newest["reason"]) == (f"user:{tested.cast.operator.user_id}", "B sells more.")
    assert newest["details"] == {"variantId": "b", "epoch": 1, "resultsDigest": decided["digest"]}
    assert (newest["requestId"], len(newest["configDigest"])) == (decided["requestId"], 64)
    assert newest["health"]


def test_undoing_returns_to_paused_in_a_new_epoch_and_what_was_frozen_stays(
    tested: Funnel, decided: dict[str, Any], clock: SetClock
) -> None:
    clock.advance(30 * DAY)
    operator = tested.cast.operator
    back = tested.client.delete(f"{DECISION}?reason=Too+early.", by=_fresh(tested, operator))
    assert back.status_code == 200, back.text
    shown = back.json()
    assert (shown["status"], shown["decidedVariantId"]) == ("PAUSED", None)
    assert (shown["epoch"], shown["phase"]) == (2, 1)
    read = tested.client.get(f"{DECISION}?epoch=1", by=tested.owner).json()
    assert (read["results"], read["digest"]) == (decided["results"], decided["digest"])
    assert (read["undoneBy"], read["undoneAt"]) == (f"user:{operator.user_id}", iso(clock.now()))
    newest = tested.client.get(f"{ONE}/history", by=tested.owner).json()["items"][0]
    assert (newest["act"], newest["fromStatus"], newest["toStatus"]) == ("decision_undone", "COMPLETED", "PAUSED")
    assert (newest["reason"], newest["details"]["resultsDigest"]) == ("Too early.", decided["digest"])
    now = results(tested)
    assert (now["epoch"], now["decision"], sum(own["visitors"] for own in now["variants"])) == (2, None, 0)
    assert now["excluded"]["earlier"] == 8


def test_after_undoing_and_going_on_people_of_the_old_epoch_keep_their_variant(
    tested: Funnel, decided: dict[str, Any]
) -> None:
    of_person = {person: tested.click(person=person).path for person in range(1, 9)}
    assert set(of_person.values()) == {"/b"}
    tested.client.delete(DECISION, by=tested.cast.operator)
    tested.move("ACTIVE")
    clicked = [tested.click(person=person) for person in range(1, 9)]
    assert {cohort_of(tested, one.ctx) for one in clicked} == {"EARLIER"}
    assert {one.path for one in clicked} == {"/a", "/b"}
    assert cohort_of(tested, tested.click(person=50).ctx) == "ENTERED"
    assert sum(own["visitors"] for own in results(tested)["variants"]) == 1


def test_a_decision_that_was_undone_may_be_followed_by_another(tested: Funnel, decided: dict[str, Any]) -> None:
    tested.client.delete(DECISION, by=tested.cast.operator)
    tested.move("ACTIVE")
    tested.click(person=50)
    again = tested.client.post(DECISION, {"variantId": "a", "reason": "A after all."}, by=tested.cast.operator)
    assert (again.status_code, again.json()["epoch"]) == (201, 2)
    assert tested.client.get(f"{DECISION}?epoch=1", by=tested.owner).json()["variantId"] == "b"
    assert tested.client.get(DECISION, by=tested.owner).json()["variantId"] == "a"


def test_after_thirty_days_a_decision_stands(tested: Funnel, decided: dict[str, Any], clock: SetClock) -> None:
    clock.advance(30 * DAY + SECOND)
    answer = tested.client.delete(DECISION, by=_fresh(tested, tested.cast.operator))
    document = refused(answer, 409, "illegal_transition")
    assert "30 days" in document["detail"]
    assert tested.client.get(ONE, by=tested.owner).json()["status"] == "COMPLETED"


def test_an_end_that_is_past_goes_with_the_undoing_or_it_would_end_at_once(funnel: Funnel, clock: SetClock) -> None:
    funnel.campaign(endsAt=iso(clock.now() + DAY))
    clock.advance(2 * DAY)
    operator = _fresh(funnel, funnel.cast.operator)
    assert funnel.client.post(DECISION, FOR_B, by=operator).status_code == 201
    assert funnel.client.delete(DECISION, by=operator).json()["endsAt"] is None
    funnel.move("ACTIVE")
    assert cohort_of(funnel, funnel.click(person=1).ctx) == "ENTERED"


def test_a_second_decision_asks_to_undo_the_first(tested: Funnel, decided: dict[str, Any]) -> None:
    document = refused(tested.client.post(DECISION, FOR_B, by=tested.cast.operator), 409, "illegal_transition")
    assert "decided already, for b" in document["detail"]


def test_a_draft_is_not_decided(funnel: Funnel) -> None:
    funnel.campaign(status="DRAFT")
    document = refused(funnel.client.post(DECISION, FOR_B, by=funnel.cast.operator), 409, "illegal_transition")
    assert document["legal"] == ["ACTIVE"]


def test_what_is_not_decided_cannot_be_undone_or_read(tested: Funnel) -> None:
    refused(tested.client.delete(DECISION, by=tested.cast.operator), 404, "not_found")
    refused(tested.client.get(DECISION, by=tested.owner), 404, "not_found")
    tested.client.post(DECISION, FOR_B, by=tested.cast.operator)
    refused(tested.client.get(f"{DECISION}?epoch=2", by=tested.owner), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"variantId": "c", "reason": "?"}, "invalid_variant_id"),
        ({"variantId": "B!", "reason": "?"}, "invalid_variant_id"),
        ({"variantId": "b"}, "invalid_reason"),
        ({"variantId": "b", "reason": "  "}, "invalid_reason"),
        ({"reason": "?"}, "invalid_variant_id"),
        ({**FOR_B, "at": "now"}, "unknown_field"),
    ],
)
def test_a_decision_of_bad_shape_is_refused(tested: Funnel, body: dict[str, Any], code: str) -> None:
    refused(tested.client.post(DECISION, body, by=tested.cast.operator), 400, code)
    assert tested.client.get(ONE, by=tested.owner).json()["status"] == "ACTIVE"


def test_a_variant_that_is_switched_off_is_not_decided_for(tested: Funnel) -> None:
    a, b = tested.client.get(ONE, by=tested.owner).json()["variants"]
    tested.change(variants=[a, {**b, "enabled": False}])
    document = refused(tested.client.post(DECISION, FOR_B, by=tested.cast.operator), 400, "invalid_variant_id")
    assert "switched off" in document["detail"]


def test_the_decided_variant_can_neither_go_nor_be_switched_off(funnel: Funnel) -> None:
    a, b = funnel.campaign()["variants"]
    funnel.client.post(DECISION, FOR_B, by=funnel.cast.operator)
    for variants in ([a], [a, {**b, "enabled": False}]):
        document = refused(funnel.client.patch(ONE, {"variants": variants}, by=funnel.owner), 409, "variant_kept")
        assert "decided for b" in document["detail"]
    moved = funnel.change(variants=[a, {**b, "destinationUrl": f"{SHOP}/b2"}])
    assert (moved["decidedVariantId"], funnel.click(person=1).path) == ("b", "/b2")


def test_a_seal_hides_what_was_frozen_until_it_is_lifted(tested: Funnel, clock: SetClock) -> None:
    tested.change(embargoUntil=iso(clock.now() + 5 * DAY))
    made = tested.client.post(DECISION, FOR_B, by=tested.cast.operator).json()
    assert (made["results"], made["sealedUntil"]) == (None, iso(clock.now() + 5 * DAY))
    sealed = results(tested)
    assert (sealed["verdict"]["code"], sealed["comparisons"]) == ("EMBARGOED", [])
    assert sealed["decision"]["digest"] == made["digest"]
    lifted = {"embargoUntil": None, "reason": "The board wants to see it."}
    refused(tested.client.patch(ONE, lifted, by=tested.cast.operator), 403, "insufficient_role")
    assert tested.client.patch(ONE, lifted, by=tested.cast.owner).status_code == 200
    opened = tested.client.get(DECISION, by=tested.owner).json()
    assert opened["digest"] == hashlib.sha256(rfc8785.dumps(opened["results"])).hexdigest()
    assert opened["results"]["verdict"]["code"] != "EMBARGOED"
    assert len(opened["results"]["comparisons"]) == 1


def test_who_may_decide_and_who_may_read(client: Client, cast: Cast, tested: Funnel) -> None:
    for method in ("POST", "DELETE"):
        refused(client.call(method, DECISION, FOR_B), 401, "missing_bearer_token")
        refused(client.call(method, DECISION, FOR_B, by=cast.token("campaigns.*")), 403, "insufficient_scope")
        refused(client.call(method, DECISION, FOR_B, by=cast.teammate), 403, "insufficient_role")
        refused(client.call(method, DECISION, FOR_B, by=cast.stranger), 404, "handle_not_found")
    refused(client.get(DECISION, by=cast.token("links.*")), 403, "insufficient_scope")
    nowhere = DECISION.replace(CAMPAIGN, "no-such-campaign")
    refused(client.post(nowhere, FOR_B, by=cast.operator), 404, "campaign_not_found")
    refused(client.delete(nowhere, by=cast.operator), 404, "campaign_not_found")
    refused(client.get(nowhere, by=cast.owner), 404, "campaign_not_found")


def _fresh(funnel: Funnel, actor: Any) -> Any:
    """The same person, signed in again: a session does not outlive the days that a test lets pass."""
    from cast import Actor
    from funnelproof.access import sessions

    home = funnel.cast.home
    session, _ = home.database.write_now(lambda tx: sessions.begin(tx, actor.user_id, now=home.clock.now()))
    return Actor(actor.name, actor.user_id, actor.email, sessions.sign(home.keyring, session, now=home.clock.now()))
