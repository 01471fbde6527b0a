"""`funnelproof restore`: an installation once more, from a backup, in a place that has none."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funnelproof.cli.backup import end_as_if_interrupted
from funnelproof.cli.home import DataOption, JsonOption
from funnelproof.cli.refusal import Refused

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from funnelproof.backup.check import Backup
    from funnelproof.settings import Settings

DIFFERENT = 1


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `funnelproof backup` made.", show_default=False)],
    check: Annotated[
        bool, typer.Option("--check", help="Recount the copy afterwards; 1 if a counter differs.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read a backup into an empty folder, or into the empty database that FUNNELPROOF_DATABASE_URL names.

    The file is checked first; what is restored is there whole or not at all. Nothing is ever restored over an
    installation.
    """
    from funnelproof.settings import read_settings

    settings = read_settings(data=data)
    if not file.is_file():
        raise Refused("no_file", f"There is no file {file}.")
    end_as_if_interrupted()
    told = _restore(settings, file, quiet=as_json)
    counted = _recount(settings) if check else None
    if as_json:
        typer.echo(json.dumps(told | ({"recount": counted} if counted else {})))
    else:
        _say(settings, told, counted)
    if counted and counted["different"]:
        raise typer.Exit(DIFFERENT)


def _restore(settings: "Settings", file: Path, *, quiet: bool) -> dict[str, Any]:
    from funnelproof.backup import check
    from funnelproof.backup.restore import restore as restore_rows
    from funnelproof.cli.bar import bar

    with check.opened(file) as backup, bar(quiet=quiet) as start:
        secret = _present_secret(settings, backup)
        with _place(settings, size=file.stat().st_size) as (engine, target):
            check.check(file, backup, start("Checking", lambda: backup.row_count))
            restore_rows(backup, target, start("Restoring", lambda: backup.row_count))
            state = _settle_secret(settings, backup, present=secret is not None)
        made = backup.manifest
    told = {"release": made.release, "schema": made.revision, "madeAt": made.made_at, "rows": made.rows}
    return {"file": str(file), "data": str(settings.data), "engine": engine, "secret": state, **told}


@contextmanager
def _place(settings: "Settings", *, size: int) -> "Iterator[tuple[str, Connection]]":
    from funnelproof.backup.restore import into_database, into_folder
    from funnelproof.storage.engines import engines_of

    if settings.database_url is None:
        with into_folder(settings.data, size) as target:
            yield "sqlite", target
        return
    with closing(engines_of(settings)) as engines, into_database(engines) as target:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield "postgresql", target


def _present_secret(settings: "Settings", backup: "Backup") -> str | None:
    """The secret that stands ready, refused if it is not the one that sealed this backup's keys."""
    from funnelproof.backup.secret import fits
    from funnelproof.keys.seal import FILE, read_secret

    secret = settings.secret.get_secret_value() if settings.secret else read_secret(settings.data)
    if secret is not None and not fits(backup.connection, secret):
        named = "FUNNELPROOF_SECRET" if settings.secret else str(settings.data / FILE)
        raise Refused(
            "wrong_secret",
            f"{named} does not open the keys in this backup: it belongs to another installation. Put the right one in "
            "its place, or take it away and add the right one later.",
        )
    return secret


def _settle_secret(settings: "Settings", backup: "Backup", *, present: bool) -> str:
    """PRESENT, RESTORED (it was in the backup) or MISSING."""
    from funnelproof.keys.seal import keep_secret

    if present:
        return "PRESENT"
    if backup.manifest.secret is None:
        return "MISSING"
    keep_secret(settings.data, backup.manifest.secret)
    return "RESTORED"


def _recount(settings: "Settings") -> dict[str, int]:
    from funnelproof.clock import SystemClock
    from funnelproof.recount.compare import recount
    from funnelproof.storage.database import Database
    from funnelproof.storage.engines import engines_of

    with closing(Database(engines_of(settings))) as database:
        report = recount(database, now=SystemClock().now())
    return {"equal": report.equal, "different": report.different}


def _say(settings: "Settings", told: dict[str, Any], counted: dict[str, int] | None) -> None:
    place = settings.data if told["engine"] == "sqlite" else "the database"
    typer.echo(f"{sum(told['rows'].values())} rows of {told['madeAt']} are in {place}.")
    if counted:
        typer.echo(f"Recounted: {counted['equal']} counters equal, {counted['different']} differ.")
    _say_secret(settings, told["secret"])
    first = f"funnelproof doctor --data {settings.data}"
    second = "" if counted else f", then funnelproof recount --check --data {settings.data}"
    typer.echo(f"Next: {first}{second}, then serve it.")


def _say_secret(settings: "Settings", state: str) -> None:
    from funnelproof.keys.seal import FILE

    path = settings.data / FILE
    if state == "RESTORED":
        typer.echo(f"The secret was in the backup and is in {path} now (mode 0600).")
    if state == "MISSING":
        typer.echo(
            f"The secret is MISSING: it was not in the backup. Without it no key opens and nothing can be served. Put "
            f"secret.key of the installation that was backed up into {path} (mode 0600), or set FUNNELPROOF_SECRET.",
            err=True,
        )
