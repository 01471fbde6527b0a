"""Rows of `pages`, `page_slugs`, `page_versions`, `deployments` and `page_links`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, insert, select, update

from funnelproof.clock import Micros
from funnelproof.pages.page import (
    AccessMode,
    Deployment,
    Page,
    PageFacts,
    PageNotFound,
    PageSlugTaken,
    Published,
    Version,
    VersionNotFound,
    content_of,
)
from funnelproof.pages.preview import PageLink
from funnelproof.storage.changes import bump
from funnelproof.storage.database import Row, Transaction
from funnelproof.storage.schema import deployments, page_links, page_slugs, page_versions, pages
from funnelproof.storage.statements import insert_new

FACTS = ("draft_slug", "draft_access_mode", "published_version", "slug", "access_mode")


def find(tx: Transaction, handle: str, campaign_id: str) -> Page | None:
    row = tx.one(select(pages).where(*_of(pages, handle, campaign_id)))
    return _page(row) if row else None


def lock(tx: Transaction, handle: str, campaign_id: str) -> Page | None:
    """The same, for a change: nobody else changes it until this transaction ends."""
    row = tx.one(select(pages).where(*_of(pages, handle, campaign_id)).with_for_update())
    return _page(row) if row else None


def get(tx: Transaction, handle: str, campaign_id: str) -> Page:
    page = find(tx, handle, campaign_id)
    if page is None:
        raise PageNotFound
    return page


def add(tx: Transaction, page: Page) -> bool:
    """False if somebody else was first."""
    return bool(insert_new(tx, pages, [_row(page)], returning=["campaign_id"]))


def replace(tx: Transaction, page: Page) -> None:
    tx.execute(update(pages).where(*_of(pages, page.handle, page.campaign_id)).values(**_row(page)))


def take_slug(tx: Transaction, page: Page, slug: str) -> None:
    """Give a slug to a page, unless it is another one's. A slug that was published stays its page's for good."""
    row = {"handle": page.handle, "slug": slug, "campaign_id": page.campaign_id, "was_published": False}
    if insert_new(tx, page_slugs, [row], returning=["slug"]):
        return
    owner = owner_of(tx, page.handle, slug)
    if owner != page.campaign_id:
        raise PageSlugTaken(f"The slug {slug!r} belongs to the page of the campaign {owner!r}. Choose another one.")


def let_go_of_slugs(tx: Transaction, page: Page, *, but: str) -> None:
    """Slugs that only drafts had, and the present one no more."""
    where = (*_of(page_slugs, page.handle, page.campaign_id), page_slugs.c.slug != but)
    tx.execute(delete(page_slugs).where(*where, page_slugs.c.was_published == False))  # noqa: E712 - SQL


def owner_of(tx: Transaction, handle: str, slug: str) -> str | None:
    """The campaign whose page has, or once had, this slug."""
    row = tx.one(select(page_slugs.c.campaign_id).where(page_slugs.c.handle == handle, page_slugs.c.slug == slug))
    return row["campaign_id"] if row else None


def version_with(tx: Transaction, page: Page, digest: str) -> Version | None:
    """The newest version of this content."""
    where = (*_of(page_versions, page.handle, page.campaign_id), page_versions.c.digest == digest)
    rows = tx.all(select(page_versions).where(*where).order_by(page_versions.c.version.desc()).limit(1))
    return _version(rows[0]) if rows else None


def version(tx: Transaction, handle: str, campaign_id: str, number: int) -> Version:
    row = tx.one(
        select(page_versions).where(*_of(page_versions, handle, campaign_id), page_versions.c.version == number)
    )
    if row is None:
        raise VersionNotFound
    return _version(row)


def freeze(tx: Transaction, page: Page, made: Version, *, by: str, at: Micros) -> None:
    row = {"handle": page.handle, "campaign_id": page.campaign_id, "version": made.version, "digest": made.digest}
    tx.execute(insert(page_versions).values(**row, content=made.content.plain(), made_by=by, made_at=at))


def deploy(tx: Transaction, page: Page, deployment: Deployment) -> None:
    """Switch what stands at the page's address."""
    bump(tx, page.handle)
    tx.execute(insert(deployments).values(**{name: getattr(deployment, name) for name in Deployment.__slots__}))
    replace(tx, page)
    at = and_(page_slugs.c.handle == page.handle, page_slugs.c.slug == page.slug)
    tx.execute(update(page_slugs).where(at).values(was_published=True))


def published(tx: Transaction, handle: str, campaign_id: str) -> Published | None:
    page = find(tx, handle, campaign_id)
    if page is None or page.published_version is None or page.deployment_id is None or page.taken_down_at:
        return None
    at = (*_of(deployments, handle, campaign_id), deployments.c.deployment_id == page.deployment_id)
    row = tx.one(select(deployments).where(*at))
    assert row is not None  # noqa: S101 - written with the pointer to it
    return Published(handle, campaign_id, version(tx, handle, campaign_id, page.published_version), _deployment(row))


