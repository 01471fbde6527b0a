"""Draft, publish, roll back, deployments: by people and by tokens, and every way to be refused."""

from typing import Any

import pytest

from cast import HANDLE, Cast, Client, refused
from funnel import CAMPAIGN, Funnel
from pages.conftest import DOCUMENT, PUBLIC_SITE, SITE, SLUG, Site, draft


def faults(answer: Any) -> dict[str, str]:
    return {fault["pointer"]: fault["code"] for fault in answer.json()["errors"]}


def test_the_first_draft_is_created_and_read_back(site: Site) -> None:
    written = site.put()
    assert (written.status_code, written.headers["etag"]) == (201, '"1"')
    read = site.get()
    assert read.headers["etag"] == '"1"'
    page = read.json()
    assert (page["campaignId"], page["published"], page["versions"]) == (CAMPAIGN, None, [])
    assert page["draft"]["document"] == DOCUMENT
    assert page["draft"]["url"].endswith(f"/{HANDLE}/p/{SLUG}")


def test_a_draft_without_a_slug_has_that_of_the_campaign(site: Site, funnel: Funnel) -> None:
    body = draft()
    del body["slug"]
    assert site.put(body).json()["slug"] == CAMPAIGN
    funnel.change(detailsPageSlug="the-lamp")
    assert site.put(body, if_match='"1"').json()["slug"] == "the-lamp"


def test_what_was_read_can_be_sent_back_with_a_change(site: Site) -> None:
    site.put()
    read = site.get().json()["draft"]
    answer = site.put({**read, "title": "Another"}, if_match=read["etag"])
    assert (answer.status_code, answer.headers["etag"], answer.json()["title"]) == (200, '"2"', "Another")


def test_the_same_draft_again_is_no_change(site: Site) -> None:
    site.put()
    assert site.put(if_match='"1"').headers["etag"] == '"1"'


def test_what_only_we_set_cannot_be_changed(site: Site) -> None:
    site.put()
    read = site.get().json()["draft"]
    document = refused(site.put({**read, "draftedBy": "user:me"}, if_match='"1"'), 400, "read_only_field")
    assert [fault["pointer"] for fault in document["errors"]] == ["/draftedBy"]


def test_whoever_overwrites_says_what_they_have_read(site: Site) -> None:
    site.put()
    assert refused(site.put(draft(title="Unseen")), 428, "precondition_required")["etag"] == '"1"'
    site.put(draft(title="Seen"), if_match='"1"')
    assert refused(site.put(draft(title="Stale"), if_match='"1"'), 412, "precondition_failed")["etag"] == '"2"'
    assert site.get().json()["draft"]["title"] == "Seen"


def test_if_match_where_nothing_stands_is_refused(site: Site) -> None:
    refused(site.put(if_match='"1"'), 412, "precondition_failed")


def test_all_problems_of_a_draft_are_told_at_once(site: Site) -> None:
    document = {
        "sections": {
            "hero": {"title": 5, "colour": "red", "ctas": [{"id": "A", "label": "x", "href": "javascript:1"}]}
        },
        "legal": {"links": []},
    }
    answer = site.put({"title": "", "slug": "admin", "structureType": "PRODUCT_LAUNCH", "document": document, "x": 1})
    refused(answer, 400, "invalid_payload")
    assert faults(answer) == {
        "/title": "too_short",
        "/x": "unknown_field",
        "/slug": "reserved",
        "/document/sections/offers": "required",
        "/document/sections/hero/title": "wrong_type",
        "/document/sections/hero/colour": "unknown_field",
        "/document/sections/hero/ctas/0/id": "wrong_pattern",
        "/document/sections/hero/ctas/0/href": "wrong_pattern",
        "/document/legal/links": "too_short",
    }


@pytest.mark.parametrize("slug", ["admin", "preview", "share", "login", "api"])
def test_reserved_slugs_are_refused(site: Site, slug: str) -> None:
    refused(site.put(draft(slug=slug)), 400, "invalid_slug")


def test_a_draft_that_is_no_object_is_refused(site: Site) -> None:
    json = {"Content-Type": "application/json"}
    for body in (b"[]", b'"text"', b"7", b"null", b""):
        answer = site.client.put(f"{SITE}/{CAMPAIGN}", by=site.by, content=body, headers=json)
        refused(answer, 400, "invalid_payload")


