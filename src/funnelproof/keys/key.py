"""What a key is, and what it is for. Knows no storage."""

import hmac
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Protocol

from funnelproof.clock import Micros


class Purpose(StrEnum):
    """What a key is for."""

    CTX = "ctx"
    SESSION = "session"
    VISITOR = "visitor"
    CUSTOMER = "customer"


ROTATING = frozenset({Purpose.CTX, Purpose.SESSION})
"""The others never rotate: with a new visitor or customer key everybody would be somebody else."""


@dataclass(frozen=True)
class Key:
    key_id: str
    secret: bytes
    signs_from: Micros
    retired_at: Micros | None

    @cached_property
    def _begun(self) -> hmac.HMAC:
        return hmac.new(self.secret, digestmod="sha256")

    def tag(self, message: bytes) -> bytes:
        """HMAC-SHA256 of a message, 32 bytes. The key is worked in once."""
        begun = self._begun.copy()
        begun.update(message)
        return begun.digest()

    def __repr__(self) -> str:
        return f"Key({self.key_id}, ***)"


class Keys(Protocol):
    """Where a key that may verify is found."""

    def find(self, purpose: Purpose, key_id: str) -> Key | None: ...
