"""What a login consists of: an account, a link that is mailed, a session; and how a link does not hold."""

import re
from dataclasses import dataclass

from funnelproof.clock import DAY, HOUR, MINUTE, Micros
from funnelproof.errors import Problem, invalid

LINK_LIVES: Micros = 15 * MINUTE
SESSION_LIVES: Micros = 30 * DAY
MAILS_AN_HOUR = 3
ASKED_AN_HOUR = 20
"""How often one network may ask for links: an office shares an address."""
SPAN: Micros = HOUR
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
PAGE_PATH = r"/p/[a-z0-9-]{1,64}(\?[\x21-\x7e]{0,1900})?"


class ExpiredMagicLink(Problem):
    """This login link does not hold: it was good for 15 minutes. Ask for a new one on the page."""

    kind, code, title = "unauthenticated", "expired_magic_link", "The login link has expired"


class UsedMagicLink(Problem):
    """This login link was used before, and is good for one login. Ask for a new one on the page."""

    kind, code, title = "unauthenticated", "used_magic_link", "The login link was used before"


class OtherBrowser(Problem):
    """The link was asked for in another browser. Nobody else should have it: say `confirm` to log in here as well."""

    kind, code, title = "conflict", "other_browser", "Another browser asked for this link"


class TooManyLogins(Problem):
    """So many login links are asked for from this network that no more are sent for now. Wait, and ask again."""

    kind, code, title = "limited", "rate_limited", "Too many login links"
    retry_after_seconds = 600


@dataclass(frozen=True, slots=True)
class Account:
    handle: str
    account_id: str
    email: str
    created_at: Micros
    last_login_at: Micros


@dataclass(frozen=True, slots=True)
class MagicLink:
    """Of token and nonce only the hashes are kept. The nonce is in a cookie of the browser that asked."""

    handle: str
    token_hash: str
    email: str
    nonce_hash: str
    return_to: str
    made_at: Micros
    expires_at: Micros
    used_at: Micros | None = None


@dataclass(frozen=True, slots=True)
class Session:
    handle: str
    session_hash: str
    account_id: str
    made_at: Micros
    expires_at: Micros


def check_return_to(handle: str, path: str) -> str:
    """Only pages of the same handle are returned to: a login link never leads elsewhere."""
    if re.fullmatch(f"(/{re.escape(handle)})?{PAGE_PATH}", path) is None:
        raise invalid("returnTo", f"must be the path of a page of this handle, such as /{handle}/p/offer.")
    return path
