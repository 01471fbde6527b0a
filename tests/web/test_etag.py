"""If-Match against the version that stands."""

import pytest

from funnelproof.web.etag import PreconditionFailed, check_if_match, etag_of


@pytest.mark.parametrize("told", [None, '"3"', "*", '"1", "3"', ' "3" '])
def test_the_version_that_stands_is_let_through(told: str | None) -> None:
    check_if_match(told, 3)


@pytest.mark.parametrize("told", ['"2"', 'W/"3"', "3", "", '"03"'])
def test_any_other_is_refused_and_told_the_present_one(told: str) -> None:
    with pytest.raises(PreconditionFailed) as refusal:
        check_if_match(told, 3)
    assert refusal.value.extra == {"etag": etag_of(3)}


def test_nothing_stands_at_a_new_address() -> None:
    check_if_match(None, None)
    with pytest.raises(PreconditionFailed):
        check_if_match("*", None)
