"""`funnelproof size`: how many visitors and days a test needs, before it is begun."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funnelproof.cli.home import JsonOption

if TYPE_CHECKING:
    from funnelproof.results.outlook import Outlook

BAR = 36
FULL_RAMP = 100


def size(
    baseline: Annotated[float, typer.Option(help="Share of visitors who convert now: 0.04 for 4 of 100.")],
    lift: Annotated[float, typer.Option(help="The smallest change worth finding: 0.1 for 10 % more.")],
    daily_visitors: Annotated[
        float | None, typer.Option(min=0.001, max=1e9, help="Visitors a day, all variants together.")
    ] = None,
    variants: Annotated[int, typer.Option(min=2, max=10, help="Variants, the control among them, shared evenly.")] = 2,
    ramp: Annotated[int, typer.Option(min=1, max=100, help="Percent of the visitors who are in the test.")] = 100,
    svg: Annotated[Path | None, typer.Option(help="Write power against days into this SVG file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Visitors in each variant for a verdict that may be read at any time, and the days that takes."""
    from funnelproof.results.outlook import outlook
    from funnelproof.results.picture import power_picture

    shares = [ramp / FULL_RAMP / variants] * variants
    found = outlook(baseline, lift, daily_visitors=daily_visitors, shares=shares)
    if svg is not None:
        svg.write_text(power_picture(found), "utf-8")
    if as_json:
        typer.echo(json.dumps(_as_object(found)))
    else:
        _show(found)


def _as_object(found: "Outlook") -> dict[str, object]:
    return {
        "baseline": found.baseline,
        "lift": found.lift,
        "visitorsPerVariant": found.per_arm,
        "visitorsPerVariantForOneLook": found.fixed_per_arm,
        "dailyVisitors": found.daily_visitors,
        "days": found.days,
        "curve": [{"day": p.day, "visitorsPerVariant": p.visitors, "power": round(p.power, 4)} for p in found.curve],
        "sentence": found.sentence,
    }


def _show(found: "Outlook") -> None:
    from funnelproof.cli.table import show, table
    from funnelproof.results.words import grouped

    typer.echo(found.sentence)
    typer.echo(f"A test that is read only once, at its end, would need {grouped(found.fixed_per_arm)}.")
    if not found.curve:
        typer.echo("Add --daily-visitors to see the days.")
        return
    rows = [
        (_bar(own.power), grouped(own.day), grouped(own.visitors), f"{100 * own.power:.0f} %") for own in found.curve
    ]
    show(
        table(
            "How likely a look at the end of that day finds the change",
            ("", "day", "in each", "found"),
            rows,
            figures=3,
        )
    )


def _bar(power: float) -> str:
    full = round(BAR * power)
    return "█" * full + "·" * (BAR - full)
