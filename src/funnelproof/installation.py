"""What one running process of an installation holds, handed to routes and doors when they are built."""

from dataclasses import dataclass

from funnelproof.clock import Clock
from funnelproof.keys.ring import Keyring
from funnelproof.keys.seal import Seal
from funnelproof.settings import Settings
from funnelproof.storage.database import Database
from funnelproof.storage.ingest import Ingest


@dataclass(frozen=True, slots=True)
class Installation:
    settings: Settings
    database: Database
    clock: Clock
    seal: Seal
    keyring: Keyring
    lane: Ingest
