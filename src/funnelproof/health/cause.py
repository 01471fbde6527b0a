"""What was changed by hand or by a timer just before a change of health: from the audit and the campaign's history."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from funnelproof.campaigns.campaign import CampaignRef
from funnelproof.clock import DAY, Micros
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import audit_lines, campaign_history, links

LOOK_BACK: Micros = DAY
MOST_READ = 1000
_WORDS = {
    ("PATCH", "campaigns/{campaignId}"): "The campaign was changed.",
    ("POST", "campaigns"): "The campaign was made.",
    ("POST", "campaigns/{campaignId}/transitions"): "The campaign was moved to another status.",
    ("POST", "campaigns/{campaignId}/ramp"): "The ramp was set.",
    ("POST", "campaigns/{campaignId}/decision"): "The test was decided.",
    ("DELETE", "campaigns/{campaignId}/decision"): "The decision was taken back.",
    ("POST", "campaigns/{campaignId}/results/alarm/close"): "The alarm about the split was closed.",
    ("PUT", "links/{slug}"): "The link {slug} was changed.",
    ("DELETE", "links/{slug}"): "The link {slug} was deleted.",
    ("POST", "site-structure/campaigns/{campaignId}/publish"): "The page was published.",
    ("PUT", "tag-policy"): "The tag policy of the handle was changed.",
    ("POST", "webhooks"): "A webhook was made.",
    ("DELETE", "webhooks/{webhookId}"): "A webhook was deleted.",
    ("PATCH", ""): "The handle was changed.",
}
"""Writes that may change what health looks at, by method and route below the handle."""
_HANDLE = re.compile(r"^/v2/(?:public/)?handles/\{handle\}/?")
_BY_PEOPLE = ("user:", "token:")


@dataclass(frozen=True, slots=True)
class Cause:
    """A change of the configuration: what, by whom, when."""

    at: Micros
    what: str
    actor: str
    request_id: str | None


def causes_of(tx: Transaction, ref: CampaignRef, moments: Sequence[Micros]) -> dict[Micros, Cause]:
    """For each moment the change that came last in the day before it; moments without one are left out."""
    if not moments:
        return {}
    known = _known(tx, ref, min(moments) - LOOK_BACK, max(moments))
    found: dict[Micros, Cause] = {}
    for moment in moments:
        cause = next((one for one in known if moment - LOOK_BACK <= one.at <= moment), None)
        if cause is not None:
            found[moment] = cause
    return found


def _known(tx: Transaction, ref: CampaignRef, first: Micros, last: Micros) -> list[Cause]:
    """Newest first."""
    of = audit_lines.c
    asked = select(audit_lines).where(of.handle == ref[0], of.at.between(first, last)).order_by(of.at.desc())
    slugs = {slug for (slug,) in tx.execute(_slugs(ref))}
    lines = (_from_line(row, ref[1], slugs) for row in tx.all(asked.limit(MOST_READ)))
    timed = (_from_history(row) for row in tx.all(_history(ref, first, last)))
    return sorted((one for one in (*lines, *timed) if one is not None), key=lambda one: one.at, reverse=True)


def _slugs(ref: CampaignRef) -> Any:
    return select(links.c.slug).where(links.c.handle == ref[0], links.c.campaign_id == ref[1])


def _history(ref: CampaignRef, first: Micros, last: Micros) -> Any:
    of = campaign_history.c
    where = (of.handle == ref[0], of.campaign_id == ref[1], of.at.between(first, last))
    return select(campaign_history).where(*where).order_by(of.entry_id.desc()).limit(MOST_READ)


def _from_line(row: Row, campaign_id: str, slugs: set[str]) -> Cause | None:
    route, objects = _HANDLE.sub("", row["route"]), row["objects"] or {}
    words = _WORDS.get((row["method"], route))
    if words is None or not _concerns(objects, row["asked"], campaign_id, slugs):
        return None
    return Cause(row["at"], words.format(slug=objects.get("slug", "")), row["actor"], row["request_id"])


def _concerns(objects: dict[str, str], asked: Any, campaign_id: str, slugs: set[str]) -> bool:
    """A write of this campaign or one of its links, or of the whole handle."""
    told = asked.get("campaignId") if isinstance(asked, dict) else None
    own = objects.get("campaignId") or told
    if "slug" in objects:
        return objects["slug"] in slugs or told == campaign_id
    return own is None or own == campaign_id


def _from_history(row: Row) -> Cause | None:
    """People's own acts stand in the audit; here are those of timers."""
    if row["actor"].startswith(_BY_PEOPLE):
        return None
    what = f"The campaign was {row['act']}" + (f" to {row['to_status']}." if row["to_status"] else ".")
    return Cause(row["at"], what, row["actor"], row["request_id"])
