"""Exports over HTTP: made in another process, whole or not at all, with their manifest in the headers."""

import base64
import csv
import hashlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cast import HANDLE, Cast, Client, refused
from funnel import CAMPAIGN, TAGS, Funnel
from funnelproof.aside import Aside
from funnelproof.clock import from_iso

EXPORT = f"/v2/handles/{HANDLE}/analytics/export"


@pytest.fixture(autouse=True)
def _ended(application: Any) -> Iterator[None]:
    yield
    application.aside.stop()


def test_a_file_comes_whole_with_its_manifest_and_is_gone_afterwards(funnel: Funnel, tmp_path: Path) -> None:
    funnel.campaign()
    for person in (1, 2, 3):
        funnel.click(TAGS, person=person)
    answer = funnel.client.get(f"{EXPORT}?what=clicks", by=funnel.owner)
    told = answer.headers
    assert answer.status_code == 200, answer.text
    assert told["content-type"].startswith("text/csv")
    assert told["content-disposition"].startswith(f'attachment; filename="{HANDLE}-clicks-')
    assert told["export-rows"] == "3" == str(len(list(csv.DictReader(io.StringIO(answer.text)))))
    digest = hashlib.sha256(answer.content)
    assert told["export-sha256"] == digest.hexdigest()
    assert told["repr-digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert from_iso(told["export-as-of"])
    assert told["x-request-id"].startswith("req_")
    assert list((tmp_path / "data" / "exports").iterdir()) == []


def test_one_process_makes_one_export_after_the_other(funnel: Funnel) -> None:
    funnel.campaign()
    for what, format_, type_ in (
        ("tallies", "csv", "text/csv"),
        ("conversions", "ndjson", "application/x-ndjson"),
        ("clicks", "parquet", "application/vnd.apache.parquet"),
    ):
        answer = funnel.client.get(f"{EXPORT}?what={what}&format={format_}&campaignId={CAMPAIGN}", by=funnel.owner)
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, type_)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("format=xlsx", "invalid_format"),
        ("what=visitors", "invalid_what"),
        ("from=2026-12-01&to=2026-11-01", "invalid_from"),
        ("from=now", "invalid_from"),
        ("mode=dream", "invalid_mode"),
        ("columns=all", "unknown_field"),
    ],
)
def test_what_makes_no_sense_is_refused(funnel: Funnel, query: str, code: str) -> None:
    refused(funnel.client.get(f"{EXPORT}?{query}", by=funnel.owner), 400, code)


def test_parquet_without_its_library_is_refused_with_what_to_do(
    funnel: Funnel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = funnel.client.get(f"{EXPORT}?format=parquet", by=funnel.owner)
    assert "funnelproof[parquet]" in refused(answer, 400, "invalid_format")["detail"]


def test_who_may_export(client: Client, cast: Cast) -> None:
    refused(client.get(EXPORT), 401, "missing_bearer_token")
    refused(client.get(EXPORT, by=cast.stranger), 404, "handle_not_found")
    refused(client.get(EXPORT, by=cast.teammate), 403, "insufficient_role")
    refused(client.get(EXPORT, by=cast.token("analytics.read")), 403, "insufficient_scope")
    refused(client.get(f"{EXPORT}?campaignId=none-such", by=cast.operator), 404, "campaign_not_found")
    assert client.get(EXPORT, by=cast.operator).status_code == 200


def test_nothing_is_left_of_an_export_that_could_not_be_made(funnel: Funnel, application: Any, tmp_path: Path) -> None:
    aside: Aside = application.aside
    aside.stop()
    answer = funnel.client.get(EXPORT, by=funnel.owner)
    refused(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert list((tmp_path / "data" / "exports").iterdir()) == []
