"""What arrives: tags, clicks, ctx, bots, and whether it is stored."""

from statistics import median

from funnelproof.clock import HOUR, MINUTE, SECOND, iso, iso_or_none, span
from funnelproof.health.check import Check, Freshness, FreshnessStatus, Status
from funnelproof.health.checks.shares import Limits, judge
from funnelproof.health.checks.words import many, percent
from funnelproof.health.evidence import Day, Evidence, Facts, LastClick

TAGS = Limits(warn_per_mille=50, fail_per_mille=200)
ANY = Limits(warn_per_mille=0)
SILENT_HOURS = 0.5
TOO_UNLIKELY = 1e-4
BOT_DAYS_NEEDED, BOT_DAYS, BOT_CLICKS_NEEDED = 7, 14, 200
SLA_MINUTES = 1


def traffic_tags(of: Evidence) -> Check | None:
    if not of.campaign.required_tags:
        return None
    qualified, tagged = of.lately.by_name("qualified"), of.lately.by_name("tagged")
    n = sum(qualified.values())
    lacking = {slug: amount - tagged.get(slug, 0) for slug, amount in qualified.items() if tagged.get(slug, 0) < amount}
    bad = sum(lacking.values())
    missing = _missing_tags(of)
    facts: Facts = {
        "n": n,
        "withAllTags": n - bad,
        "required": list(of.campaign.required_tags),
        "links": [
            {"slug": slug, "clicks": qualified[slug], "withoutAllTags": lacking[slug], "missing": missing.get(slug, {})}
            for slug in sorted(lacking, key=lambda slug: (-lacking[slug], slug))[:10]
        ],
    }
    status = judge(bad, n, TAGS)
    if status is Status.UNKNOWN:
        remedy = "Click the link with its tags, or wait for traffic."
        return Check("traffic_tags", status, "No clicks by people in the last 24 h, so no tags to see.", facts, remedy)
    if status is Status.PASS:
        return Check(
            "traffic_tags", status, f"{percent(n - bad, n)} of {many(n, 'click')} carry all required tags.", facts
        )
    names = sorted({tag for tags in missing.values() for tag in tags})
    title = f"{percent(bad, n)} of {many(n, 'click')} lack {', '.join(names)}, on {many(len(lacking), 'link')}."
    remedy = "Add the tags to the addresses in your ads and mails, or set them once in the link's `tracking`."
    return Check("traffic_tags", status, title, facts, remedy)


def _missing_tags(of: Evidence) -> dict[str, dict[str, int]]:
    """By slug, how often each tag was missing."""
    found: dict[str, dict[str, int]] = {}
    for name, amount in of.lately.by_name("missing_tag").items():
        slug, _, tag = name.partition(" ")
        found.setdefault(slug, {})[tag] = amount
    return found


def clicks(of: Evidence) -> Check:
    last = of.last_click
    if last is None:
        facts: Facts = {"n": 0}
        return Check("clicks", Status.UNKNOWN, "No click yet.", facts, "Click the link once, or start the traffic.")
    hours = max(0, of.at - last.at) / HOUR
    base, before, chance = silence(last, hours)
    facts = {
        "n": before,
        "lastClickBefore": iso(min(last.at, of.at)),
        "silentHours": round(hours, 2),
        "hoursBefore": base,
        "clicksBefore": before,
        "chance": chance,
        "byPeopleInTheLast24Hours": of.lately.total("qualified"),
        "inTheLast24Hours": of.lately.total("clicks"),
    }
    if hours >= SILENT_HOURS and chance < TOO_UNLIKELY:
        title = f"No click for {span(of.at - last.at)}; {before} came in the {base} h before."
        remedy = "Check that the ads still run and lead to the link, and that the link opens."
        return Check("clicks", Status.WARN, title, facts, remedy)
    return Check("clicks", Status.PASS, f"Clicks arrive: {before} in the {base} h up to the last.", facts)


def silence(last: LastClick, hours: float) -> tuple[int, int, float]:
    """(b, c, chance) of so long a silence: (b/(b+T))^(c+½), with the slower of the 24 and the 6 hours before."""
    stretches = [(24, last.in_24_hours), *([] if last.in_6_hours is None else [(6, last.in_6_hours)])]
    base, count = min(stretches, key=lambda pair: pair[1] / pair[0])
    return base, count, (base / (base + hours)) ** (max(0, count) + 0.5)


