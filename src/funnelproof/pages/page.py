"""What a campaign's page is: its content, versions, deployments, and ways to be refused. Knows no storage, no web."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import rfc8785

from funnelproof.clock import Micros
from funnelproof.errors import NotFound, Problem, invalid
from funnelproof.handles.handle import RESERVED

PAGE_SLUG = r"^[a-z0-9][a-z0-9_-]{2,63}$"
_PAGE_SLUG = re.compile(PAGE_SLUG)
PREVIEW, SHARE = "preview", "share"
LOGIN, VERIFY = "login", "verify"
RESERVED_SLUGS = RESERVED | frozenset(
    {PREVIEW, SHARE, LOGIN, VERIFY, "edit", "index", "new", "page", "pages", "schema"}
)
"""Page slugs that are ours, or that would speak for us: `/{handle}/p/preview` shows drafts."""
Document = dict[str, Any]


class AccessMode(StrEnum):
    """Who may see a published page: everybody, or whoever has logged in as a visitor."""

    PUBLIC = "PUBLIC"
    FREE_WITH_LOGIN = "FREE_WITH_LOGIN"


class StructureType(StrEnum):
    PRODUCT_LAUNCH = "PRODUCT_LAUNCH"
    LEAD_MAGNET = "LEAD_MAGNET"
    WEBINAR = "WEBINAR"
    RETARGETING = "RETARGETING"
    PARTNER = "PARTNER"


class PageNotFound(NotFound):
    """This campaign has no page yet. Write its draft: PUT …/site-structure/campaigns/{campaignId}."""

    title = "The campaign has no page"


class PageNotPublished(Problem):
    """No page is published here. Publish the campaign's draft: POST …/site-structure/campaigns/{campaignId}/publish."""

    kind, code, title = "absent", "page_not_published", "The page is not published"


class VersionNotFound(NotFound):
    """The page has no version of this number. GET …/site-structure/campaigns/{campaignId} lists all."""

    title = "Version not found"


class PageSlugTaken(Problem):
    """Another campaign's page has this slug, or once had it. Choose another one."""

    kind, code, title = "conflict", "slug_taken", "The slug is taken"


class LoginRequired(Problem):
    """This page is free, and opens after a login. `loginUrl` is where."""

    kind, code, title = "unauthenticated", "login_required", "Log in to see this page"


class InvalidPageLink(NotFound):
    """This link to a draft does not hold: it has run out, or was revoked. Ask whoever sent it for a new one."""

    title = "The link does not hold"


@dataclass(frozen=True, slots=True)
class Content:
    """All that a version freezes."""

    title: str
    slug: str
    access_mode: AccessMode
    structure_type: StructureType
    document: Document

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of its RFC 8785 JSON: the same content is the same version."""
        return hashlib.sha256(rfc8785.dumps(self.plain())).hexdigest()

    def plain(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def own_texts(self) -> Document:
        """What each variant shows instead, by its id: a change of this changes what the variants are."""
        return dict(self.document.get("variants", {}))


def content_of(plain: dict[str, Any]) -> Content:
    """From what `plain()` made."""
    modes = {"access_mode": AccessMode(plain["access_mode"]), "structure_type": StructureType(plain["structure_type"])}
    return Content(**{**plain, **modes})


@dataclass(frozen=True, slots=True)
class Page:
    """A campaign's page. `draft_revision` is the draft's ETag. While nothing is published, `published_version`, `slug`
    and `access_mode` are None.
    """

    handle: str
    campaign_id: str
    draft: Content
    draft_revision: int
    drafted_by: str
    drafted_at: Micros
    published_version: int | None
    deployment_id: str | None
    slug: str | None
    access_mode: AccessMode | None
    last_version: int
    created_at: Micros
    updated_at: Micros
    taken_down_at: Micros | None = None


@dataclass(frozen=True, slots=True)
class Version:
    version: int
    content: Content
    digest: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """One act of publishing."""

    handle: str
    campaign_id: str
    deployment_id: str
    version: int
    replaced_version: int | None
    is_rollback: bool
    published_by: str
    published_at: Micros
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """What stands at the page's address."""

    handle: str
    campaign_id: str
    version: Version
    deployment: Deployment

    @property
    def content(self) -> Content:
        return self.version.content


@dataclass(frozen=True, slots=True)
class PageFacts:
    """As much of a page as health and the configuration's digest look at. `version` None: nothing is published.

    `digest` is that of the published version's content, None if its row is not there.
    """

    draft_slug: str
    draft_access_mode: AccessMode
    version: int | None = None
    slug: str | None = None
    access_mode: AccessMode | None = None
    digest: str | None = None


def is_page_slug(text: str) -> bool:
    return _PAGE_SLUG.fullmatch(text) is not None


def check_slug(slug: str) -> str:
    if slug in RESERVED_SLUGS:
        raise invalid("slug", f"{slug!r} is reserved; choose another.", code="reserved")
    return slug


def schema_key(handle: str, campaign_id: str, version: int) -> str:
    return f"site-structure/{handle}/campaigns/{campaign_id}/v{version}.json"
