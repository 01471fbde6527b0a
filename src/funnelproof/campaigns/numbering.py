"""Numbering variants: an id keeps its number for ever, and neither is given twice."""

from collections.abc import Sequence

from funnelproof.campaigns.requests import VariantBody
from funnelproof.campaigns.variants import Variant
from funnelproof.errors import Fault, invalid_payload


def number_variants(
    bodies: Sequence[VariantBody], *, before: tuple[Variant, ...], next_number: int, ever: set[str]
) -> tuple[Variant, ...]:
    """Variants as asked for: known ids keep number and name, new ones get the next; `ever` are all ids given so far."""
    known = {variant.variant_id: variant for variant in before}
    if faults := _id_faults(bodies, taken=ever - set(known)):
        raise invalid_payload(faults)
    control = _control_id(bodies, before)
    numbered: list[Variant] = []
    for body in bodies:
        own = known.get(body.variant_id)
        numbered.append(
            Variant(
                number=own.number if own else next_number,
                variant_id=body.variant_id,
                name=body.name or (own.name if own else body.variant_id),
                weight=body.weight,
                destination_url=body.destination_url,
                control=body.variant_id == control if body.control is None else body.control,
                enabled=body.enabled,
            )
        )
        next_number += own is None
    return tuple(numbered)


def _control_id(bodies: Sequence[VariantBody], before: tuple[Variant, ...]) -> str | None:
    """Who is the control where nobody says so: the one that was, else the first."""
    ids = [body.variant_id for body in bodies]
    if any(body.control for body in bodies):
        return None
    stood = next((variant.variant_id for variant in before if variant.control and variant.variant_id in ids), None)
    return stood or next(iter(ids), None)


def _id_faults(bodies: Sequence[VariantBody], *, taken: set[str]) -> list[Fault]:
    faults: list[Fault] = []
    seen: set[str] = set()
    for at, body in enumerate(bodies):
        pointer = f"/variants/{at}/variantId"
        if body.variant_id in seen:
            faults.append(Fault(pointer, "invalid", f"{body.variant_id!r} stands twice; each variant has its own id."))
        if body.variant_id in taken:
            detail = f"{body.variant_id!r} was a variant once and deleted; ids are never given again."
            faults.append(Fault(pointer, "invalid", detail))
        seen.add(body.variant_id)
    return faults
