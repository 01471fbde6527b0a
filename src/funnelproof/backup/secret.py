"""Whether a secret opens the keys of a backup."""

from sqlalchemy import Connection, select

from funnelproof.keys.seal import Seal, WrongSecret
from funnelproof.storage.schema import ring_keys


def fits(connection: Connection, secret: str) -> bool:
    seal = Seal(secret)
    try:
        for sealed in connection.execute(select(ring_keys.c.sealed)).scalars():
            seal.open(sealed)
    except WrongSecret:
        return False
    return True