def test_a_draft_of_five_megabytes_is_refused_before_it_is_read(site: Site) -> None:
    refused(site.put(draft(title="x" * 5_000_000)), 413, "payload_too_large")


def test_a_draft_of_a_campaign_that_is_not_there(site: Site) -> None:
    refused(site.put(campaign_id="nothing-here"), 404, "campaign_not_found")
    refused(site.get("nothing-here"), 404, "campaign_not_found")
    refused(site.get(), 404, "not_found")
    refused(site.publish(), 404, "not_found")


def test_a_variant_that_the_campaign_does_not_have_is_refused(site: Site) -> None:
    document = {**DOCUMENT, "variants": {"z": {"sections": {"hero": {"title": "?"}}}}}
    refused(answer := site.put(draft(document=document)), 400, "invalid_document")
    assert faults(answer) == {"/document/variants/z": "not_one_of"}


def test_publishing_freezes_a_version_and_shows_it(site: Site) -> None:
    site.put()
    answer = site.publish().json()
    assert answer["version"] == 1
    assert answer["schemaKey"] == f"site-structure/{HANDLE}/campaigns/{CAMPAIGN}/v1.json"
    assert answer["schemaUrl"].endswith(f"{PUBLIC_SITE}/{CAMPAIGN}")
    assert answer["accessMode"] == "PUBLIC"
    page = site.get().json()
    assert page["published"]["document"] == DOCUMENT
    assert page["versions"] == [
        {name: answer[name] for name in ("version", "schemaKey", "publishedAt", "deploymentId")}
    ]


def test_publishing_an_unchanged_draft_answers_the_same_deployment(site: Site) -> None:
    site.put()
    assert site.publish().json() == site.publish().json()
    listed = site.client.get(f"{SITE}/{CAMPAIGN}/deployments", by=site.by).json()["items"]
    assert len(listed) == 1


def test_a_version_stays_as_it_is_whatever_becomes_of_the_draft(site: Site) -> None:
    site.write()
    site.put(draft(title="Second"), if_match='"1"')
    assert site.fetch().json()["title"] == "Dhoop"
    assert site.publish().json()["version"] == 2
    assert site.fetch().json()["title"] == "Second"


def test_rolling_back_is_a_new_deployment_of_an_old_version(site: Site) -> None:
    first = site.write()
    second = site.write(draft(title="Second"))
    back = site.publish({"version": 1}).json()
    assert (back["version"], site.fetch().json()["title"]) == (1, "Dhoop")
    assert back["deploymentId"] not in (first["deploymentId"], second["deploymentId"])
    listed = site.client.get(f"{SITE}/{CAMPAIGN}/deployments?limit=2", by=site.by).json()
    assert [(own["version"], own["replacedVersion"], own["rollback"]) for own in listed["items"]] == [
        (1, 2, True),
        (2, 1, False),
    ]
    rest = site.client.get(f"{SITE}/{CAMPAIGN}/deployments?cursor={listed['nextCursor']}", by=site.by).json()
    assert [own["deploymentId"] for own in rest["items"]] == [first["deploymentId"]]


def test_a_draft_that_is_a_version_already_is_published_as_that_version(site: Site) -> None:
    site.write()
    site.write(draft(title="Second"))
    assert site.write()["version"] == 1
    assert site.write(draft(title="Third"))["version"] == 3


def test_going_back_to_a_version_that_never_was_is_refused(site: Site) -> None:
    site.write()
    refused(site.publish({"version": 9}), 404, "not_found")
    refused(site.publish({"version": 0}), 400, "invalid_version")
    refused(site.publish({"versions": 1}), 400, "unknown_field")


def test_a_failed_publish_leaves_the_old_page_up(site: Site, funnel: Funnel) -> None:
    site.write()
    site.put(draft(title="Second"), if_match='"1"')
    kept = [{"variantId": "a", "weight": 50, "control": True}]
    funnel.change(variants=kept)
    refused(site.publish(), 400, "invalid_document")
    assert site.fetch().json()["title"] == "Dhoop"
    assert site.page().status_code == 200
    assert len(site.get().json()["versions"]) == 1


