"""The command `funnelproof`: the list of its commands, and what happens when one of them is refused."""

import sys
from typing import Annotated

import typer

from funnelproof import __version__
from funnelproof.cli import (
    archive,
    audit,
    backup,
    db,
    export,
    init,
    keys,
    openapi,
    recount,
    replay,
    restore,
    serve,
    settings,
    simulate,
    size,
    snippet,
    stats,
    tags,
    token,
    walk,
)
from funnelproof.cli.demo.command import demo
from funnelproof.cli.doctor.command import doctor
from funnelproof.cli.health.command import health
from funnelproof.cli.prove.command import prove

EPILOG = "Settings come from FUNNELPROOF_… variables: `funnelproof settings` lists them. Every command takes --help."
REFUSED = 2

app = typer.Typer(
    name="funnelproof",
    help="Prove your funnel before you pay for traffic.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("init")(init.init)
app.add_typer(token.app, name="token")
app.command("serve")(serve.serve)
app.command("demo")(demo)
app.command("prove")(prove)
app.command("replay")(replay.replay)
app.command("walk")(walk.walk)
app.command("simulate")(simulate.simulate)
app.command("recount")(recount.recount)
app.command("backup")(backup.backup)
app.command("restore")(restore.restore)
app.command("archive")(archive.archive)
app.command("export")(export.export)
app.add_typer(audit.app, name="audit")
app.add_typer(keys.app, name="keys")
app.add_typer(db.app, name="db")
app.command("settings")(settings.settings)
app.command("openapi")(openapi.openapi)
app.command("snippet")(snippet.snippet)
app.command("doctor")(doctor)
app.command("health")(health)
app.add_typer(tags.app, name="tags")
app.add_typer(stats.app, name="stats")
app.command("size")(size.size)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"funnelproof {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Prove your funnel before you pay for traffic."""


def run() -> None:
    """A refusal prints its sentence and ends with 2; what nobody foresaw shows its traceback.

    With --json our own object takes the place of the box in which typer tells that a command was not well formed. The
    --json of `prove` names a report, which holds its refusal already.
    """
    words = sys.argv[1:]
    as_json = "--json" in words and words[0] != "prove"
    try:
        ended = app(standalone_mode=not as_json)
    except Exception as error:
        from funnelproof.cli.refusal import explain, say

        refusal = explain(error)
        if refusal is None:
            raise
        say(refusal, as_json=as_json)
        sys.exit(REFUSED)
    sys.exit(ended if isinstance(ended, int) else 0)
