"""A crowd sends the same forms at once, on either engine: each is stored once and converts once."""

import asyncio
from typing import Any

import httpx2
import pytest

from conftest import MakeInstallation
from funnel import CAMPAIGN
from funnelproof.installation import Installation
from leads.conftest import LEADS, LIST, Desk

CROWD = 24


@pytest.fixture
def installation(make_installation: MakeInstallation, engine_kind: str) -> Installation:
    return make_installation(engine_kind)


async def _at_once(app: Any, bodies: list[dict[str, Any]]) -> list[int]:
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as http:
        answers = await asyncio.gather(*(http.post(LEADS, json=body) for body in bodies))
    return [answer.status_code for answer in answers]


def test_a_crowd_of_repeats_is_one_lead_and_one_conversion_for_each_person(desk: Desk) -> None:
    ctx = [desk.funnel.click(person=person).ctx for person in (1, 2)]
    bodies = [
        {
            "campaignId": CAMPAIGN,
            "formId": "guide",
            "ctx": ctx[turn % 2],
            "fields": {"email": f"p{turn % 2}@example.com"},
        }
        for turn in range(CROWD)
    ]
    assert desk.client.run(_at_once(desk.client.app, bodies)) == [202] * CROWD
    found = desk.listed()
    assert sorted(lead["email"] for lead in found) == ["p0@example.com", "p1@example.com"]
    made = {row["conversion_id"]: row["disposition"] for row in desk.conversions()}
    assert made == dict.fromkeys((lead["conversionId"] for lead in found), "COUNTED")
    assert desk.listed("from=2026-11-23T09:00:01Z") == []
    assert len(desk.listed(f"campaignId={CAMPAIGN}&formId=guide&to=2026-11-23T09:00:01Z")) == 2
    exported = desk.client.get(f"{LIST}/export", by=desk.funnel.cast.operator)
    assert (exported.status_code, exported.headers["export-rows"]) == (200, "2")
