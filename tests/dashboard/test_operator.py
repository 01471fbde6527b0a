"""The platform operators' screens: queues as the API answers them, what settles each, and nobody else there."""

from cast import HANDLE, Cast, Client
from dashboard.conftest import HERE, SignedIn
from funnel import SLUG, Funnel

QUEUES = ("/app/operator", "/app/operator/escalations", "/app/operator/content")


def test_only_platform_operators_see_the_queues(cast: Cast, signed_in: SignedIn) -> None:
    boss, owner = signed_in(cast.boss), signed_in(cast.owner)
    for path in QUEUES:
        assert "For platform operators only" in owner.see(path, 403)
        answer = boss.call("GET", path)
        assert answer.status_code == 200
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "The same with curl" in answer.text
    assert 'href="/app/operator"' in boss.see("/app")
    assert 'href="/app/operator"' not in owner.see(HERE)


def test_a_report_is_read_escalated_and_settled(cast: Cast, signed_in: SignedIn, client: Client) -> None:
    owner, boss = signed_in(cast.owner), signed_in(cast.boss)
    owner.send(f"{HERE}/support", "send", summary="Orders are missing", details="Since noon.\nAll of them.")
    (told,) = client.get("/v2/operator/reports", by=cast.boss).json()["items"]
    shown = boss.see("/app/operator")
    for figure in (told["reportId"], told["summary"], told["details"], told["sender"]):
        assert figure in shown
    path = f"/app/operator/escalations?reportId={told['reportId']}&summary=Orders"
    assert f'value="{told["reportId"]}"' in boss.see(path)
    boss.done(QUEUES[1], "escalate", summary="Orders", details="Look.", urgency="HIGH", reportId=told["reportId"])
    (raised,) = client.get("/v2/operator/escalations", by=cast.boss).json()["items"]
    assert raised["urgency"] == "HIGH"
    boss.done(QUEUES[1], "settle", id=raised["escalationId"], note="Seen.")
    boss.done(QUEUES[0], "settle", id=told["reportId"], note="The shop is mended.")
    assert "No open report" in boss.see("/app/operator")
    assert "The shop is mended." in boss.see("/app/operator?status=SETTLED")
    again = boss.send(QUEUES[0], "settle", id=told["reportId"], note="Once more.")
    assert again.status_code == 409
    assert "already" in again.text
    assert client.get(f"/v2/support/reports/{told['reportId']}", by=cast.owner).json()["status"] == "SETTLED"


def test_reported_content_is_taken_down_and_put_back(
    funnel: Funnel, cast: Cast, signed_in: SignedIn, client: Client
) -> None:
    funnel.campaign()
    boss, url = signed_in(cast.boss), f"http://127.0.0.1:8080/{HANDLE}/{SLUG}"
    for address in (url, "https://nowhere.example/x"):
        told = {"url": address, "category": "FRAUD", "details": "It pretends to be my bank."}
        assert client.post("/v2/public/content-report", told).status_code == 202
    reports = client.get("/v2/operator/content-reports", by=cast.boss).json()["items"]
    ids = {report["url"]: report["reportId"] for report in reports}
    shown = boss.see(QUEUES[2])
    assert f"link <strong>{SLUG}</strong>" in shown
    assert "leads to nothing of ours" in shown
    assert shown.count('value="TAKE_DOWN"') == 1
    assert boss.done(QUEUES[2], "decide", id=ids[url], decision="TAKE_DOWN", note="Phishing.").endswith("SETTLED")
    assert client.get(f"/v2/handles/{HANDLE}/links/{SLUG}", by=cast.owner).json()["takenDownAt"]
    assert "TAKE_DOWN: Phishing." in boss.see(f"{QUEUES[2]}?status=SETTLED")
    boss.done(QUEUES[2], "decide", id=ids[url], decision="RESTORE")
    assert client.get(f"/v2/handles/{HANDLE}/links/{SLUG}", by=cast.owner).json()["takenDownAt"] is None
