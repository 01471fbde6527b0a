"""`funnelproof snippet`: the line of HTML that puts the script into a shop's page."""

import json

import typer

from funnelproof.cli.home import DataOption, JsonOption


def snippet(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Print the HTML that loads the SDK from this installation's public URL, with its integrity."""
    from funnelproof.sdk import script
    from funnelproof.settings import read_settings

    public_url = read_settings(data=data).public_url
    html = script.snippet(public_url)
    told = {
        "html": html,
        "src": public_url + script.PINNED_PATH,
        "integrity": script.integrity(script.SERVED.read_bytes()),
    }
    typer.echo(json.dumps(told) if as_json else html)
