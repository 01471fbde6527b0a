"""Abuse of public pages and links: what an address leads to, and taking it down or putting it back."""

from dataclasses import replace
from urllib.parse import urlsplit

from funnelproof.audit.act import Act
from funnelproof.errors import Problem
from funnelproof.links import store as links
from funnelproof.pages import store as pages
from funnelproof.storage.database import Transaction
from funnelproof.support import store
from funnelproof.support.report import ContentReport, Settlement, Status, Subject, Verdict

Place = tuple[str | None, Subject | None, str | None]


class NothingToTakeDown(Problem):
    """The address of this report leads to no link and no page of this installation. Decide KEEP."""

    kind, code, title = "conflict", "nothing_to_take_down", "There is nothing to take down"


def place_of(tx: Transaction, url: str, link_domain: str | None) -> Place:
    """(handle, what, its name) of `/{handle}/{slug}` and `/{handle}/p/{slug}`; Nones where nothing of ours is.

    On a host of its own (`{handle}.{link_domain}`) a handle's addresses do without its name.
    """
    parts = urlsplit(url)
    segments = parts.path.strip("/").split("/")
    owner, _, domain = (parts.hostname or "").partition(".")
    if link_domain and domain == link_domain:
        segments = [owner, *segments]
    match segments:
        case [handle, "p", slug]:
            campaign_id = pages.owner_of(tx, handle, slug)
            return (handle, Subject.PAGE, campaign_id) if campaign_id else (None, None, None)
        case [handle, slug]:
            return (handle, Subject.LINK, slug) if links.find(tx, handle, slug) else (None, None, None)
    return None, None, None


def decide(tx: Transaction, report_id: str, verdict: Verdict, note: str | None, *, act: Act) -> ContentReport:
    """Settle a report. What is taken down is gone for visitors within a second, and only RESTORE brings it back."""
    report = store.content_report(tx, report_id)
    if verdict is not Verdict.KEEP:
        _close(tx, report, None if verdict is Verdict.RESTORE else act.at)
    settlement = Settlement(Status.SETTLED.value, f"{verdict}: {note}" if note else verdict.value, act.actor, act.at)
    store.decide_content_report(tx, report_id, settlement)
    return replace(report, settlement=settlement)


def _close(tx: Transaction, report: ContentReport, at: int | None) -> None:
    if report.handle is None or report.name is None:
        raise NothingToTakeDown
    close = links.take_down if report.subject is Subject.LINK else pages.take_down
    if not close(tx, report.handle, report.name, at):
        raise NothingToTakeDown(f"What {report.url} led to is not there any more. Decide KEEP.")
