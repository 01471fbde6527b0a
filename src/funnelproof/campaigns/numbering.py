"""Numbering variants: an id keeps its number for ever, and neither is given twice."""

from collections.abc import Sequence

from funnelproof.campaigns.requests import VariantBody
from funnelproof.campaigns.variants import Variant
from funnelproof.errors import Fault


def number_variants(
    bodies: Sequence[VariantBody],
    *,
    before: tuple[Variant, ...],
    next_number: int,
    ever: set[str],
    faults: list[Fault],
) -> tuple[Variant, ...]:
    """Variants as asked for: known ids keep number and name, new ones get the next; `ever` are all ids given so far.

    With ids that cannot be given, `faults` grow and the answer is only good for finding what else is wrong.
    """
    known = {variant.variant_id: variant for variant in before}
    faults += _id_faults(bodies, taken=ever - set(known))
    control = _control_id(bodies, before)
    seen: set[str] = set()
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
                control=_is(body, control, seen) if body.control is None else body.control,
                enabled=body.enabled,
            )
        )
        next_number += own is None
        seen.add(body.variant_id)
    return tuple(numbered)


def _is(body: VariantBody, control: str | None, seen: set[str]) -> bool:
    return body.variant_id == control and body.variant_id not in seen


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
