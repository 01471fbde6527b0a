"""`funnelproof keys rotate`: a new key to sign with, those before it still verify."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from funnelproof.cli.home import DataOption, JsonOption, opened_existing

app = typer.Typer(help="The keys that sign ctx and sessions.", no_args_is_help=True)


class Rotating(StrEnum):
    """The purposes that rotate; the visitor key never does, or every visitor would be new."""

    CTX = "ctx"
    SESSION = "session"


@app.callback()
def _group() -> None:
    """The keys that sign ctx and sessions."""


@app.command()
def rotate(
    purpose: Annotated[Rotating | None, typer.Option(help="Which key (default: both)", show_default=False)] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Announce a new key. It signs 30 s later, when every process knows it; the old one verifies for 367 days more."""
    from funnelproof.clock import iso
    from funnelproof.keys.key import Purpose
    from funnelproof.keys.ring import SIGNS_AFTER
    from funnelproof.keys.ring import rotate as rotate_key

    purposes = [purpose] if purpose else list(Rotating)
    with opened_existing(data) as home:
        now = home.clock.now()
        made = home.database.write_now(
            lambda tx: {one.value: rotate_key(tx, home.seal, now, Purpose(one.value)) for one in purposes}
        )
    signs_from = iso(now + SIGNS_AFTER)
    if as_json:
        answer = [{"purpose": name, "keyId": key_id, "signsFrom": signs_from} for name, key_id in made.items()]
        typer.echo(json.dumps({"keys": answer}))
        return
    for name, key_id in made.items():
        typer.echo(f"{name}: key {key_id} signs from {signs_from}.")
