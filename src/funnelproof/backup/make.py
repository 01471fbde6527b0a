"""Make a backup: one read transaction, so one moment; nobody who writes waits for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table

from funnelproof import __version__
from funnelproof.backup import manifest
from funnelproof.backup.check import NewerSchema
from funnelproof.backup.file import building, check_room, reading, written
from funnelproof.backup.manifest import Manifest
from funnelproof.backup.rows import Moved, copy, tables_of
from funnelproof.clock import Micros, iso
from funnelproof.storage.database import Engines
from funnelproof.storage.migrate import revision, revisions, upgrade

Begun = Callable[[Connection, list[Table]], Moved]
"""Called before the first row with where rows come from and the tables; answers who is told of each slice."""


class FileThere(Exception):  # noqa: N818 - shown to the operator as it is
    """There is a file of this name already."""


class NoSchema(Exception):  # noqa: N818 - shown to the operator as it is
    """There is nothing in this database yet."""


def make(
    engines: Engines, place: Path, *, now: Micros, begun: Begun, secret: str | None = None, force: bool = False
) -> Manifest:
    """Write a backup to `place`. The schema is the database's own, even if this release's is newer: nothing migrates.

    A file that is there is replaced with `force`, once the new one is whole.
    """
    with written(place) as part:
        check_free(place, force=force)
        with engines.reading.connect() as source, source.begin():
            at = _revision(source)
            check_room(place.parent, _size(source))
            with building(part) as target:
                upgrade(target, at)
                made = _fill(source, target, begun, place.parent, revision=at, made_at=iso(now), secret=secret)
                manifest.write(target, made)
    return made


def check_free(place: Path, *, force: bool) -> None:
    """With `force` a backup takes a backup's place; never that of something else, such as a database in use."""
    if not place.exists():
        return
    if not force:
        raise FileThere(f"{place} is there already. Choose another name, or replace it with --force.")
    if not place.is_file() or not _is_backup(place):
        raise FileThere(f"{place} is there already and is no backup: --force does not replace it. Choose another name.")


def _is_backup(place: Path) -> bool:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with reading(place) as connection:
            return manifest.read(connection) is not None
    except (SQLAlchemyError, ValueError, TypeError):
        return False


def _fill(source: Connection, target: Connection, begun: Begun, folder: Path, **told: Any) -> Manifest:
    tables = tables_of(target)
    moved = begun(source, tables)

    def copied(name: str, rows: int) -> None:
        check_room(folder)
        moved(name, rows)

    found = {table.name: copy(source, target, table, copied) for table in tables}
    return Manifest(
        release=__version__,
        engine=source.dialect.name,
        rows={name: one.rows for name, one in found.items()},
        sha256={name: one.sha256 for name, one in found.items()},
        **told,
    )


def _revision(source: Connection) -> str:
    at = revision(source)
    if at is None:
        raise NoSchema("There is nothing in this database yet, so there is nothing to back up.")
    if at not in revisions():
        raise NewerSchema(
            f"This database has the schema {at}, which release {__version__} does not know. "
            "Use the release that serves it."
        )
    return at


def _size(source: Connection) -> int:
    """An upper bound where it costs nothing to tell."""
    if source.dialect.name != "sqlite":
        return 0
    pages, free, size = (
        int(source.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size
