"""Links by which a draft can be looked at before it is published: signed, short-lived, revocable."""

import base64
import hmac
import re
from dataclasses import dataclass

from funnelproof.clock import DAY, HOUR, Micros
from funnelproof.ids import new_id
from funnelproof.keys.key import Purpose
from funnelproof.keys.ring import Keyring
from funnelproof.pages.page import PREVIEW, SHARE, InvalidPageLink

LIVES: dict[str, Micros] = {PREVIEW: HOUR, SHARE: 30 * DAY}
TOKEN = re.compile(r"pl1\.(shr_[0-9a-f]{32})\.([A-Za-z0-9_-]{4})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class PageLink:
    """A preview link lives an hour, a share link 30 days. Both show the draft as it stands."""

    handle: str
    link_id: str
    campaign_id: str
    kind: str
    made_by: str
    made_at: Micros
    expires_at: Micros
    revoked_at: Micros | None = None
    revoked_by: str | None = None

    def holds(self, now: Micros) -> bool:
        return self.revoked_at is None and now < self.expires_at


def new_link(handle: str, campaign_id: str, kind: str, *, by: str, at: Micros) -> PageLink:
    return PageLink(handle, new_id("shr"), campaign_id, kind, by, at, at + LIVES[kind])


def token_of(link: PageLink, keyring: Keyring) -> str:
    key = keyring.signing(Purpose.CTX)
    return f"pl1.{link.link_id}.{key.key_id}.{_tag(key.secret, link.handle, link.link_id)}"


def read_token(token: str, handle: str, keyring: Keyring) -> str:
    """The id of the link whose token this is; whether it still holds, its row tells."""
    match = TOKEN.fullmatch(token)
    key = keyring.find(Purpose.CTX, match[2]) if match else None
    if match is None or key is None or not hmac.compare_digest(match[3], _tag(key.secret, handle, match[1])):
        raise InvalidPageLink
    return match[1]


def _tag(secret: bytes, handle: str, link_id: str) -> str:
    digest = hmac.digest(secret, f"page link {handle} {link_id}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
