"""The ctx: what a click tells the conversion that follows it, signed, in 256 characters at the most.

Text: `{keyId}.{base64url(payload + tag)}` without padding. Payload, big-endian:

    1  version (high nibble, 1) and mode (low nibble: 0 live, 1 preview, 2 test)
    1  cohort (high nibble) and consent (low nibble)
    2  variant number, 0 for none       2  epoch       2  phase
    6  issued, milliseconds since 1970   4  lifetime, seconds
    16 click id (UUIDv7)                 8  visitor
    4  number of the run or walk, in mode test only
    3  lengths of handle, slug, campaign, then these names in ASCII

The tag is the first 16 bytes of HMAC-SHA256 over `{keyId}.` and the payload. docs/ctx.md has test vectors.
"""

import base64
import binascii
import hmac
import struct
from functools import lru_cache
from typing import NamedTuple

from funnelproof.clock import SECOND, Micros, iso, span
from funnelproof.errors import Fault, Problem
from funnelproof.keys.key import Key, Keys, Purpose
from funnelproof.word import Word

VERSION = 1
TAG_BYTES = 16
KEY_ID_LENGTH = 4
MAX_LENGTH = 256
HEAD = struct.Struct(">BBHHHHII16s8s")
RUN = struct.Struct(">I")
SPARE_SECONDS_AHEAD = 300


class Mode(Word):
    LIVE = "live"
    PREVIEW = "preview"
    TEST = "test"

    @property
    def told(self) -> str:
        """As answers say it: a preview is a test too."""
        return TOLD_MODES[self is not Mode.LIVE]


TOLD_MODES = ("live", "test")


class Cohort(Word):
    """How a click stands to the campaign's A/B test."""

    NONE = "NONE"
    ENTERED = "ENTERED"
    OUTSIDE = "OUTSIDE"
    DAILY = "DAILY"
    RULE = "RULE"
    EARLIER = "EARLIER"
    PAUSED = "PAUSED"
    AFTER = "AFTER"


class Consent(Word):
    FULL = "full"
    BASIC = "basic"
    DENIED = "denied"


class Reason(Word):
    """Every reason for which a ctx cannot be used."""

    MISSING = "missing"
    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    WRONG_HANDLE = "wrong_handle"
    WRONG_CAMPAIGN = "wrong_campaign"
    WRONG_MODE = "wrong_mode"


class InvalidCtx(Problem):
    """The ctx cannot be used."""

    code, title = "invalid_ctx", "The ctx cannot be used"

    def __init__(self, reason: Reason, detail: str, **extra: object) -> None:
        fault = Fault("/ctx", reason.value, detail)
        super().__init__(detail, faults=[fault], reason=reason.value, **extra)
        self.reason = reason


MODES = tuple(Mode)
COHORTS = tuple(Cohort)
CONSENTS = tuple(Consent)
NUMBERS = {member: number for kind in (MODES, COHORTS, CONSENTS) for number, member in enumerate(kind)}


class Ctx(NamedTuple):
    mode: Mode
    handle: str
    slug: str
    campaign: str
    variant: int
    cohort: Cohort
    epoch: int
    phase: int
    click_id: str
    visitor: str
    issued_at: Micros
    ttl_seconds: int
    consent: Consent
    run: int = 0

    @property
    def expires_at(self) -> Micros:
        return self.issued_at + self.ttl_seconds * SECOND


def mint(ctx: Ctx, key: Key) -> str:
    """The signed text of a ctx; times are cut to milliseconds."""
    milliseconds = ctx.issued_at // 1000
    head = HEAD.pack(
        VERSION << 4 | NUMBERS[ctx.mode],
        NUMBERS[ctx.cohort] << 4 | NUMBERS[ctx.consent],
        ctx.variant,
        ctx.epoch,
        ctx.phase,
        milliseconds >> 32,
        milliseconds & 0xFFFFFFFF,
        ctx.ttl_seconds,
        bytes.fromhex(ctx.click_id[4:]),
        bytes.fromhex(ctx.visitor),
    )
    run = RUN.pack(ctx.run) if ctx.mode is Mode.TEST else b""
    payload = head + run + _names(ctx.handle, ctx.slug, ctx.campaign)
    text = base64.urlsafe_b64encode(payload + _tag(key, payload)).rstrip(b"=").decode()
    return f"{key.key_id}.{text}"


@lru_cache(maxsize=4096)
def _names(handle: str, slug: str, campaign: str) -> bytes:
    return bytes((len(handle), len(slug), len(campaign))) + (handle + slug + campaign).encode("ascii")