def ctx_minted(of: Evidence) -> Check | None:
    if of.link is not None and not of.link.append_ctx:
        return None
    qualified, with_ctx = of.lately.by_name("qualified"), of.lately.by_name("with_ctx")
    counted = {slug: amount for slug, amount in qualified.items() if slug not in of.links_without_ctx}
    lacking = {slug: amount - with_ctx.get(slug, 0) for slug, amount in counted.items()}
    lacking = {slug: amount for slug, amount in lacking.items() if amount > 0}
    n, bad = sum(counted.values()), sum(lacking.values())
    facts: Facts = {
        "n": n,
        "withoutCtx": bad,
        "links": dict(sorted(lacking.items(), key=lambda pair: (-pair[1], pair[0]))[:10]),
        "linksWithoutCtxByChoice": sorted(of.links_without_ctx)[:10],
    }
    status = judge(bad, n, ANY)
    if status is Status.UNKNOWN:
        return Check("ctx_minted", status, "No click by people in the last 24 h.", facts, "Click the link once.")
    if status is Status.PASS:
        return Check("ctx_minted", status, f"All of {many(n, 'click')} in the last 24 h carried a ctx.", facts)
    title = f"{bad} of {many(n, 'click')} in the last 24 h carried no ctx: their orders cannot be attributed."
    remedy = "Keep `appendContextParam` on; clicks from before it was switched on leave this figure after 24 h."
    return Check("ctx_minted", status, title, facts, remedy)


def bots(of: Evidence) -> Check:
    """Today's share of bots against the 14 days before, in robust deviations."""
    today = next((day for day in of.days if day.day == of.today), None)
    before = [day for day in of.days if day.day < of.today][-BOT_DAYS:]
    shares = [_bot_share(day) for day in before if day.clicks > 0]
    clicked = today.clicks if today else 0
    facts: Facts = {"n": clicked, "bots": today.bot_clicks if today else 0, "days": len(shares)}
    if today is None or clicked < BOT_CLICKS_NEEDED or len(shares) < BOT_DAYS_NEEDED:
        title = f"Too little to compare: {many(clicked, 'click')} today, {many(len(shares), 'day')} before."
        return Check("bots", Status.UNKNOWN, title, facts)
    share, usual = _bot_share(today), median(shares)
    spread = median(abs(each - usual) for each in shares)
    deviations = (share - usual) / max(1.4826 * spread, 0.01)
    facts |= {"share": round(share, 4), "usual": round(usual, 4), "deviations": round(deviations, 2)}
    if deviations > 4 and round(share - usual, 9) >= 0.1:
        title = f"{share:.0%} of today's clicks are bots; {usual:.0%} are usual."
        return Check("bots", Status.WARN, title, facts, "Look at the sources of today's clicks; stop paying for bots.")
    return Check("bots", Status.PASS, f"{share:.0%} of today's clicks are bots, about as usual.", facts)


def _bot_share(day: Day) -> float:
    return min(1.0, max(0, day.bot_clicks) / day.clicks)


def freshness_of(of: Evidence) -> Freshness:
    """How far the newest stored event lies behind the newest accepted one."""
    if of.stored_at is None:
        return Freshness(FreshnessStatus.UNKNOWN, None, SLA_MINUTES)
    behind = (of.accepted_at or of.stored_at) - of.stored_at
    status = FreshnessStatus.FRESH if behind <= SLA_MINUTES * MINUTE else FreshnessStatus.STALE
    return Freshness(status, of.stored_at, SLA_MINUTES)


def freshness(of: Evidence) -> Check:
    fresh = freshness_of(of)
    facts: Facts = {
        "n": int(of.stored_at is not None),
        "newestStoredAt": iso_or_none(of.stored_at),
        "newestAcceptedAt": iso_or_none(of.accepted_at),
    }
    if of.stored_at is None:
        return Check("freshness", Status.UNKNOWN, "Nothing has been recorded in this handle yet.", facts)
    facts["secondsBehind"] = max(0, (of.accepted_at or of.stored_at) - of.stored_at) // SECOND
    if fresh.status is FreshnessStatus.STALE:
        title = f"Storing lags {span((of.accepted_at or 0) - of.stored_at)} behind what was accepted."
        return Check("freshness", Status.WARN, title, facts, "Look at /v2/system/health: storage or queue is slow.")
    return Check("freshness", Status.PASS, "Everything that was accepted is stored.", facts)
