"""Whether what a run did stayed in its own world: looked at in all of its rows, not in those that it names."""

from funnelproof.clicks import store as clicks
from funnelproof.conversions import key_store as keys
from funnelproof.conversions import store as conversions
from funnelproof.proofs import steps
from funnelproof.proofs.receipt import Step
from funnelproof.storage.database import Transaction
from funnelproof.tallies import store as tallies
from funnelproof.worlds.world import LIVE


def live_untouched(tx: Transaction, handle: str, run_id: str, campaign_id: str, *, rows: tuple[int, int]) -> Step:
    """No live row shares a click, visitor, conversion or key with the run; its own counters hold all of its rows.

    `rows` is how many clicks and counted conversions the run has. What its transactions counted elsewhere is missing
    from its own counters. Live totals are not compared: live traffic goes on meanwhile.
    """
    live_rows = sum(store.in_both(tx, handle, run_id, LIVE) for store in (clicks, conversions, keys))
    funnel = tallies.funnel_totals(tx, handle, run_id, [campaign_id]).get(campaign_id)
    counted = (funnel["clicks"], funnel["conversions"]) if funnel else (0, 0)
    return steps.live_untouched(live_rows=live_rows, own_only=rows == counted)
