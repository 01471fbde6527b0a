"""Clicks of a run: the headers that ask for one, and the visitor they speak of."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from funnelproof.campaigns.campaign import Campaign
from funnelproof.campaigns.variants import bucket_of, owner_of
from funnelproof.clicks.device import Device
from funnelproof.errors import invalid

TOKEN_HEADER = "x-funnelproof-run"  # noqa: S105 - a header's name
AS_HEADER = "x-funnelproof-as"
TRIES = 200_000
VALUES = {
    "visitor": re.compile(r"[A-Za-z0-9_.:-]{1,64}"),
    "country": re.compile(r"[A-Z]{2}"),
    "device": re.compile("|".join(Device)),
    "variant": re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class As:
    """As whom a test click is made; what is None comes from the request itself."""

    visitor: str = "visitor"
    country: str | None = None
    device: str | None = None
    variant: str | None = None


def read_as(headers: Mapping[str, str]) -> As:
    """`X-Funnelproof-As: visitor=ann; variant=b; country=IN; device=MOBILE`."""
    said: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in headers.get(AS_HEADER, "").split(";"))):
        name, _, value = part.partition("=")
        if name not in VALUES or not VALUES[name].fullmatch(value):
            raise invalid(
                "X-Funnelproof-As",
                f"{part[:40]!r} is not understood; send visitor=…; variant=…; country=IN; device=MOBILE.",
            )
        said[name] = value
    return As(**said)


def draw_visitor(campaign: Campaign, seed: str, who: As) -> str:
    """A cookie value drawn from the seed, the first whose published hash falls into the wanted variant."""
    wanted = next((variant.number for variant in campaign.variants if variant.variant_id == who.variant), None)
    if who.variant is not None and wanted is None:
        names = ", ".join(variant.variant_id for variant in campaign.variants) or "none"
        raise invalid("variant", f"the campaign has no variant {who.variant!r}; it has {names}.")
    shares = campaign.shares
    for attempt in range(TRIES):
        cookie = hashlib.sha256(f"{seed}|{who.visitor}|{who.variant or ''}|{attempt}".encode()).hexdigest()[:32]
        if wanted is None or owner_of(shares, bucket_of(campaign.campaign_id, cookie)) == (wanted, True):
            return cookie
    raise invalid("variant", f"no visitor can reach {who.variant!r}: it has no open bucket.")
