"""Roles of people in a handle, and scopes of tokens: two closed lists."""

from collections.abc import Collection
from enum import StrEnum

from funnelproof.errors import invalid


class Role(StrEnum):
    """In rising order: each may do what those before it may."""

    CREATOR = "CREATOR"
    OPERATOR = "OPERATOR"
    OWNER = "OWNER"

    def reaches(self, needed: "Role") -> bool:
        return RANK[self] >= RANK[needed]


RANK = {role: rank for rank, role in enumerate(Role)}

SCOPES = (
    "campaigns.read",
    "campaigns.write",
    "campaigns.test",
    "links.read",
    "links.write",
    "pages.read",
    "pages.write",
    "analytics.read",
    "analytics.export",
    "conversions.write",
    "leads.read",
    "webhooks.read",
    "webhooks.write",
    "support.write",
)
WILDCARDS = tuple(dict.fromkeys(f"{scope.split('.')[0]}.*" for scope in SCOPES))


def check_scope(scope: str) -> str:
    if scope not in SCOPES and scope not in WILDCARDS:
        raise invalid("scopes", f"{scope[:40]!r} is not a scope; there are {', '.join(SCOPES + WILDCARDS)}.")
    return scope


def grants(scopes: Collection[str], needed: str) -> bool:
    """Whether one of the scopes is the one needed, or the wildcard of its area."""
    return needed in scopes or f"{needed.split('.')[0]}.*" in scopes
