"""Leases: of all processes, the one that holds the lease does the work. Judged by the database's own clock."""

from sqlalchemy import delete, literal_column, select, update

from funnelproof.clock import Micros
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import leases
from funnelproof.storage.statements import insert_new

NOW = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
}


def take(tx: Transaction, name: str, holder: str, lasts: Micros) -> bool:
    """Take or prolong a lease; false if another process holds it. Whoever only looks on writes nothing."""
    now: Micros = tx.execute(select(literal_column(NOW[tx.dialect]))).scalar_one()
    held = tx.one(select(leases.c.holder, leases.c.until).where(leases.c.name == name))
    if held is not None and held["holder"] != holder and held["until"] >= now:
        return False
    if insert_new(tx, leases, [{"name": name, "holder": holder, "until": now + lasts}], returning=("name",)):
        return True
    free = (leases.c.until < now) | (leases.c.holder == holder)
    statement = update(leases).where(leases.c.name == name, free).values(holder=holder, until=now + lasts)
    return tx.execute(statement).rowcount > 0


def give_back(tx: Transaction, holder: str) -> None:
    """All leases of a process that ends: another one goes on at once."""
    tx.execute(delete(leases).where(leases.c.holder == holder))
