"""Every route of the OpenAPI document is in the table of audiences, and is refused to those whom its row leaves out."""

from collections.abc import Iterator
from typing import Any

import pytest

from cast import HANDLE, OTHER_HANDLE, Actor, Cast, Client, refused
from funnelproof.access.audience import AUDIENCE, TABLE, RouteTable, Rule, Who
from funnelproof.access.may import FOR_NOBODY, FOR_TOKENS
from funnelproof.access.roles import SCOPES, WILDCARDS, Role
from funnelproof.web.control import Control
from funnelproof.web.openapi import operations

BY_ADDRESS = {(rule.method, rule.path): rule for rule in AUDIENCE}
PUBLIC_SITE = "/{handle}/"
"""Visitors' own addresses: the edge answers them; no credential means anything there, nor before a browser's call."""


def documented_routes(control: Control) -> Iterator[tuple[str, str, dict[str, Any]]]:
    every = operations(control.openapi())
    return (found for found in every if found[0] != "OPTIONS" and not found[1].startswith(PUBLIC_SITE))


@pytest.fixture
def documented(control: Control, client: Client) -> list[Rule]:
    """The rows of all routes that the OpenAPI document names."""
    return [BY_ADDRESS[method, path] for method, path, _ in documented_routes(control)]


def address(rule: Rule) -> str:
    filled = rule.path.replace("{handle}", HANDLE)
    return "/".join("some-id" if part.startswith("{") else part for part in filled.split("/"))


def call(client: Client, rule: Rule, by: Actor) -> tuple[int, str | None]:
    answer = client.call(rule.method, address(rule), by=by)
    is_problem = answer.headers.get("content-type") == "application/problem+json"
    return answer.status_code, answer.json()["error"] if is_problem else None


def with_handle(rules: list[Rule]) -> Iterator[Rule]:
    return (rule for rule in rules if "{handle}" in rule.path)


def test_every_documented_route_has_a_row(control: Control, client: Client) -> None:
    without = [(method, path) for method, path, _ in documented_routes(control) if (method, path) not in BY_ADDRESS]
    assert without == []


def test_every_row_has_a_route(control: Control, client: Client) -> None:
    documented = {(method, path) for method, path, _ in operations(control.openapi())}
    pages = {rule.path for rule in AUDIENCE if rule.path.startswith("/docs")} | {"/openapi.json"}
    assert {(rule.method, rule.path) for rule in AUDIENCE if rule.path not in pages} - documented == set()


def test_no_row_stands_twice_and_each_is_found_by_its_own_address() -> None:
    assert len(BY_ADDRESS) == len(AUDIENCE)
    for rule in AUDIENCE:
        match = TABLE.find(address(rule))
        assert match is not None
        assert match.rules[rule.method] is rule


def test_every_row_names_a_scope_and_a_role_that_exist() -> None:
    assert {rule.scope for rule in AUDIENCE} - {None} <= set(SCOPES)
    for rule in AUDIENCE:
        assert (rule.role is not None) == ("{handle}" in rule.path), rule
        assert not (rule.jwt_only and rule.scope), rule


def test_of_two_templates_the_more_literal_one_is_meant() -> None:
    table = RouteTable([Rule("GET", "/a/{b}", Who.ANYONE), Rule("POST", "/a/batch", Who.ANYONE)])
    found = table.find("/a/batch")
    assert found is not None
    assert set(found.rules) == {"POST"}


@pytest.mark.parametrize("path", ["/v2/handles/", "/v2/handles//tokens", "/v2/handles/a/tokens\n", "/V2/handles", ""])
def test_an_address_that_only_resembles_a_route_has_no_row(path: str) -> None:
    assert TABLE.find(path) is None


def test_nobody_is_asked_for_a_credential(client: Client, cast: Cast, documented: list[Rule]) -> None:
    for rule in documented:
        if rule.who not in FOR_NOBODY:
            assert call(client, rule, cast.visitor) == (401, "missing_bearer_token"), rule


def test_a_bad_credential_is_refused_everywhere(client: Client, documented: list[Rule]) -> None:
    for rule in documented:
        assert call(client, rule, Actor("forger", credential="patv1_nonsense")) == (401, "invalid_token"), rule


def test_a_stranger_learns_nothing_of_a_handle(client: Client, cast: Cast, documented: list[Rule]) -> None:
    token = cast.token(*WILDCARDS, handle=OTHER_HANDLE)
    for rule in with_handle(documented):
        by_jwt = (401, "invalid_token") if rule.who in FOR_TOKENS else (404, "handle_not_found")
        assert call(client, rule, cast.stranger) == by_jwt, rule
        assert call(client, rule, token) == (404, "handle_not_found"), rule


def test_a_token_needs_the_scope_of_the_row(client: Client, cast: Cast, documented: list[Rule]) -> None:
    for rule in with_handle(documented):
        if rule.scope:
            token = cast.token(*(scope for scope in SCOPES if scope != rule.scope))
            assert call(client, rule, token) == (403, "insufficient_scope"), rule
        if rule.jwt_only:
            assert call(client, rule, cast.token(*WILDCARDS)) == (403, "insufficient_scope"), rule


def test_a_person_and_a_tokens_maker_need_the_role_of_the_row(
    client: Client, cast: Cast, documented: list[Rule]
) -> None:
    for rule in with_handle(documented):
        if rule.role in (Role.OPERATOR, Role.OWNER) and rule.who not in FOR_TOKENS:
            assert call(client, rule, cast.teammate) == (403, "insufficient_role"), rule
        if rule.role is Role.OPERATOR and not rule.jwt_only:
            assert call(client, rule, cast.token(*WILDCARDS, maker=cast.teammate)) == (403, "insufficient_role"), rule


def test_platform_operators_only_means_nobody_else(client: Client, cast: Cast, documented: list[Rule]) -> None:
    for rule in documented:
        if rule.who is Who.PLATFORM_OPERATOR:
            assert call(client, rule, cast.owner) == (403, "operator_only"), rule


def test_the_document_tells_who_may_call_and_how_the_others_are_refused(control: Control, client: Client) -> None:
    for method, path, operation in documented_routes(control):
        rule = BY_ADDRESS[method, path]
        assert ({} in operation["security"]) == (rule.who in FOR_NOBODY), path
        assert "401" in operation["responses"], path
        assert "HTTPValidationError" not in str(operation["responses"]), path
        assert ("404" in operation["responses"]) or "{handle}" not in path, path


def test_what_has_no_row_does_not_exist_even_if_a_router_has_it(client: Client, control: Control) -> None:
    async def forgotten() -> None: ...

    control.add_api_route("/v2/forgotten", forgotten, methods=["GET"])
    refused(client.get("/v2/forgotten"), 404, "not_found")
