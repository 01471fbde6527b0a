"""`funnelproof settings`: every setting, its present value and what it is for."""

import json

import typer

from funnelproof.cli.home import DataOption, JsonOption


def settings(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List all settings as they stand. Secrets show as ***."""
    from funnelproof.settings import Settings, UnknownSetting, read_settings

    try:
        rows, unknown = read_settings(data=data).table(), None
    except UnknownSetting as error:
        # Whoever is told of a typing slip comes here for the right name: first the list, then the refusal.
        rows, unknown = Settings(**({"data": data} if data else {})).table(), error  # type: ignore[arg-type]
    if unknown is None or not as_json:
        _show(rows, as_json=as_json)
    if unknown is not None:
        raise unknown


def _show(rows: list[tuple[str, str, str]], *, as_json: bool) -> None:
    if as_json:
        named = [{"variable": name, "value": value, "description": sentence} for name, value, sentence in rows]
        typer.echo(json.dumps({"settings": named}))
        return
    from funnelproof.cli.table import show, table

    shown = [(f"{name}\n= {value}" if value else f"{name}\n  (unset)", sentence) for name, value, sentence in rows]
    show(table("Settings", ("variable and present value", "what it is"), shown))
