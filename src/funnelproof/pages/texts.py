"""Which texts a visitor sees: a variant's patch on the document (RFC 7396), then one region's words. Pure."""

import re
from typing import Any

DEFAULT = "default"
REGION = re.compile(r"[A-Z]{2}")


def patched(document: Any, patch: Any) -> Any:
    """A JSON Merge Patch applied; null takes away. The patched document has no variants of its own."""
    made = _merged(document, patch)
    return {name: part for name, part in made.items() if name != "variants"} if isinstance(made, dict) else made


def of_variant(document: dict[str, Any], variant_id: str | None) -> dict[str, Any]:
    patch = document.get("variants", {}).get(variant_id, {}) if variant_id else {}
    made: dict[str, Any] = patched(document, patch)
    return made


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    made = dict(target) if isinstance(target, dict) else {}
    for name, part in patch.items():
        if part is None:
            made.pop(name, None)
        else:
            made[name] = _merged(made.get(name), part)
    return made


def in_region(part: Any, region: str) -> Any:
    """The document with one text in place of each choice of texts: that of the region, else the default."""
    if isinstance(part, list):
        return [in_region(item, region) for item in part]
    if not isinstance(part, dict):
        return part
    if is_choice(part):
        return part.get(region, part[DEFAULT])
    return {name: in_region(own, region) for name, own in part.items()}


def is_choice(part: dict[str, Any]) -> bool:
    return DEFAULT in part and all(name == DEFAULT or REGION.fullmatch(name) for name in part)


def regions_of(part: Any) -> frozenset[str]:
    """The countries for which a document has words of their own."""
    if isinstance(part, list):
        return frozenset().union(*map(regions_of, part))
    if not isinstance(part, dict):
        return frozenset()
    own = frozenset(part) - {DEFAULT} if is_choice(part) else frozenset()
    return own.union(*map(regions_of, part.values()))
