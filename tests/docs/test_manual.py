"""The manual as the server shows it: from its first page every page can be reached, and no link is broken."""

import re
from urllib.parse import urldefrag, urljoin

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


def test_every_page_but_errors_can_be_reached(client: Client) -> None:
    seen = reached_from(client, "/docs/index")
    pages = {f"/docs/{page.relative_to(DOCS).with_suffix('')}" for page in DOCS.rglob("*.md")}
    lost = {page for page in pages if page not in seen and not page.startswith("/docs/errors/")}
    assert lost == set()


def test_links_of_the_first_page_hold_where_it_is_shown(client: Client) -> None:
    targets = [urljoin("/docs", target) for target in HREF.findall(client.call("GET", "/docs").text)]
    assert [target for target in targets if client.call("GET", target).status_code != 200] == []
