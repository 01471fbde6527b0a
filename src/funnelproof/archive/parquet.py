"""Rows as Parquet: a row group at a time, so that memory does not grow with them. Needs the extra `parquet`."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import BigInteger, Column, Table

from funnelproof.storage.database import Row
from funnelproof.storage.schema.columns import Flag


def write(path: Path, table: Table, groups: Iterable[Sequence[Row]], *, written: Callable[[int], None]) -> int:
    """Answers how many rows were written; `written` hears of each group."""
    schema = pa.schema([pa.field(column.name, _type_of(column)) for column in table.columns])
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for group in groups:
            columns = [pa.array([_plain(row[field.name]) for row in group], field.type) for field in schema]
            writer.write_batch(pa.record_batch(columns, schema=schema))
            rows += len(group)
            written(len(group))
    return rows


def _type_of(column: Column[Any]) -> Any:
    """Times keep their microseconds. Text stays text, and so does what has a shape of its own: JSON."""
    if isinstance(column.type, Flag):
        return pa.bool_()
    if isinstance(column.type, BigInteger):
        return pa.timestamp("us", tz="UTC") if column.name.endswith("_at") else pa.int64()
    return pa.string()


def _plain(value: Any) -> Any:
    return json.dumps(value, sort_keys=True, ensure_ascii=False) if isinstance(value, dict | list) else value
