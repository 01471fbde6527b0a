"""`funnelproof walk`: a test link for a phone, and the wait for the order that the shop sends back."""

import asyncio
import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funnelproof.cli.home import JsonOption
from funnelproof.cli.refusal import Refused
from funnelproof.cli.server import address_of, only_handle, token_of

if TYPE_CHECKING:
    from funnelproof.plans.wire import Wire

EVERY_SECONDS = 1.0


def walk(
    campaign: Annotated[str, typer.Argument(help="The campaign's id.")],
    url: Annotated[str, typer.Option(help="Address of the server.", show_default=False)] = "",
    token: Annotated[str, typer.Option(help="A token with campaigns.test and campaigns.read; - reads it.")] = "",
    variant: Annotated[str | None, typer.Option(help="Which variant; may be left out where there are none.")] = None,
    handle: Annotated[str | None, typer.Option(help="The handle, if the token does not say it.")] = None,
    minutes: Annotated[float, typer.Option(min=0, max=1440, help="How long to wait; 0 only prints the link.")] = 30,
    as_json: JsonOption = False,
) -> None:
    """Print a test link with its QR code, and wait until the order comes back. 0: it did; 1: not in time."""
    seen = asyncio.run(_walk(address_of(url), token_of(token), campaign, handle, variant, minutes, quiet=as_json))
    if as_json:
        typer.echo(json.dumps(seen))
    elif seen["state"] == "RETURNED":
        typer.echo(f"✓ returned_by_your_site: {seen['step']['detail']}")
    elif minutes:
        typer.echo(f"? {seen['step']['detail']}\nThe link is good until {seen['expiresAt']}.", err=True)
    raise typer.Exit(0 if seen["state"] == "RETURNED" or not minutes else 1)


async def _walk(
    url: str, token: str, campaign: str, handle: str | None, variant: str | None, minutes: float, *, quiet: bool
) -> dict[str, Any]:
    import httpx2

    from funnelproof.plans.faults import UnusableServer
    from funnelproof.plans.wire import Wire

    async with httpx2.AsyncClient(base_url=url, timeout=30.0) as http:
        wire = Wire(http, token)
        try:
            base = f"/v2/handles/{handle or await only_handle(wire)}/campaigns/{campaign}/walks"
            made = await _answered(wire, "POST", base, {"variantId": variant} if variant else {})
            if not quiet:
                _show(made)
            return await _wait(wire, f"{base}/{made['walkId']}", made, minutes)
        except UnusableServer as error:
            raise Refused(error.code, str(error)) from None


async def _answered(wire: "Wire", method: str, path: str, body: Any = None) -> dict[str, Any]:
    answer = await wire.api(method, path, body)
    if not answer.is_good:
        told = answer.body if isinstance(answer.body, dict) else {}
        raise Refused(str(told.get("error", "refused")), str(told.get("detail", f"{path} answered {answer.status}.")))
    return dict(answer.body)


async def _wait(wire: "Wire", path: str, seen: dict[str, Any], minutes: float) -> dict[str, Any]:
    until = time.monotonic() + 60 * minutes
    while seen["state"] in ("BEGUN", "OPENED") and time.monotonic() < until:
        await asyncio.sleep(EVERY_SECONDS)
        seen = await _answered(wire, "GET", path)
    return seen


def _show(made: dict[str, Any]) -> None:
    import segno

    typer.echo(f"Open this on your phone and buy with your test card. Nothing live is counted.\n\n{made['url']}\n")
    segno.make(made["url"], error="l").terminal(compact=True)
    typer.echo("\nWaiting for the order to come back …")
