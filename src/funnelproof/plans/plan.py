"""What a plan is: a campaign, and scenes in words that a marketer reads. Each scene is one verb and what it expects."""

from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from funnelproof.clock import from_iso
from funnelproof.plans.spans import check_occurred, check_wait

MOST_SCENES = 200
MOST_AT_ONCE = 200
CONTROL, CHALLENGER = "control", "challenger"
"""Words for a variant of whatever campaign: its control (or first), and the first other one with weight."""
READS = (
    r"(funnel( by (day|variant|slug|country|device|referrer|source|segment))?|health|results"
    r"|conversion( [!-~]{1,128})?|ctx( of [A-Za-z0-9_.:-]{1,64})?)"
)


def _upper(given: Any) -> Any:
    return given.upper() if isinstance(given, str) else given


def _moment(text: str) -> str:
    try:
        from_iso(text)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no time; write for example 2026-03-28T12:00:00Z") from None
    return text


def _no_bool(given: Any) -> Any:
    if isinstance(given, bool):
        raise ValueError(f"{str(given).lower()} is not text; put it in quotes")
    return given


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,56}$")]
Device = Literal["MOBILE", "TABLET", "DESKTOP", "UNKNOWN"]
DEVICES: tuple[str, ...] = get_args(Device)
EITHER_CASE: JsonDict = {"pattern": "^[A-Za-z]{2}$"}
OR_NUMBER: JsonDict = {"type": ["string", "number"]}
"""YAML reads 8841 as a number; it is taken as the text that stands there."""
Text = Annotated[str, Field(max_length=500, json_schema_extra=OR_NUMBER), BeforeValidator(_no_bool)]
Key = Annotated[str, Field(min_length=1, max_length=128, json_schema_extra=OR_NUMBER), BeforeValidator(_no_bool)]
Amount = Annotated[
    str,
    Field(pattern=r"^\d{1,13}(\.\d{1,4})?$", examples=["49.90"], json_schema_extra=OR_NUMBER),
    BeforeValidator(_no_bool),
]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["USD"])]
Times = Annotated[int, Field(ge=1, le=MOST_AT_ONCE)]


class Words(BaseModel):
    """What stands in a plan: nothing but what it knows, by its camelCase name."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, coerce_numbers_to_str=True, use_attribute_docstrings=True
    )


class Visit(Words):
    """Somebody clicks the campaign's link."""

    visitor: Name = "visitor"
    """The name of the visitor; the same name is the same person."""
    visitors: Times | None = None
    """That many people at once, named visitor-1, visitor-2, …; then `visitor` is not given."""
    variant: Name | None = None
    """Somebody whose published hash falls into this variant; `control` and `challenger` fit any campaign."""
    country: (
        Annotated[
            str, Field(pattern=r"^[A-Z]{2}$", examples=["IN"], json_schema_extra=EITHER_CASE), BeforeValidator(_upper)
        ]
        | None
    ) = None
    """Two letters."""
    device: (
        Annotated[
            Device, Field(json_schema_extra={"enum": [*DEVICES, *map(str.lower, DEVICES)]}), BeforeValidator(_upper)
        ]
        | None
    ) = None
    """What they hold in their hand."""
    by: Literal["person", "bot", "prefetch", "head"] = "person"
    """A person; or a crawler, a browser that only fetches ahead, a request for the headers alone."""
    tags: dict[str, Text] | None = None
    """The tags of the address; without this utm_source, utm_medium and utm_campaign are there. `{}`: none."""
    returning: bool | None = None
    """true: has been here before. false: comes without the cookie of before, and so as somebody new."""
    link: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{4,24}$")] | None = None
    """The slug, if it is not the primary link."""


class Convert(Words):
    """The shop sends an order (or a lead) with the ctx of a click."""

    visitor: Name | None = None
    """Whose order it is; without it, that of the last visitor."""
    click: Literal["first", "last"] = "last"
    """Of the clicks under this name, the one whose ctx the shop has kept."""
    event: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """The event; the campaign's goal unless said."""
    value: Amount | None = None
    """What it is worth."""
    currency: Currency | None = None
    """The campaign's unless said."""
    key: Key | None = None
    """The idempotency key; one of its own unless said."""
    occurred: (
        Annotated[str, AfterValidator(check_occurred), Field(examples=["2 hours ago", "3 minutes ahead"])] | None
    ) = None
    """When it happened by the shop's clock."""
    times: Times = 1
    """Sent that often, all at once: under one `key` a storm of the same order, else as many orders."""


