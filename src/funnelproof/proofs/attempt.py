"""One variant on its way through the steps of a test conversion."""

import time
from dataclasses import dataclass, replace

from funnelproof.links.ctx import Ctx
from funnelproof.proofs.probe import Seen
from funnelproof.proofs.receipt import Step


@dataclass(slots=True)
class Attempt:
    variant: int
    variant_id: str
    steps: dict[str, Step]
    click: Seen | None = None
    ctx: Ctx | None = None
    first: Seen | None = None

    def note(self, step: Step, began: float) -> None:
        self.steps[step.id] = replace(step, ms=round((time.perf_counter() - began) * 1000, 2))
