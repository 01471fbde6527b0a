"""The installation that a command works on, opened and closed in the command's own process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funnelproof.cli.refusal import Refused

if TYPE_CHECKING:
    from funnelproof.installation import Installation
    from funnelproof.settings import Settings

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Data folder (default: FUNNELPROOF_DATA, else ./data)", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer with one JSON object.")]


@contextmanager
def opened(data: Path | None) -> "Iterator[Installation]":
    """Storage brought to this release's schema, keys read."""
    from funnelproof.opening import open_installation
    from funnelproof.settings import read_settings

    home = open_installation(read_settings(data=data))
    try:
        yield home
    finally:
        home.lane.close()
        home.database.close()


@contextmanager
def opened_existing(data: Path | None) -> "Iterator[Installation]":
    """The same, for commands that must not make an installation where there is none."""
    from funnelproof.settings import read_settings

    check_exists(read_settings(data=data))
    with opened(data) as home:
        yield home


def check_exists(settings: "Settings") -> None:
    """A data folder without a database was never initialised, or is another one than was meant."""
    if not has_database(settings):
        raise Refused(
            "not_initialised", f"There is no installation in {settings.data}. Make one: {init_command(settings)}"
        )


def has_database(settings: "Settings") -> bool:
    """PostgreSQL is named by its URL; whether it answers, only opening it tells."""
    from funnelproof.storage.sqlite import FILE

    return settings.database_url is not None or (settings.data / FILE).exists()


def init_command(settings: "Settings") -> str:
    return f"funnelproof init --data {settings.data} --handle HANDLE --email YOU@EXAMPLE.COM"
