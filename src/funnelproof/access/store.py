"""Rows of `users`, `memberships`, `sessions` and `access_tokens`."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from funnelproof.access.roles import Role
from funnelproof.clock import Micros
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import access_tokens, memberships, sessions, users
from funnelproof.storage.statements import insert_new


@dataclass(frozen=True, slots=True)
class User:
    user_id: str
    email: str
    password_hash: str
    name: str
    platform_operator: bool
    created_at: Micros

    def __repr__(self) -> str:
        return f"User({self.user_id})"


@dataclass(frozen=True, slots=True)
class Member:
    """A person's part in a handle."""

    handle: str
    user_id: str
    email: str
    name: str
    role: Role
    added_at: Micros


@dataclass(frozen=True, slots=True)
class Session:
    """One refresh token; those that replaced one another share a family."""

    session_id: str
    user_id: str
    family: str
    token_hash: str
    issued_at: Micros
    expires_at: Micros
    used_at: Micros | None = None
    revoked_at: Micros | None = None


@dataclass(frozen=True, slots=True)
class AccessToken:
    handle: str
    token_id: str
    name: str
    secret_hash: str
    scopes: Sequence[str]
    made_by: str
    created_at: Micros
    expires_at: Micros | None
    last_used_at: Micros | None = None
    revoked_at: Micros | None = None
    revoked_by: str | None = None

    def __repr__(self) -> str:
        return f"AccessToken({self.token_id}, ***)"


def _row(noun: Any) -> dict[str, Any]:
    return {field.name: getattr(noun, field.name) for field in fields(noun)}


def add_user(tx: Transaction, user: User) -> bool:
    """False if the e-mail address has an account already; then nothing is written."""
    return bool(insert_new(tx, users, [_row(user)], returning=["user_id"]))


def user_of(tx: Transaction, user_id: str) -> User | None:
    row = tx.one(select(users).where(users.c.user_id == user_id))
    return User(**row) if row else None


def user_by_email(tx: Transaction, email: str) -> User | None:
    row = tx.one(select(users).where(users.c.email == email))
    return User(**row) if row else None


def users_by_email(tx: Transaction, emails: Sequence[str]) -> dict[str, User]:
    found = tx.all(select(users).where(users.c.email.in_(emails)))
    return {row["email"]: User(**row) for row in found}


def any_user(tx: Transaction) -> bool:
    return tx.one(select(users.c.user_id).limit(1)) is not None


def set_password_hash(tx: Transaction, user_id: str, password_hash: str) -> None:
    tx.execute(update(users).where(users.c.user_id == user_id).values(password_hash=password_hash))


def role_in(tx: Transaction, handle: str, user_id: str) -> Role | None:
    row = tx.one(select(memberships.c.role).where(memberships.c.handle == handle, memberships.c.user_id == user_id))
    return Role(row["role"]) if row else None


def roles_of(tx: Transaction, user_id: str) -> list[tuple[str, Role]]:
    """(handle, role) of every handle a person has a part in, by name."""
    rows = tx.all(select(memberships).where(memberships.c.user_id == user_id).order_by(memberships.c.handle))
    return [(row["handle"], Role(row["role"])) for row in rows]


def members_of(tx: Transaction, handle: str) -> list[Member]:
    """The owner first, then in the order in which they were added."""
    statement = (
        select(memberships, users.c.email, users.c.name)
        .join(users, users.c.user_id == memberships.c.user_id)
        .where(memberships.c.handle == handle)
        .order_by(memberships.c.added_at, users.c.email)
    )
    found = [Member(**{**row, "role": Role(row["role"])}) for row in tx.all(statement)]
    return sorted(found, key=lambda member: member.role is not Role.OWNER)


def add_member(tx: Transaction, handle: str, user_id: str, role: Role, *, now: Micros) -> None:
    tx.execute(insert(memberships), {"handle": handle, "user_id": user_id, "role": role.value, "added_at": now})


def set_role(tx: Transaction, handle: str, user_id: str, role: Role) -> None:
    statement = update(memberships).where(memberships.c.handle == handle, memberships.c.user_id == user_id)
    tx.execute(statement.values(role=role.value))