def take_down(tx: Transaction, handle: str, campaign_id: str, at: Micros | None) -> bool:
    """Show nobody what is published, or (None) show it again; whether there is such a page."""
    bump(tx, handle)
    return tx.execute(update(pages).where(*_of(pages, handle, campaign_id)).values(taken_down_at=at)).rowcount > 0


def published_at(tx: Transaction, handle: str, slug: str) -> Published | None:
    """What stands at `/{handle}/p/{slug}`; an old slug finds the page that now has another one."""
    owner = owner_of(tx, handle, slug)
    return published(tx, handle, owner) if owner else None


def list_deployments(
    tx: Transaction, handle: str, campaign_id: str, *, before: str | None, limit: int
) -> list[Deployment]:
    """Newest first."""
    where = [*_of(deployments, handle, campaign_id)]
    if before is not None:
        where.append(deployments.c.deployment_id < before)
    rows = tx.all(select(deployments).where(*where).order_by(deployments.c.deployment_id.desc()).limit(limit))
    return [_deployment(row) for row in rows]


def latest_of_versions(tx: Transaction, handle: str, campaign_id: str, *, limit: int) -> list[Deployment]:
    """Of each version its newest deployment, the newest version first."""
    where = _of(deployments, handle, campaign_id)
    rows = tx.all(select(deployments).where(*where).order_by(deployments.c.deployment_id))
    newest = {row["version"]: _deployment(row) for row in rows}
    return [newest[number] for number in sorted(newest, reverse=True)][:limit]


def facts_of(tx: Transaction, handle: str, campaign_ids: Sequence[str]) -> dict[str, PageFacts]:
    """By campaign id, of those that have a page."""
    at = and_(
        page_versions.c.handle == pages.c.handle,
        page_versions.c.campaign_id == pages.c.campaign_id,
        page_versions.c.version == pages.c.published_version,
    )
    columns = (pages.c.campaign_id, *(pages.c[name] for name in FACTS), page_versions.c.digest)
    where = (pages.c.handle == handle, pages.c.campaign_id.in_(campaign_ids))
    rows = tx.all(select(*columns).select_from(pages.outerjoin(page_versions, at)).where(*where))
    return {row["campaign_id"]: _facts(row) for row in rows}


def add_link(tx: Transaction, link: PageLink) -> None:
    tx.execute(insert(page_links).values(**{name: getattr(link, name) for name in PageLink.__slots__}))


def find_link(tx: Transaction, handle: str, link_id: str) -> PageLink | None:
    row = tx.one(select(page_links).where(page_links.c.handle == handle, page_links.c.link_id == link_id))
    return _link(row) if row else None


def links_of(
    tx: Transaction, handle: str, campaign_id: str, kind: str, *, before: str | None, limit: int
) -> list[PageLink]:
    """Newest first."""
    where = [*_of(page_links, handle, campaign_id), page_links.c.kind == kind]
    if before is not None:
        where.append(page_links.c.link_id < before)
    rows = tx.all(select(page_links).where(*where).order_by(page_links.c.link_id.desc()).limit(limit))
    return [_link(row) for row in rows]


def revoke_link(tx: Transaction, link: PageLink, *, by: str, at: Micros) -> None:
    where = (page_links.c.handle == link.handle, page_links.c.link_id == link.link_id)
    tx.execute(update(page_links).where(*where, page_links.c.revoked_at.is_(None)).values(revoked_at=at, revoked_by=by))


def _of(table: Table, handle: str, campaign_id: str) -> tuple[ColumnElement[bool], ...]:
    return table.c.handle == handle, table.c.campaign_id == campaign_id


def _row(page: Page) -> dict[str, Any]:
    draft = page.draft
    own = {"draft": draft.plain(), "draft_slug": draft.slug, "draft_access_mode": draft.access_mode.value}
    return {name: getattr(page, name) for name in Page.__slots__} | own


def _page(row: Row) -> Page:
    fields = {name: row[name] for name in Page.__slots__} | {"draft": content_of(row["draft"])}
    return Page(**fields | {"access_mode": AccessMode(row["access_mode"]) if row["access_mode"] else None})


def _version(row: Row) -> Version:
    return Version(row["version"], content_of(row["content"]), row["digest"])


def _deployment(row: Row) -> Deployment:
    return Deployment(**{name: row[name] for name in Deployment.__slots__})


def _link(row: Row) -> PageLink:
    return PageLink(**{name: row[name] for name in PageLink.__slots__})


def _facts(row: Row) -> PageFacts:
    return PageFacts(
        row["draft_slug"],
        AccessMode(row["draft_access_mode"]),
        row["published_version"],
        row["slug"],
        AccessMode(row["access_mode"]) if row["access_mode"] else None,
        row["digest"],
    )
