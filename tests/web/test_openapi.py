"""The OpenAPI document: complete, and true to what the routes answer."""

import re
from typing import Any

import jsonschema
import pytest

from cast import HANDLE, Cast, Client, refused
from funnelproof.web.control import Control
from funnelproof.web.openapi import operations

JSON, FORM, PAGE, PROBLEM = (
    "application/json",
    "application/x-www-form-urlencoded",
    "text/html",
    "application/problem+json",
)
LINK = "/{handle}/{slug}"
READ_BY_ALL = {
    "/v2/public/handles/{handle}/site-structure/campaigns/{campaignId}",
    "/v2/public/schemas/campaign-page/{structureType}",
}


@pytest.fixture
def document(control: Control) -> dict[str, Any]:
    return control.openapi()


def test_every_request_body_has_an_example_that_fits_its_schema(document: dict[str, Any]) -> None:
    with_body = [found for found in operations(document) if "requestBody" in found[2]]
    assert len(with_body) > 20
    for method, path, operation in with_body:
        content = operation["requestBody"]["content"]
        schema = content[JSON if JSON in content else FORM]["schema"]
        examples = _examples(schema, document)
        assert examples, (method, path)
        for example in examples:
            jsonschema.validate(example, {**schema, "components": document["components"]})


def test_no_schema_is_named_after_a_module(document: dict[str, Any]) -> None:
    assert [name for name in document["components"]["schemas"] if "__" in name] == []


def test_every_operation_is_named_once(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)


def test_an_operation_with_a_body_tells_how_bodies_are_refused(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        if "requestBody" in operation:
            assert "`body_timeout`" in operation["responses"]["408"]["description"], (method, path)
            assert ("415" in operation["responses"]) == (JSON in operation["requestBody"]["content"]), (method, path)


def test_a_link_is_described_with_all_its_methods(document: dict[str, Any]) -> None:
    link = document["paths"][LINK]
    assert set(link) == {"get", "head", "post"}
    told = {
        "get": {"200", "302", "307", "400", "401", "404", "409", "410", "500", "503"},
        "post": {"200", "303", "400", "401", "403", "404", "405", "408", "409", "410", "413", "429", "500", "503"},
    }
    for method, statuses in told.items():
        answers = link[method]["responses"]
        assert set(answers) == statuses
        assert all(answers[status]["description"] for status in statuses)
        for status in statuses - {"200", "302", "303", "307", "403"}:
            assert set(answers[status]["content"]) == {PROBLEM, PAGE}, (method, status)
        assert set(answers["200"]["content"]) == {PAGE}
    assert set(link["head"]["responses"]) == told["get"]
    assert "content" not in str(link["head"]["responses"]["404"].keys())
    assert "`invalid_run_token`" in link["get"]["responses"]["401"]["description"]
    assert "`run_finished`" in link["get"]["responses"]["409"]["description"]
    assert set(link["post"]["responses"]["403"]["content"]) == {PAGE}


def test_pages_of_other_origins_may_ask_before_they_call(document: dict[str, Any]) -> None:
    asked = {path for method, path, _ in operations(document) if method == "OPTIONS"}
    posted = {"/v2/public/conversions", "/v2/public/arrivals", "/v2/public/handles/{handle}/leads"}
    assert asked == {*posted, "/v2/public/context", *READ_BY_ALL}
    for path in asked:
        assert set(document["paths"][path]["options"]["responses"]) == {"204"}


def test_a_route_takes_the_query_parameters_that_its_document_names(
    client: Client, cast: Cast, document: dict[str, Any]
) -> None:
    compared = 0
    for method, path, operation in operations(document):
        if method != "GET" or not path.startswith("/v2/handles/{handle}/"):
            continue
        asked = re.sub(r"{\w+}", "some-id", path.replace("{handle}", HANDLE))
        answer = client.get(f"{asked}?no-such=1", by=cast.owner)
        named = sorted(one["name"] for one in operation.get("parameters", ()) if one["in"] == "query")
        assert (
            f"it takes: {', '.join(named) or 'none'}." in refused(answer, 400, "unknown_field")["errors"][0]["detail"]
        )
        compared += 1
    assert compared > 10


def _examples(schema: dict[str, Any], document: dict[str, Any]) -> list[Any]:
    """Those of the schema itself, or of the one that it refers to."""
    if "$ref" in schema:
        return _examples(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    own = list(schema.get("examples", []))
    return own + [found for part in schema.get("anyOf", []) for found in _examples(part, document)]
