"""`funnelproof audit verify`: whether anybody has touched the audit."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from funnelproof.cli.home import DataOption, JsonOption, opened_existing

app = typer.Typer(help="The audit: every write, chained by hash.", no_args_is_help=True)


@app.callback()
def audit() -> None:
    """The audit: every write, chained by hash."""


@app.command("verify")
def verify(
    handle: Annotated[str | None, typer.Option(help="Only this handle's chain.")] = None,
    head: Annotated[
        str | None, typer.Option(help="A hash that was noted before: the handle's chain must hold it.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read every chain from its beginning. 1 if a line was changed, moved or taken out."""
    from funnelproof.audit import chain
    from funnelproof.handles import store as handles
    from funnelproof.storage.database import Transaction

    def names(tx: Transaction) -> list[str]:
        found, name = [""], ""
        while row := handles.after(tx, name):
            name = row["handle"]
            found.append(name)
        return found

    with opened_existing(data) as home:
        wanted = [handle] if handle is not None else home.database.read_now(names)
        found = home.database.read_now(lambda tx: [chain.verify(tx, name, head) for name in wanted])
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found]))
    else:
        for one in found:
            where = one.handle or "the installation"
            typer.echo(f"{'✗' if one.faults else '✓'} {where}: {one.lines} lines, head {one.head}")
            for fault in one.faults:
                typer.echo(f"    {fault}", err=True)
    raise typer.Exit(1 if any(one.faults for one in found) else 0)
