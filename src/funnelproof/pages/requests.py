"""A page as clients write and read it."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError

from funnelproof.clock import iso
from funnelproof.errors import Fault, invalid_payload
from funnelproof.pages.draft import as_refusal
from funnelproof.pages.page import (
    PAGE_SLUG,
    PREVIEW,
    RESERVED_SLUGS,
    AccessMode,
    Content,
    Deployment,
    Page,
    Published,
    StructureType,
    schema_key,
)
from funnelproof.pages.preview import PageLink
from funnelproof.pages.structure import document_faults, example_of
from funnelproof.settings import Settings
from funnelproof.web.etag import etag_of
from funnelproof.web.faults import faults_of
from funnelproof.web.shape import Edit, Shape, View, example

Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]


class PageDraft(Edit):
    """The draft of a page. `slug` is the campaign's `detailsPageSlug`, or else its id, unless given."""

    read_only = frozenset({"etag", "url", "draftedAt", "draftedBy"})

    title: Title
    slug: str | None = Field(None, pattern=PAGE_SLUG)
    access_mode: AccessMode = AccessMode.PUBLIC
    structure_type: StructureType
    document: dict[str, Any]


class Publishing(Shape):
    model_config = example({"version": 1})

    version: int | None = Field(None, ge=1, le=2**31, description="An earlier version to go back to; else the draft.")


class DraftView(View):
    title: str
    slug: str
    access_mode: AccessMode
    structure_type: StructureType
    document: dict[str, Any]
    url: str = Field(description="Where the page stands once it is published.")
    etag: str
    drafted_at: str
    drafted_by: str


class PublishedView(View):
    campaign_id: str
    title: str
    slug: str
    access_mode: AccessMode
    structure_type: StructureType
    document: dict[str, Any]
    version: int
    schema_key: str
    schema_version: int
    schema_url: str
    url: str
    deployment_id: str
    published_at: str


class VersionView(View):
    """A version, and the newest deployment of it."""

    version: int
    schema_key: str
    published_at: str
    deployment_id: str


class PageView(View):
    """For those who may see drafts. `versions` are the newest 100; what was taken down is shown to nobody."""

    campaign_id: str
    draft: DraftView
    published: PublishedView | None
    taken_down_at: str | None
    versions: list[VersionView]


class DeploymentView(View):
    deployment_id: str
    version: int
    replaced_version: int | None
    rollback: bool
    published_by: str
    published_at: str
    request_id: str | None
    schema_key: str


class PublishView(View):
    deployment_id: str
    version: int
    schema_key: str
    schema_url: str
    access_mode: AccessMode
    url: str
    published_at: str


class PageLinkView(View):
    """`url` is shown once, when the link is made: it lets whoever has it look at the draft."""

    link_id: str
    kind: str
    url: str | None
    made_by: str
    made_at: str
    expires_at: str
    revoked_at: str | None


def draft_schema() -> dict[str, Any]:
    """How a draft reads in the OpenAPI document; its document is described by the schema of its structure type."""
    types = [kind.value for kind in StructureType]
    told = {
        "title": {"type": "string", "minLength": 1, "maxLength": 200},
        "slug": {
            "type": "string",
            "pattern": PAGE_SLUG,
            "description": "The campaign's detailsPageSlug, or its id, unless given.",
        },
        "accessMode": {"type": "string", "enum": [mode.value for mode in AccessMode], "default": "PUBLIC"},
        "structureType": {"type": "string", "enum": types},
        "document": {"type": "object", "description": "See /v2/public/schemas/campaign-page/{structureType}."},
    }
    told |= {name: {"readOnly": True, "description": "Accepted if unchanged."} for name in sorted(PageDraft.read_only)}
    shown = {"title": "Gharart lamp", "slug": "gharart-lamp", "structureType": "PRODUCT_LAUNCH"}
    document = example_of(StructureType.PRODUCT_LAUNCH)
    plain = {name: part for name, part in document.items() if name != "variants"}
    required = ["title", "structureType", "document"]
    schema = {"type": "object", "additionalProperties": False, "required": required, "properties": told}
    return {**schema, "examples": [{**shown, "document": plain}]}


