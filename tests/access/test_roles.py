"""Roles in rising order, scopes from a closed list."""

import pytest

from funnelproof.access.roles import SCOPES, WILDCARDS, Role, check_scope, grants
from funnelproof.errors import Invalid


def test_each_role_reaches_itself_and_those_before_it() -> None:
    reached = [[role.reaches(needed) for needed in Role] for role in Role]
    assert reached == [[True, False, False], [True, True, False], [True, True, True]]


@pytest.mark.parametrize("scope", SCOPES + WILDCARDS)
def test_every_listed_scope_is_one(scope: str) -> None:
    assert check_scope(scope) == scope


@pytest.mark.parametrize(
    "scope", ["", "*", "campaigns", "campaigns.*.read", "campaigns.delete", "Campaigns.read", "x.*"]
)
def test_nothing_else_is_a_scope(scope: str) -> None:
    with pytest.raises(Invalid, match="is not a scope"):
        check_scope(scope)


def test_a_wildcard_means_every_scope_of_its_area_and_no_other() -> None:
    assert grants({"campaigns.*"}, "campaigns.test")
    assert not grants({"campaigns.*"}, "links.read")
    assert not grants({"campaigns.read"}, "campaigns.write")
