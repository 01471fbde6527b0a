"""The command itself: data folder, server, story, tables, and then it keeps serving."""

import json
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funnelproof.cli.home import JsonOption
from funnelproof.cli.refusal import Refused

if TYPE_CHECKING:
    from subprocess import Popen

    from funnelproof.cli.demo.steps import Steps
    from funnelproof.cli.demo.story import Outcome

EMAIL, PASSWORD = "owner@gharart.example", "gharart-demo"
PREFERRED_PORT = 8080


def demo(
    leave: Annotated[bool, typer.Option("--exit", help="End after the tables.")] = False,
    data: Annotated[
        Path | None, typer.Option(help="A folder that is new or empty, and is kept (default: a temporary one)")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the Gharart story: a campaign, two variants, visitors, orders, a test conversion. Then keep serving."""
    from funnelproof.cli.demo import tables
    from funnelproof.cli.demo.child import served
    from funnelproof.cli.demo.steps import Steps
    from funnelproof.cli.demo.story import Story

    signal.signal(signal.SIGTERM, _end)
    with _folder(data) as folder, Steps(quiet=as_json) as steps:
        _prepare(folder, steps)
        with served(folder, _port()) as (address, server), Story(address, EMAIL, PASSWORD) as story:
            outcome = story.tell(steps)
            steps.close()
            if as_json:
                typer.echo(json.dumps(_as_object(outcome, address)))
            else:
                tables.show_all(outcome)
            if not leave:
                _keep_serving(server, None if as_json else tables.where_to_go_on(outcome, address, EMAIL, PASSWORD))
        if not as_json:
            typer.echo("The server was stopped. `funnelproof demo` without --exit keeps it.")


def _keep_serving(server: "Popen[str]", told: str | None) -> None:
    if told is not None:
        typer.echo(told)
    server.wait()
    raise typer.Exit


def _prepare(folder: Path, steps: "Steps") -> None:
    from funnelproof.cli.home import opened
    from funnelproof.cli.init import make

    with steps.step("database"), opened(folder) as home:
        wanted = {"handle": "gharart", "email": EMAIL, "name": "Mara", "time_zone": "UTC", "currency": "USD"}
        make(home, PASSWORD, wanted)


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    """A temporary folder goes when the demo ends, one that was asked for stays."""
    if given is not None:
        if given.exists() and any(given.iterdir()):
            raise Refused("not_empty", f"{given} is not empty. The demo wants a folder of its own: name a new one.")
        yield given
        return
    made = Path(tempfile.mkdtemp(prefix="funnelproof-demo-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _port() -> int:
    from funnelproof.cli.serve import check_port, free_port

    try:
        check_port("127.0.0.1", PREFERRED_PORT)
    except Refused:
        return free_port("127.0.0.1")
    return PREFERRED_PORT


def _as_object(outcome: "Outcome", address: str) -> dict[str, Any]:
    return {
        "url": address,
        "login": {"email": EMAIL, "password": PASSWORD},
        "token": outcome.token,
        "health": outcome.health,
        "analytics": outcome.analytics,
        "receipt": outcome.receipt,
    }


def _end(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
