"""Keys: announced before they sign, retired before they are forgotten, read again when an unknown one turns up."""

import pytest

from elsewhere import another_process
from funnelproof.clock import DAY, HOUR, SECOND, SetClock
from funnelproof.errors import Unavailable
from funnelproof.installation import Installation
from funnelproof.keys.key import Key, Purpose
from funnelproof.keys.ring import SIGNS_AFTER, VERIFIES_FOR, forget_salts, make_first_keys, rotate
from funnelproof.storage.database import Database, Transaction


def rotated(home: Installation, clock: SetClock, purpose: Purpose = Purpose.CTX) -> str:
    return home.database.write_now(lambda tx: rotate(tx, home.seal, clock.now(), purpose))


def test_a_new_key_signs_thirty_seconds_after_it_was_announced(installation: Installation, clock: SetClock) -> None:
    old = installation.keyring.signing(Purpose.CTX)
    key_id = rotated(installation, clock)
    installation.keyring.load()
    clock.advance(SIGNS_AFTER - 1)
    assert installation.keyring.signing(Purpose.CTX).key_id == old.key_id
    assert installation.keyring.find(Purpose.CTX, key_id) is not None
    clock.advance(1)
    assert installation.keyring.signing(Purpose.CTX).key_id == key_id


def test_a_retired_key_verifies_for_367_days_and_no_longer(installation: Installation, clock: SetClock) -> None:
    old = installation.keyring.signing(Purpose.CTX)
    rotated(installation, clock)
    installation.keyring.load()
    clock.advance(SIGNS_AFTER + VERIFIES_FOR)
    assert installation.keyring.find(Purpose.CTX, old.key_id) is not None
    clock.advance(1)
    assert installation.keyring.find(Purpose.CTX, old.key_id) is None
    rotated(installation, clock)
    installation.keyring.load()
    assert old.key_id not in installation.keyring._keys[Purpose.CTX]


def test_keys_are_read_again_once_a_second_at_most(
    installation: Installation, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[int] = []
    load = installation.keyring.load
    monkeypatch.setattr(installation.keyring, "load", lambda: (loads.append(clock.now()), load()))
    for _ in range(3):
        installation.keyring.refresh()
    assert loads == []
    clock.advance(SECOND)
    for _ in range(3):
        installation.keyring.refresh()
    assert len(loads) == 1


def test_a_reading_that_failed_is_not_waited_for_again_within_a_second(
    installation: Installation, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def away() -> None:
        tries.append(clock.now())
        raise Unavailable

    clock.advance(SECOND)
    with monkeypatch.context() as patched:
        patched.setattr(installation.keyring, "load", away)
        for _ in range(3):
            with pytest.raises(Unavailable):
                installation.keyring.refresh()
    assert len(tries) == 1
    clock.advance(SECOND)
    installation.keyring.refresh()


def test_another_process_learns_of_a_key_by_reading_again(installation: Installation, clock: SetClock) -> None:
    with another_process(installation) as other:
        key_id = rotated(other, clock)
        assert installation.keyring.find(Purpose.CTX, key_id) is None
        clock.advance(SECOND)
        installation.keyring.refresh()
        assert installation.keyring.find(Purpose.CTX, key_id) is not None


@pytest.mark.parametrize("purpose", [Purpose.VISITOR, Purpose.CUSTOMER])
def test_what_people_are_known_by_never_rotates(installation: Installation, clock: SetClock, purpose: Purpose) -> None:
    with pytest.raises(ValueError, match="never rotates"):
        rotated(installation, clock, purpose)


def test_keys_of_one_purpose_do_not_serve_another(installation: Installation) -> None:
    key = installation.keyring.signing(Purpose.CTX)
    assert installation.keyring.find(Purpose.SESSION, key.key_id) is None


def test_a_key_does_not_show_its_secret() -> None:
    assert "secret" not in repr(Key("abcd", b"secret", 0, None))


def test_first_keys_are_made_once(database: Database, installation: Installation) -> None:
    def again(tx: Transaction) -> None:
        make_first_keys(tx, installation.seal, 5)

    before = database.read_now(lambda tx: tx.execute(_count()).scalar_one())
    database.write_now(again)
    assert database.read_now(lambda tx: tx.execute(_count()).scalar_one()) == before == len(Purpose)


def _count() -> object:
    from sqlalchemy import func, select

    from funnelproof.storage.schema import ring_keys

    return select(func.count()).select_from(ring_keys)


def test_a_day_has_one_salt_in_every_process_and_it_is_forgotten(installation: Installation, clock: SetClock) -> None:
    ring = installation.keyring
    assert ring.known_salt(clock.now()) is None
    with another_process(installation) as other:
        salt = ring.daily_salt(clock.now())
        assert other.keyring.daily_salt(clock.now()) == salt == ring.known_salt(clock.now())
        assert ring.daily_salt(clock.now() + DAY) != salt
        clock.advance(48 * HOUR)
        installation.database.write_now(lambda tx: forget_salts(tx, clock.now()))
        assert other.keyring.known_salt(clock.now() - 48 * HOUR) == salt
        fresh = type(ring)(installation.database, installation.seal, clock)
        fresh.load()
        assert fresh.daily_salt(clock.now() - 48 * HOUR) == salt
        clock.advance(1)
        installation.database.write_now(lambda tx: forget_salts(tx, clock.now()))
        late = type(ring)(installation.database, installation.seal, clock)
        assert late.daily_salt(clock.now() - 48 * HOUR) != salt
