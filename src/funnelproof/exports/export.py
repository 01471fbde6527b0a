"""What an export is: which rows, in which form, and the manifest by which a file can be checked."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec

from funnelproof.clock import Micros
from funnelproof.errors import Unavailable, invalid


class What(StrEnum):
    CLICKS = "clicks"
    CONVERSIONS = "conversions"
    TALLIES = "tallies"


class Format(StrEnum):
    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.NDJSON: "application/x-ndjson",
    Format.PARQUET: "application/vnd.apache.parquet",
}


class NoRoom(Unavailable):
    """There is too little room on the server's disk for this export. Ask for a shorter stretch of time."""

    retry_after_seconds = 600


@dataclass(frozen=True, slots=True)
class Asked:
    """`since` and `until` bound clicks and conversions, [since, until); the days, both included, bound tallies."""

    handle: str
    what: What
    format: Format
    campaign_id: str | None
    worlds: tuple[str, ...]
    is_test: bool
    since: Micros
    until: Micros
    first_day: str
    last_day: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a whole file holds. All of its rows are of one moment: what was committed by `as_of`."""

    rows: int
    bytes: int
    sha256: str
    as_of: Micros


Written = Callable[[int], None]
"""Hears how many rows came to the file since it last heard."""


def check_format(format_: Format) -> None:
    if format_ is Format.PARQUET and find_spec("pyarrow") is None:
        raise invalid(
            "query/format",
            "parquet needs pyarrow, which this installation does not have: pip install 'funnelproof[parquet]'. "
            "csv and ndjson need nothing.",
        )


def file_name(asked: Asked) -> str:
    """`gharart-clicks-2026-11-01-2026-11-23.csv`."""
    of = f"{asked.handle}-{asked.campaign_id}" if asked.campaign_id else asked.handle
    mode = "-test" if asked.is_test else ""
    return f"{of}-{asked.what}{mode}-{asked.first_day}-{asked.last_day}.{asked.format}"
