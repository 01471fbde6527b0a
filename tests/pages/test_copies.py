"""Copying a campaign takes the draft of its page along, and nothing that is published."""

from cast import HANDLE, refused
from funnel import CAMPAIGN, Funnel
from pages.conftest import SLUG, Site, draft

COPIES = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}/copies"


def test_the_draft_goes_along_under_a_slug_of_its_own(site: Site, funnel: Funnel) -> None:
    published = site.write()
    site.put(draft(title="Not yet published"), if_match=site.get().headers["etag"])
    assert site.client.post(COPIES, {"campaignId": "second-test"}, by=site.by).status_code == 201
    copied = site.get("second-test").json()
    assert (copied["draft"]["title"], copied["draft"]["slug"]) == ("Not yet published", "second-test")
    assert copied["draft"]["document"] == site.get().json()["draft"]["document"]
    assert (copied["published"], copied["versions"]) == (None, [])
    refused(site.fetch("second-test"), 404, "page_not_published")
    assert site.get().json()["published"]["version"] == published["version"]
    assert site.publish(campaign_id="second-test").status_code == 200
    assert site.page(slug="second-test").status_code == site.page(slug=SLUG).status_code == 200


def test_a_slug_that_is_taken_is_numbered(site: Site) -> None:
    site.write(draft(slug="second-test"))
    assert site.client.post(COPIES, {"campaignId": "second-test"}, by=site.by).status_code == 201
    assert site.get("second-test").json()["draft"]["slug"] == "second-test-2"


def test_without_a_page_there_is_none_to_copy(site: Site) -> None:
    assert site.client.post(COPIES, {"campaignId": "second-test"}, by=site.by).status_code == 201
    refused(site.get("second-test"), 404, "not_found")
