"""`funnelproof backup`: one file with every row of one moment, made while the server goes on."""

import json
import signal
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funnelproof.cli.home import DataOption, JsonOption, check_exists
from funnelproof.cli.refusal import Refused

if TYPE_CHECKING:
    from funnelproof.backup.manifest import Manifest
    from funnelproof.settings import Settings

ENDED_BY_SIGTERM = 143
APART = "The secret is not in it: keep secret.key (or FUNNELPROOF_SECRET) elsewhere. Without it no key opens."
TOGETHER = (
    "WARNING: the secret is in this file. Whoever reads it can sign ctx and sessions as this installation does. "
    "Encrypt it, or keep it where nobody else comes."
)


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it, on any disk; mode 0600.", show_default=False)],
    force: Annotated[
        bool, typer.Option("--force", help="Replace a backup of this name, once this one is whole.")
    ] = False,
    with_secret: Annotated[
        bool, typer.Option("--with-secret", help="Put the secret into it. Then whoever has it can sign.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write every row of one moment into one SQLite file, whatever the engine, while the server goes on."""
    from funnelproof.settings import read_settings

    settings = read_settings(data=data)
    check_exists(settings)
    if not file.parent.is_dir():
        raise Refused("no_folder", f"There is no folder {file.parent}. Make it, or choose another one.")
    secret = _secret(settings) if with_secret else None
    end_as_if_interrupted()
    _say(file, _make(settings, file, secret=secret, force=force, quiet=as_json), as_json=as_json)


def end_as_if_interrupted() -> None:
    """SIGTERM leaves no half file behind either."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED_BY_SIGTERM))


def _make(settings: "Settings", file: Path, *, secret: str | None, force: bool, quiet: bool) -> "Manifest":
    from funnelproof.backup.make import make
    from funnelproof.backup.rows import row_count
    from funnelproof.cli.bar import bar
    from funnelproof.clock import SystemClock
    from funnelproof.storage.engines import engines_of

    with closing(engines_of(settings)) as engines, bar(quiet=quiet) as start:
        return make(
            engines,
            file,
            now=SystemClock().now(),
            begun=lambda source, tables: start("Writing", lambda: row_count(source, tables)),
            secret=secret,
            force=force,
        )


def _secret(settings: "Settings") -> str:
    from funnelproof.keys.seal import FILE, read_secret

    secret = settings.secret.get_secret_value() if settings.secret else read_secret(settings.data)
    if secret is None:
        raise Refused(
            "missing_secret", f"There is no {settings.data / FILE} and no FUNNELPROOF_SECRET to put into the backup."
        )
    return secret


def _say(file: Path, made: "Manifest", *, as_json: bool) -> None:
    size, rows = file.stat().st_size, sum(made.rows.values())
    if as_json:
        told = {"release": made.release, "schema": made.revision, "engine": made.engine, "madeAt": made.made_at}
        whole = {"file": str(file), "bytes": size, "withSecret": made.secret is not None, **told, "rows": made.rows}
        typer.echo(json.dumps(whole))
        return
    typer.echo(f"{rows} rows of {made.made_at} in {file} ({size / 2**20:.1f} MiB).")
    typer.echo(TOGETHER if made.secret else APART, err=True)
