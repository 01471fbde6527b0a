"""A tag policy as people write it, in JSON or YAML, and as it is kept."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from funnelproof.clock import Micros
from funnelproof.tags.pattern import BadPattern, check_pattern
from funnelproof.tags.policy import REQUIRED, Case, Personal, TagPolicy, TagRule
from funnelproof.web.shape import Shape, ShownMoment, View, example

MOST_NAMES = 20
MOST_VALUES = 200
TagName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
TagValue = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


def _usable(pattern: str) -> str:
    try:
        check_pattern(pattern)
    except BadPattern as error:
        reason = str(error)
        raise PydanticCustomError("bad_pattern", "is no pattern: {reason}.", {"reason": reason}) from None
    return pattern


Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_usable)]


class TagRuleBody(Shape):
    """What may stand in one tag. A pattern has to fit the whole value; it knows no look-around, no back-references."""

    values: list[TagValue] = Field(default_factory=list, max_length=MOST_VALUES)
    case: Case = Case.ANY
    pattern: Pattern | None = None


class TagPolicyBody(Shape):
    """`channels` says for a value of `utm_medium` what it needs besides `required`."""

    model_config = example(
        {
            "required": ["utm_source", "utm_medium", "utm_campaign"],
            "channels": {"cpc": ["utm_term"]},
            "tags": {"utm_medium": {"values": ["email", "cpc"]}, "utm_campaign": {"case": "LOWER"}},
            "forbidden": ["EMAIL", "PHONE"],
        }
    )

    required: list[TagName] = Field(default=list(REQUIRED), max_length=MOST_NAMES)
    channels: dict[TagValue, Annotated[list[TagName], Field(max_length=MOST_NAMES)]] = Field(
        default_factory=dict, max_length=MOST_NAMES
    )
    tags: dict[TagName, TagRuleBody] = Field(default_factory=dict, max_length=MOST_NAMES)
    forbidden: list[Personal] = Field(default=list(Personal), max_length=len(Personal))

    def kept(self) -> dict[str, Any]:
        """As JSON, whole, so that another default later changes no policy that stands."""
        return self.model_dump(mode="json")


class TagPolicyView(View):
    """`version` 0 is the policy of a handle that has written none."""

    required: list[str]
    channels: dict[str, list[str]]
    tags: dict[str, TagRuleBody]
    forbidden: list[Personal]
    version: int
    updated_at: ShownMoment | None


def view_of(kept: Mapping[str, Any], version: int, updated_at: Micros | None) -> TagPolicyView:
    body = TagPolicyBody.of(**kept)
    fields = {name: getattr(body, name) for name in TagPolicyBody.model_fields}
    return TagPolicyView(**fields, version=version, updated_at=updated_at)


def policy_of(body: TagPolicyBody) -> TagPolicy:
    rules = {name: TagRule(tuple(own.values), own.case, own.pattern) for name, own in body.tags.items()}
    channels = {channel: tuple(names) for channel, names in body.channels.items()}
    return TagPolicy(tuple(body.required), channels, rules, tuple(body.forbidden))


def policy_from(kept: Mapping[str, Any]) -> TagPolicy:
    return policy_of(TagPolicyBody.of(**kept))