def read_draft(body: Any) -> PageDraft:
    """Everything wrong with a draft at once: its frame, and its document by the schema of its structure type."""
    faults: list[Fault] = []
    try:
        draft = PageDraft.model_validate(body)
    except ValidationError as error:
        told = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        faults = faults_of(told, body)
        faults += _slug_faults(body) + _document_faults(body)
        raise as_refusal(list(dict.fromkeys(faults))) from None
    return draft


def _slug_faults(body: Any) -> list[Fault]:
    slug = body.get("slug") if isinstance(body, Mapping) else None
    if isinstance(slug, str) and slug in RESERVED_SLUGS:
        return [Fault("/slug", "reserved", f"{slug!r} is reserved; choose another.")]
    return []


def _document_faults(body: Any) -> list[Fault]:
    document = body.get("document") if isinstance(body, Mapping) else None
    kind = body.get("structureType") if isinstance(body, Mapping) else None
    if not isinstance(document, dict) or kind not in list(StructureType):
        return []
    return document_faults(StructureType(kind), document)


def check_repeated(draft: PageDraft, present: DraftView | None) -> None:
    if present is not None:
        draft.check_read_only(present)
    elif draft.repeated:
        detail = "cannot be set; leave it out: nothing stands here yet."
        raise invalid_payload([Fault(f"/{name}", "read_only_field", detail) for name in sorted(draft.repeated)])


def content_from(draft: PageDraft, usual_slug: str) -> Content:
    return Content(draft.title, draft.slug or usual_slug, draft.access_mode, draft.structure_type, draft.document)


class Addresses:
    """Absolute addresses of pages, built from the settings."""

    def __init__(self, settings: Settings) -> None:
        self._public = settings.public_url

    def page(self, handle: str, slug: str) -> str:
        return f"{self._public}/{handle}/p/{slug}"

    def schema(self, handle: str, campaign_id: str) -> str:
        return f"{self._public}/v2/public/handles/{handle}/site-structure/campaigns/{campaign_id}"

    def link(self, link: PageLink, token: str) -> str:
        return f"{self._public}/{link.handle}/p/{link.kind or PREVIEW}?token={token}"


def draft_view(page: Page, addresses: Addresses) -> DraftView:
    return DraftView(
        **page.draft.plain(),
        url=addresses.page(page.handle, page.draft.slug),
        etag=etag_of(page.draft_revision),
        drafted_at=iso(page.drafted_at),
        drafted_by=page.drafted_by,
    )


def published_view(published: Published, addresses: Addresses) -> PublishedView:
    return PublishedView(
        campaign_id=published.campaign_id, **published.content.plain(), **_standing(published, addresses)
    )


def publish_view(published: Published, addresses: Addresses) -> PublishView:
    told = _standing(published, addresses)
    fields = {name: told[name] for name in PublishView.model_fields if name in told}
    return PublishView(**fields, access_mode=published.content.access_mode)


def _standing(published: Published, addresses: Addresses) -> dict[str, Any]:
    handle, campaign_id, number = published.handle, published.campaign_id, published.version.version
    return {
        "version": number,
        "schema_key": schema_key(handle, campaign_id, number),
        "schema_version": number,
        "schema_url": addresses.schema(handle, campaign_id),
        "url": addresses.page(handle, published.content.slug),
        "deployment_id": published.deployment.deployment_id,
        "published_at": iso(published.deployment.published_at),
    }


def version_view(deployment: Deployment) -> VersionView:
    return VersionView(
        version=deployment.version,
        schema_key=schema_key(deployment.handle, deployment.campaign_id, deployment.version),
        published_at=iso(deployment.published_at),
        deployment_id=deployment.deployment_id,
    )


def deployment_view(deployment: Deployment) -> DeploymentView:
    return DeploymentView(
        deployment_id=deployment.deployment_id,
        version=deployment.version,
        replaced_version=deployment.replaced_version,
        rollback=deployment.is_rollback,
        published_by=deployment.published_by,
        published_at=iso(deployment.published_at),
        request_id=deployment.request_id,
        schema_key=schema_key(deployment.handle, deployment.campaign_id, deployment.version),
    )


def link_view(link: PageLink, url: str | None = None) -> PageLinkView:
    return PageLinkView(
        link_id=link.link_id,
        kind=link.kind,
        url=url,
        made_by=link.made_by,
        made_at=iso(link.made_at),
        expires_at=iso(link.expires_at),
        revoked_at=iso(link.revoked_at) if link.revoked_at is not None else None,
    )
