"""Leads as one whole file: CSV that no spreadsheet takes for formulas, or NDJSON."""

import errno
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Select

from funnelproof.campaigns import store as campaigns
from funnelproof.clock import SystemClock
from funnelproof.exports.columns import Field, Kind, Values
from funnelproof.exports.export import MEDIA_TYPES, Format, Manifest, NoRoom
from funnelproof.exports.spool import Sent, manifest_headers, new_spool
from funnelproof.exports.text import write_csv, write_ndjson
from funnelproof.leads import store
from funnelproof.leads.lead import Fields, Lead
from funnelproof.storage.database import Transaction
from funnelproof.worlds.world import LIVE

LeadFormat = Literal["csv", "ndjson"]
FORMATS = {"csv": MEDIA_TYPES[Format.CSV], "ndjson": MEDIA_TYPES[Format.NDJSON]}
GROUP = 1000
OWN = (
    *(Field("leadId"), Field("capturedAt", Kind.MOMENT), Field("campaignId"), Field("formId", Kind.FOREIGN)),
    *(Field("variantId"), Field("slug", Kind.FOREIGN), Field("clickId"), Field("conversionId")),
    *(Field("notConverted", Kind.FOREIGN), Field("requestId", Kind.FOREIGN), Field("runId")),
)


def export(tx: Transaction, asked: store.Asked, format_: LeadFormat, data: Path) -> Sent:
    """Read twice in one transaction: which fields there are, then the rows."""
    as_of = SystemClock().now()
    statement = store.wanted(asked)
    path = new_spool(data)
    try:
        names = store.field_names(tx, statement)
        rows = _write(tx, statement, names, format_, path, asked.handle)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        made = Manifest(rows, path.stat().st_size, digest, as_of)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoom from error
        raise
    of = f"{asked.handle}-{asked.campaign_id}" if asked.campaign_id else asked.handle
    return Sent(path, manifest_headers(f"{of}-leads.{format_}", FORMATS[format_], made))


def _write(
    tx: Transaction, statement: Select[Any], names: Sequence[str], format_: LeadFormat, path: Path, handle: str
) -> int:
    fields = (*OWN, *(Field(f"fields.{name}", Kind.FOREIGN) for name in names))
    variants = campaigns.all_variant_names(tx, handle)
    write = write_csv if format_ == "csv" else write_ndjson
    with path.open("wb") as file:
        return sum(write(file.write, fields, _groups(tx, statement, names, variants)))


def _groups(
    tx: Transaction, statement: Select[Any], names: Sequence[str], variants: Mapping[str, Mapping[int, str]]
) -> Iterator[list[Values]]:
    for group in store.groups(tx, statement, GROUP):
        yield [_values(lead, names, variants) for lead in group]


def _values(lead: Lead, names: Sequence[str], variants: Mapping[str, Mapping[int, str]]) -> Values:
    variant_id = variants.get(lead.campaign_id, {}).get(lead.variant)
    own = (lead.lead_id, lead.captured_at, lead.campaign_id, lead.form_id, variant_id, lead.slug, lead.click_id)
    rest = (lead.conversion_id, lead.not_converted, lead.request_id, None if lead.world == LIVE else lead.world)
    return (*own, *rest, *(_told(lead.fields, name) for name in names))


def _told(filled: Fields, name: str) -> str | None:
    value = filled.get(name)
    return str(value).lower() if isinstance(value, bool) else value
