"""What a test reads when an event is not as expected."""

from typing import Any

from funnelproof.rehearsal.differ import difference

SEEN: dict[str, Any] = {"disposition": "COUNTED", "value": "49.00", "tags": {"utm_source": "mail"}, "differs": None}


def told(*, whole: bool = False, **expected: Any) -> str:
    return difference("order", expected, SEEN, whole=whole) or ""


def test_what_is_as_expected_has_no_difference() -> None:
    assert told(disposition="COUNTED", value=49, tags={"utm_source": "mail"}) == ""


def test_what_differs_stands_below_each_other_and_the_rest_once() -> None:
    assert told(disposition="HELD", value=49).splitlines() == [
        "order: not as expected.",
        '  - disposition = "HELD"   (expected)',
        '  + disposition = "COUNTED"   (seen)',
        '    value = "49.00"',
    ]


def test_a_part_of_a_mapping_is_named_by_its_path() -> None:
    assert '  + tags.utm_source = "mail"   (seen)' in told(tags={"utm_source": "search"})


def test_a_misspelt_member_tells_which_there_are() -> None:
    assert told(dispositon="COUNTED").endswith("There are: differs, disposition, tags, value.")


def test_a_whole_event_may_have_nothing_besides() -> None:
    assert told(disposition="COUNTED", value=49) == ""
    assert "  + tags" in told(disposition="COUNTED", value=49, whole=True)
    assert told(disposition="COUNTED", value=49, tags={"utm_source": "mail"}, whole=True) == ""
