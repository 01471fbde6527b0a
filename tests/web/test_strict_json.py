"""Which bodies are JSON that we take."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelproof.errors import Invalid
from funnelproof.web.strict_json import check
from patience import promised

DEEP = 32


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"null",
        b'"text"',
        b'{"a": [1, 2.5, -3e2, true]}',
        b'"\\ud83d\\ude00"',
        b'"a \\\\u0000 b"',
        b"[" * DEEP + b"]" * DEEP,
        b'"' + b"[{" * 100 + b'"',
        b'{"a":{"b":1},"c":{"b":1}}',
    ],
)
def test_what_we_take(body: bytes) -> None:
    check(body)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON at line 1, column 2"),
        (b"{'a': 1}", "not valid JSON"),
        (b"\xff{}", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not valid JSON"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b'{"a": NaN}', "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"[-Infinity]", "-Infinity"),
        (b"[1e999]", "too large"),
        (b"[9223372036854775808]", "64 bits"),
        (b"[" + b"9" * 5000 + b"]", "64 bits"),
        (b'{"a": 1, "a": 1}', "'a' twice"),
        (b"{" + b",".join(b'"%d": 1' % at for at in range(257)) + b"}", "more than 256 names"),
        (b'{"a": 1, "\\u0061": 1}', "'a' twice"),
        (b'{"a": ["x\\u0000"]}', "a/0: holds the character U+0000"),
        (b'{"a\\u0000": 1}', "U+0000"),
        (b'["\\ud800"]', "U+D800"),
        (b'["\x00"]', "not valid JSON"),
        (b"[" * 33 + b"]" * 33, "deeper than 32"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "deeper than 32"),
        (b"[" * 100_000, "deeper than 32"),
    ],
)
def test_what_we_refuse(body: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=r"\.$") as refusal:
        check(body)
    assert said in refusal.value.detail


@pytest.mark.parametrize(
    "body", [b'"\\' * 500_000, b'\\"' * 500_000, b'"' * 1_000_001, b"[]," * 330_000, b"[{" * 500_000]
)
def test_hostile_bodies_take_no_longer_than_their_length_asks(body: bytes) -> None:
    began = time.perf_counter()
    with pytest.raises(Invalid):
        check(body)
    assert time.perf_counter() - began < promised(5)


@given(st.binary(max_size=200))
def test_whatever_comes_is_taken_or_refused(body: bytes) -> None:
    with contextlib.suppress(Invalid):
        check(body)
