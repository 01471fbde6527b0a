"""Rows of `visitor_accounts`, `magic_links` and `visitor_sessions`."""

from sqlalchemy import delete, func, insert, select, update

from funnelproof.clock import DAY, Micros
from funnelproof.ids import new_id
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import magic_links, visitor_accounts, visitor_sessions
from funnelproof.storage.statements import insert_new
from funnelproof.visitors.visitor import Account, MagicLink, Session


def links_since(tx: Transaction, handle: str, email: str, since: Micros) -> int:
    """How many links were made for an address of late."""
    where = (magic_links.c.handle == handle, magic_links.c.email == email, magic_links.c.made_at > since)
    return int(tx.execute(select(func.count()).select_from(magic_links).where(*where)).scalar_one())


def add_link(tx: Transaction, link: MagicLink) -> None:
    """Those of this handle that ended a day ago go: until then a click on one is told why it does not hold."""
    gone = (magic_links.c.handle == link.handle, magic_links.c.expires_at < link.made_at - DAY)
    tx.execute(delete(magic_links).where(*gone))
    tx.execute(insert(magic_links).values(**{name: getattr(link, name) for name in MagicLink.__slots__}))


def find_link(tx: Transaction, handle: str, token_hash: str) -> MagicLink | None:
    row = tx.one(select(magic_links).where(magic_links.c.handle == handle, magic_links.c.token_hash == token_hash))
    return MagicLink(**row) if row else None


def use_link(tx: Transaction, link: MagicLink, now: Micros) -> bool:
    """False if it was used before: of two at once, one gets it."""
    at = (magic_links.c.handle == link.handle, magic_links.c.token_hash == link.token_hash)
    return tx.execute(update(magic_links).where(*at, magic_links.c.used_at.is_(None)).values(used_at=now)).rowcount == 1


def note_login(tx: Transaction, handle: str, email: str, now: Micros) -> Account:
    """The account of an address, made by its first login."""
    fresh = {"handle": handle, "account_id": new_id("vac"), "email": email, "created_at": now, "last_login_at": now}
    insert_new(tx, visitor_accounts, [fresh], returning=["account_id"])
    at = (visitor_accounts.c.handle == handle, visitor_accounts.c.email == email)
    tx.execute(update(visitor_accounts).where(*at).values(last_login_at=now))
    row = tx.one(select(visitor_accounts).where(*at))
    assert row is not None  # noqa: S101 - it was written just now
    return Account(**row)


def add_session(tx: Transaction, session: Session) -> None:
    gone = (visitor_sessions.c.handle == session.handle, visitor_sessions.c.expires_at < session.made_at)
    tx.execute(delete(visitor_sessions).where(*gone))
    tx.execute(insert(visitor_sessions).values(**{name: getattr(session, name) for name in Session.__slots__}))


def account_of(tx: Transaction, handle: str, session_hash: str, now: Micros) -> Account | None:
    """Whose session this is, if it is open."""
    joined = select(visitor_accounts).join(
        visitor_sessions,
        (visitor_sessions.c.handle == visitor_accounts.c.handle)
        & (visitor_sessions.c.account_id == visitor_accounts.c.account_id),
    )
    where = (visitor_accounts.c.handle == handle, visitor_sessions.c.handle == handle)
    row = tx.one(
        joined.where(*where, visitor_sessions.c.session_hash == session_hash, visitor_sessions.c.expires_at > now)
    )
    return Account(**row) if row else None


def end_session(tx: Transaction, handle: str, session_hash: str) -> None:
    at = (visitor_sessions.c.handle == handle, visitor_sessions.c.session_hash == session_hash)
    tx.execute(delete(visitor_sessions).where(*at))


def erase(tx: Transaction, handle: str, email: str) -> int:
    """Account, sessions and links of an address; how many accounts there were."""
    accounts = (visitor_accounts.c.handle == handle, visitor_accounts.c.email == email)
    own = select(visitor_accounts.c.account_id).where(*accounts)
    tx.execute(
        delete(visitor_sessions).where(visitor_sessions.c.handle == handle, visitor_sessions.c.account_id.in_(own))
    )
    tx.execute(delete(magic_links).where(magic_links.c.handle == handle, magic_links.c.email == email))
    return tx.execute(delete(visitor_accounts).where(*accounts)).rowcount
