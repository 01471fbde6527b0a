"""The campaign's page: published, open as it is meant to be, fit to be fetched, its buttons carrying the ctx."""

from typing import Any

from funnelproof.health.check import Check, Status
from funnelproof.health.checks.words import many
from funnelproof.health.evidence import Evidence, PageEvidence

ID = "page"


def page(of: Evidence) -> Check | None:
    """Absent where a campaign neither has a page nor names one."""
    named = of.campaign.details_page_slug
    if of.page is None:
        return _unwritten(named) if named else None
    facts = _facts(of, of.page)
    if of.page.facts.version is None or of.page.sound is None:
        remedy = "Publish it: POST …/site-structure/campaigns/{campaignId}/publish."
        return Check(ID, Status.UNKNOWN, "The page is a draft: nobody can see it yet.", facts, remedy)
    if not of.page.sound.is_sound:
        title, remedy = _unsound(of.page)
        return Check(ID, Status.FAIL, title, facts, remedy)
    if differs := _differs(of.page, named):
        return Check(ID, Status.WARN, differs, facts, "Publish the draft, or change it to what is meant.")
    title = f"Version {of.page.facts.version} is published, {of.page.facts.access_mode}, and can be fetched."
    return Check(ID, Status.PASS, title, facts)


def _unwritten(named: str) -> Check:
    title = f"The campaign names the page {named}, and none is written yet."
    remedy = "Write its draft and publish it: PUT …/site-structure/campaigns/{campaignId}."
    return Check(ID, Status.UNKNOWN, title, {"n": 0, "detailsPageSlug": named}, remedy)


def _facts(of: Evidence, page: PageEvidence) -> dict[str, Any]:
    views, clicks = of.lately.by_name("page_views"), of.lately.by_name("cta_clicks")
    sound = page.sound
    return {
        "n": sum(views.values()),
        "slug": page.facts.slug,
        "version": page.facts.version,
        "accessMode": page.facts.access_mode,
        "draftAccessMode": page.facts.draft_access_mode,
        "schemaFaults": sound.faults if sound else None,
        "buttons": sound.buttons if sound else None,
        "buttonsWithCtx": sound.with_ctx if sound else None,
        "pageViewsOf24Hours": views,
        "ctaClicksOf24Hours": clicks,
    }


def _unsound(page: PageEvidence) -> tuple[str, str]:
    sound = page.sound
    if sound is not None and not sound.faults:
        lost = sound.buttons - sound.with_ctx
        return f"{many(lost, 'button')} of the page would lose the ctx.", "Change where they lead, and publish again."
    title = f"Version {page.facts.version} of the page does not fit its schema, so its fetch fails."
    return title, "Write the draft again: what is wrong is told at once. Then publish it."


def _differs(page: PageEvidence, named: str | None) -> str | None:
    facts = page.facts
    if facts.access_mode is not facts.draft_access_mode:
        return f"The published page is {facts.access_mode}; its draft says {facts.draft_access_mode}."
    if named is not None and named != facts.slug:
        return f"The campaign names the page {named}; published is {facts.slug}."
    return None