class Replay(Words):
    """The same request again. With something changed: the same key for something else."""

    key: Key | None = None
    """Of which conversion; the last one unless said."""
    times: Times = 1
    """That often, all at once."""
    visitor: Name | None = None
    """Changed: with the ctx of this visitor's last click."""
    value: Amount | None = None
    """Changed: with this amount."""
    currency: Currency | None = None
    """Changed: in this currency."""
    event: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """Changed: as this event."""

    @property
    def is_changed(self) -> bool:
        return any(part is not None for part in (self.visitor, self.value, self.currency, self.event))


class Tamper(Words):
    """A conversion whose ctx is not what the click gave."""

    visitor: Name | None = None
    """Whose ctx; that of the last visitor unless said."""
    how: Literal["one character", "another key", "cut short", "left out", "another handle", "another campaign"] = (
        "one character"
    )
    """What was done to it. The last two: the shop says that it expects a ctx of another handle or campaign."""
    key: Key | None = None


class Refund(Words):
    """The shop takes a conversion back, wholly or in part."""

    key: Key | None = None
    """Of which conversion, by its key; the last one unless said. It may come before that conversion."""
    amount: Amount | None = None
    """Wholly unless said."""
    refund: Key | None = None
    """The refund's own idempotency key."""
    times: Times = 1
    """Sent that often, all at once."""


class Configure(Words):
    """Something is changed in mid-run: in the run's copy of the campaign, never in the campaign."""

    weights: dict[Name, Annotated[int, Field(ge=0, le=1_000_000)]] = {}
    """By variant."""
    ramp: Annotated[int, Field(ge=0, le=100)] | None = None
    """How many per cent of each variant's share are open."""
    destinations: dict[Name, Annotated[str, Field(max_length=2048)]] = {}
    """By variant: where it leads from now on."""
    switch_off: list[Name] = []
    """Variants that nobody enters any more."""
    switch_on: list[Name] = []
    """Variants that are open again."""


WHICH = ("visit", "wait", "convert", "replay", "tamper", "refund", "pause", "resume", "configure", "read")
"""Every verb there is."""


class Scene(Words):
    """One verb, and what is expected of it. Without `expect`, what normally happens is expected."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [verb]} for verb in WHICH]})

    say: Text | None = None
    """What this scene shows, in your words."""
    visit: Visit | None = None
    wait: Annotated[str, AfterValidator(check_wait), Field(examples=["3 days", "until the ctx expires"])] | None = None
    """The run's clock moves on: `3 days`, `2 h 30 min`, `until the ctx expires`, `until the window ends`."""
    convert: Convert | None = None
    replay: Replay | None = None
    tamper: Tamper | None = None
    refund: Refund | None = None
    pause: Literal["campaign"] | None = None
    """The campaign is PAUSED from here on."""
    resume: Literal["campaign"] | None = None
    """The campaign is ACTIVE again."""
    configure: Configure | None = None
    read: Annotated[str, Field(pattern=f"^{READS}$", examples=["funnel by variant"])] | None = None
    """`funnel`, `funnel by variant` (or day, device, …), `health`, `results`, `conversion KEY`, `ctx of VISITOR`."""
    expect: dict[str, Any] | None = None
    """Named figures with what they should be: a value, `at least 3`, `at most 3`, `not PASS`, `any`, `none`."""

    @property
    def verb(self) -> str:
        return next(verb for verb in WHICH if verb in self.model_fields_set)

    @model_validator(mode="after")
    def _one_verb(self) -> "Scene":
        given = [verb for verb in WHICH if verb in self.model_fields_set]
        if len(given) != 1:
            found = f"has {' and '.join(given)}" if given else "has none"
            raise PydanticCustomError("verbs", "a scene has one verb; this one {found}", {"found": found})
        return self


class Plan(Words):
    """A conversion test as code."""

    plan: Annotated[str, Field(min_length=1, max_length=120)]
    """Its name, as reports show it."""
    about: Text | None = None
    """What it proves, and why."""
    handle: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,30}[a-z0-9]$")] | None = None
    """The handle; without it the token's own."""
    campaign: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{2,63}$")] | None = None
    """The campaign; `--campaign` of the command takes its place."""
    seed: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$", json_schema_extra=OR_NUMBER), BeforeValidator(_no_bool)
    ] = "funnelproof"
    """Decides who comes; `--seed` of the command takes its place."""
    starts_at: Annotated[str, AfterValidator(_moment), Field(examples=["2026-03-28T12:00:00Z"])] | None = None
    """Where the run's clock begins; now, unless said."""
    time_zone: Annotated[str, Field(max_length=64, examples=["Europe/Berlin"])] | None = None
    """In which zone the run counts its days; the handle's unless said."""
    scenes: Annotated[list[Scene], Field(min_length=1, max_length=MOST_SCENES)]
    """What happens, in order."""
