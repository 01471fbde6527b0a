"""Who has a part in a handle: the whole list at once, with exactly one owner."""

from collections.abc import Sequence
from dataclasses import dataclass

from funnelproof.access import store as access
from funnelproof.access.roles import Role
from funnelproof.access.store import Member, User
from funnelproof.clock import Micros
from funnelproof.errors import Fault, invalid_payload
from funnelproof.handles import settle
from funnelproof.storage import changes
from funnelproof.storage.database import Transaction

MOST_COLLABORATORS = 100


@dataclass(frozen=True, slots=True)
class Part:
    email: str
    role: Role


def set_members(tx: Transaction, handle: str, parts: Sequence[Part], *, now: Micros) -> list[Member]:
    """Add, change and remove until the list is as told. Raises one problem that names every fault."""
    settle.existing(tx, handle, to_change=True)
    users = access.users_by_email(tx, [part.email for part in parts])
    if faults := [*_list_faults(parts), *_unknown(parts, users)]:
        raise invalid_payload(faults)
    wanted = {users[part.email].user_id: part.role for part in parts}
    present = {member.user_id: member.role for member in access.members_of(tx, handle)}
    for user_id in present.keys() - wanted.keys():
        access.remove_member(tx, handle, user_id)
        access.revoke_tokens_of(tx, handle, user_id, now=now)
    for user_id, role in wanted.items():
        if user_id not in present:
            access.add_member(tx, handle, user_id, role, now=now)
        elif role is not present[user_id]:
            access.set_role(tx, handle, user_id, role)
    changes.bump(tx, handle)
    return access.members_of(tx, handle)


def _list_faults(parts: Sequence[Part]) -> list[Fault]:
    owners = sum(part.role is Role.OWNER for part in parts)
    faults = []
    if owners != 1:
        faults.append(Fault("/items", "one_owner", f"must name exactly one OWNER; it names {owners}."))
    if len(parts) > MOST_COLLABORATORS + 1:
        faults.append(Fault("/items", "too_long", f"may name {MOST_COLLABORATORS} collaborators besides the owner."))
    return faults


def _unknown(parts: Sequence[Part], users: dict[str, User]) -> list[Fault]:
    faults, seen = [], set()
    for position, part in enumerate(parts):
        pointer = f"/items/{position}/email"
        if part.email in seen:
            faults.append(Fault(pointer, "twice", f"{part.email} is named twice; name each person once."))
        elif part.email not in users:
            detail = f"{part.email} has no account here. Ask them to sign up, or an operator to make an account."
            faults.append(Fault(pointer, "unknown_account", detail))
        seen.add(part.email)
    return faults
