"""How a control plane refuses, and what its OpenAPI document says."""

from typing import Annotated

import jsonschema
import pytest
from fastapi import APIRouter

from cast import Cast, Client, refused
from funnelproof.access.guard import guarded
from funnelproof.installation import Installation
from funnelproof.web.control import Control, control_plane
from funnelproof.web.openapi import PROBLEM, operations
from funnelproof.web.shape import Shape

HANDLES = "/v2/handles"


def test_all_faults_of_a_body_are_told_at_once(client: Client, cast: Cast) -> None:
    body = {"handle": "x--y", "timeZone": "Mars/Base", "currency": 7, "colour": "red"}
    document = refused(client.post(HANDLES, body, by=cast.boss), 400, "invalid_payload")
    assert {(fault["pointer"], fault["code"]) for fault in document["errors"]} == {
        ("/handle", "invalid"),
        ("/timeZone", "invalid"),
        ("/currency", "wrong_type"),
        ("/colour", "unknown_field"),
    }


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"timeZone": "Mars/Base"}, "invalid_time_zone"),
        ({"colour": "red"}, "unknown_field"),
        ({"consentDefault": "maybe"}, "invalid_consent_default"),
        ({"retentionDays": "400"}, "invalid_retention_days"),
    ],
)
def test_a_single_fault_gives_its_field_to_the_code(
    client: Client, cast: Cast, more: dict[str, str], code: str
) -> None:
    document = refused(client.post(HANDLES, {"handle": "fresh", **more}, by=cast.boss), 400, code)
    assert document["type"] == f"/docs/errors/{code}"


@pytest.mark.parametrize("body", [[], "text", 1, True])
def test_a_body_that_is_no_object_is_said_to_be_none(client: Client, cast: Cast, body: object) -> None:
    assert (
        "must be a JSON object" in refused(client.post(HANDLES, body, by=cast.boss), 400, "invalid_payload")["detail"]
    )


def test_a_fault_of_the_query_names_its_parameter(client: Client, cast: Cast) -> None:
    document = refused(client.get(f"{HANDLES}?limit=201", by=cast.owner), 400, "invalid_limit")
    assert document["errors"][0]["pointer"] == "/query/limit"


def test_a_method_that_an_address_does_not_take_is_405_with_allow(client: Client, cast: Cast) -> None:
    answer = client.delete(HANDLES, by=cast.owner)
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"


def test_an_address_that_no_route_has_is_404(client: Client, cast: Cast) -> None:
    refused(client.get("/v2/handles/gharart/nothing", by=cast.owner), 404, "not_found")


def test_no_page_of_the_framework_is_served(client: Client) -> None:
    for path in ("/redoc", "/docs/oauth2-redirect"):
        refused(client.get(path), 404, "not_found")


def test_a_problem_document_is_what_the_openapi_document_says(client: Client) -> None:
    schema = {**PROBLEM, "properties": {**PROBLEM["properties"], "errors": {"type": "array"}}}
    jsonschema.validate(client.get("/v2/auth/me").json(), schema)


def test_the_document_is_openapi_3_1_and_all_its_references_lead_somewhere(client: Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    schemas = document["components"]["schemas"]
    for _, path, operation in operations(document):
        for reference in _references(operation):
            assert reference.removeprefix("#/components/schemas/") in schemas, (path, reference)
    assert {"person", "token", "apiKey"} == set(document["components"]["securitySchemes"])


def test_every_refusal_in_the_document_is_a_problem(client: Client) -> None:
    for method, path, operation in operations(client.get("/openapi.json").json()):
        if path.startswith("/{handle}/") or method == "OPTIONS":
            continue
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], (path, status)
        assert {"500", "503"} <= set(operation["responses"])


def test_routes_that_others_answer_are_documented_too(installation: Installation) -> None:
    item = {"get": {"summary": "What a ctx says.", "responses": {"200": {"description": "It"}}}}
    control = control_plane(installation, [], extra_paths={"/v2/public/context": item})
    guarded(installation, control)
    operation = control.openapi()["paths"]["/v2/public/context"]["get"]
    assert operation["security"] == [{}]
    assert "503" in operation["responses"]


def test_tags_of_unions_are_no_part_of_a_pointer(installation: Installation) -> None:
    class Cat(Shape):
        lives: int

    class Dog(Shape):
        tricks: list[int]

    router = APIRouter()

    @router.post("/v2/auth/login")
    async def adopt(pets: Annotated[list[Cat | Dog], "pets"]) -> None: ...

    with Client(guarded(installation, control_plane(installation, [router]))) as client:
        document = refused(client.post("/v2/auth/login", [{"lives": "nine"}]), 400, "invalid_payload")
    assert {fault["pointer"] for fault in document["errors"]} == {"/0/lives", "/0/tricks"}


def _references(part: object) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [found for value in part.values() for found in _references(value)]
    return [found for value in part for found in _references(value)] if isinstance(part, list) else []


def test_the_document_is_made_once(control: Control) -> None:
    assert control.openapi() is control.openapi()


def test_a_query_parameter_that_no_route_reads_is_refused(client: Client, cast: Cast) -> None:
    document = refused(client.get(f"{HANDLES}?limt=5", by=cast.owner), 400, "unknown_field")
    assert document["errors"][0]["pointer"] == "/query/limt"
    assert "limit" in document["errors"][0]["detail"]
    assert client.get("/docs?utm_source=mail").status_code == 200
