"""What a plan reads back: funnel, health, results, one conversion, a ctx; without ids and times."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from funnelproof.plans.stage import Stage

Reading = Callable[[Stage, str | None], Awaitable[dict[str, Any]]]
COUNTS = (
    "clicks",
    "qualifiedClicks",
    "botClicks",
    "visitors",
    "converters",
    "refundedConverters",
    "conversions",
)


async def _funnel(stage: Stage, by: str | None) -> dict[str, Any]:
    """Of the run's own world, over all of its days."""
    zone = ZoneInfo(stage.target.time_zone)
    first, last = (datetime.fromisoformat(moment).astimezone(zone).date() for moment in (stage.began, stage.now))
    # What occurred before the run began, or is ahead of its clock, lies a day further at most.
    days = {"from": (first - timedelta(days=1)).isoformat(), "to": (last + timedelta(days=1)).isoformat()}
    path, campaign = f"/v2/handles/{stage.target.handle}/analytics", stage.target.campaign
    answer = await stage.read(path, campaignId=campaign, groupBy=by or "variant", **days)
    if not answer.is_good:
        return answer.refusal
    rows = {_row_name(row["key"], by): _figures(row, stage.target.currency) for row in answer.body["rows"]}
    return {**answer.refusal, **_figures(answer.body["totals"], stage.target.currency), "rows": rows}


def _row_name(key: str, by: str | None) -> str:
    return date.fromisoformat(key).isoformat() if by == "day" else key


def _figures(row: Mapping[str, Any], currency: str) -> dict[str, Any]:
    revenue = {own["currency"]: {"gross": own["gross"], "net": own["net"]} for own in row["revenue"]}
    own = revenue.get(currency, {})
    money = {"gross": own.get("gross", "0"), "net": own.get("net", "0"), "revenue": revenue}
    return {name: row[name] for name in COUNTS if name in row} | money


async def _health(stage: Stage, _: str | None) -> dict[str, Any]:
    answer = await stage.read(f"{stage.target.base}/health")
    if not answer.is_good:
        return answer.refusal
    checks = {check["id"]: check["status"] for check in answer.body["checks"]}
    return {**answer.refusal, "light": answer.body["status"], "checks": checks}


async def _results(stage: Stage, _: str | None) -> dict[str, Any]:
    answer = await stage.read(f"{stage.target.base}/results")
    if not answer.is_good:
        return answer.refusal
    told = answer.body
    variants = {
        own["variantId"]: {name: own[name] for name in ("visitors", "converters", "conversions")}
        for own in told["variants"]
    }
    return {
        **answer.refusal,
        "verdict": told["verdict"]["code"],
        "variants": variants,
        "excluded": dict(told["excluded"]),
        "epoch": told["epoch"],
        "split": told["sampleRatio"]["status"],
    }


async def _conversion(stage: Stage, key: str | None) -> dict[str, Any]:
    """By its key; the last one unless named."""
    id_ = stage.first_ids.get(key or stage.last_key)
    if id_ is None:
        return {"status": 404, "error": "not_found", "reason": "nothing was recorded under this key"}
    answer = await stage.wire.api("GET", f"/v2/handles/{stage.target.handle}/conversions/{id_}")
    if not answer.is_good:
        return answer.refusal
    told = answer.body
    named = {"campaign": "campaignId", "variant": "variantId", "event": "eventType"}
    seen = {name: told.get(member) for name, member in named.items()}
    seen |= {name: told.get(name) for name in ("disposition", "value", "currency", "mode", "inTest")}
    return {**answer.refusal, "answer": told.get("status"), **seen, "why": [step["step"] for step in told["why"]]}


async def _ctx(stage: Stage, visitor: str | None) -> dict[str, Any]:
    answer = await stage.read_ctx(stage.ctx_of(visitor))
    told = answer.body
    named = {"variant": "variantId", "campaign": "campaignId"}
    seen = {name: told.get(member) for name, member in named.items()}
    return {
        **answer.refusal,
        "usable": told.get("usable"),
        "mode": told.get("mode"),
        "cohort": told.get("cohort"),
        **seen,
    }


READINGS: dict[str, Reading] = {
    "funnel": _funnel,
    "health": _health,
    "results": _results,
    "conversion": _conversion,
    "ctx": _ctx,
}
