"""What a visitor may see: the published page, and the one place where its access mode is asked."""

from collections.abc import Mapping
from typing import Protocol

from funnelproof.campaigns import store as campaigns
from funnelproof.pages import store
from funnelproof.pages.page import AccessMode, LoginRequired, PageNotPublished, Published
from funnelproof.storage.database import Transaction


class Visitors(Protocol):
    """Who of the visitors has logged in to a handle's pages."""

    async def is_logged_in(self, headers: Mapping[str, str], handle: str) -> bool:
        """`headers` by lower-case name."""


class NobodyLogsIn:
    """A visitor who has not logged in anywhere."""

    async def is_logged_in(self, headers: Mapping[str, str], handle: str) -> bool:  # noqa: ARG002
        return False


def published_page(tx: Transaction, handle: str, campaign_id: str) -> Published:
    """Raises `PageNotPublished`, also where the campaign is gone or never was: visitors learn nothing of that."""
    found = store.published(tx, handle, campaign_id)
    if found is None or campaigns.find(tx, handle, campaign_id) is None:
        raise PageNotPublished
    return found


def page_at(tx: Transaction, handle: str, slug: str) -> Published | None:
    """The page at `/{handle}/p/{slug}`; under an old slug, the page that has another one now."""
    owner = store.owner_of(tx, handle, slug)
    if owner is None or campaigns.find(tx, handle, owner) is None:
        return None
    return store.published(tx, handle, owner)


async def check_access(page: Published, visitors: Visitors, headers: Mapping[str, str], *, login_url: str) -> None:
    """Raises `LoginRequired` for whoever must log in first; `login_url` is the page itself, which asks for it."""
    if page.content.access_mode is AccessMode.PUBLIC or await visitors.is_logged_in(headers, page.handle):
        return
    raise LoginRequired(f"This page is free, and opens after a login at {login_url}.", loginUrl=login_url)
