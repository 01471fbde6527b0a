"""The page as health, the test conversion and the configuration's digest see it."""

from typing import Any

from cast import HANDLE
from funnel import CAMPAIGN, Funnel
from pages.conftest import Site, draft

BASE = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}"


def check(site: Site) -> dict[str, Any] | None:
    checks = site.client.get(f"{BASE}/health", by=site.by).json()["checks"]
    return next((own for own in checks if own["id"] == "page"), None)


def status(site: Site) -> str:
    found = check(site)
    assert found
    return str(found["status"])


def steps(site: Site) -> list[dict[str, Any]]:
    receipt = site.client.post(f"{BASE}/test-conversion", {}, by=site.by).json()
    assert receipt["verdict"] in ("PASS", "FAIL"), receipt
    return [step for own in receipt["variants"] for step in own["steps"] if step["id"] == "page_ready"]


def test_health_looks_at_the_page_once_there_is_one(site: Site, funnel: Funnel) -> None:
    assert check(site) is None
    funnel.change(detailsPageSlug="dhoop-lamp")
    assert status(site) == "UNKNOWN"
    site.put()
    assert status(site) == "UNKNOWN"
    site.publish()
    found = check(site)
    assert found
    assert (found["status"], found["evidence"]["buttons"], found["evidence"]["buttonsWithCtx"]) == ("PASS", 4, 4)
    site.put(draft(accessMode="FREE_WITH_LOGIN"), if_match='"1"')
    assert status(site) == "WARN"
    site.publish()
    assert status(site) == "PASS"
    funnel.change(detailsPageSlug="another")
    assert status(site) == "WARN"


def test_the_test_conversion_asks_whether_the_page_is_ready(site: Site) -> None:
    assert [step["status"] for step in steps(site)] == ["SKIPPED", "SKIPPED"]
    site.put()
    assert [step["status"] for step in steps(site)] == ["FAIL", "FAIL"]
    site.publish()
    found = steps(site)
    expected = {"published": True, "accessMode": "PUBLIC", "schemaFetch": "succeeds", "buttonsCarryCtx": True}
    assert [(step["status"], step["expected"], step["observed"]) for step in found] == [
        ("PASS", expected, expected)
    ] * 2


def test_a_page_with_login_is_ready_when_it_asks_for_it(site: Site) -> None:
    site.write(draft(accessMode="FREE_WITH_LOGIN"))
    assert [(step["status"], step["observed"]["schemaFetch"]) for step in steps(site)] == [
        ("PASS", "succeeds after a login")
    ] * 2
    site.put(draft(), if_match='"1"')
    assert [step["status"] for step in steps(site)] == ["FAIL", "FAIL"]


def test_another_version_of_the_page_makes_receipts_stale(site: Site) -> None:
    site.write()
    receipt = site.client.post(f"{BASE}/test-conversion", {}, by=site.by).json()
    assert receipt["verdict"] == "PASS"
    path = f"{BASE}/test-runs/{receipt['runId']}"
    assert site.client.get(path, by=site.by).json()["fresh"] is True
    site.write(draft(title="Another"))
    stale = site.client.get(path, by=site.by).json()
    assert (stale["fresh"], stale["changedSince"]) == (False, ["/page/version"])
    checks = site.client.get(f"{BASE}/health", by=site.by).json()["checks"]
    receipts = next(own for own in checks if own["id"] == "receipts")
    assert receipts["status"] == "WARN"
    assert "page" in str(receipts["evidence"])
    site.publish({"version": 1})
    assert site.client.get(path, by=site.by).json()["fresh"] is True
