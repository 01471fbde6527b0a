"""The check `page`, case by case."""

from dataclasses import replace
from typing import Any

import pytest

from funnelproof.health.check import Check, Status
from funnelproof.health.checks.page import page
from funnelproof.health.evidence import PageEvidence
from funnelproof.pages.page import AccessMode, PageFacts
from funnelproof.pages.sound import Soundness
from health.perfect import PAGE, evidence

SOUND = Soundness(0, 4, 4)
WITH_LOGIN = AccessMode.FREE_WITH_LOGIN


def found(facts: PageFacts | None, sound: Soundness | None = SOUND, **campaign: Any) -> Check | None:
    return page(evidence(page=PageEvidence(facts, sound) if facts else None, campaign=campaign))


def test_a_campaign_without_a_page_has_no_such_check() -> None:
    assert found(None) is None


@pytest.mark.parametrize(
    ("facts", "sound", "named", "status"),
    [
        (None, None, "lamp", Status.UNKNOWN),
        (PageFacts("lamp", AccessMode.PUBLIC), None, None, Status.UNKNOWN),
        (PAGE, SOUND, None, Status.PASS),
        (PAGE, SOUND, "dhoop-lamp", Status.PASS),
        (PAGE, SOUND, "another", Status.WARN),
        (replace(PAGE, draft_access_mode=WITH_LOGIN), SOUND, None, Status.WARN),
        (replace(PAGE, access_mode=WITH_LOGIN, draft_access_mode=WITH_LOGIN), SOUND, None, Status.PASS),
        (PAGE, Soundness(3, 0, 0), None, Status.FAIL),
        (PAGE, Soundness(0, 4, 3), None, Status.FAIL),
    ],
)
def test_what_it_says(facts: PageFacts | None, sound: Soundness | None, named: str | None, status: Status) -> None:
    check = found(facts, sound, details_page_slug=named)
    assert check is not None
    assert check.status is status
    assert (check.remedy is None) == (status is Status.PASS)
