"""The steps of a test conversion as comparisons: what is expected, what was seen. Pure."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from funnelproof.links.ctx import Ctx
from funnelproof.proofs.probe import Seen
from funnelproof.proofs.receipt import Step, StepStatus


def compared(id_: str, expected: Any, observed: Any, **evidence: Any) -> Step:
    status = StepStatus.PASS if observed == expected else StepStatus.FAIL
    return Step(id_, status, expected, observed, evidence)


def skipped(id_: str, why: str) -> Step:
    return Step(id_, StepStatus.SKIPPED, None, why)


def link_resolves(seen: Seen, destination: str, set_aside: Mapping[str, Any]) -> Step:
    """The link is open at the run's clock and leads to the variant's destination (compared without its query)."""
    expected = {"answers": "leads on", "destination": place_of(destination)}
    if not seen.location:
        return compared("link_resolves", expected, refused(seen), requestId=seen.body.get("requestId"))
    observed = {"answers": "leads on", "destination": place_of(seen.location)}
    return compared("link_resolves", expected, observed, status=seen.status, **set_aside)


def click_recorded(click: Mapping[str, Any] | None, *, variant: int, variant_id: str, tags: Mapping[str, str]) -> Step:
    expected = {"variantId": variant_id, "tags": dict(sorted(tags.items()))}
    if click is None:
        return compared("click_recorded", expected, "no click was recorded")
    observed_id = variant_id if click["variant"] == variant else f"variant number {click['variant']}"
    observed = {"variantId": observed_id, "tags": dict(sorted((click["tags"] or {}).items()))}
    return compared("click_recorded", expected, observed, clickId=click["click_id"])


def ctx_minted(ctx: Ctx | None, why_not: str | None, *, handle: str, campaign_id: str) -> Step:
    expected = {"mode": "test", "handle": handle, "campaignId": campaign_id, "signature": "holds"}
    if ctx is None:
        return compared("ctx_minted", expected, why_not)
    observed = {"mode": ctx.mode.value, "handle": ctx.handle, "campaignId": ctx.campaign, "signature": "holds"}
    return compared("ctx_minted", expected, observed)


def ctx_fresh(ctx: Ctx, window_seconds: int) -> Step:
    """A ctx must live at least as long as a conversion of its click may count."""
    expected = {"livesAtLeastSeconds": window_seconds}
    status = StepStatus.PASS if ctx.ttl_seconds >= window_seconds else StepStatus.FAIL
    return Step("ctx_fresh", status, expected, {"livesSeconds": ctx.ttl_seconds})


def conversion_recorded(seen: Seen, expected: Mapping[str, Any]) -> Step:
    whole = {"status": 201, "mode": "test", "disposition": "COUNTED", **expected}
    names = ("mode", "disposition", *expected)
    observed = (
        {"status": seen.status, **{name: seen.body.get(name) for name in names}}
        if seen.status == 201
        else refused(seen)
    )
    return compared(
        "conversion_recorded",
        whole,
        observed,
        conversionId=seen.body.get("conversionId"),
        reason=seen.body.get("reason"),
    )


def replay_deduplicated(seen: Seen, first: Seen) -> Step:
    expected = {"status": 200, "answer": "DUPLICATE", "conversion": "the same"}
    if seen.status not in (200, 201):
        return compared("replay_deduplicated", expected, refused(seen))
    same = "the same" if seen.body.get("conversionId") == first.body.get("conversionId") else "another"
    observed = {"status": seen.status, "answer": seen.body.get("status"), "conversion": same}
    return compared("replay_deduplicated", expected, observed, conversionId=seen.body.get("conversionId"))


def refusal(id_: str, seen: Seen, expected: Mapping[str, Any]) -> Step:
    """A request that must be refused: with which status, error, and reason or differing fields."""
    observed = {"status": seen.status, **{name: seen.body.get(name) for name in expected if name != "status"}}
    return compared(id_, dict(expected), observed, detail=seen.body.get("detail"))


def attributed(row: Any, *, click_id: str, slug: str, variant: int) -> Step:
    expected = {"click": "its own", "slug": slug, "variant": variant}
    if row is None:
        return compared("attributed", expected, "the conversion cannot be read back")
    observed = {"click": "its own" if row.click_id == click_id else "another", "slug": row.slug, "variant": row.variant}
    return compared("attributed", expected, observed, clickId=row.click_id)


def live_untouched(*, live_rows: int, own_only: bool) -> Step:
    expected = {"liveRowsOfThisRun": 0, "countersMovedIn": "its own world only"}
    own = "its own world only" if own_only else "other worlds too"
    return compared("live_untouched", expected, {"liveRowsOfThisRun": live_rows, "countersMovedIn": own})


def refused(seen: Seen) -> dict[str, Any]:
    return {"status": seen.status, "error": seen.body.get("error"), "detail": seen.body.get("detail")}


def place_of(address: str) -> str:
    """An address without query and fragment."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
