"""A request by its id: what a screen shows of it, who sees it, and how it goes on to support."""

from urllib.parse import parse_qs, urlsplit

from cast import HANDLE, Cast, Client
from dashboard.conftest import HERE, ONE, SignedIn
from funnel import CAMPAIGN, Funnel

API = f"/v2/handles/{HANDLE}"


def test_a_refused_request_is_found_by_the_id_of_its_problem_and_handed_over(
    sold: Funnel, cast: Cast, signed_in: SignedIn, client: Client
) -> None:
    owner = signed_in(cast.owner)
    refused = owner.send(ONE, "move", to="NOWHERE")
    assert refused.status_code == 400
    link = refused.text.partition(f'href="{HERE}/requests/')[2].partition('"')[0]
    shown = owner.see(f"{HERE}/requests/{link}")
    told = client.get(f"{API}/requests/{link}", by=cast.owner).json()
    for figure in (told["requestId"], told["path"], str(told["status"]), told["error"], f"{told['milliseconds']} ms"):
        assert figure in shown, figure
    assert "<td>Owner " in shown
    address = shown.partition('push" href="')[2].partition('"')[0]
    given = parse_qs(urlsplit(address).query)
    assert given["requestId"] == [link]
    form = owner.see(address)
    assert f'value="{link}"' in form
    assert f'value="{given["summary"][0]}"' in form


def test_what_a_request_touched_leads_to_its_screen(sold: Funnel, cast: Cast, signed_in: SignedIn) -> None:
    owner = signed_in(cast.owner)
    conversion = sold.rows("conversions")[0]["conversion_id"]
    found = owner.call("GET", f"{HERE}/requests?id={conversion}")
    assert found.headers["location"] == f"{HERE}/requests/{conversion.replace('cnv_', 'req_')}"
    shown = owner.see(found.headers["location"])
    assert f'<a href="{ONE}/conversions/{conversion}">' in shown
    owner.done(ONE, "move", to="PAUSED", reason="The shop is being mended")
    written = owner.see(f"{HERE}/audit").partition(f'href="{HERE}/requests/')[2].partition('"')[0]
    shown = owner.see(f"{HERE}/requests/{written}")
    assert f'<a href="{ONE}"><code>{CAMPAIGN}</code></a>' in shown
    assert "The shop is being mended" in shown


def test_an_unknown_request_says_so_beside_the_box(sold: Funnel, cast: Cast, signed_in: SignedIn) -> None:
    shown = signed_in(cast.teammate).see(f"{HERE}/requests/req_0", 404)
    assert "kept for 30 days" in shown
    assert 'name="id" value="req_0"' in shown
