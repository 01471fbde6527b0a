"""Pages of lists, and their cursors."""

import base64

import pytest

from funnelproof.errors import Invalid
from funnelproof.web.pagination import Page, sealed


def test_a_cursor_leads_on_from_the_last_item_shown() -> None:
    rows = [(3, "c"), (2, "b"), (1, "a")]
    shown, cursor = Page(limit=2).cut(rows, lambda row: row)
    assert list(shown) == rows[:2]
    assert Page(2, cursor).after(int, str) == (2, "b")


def test_the_last_page_has_no_cursor() -> None:
    assert Page(limit=2).cut([(1, "a")], lambda row: row)[1] is None


def test_the_first_page_begins_anywhere() -> None:
    assert Page(2).after(int, str) is None


def _cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    ["", "!", "é", "AAAA", _cursor("{}"), _cursor("[1]"), _cursor('["1","a"]'), _cursor('[true,"a"]')],
)
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    refuse(cursor)


@pytest.mark.parametrize("position", ['[1,"\\u0000"]', '[1,"\\ud800"]', f'[{2**63},"a"]', "[" * 100_000])
def test_a_cursor_that_no_database_takes_is_refused(position: str) -> None:
    refuse(_cursor(position))


def refuse(cursor: str) -> None:
    with pytest.raises(Invalid) as refusal:
        Page(2, cursor).after(int, str)
    assert refusal.value.code == "invalid_cursor"


def test_a_cursor_holds_nothing_that_an_address_must_escape() -> None:
    assert sealed((2**62, "ÿ~")).replace("-", "").replace("_", "").isalnum()
