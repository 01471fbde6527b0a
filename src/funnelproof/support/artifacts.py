"""What a report names is looked up, only where its sender has a part, and attached as found or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, select

from funnelproof.access import store as access
from funnelproof.access.caller import Caller, Kind
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import clicks, conversions, deployments, leads, requests, runs
from funnelproof.worlds.world import LIVE, PREVIEW

MOST_PLACES = 100
STORED: dict[str, tuple[tuple[str, Table, str], ...]] = {
    "run_": (("run", runs, "run_id"),),
    "cnv_": (("conversion", conversions, "conversion_id"),),
    "clk_": (("click", clicks, "click_id"),),
    "dep_": (("deployment", deployments, "deployment_id"),),
    "lead_": (("lead", leads, "lead_id"),),
}
"""By the beginning of an id: what it is, and where it stands."""
WORLDS = (LIVE, PREVIEW)
"""What belongs to a run is found by its run."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a sender says. All may be None."""

    handle: str | None = None
    session_id: str | None = None
    request_id: str | None = None
    run_id: str | None = None
    repro_artifact: str | None = None


def look_up(tx: Transaction, caller: Caller, named: Named) -> tuple[dict[str, Any], ...]:
    """`{kind, id, found, handle}` for each thing that is named; what lies elsewhere reads as what does not exist."""
    places = places_of(tx, caller, named.handle)
    found: list[dict[str, Any]] = []
    if named.handle is not None:
        found.append(_artifact("handle", named.handle, named.handle if places else None))
    if named.session_id is not None:
        own = caller.user_id is not None and access.has_session(tx, caller.user_id, named.session_id)
        found.append({"kind": "session", "id": named.session_id, "found": own, "handle": None})
    if named.request_id is not None:
        found.append(_artifact("request", named.request_id, _place_of_request(tx, places, named.request_id)))
    if named.run_id is not None:
        found.append(_artifact("run", named.run_id, _place_of(tx, places, runs, "run_id", named.run_id)))
    if named.repro_artifact is not None:
        found.append(_repro(tx, places, named.repro_artifact))
    return tuple(found)


def places_of(tx: Transaction, caller: Caller, wanted: str | None) -> list[str]:
    """Handles in which this caller may look: the one that is named, if it is theirs, else all of theirs."""
    if caller.kind is Kind.TOKEN:
        own = [caller.handle] if caller.handle and caller.role else []
    else:
        own = [handle for handle, _ in access.roles_of(tx, caller.user_id or "")][:MOST_PLACES]
    return own if wanted is None else [handle for handle in own if handle == wanted]


def objects_of(tx: Transaction, handle: str, request_id: str) -> list[dict[str, str]]:
    """Rows that share a request's stamp: what a visitor's request made."""
    stamp = request_id.removeprefix("req_")
    made = []
    for prefix in ("clk_", "cnv_", "lead_"):
        ((kind, table, column),) = STORED[prefix]
        if _place_of(tx, [handle], table, column, prefix + stamp):
            made.append({"kind": kind, "id": prefix + stamp})
    return made


def _repro(tx: Transaction, places: Sequence[str], told: str) -> dict[str, Any]:
    for prefix, kinds in STORED.items():
        if told.startswith(prefix):
            ((kind, table, column),) = kinds
            return _artifact(kind, told, _place_of(tx, places, table, column, told))
    return _artifact("repro", told, None)


def _place_of_request(tx: Transaction, places: Sequence[str], request_id: str) -> str | None:
    asked = _place_of(tx, places, requests, "request_id", request_id)
    return asked or next((handle for handle in places if objects_of(tx, handle, request_id)), None)


def _place_of(tx: Transaction, places: Sequence[str], table: Table, column: str, wanted: str) -> str | None:
    """The first of these handles where it stands, each asked for itself: so each question stays on one shard."""
    for handle in places:
        where = [table.c.handle == handle, table.c[column] == wanted]
        if "world" in table.c:
            where.append(table.c.world.in_(WORLDS))
        if tx.one(select(table.c.handle).where(*where).limit(1)):
            return handle
    return None


def _artifact(kind: str, named: str, handle: str | None) -> dict[str, Any]:
    return {"kind": kind, "id": named, "found": handle is not None, "handle": handle}
