"""Whether a published version can be shown as it stands: it fits its schema, and its buttons carry a ctx."""

from collections import OrderedDict
from dataclasses import dataclass

from funnelproof.pages import store
from funnelproof.pages.page import Content, PageFacts
from funnelproof.pages.render import led_to
from funnelproof.pages.rules import ctas
from funnelproof.pages.structure import document_faults
from funnelproof.pages.texts import DEFAULT, in_region, of_variant
from funnelproof.storage.database import Transaction

REMEMBERED = 10_000
CTX = "a-ctx"
_known: OrderedDict[str, "Soundness"] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Soundness:
    """`faults` of the schema fetch; how many buttons lead elsewhere, and how many of these carry the ctx."""

    faults: int
    buttons: int
    with_ctx: int

    @property
    def is_sound(self) -> bool:
        return not self.faults and self.buttons == self.with_ctx


def soundness(tx: Transaction, handle: str, campaign_id: str, facts: PageFacts) -> Soundness | None:
    """None while nothing is published. Content never changes under its digest, so each is looked at once."""
    if facts.version is None or facts.digest is None:
        return None if facts.version is None else Soundness(1, 0, 0)
    found = _known.pop(facts.digest, None)
    if found is None:
        found = examine(store.version(tx, handle, campaign_id, facts.version).content)
    _known[facts.digest] = found
    if len(_known) > REMEMBERED:
        _known.popitem(last=False)
    return found


def examine(content: Content) -> Soundness:
    faults = len(document_faults(content.structure_type, content.document))
    if faults:
        return Soundness(faults, 0, 0)
    shown = [of_variant(content.document, variant_id) for variant_id in (None, *content.own_texts)]
    targets = [in_region(cta["href"], DEFAULT) for own in shown for _, cta in ctas(own)]
    leading = [target for target in targets if not target.startswith("#")]
    return Soundness(0, len(leading), sum(f"ctx={CTX}" in led_to(target, CTX) for target in leading))
