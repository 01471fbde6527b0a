"""Clicks of a run: the headers that ask for one, and the visitor they speak of."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

from funnelproof.campaigns.campaign import Campaign
from funnelproof.campaigns.variants import Share, bucket_of
from funnelproof.clicks.device import Device
from funnelproof.clicks.visitor import Visitor, with_cookie
from funnelproof.errors import invalid
from funnelproof.keys.key import Key

TOKEN_HEADER = "x-funnelproof-run"  # noqa: S105 - a header's name
AS_HEADER = "x-funnelproof-as"
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


def draw_visitor(campaign: Campaign, seed: str, who: As) -> Visitor:
    """A visitor drawn from the seed alone: the first whose published hash falls into the wanted variant.

    Its key comes from the seed too, so that no installation's visitor key shows and no live visitor has it.
    """
    key = Key("", hashlib.sha256(f"visitor key of run {seed}".encode()).digest(), 0, None)
    drawn = with_cookie(
        _draw_cookie(campaign, seed, who),
        visitor_key=key,
        handle=campaign.handle,
        campaign_id=campaign.campaign_id,
    )
    return drawn._replace(cookie=None)


def _draw_cookie(campaign: Campaign, seed: str, who: As) -> str:
    wanted = _share_of(campaign, who.variant) if who.variant else None
    for attempt in count():
        cookie = hashlib.sha256(f"{seed}|{who.visitor}|{who.variant or ''}|{attempt}".encode()).hexdigest()[:32]
        if wanted is None or wanted.start <= bucket_of(campaign.campaign_id, cookie) < wanted.open_end:
            return cookie
    raise AssertionError("some visitor falls into each open bucket")


def _share_of(campaign: Campaign, variant_id: str) -> Share:
    variant = next((each for each in campaign.variants if each.variant_id == variant_id), None)
    if variant is None:
        names = ", ".join(each.variant_id for each in campaign.variants) or "none"
        raise invalid("variant", f"the campaign has no variant {variant_id!r}; it has {names}.")
    share = next(share for share in campaign.shares if share.number == variant.number)
    if share.open_count == 0:
        raise invalid("variant", f"nobody can reach {variant_id!r}: it has no open bucket. Give it weight, or ramp up.")
    return share