def test_a_slug_belongs_to_one_campaign(site: Site, funnel: Funnel) -> None:
    funnel.campaign(campaignId="other", primaryLink=None, variants=None)
    site.put()
    document = {**DOCUMENT, "variants": {}}
    assert CAMPAIGN in refused(site.put(draft(document=document), "other"), 409, "slug_taken")["detail"]
    site.put(draft(slug="moved-on"), if_match='"1"')
    assert site.put(draft(document=document), "other").status_code == 201


def test_a_slug_that_was_published_stays_with_its_page(site: Site, funnel: Funnel) -> None:
    funnel.campaign(campaignId="other", primaryLink=None, variants=None)
    site.write()
    site.write(draft(slug="moved-on"))
    refused(site.put(draft(document={**DOCUMENT, "variants": {}}), "other"), 409, "slug_taken")
    moved = site.page("ctx=x&utm_source=mail")
    assert (moved.status_code, moved.headers["location"].partition("/p/")[2]) == (
        302,
        "moved-on?ctx=x&utm_source=mail",
    )


def test_history_tells_of_publishing(site: Site, funnel: Funnel) -> None:
    told = site.write()
    path = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}/history"
    entry = site.client.get(path, by=site.by).json()["items"][0]
    assert entry["act"] == "page published"
    assert entry["details"] == {"version": 1, "deploymentId": told["deploymentId"], "slug": SLUG}


def test_other_texts_of_a_variant_begin_an_epoch_once_somebody_has_entered(site: Site, funnel: Funnel) -> None:
    def epoch() -> int:
        path = f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}"
        return int(site.client.get(path, by=site.by).json()["epoch"])

    site.write()
    assert epoch() == 1
    funnel.click()
    site.write(draft(title="Of all variants alike"))
    assert epoch() == 1
    document = {**DOCUMENT, "variants": {"b": {"sections": {"hero": {"title": "Something else"}}}}}
    site.write(draft(document=document))
    assert epoch() == 2


def test_tokens_have_the_same_on_their_own_routes(site: Site, client: Client, writer: Any) -> None:
    path = f"{PUBLIC_SITE}/{CAMPAIGN}"
    assert client.put(path, draft(), by=writer).status_code == 201
    assert client.post(f"{path}/publish", by=writer).json()["version"] == 1
    whole = client.get(path, by=writer).json()
    assert whole["draft"]["etag"] == '"1"'
    assert whole["published"]["version"] == 1


def test_anybody_fetches_the_published_page_alone(site: Site) -> None:
    refused(site.fetch(), 404, "page_not_published")
    refused(site.fetch("nothing-here"), 404, "page_not_published")
    site.put()
    refused(site.fetch(), 404, "page_not_published")
    site.publish()
    answer = site.fetch()
    assert "draft" not in answer.json()
    assert answer.json()["document"] == DOCUMENT
    assert answer.headers["access-control-allow-origin"] == "*"
    again = site.fetch(if_none_match=answer.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")


def test_a_page_with_login_asks_for_it_and_says_where(site: Site) -> None:
    site.write(draft(accessMode="FREE_WITH_LOGIN"))
    answer = site.fetch()
    document = refused(answer, 401, "login_required")
    assert document["loginUrl"].endswith(f"/{HANDLE}/p/{SLUG}")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert site.fetch(by=site.by).json()["published"]["accessMode"] == "FREE_WITH_LOGIN"


def test_a_page_of_another_origin_may_ask_first(site: Site, client: Client) -> None:
    asked = client.call("OPTIONS", f"{PUBLIC_SITE}/{CAMPAIGN}")
    assert (asked.status_code, asked.headers["access-control-allow-methods"]) == (204, "GET, OPTIONS")


def test_a_person_uses_the_route_of_people(site: Site, cast: Cast) -> None:
    site.put()
    refused(site.fetch(by=cast.owner), 401, "invalid_token")
    assert site.client.get(f"{SITE}/{CAMPAIGN}", by=cast.teammate).status_code == 200


def test_the_page_of_a_deleted_campaign_is_gone(client: Client, writer: Any, funnel: Funnel) -> None:
    funnel.campaign(status="DRAFT")
    site = Site(client, writer)
    site.write()
    client.delete(f"/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}", by=writer)
    refused(site.page(), 404, "page_not_published")
    refused(site.fetch(), 404, "page_not_published")
