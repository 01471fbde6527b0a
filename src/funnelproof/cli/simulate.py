"""`funnelproof simulate`: a seeded population into a run of a server, and what it reports of it."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funnelproof.cli.home import JsonOption
from funnelproof.cli.refusal import Refused
from funnelproof.cli.server import token_of

if TYPE_CHECKING:
    from funnelproof.simulation.population import Step
    from funnelproof.simulation.simulate import Asked, Summary

PATIENCE_SECONDS = 60.0
MOST_VISITORS, MOST_DAYS = 200_000, 365
SEED = r"^[A-Za-z0-9_.:-]{1,48}$"


def simulate(
    campaign: Annotated[str, typer.Option(help="The campaign.")],
    url: Annotated[str, typer.Option(help="Address of the server.")],
    token: Annotated[str, typer.Option(help="A token with campaigns.*, analytics.read; - reads standard input.")],
    rate: Annotated[str, typer.Option(help="How many of its visitors buy, by variant: A=0.04,B=0.05")],
    handle: Annotated[str | None, typer.Option(help="The handle, if the token opens several.")] = None,
    visitors: Annotated[int, typer.Option(min=1, max=MOST_VISITORS, help="How many people come.")] = 10_000,
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="Over how many days of the run's clock.")] = 14,
    seed: Annotated[str, typer.Option(help="Decides who comes, when, and who buys.")] = "funnelproof",
    dump: Annotated[
        Path | None, typer.Option(help="Write all that is sent as NDJSON; one seed, the same bytes.")
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Into LIVE figures, where the installation allows it. Cannot be undone.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Send a seeded population into a run of its own, in test mode. 0: reported as meant; 1: something differs."""
    from funnelproof.simulation.simulate import Asked

    _check(url, seed, dump)
    asked = Asked(campaign, handle, visitors, days, seed, _rates(rate))
    summary = _run(asked, url.rstrip("/"), token_of(token, "campaigns.*"), dump, quiet=as_json, live=live)
    if as_json:
        typer.echo(json.dumps(_as_object(summary, visitors)))
    else:
        _show(summary, visitors)
    raise typer.Exit(1 if summary.differing else 0)


def _check(url: str, seed: str, dump: Path | None) -> None:
    import re

    if not url.startswith(("http://", "https://")):
        raise Refused("usage", "--url is the server's address, such as http://127.0.0.1:8080.")
    if not re.fullmatch(SEED, seed):
        raise Refused("usage", "--seed has 1 to 48 letters, digits, and _ . : -")
    if dump is not None and (dump.is_dir() or not dump.absolute().parent.is_dir()):
        raise Refused("no_folder", f"--dump: {dump} cannot be written; name a file in a folder that exists.")


def _rates(text: str) -> dict[str, float]:
    rates: dict[str, float] = {}
    for part in text.split(","):
        name, _, told = part.strip().partition("=")
        try:
            rate = float(told)
        except ValueError:
            rate = -1.0
        if not name or not 0 <= rate <= 1:
            raise Refused(
                "usage", f"--rate: {part.strip()!r} is not understood; write A=0.04,B=0.05 with rates from 0 to 1."
            )
        rates[name] = rate
    return rates


def _run(asked: "Asked", url: str, token: str, dump: Path | None, *, quiet: bool, live: bool) -> "Summary":
    import httpx2

    from funnelproof.cli.bar import bar
    from funnelproof.plans.faults import UnusableServer
    from funnelproof.simulation.live import simulate_live
    from funnelproof.simulation.population import as_lines
    from funnelproof.simulation.simulate import simulate

    def keep(steps: "list[Step]") -> None:
        if dump is not None:
            dump.write_text(as_lines(steps), encoding="utf-8")

    async def performed() -> "Summary":
        async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS) as http:
            with bar(quiet=quiet) as start:
                return await (simulate_live if live else simulate)(http, token, asked, start=start, dump=keep)

    try:
        return asyncio.run(performed())
    except UnusableServer as error:
        request = f" (request {error.request_id})" if error.request_id else ""
        raise Refused(error.code, f"{error}{request}") from None


def _as_object(summary: "Summary", visitors: int) -> dict[str, Any]:
    figures = {
        side: {variant: {**asdict(own), "revenue": str(own.revenue)} for variant, own in getattr(summary, side).items()}
        for side in ("meant", "reported")
    }
    return {
        "runId": summary.run_id,
        "seed": summary.seed,
        "requests": summary.requests,
        "visitorsPerSecond": round(visitors / summary.seconds, 1),
        **figures,
        "differing": [{"variantId": variant, "figure": name} for variant, name in summary.differing],
    }


def _show(summary: "Summary", visitors: int) -> None:
    from rich.text import Text

    from funnelproof.cli.table import show, table
    from funnelproof.simulation.simulate import NAMES

    rows = []
    for variant in summary.meant:
        for name in NAMES:
            style = "bold red" if (variant, name) in summary.differing else ""
            sides = (summary.meant, summary.reported)
            cells = [variant, name, *(str(getattr(side[variant], name)) for side in sides)]
            rows.append([Text(cell, style=style) for cell in cells])
    show(table("What was meant, and what is reported", ("variant", "figure", "meant", "reported"), rows, figures=2))
    pace = f"{visitors / summary.seconds:.0f} visitors a second"
    where = "live figures" if summary.run_id == "live" else f"run {summary.run_id}"
    typer.echo(f"{where}, seed {summary.seed}: {summary.requests} requests, {pace}")
    for variant, name in summary.differing:
        typer.echo(f"Differs: {name} of {variant}.", err=True)
