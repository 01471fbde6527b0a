"""Handles are made once and changed in versions; on both engines."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from funnelproof.access import accounts
from funnelproof.access import store as access
from funnelproof.access.roles import Role
from funnelproof.clock import DAY, from_iso
from funnelproof.errors import Invalid
from funnelproof.handles import settle, store
from funnelproof.handles.handle import Handle, HandleNotFound, HandleTaken
from funnelproof.handles.members import Part, set_members
from funnelproof.storage import changes
from funnelproof.storage.database import Database, Transaction

NOON = from_iso("2026-11-23T12:00:00Z")


def person(tx: Transaction, name: str) -> str:
    user = accounts.sign_up(tx, email=f"{name}@gharart.example", password_hash="h", name=name, now=1)
    assert user is not None
    return user.user_id


@pytest.fixture
def owner(database: Database) -> str:
    return database.write_now(lambda tx: person(tx, "owner"))


def create(database: Database, owner: str, handle: str = "gharart", now: int = NOON) -> Handle:
    return database.write_now(lambda tx: settle.create(tx, handle=handle, owner_id=owner, now=now))


def test_who_makes_a_handle_owns_it(database: Database, owner: str) -> None:
    made = create(database, owner)
    assert database.read_now(lambda tx: store.find(tx, "gharart")) == made
    assert database.read_now(lambda tx: access.role_in(tx, "gharart", owner)) is Role.OWNER
    assert database.read_now(lambda tx: changes.versions(tx, ["gharart"])) == {"gharart": 1}


def test_a_handle_is_made_once(database: Database, owner: str) -> None:
    create(database, owner)
    with pytest.raises(HandleTaken):
        create(database, owner)


def test_of_eight_who_want_one_name_at_once_one_gets_it(database: Database, owner: str) -> None:
    def attempt(_: int) -> bool:
        try:
            create(database, owner)
        except HandleTaken:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(8))) == 1


def test_what_does_not_exist_is_not_found(database: Database) -> None:
    assert database.read_now(lambda tx: store.find(tx, "gharart")) is None
    with pytest.raises(HandleNotFound):
        database.read_now(lambda tx: settle.existing(tx, "gharart"))


def change(database: Database, now: int = NOON, **wanted: object) -> Handle:
    return database.write_now(
        lambda tx: settle.change(tx, settle.existing(tx, "gharart", to_change=True), wanted, now=now)
    )


def test_a_change_makes_a_version_and_no_change_makes_none(database: Database, owner: str) -> None:
    create(database, owner)
    assert change(database, name="Gharart").version == 2
    assert change(database, name="Gharart").version == 2
    assert database.read_now(lambda tx: changes.versions(tx, ["gharart"])) == {"gharart": 2}


def test_a_change_of_zone_is_kept_with_its_time(database: Database, owner: str) -> None:
    create(database, owner)
    change(database, time_zone="Europe/Berlin")
    change(database, NOON + 2 * DAY, currency="EUR")
    found = database.read_now(lambda tx: settle.existing(tx, "gharart"))
    assert [found.zone_at(at) for at in (NOON, NOON + DAY)] == ["UTC", "Europe/Berlin"]
    assert (found.time_zone, found.currency, found.version) == ("Europe/Berlin", "EUR", 3)


def test_a_member_sees_their_handles_newest_first(database: Database, owner: str) -> None:
    for at, name in enumerate(("first", "second", "third")):
        create(database, owner, name, NOON + at)
    shown = database.read_now(lambda tx: store.of_member(tx, owner, after=None, rows=2))
    rest = database.read_now(
        lambda tx: store.of_member(tx, owner, after=(shown[-1].created_at, shown[-1].handle), rows=2)
    )
    assert [handle.handle for handle in [*shown, *rest]] == ["third", "second", "first"]
    assert database.read_now(lambda tx: store.of_member(tx, "usr_none", after=None, rows=2)) == []


def set_parts(database: Database, *parts: tuple[str, Role]) -> list[tuple[str, Role]]:
    listed = [Part(f"{name}@gharart.example", role) for name, role in parts]
    members = database.write_now(lambda tx: set_members(tx, "gharart", listed, now=NOON))
    return [(member.email.split("@")[0], member.role) for member in members]


def test_the_list_of_members_becomes_what_is_told(database: Database, owner: str) -> None:
    create(database, owner)
    database.write_now(lambda tx: [person(tx, name) for name in ("ann", "bo")])
    parts = [("owner", Role.OWNER), ("ann", Role.CREATOR), ("bo", Role.OPERATOR)]
    assert sorted(set_parts(database, *parts)) == sorted(parts)
    assert set_parts(database, ("bo", Role.OWNER), ("owner", Role.CREATOR)) == [
        ("bo", Role.OWNER),
        ("owner", Role.CREATOR),
    ]


def test_every_fault_of_a_list_is_named(database: Database, owner: str) -> None:
    create(database, owner)
    with pytest.raises(Invalid) as refusal:
        set_parts(database, ("nemo", Role.CREATOR), ("owner", Role.OPERATOR), ("owner", Role.CREATOR))
    assert [(fault.pointer, fault.code) for fault in refusal.value.faults] == [
        ("/items", "one_owner"),
        ("/items/0/email", "unknown_account"),
        ("/items/2/email", "twice"),
    ]


def test_a_hundred_collaborators_besides_the_owner_are_the_most(database: Database, owner: str) -> None:
    create(database, owner)
    database.write_now(lambda tx: [person(tx, f"p{number}") for number in range(101)])
    parts = [("owner", Role.OWNER), *((f"p{number}", Role.CREATOR) for number in range(101))]
    with pytest.raises(Invalid, match="100 collaborators"):
        set_parts(database, *parts)
    assert len(set_parts(database, *parts[:-1])) == 101
