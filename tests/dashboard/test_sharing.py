"""The sheet before a launch and the readout after: what they say is what the API knows."""

from cast import HANDLE, Cast, Client
from dashboard.conftest import ONE, SignedIn
from dashboard.test_forms import ran
from funnel import CAMPAIGN, SLUG, Funnel
from funnelproof.dashboard.csv_text import csv_of

API = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}"


def test_the_sheet_counts_what_is_ready_and_names_what_is_missing(
    funnel: Funnel, cast: Cast, signed_in: SignedIn, client: Client
) -> None:
    funnel.campaign()
    owner = signed_in(cast.owner)
    assert "Ready to launch: 2 of 7. Missing: plan, test A, test B, walk A, walk B." in owner.see(f"{ONE}/sheet")
    ran(owner)
    assert "Ready to launch: 4 of 7. Missing: plan, walk A, walk B." in owner.see(f"{ONE}/sheet")
    funnel.change(expectedRate=0.05, minimumLift=0.1)
    shown = owner.see(f"{ONE}/sheet")
    assert client.get(f"{API}/sizing", by=cast.owner).json()["sentence"] in shown
    assert f"/{HANDLE}/{SLUG}</code>" in shown
    assert "Launched by <strong>" in shown


def test_previews_of_both_variants_are_made_from_the_sheet(
    funnel: Funnel, cast: Cast, signed_in: SignedIn, client: Client
) -> None:
    funnel.campaign()
    owner = signed_in(cast.owner)
    assert owner.done(f"{ONE}/sheet", "preview") == f"{ONE}/sheet"
    made = client.get(f"/v2/handles/{HANDLE}/links/{SLUG}/preview-links", by=cast.owner).json()["items"]
    assert {one["variantId"] for one in made} == {"a", "b"}
    shown = owner.see(f"{ONE}/sheet")
    assert all(one["url"] in shown for one in made)


def test_the_readout_tells_the_results_of_the_api(
    sold: Funnel, cast: Cast, signed_in: SignedIn, client: Client
) -> None:
    shown = signed_in(cast.owner).see(f"{ONE}/readout")
    results = client.get(f"{API}/results", by=cast.owner).json()
    assert results["verdict"]["sentence"] in shown
    assert all(one["sentence"] in shown for one in results["verdict"]["explanations"])
    for one in results["variants"]:
        assert f"{one['variantId']},{one['visitors']},{one['converters']},{one['rate']}" in shown
    assert f"{sum(one['visitors'] for one in results['variants'])} visitors in the test" in shown


def test_what_the_verdict_has_said_stands_over_time(
    sold: Funnel, cast: Cast, signed_in: SignedIn, client: Client
) -> None:
    owner = signed_in(cast.owner)
    owner.see(ONE)
    (look,) = client.get(f"{API}/results/looks", by=cast.owner).json()["items"]
    shown = owner.see(f"{ONE}/time")
    assert "too early to say" in shown
    assert all(f"{one['converters']} of {one['visitors']}<" in shown for one in look["counts"])


def test_a_text_that_a_spreadsheet_would_compute_is_kept_a_text() -> None:
    assert csv_of(("name", "n"), [("=1+1", -2), ('a "b", c', 0.5)]) == 'name,n\n\'=1+1,-2\n"a ""b"", c",0.5'
