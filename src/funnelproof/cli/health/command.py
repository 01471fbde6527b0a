"""The command: which campaign, as whom, once or for how long."""

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funnelproof.cli.home import JsonOption
from funnelproof.cli.refusal import Refused

if TYPE_CHECKING:
    from funnelproof.cli.remote import Server

SPENDABLE = ("PASS", "WARN")
FASTEST, LONGEST = 2.0, 24 * 60.0
OF_TOKENS = "patv1_"
PASSING = ("server_gone", "not_funnelproof", "unavailable", "storage_unavailable", "too_many_requests")
"""While one watches, a server may restart or have much to do."""


def health(
    campaign: Annotated[str, typer.Argument(help="The campaign's id.")],
    url: Annotated[str, typer.Option(help="Address of the server.", show_default=False)] = "",
    token: Annotated[
        str, typer.Option(help="A token with campaigns.read, or a JWT; - reads it from standard input.")
    ] = "",
    handle: Annotated[str, typer.Option(help="The handle, where the token opens several.")] = "",
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again, and show what turns.")] = False,
    every: Annotated[float, typer.Option(min=FASTEST, max=3600, help="Seconds between two looks.")] = 10,
    minutes: Annotated[float, typer.Option(min=0, max=LONGEST, help="How long to watch.")] = 60,
    as_json: JsonOption = False,
) -> None:
    """Show a campaign's light and its checks. 0: it passes or warns; 1: it fails, or is not proven yet."""
    if watch and as_json:
        raise Refused("usage", "--watch is for people; for scripts ask once, with --json.")
    from funnelproof.cli.remote import Server

    with Server(url, token) as server:
        path = _path(server, handle, campaign, is_token=server.token.startswith(OF_TOKENS))
        found = server.get(path)
        if watch:
            _watch(server, path, found, every=every, seconds=60 * minutes)
            return
    if as_json:
        typer.echo(json.dumps(found))
    else:
        from funnelproof.cli.health.show import picture
        from funnelproof.cli.table import show

        show(picture(found))
    raise typer.Exit(0 if found["status"] in SPENDABLE else 1)


def _path(server: "Server", handle: str, campaign: str, *, is_token: bool) -> str:
    """Tokens ask at the public address, which takes nothing else; people at their own."""
    if not handle:
        own = [item["handle"] for item in server.get("/v2/handles")["items"]]
        if len(own) != 1:
            raise Refused("usage", f"Name one handle with --handle: {', '.join(own) or 'this token opens none'}.")
        handle = own[0]
    root = "/v2/public/handles" if is_token else "/v2/handles"
    return f"{root}/{handle}/campaigns/{campaign}/health"


def _watch(server: "Server", path: str, first: dict[str, Any], *, every: float, seconds: float) -> None:
    """Ends after its time, or with Ctrl-C; each look waits for the last one's answer."""
    from funnelproof.cli.health.show import Watching

    end = time.monotonic() + seconds
    with Watching(first) as watching:
        try:
            while (left := end - time.monotonic()) > 0:
                time.sleep(min(every, left))
                _look(server, path, watching)
        except KeyboardInterrupt:
            return


def _look(server: "Server", path: str, watching: Any) -> None:
    try:
        watching.see(server.get(path))
    except Refused as refusal:
        if refusal.code not in PASSING:
            raise
        watching.missed(str(refusal))
