"""Codes are as narrow as the faults allow, and never made of a client's own words."""

import pytest

from funnelproof.errors import Fault, invalid_payload


@pytest.mark.parametrize(
    ("pointers", "code"),
    [
        (["/slug"], "invalid_slug"),
        (["/primaryLink/destinationUrl"], "invalid_destination_url"),
        (["/variants/0/weight", "/variants/3/weight"], "invalid_weight"),
        (["/slug", "/name"], "invalid_payload"),
        ([""], "invalid_payload"),
        (["/properties/token"], "invalid_properties"),
        (["/properties/credentials/deep"], "invalid_properties"),
        (["/ctx"], "invalid_payload"),
        (["/token"], "invalid_payload"),
    ],
)
def test_the_code_names_the_one_field_at_fault(pointers: list[str], code: str) -> None:
    assert invalid_payload([Fault(pointer, "invalid", "is wrong.") for pointer in pointers]).code == code


@pytest.mark.parametrize("code", ["unknown_field", "read_only_field"])
def test_faults_of_one_such_kind_have_its_code(code: str) -> None:
    assert invalid_payload([Fault("/a", code, "x"), Fault("/b", code, "y")]).code == code


def test_several_faults_are_counted_in_the_sentence() -> None:
    problem = invalid_payload(
        [Fault("/a", "invalid", "is wrong."), Fault("/b", "invalid", "too."), Fault("/c", "x", "y")]
    )
    assert problem.detail == "a: is wrong. (2 more problems in `errors`.)"
