"""`funnelproof settings`: every setting, its present value, its default and what it is for."""

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
    from funnelproof.settings import Settings

    defaults = {name: value for name, value, _ in Settings.model_construct().table()}
    if as_json:
        named = [
            {"variable": name, "value": value, "default": defaults[name], "description": sentence}
            for name, value, sentence in rows
        ]
        typer.echo(json.dumps({"settings": named}))
        return
    from funnelproof.cli.table import show, table

    shown = [(f"{name}\n{_beside(value, defaults[name])}", sentence) for name, value, sentence in rows]
    show(table("Settings", ("variable, present value, default", "what it is"), shown))


def _beside(value: str, default: str) -> str:
    """A value with its default."""
    present = f"= {value}" if value else "  unset"
    return f"{present} (default)" if value == default else f"{present}\n  default: {default or 'unset'}"
