"""What is configured: the campaign's status, its primary link, where it leads, how long a ctx lives."""

from funnelproof.campaigns.campaign import DAY_SECONDS, CampaignStatus
from funnelproof.clock import SECOND, iso, iso_or_none, span
from funnelproof.errors import Problem
from funnelproof.health.check import Check, Status
from funnelproof.health.evidence import Evidence
from funnelproof.links.link import Link, LinkNotFound, check_open, used_up


def campaign_status(of: Evidence) -> Check:
    status = of.campaign.status
    is_active = status is CampaignStatus.ACTIVE
    return Check(
        "campaign_status",
        Status.PASS if is_active else Status.WARN,
        "The campaign is ACTIVE." if is_active else f"The campaign is {status}: nobody enters its test.",
        {"n": 1, "status": status.value, "startsAt": iso_or_none(of.campaign.starts_at)},
        None if is_active or status is CampaignStatus.COMPLETED else "Move it to ACTIVE when you want it to run.",
    )


def primary_link(of: Evidence) -> Check:
    slug = of.campaign.primary_slug
    if slug is None:
        remedy = "Bind a link with `primarySlug`, or create one with `primaryLink`."
        return Check("primary_link", Status.UNKNOWN, "The campaign has no primary link yet.", {"n": 0}, remedy)
    if of.link is None or of.link.campaign_id != of.campaign.campaign_id:
        title = f"The primary link {slug} is not a link of this campaign any more."
        return Check("primary_link", Status.FAIL, title, {"n": 0, "slug": slug, "bound": False}, "Bind another link.")
    facts = {
        "n": 1,
        "slug": slug,
        "bound": True,
        "enabled": of.link.enabled,
        "scheduledStartAt": iso_or_none(of.link.scheduled_start_at),
        "scheduledEndAt": iso_or_none(of.link.scheduled_end_at),
        "expiresAt": iso_or_none(of.link.expires_at),
        "maxClicks": of.link.max_clicks,
        "usedClicks": of.link.used_clicks,
        "passwordProtected": of.link.password_hash is not None,
    }
    shut = _why_shut(of.link, of.at)
    if shut is None:
        return Check("primary_link", Status.PASS, f"The primary link {slug} is open.", facts)
    remedy = "Enable the link, or change its schedule, expiry or number of clicks."
    return Check("primary_link", Status.FAIL, f"The primary link {slug} is not open: {shut}", facts, remedy)


def _why_shut(link: Link, at: int) -> str | None:
    if not link.enabled:
        return "it is disabled."
    try:
        check_open(link, at)
    except LinkNotFound:
        return f"it begins at {iso(link.scheduled_start_at or 0)}."
    except Problem as problem:
        return problem.detail
    if link.max_clicks is not None and link.used_clicks >= link.max_clicks:
        return used_up(link).detail
    return None


def ctx_life(of: Evidence) -> Check:
    life, window = of.campaign.ctx_ttl_seconds, of.campaign.attribution_window_days * DAY_SECONDS
    facts = {"n": 1, "ctxTtlSeconds": life, "attributionWindowSeconds": window}
    if life >= window:
        return Check("ctx_life", Status.PASS, "A ctx lives at least as long as the attribution window.", facts)
    title = f"A ctx lives {span(life * SECOND)}, the attribution window is {of.campaign.attribution_window_days} d."
    remedy = "Raise ctxTtlSeconds, or leave it out: later orders are refused as expired."
    return Check("ctx_life", Status.WARN, title, facts, remedy)
