"""`funnelproof replay`: a test run from its bundle, once more on another installation."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funnelproof.cli.home import JsonOption
from funnelproof.cli.refusal import Refused
from funnelproof.cli.server import address_of, only_handle, token_of

if TYPE_CHECKING:
    from funnelproof.bundles.replay import Replayed

PATIENCE_SECONDS = 60.0
PARTS = ("status", "expected", "observed")
LONGEST_SHOWN = 160


def replay(
    bundle: Annotated[Path, typer.Argument(help="The file that …/test-runs/{runId}/bundle gives.")],
    url: Annotated[str, typer.Option(help="Address of the server.", show_default=False)] = "",
    token: Annotated[str, typer.Option(help="A token with campaigns.* and links.* (pages.* too); - reads it.")] = "",
    handle: Annotated[str | None, typer.Option(help="The handle, if the token opens several.")] = None,
    campaign: Annotated[str | None, typer.Option(help="Test this campaign instead of making one.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a bundle's test again and compare step by step. 0: the same; 1: something differs; 2: cannot be used."""
    from funnelproof.bundles.pack import UnusableBundle, unpack

    try:
        told = unpack(bundle)
    except UnusableBundle as error:
        raise Refused("unusable_bundle", str(error)) from None
    replayed = asyncio.run(_replay(told, address_of(url), token_of(token, "campaigns.*"), handle, campaign))
    if as_json:
        typer.echo(json.dumps(asdict(replayed)))
    else:
        _show(replayed)
    raise typer.Exit(1 if replayed.differences else 0)


async def _replay(
    told: dict[str, object], url: str, token: str, handle: str | None, campaign: str | None
) -> "Replayed":
    import httpx2

    from funnelproof.bundles.pack import UnusableBundle
    from funnelproof.bundles.replay import replay as replayed
    from funnelproof.plans.faults import UnusablePlan, UnusableServer
    from funnelproof.plans.wire import Wire

    async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS) as http:
        wire = Wire(http, token)
        try:
            return await replayed(wire, told, handle or await only_handle(wire), campaign)
        except UnusableServer as error:
            raise Refused(error.code, str(error)) from None
        except UnusablePlan as error:
            raise Refused("unusable_plan", "\n".join(map(str, error.faults))) from None
        except UnusableBundle as error:
            raise Refused("not_replayable", str(error)) from None
        except (KeyError, TypeError, AttributeError) as error:
            raise Refused("unusable_bundle", f"The bundle does not hold what it should: {error!r}") from None


def _show(replayed: "Replayed") -> None:
    made = "made for this, a draft" if replayed.is_new else "as it stands there"
    typer.echo(f"{replayed.handle}/{replayed.campaign} ({made}), run {replayed.run_id}")
    typer.echo(f"  fingerprint then {replayed.fingerprint_then}\n  fingerprint now  {replayed.fingerprint_now}")
    if not replayed.differences:
        typer.echo(f"✓ the same: {replayed.steps} steps, each as it was seen then")
        return
    for one in replayed.differences:
        typer.echo(f"✗ {one.variant or 'the campaign'}: {one.step}")
        then, now = one.then or {}, one.now or {}
        for part in [name for name in PARTS if then.get(name) != now.get(name)]:
            for when, seen in (("then", then), ("now", now)):
                told = json.dumps(seen[part], ensure_ascii=False) if seen else "no such step"
                typer.echo(f"    {part if when == 'then' else '':<8}  {when:<4}  {_shortened(told)}")


def _shortened(told: str) -> str:
    return told if len(told) <= LONGEST_SHOWN else f"{told[:LONGEST_SHOWN]}…"
