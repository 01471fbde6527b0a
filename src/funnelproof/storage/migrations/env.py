"""Alembic's entry: it always runs on a connection that `migrate.py` hands over."""

from typing import Any, Literal

from alembic import context

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


context.configure(
    connection=context.config.attributes["connection"], target_metadata=columns.metadata, render_item=in_short
)
with context.begin_transaction():
    context.run_migrations()
