"""Alembic's entry: it always runs on a connection that `migrate.py` hands over."""

from typing import Any, Literal

from alembic import context

from funnelproof.storage.partitions import is_partition
from funnelproof.storage.schema import columns

SHORT_NAMES = {id(columns.Text): "TEXT", id(columns.Whole): "WHOLE"}


def in_short(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our column types by the names that the migration template defines."""
    if kind != "type":
        return False
    if isinstance(item, columns.Flag):
        return "sa.Integer()"
    if isinstance(item, columns.Json):
        return "sa.Text()"
    return SHORT_NAMES.get(id(item), False)


def is_declared(name: str | None, kind: str, _parents: Any) -> bool:
    """Partitions come and go by the calendar."""
    return kind != "table" or name is None or not is_partition(name)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=columns.metadata,
    render_item=in_short,
    include_name=is_declared,
)
with context.begin_transaction():
    context.run_migrations()
