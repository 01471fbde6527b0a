"""`funnelproof export`: clicks, conversions or tallies as one file, with its manifest beside it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funnelproof.cli.home import DataOption, JsonOption, check_exists
from funnelproof.cli.refusal import Refused
from funnelproof.exports.export import Format, What

if TYPE_CHECKING:
    from funnelproof.exports.export import Asked, Manifest
    from funnelproof.storage.database import Database


def export(
    handle: Annotated[str, typer.Option(help="Whose rows.")],
    what: Annotated[What, typer.Option(help="Which rows.")] = What.TALLIES,
    format_: Annotated[Format, typer.Option("--format", help="Parquet needs the extra `parquet`.")] = Format.CSV,
    campaign: Annotated[str | None, typer.Option(help="Of this campaign only.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="A local day or a time; 30 days before --to.")] = None,
    to: Annotated[str | None, typer.Option(help="A local day, itself included, or a time; now.")] = None,
    test: Annotated[bool, typer.Option("--test", help="Those of test runs, in place of live ones.")] = False,
    out: Annotated[Path | None, typer.Option(help="The file (default: a name that tells what is in it).")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file of this name, once the new one is whole.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write clicks, conversions or tallies of one moment to a file, while the server goes on."""
    from funnelproof.cli.backup import end_as_if_interrupted
    from funnelproof.exports.export import file_name
    from funnelproof.settings import read_settings
    from funnelproof.storage.database import Database
    from funnelproof.storage.engines import engines_of

    settings = read_settings(data=data)
    check_exists(settings)
    database = Database(engines_of(settings))
    try:
        asked = _ask(database, handle, what, format_, campaign=campaign, from_=from_, to=to, test=test)
        file = out or Path(file_name(asked))
        _check_place(file, force=force)
        end_as_if_interrupted()
        _say(file, asked, _write(database, asked, file, quiet=as_json), as_json=as_json)
    finally:
        database.close()


def _ask(
    database: "Database",
    handle: str,
    what: What,
    format_: Format,
    *,
    campaign: str | None,
    from_: str | None,
    to: str | None,
    test: bool,
) -> "Asked":
    from funnelproof.clock import SystemClock
    from funnelproof.exports.ask import ask

    return database.read_now(
        lambda tx: ask(
            tx,
            handle,
            what=what,
            format_=format_,
            campaign_id=campaign,
            from_=from_,
            to=to,
            test=test,
            run=None,
            now=SystemClock().now(),
        )
    )


def _check_place(file: Path, *, force: bool) -> None:
    if not file.parent.is_dir():
        raise Refused("no_folder", f"There is no folder {file.parent}. Make it, or choose another one.")
    if file.exists() and not force:
        raise Refused("file_exists", f"{file} is there already. Choose another name, or replace it with --force.")


def _write(database: "Database", asked: "Asked", file: Path, *, quiet: bool) -> "Manifest":
    """The file takes its name once it is whole."""
    from funnelproof.cli.bar import bar
    from funnelproof.exports.read import count
    from funnelproof.exports.write import write

    part = file.with_name(f"{file.name}.part")
    try:
        with bar(quiet=quiet) as start:
            advance = start("Writing", lambda: database.read_now(lambda tx: count(tx, asked)))
            made = write(database, asked, part, lambda rows: advance(asked.what, rows))
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
    manifest = file.with_name(f"{file.name}.manifest.json")
    manifest.write_text(json.dumps(_manifest(file, asked, made), indent=2) + "\n")
    return made


def _manifest(file: Path, asked: "Asked", made: "Manifest") -> dict[str, object]:
    from funnelproof.clock import iso

    of = {"handle": asked.handle, "what": asked.what, "format": asked.format, "campaignId": asked.campaign_id}
    stretch = {"from": iso(asked.since), "to": iso(asked.until), "timeZone": asked.time_zone}
    whole = {"rows": made.rows, "bytes": made.bytes, "sha256": made.sha256, "asOf": iso(made.as_of)}
    return {"file": file.name, **of, "mode": "test" if asked.is_test else "live", **stretch, **whole}


def _say(file: Path, asked: "Asked", made: "Manifest", *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({**_manifest(file, asked, made), "file": str(file)}))
        return
    typer.echo(f"{made.rows} rows in {file} ({made.bytes / 2**20:.1f} MiB), SHA-256 {made.sha256}.")
