"""The manual as the server shows it: from its first page every page can be reached, and no link is broken."""

import re
from urllib.parse import urldefrag, urljoin

import pytest

from cast import Client
from docs.shell_of_pages import ROOT

HREF = re.compile(r'href="([^"]+)"')
DOCS = ROOT / "docs"


def reached_from(client: Client, start: str) -> dict[str, int]:
    """Each address with its status, following the links of every page below /docs."""
    seen: dict[str, int] = {}
    waiting = [start]
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        answer = client.call("GET", address)
        seen[address] = answer.status_code
        if address.startswith("/docs/") and address != "/docs/api" and answer.status_code == 200:
            found = (urldefrag(urljoin(address, target)).url for target in HREF.findall(answer.text))
            waiting += [target for target in found if target.startswith("/")]
    return seen


def test_no_link_of_the_manual_is_broken(client: Client) -> None:
    seen = reached_from(client, "/docs/index")
    assert [address for address, status in seen.items() if status not in (200, 307)] == []
    assert len(seen) > 50


def test_every_page_can_be_reached(client: Client) -> None:
    seen = reached_from(client, "/docs/index")
    pages = {f"/docs/{page.relative_to(DOCS).with_suffix('')}" for page in DOCS.rglob("*.md")}
    assert pages - set(seen) == set()


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [("/docs/", "/docs"), ("/docs/errors", "/docs/errors/index"), ("/docs/checks", "/docs/health")],
)
def test_a_folder_leads_to_its_list(client: Client, address: str, leads_to: str) -> None:
    answer = client.call("GET", address)
    assert (answer.status_code, answer.headers["location"]) == (307, leads_to)


def test_the_reference_lists_parameters_fields_and_an_example(client: Client) -> None:
    text = client.call("GET", "/docs/api").text
    section = text.partition("<code>POST /v2/public/conversions</code>")[2].partition("</section>")[0]
    assert "<td><code>idempotencyKey</code></td><td>string, required</td><td>The order&#x27;s own id." in section
    assert "order-8841" in section
    campaigns = text.partition("<code>GET /v2/handles/{handle}/campaigns</code>")[2].partition("</section>")[0]
    assert "<code>status (query)</code></td><td>one of DRAFT, ACTIVE, PAUSED, COMPLETED or null</td>" in campaigns
    created = text.partition("<code>POST /v2/handles/{handle}/campaigns</code>")[2].partition("</section>")[0]
    assert "<code>campaignId</code>" in created
    assert "array of object of " in created


def test_links_of_the_first_page_hold_where_it_is_shown(client: Client) -> None:
    targets = [urljoin("/docs", target) for target in HREF.findall(client.call("GET", "/docs").text)]
    assert [target for target in targets if client.call("GET", target).status_code != 200] == []


def test_each_page_has_the_contents_beside_it_and_headings_that_links_name(client: Client) -> None:
    text = client.call("GET", "/docs/health").text
    assert '<a href="/docs/tutorial">' in text.partition('id="contents"')[2]
    assert 'id="the-checks"' in text
    assert "<script" not in text


def test_anchors_that_pages_name_are_there(client: Client) -> None:
    for page in DOCS.rglob("*.md"):
        address = f"/docs/{page.relative_to(DOCS).with_suffix('')}"
        for target in HREF.findall(client.call("GET", address).text):
            place, anchor = urldefrag(urljoin(address, target))
            if anchor and place.startswith("/docs") and place != "/docs/api":
                assert f'id="{anchor}"' in client.call("GET", place).text, (address, target)
