"""The keyring of one process: which key signs now, which keys still verify.

A new key is stored announced and signs 30 s later, so that every process knows it before it meets its first signature.
"""

import secrets
import threading
from typing import NamedTuple

from funnelproof.clock import DAY, HOUR, SECOND, Clock, Micros, local_day
from funnelproof.errors import Unavailable
from funnelproof.keys import store
from funnelproof.keys.key import ROTATING, Key, Purpose
from funnelproof.keys.seal import Seal
from funnelproof.storage.database import Database, Transaction

SIGNS_AFTER: Micros = 30 * SECOND
VERIFIES_FOR: Micros = 367 * DAY
SALT_LIFE: Micros = 48 * HOUR
FOREVER: Micros = 2**63


def make_first_keys(tx: Transaction, seal: Seal, now: Micros) -> None:
    """One key for each purpose that has none yet."""
    present = {key.purpose for key in store.all_keys(tx)}
    for purpose in Purpose:
        if purpose not in present:
            store.add(tx, _new_key(purpose, seal, announced_at=now, signs_from=now))


def rotate(tx: Transaction, seal: Seal, now: Micros, purpose: Purpose) -> str:
    """Announce a new key; those before it retire when it begins to sign, and are forgotten 367 days later."""
    if purpose not in ROTATING:
        raise ValueError(f"the {purpose} key never rotates: with a new one everybody would be somebody else")
    key = _new_key(purpose, seal, announced_at=now, signs_from=now + SIGNS_AFTER)
    store.retire(tx, purpose, at=key.signs_from)
    store.forget(tx, purpose, retired_before=now - VERIFIES_FOR)
    store.add(tx, key)
    return key.key_id


def _new_key(purpose: str, seal: Seal, *, announced_at: Micros, signs_from: Micros) -> store.SealedKey:
    return store.SealedKey(
        purpose, secrets.token_urlsafe(3), seal.close(secrets.token_bytes(32)), announced_at, signs_from, None
    )


class _Present(NamedTuple):
    """The key that signs from one moment until another."""

    key: Key
    signs_from: Micros
    until: Micros


class Keyring:
    """Keys by purpose and id, read again (once a second at most) when an unknown id turns up."""

    def __init__(self, database: Database, seal: Seal, clock: Clock) -> None:
        self._database, self._seal, self._clock = database, seal, clock
        self._keys: dict[str, dict[str, Key]] = {}
        self._salts: dict[str, bytes] = {}
        self._present: dict[Purpose, _Present] = {}
        self._read_at: Micros = 0
        self._failed_at: Micros = -SECOND
        self._lock = threading.Lock()

    def load(self) -> None:
        rows = self._database.read_now(store.all_keys)
        keys: dict[str, dict[str, Key]] = {purpose: {} for purpose in Purpose}
        for row in rows:
            key = Key(row.key_id, self._seal.open(row.sealed), row.signs_from, row.retired_at)
            keys.setdefault(row.purpose, {})[row.key_id] = key
        self._keys, self._read_at, self._present = keys, self._clock.now(), {}

    def signing(self, purpose: Purpose, now: Micros | None = None) -> Key:
        """The youngest key that may sign by now, which who knows the time may tell."""
        now = self._clock.now() if now is None else now
        present = self._present.get(purpose)
        if present is None or not present.signs_from <= now < present.until:
            present = self._present[purpose] = self._youngest(purpose, now)
        return present.key

    def _youngest(self, purpose: Purpose, now: Micros) -> "_Present":
        keys = self._keys[purpose].values()
        key = max((key for key in keys if key.signs_from <= now), key=lambda key: key.signs_from)
        until = min((key.signs_from for key in keys if key.signs_from > now), default=FOREVER)
        return _Present(key, key.signs_from, until)

    def find(self, purpose: Purpose, key_id: str) -> Key | None:
        """A key that may verify, or None. Never touches storage: see `refresh`."""
        key = self._keys[purpose].get(key_id)
        if key is None or (key.retired_at is not None and key.retired_at + VERIFIES_FOR < self._clock.now()):
            return None
        return key

    def refresh(self) -> None:
        """Read the keys again, unless that was done within the last second.

        Where it failed within the last second it is refused at once: nobody waits as long again.
        """
        with self._lock:
            if self._clock.now() - self._failed_at < SECOND:
                raise Unavailable
            if self._clock.now() - self._read_at >= SECOND:
                self._load_or_note()

    def _load_or_note(self) -> None:
        try:
            self.load()
        except Exception:
            self._failed_at = self._clock.now()
            raise

    def known_salt(self, at: Micros) -> bytes | None:
        """The salt of a UTC day if it is at hand. Never touches storage: see `daily_salt`."""
        return self._salts.get(local_day(at, "UTC"))

    def daily_salt(self, at: Micros) -> bytes:
        """The salt of a UTC day, made on first use and forgotten after 48 hours by `forget_salts`."""
        day = local_day(at, "UTC")
        if day not in self._salts:
            self._salts = {day: self._read_or_make_salt(day)}
        return self._salts[day]

    def _read_or_make_salt(self, day: str) -> bytes:
        def read_or_make(tx: Transaction) -> bytes:
            if store.salt_of(tx, day) is None:
                store.add_salt(tx, day, self._seal.close(secrets.token_bytes(16)), self._clock.now())
            row = store.salt_of(tx, day)
            assert row is not None  # noqa: S101 - added just above
            return self._seal.open(row["sealed"])

        return self._database.write_now(read_or_make)


def forget_salts(tx: Transaction, now: Micros) -> int:
    """Delete the salts that are 48 hours old: what they hashed can no longer be guessed."""
    store.forget_salts(tx, made_before=now - SALT_LIFE)
    return 0
