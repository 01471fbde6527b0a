"""One variant on its way through the steps of a test conversion, and who is told of each."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from funnelproof.links.ctx import Ctx
from funnelproof.proofs import steps
from funnelproof.proofs.probe import Seen
from funnelproof.proofs.receipt import Step

Tell = Callable[[str, Step], None]
"""Is told the variant's id and a step as soon as it is done."""


def nobody(_variant_id: str, _step: Step) -> None:
    """Nobody watches: the receipt is enough."""


@dataclass(slots=True)
class Attempt:
    variant: int
    variant_id: str
    steps: dict[str, Step]
    tell: Tell = nobody
    click: Seen | None = None
    ctx: Ctx | None = None
    first: Seen | None = None

    def note(self, step: Step, began: float) -> None:
        self._keep(replace(step, ms=round((time.perf_counter() - began) * 1000, 2)))

    def skip(self, why: str, *ids: str) -> None:
        for id_ in ids:
            self._keep(steps.skipped(id_, why))

    def _keep(self, step: Step) -> None:
        self.steps[step.id] = step
        self.tell(self.variant_id, step)
