"""`funnelproof openapi`: the OpenAPI 3.1 document of this release."""

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from funnelproof.cli.home import JsonOption


def openapi(
    output: Annotated[Path | None, typer.Option(help="Write it to this file in place of printing it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the document that the server answers at /openapi.json. Needs no installation."""
    document = json.dumps(_document(), indent=2, ensure_ascii=False)
    if output is None:
        typer.echo(document)
        return
    output.write_text(document + "\n", encoding="utf-8")
    typer.echo(json.dumps({"output": str(output)}) if as_json else f"Written to {output}.")


def _document() -> dict[str, Any]:
    """Of an empty installation that lives only for this: the document is the same for all."""
    from funnelproof.app import Application
    from funnelproof.opening import open_installation
    from funnelproof.settings import Settings

    with tempfile.TemporaryDirectory(prefix="funnelproof-") as folder:
        of_its_own = {"data": Path(folder), "database_url": None, "secret": None}
        home = open_installation(Settings(**of_its_own))  # type: ignore[arg-type]
        try:
            document: dict[str, Any] = Application(home).control.openapi()
        finally:
            home.lane.close()
            home.database.close()
    return document
