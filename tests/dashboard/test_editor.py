"""A document as a form and back: nothing is lost, what is added can be saved, and only what the schema lets."""

from typing import Any

import pytest

from funnelproof.dashboard.editor import edited, fields_of, filled, form_of, groups_of
from funnelproof.pages.page import StructureType
from funnelproof.pages.structure import document_faults, example_of, schema_of


@pytest.mark.parametrize("kind", list(StructureType))
def test_a_form_sent_as_it_was_shown_changes_nothing(kind: StructureType) -> None:
    schema, document = schema_of(kind), example_of(kind)
    told = {own.pointer: own.value.replace("\n", "\r\n") for own in fields_of(form_of(schema, document))}
    assert filled(schema, document, told) == document


@pytest.mark.parametrize("kind", list(StructureType))
def test_what_is_added_is_taken_or_only_still_empty(kind: StructureType) -> None:
    schema, document = schema_of(kind), example_of(kind)
    groups = list(groups_of(form_of(schema, document)))
    for pointer in [pointer for group in groups for pointer, _ in group.addable]:
        longer = edited(schema, document, {"add": pointer})
        assert longer != document
        empty = {f"/document{own.pointer}" for own in fields_of(form_of(schema, longer)) if not own.value}
        assert {fault.pointer for fault in document_faults(kind, longer)} <= empty, pointer
        assert _ids(longer) == list(dict.fromkeys(_ids(longer))), pointer
    for group in groups:
        if group.is_removable:
            assert document_faults(kind, edited(schema, document, {"remove": group.pointer})) == []


@pytest.mark.parametrize("pointer", ["/", "/sections/hero", "/sections/faq/items/x", "/legal/links/99", "/nowhere/0/x"])
def test_other_pointers_do_nothing(pointer: str) -> None:
    schema, document = schema_of(StructureType.PRODUCT_LAUNCH), example_of(StructureType.PRODUCT_LAUNCH)
    for act in ("add", "remove"):
        assert edited(schema, document, {act: pointer}) == document


@pytest.mark.parametrize("base", [{}, {"sections": []}, {"sections": {"hero": "x", "faq": {"items": {}}}, "legal": 1}])
def test_a_document_that_is_none_is_shown_all_the_same(base: Any) -> None:
    schema = schema_of(StructureType.PRODUCT_LAUNCH)
    told = {own.pointer: "x" for own in fields_of(form_of(schema, base))}
    assert document_faults(StructureType.PRODUCT_LAUNCH, edited(schema, base, told))


def _ids(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["id"]] if isinstance(part.get("id"), str) else []
        return own + [found for inner in part.values() for found in _ids(inner)]
    return [found for inner in part for found in _ids(inner)] if isinstance(part, list) else []
