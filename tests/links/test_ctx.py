"""The ctx: what it holds, how long it may be, and every reason to refuse one."""

import base64
import contextlib
import hmac
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnelproof.clock import DAY, HOUR, MINUTE, SECOND, Micros
from funnelproof.keys.key import Key, Purpose
from funnelproof.links.ctx import (
    COHORTS,
    CONSENTS,
    Cohort,
    Consent,
    Ctx,
    InvalidCtx,
    Mode,
    Reason,
    check_expected,
    check_times,
    mint,
    open_ctx,
)

NOW: Micros = 1_795_000_000_000_000
KEY = Key("kE-1", bytes(range(32)), 0, None)
OTHER = Key("kE-2", bytes(32), 0, None)
ROOT = Path(__file__).parents[2]
CTX = Ctx(
    mode=Mode.LIVE,
    handle="gharart",
    slug="buy-now",
    campaign="new-buyer-funnel",
    variant=2,
    cohort=Cohort.ENTERED,
    epoch=1,
    phase=3,
    click_id="clk_019abcdef0123456789abcdef0123456",
    visitor="0123456789abcdef",
    issued_at=NOW,
    ttl_seconds=31 * 86_400,
    consent=Consent.FULL,
)
LONGEST = CTX._replace(handle="h" * 32, slug="s" * 24, campaign="c" * 64, variant=65_535, epoch=65_535, phase=65_535)


class Keys:
    """These keys and no others."""

    def __init__(self, *keys: Key) -> None:
        self.keys = {key.key_id: key for key in keys}

    def find(self, purpose: Purpose, key_id: str) -> Key | None:
        return self.keys.get(key_id) if purpose is Purpose.CTX else None


def refused(text: str, *keys: Key) -> Reason:
    with pytest.raises(InvalidCtx) as caught:
        open_ctx(text, Keys(*(keys or (KEY,))))
    assert caught.value.faults[0].pointer == "/ctx"
    assert caught.value.extra["reason"] == caught.value.reason.value
    return caught.value.reason


def signed(payload: bytes) -> str:
    tag = hmac.digest(KEY.secret, KEY.key_id.encode() + b"." + payload, "sha256")[:16]
    return f"{KEY.key_id}.{base64.urlsafe_b64encode(payload + tag).rstrip(b'=').decode()}"


@pytest.mark.parametrize("cohort", COHORTS)
@pytest.mark.parametrize("consent", CONSENTS)
def test_what_is_minted_is_read_back(cohort: Cohort, consent: Consent) -> None:
    ctx = CTX._replace(cohort=cohort, consent=consent)
    assert open_ctx(mint(ctx, KEY), Keys(KEY)) == ctx


def test_a_ctx_of_a_run_names_its_run() -> None:
    ctx = CTX._replace(mode=Mode.TEST, run=4_000_000_000)
    assert open_ctx(mint(ctx, KEY), Keys(KEY)) == ctx


def test_the_longest_names_make_247_characters_and_252_in_a_run() -> None:
    assert len(mint(LONGEST, KEY)) == 247
    assert len(mint(LONGEST._replace(mode=Mode.TEST, run=2**32 - 1), KEY)) == 252
    assert open_ctx(mint(LONGEST, KEY), Keys(KEY)) == LONGEST


def test_a_ctx_can_stand_in_an_address_as_it_is() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,256}", mint(LONGEST, KEY))


def test_changing_any_character_is_noticed() -> None:
    text = mint(CTX, KEY)
    for at, letter in enumerate(text):
        for other in {"A", "B", "-", "_"} - {letter}:
            reason = refused(text[:at] + other + text[at + 1 :])
            assert reason in (Reason.BAD_SIGNATURE, Reason.UNKNOWN_KEY, Reason.MALFORMED)
            assert reason is not Reason.UNKNOWN_KEY or at < 4


@pytest.mark.parametrize("cut", [1, 5, 20, 100])
def test_a_ctx_that_was_cut_is_refused(cut: int) -> None:
    assert refused(mint(CTX, KEY)[:-cut]) in (Reason.BAD_SIGNATURE, Reason.MALFORMED)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.MISSING),
        ("undefined", Reason.MALFORMED),
        ("kE-1", Reason.MALFORMED),
        ("kE-1.", Reason.MALFORMED),
        ("kE-1.AAAA", Reason.MALFORMED),
        ("kE-1." + "A" * 252, Reason.MALFORMED),
        ("kE-1." + "ä" * 100, Reason.MALFORMED),
        ("zzzz." + "A" * 120, Reason.UNKNOWN_KEY),
        ("kE-1." + "A" * 120, Reason.BAD_SIGNATURE),
        (mint(CTX, KEY) + "=", Reason.MALFORMED),
        (mint(CTX, KEY) + " ", Reason.MALFORMED),
        (mint(CTX, KEY) + "\n", Reason.MALFORMED),
    ],
)
def test_why_a_ctx_cannot_be_used(text: str, reason: Reason) -> None:
    assert refused(text) is reason


