"""The command itself: which plan, which server, which reports, which exit status."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funnelproof.cli.refusal import Refused
from funnelproof.cli.server import address_of, token_of

if TYPE_CHECKING:
    from funnelproof.plans.faults import UnusablePlan, UnusableServer
    from funnelproof.plans.outcome import Outcome
    from funnelproof.plans.read import Script
    from funnelproof.plans.run import Watch

STANDARD = "-"
PATIENCE_SECONDS = 30.0

Report = Path | None


def prove(
    plan: Annotated[Path | None, typer.Argument(help="The plan, a YAML file.", show_default=False)] = None,
    url: Annotated[str, typer.Option(help="Address of the server.", show_default=False)] = "",
    token: Annotated[
        str, typer.Option(help="A token with campaigns.test and what the plan reads; - reads it from standard input.")
    ] = "",
    ready: Annotated[str | None, typer.Option(help="Run a ready-made plan by its name instead of a file.")] = None,
    list_ready: Annotated[bool, typer.Option("--list-ready", help="List the ready-made plans.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of plans, for editors.")] = False,
    campaign: Annotated[str | None, typer.Option(help="The campaign, in place of the plan's.")] = None,
    handle: Annotated[str | None, typer.Option(help="The handle, in place of the plan's or the token's.")] = None,
    seed: Annotated[str | None, typer.Option(help="The seed, in place of the plan's.")] = None,
    links_url: Annotated[str, typer.Option(help="Where links live, if not at --url.")] = "",
    junit: Annotated[Report, typer.Option(help="Write JUnit XML, for CI.")] = None,
    html: Annotated[Report, typer.Option(help="Write a report for people, one HTML file.")] = None,
    as_json: Annotated[
        Report, typer.Option("--json", help="Write JSON, to run it again; - for standard output.")
    ] = None,
) -> None:
    """Run a plan against a server. 0: all as expected; 1: something was not; 2: plan or server cannot be used."""
    if schema or list_ready:
        _print_about(schema=schema)
        return
    reports = {"junit": junit, "html": html, "json": as_json}
    _check_reports(reports)
    options = {"handle": handle, "campaign": campaign, "seed": seed}
    script = _script(plan, ready, options, reports)
    server = _Server(address_of(url), token_of(token), links_url)
    outcome = _run(script, server, reports)
    _write(outcome, reports)
    if outcome.error is not None:
        typer.echo(f"Error: {outcome.error}", err=True)
    raise typer.Exit(outcome.exit_status)


class _Server:
    """Where and as whom the plan is run."""

    def __init__(self, url: str, token: str, links_url: str) -> None:
        self.url, self.token, self.links_url = url, token, links_url


def _print_about(*, schema: bool) -> None:
    from funnelproof.plans import ready
    from funnelproof.plans.schema import plan_schema

    if schema:
        typer.echo(json.dumps(plan_schema(), indent=2))
        return
    for name, script in ready.all_ready():
        typer.echo(f"{name:<22} {script.plan.plan}")


def _check_reports(reports: dict[str, Report]) -> None:
    """Before anything runs: a report that cannot be written would lose the run."""
    for name, file in reports.items():
        if file is not None and str(file) != STANDARD and (file.is_dir() or not file.absolute().parent.is_dir()):
            raise Refused("no_folder", f"--{name}: {file} cannot be written; name a file in a folder that exists.")


def _script(
    plan: Path | None, ready: str | None, options: dict[str, str | None], reports: dict[str, Report]
) -> "Script":
    from funnelproof.plans import ready as shipped
    from funnelproof.plans.faults import UnusablePlan, UnusableServer
    from funnelproof.plans.read import read_file
    from funnelproof.plans.target import with_options

    if (plan is None) == (ready is None):
        raise Refused("usage", "Name one plan: a YAML file, or --ready NAME. --list-ready tells which there are.")
    try:
        script = shipped.script_of(ready) if ready is not None else read_file(plan or Path())
        return with_options(script, **options)
    except UnusablePlan as error:
        raise _unusable(error, None, str(plan or ready), reports) from None
    except UnusableServer as error:
        raise Refused(error.code, str(error)) from None


def _run(script: "Script", server: _Server, reports: dict[str, Report]) -> "Outcome":
    from funnelproof.cli.prove.show import Show
    from funnelproof.plans.faults import UnusablePlan, UnusableServer

    quiet = any(str(file) == STANDARD for file in reports.values())
    try:
        with Show(script.plan.plan, len(script.plan.scenes), quiet=quiet) as show:
            outcome = asyncio.run(_performed(script, server, show.scene))
        show.end(outcome)
    except (UnusablePlan, UnusableServer) as error:
        raise _unusable(error, script, script.source.file, reports) from None
    return outcome


async def _performed(script: "Script", server: _Server, watch: "Watch") -> "Outcome":
    import httpx2

    from funnelproof.plans.run import run_plan

    async with httpx2.AsyncClient(base_url=server.url, timeout=PATIENCE_SECONDS) as http:
        return await run_plan(script, http, token=server.token, links_url=server.links_url, watch=watch)


def _unusable(
    error: "UnusablePlan | UnusableServer", script: "Script | None", file: str, reports: dict[str, Report]
) -> Refused:
    """The reports tell it too, so that CI shows why nothing ran."""
    from funnelproof.plans.run import nothing_ran

    code = getattr(error, "code", "unusable_plan")
    _write(nothing_ran(script, file, code, str(error)), reports)
    return Refused(code, str(error))


def _write(outcome: "Outcome", reports: dict[str, Report]) -> None:
    from funnelproof.plans.reports.junit import junit_of
    from funnelproof.plans.reports.page import page_of
    from funnelproof.plans.reports.repro import json_of

    for name, made in (("junit", junit_of), ("html", page_of), ("json", json_of)):
        file = reports[name]
        if file is not None and str(file) == STANDARD:
            typer.echo(made(outcome), nl=False)
        elif file is not None:
            file.write_text(made(outcome), encoding="utf-8")
