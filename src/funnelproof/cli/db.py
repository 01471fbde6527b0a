"""`funnelproof db distribute`: the schema over the machines of a Citus cluster."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from funnelproof.cli.home import DataOption, JsonOption, opened_existing
from funnelproof.cli.refusal import Refused

if TYPE_CHECKING:
    from funnelproof.storage.distribute import Plan

app = typer.Typer(help="The database and where its tables lie.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The database and where its tables lie."""


@app.command()
def distribute(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the statements, change nothing.")] = False,
    shards: Annotated[int, typer.Option(min=1, max=4096, help="Into how many shards handles are cut.")] = 32,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Distribute the tables of tenants by handle over a Citus cluster, and lay the others on every machine.

    All or nothing, in one transaction. Stop serving first: rows are moved. What lies where it belongs stays there.
    """
    from funnelproof.storage.distribute import NotDistributable
    from funnelproof.storage.distribute import distribute as lay_out

    with opened_existing(data) as home:
        try:
            plan = lay_out(home.database.engines, shards=shards, dry_run=dry_run)
        except NotDistributable as problem:
            raise Refused(problem.code, str(problem)) from None
    if as_json:
        typer.echo(json.dumps(_as_object(plan, dry_run=dry_run)))
    else:
        _say(plan, dry_run=dry_run)


def _as_object(plan: "Plan", *, dry_run: bool) -> dict[str, object]:
    placed = {name: placement.value for name, placement in plan.placed.items()}
    return {"changed": bool(plan.statements) and not dry_run, "statements": plan.statements, "tables": placed}


def _say(plan: "Plan", *, dry_run: bool) -> None:
    if not plan.statements:
        typer.echo("Distributed already: every table lies where it belongs. Nothing was changed.")
        return
    for statement in plan.statements:
        typer.echo(f"{statement};")
    typer.echo("Nothing was changed." if dry_run else "Done.", err=True)
