"""The shape of a conversion: all its faults at once, amounts from their text, keys that a template forgot to fill."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelproof.conversions.admit import check_key
from funnelproof.conversions.request import digest_of, plain, read_arrival, read_body
from funnelproof.errors import Invalid, Problem
from funnelproof.links.ctx import InvalidCtx, Reason

WHOLE = {"ctx": "k123.abc", "idempotencyKey": "order-1"}


def read(**fields: Any) -> dict[str, Any]:
    return read_body(json.dumps({**WHOLE, **fields}).encode())


def faults(raw: bytes) -> list[tuple[str, str]]:
    with pytest.raises(Problem) as caught:
        read_body(raw)
    assert all(fault.detail for fault in caught.value.faults)
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


@pytest.mark.parametrize(
    "key",
    ["order-1", "0000", "a" * 128, "order 17", "test-1", "~!@#$%^&*()", "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}",
     "[17]", "50%", "%7", "order<1>", "{order} 17"],
)  # fmt: skip
def test_an_order_id_is_a_key(key: str) -> None:
    assert check_key(key) == key


@pytest.mark.parametrize(
    "key",
    ["", " ", "   ", "null", "NULL", "undefined", "None", "NaN", "0", "test", "{{order_id}}", "${orderId}", "<%= id %>",
     "%%ORDER%%", "<order>", " <the order's id> ", "%ORDER_ID%", "%order.id%", "[order_id]", "[Order ID]", "{order}",
     "{order.id}", "[object Object]", " null ", "-", "N/A", "a" * 129, "ordér", "order\t1", "order\n", "🙂"],
)  # fmt: skip
def test_a_key_that_would_merge_orders_is_refused_and_says_so(key: str) -> None:
    with pytest.raises(Invalid, match="send the order's own id") as caught:
        check_key(key)
    assert caught.value.code == "invalid_idempotency_key"
    assert caught.value.faults[0].pointer == "/idempotencyKey"


BAD: list[tuple[bytes, list[tuple[str, str]]]] = [
    (b"", [("", "not_json")]),
    (b"\xff", [("", "not_utf8")]),
    (b"[]", [("", "invalid")]),
    (b"null", [("", "invalid")]),
    (b'{"ctx": "a", "ctx": "b"}', [("", "not_json")]),
    (b'{"ctx": "a\\u0000"}', [("/ctx", "bad_character")]),
    (b"[" * 40 + b"]" * 40, [("", "too_deep")]),
    (b"{}", [("/ctx", "missing"), ("/idempotencyKey", "missing")]),
    (b'{"ctx": "a"}', [("/idempotencyKey", "missing")]),
    (b'{"ctx": 5, "idempotencyKey": 5}', [("/ctx", "malformed"), ("/idempotencyKey", "invalid")]),
    (b'{"ctx": "a", "idempotencyKey": "null"}', [("/idempotencyKey", "placeholder")]),
]


@pytest.mark.parametrize(("raw", "expected"), BAD)
def test_what_is_no_conversion_is_refused(raw: bytes, expected: list[tuple[str, str]]) -> None:
    assert faults(raw) == expected


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("value", -1, "/value"),
        ("value", "-0.01", "/value"),
        ("value", "1e3", "/value"),
        ("value", "1,000.00", "/value"),
        ("value", "", "/value"),
        ("value", " 5", "/value"),
        ("value", True, "/value"),
        ("value", [5], "/value"),
        ("value", "٥", "/value"),
        ("value", "9" * 31, "/value"),
        ("currency", "usd", "/currency"),
        ("currency", "EURO", "/currency"),
        ("currency", 840, "/currency"),
        ("eventType", "Purchase!", "/eventType"),
        ("eventType", "a" * 65, "/eventType"),
        ("occurredAt", "2026-11-23", "/occurredAt"),
        ("occurredAt", "yesterday", "/occurredAt"),
        ("occurredAt", 1795000000, "/occurredAt"),
        ("occurredAt", "0001-01-01T00:00:00+14:00", "/occurredAt"),
        ("customerKey", "", "/customerKey"),
        ("customerKey", "c" * 257, "/customerKey"),
        ("customerKey", 5, "/customerKey"),
        ("properties", [], "/properties"),
        ("properties", {str(n): n for n in range(21)}, "/properties"),
        ("properties", {"a": "ä" * 2100}, "/properties"),
        ("properties", {"": 1}, "/properties/"),
        ("properties", {"a/b": {"c": 1}}, "/properties/a~1b"),
        ("expect", "gharart", "/expect"),
        ("expect", {"handle": 5}, "/expect/handle"),
        ("expect", {"campaign": "x"}, "/expect/campaign"),
        ("colour", "red", "/colour"),
        ("a/b~c", 1, "/a~1b~0c"),
    ],
)
def test_a_bad_field_is_named(field: str, value: Any, pointer: str) -> None:
    raw = json.dumps({**WHOLE, field: value}).encode()
    assert [found for found, _ in faults(raw)] == [pointer]


def test_numbers_beyond_what_json_can_mean_are_refused() -> None:
    assert faults(b'{"value": 1e400}') == [("", "not_json")]
    assert faults(b'{"value": NaN}') == [("", "not_json")]
    assert faults(b'{"value": 99999999999999999999}') == [("", "not_json")]


def test_all_faults_are_told_at_once() -> None:
    raw = b'{"idempotencyKey": "", "value": -1, "currency": "x", "colour": 1}'
    assert [pointer for pointer, _ in faults(raw)] == ["/ctx", "/colour", "/idempotencyKey", "/value", "/currency"]


def test_a_ctx_alone_at_fault_is_an_invalid_ctx_with_its_reason() -> None:
    for wrong in (5, ["a"], {"a": 1}):
        with pytest.raises(InvalidCtx) as caught:
            read(ctx=wrong)
        assert caught.value.reason is Reason.MALFORMED
    assert read(ctx=None)["ctx"] is None


def test_null_is_as_good_as_left_out() -> None:
    nothing = dict.fromkeys(["eventType", "value", "currency", "occurredAt", "customerKey", "properties", "expect"])
    assert digest_of(read(**nothing)) == digest_of(read())


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('{"value": 49.9}', '{"value": 49.90}', True),
        ('{"value": 50}', '{"value": 50.0}', True),
        ('{"value": 100}', '{"value": 1}', False),
        ('{"value": 49.9, "currency": "USD"}', '{"currency": "USD", "value": 49.90}', True),
        ('{"properties": {"a": 1, "b": 2}}', '{"properties": {"b": 2, "a": 1}}', True),
        ('{"properties": {"a": 1}}', '{"properties": {"a": 2}}', False),
        ('{"value": 0.1}', '{"value": 0.10000000000000001}', False),
    ],
)
def test_formatting_is_no_difference(one: str, other: str, *, same: bool) -> None:
    def digest(text: str) -> str:
        return digest_of(read_body(text.replace("{", '{"ctx": "c", "idempotencyKey": "k", ', 1).encode()))

    assert (digest(one) == digest(other)) is same


def test_an_amount_never_passes_through_a_float() -> None:
    told = read_body(b'{"ctx": "c", "idempotencyKey": "k", "value": 0.100000000000000005551115123}')
    assert str(told["value"]) == "0.100000000000000005551115123"


def test_properties_are_kept_as_the_scalars_they_were() -> None:
    told = read(properties={"count": 3, "rate": 0.5, "name": "x", "paid": True, "none": None})
    assert plain(told["properties"]) == {"count": 3, "rate": 0.5, "name": "x", "paid": True, "none": None}
    assert [type(value) for value in plain(told["properties"]).values()] == [int, float, str, bool, type(None)]


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with pytest.raises(Problem):
        read_body(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["ctx", "idempotencyKey", "value", "properties", "expect", "occurredAt"]), JSON))
def test_any_json_is_read_or_refused(told: dict[str, Any]) -> None:
    try:
        read_body(json.dumps(told).encode())
    except Problem as problem:
        assert problem.faults  # noqa: PT017 - both ways out are right


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [(b"[]", ""), (b'{"ctx": "a", "b": 1}', "/b"), (b'{"ctx": 5}', "/ctx"), (b"", "")],
)
def test_an_arrival_says_its_ctx_and_nothing_else(raw: bytes, pointer: str) -> None:
    assert read_arrival(b'{"ctx": "abc"}') == "abc"
    assert read_arrival(b"{}") == ""
    with pytest.raises(Problem) as caught:
        read_arrival(raw)
    assert caught.value.faults[0].pointer == pointer
