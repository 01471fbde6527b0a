"""The signature under every control-plane write."""

from dataclasses import dataclass

from funnelproof.clock import Micros


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something (`user:usr_…`, `token:tok_…`, `timer`), when, under which request."""

    actor: str
    at: Micros
    request_id: str | None
