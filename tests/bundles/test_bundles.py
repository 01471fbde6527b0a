"""A run in one file: the same bytes each time, without secrets, and the same run again elsewhere."""

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bundles.conftest import BODY, bundle_of, made
from cast import HANDLE, Cast, Client, refused
from cli.conftest import funnelproof, initialised, make_token, serving
from funnel import CAMPAIGN, Funnel
from funnelproof.bundles.pack import FORMAT, MOST_BYTES, UnusableBundle, pack, unpack
from funnelproof.plans.outcome import Outcome
from funnelproof.plans.read import read_plan
from funnelproof.plans.run import run_plan

__all__ = ["initialised"]
RUNS = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}/test-runs"


def files_in(packed: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_bundle_says_all_of_its_run_and_is_the_same_each_time(funnel: Funnel, client: Client) -> None:
    funnel.campaign()
    run = made(funnel)
    packed = bundle_of(funnel, run)
    assert packed == bundle_of(funnel, run)
    files = files_in(packed)
    about = json.loads(files["bundle.json"])
    assert (about["format"], about["fingerprint"], about["seed"]) == (FORMAT, run["fingerprint"], run["seed"])
    assert run["requestId"] in about["requestIds"]
    receipt = json.loads(files["receipt.json"])
    steps = [[step["id"] for step in variant["steps"]] for variant in receipt["variants"]]
    assert steps == [[step["id"] for step in variant["steps"]] for variant in run["variants"]]
    assert sorted(files) == [
        *("README.md", "bundle.json", "configuration.json", "plan.yaml"),
        *("receipt.json", "requests.sh", "test_repro.py"),
    ]


def test_nothing_in_it_opens_anything_and_nobody_is_named(funnel: Funnel, cast: Cast) -> None:
    funnel.campaign()
    run = made(funnel)
    told = " ".join(files_in(bundle_of(funnel, run)).values())
    secrets = [variant["ctx"] for variant in run["variants"]]
    secrets += [cast.owner.user_id, cast.owner.email, funnel.owner.credential or "", "patv1_", "tok_"]
    assert [secret for secret in secrets if secret in told] == []


def test_a_run_that_is_open_or_not_there_has_none(funnel: Funnel, client: Client, cast: Cast) -> None:
    funnel.campaign()
    opened = client.post(RUNS, {}, by=funnel.owner).json()["runId"]
    refused(client.get(f"{RUNS}/{opened}/bundle", by=funnel.owner), 409, "run_open")
    refused(client.get(f"{RUNS}/run_{'0' * 32}/bundle", by=funnel.owner), 404, "not_found")
    refused(client.get(f"{RUNS}/{opened}/bundle", by=cast.stranger), 404, "handle_not_found")


def test_its_plan_can_be_read(funnel: Funnel) -> None:
    funnel.campaign()
    plan = files_in(bundle_of(funnel, made(funnel)))["plan.yaml"]
    assert len(read_plan(plan.encode(), "plan.yaml").plan.scenes) == 6


def performed(client: Client, funnel: Funnel, text: str) -> dict[str, Any]:
    """The receipt of a plan's run."""

    async def proved() -> Outcome:
        transport = httpx2.ASGITransport(client.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as http:
            return await run_plan(read_plan(text.encode(), "plan.yaml"), http, token=str(funnel.owner.credential))

    receipt = client.run(proved()).receipt
    assert receipt is not None
    return dict(receipt)


PERFORMED = """\
plan: A late buyer
campaign: new-buyer-funnel
scenes:
  - visit: {visitor: ann, variant: b}
  - visit: {visitor: bo, variant: b}
  - wait: 3 days
  - convert: {visitor: ann, value: 49.90}
"""


def test_of_a_plan_it_holds_the_plan_as_it_was_written(funnel: Funnel, client: Client) -> None:
    funnel.campaign()
    files = files_in(bundle_of(funnel, performed(client, funnel, PERFORMED)))
    assert (files["plan.yaml"], json.loads(files["bundle.json"])["made"]) == (PERFORMED, "plan")
    assert "funnelproof prove" in files["requests.sh"]
    assert "test-conversion" not in files["requests.sh"]


def test_of_one_variant_only_that_one_is_asked_for_again(funnel: Funnel) -> None:
    funnel.campaign()
    files = files_in(bundle_of(funnel, made(funnel, variantId="b", value="12.50")))
    again = files["requests.sh"].split("--data @- <<'END'\n")[2].partition("\nEND")[0]
    assert json.loads(again).items() >= {"variantId": "b", "value": "12.50"}.items()
    assert "variant='a'" not in files["test_repro.py"]


def test_a_run_of_ones_own_requests_tells_what_was_seen_and_cannot_be_replayed(
    funnel: Funnel, client: Client, tmp_path: Path
) -> None:
    funnel.campaign()
    run = client.post(RUNS, {}, by=funnel.owner).json()
    client.post(f"{RUNS}/{run['runId']}/finish", by=funnel.owner)
    path = tmp_path / "run.zip"
    path.write_bytes(bundle_of(funnel, run))
    assert sorted(files_in(path.read_bytes())) == ["README.md", "bundle.json", "configuration.json", "receipt.json"]
    answer = funnelproof("replay", path, "--url", "http://127.0.0.1:9", "--token", "t", "--handle", HANDLE)
    assert (answer.returncode, "made by requests of one's own" in answer.stderr) == (2, True), answer.stderr


def written(tmp_path: Path, files: dict[str, str]) -> Path:
    path = tmp_path / "bundle.zip"
    path.write_bytes(pack(files))
    return path


def test_a_file_that_is_no_bundle_is_told_so(tmp_path: Path) -> None:
    about = json.dumps({"format": FORMAT})
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 nothing")
    large = tmp_path / "large.zip"
    large.write_bytes(b"\0" * (MOST_BYTES + 1))
    bomb = {"bundle.json": about, "configuration.json": " " * (MOST_BYTES + 1)}
    for path, sentence in (
        (tmp_path / "none.zip", "There is no file"),
        (broken, "cannot be read as a bundle"),
        (large, "more than 4 MiB"),
        (written(tmp_path, {"other.txt": "x"}), "is no bundle of a test run"),
    ):
        with pytest.raises(UnusableBundle, match=sentence):
            unpack(path)
    for files, sentence in (
        (bomb, "unpacks to more than 4 MiB"),
        ({"bundle.json": "{"}, "JSON that cannot be read"),
        ({"bundle.json": "[" * 100_000}, "JSON that cannot be read"),
        ({"bundle.json": '{"format": "funnelproof.bundle/9"}'}, "this release reads"),
        ({"bundle.json": about}, "lacks configuration.json"),
        ({"bundle.json": about, "configuration.json": "{}", "receipt.json": "[]"}, "lacks receipt.json"),
    ):
        with pytest.raises(UnusableBundle, match=sentence):
            unpack(written(tmp_path, files))


def test_names_that_lead_out_of_the_archive_lead_nowhere(tmp_path: Path) -> None:
    files = {"../../outside.txt": "x", "bundle.json": json.dumps({"format": FORMAT})}
    with pytest.raises(UnusableBundle, match="lacks"):
        unpack(written(tmp_path, {**files, "/etc/outside": "x"}))
    assert not (tmp_path.parent / "outside.txt").exists()


@pytest.fixture
def bundle(funnel: Funnel, tmp_path: Path) -> Path:
    """Of a campaign with much to say: rules, tracking, limits, tags."""
    funnel.campaign(**BODY)
    funnel.link(
        "buy-now",
        campaignId=CAMPAIGN,
        tracking={"utmSource": "shop"},
        routingRules=[
            {"priority": 1, "when": {"countryIn": ["NZ"]}, "destinationUrl": "https://shop.gharart.example/nz"}
        ],
    )
    path = tmp_path / "run.zip"
    path.write_bytes(bundle_of(funnel, made(funnel)))
    return path


@pytest.mark.timeout(240)
def test_elsewhere_under_other_names_every_step_is_as_it_was_and_a_change_is_found(
    bundle: Path, initialised: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(initialised, elsewhere)
    token = make_token(elsewhere, "campaigns.*", "links.*", "pages.*")
    with serving(elsewhere) as server, server.client(token) as client:
        at = ("--url", server.url, "--token", token)
        first = funnelproof("replay", bundle, *at)
        assert (first.returncode, "✓ the same: 28 steps" in first.stdout) == (0, True), first.stdout + first.stderr
        again = json.loads(funnelproof("replay", bundle, *at, "--json").stdout)
        assert (again["is_new"], again["differences"]) == (False, [])
        path = f"/v2/handles/{again['handle']}/campaigns/{CAMPAIGN}"
        assert client.patch(path, json={"maxValue": "1.00"}).status_code == 200
        changed = funnelproof("replay", bundle, *at)
        assert (changed.returncode, "conversion_recorded" in changed.stdout) == (1, True)
        assert funnelproof("replay", bundle, *at, "--campaign", "nobody").returncode == 2
        assert funnelproof("replay", tmp_path / "none.zip", *at).returncode == 2
    assert funnelproof("replay", bundle, *at).returncode == 2


@pytest.mark.timeout(240)
def test_a_plan_is_performed_again_elsewhere_and_its_test_passes(
    funnel: Funnel, client: Client, initialised: Path, tmp_path: Path
) -> None:
    funnel.campaign()
    bundle = tmp_path / "run.zip"
    bundle.write_bytes(bundle_of(funnel, performed(client, funnel, PERFORMED)))
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(initialised, elsewhere)
    token = make_token(elsewhere, "campaigns.*", "links.*", "analytics.*")
    with serving(elsewhere) as server:
        again = funnelproof("replay", bundle, "--url", server.url, "--token", token)
        assert (again.returncode, "✓ the same: 14 steps" in again.stdout) == (0, True), again.stdout + again.stderr
        told = files_in(bundle.read_bytes())
        less = {**told, "plan.yaml": told["plan.yaml"].replace("  - visit: {visitor: bo, variant: b}\n", "")}
        bundle.write_bytes(pack(less))
        changed = funnelproof("replay", bundle, "--url", server.url, "--token", token)
        assert changed.returncode == 1
        assert '    observed  then  {"clicks": 2}\n              now   {"clicks": 1}\n' in changed.stdout
        bundle.write_bytes(pack({**told, "plan.yaml": "plan: P\nscenes: [{fly: }]\n"}))
        broken = funnelproof("replay", bundle, "--url", server.url, "--token", token)
        assert (broken.returncode, "fly is not understood" in broken.stderr) == (2, True)
    folder = tmp_path / "test"
    folder.mkdir()
    for name in ("plan.yaml", "test_repro.py"):
        (folder / name).write_text(told[name])
    assert_passes(folder, "1 passed")


@pytest.mark.timeout(240)
def test_its_test_runs_wherever_funnelproof_is_installed(bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "test_repro.py").write_text(files_in(bundle.read_bytes())["test_repro.py"])
    assert_passes(folder, "2 passed")


def assert_passes(folder: Path, told: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "FUNNELPROOF"))}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_repro.py"]
    ran: Any = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=200)
    assert (ran.returncode, told in ran.stdout) == (0, True), ran.stdout + ran.stderr
