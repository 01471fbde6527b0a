"""The structure types: schemas that are schemas, examples that fit them, and rules that no schema can tell."""

from typing import Any

import jsonschema
import pytest

from cast import Client, refused
from funnelproof.links.address import AddressRules
from funnelproof.pages.page import AccessMode, Content, StructureType
from funnelproof.pages.render import ROOM, Place, Wanted, render
from funnelproof.pages.rules import rule_faults
from funnelproof.pages.structure import document_faults, order_of, schema_of
from funnelproof.pages.texts import in_region, of_variant, regions_of
from pages.conftest import example

RULES = AddressRules(())


def faults(kind: StructureType, document: dict[str, Any]) -> list[tuple[str, str]]:
    found = document_faults(kind, document) or rule_faults(document, ["a", "b"], RULES)
    return [(fault.pointer.removeprefix("/document"), fault.code) for fault in found]


@pytest.mark.parametrize("kind", StructureType)
def test_each_schema_is_served_with_an_example_that_fits(client: Client, kind: StructureType) -> None:
    answer = client.get(f"/v2/public/schemas/campaign-page/{kind}")
    schema = answer.json()
    assert answer.headers["access-control-allow-origin"] == "*"
    jsonschema.Draft202012Validator.check_schema(schema)
    (shown,) = schema["examples"]
    jsonschema.validate(shown, schema)
    assert faults(kind, shown) == []


def test_of_an_unknown_type_there_is_no_schema(client: Client) -> None:
    assert "WEBINAR" in refused(client.get("/v2/public/schemas/campaign-page/NOTHING"), 404, "not_found")["detail"]


@pytest.mark.parametrize("kind", StructureType)
def test_each_example_is_a_page_with_all_its_sections(kind: StructureType) -> None:
    content = Content("T", "slug", AccessMode.PUBLIC, kind, example(kind))
    html = render(content, Place("gharart", "campaign", "https://x.example"), Wanted(None, "default", ROOM))
    sections = [name for name in order_of(kind) if name in content.document["sections"]]
    assert [html.index(f'id="{name}"') for name in sections] == sorted(html.index(f'id="{name}"') for name in sections)
    assert html.count("<h1>") == 1
    assert ROOM in html


@pytest.mark.parametrize("kind", StructureType)
def test_each_type_needs_its_sections(kind: StructureType) -> None:
    required = schema_of(kind)["properties"]["sections"]["required"]
    document = {**example(kind), "sections": {}, "variants": {}}
    assert set(faults(kind, document)) == {(f"/sections/{name}", "required") for name in required}


WEBINAR = StructureType.WEBINAR


@pytest.mark.parametrize(
    ("at", "value", "fault"),
    [
        (("schedule", "sessions", 0, "startsAt"), "tomorrow", "/sections/schedule/sessions/0/startsAt"),
        (("schedule", "sessions", 0, "startsAt"), "2026-12-03T17:00:00", "/sections/schedule/sessions/0/startsAt"),
        (("schedule", "sessions", 0, "endsAt"), "2026-12-03T16:00:00Z", "/sections/schedule/sessions/0/endsAt"),
        (("schedule", "timeZone"), "Mars/Base", "/sections/schedule/timeZone"),
        (("schedule", "sessions", 0, "seats", "left"), 121, "/sections/schedule/sessions/0/seats/left"),
        (("form", "fields", 0, "name"), "email", "/sections/form/fields/0/name"),
        (("form", "fields", 0, "name"), "ctx", "/sections/form/fields/0/name"),
        (("form", "fields", 0, "type"), "select", "/sections/form/fields/0/options"),
        (("hero", "ctas", 0, "href"), "#nowhere", "/sections/hero/ctas/0/href"),
        (("hero", "ctas", 0, "href"), "http://127.0.0.1/", "/sections/hero/ctas/0/href"),
        (("hero", "ctas", 0, "id"), "hero-dates", "/sections/hero/ctas/0/id"),
        (("hero", "ctas", 0, "id"), "hero\n", "/sections/hero/ctas/0/id"),
        (("hero", "title"), "two\nlines", "/sections/hero/title"),
        (("hero", "title"), {"DE": "ohne default"}, "/sections/hero/title/default"),
        (("hero", "title"), {"default": "x", "Germany": "y"}, "/sections/hero/title/Germany"),
    ],
)
def test_what_does_not_hold_is_told_where_it_stands(at: tuple[Any, ...], value: Any, fault: str) -> None:
    document = example(WEBINAR)
    place: Any = document["sections"]
    for part in at[:-1]:
        place = place[part]
    place[at[-1]] = value
    assert fault in [pointer for pointer, _ in faults(WEBINAR, document)]


@pytest.mark.parametrize(("amount", "currency"), [("1.999", "USD"), ("1.5", "JPY"), ("1", "XXX"), ("1e3", "USD")])
def test_a_price_has_the_decimals_of_its_currency(amount: str, currency: str) -> None:
    kind = StructureType.RETARGETING
    document = example(kind)
    document["sections"]["offers"]["items"][0]["prices"] = {"default": {"amount": amount, "currency": currency}}
    assert [pointer for pointer, _ in faults(kind, document)] == ["/sections/offers/items/0/prices/default/amount"]


def test_what_a_variant_makes_of_the_document_must_fit_too() -> None:
    document = example(WEBINAR) | {"variants": {"b": {"sections": {"hero": {"title": 5}, "schedule": None}}}}
    assert set(faults(WEBINAR, document)) == {
        ("/variants/b/sections/hero/title", "wrong_type"),
        ("/variants/b/sections/schedule", "required"),
    }


def test_a_variant_patches_and_a_region_chooses() -> None:
    document = {"a": {"default": "x", "DE": "y"}, "b": [1, {"c": "d"}], "variants": {"v": {"b": None, "e": "f"}}}
    assert of_variant(document, "v") == {"a": {"default": "x", "DE": "y"}, "e": "f"}
    assert in_region(of_variant(document, None), "DE") == {"a": "y", "b": [1, {"c": "d"}]}
    assert in_region(of_variant(document, None), "FR")["a"] == "x"
    assert regions_of(document) == {"DE"}
