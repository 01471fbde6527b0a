"""Lights kept up to date: what has moved is examined by a timed job, and whoever reads a campaign's health keeps it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.campaign import Campaign, CampaignRef
from funnelproof.clock import Micros
from funnelproof.health import lights
from funnelproof.health.check import Health
from funnelproof.health.examine import examine, examine_page
from funnelproof.health.lights import Light, Seen
from funnelproof.storage.database import Transaction

SEEN_AT_ONCE = 200
EXAMINED_AT_ONCE = 10
BEFORE_ALL: CampaignRef = ("", "")


@dataclass(frozen=True, slots=True)
class Examined:
    """`has_news`: the stored light is another one, so it is to be kept."""

    handle: str
    health: Health
    moved: int
    has_news: bool

    def keep(self, tx: Transaction) -> None:
        lights.keep(tx, self.handle, self.health, self.moved)


def examine_live(tx: Transaction, handle: str, campaign_id: str, *, now: Micros) -> Examined:
    """A campaign's health now, beside the light that is stored. Raises `NoSuchCampaign`."""
    health = examine(tx, handle, campaign_id, now=now)
    seen = lights.of_page(tx, handle, [campaign_id], now)[campaign_id]
    return Examined(handle, health, seen.moved, _differs(seen.light, health))


def lights_of(tx: Transaction, handle: str, page: Sequence[Campaign], *, now: Micros) -> list[Light]:
    """Stored lights in the order of a page. Who has none, or was changed since, is examined at once."""
    seen = lights.of_page(tx, handle, [campaign.campaign_id for campaign in page], now)
    to_examine = [own for own in page if seen[own.campaign_id].is_of_another_configuration]
    found = {own.campaign_id: own for own in examine_page(tx, handle, to_examine, now=now)} if to_examine else {}
    return [_light(seen[own.campaign_id], found.get(own.campaign_id)) for own in page]


@dataclass(slots=True)
class LightWatch:
    """Goes through all campaigns; a few at a time are examined while nobody waits, then written down."""

    now: Callable[[], Micros]
    _last: CampaignRef = field(default=BEFORE_ALL)
    _found: list[Examined] = field(default_factory=list)

    def look(self, tx: Transaction) -> bool:
        """Examine the next few that are due; false when all have been looked at."""
        now = self.now()
        while seen := lights.after(tx, self._last, now, SEEN_AT_ONCE):
            due = [own for own in seen if own.is_due(now)][:EXAMINED_AT_ONCE]
            self._last = due[-1].ref if due else seen[-1].ref
            if due:
                self._found = _examined(tx, due, now)
                return True
        self._last = BEFORE_ALL
        return False

    def keep(self, tx: Transaction) -> int:
        for examined in self._found:
            examined.keep(tx)
        return 1


def _examined(tx: Transaction, due: Sequence[Seen], now: Micros) -> list[Examined]:
    found: list[Examined] = []
    for handle, group in groupby(due, key=lambda own: own.ref[0]):
        moved = {own.ref[1]: own.moved for own in group}
        page = list(campaigns.by_ref(tx, [(handle, campaign_id) for campaign_id in moved]).values())
        healths = examine_page(tx, handle, page, now=now)
        found += [Examined(handle, health, moved[health.campaign_id], has_news=True) for health in healths]
    return found


def _differs(light: Light | None, health: Health) -> bool:
    if light is None:
        return True
    told = attrgetter("status", "score", "config_digest", "waiting")
    return bool(told(light) != told(health)) or light.checks != health.statuses


def _light(seen: Seen, health: Health | None) -> Light:
    if health is not None:
        return Light(health.status, health.score, health.config_digest, health.checked_at, seen.moved)
    assert seen.light is not None  # noqa: S101 - who has no stored light was examined
    return seen.light
