"""After a fault: what was acknowledged against what is stored, and every counter against its rows."""

import time
from dataclasses import dataclass, field

from sqlalchemy import select

from bench.soak.buyers import Acknowledged
from funnelproof.recount.compare import Progress, recount
from funnelproof.storage.database import Database
from funnelproof.storage.schema import clicks, conversions
from funnelproof.worlds.world import LIVE


@dataclass
class Stored:
    """Of the live world: ids of clicks, and ids of conversions by key."""

    clicks: set[str] = field(default_factory=set)
    conversions: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Balance:
    """`lost` was acknowledged and is not there; `doubled` are keys that are there more than once."""

    stored_clicks: int
    stored_conversions: int
    lost_clicks: set[str]
    lost_conversions: set[str]
    doubled: set[str]
    equal: int
    different: list[str]

    @property
    def lost(self) -> int:
        return len(self.lost_clicks) + len(self.lost_conversions)

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.different) and self.equal > 0


def stored(database: Database) -> Stored:
    found = Stored()
    with database.engines.reading.connect() as connection:
        found.clicks = {row[0] for row in connection.execute(select(clicks.c.click_id).where(clicks.c.world == LIVE))}
        columns = (conversions.c.idempotency_key, conversions.c.conversion_id)
        for key, conversion_id in connection.execute(select(*columns).where(conversions.c.world == LIVE)):
            found.conversions.setdefault(key, []).append(conversion_id)
    return found


def balance(database: Database, seen: Acknowledged, progress: Progress | None = None) -> Balance:
    found = stored(database)
    report = recount(database, now=time.time_ns() // 1000, progress=progress)
    return Balance(
        stored_clicks=len(found.clicks),
        stored_conversions=sum(map(len, found.conversions.values())),
        lost_clicks=seen.clicks - found.clicks,
        lost_conversions={key for key, id_ in seen.conversions.items() if id_ not in found.conversions.get(key, [])},
        doubled={key for key, ids in found.conversions.items() if len(ids) > 1},
        equal=report.equal,
        different=[str(difference) for difference in report.differences],
    )