def open_ctx(text: str, keyring: Keys) -> Ctx:
    """What a ctx says, once its signature holds. Its times are not judged here: see `check_times`."""
    if not text:
        raise InvalidCtx(
            Reason.MISSING, "The ctx is missing. Send the value of `ctx` that the redirect put into the address."
        )
    key_id, payload, tag = _split(text)
    key = keyring.find(Purpose.CTX, key_id)
    if key is None:
        raise InvalidCtx(
            Reason.UNKNOWN_KEY,
            "The ctx is signed by a key that this installation does not know. Was it minted by another one?",
        )
    if not hmac.compare_digest(tag, _tag(key, payload)):
        raise InvalidCtx(
            Reason.BAD_SIGNATURE,
            "The signature of the ctx does not hold: it was changed on its way. Send it unaltered.",
        )
    try:
        return _unpack(payload)
    except (IndexError, ValueError, struct.error):
        raise InvalidCtx(Reason.MALFORMED, "The ctx says things that this release does not read.") from None


def key_is_known(text: str, keyring: Keys) -> bool:
    """Whether the key named by a ctx is at hand; if not, the keyring deserves a refresh before the ctx is refused."""
    return keyring.find(Purpose.CTX, text[:KEY_ID_LENGTH]) is not None


def check_times(ctx: Ctx, now: Micros) -> None:
    if now >= ctx.expires_at:
        detail = f"The ctx expired {span(now - ctx.expires_at)} ago. Ask the visitor to click the link again."
        raise InvalidCtx(
            Reason.EXPIRED, detail, expiredAt=iso(ctx.expires_at), expiredSecondsAgo=(now - ctx.expires_at) // SECOND
        )
    if ctx.issued_at > now + SPARE_SECONDS_AHEAD * SECOND:
        detail = f"The ctx was issued {span(ctx.issued_at - now)} in the future. Compare the clocks of the servers."
        raise InvalidCtx(Reason.NOT_YET_VALID, detail, issuedAt=iso(ctx.issued_at))


def check_expected(ctx: Ctx, handle: str | None, campaign: str | None) -> None:
    """The sender may say whose ctx it expects; it learns only that it is not that one."""
    if handle is not None and handle != ctx.handle:
        raise InvalidCtx(Reason.WRONG_HANDLE, "The ctx belongs to another handle than `expect.handle` says.")
    if campaign is not None and campaign != ctx.campaign:
        raise InvalidCtx(Reason.WRONG_CAMPAIGN, "The ctx belongs to another campaign than `expect.campaignId` says.")


def _split(text: str) -> tuple[str, bytes, bytes]:
    key_id, dot, body = text.partition(".")
    if len(text) > MAX_LENGTH or not dot or len(key_id) != KEY_ID_LENGTH or not text.isascii():
        raise _malformed()
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _malformed() from None
    if len(raw) < HEAD.size + 3 + TAG_BYTES or base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != body:
        raise _malformed()
    return key_id, raw[:-TAG_BYTES], raw[-TAG_BYTES:]


def _malformed() -> InvalidCtx:
    detail = "This is not a ctx: it must be the whole value of `ctx` from the address, nothing cut or added."
    return InvalidCtx(Reason.MALFORMED, detail)


def _tag(key: Key, payload: bytes) -> bytes:
    return key.tag(b"%b.%b" % (key.key_id.encode(), payload))[:TAG_BYTES]


def _unpack(payload: bytes) -> Ctx:
    version_mode, cohort_consent, variant, epoch, phase, high, low, ttl, click, visitor = HEAD.unpack_from(payload)
    if version_mode >> 4 != VERSION:
        raise InvalidCtx(Reason.MALFORMED, "The ctx has a version that this installation does not read.")
    mode = MODES[version_mode & 15]
    at = HEAD.size
    run = 0
    if mode is Mode.TEST:
        (run,) = RUN.unpack_from(payload, at)
        at += RUN.size
    handle_length, slug_length, _ = payload[at : at + 3]
    names = payload[at + 3 :].decode("ascii")
    slug_at = handle_length + slug_length
    return Ctx(
        mode=mode,
        handle=names[:handle_length],
        slug=names[handle_length:slug_at],
        campaign=names[slug_at:],
        variant=variant,
        cohort=COHORTS[cohort_consent >> 4],
        epoch=epoch,
        phase=phase,
        click_id=f"clk_{click.hex()}",
        visitor=visitor.hex(),
        issued_at=(high << 32 | low) * 1000,
        ttl_seconds=ttl,
        consent=CONSENTS[cohort_consent & 15],
        run=run,
    )
