"""Shapes take what they name, and say all that is wrong."""

from enum import StrEnum
from typing import Any, ClassVar

import pytest
from pydantic import Field, ValidationError

from funnelproof.clock import from_iso
from funnelproof.errors import Invalid, invalid
from funnelproof.web.shape import Edit, Moment, Shape, ShownMoment, View, left_out, rule


class Size(StrEnum):
    SMALL = "SMALL"


class Inner(Shape):
    in_stock: bool


class Order(Shape):
    item_count: int
    price: float = 0.0
    size: Size = Size.SMALL
    inner: Inner | None = None
    counts: list[int | None] = Field(default_factory=list)
    due_at: Moment | None = None


class OrderView(View):
    item_count: int
    made_at: ShownMoment
    tags: list[str] = Field(default_factory=list)


class OrderChange(Edit):
    read_only: ClassVar[frozenset[str]] = frozenset({"madeAt", "tags"})
    item_count: int = left_out()


def faults(told: dict[str, Any]) -> list[tuple[Any, ...]]:
    with pytest.raises(ValidationError) as refusal:
        Order.model_validate(told)
    return [error["loc"] for error in refusal.value.errors()]


def test_members_go_by_their_camel_case_names_only() -> None:
    assert Order.model_validate({"itemCount": 1}).item_count == 1
    assert faults({"item_count": 1}) == [("itemCount",), ("item_count",)]
    assert Order.of(item_count=1).item_count == 1


@pytest.mark.parametrize("count", ["1", True, 1.5, None, [1]])
def test_a_number_is_made_of_nothing_else(count: object) -> None:
    assert faults({"itemCount": count})


@pytest.mark.parametrize(
    "told", [{"inner": {"inStock": "yes"}}, {"inner": {"inStock": 1}}, {"counts": ["1"]}, {"price": "1.5"}]
)
def test_nor_is_one_deeper_in_a_shape(told: dict[str, Any]) -> None:
    assert faults({"itemCount": 1, **told})


def test_the_text_of_an_enum_is_taken() -> None:
    assert Order.model_validate({"itemCount": 1, "size": "SMALL"}).size is Size.SMALL


def test_a_time_comes_with_its_offset_and_goes_in_utc() -> None:
    order = Order.model_validate({"itemCount": 1, "dueAt": "2026-11-23T10:00:00+02:00"})
    assert order.due_at == from_iso("2026-11-23T08:00:00Z")
    assert order.wire()["dueAt"] == "2026-11-23T08:00:00Z"


@pytest.mark.parametrize("told", ["2026-11-23T10:00:00", "tomorrow", 0, 1.5, True, "0001-01-01T00:00:00Z", ""])
def test_what_is_no_time_is_refused(told: object) -> None:
    assert faults({"itemCount": 1, "dueAt": told}) == [("dueAt",)]


def test_what_an_answer_showed_may_come_back_unchanged() -> None:
    present = OrderView(item_count=1, made_at=0, tags=["a"])
    change = OrderChange.model_validate({**present.wire(), "itemCount": 2})
    change.check_read_only(present)
    assert change.given() == {"item_count": 2}


def test_read_only_members_that_differ_are_all_named() -> None:
    change = OrderChange.model_validate({"madeAt": "2026-01-01T00:00:00Z", "tags": []})
    with pytest.raises(Invalid) as refusal:
        change.check_read_only(OrderView(item_count=1, made_at=0, tags=["a"]))
    assert refusal.value.code == "read_only_field"
    assert [fault.pointer for fault in refusal.value.faults] == ["/madeAt", "/tags"]


def test_a_field_that_may_be_left_out_is_not_null() -> None:
    with pytest.raises(ValidationError):
        OrderChange.model_validate({"itemCount": None})


def test_the_document_marks_read_only_members_and_no_default_of_null() -> None:
    schema = OrderChange.model_json_schema()
    assert schema["properties"]["madeAt"]["readOnly"] is True
    assert "default" not in schema["properties"]["itemCount"]


def test_a_rule_of_the_domain_becomes_one_fault() -> None:
    def refuse(_: str) -> str:
        raise invalid("name", "is {never} good.", code="bad")

    class Named(Shape):
        name: "str"

    Named.model_fields["name"].metadata.append(rule(refuse))
    Named.model_rebuild(force=True)
    with pytest.raises(ValidationError) as refusal:
        Named.model_validate({"name": "x"})
    assert [(error["type"], error["msg"]) for error in refusal.value.errors()] == [("bad", "is {never} good.")]
