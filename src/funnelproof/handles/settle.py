"""Making a handle, and changing what it stands for."""

from dataclasses import replace
from typing import Any

from funnelproof.access import store as access
from funnelproof.access.roles import Role
from funnelproof.clock import Micros
from funnelproof.handles import store
from funnelproof.handles.handle import (
    FIRST_TIER,
    RETENTION_DAYS,
    ConsentDefault,
    Handle,
    HandleNotFound,
    HandleTaken,
    ZoneFrom,
    after_change,
    check_handle,
    check_time_zone,
)
from funnelproof.money import check_currency
from funnelproof.storage.database import Transaction


def create(
    tx: Transaction,
    *,
    handle: str,
    owner_id: str,
    now: Micros,
    name: str = "",
    time_zone: str = "UTC",
    currency: str = "USD",
    consent_default: ConsentDefault = ConsentDefault.FULL,
    retention_days: int = RETENTION_DAYS,
) -> Handle:
    """A new handle with its owner. Raises `HandleTaken`."""
    made = Handle(
        handle=check_handle(handle),
        name=name or handle,
        time_zone=check_time_zone(time_zone),
        currency=check_currency(currency),
        quota_tier=FIRST_TIER,
        consent_default=consent_default,
        retention_days=retention_days,
        created_at=now,
        version=1,
        zones=(ZoneFrom(0, time_zone),),
    )
    if not store.add(tx, made):
        raise HandleTaken
    access.add_member(tx, handle, owner_id, Role.OWNER, now=now)
    return made


def existing(tx: Transaction, handle: str, *, to_change: bool = False) -> Handle:
    found = store.find(tx, handle, to_change=to_change)
    if found is None:
        raise HandleNotFound
    return found


def change(tx: Transaction, present: Handle, changes: dict[str, Any], *, now: Micros) -> Handle:
    """`changes` by field name. What stands already is no change, and makes no new version."""
    zones = after_change(present.zones, changes.get("time_zone", present.time_zone), now)
    changed = replace(present, **changes, zones=zones)
    if changed == present:
        return present
    changed = replace(changed, version=present.version + 1)
    store.replace(tx, changed)
    return changed
