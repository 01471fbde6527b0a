"""Writing an archive: a file for each table and month, and a manifest by which each can be checked."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from funnelproof.archive.months import IDS, Month, months_before
from funnelproof.clock import Micros, iso
from funnelproof.storage.database import Database, Row, Transaction

MANIFEST = "manifest.json"
ROW_GROUP = 10_000
Entry = dict[str, Any]


class Archive:
    """The folder of one handle's archive. What its manifest lists is whole, and is not written again."""

    def __init__(self, folder: Path, handle: str) -> None:
        self.folder, self.handle = folder, handle
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = json.loads((folder / MANIFEST).read_text()) if (folder / MANIFEST).exists() else {}
        self.owner: str = kept.get("handle", handle)
        self.entries: list[Entry] = [one for one in kept.get("files", []) if (folder / one["file"]).exists()]

    def missing(self, database: Database, before: str) -> list[Month]:
        listed = {one["file"] for one in self.entries}
        found = database.read_now(lambda tx: list(months_before(tx, self.handle, before)))
        return [month for month in found if month.file not in listed]

    def write(self, database: Database, month: Month, *, now: Micros, written: Callable[[int], None]) -> Entry:
        """One month as it stands at one moment. The file takes its name once it is whole."""
        from funnelproof.archive import parquet

        path = self.folder / month.file
        part = path.with_suffix(".part")

        def read(tx: Transaction) -> int:
            return parquet.write(part, IDS[month.table][0], _groups(tx, month), written=written)

        rows = database.read_now(read)
        entry = {"file": month.file, "table": month.table, "month": month.month, "rows": rows, "asOf": iso(now)}
        entry |= {"bytes": part.stat().st_size, "sha256": _sha256(part)}
        part.rename(path)
        self.entries = sorted([*self.entries, entry], key=lambda one: str(one["file"]))
        self._write_manifest()
        return entry

    def _write_manifest(self) -> None:
        part = self.folder / f"{MANIFEST}.part"
        part.write_text(json.dumps({"handle": self.handle, "files": self.entries}, indent=2) + "\n")
        part.rename(self.folder / MANIFEST)


def _groups(tx: Transaction, month: Month) -> Iterator[Sequence[Row]]:
    streamed = month.statement.execution_options(stream_results=True, yield_per=ROW_GROUP)
    yield from tx.execute(streamed).mappings().partitions(ROW_GROUP)  # type: ignore[misc]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
