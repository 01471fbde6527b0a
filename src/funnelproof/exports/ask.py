"""What a caller asks of an export, checked against what the handle has."""

from funnelproof.campaigns import store as campaigns
from funnelproof.clock import Micros
from funnelproof.exports.export import Asked, Format, What, check_format
from funnelproof.handles import settle
from funnelproof.results.analytics import worlds_of_runs
from funnelproof.results.period import asked_days, asked_moments
from funnelproof.storage.database import Transaction
from funnelproof.worlds.world import LIVE


def ask(
    tx: Transaction,
    handle: str,
    *,
    what: What,
    format_: Format,
    campaign_id: str | None,
    from_: str | None,
    to: str | None,
    test: bool,
    run: str | None,
    now: Micros,
) -> Asked:
    check_format(format_)
    owner = settle.existing(tx, handle)
    if campaign_id is not None:
        campaigns.get(tx, handle, campaign_id)
    since, until = asked_moments(owner, from_, to, now)
    first, last = asked_days(owner, from_, to, now, most=None)
    is_test = test or run is not None
    return Asked(
        handle=handle,
        what=what,
        format=format_,
        campaign_id=campaign_id,
        worlds=tuple(worlds_of_runs(tx, handle, campaign_id, run)) if is_test else (LIVE,),
        is_test=is_test,
        since=since,
        until=until,
        first_day=first,
        last_day=last,
        time_zone=owner.time_zone,
    )