def test_a_ctx_signed_by_a_key_that_is_not_here_is_of_an_unknown_key() -> None:
    assert refused(mint(CTX, OTHER)) is Reason.UNKNOWN_KEY


def test_a_key_id_does_not_lend_its_name_to_another_key() -> None:
    forged = mint(CTX, replace(OTHER, key_id=KEY.key_id))
    assert refused(forged) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    "payload", [b"\x20" + bytes(44), b"\x1f" + bytes(44), b"\x10\xf0" + bytes(43), b"\x10" + b"\xff" * 60]
)
def test_what_a_later_release_may_sign_is_malformed_and_no_error(payload: bytes) -> None:
    assert refused(signed(payload)) is Reason.MALFORMED


@given(st.text(max_size=300))
@settings(max_examples=300)
def test_garbage_is_refused_with_a_reason(text: str) -> None:
    refused(text)


@given(st.binary(max_size=200))
def test_signed_garbage_is_read_or_refused_with_a_reason(payload: bytes) -> None:
    with contextlib.suppress(InvalidCtx):
        open_ctx(signed(payload), Keys(KEY))


def test_an_expired_ctx_says_when_and_by_how_much() -> None:
    expiry = CTX.expires_at
    with pytest.raises(InvalidCtx, match="expired 3 h 12 min ago") as caught:
        check_times(CTX, expiry + 3 * HOUR + 12 * MINUTE)
    assert caught.value.reason is Reason.EXPIRED
    assert caught.value.extra["expiredSecondsAgo"] == 3 * 3600 + 12 * 60


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (NOW, None),
        (NOW + 31 * DAY - 1, None),
        (NOW + 31 * DAY, Reason.EXPIRED),
        (NOW - 5 * MINUTE, None),
        (NOW - 5 * MINUTE - SECOND, Reason.NOT_YET_VALID),
    ],
)
def test_when_a_ctx_may_be_used(now: Micros, reason: Reason | None) -> None:
    if reason is None:
        check_times(CTX, now)
    else:
        with pytest.raises(InvalidCtx) as caught:
            check_times(CTX, now)
        assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("handle", "campaign", "reason"),
    [
        (None, None, None),
        ("gharart", "new-buyer-funnel", None),
        ("elsewhere", None, Reason.WRONG_HANDLE),
        (None, "other", Reason.WRONG_CAMPAIGN),
        ("elsewhere", "other", Reason.WRONG_HANDLE),
    ],
)
def test_what_the_sender_expects(handle: str | None, campaign: str | None, reason: Reason | None) -> None:
    if reason is None:
        check_expected(CTX, handle, campaign)
        return
    with pytest.raises(InvalidCtx) as caught:
        check_expected(CTX, handle, campaign)
    assert caught.value.reason is reason
    assert "gharart" not in caught.value.detail


def test_a_ctx_of_a_run_and_a_run_token_cannot_stand_for_each_other() -> None:
    assert not b"run token rt1.".startswith(KEY.key_id.encode() + b".")


def test_the_documented_vectors_hold() -> None:
    """docs/ctx.md shows keys, contents and the ctx they make."""
    blocks = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "ctx.md").read_text(), re.DOTALL)
    vectors = [json.loads(block) for block in blocks]
    assert len(vectors) >= 2
    for vector in vectors:
        key = Key(vector["keyId"], bytes.fromhex(vector["secret"]), 0, None)
        says = vector["says"]
        ctx = Ctx(
            **says | {"mode": Mode(says["mode"]), "cohort": Cohort(says["cohort"]), "consent": Consent(says["consent"])}
        )
        assert mint(ctx, key) == vector["ctx"]
        assert open_ctx(vector["ctx"], Keys(key)) == ctx


def test_the_tag_is_hmac_sha256_as_rfc_4231_has_it() -> None:
    case = json.loads((ROOT / "tests" / "vectors" / "signatures.json").read_text())["hmac_sha256_rfc4231_case2"]
    assert hmac.digest(case["key"].encode(), case["data"].encode(), "sha256").hex() == case["mac"]
