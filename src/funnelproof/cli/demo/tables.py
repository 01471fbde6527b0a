"""What the demo prints at its end: health, funnel by variant, receipt by variant, where to go on."""

import sys
from typing import Any

from rich.table import Table

from funnelproof.cli.demo.story import CAMPAIGN, HANDLE, SLUG, Outcome
from funnelproof.cli.table import show, table

MARKS = {"PASS": "✓ PASS", "WARN": "▲ WARN", "FAIL": "✗ FAIL", "UNKNOWN": "? UNKNOWN", "SKIPPED": "– SKIPPED"}


def show_all(outcome: Outcome) -> None:
    show(_health(outcome.health), _funnel(outcome.analytics), _receipt(outcome.receipt))


def where_to_go_on(outcome: Outcome, address: str, email: str, password: str) -> str:
    """True as long as the server serves."""
    campaign = f"{address}/v2/handles/{HANDLE}/campaigns/{CAMPAIGN}"
    bearer = f"-H 'Authorization: Bearer {outcome.token}'"
    command = sys.argv[0] if sys.argv[0].endswith("funnelproof") else f"{sys.executable} -m funnelproof"
    query = "utm_source=mail&utm_medium=email&utm_campaign=spring"
    lines = (
        f"Dashboard   {address}/app",
        f"Login       {email}  {password}\n",
        f"curl -sI -X GET -A Mozilla/5.0 '{address}/{HANDLE}/{SLUG}?{query}'",
        f"curl -s {bearer} {campaign}/health",
        f"curl -s -X POST {bearer} {campaign}/test-conversion\n",
        "The same as a test for CI (more of them: funnelproof prove --list-ready):",
        f"{command} prove --ready new-buyer-funnel --url {address} --token {outcome.token}",
    )
    return "\n".join(lines)


def _health(health: dict[str, Any]) -> Table:
    rows = [(MARKS[check["status"]], check["id"], _what(check)) for check in health["checks"]]
    title = f"Health of {CAMPAIGN}: {health['status']}, {health['score']} of 100"
    return table(title, ("", "check", "what was found"), rows)


def _what(check: dict[str, Any]) -> str:
    """The remedy where there is something to do, else the title."""
    return str(check["title"] if check["status"] == "PASS" else check["remedy"] or check["title"])


def _funnel(analytics: dict[str, Any]) -> Table:
    named = [(row["key"], row) for row in analytics["rows"]]
    rows = [_figures(name, row) for name, row in [*named, ("together", analytics["totals"])]]
    columns = ("variant", "clicks", "by people", "visitors", "buyers", "orders", "revenue")
    return table("Funnel by variant", columns, rows, figures=6)


def _figures(name: str, row: dict[str, Any]) -> tuple[str, ...]:
    counts = (row[key] for key in ("clicks", "qualifiedClicks", "visitors", "converters", "conversions"))
    revenue = ", ".join(f"{money['net']} {money['currency']}" for money in row["revenue"])
    return (name, *map(str, counts), revenue)


def _receipt(receipt: dict[str, Any]) -> Table:
    variants = receipt["variants"]
    rows = [
        (step["id"], *(_step(variant["steps"][at]) for variant in variants))
        for at, step in enumerate(variants[0]["steps"])
    ]
    columns = ("step", *(f"variant {variant['variantId']}: {variant['verdict']}" for variant in variants))
    title = f"Receipt of the test conversion: {receipt['verdict']}, fingerprint {receipt['fingerprint'][:12]}"
    return table(title, columns, rows)


def _step(step: dict[str, Any]) -> str:
    return f"{MARKS[step['status']]:<10} {step['ms']:6.1f} ms"
