"""What people are told, in words: a subject and a text for each kind of note; None where nothing is left to tell."""

from collections.abc import Sequence
from typing import NamedTuple

from funnelproof.alerts.week import week_of
from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.campaign import Campaign, CampaignStatus
from funnelproof.clock import Micros
from funnelproof.health.check import Check, Health, Status
from funnelproof.health.examine import examine
from funnelproof.notifications.people import Kind, Note
from funnelproof.results import subject
from funnelproof.results.weigh import weigh
from funnelproof.storage.database import Transaction

SOUND = ("PASS", "UNKNOWN")
OWN_DOING = "campaign_status"
"""Somebody has paused it: who did knows."""


class Message(NamedTuple):
    subject: str
    text: str


def message_of(tx: Transaction, note: Note, *, now: Micros, control_url: str) -> Message | None:
    """As things stand now: what has passed meanwhile is not told."""
    if note.kind is Kind.WEEKLY:
        return _weekly(tx, note, now, control_url)
    campaign = campaigns.find(tx, note.handle, note.campaign_id)
    if campaign is None:
        return None
    told = {Kind.HEALTH: _health, Kind.VERDICT: _verdict, Kind.LAUNCH: _launch}[note.kind](tx, note, campaign, now)
    if told is None:
        return None
    where = f"{control_url}/app/{note.handle}/campaigns/{note.campaign_id}"
    return Message(told[0], f"{told[1]}\n\n{campaign.name} ({note.handle}/{note.campaign_id})\n{where}\n")


def _health(tx: Transaction, note: Note, campaign: Campaign, now: Micros) -> tuple[str, str] | None:
    health = examine(tx, note.handle, note.campaign_id, now=now)
    before, to = _group(note.told.get("from")), _group(note.told.get("to"))
    if before == to:
        return None
    if to == "FAIL":
        paused = campaign.pause_on_fail and campaign.status is CampaignStatus.PAUSED
        more = "\n\nThe campaign was paused by itself (pauseOnFail)." if paused else ""
        said = _said(_of(health, Status.FAIL)) or "What failed then passes again at this moment; it may come back."
        return f"Funnel broken: {campaign.name}", said + more
    warned = [check for check in _of(health, Status.WARN) if check.id != OWN_DOING]
    if to == "WARN" and before != "FAIL":
        return (f"Funnel deserves a look: {campaign.name}", _said(warned)) if warned else None
    rest = f"\n\nStill worth a look:\n{_said(warned)}" if warned else ""
    return f"Funnel works again: {campaign.name}", f"No check fails any more.{rest}"


def _verdict(tx: Transaction, note: Note, campaign: Campaign, now: Micros) -> tuple[str, str] | None:
    if note.told.get("from") == note.told.get("to"):
        return None
    found = weigh(tx, subject.live(tx, note.handle, note.campaign_id, now=now))
    return f"A new verdict: {campaign.name}", found.verdict.sentence


def _launch(tx: Transaction, note: Note, campaign: Campaign, now: Micros) -> tuple[str, str] | None:  # noqa: ARG001 - one of three
    if campaign.status is not CampaignStatus.DRAFT:
        return None
    return f"Not started: {campaign.name}", str(note.told.get("reason", "The launch gate is closed."))


def _weekly(tx: Transaction, note: Note, now: Micros, control_url: str) -> Message | None:
    text = week_of(tx, note.handle, str(note.told["monday"]), now=now)
    if text is None:
        return None
    return Message(f"The week of {note.handle}", f"{text}\n\n{control_url}/app/{note.handle}\n")


def _of(health: Health, status: Status) -> list[Check]:
    return [check for check in health.checks if check.status is status]


def _said(checks: Sequence[Check]) -> str:
    return "\n\n".join(f"{check.title}\n{check.remedy or ''}".strip() for check in checks)


def _group(status: object) -> str:
    """PASS and UNKNOWN are alike to whoever is woken."""
    return "SOUND" if status is None or status in SOUND else str(status)
