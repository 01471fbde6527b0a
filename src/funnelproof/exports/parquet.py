"""Rows as Parquet, a row group at a time. Needs the extra `parquet`."""

import json
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from funnelproof.exports.columns import Field, Kind, Values

TYPES = {
    Kind.TEXT: pa.string(),
    Kind.FOREIGN: pa.string(),
    Kind.WHOLE: pa.int64(),
    Kind.MOMENT: pa.timestamp("us", tz="UTC"),
    Kind.FLAG: pa.bool_(),
    Kind.AMOUNT: pa.decimal128(38, 4),
    Kind.JSON: pa.string(),
}
"""No currency has more than four decimals."""


def write(path: Path, fields: Sequence[Field], groups: Iterable[list[Values]]) -> Iterator[int]:
    schema = pa.schema([pa.field(field.name, TYPES[field.kind]) for field in fields])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for group in groups:
            columns = [
                pa.array(_plain(field.kind, values), TYPES[field.kind])
                for field, values in zip(fields, zip(*group, strict=True), strict=True)
            ]
            writer.write_batch(pa.record_batch(columns, schema=schema))
            yield len(group)


def _plain(kind: Kind, values: Sequence[Any]) -> Sequence[Any]:
    if kind is Kind.AMOUNT:
        return [None if value is None else Decimal(value) for value in values]
    if kind is Kind.JSON:
        return [None if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False) for value in values]
    return values
