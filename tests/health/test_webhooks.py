"""The check `webhooks`, as a table of cases."""

import pytest

from cast import HANDLE
from funnelproof.health.checks.webhooks import webhooks
from funnelproof.notifications.webhook import Webhook
from health.perfect import NOW, evidence


def hook(failures: int = 0, *, disabled: bool = False) -> Webhook:
    at = NOW if disabled else None
    url = "https://hooks.gharart.example/secret-path"
    return Webhook(HANDLE, "whk_1", url, ("lead.captured",), "", "user:usr_1", NOW, disabled_at=at, failures=failures)


@pytest.mark.parametrize(
    ("hooks", "status"),
    [
        ((hook(),), "PASS"),
        ((hook(4),), "PASS"),
        ((hook(5),), "WARN"),
        ((hook(), hook(50)), "WARN"),
        ((hook(disabled=True),), "FAIL"),
        ((hook(9), hook(disabled=True)), "FAIL"),
        ((hook(9, disabled=True),), "FAIL"),
    ],
)
def test_five_failures_in_a_row_warn_and_a_disabled_one_fails(hooks: tuple[Webhook, ...], status: str) -> None:
    found = webhooks(evidence(webhooks=hooks))
    assert found is not None
    assert (found.status.value, found.evidence["n"], found.remedy is None) == (status, len(hooks), status == "PASS")
    assert "secret-path" not in str(found)


def test_it_is_absent_without_webhooks() -> None:
    assert webhooks(evidence()) is None
