"""One export, from its rows to a whole file and the manifest of that file."""

import errno
import hashlib
import shutil
from collections.abc import Generator, Iterable
from contextlib import closing
from pathlib import Path

from funnelproof.clock import SystemClock
from funnelproof.exports import text
from funnelproof.exports.columns import FIELDS, Values
from funnelproof.exports.export import Asked, Format, Manifest, NoRoom, Written
from funnelproof.exports.read import groups
from funnelproof.storage.database import Database, Transaction

KEPT_FREE = 256 * 1024 * 1024
"""The database may be on the same disk, and needs room more than an export does."""


def write(database: Database, asked: Asked, path: Path, written: Written = lambda _rows: None) -> Manifest:
    """Everything is read in one transaction, so of one moment; `as_of` is just before it, by the real clock."""
    as_of = SystemClock().now()

    def read(tx: Transaction) -> int:
        rows = 0
        with closing(groups(tx, asked)) as found, closing(_format(asked, path, found)) as steps:
            for more in steps:
                rows += more
                written(more)
                _check_room(path)
        return rows

    try:
        rows = database.read_now(read)
    except OSError as error:
        raise NoRoom if error.errno in (errno.ENOSPC, errno.EDQUOT) else error from error
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Manifest(rows, path.stat().st_size, digest, as_of)


def _format(asked: Asked, path: Path, found: Iterable[list[Values]]) -> Generator[int, None, None]:
    fields = FIELDS[asked.what]
    if asked.format is Format.PARQUET:
        from funnelproof.exports import parquet

        yield from parquet.write(path, fields, found)
        return
    write_text = text.write_csv if asked.format is Format.CSV else text.write_ndjson
    with path.open("wb") as file:
        yield from write_text(file.write, fields, found)


def _check_room(path: Path) -> None:
    if shutil.disk_usage(path.parent).free < KEPT_FREE:
        raise NoRoom
