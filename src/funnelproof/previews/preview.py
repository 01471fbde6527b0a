"""What a preview is, the token that opens it, and the route that it leads along."""

import base64
import hmac
import re
from dataclasses import dataclass, replace

from funnelproof.campaigns.campaign import CampaignStatus
from funnelproof.clock import HOUR, Micros
from funnelproof.errors import NotFound, Problem
from funnelproof.keys.key import Purpose
from funnelproof.keys.ring import Keyring
from funnelproof.links.link import Link
from funnelproof.worlds.route import Route

PARAMETER = "fp_preview"
LIFE: Micros = HOUR
TOKEN = re.compile(r"(shr_[0-9a-f]{32})\.([A-Za-z0-9_-]{4})\.([A-Za-z0-9_-]{43})")


class PreviewEnded(Problem):
    """This preview link does not hold: it lives one hour, opens one link, and can be revoked. Make a new one."""

    kind, code, title = "gone", "preview_ended", "The preview has ended"


class NoSuchPreview(NotFound):
    """This link has no preview link of this id. They are listed at `…/preview-links` while they live."""


@dataclass(frozen=True, slots=True)
class Preview:
    """`variant` is a number, 0 where the link has no variants."""

    handle: str
    preview_id: str
    slug: str
    campaign_id: str | None
    variant: int
    made_by: str
    made_at: Micros
    expires_at: Micros
    revoked_at: Micros | None = None

    def fits(self, route: Route) -> bool:
        """Whether the link still leads to the campaign and the variant that it was made for."""
        campaign = route.campaign
        if self.campaign_id != (campaign.campaign_id if campaign else None):
            return False
        return campaign is None or not campaign.variants or campaign.variant(self.variant) is not None

    def is_open(self, now: Micros) -> bool:
        return self.revoked_at is None and now < self.expires_at


def token_of(preview: Preview, keyring: Keyring) -> str:
    key = keyring.signing(Purpose.CTX)
    body = f"{preview.preview_id}.{key.key_id}"
    return f"{body}.{_tag(key.secret, preview.handle, body)}"


def read_token(token: str, handle: str, keyring: Keyring) -> str:
    """The id of a preview whose signature holds: nobody makes storage look for invented ones."""
    match = TOKEN.fullmatch(token)
    key = keyring.find(Purpose.CTX, match[2]) if match else None
    if match is None or key is None or not hmac.compare_digest(match[3], _tag(key.secret, handle, token[:-44])):
        raise PreviewEnded
    return match[1]


def previewed(route: Route, variant: int) -> Route:
    """The route on which everybody is led to one variant and nobody enters: the ramp is closed, and this the control.

    A link that is off, not yet open or over, that asks for a password or has rules can be looked at all the same.
    """
    link = replace(_without_limits(route.link), routing_rules=())
    campaign = route.campaign
    if campaign is None:
        return Route(route.handle, link, None)
    running = replace(campaign, status=CampaignStatus.ACTIVE, starts_at=None, ends_at=None, ramp_percent=0)
    variants = tuple(replace(own, control=own.number == variant) for own in campaign.variants)
    return Route(route.handle, link, replace(running, variants=variants))


def _without_limits(link: Link) -> Link:
    opened = replace(link, enabled=True, password_hash=None, max_clicks=None)
    return replace(opened, scheduled_start_at=None, scheduled_end_at=None, expires_at=None)


def _tag(secret: bytes, handle: str, body: str) -> str:
    digest = hmac.digest(secret, f"preview link {handle} {body}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