def remove_member(tx: Transaction, handle: str, user_id: str) -> None:
    tx.execute(delete(memberships).where(memberships.c.handle == handle, memberships.c.user_id == user_id))


def add_session(tx: Transaction, session: Session) -> None:
    tx.execute(insert(sessions), _row(session))


def session_by_hash(tx: Transaction, token_hash: str) -> Session | None:
    row = tx.one(select(sessions).where(sessions.c.token_hash == token_hash))
    return Session(**row) if row else None


def has_session(tx: Transaction, user_id: str, session_id: str) -> bool:
    where = (sessions.c.session_id == session_id, sessions.c.user_id == user_id)
    return tx.one(select(sessions.c.session_id).where(*where)) is not None


def use_session(tx: Transaction, session_id: str, now: Micros) -> bool:
    """False if it was used before: of two at once, one gets it."""
    statement = update(sessions).where(sessions.c.session_id == session_id, sessions.c.used_at.is_(None))
    return tx.execute(statement.values(used_at=now)).rowcount == 1


def revoke_family(tx: Transaction, family: str, now: Micros) -> None:
    statement = update(sessions).where(sessions.c.family == family, sessions.c.revoked_at.is_(None))
    tx.execute(statement.values(revoked_at=now))


def is_family_alive(tx: Transaction, family: str) -> bool:
    """One revoked token is enough: a refresh under way while its family ends must not outlive it."""
    counts = select(func.count().label("all"), func.count(sessions.c.revoked_at).label("revoked"))
    row = tx.one(counts.where(sessions.c.family == family))
    return row is not None and row["all"] > 0 and row["revoked"] == 0


def forget_expired(tx: Transaction, family: str, now: Micros) -> None:
    tx.execute(delete(sessions).where(sessions.c.family == family, sessions.c.expires_at <= now))


def add_token(tx: Transaction, token: AccessToken) -> None:
    tx.execute(insert(access_tokens), _row(token))


def token_in(tx: Transaction, handle: str, token_id: str) -> AccessToken | None:
    row = tx.one(select(access_tokens).where(access_tokens.c.handle == handle, access_tokens.c.token_id == token_id))
    return AccessToken(**row) if row else None


def token_by_id(tx: Transaction, token_id: str) -> AccessToken | None:
    """Of whichever handle: this asks every shard, so `token_in` comes first where the handle is known."""
    row = tx.one(select(access_tokens).where(access_tokens.c.token_id == token_id))
    return AccessToken(**row) if row else None


def tokens_of(tx: Transaction, handle: str, *, after: tuple[Any, ...] | None, rows: int) -> list[AccessToken]:
    """Newest first; revoked ones too, for they are history."""
    statement = select(access_tokens).where(access_tokens.c.handle == handle)
    if after:
        created_at, token_id = access_tokens.c.created_at, access_tokens.c.token_id
        statement = statement.where((created_at < after[0]) | ((created_at == after[0]) & (token_id < after[1])))
    newest = (access_tokens.c.created_at.desc(), access_tokens.c.token_id.desc())
    return [AccessToken(**row) for row in tx.all(statement.order_by(*newest).limit(rows))]


def revoke_token(tx: Transaction, handle: str, token_id: str, *, by: str, now: Micros) -> None:
    statement = update(access_tokens).where(access_tokens.c.handle == handle, access_tokens.c.token_id == token_id)
    tx.execute(statement.where(access_tokens.c.revoked_at.is_(None)).values(revoked_at=now, revoked_by=by))


def revoke_tokens_of(tx: Transaction, handle: str, user_id: str, *, now: Micros) -> None:
    """Who leaves takes their tokens along, also if they are let in again."""
    where = (access_tokens.c.handle == handle, access_tokens.c.made_by == user_id, access_tokens.c.revoked_at.is_(None))
    tx.execute(update(access_tokens).where(*where).values(revoked_at=now, revoked_by=user_id))


def touch_token(tx: Transaction, handle: str, token_id: str, now: Micros) -> None:
    tx.execute(
        update(access_tokens)
        .where(access_tokens.c.handle == handle, access_tokens.c.token_id == token_id)
        .values(last_used_at=now)
    )
