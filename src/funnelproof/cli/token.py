"""`funnelproof token create`: a token for CI or a server, without signing in."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from funnelproof.cli.home import DataOption, JsonOption, opened_existing

if TYPE_CHECKING:
    from funnelproof.access.store import AccessToken
    from funnelproof.clock import Micros
    from funnelproof.storage.database import Transaction

LONGEST_NAME = 100

app = typer.Typer(help="Tokens of a handle.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Tokens of a handle."""


@app.command()
def create(
    handle: Annotated[str, typer.Option(help="The handle it acts for.")],
    name: Annotated[str, typer.Option(help="What it is for, as lists show it.")],
    scope: Annotated[list[str], typer.Option(help="Such as campaigns.read or campaigns.*; once for each scope.")],
    data: DataOption = None,
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="Days until it expires (default: never)")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token. Its text is shown once; it acts with its scopes, for the OWNER of the handle."""
    _check_name(name)
    with opened_existing(data) as home:
        now = home.clock.now()
        token, text = home.database.write_now(lambda tx: made_token(tx, handle, name, scope, days=days, now=now))
    if as_json:
        typer.echo(json.dumps({"token": text, "tokenId": token.token_id, "scopes": list(token.scopes)}))
        return
    typer.echo(text)
    typer.echo(f"{token.token_id} may {', '.join(token.scopes)}. This is the only time its text is shown.", err=True)


def _check_name(name: str) -> None:
    """As `POST …/tokens` does."""
    from funnelproof.errors import invalid

    if not 1 <= len(name) <= LONGEST_NAME:
        raise invalid("name", f"must have 1 to {LONGEST_NAME} characters: what the token is for, as lists show it.")


def made_token(
    tx: "Transaction", handle: str, name: str, scopes: list[str], *, days: int | None, now: "Micros"
) -> "tuple[AccessToken, str]":
    from funnelproof.access import store, tokens
    from funnelproof.clock import DAY
    from funnelproof.handles import settle

    settle.existing(tx, handle)
    owner = store.members_of(tx, handle)[0]
    expires_at = None if days is None else now + days * DAY
    return tokens.make(tx, handle, name=name, scopes=scopes, made_by=owner.user_id, now=now, expires_at=expires_at)
