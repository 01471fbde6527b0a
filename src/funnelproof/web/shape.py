"""The shapes of JSON, in and out: camelCase, no unknown fields, no number made of text, times as ISO 8601."""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    PlainSerializer,
    PrivateAttr,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from funnelproof.clock import Micros, from_iso, iso
from funnelproof.errors import Fault, Problem, invalid_payload

STRICT_KINDS = {"int", "float", "bool"}
LATEST: Micros = from_iso("9999-12-31T00:00:00Z")


def _make_strict(schema: Any) -> None:
    """`"1"` is no number, nor is `true`. Pydantic's own strict mode would refuse the text of an enum as well."""
    if isinstance(schema, dict):
        if schema.get("type") in STRICT_KINDS:
            schema["strict"] = True
        for name, part in schema.items():
            if name != "metadata":
                _make_strict(part)
    elif isinstance(schema, list | tuple):
        for part in schema:
            _make_strict(part)


class Shape(BaseModel):
    """What a request says. Its members go by their camelCase names only; in Python, make one with `of`."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        _make_strict(schema)
        return schema

    @classmethod
    def of(cls, **members: object) -> Self:
        """Made by the Python names of its fields, and checked as a request is."""
        return cls.model_validate(members, by_name=True)

    def given(self) -> dict[str, Any]:
        """The fields that the request names, by their Python names."""
        return {name: getattr(self, name) for name in self.model_fields_set}

    def wire(self) -> dict[str, Any]:
        """As it looks in JSON."""
        return self.model_dump(mode="json", by_alias=True)


def example(body: dict[str, Any]) -> ConfigDict:
    """For a shape's `model_config`: what such a body looks like, shown in the OpenAPI document."""
    return ConfigDict(json_schema_extra={"examples": [body]})


class View(Shape):
    """What an answer shows; made by the Python names of its fields."""

    model_config = ConfigDict(populate_by_name=True)


class Edit(Shape):
    """A request that may repeat, unchanged, what only we set: so that GET → edit → PUT works."""

    read_only: ClassVar[frozenset[str]] = frozenset()
    _repeated: dict[str, Any] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _set_aside(cls, told: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(told, dict):
            return handler(told)
        made = handler({name: value for name, value in told.items() if name not in cls.read_only})
        made._repeated = {name: value for name, value in told.items() if name in cls.read_only}
        return made

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        told = handler.resolve_ref_schema(handler(schema))
        for name in sorted(cls.read_only):
            told.setdefault("properties", {})[name] = {"readOnly": True, "description": "Accepted if unchanged."}
        return told

    @property
    def repeated(self) -> dict[str, Any]:
        """The read-only members that the request repeats, by their names on the wire."""
        return self._repeated

    def check_read_only(self, present: View) -> None:
        """Refuse read-only members that differ from what stands."""
        check_read_only(self._repeated, present.wire(), self.read_only)


def check_read_only(body: Mapping[str, Any], present: Mapping[str, Any], fields: Collection[str]) -> None:
    """Read-only members may be repeated as they are, not changed. Names are those of the wire."""
    faults = [
        Fault(f"/{name}", "read_only_field", "cannot be set; leave it out, or send it as it is.")
        for name in sorted(fields)
        if name in body and _canonical(body[name]) != _canonical(present.get(name))
    ]
    if faults:
        raise invalid_payload(faults)


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def left_out() -> Any:
    """The default of a field that may be left out but never be null."""
    return Field(default=None, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def rule(check: Callable[[Any], Any]) -> AfterValidator:
    """A rule of the domain in a shape: what `check` refuses with a `Problem` becomes one fault among all others."""

    def checked(value: Any) -> Any:
        try:
            return check(value)
        except Problem as problem:
            fault = next(iter(problem.faults), None)
            code, detail = (fault.code, fault.detail) if fault else ("invalid", problem.detail)
            raise PydanticCustomError(code, "{detail}", {"detail": detail}) from None

    return AfterValidator(checked)


def _read_moment(told: object) -> Micros:
    try:
        at = from_iso(told) if isinstance(told, str) else None
    except (ValueError, OverflowError):
        at = None
    if at is None or not 0 <= at <= LATEST:
        raise PydanticCustomError(
            "invalid_time", "must be an ISO 8601 time with its offset, such as 2026-11-23T08:00:00Z."
        )
    return at


TIME_SCHEMA = WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-23T08:00:00Z"]})

Moment = Annotated[Micros, BeforeValidator(_read_moment), PlainSerializer(iso, return_type=str), TIME_SCHEMA]
"""A time in a request: ISO 8601 with its offset, kept as microseconds."""

ShownMoment = Annotated[Micros, PlainSerializer(iso, return_type=str), TIME_SCHEMA]
"""A time in an answer: microseconds, shown as ISO 8601 UTC."""
