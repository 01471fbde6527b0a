"""The JSON Schemas of the structure types, and what is wrong with a document: every problem at once, with pointers."""

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from funnelproof.errors import Fault
from funnelproof.pages.page import Document, StructureType
from funnelproof.pages.texts import patched

SCHEMAS = files("funnelproof.pages") / "schemas"
MOST_FAULTS = 200
KINDS = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "boolean": "a yes/no",
}
CODES = {
    "required": "required",
    "additionalProperties": "unknown_field",
    "propertyNames": "unknown_field",
    "type": "wrong_type",
    "enum": "not_one_of",
    "pattern": "wrong_pattern",
    "minLength": "too_short",
    "maxLength": "too_long",
    "minItems": "too_short",
    "maxItems": "too_long",
    "minProperties": "too_short",
    "maxProperties": "too_long",
    "minimum": "out_of_range",
    "maximum": "out_of_range",
}


@cache
def schema_of(structure_type: StructureType) -> dict[str, Any]:
    """The schema of a document, whole: with all the parts it refers to, and an example."""
    own = json.loads((SCHEMAS / f"{structure_type}.json").read_text("utf-8"))
    return {
        **own,
        "$defs": json.loads((SCHEMAS / "parts.json").read_text("utf-8")),
        "examples": [example_of(structure_type)],
    }


@cache
def example_of(structure_type: StructureType) -> Document:
    document: Document = json.loads((SCHEMAS / "examples" / f"{structure_type}.json").read_text("utf-8"))
    return document


@cache
def order_of(structure_type: StructureType) -> tuple[str, ...]:
    """The sections that a type may have, in their usual order."""
    return tuple(schema_of(structure_type)["properties"]["sections"]["properties"])


def document_faults(structure_type: StructureType, document: Any) -> list[Fault]:
    """What the schema finds wrong with a document, and with what each of its variants makes of it."""
    faults = list(_faults(structure_type, document, "/document"))
    if not faults:
        for variant_id, patch in document.get("variants", {}).items():
            at = f"/document/variants/{variant_id}"
            faults += _faults(structure_type, patched(document, patch), at)
    return list(dict.fromkeys(faults))[:MOST_FAULTS]


@cache
def _validator(structure_type: StructureType) -> Any:
    return Strict(schema_of(structure_type))


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """In a JSON Schema `$` is the very end; in Python a line feed may follow it."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$(?=\)|$)", r"\\Z", pattern), instance):
        yield ValidationError("does not fit the pattern")


Strict = extend(Draft202012Validator, {"pattern": _pattern})


def _faults(structure_type: StructureType, document: Any, at: str) -> Iterator[Fault]:
    for error in _validator(structure_type).iter_errors(document):
        pointer = at + "".join(f"/{_escaped(str(part))}" for part in error.absolute_path)
        yield from _of_error(error, pointer)


def _of_error(error: ValidationError, pointer: str) -> Iterator[Fault]:
    code = CODES.get(str(error.validator), "invalid")
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        yield from (Fault(f"{pointer}/{name}", code, "is required.") for name in missing)
    elif error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = [name for name in error.instance if name not in known]
        takes = f"is not known here; known are {', '.join(known)}."
        yield from (Fault(f"{pointer}/{_escaped(name)}"[:300], code, takes) for name in unknown)
    elif "propertyNames" in error.absolute_schema_path:
        yield Fault(f"{pointer}/{_escaped(str(error.instance))}"[:300], "unknown_field", _of_name(error))
    else:
        yield Fault(pointer, code, _sentence(error))


def _of_name(error: ValidationError) -> str:
    if error.validator == "enum":
        return f"is not known here; known are {', '.join(error.validator_value)}."
    return f"cannot have this name: {error.schema.get('description', 'it does not fit')}"


def _sentence(error: ValidationError) -> str:
    value, schema = error.validator_value, error.schema
    if error.validator == "type":
        kinds = [value] if isinstance(value, str) else value
        return f"must be {' or '.join(KINDS.get(kind, kind) for kind in kinds)}."
    if error.validator == "enum":
        return f"must be one of {', '.join(map(str, value))}."
    if error.validator == "pattern":
        return f"must fit: {schema.get('description', value)}"
    told = {
        "minLength": f"must not be shorter than {value} characters.",
        "maxLength": f"must not be longer than {value} characters.",
        "minItems": f"must have at least {value}.",
        "maxItems": f"must have at most {value}.",
        "minProperties": f"must have at least {value}.",
        "maxProperties": f"must have at most {value}.",
        "minimum": f"must be at least {value}.",
        "maximum": f"must be at most {value}.",
    }
    return told.get(str(error.validator), "does not fit the schema of this structure type.")


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
