"""`webhooks`: a table of cases."""

from dataclasses import replace
from typing import Any

import pytest

from funnelproof.health.check import Status
from funnelproof.health.checks.webhooks import webhooks
from funnelproof.notifications.webhook import Webhook
from health.perfect import NOW, evidence

SOUND = Webhook("gharart", "whk_1", "https://shop.example/hook?key=secret", ("test.completed",), "", "usr_1", NOW)
GONE = replace(SOUND, webhook_id="whk_2", disabled_at=NOW, disabled_reason="The receiver answered 410 Gone.")


def failing(times: int) -> Webhook:
    return replace(SOUND, webhook_id="whk_3", failures=times)


@pytest.mark.parametrize(
    ("those", "status", "said"),
    [
        ((SOUND,), Status.PASS, "Nothing stands in the way of 1 webhook."),
        ((SOUND, failing(4)), Status.PASS, "Nothing stands in the way of 2 webhooks."),
        ((SOUND, failing(5)), Status.WARN, "shop.example has not taken the last 5 attempts."),
        ((failing(5), failing(9)), Status.WARN, "shop.example has not taken the last 9 attempts."),
        (
            (SOUND, failing(7), GONE),
            Status.FAIL,
            "Nothing is sent to shop.example any more: The receiver answered 410 Gone.",
        ),
    ],
)
def test_cases(those: tuple[Webhook, ...], status: Status, said: str) -> None:
    check = webhooks(evidence(webhooks=those))
    assert check is not None
    assert (check.status, check.title, check.evidence["n"]) == (status, said, len(those))
    assert (check.remedy is None) is (status is Status.PASS)
    assert "secret" not in str(check)


def test_without_webhooks_there_is_no_check() -> None:
    told: Any = webhooks(evidence(webhooks=()))
    assert told is None
