"""GET …/leads and …/leads/export, for those who share the handle."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.routes import HandleName
from funnelproof.clock import Micros
from funnelproof.exports.export import NoRoom
from funnelproof.exports.routes import TOLD
from funnelproof.exports.spool import Sent
from funnelproof.installation import Installation
from funnelproof.leads import store
from funnelproof.leads.export import FORMATS, LeadFormat, export
from funnelproof.leads.lead import Fields, Lead
from funnelproof.links.link import NoSuchCampaign
from funnelproof.results.analytics import worlds_of_runs
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import TEXT, refusals
from funnelproof.web.pagination import AskedPage, Listing
from funnelproof.web.shape import Moment, ShownMoment, View
from funnelproof.worlds.world import mode_of

BASE = "/v2/handles/{handle}/leads"
AskedMode = Literal["live", "test", "preview"]
Campaign = Annotated[str | None, Query(alias="campaignId", max_length=64)]
Form = Annotated[str | None, Query(alias="formId", max_length=64)]
From = Annotated[Moment | None, Query(alias="from", description="Captured at this time or later.")]
To = Annotated[Moment | None, Query(description="Captured before this time.")]
Run = Annotated[str | None, Query(max_length=64, description="Of one test run.")]
FILE: dict[str, Any] = {
    "description": "The file. Its headers are its manifest.",
    "headers": {name: {"description": sentence, "schema": TEXT} for name, sentence in TOLD.items()},
    "content": {media_type.partition(";")[0]: {"schema": TEXT} for media_type in FORMATS.values()},
}


class LeadView(View):
    """`conversionId` is the conversion that it made; `notConverted` tells why it made none, where it should have."""

    lead_id: str
    campaign_id: str
    form_id: str
    fields: Fields
    email: str | None
    variant_id: str | None
    slug: str | None
    click_id: str | None
    conversion_id: str | None
    not_converted: str | None
    mode: str = Field(json_schema_extra={"enum": ["live", "test", "preview"]})
    captured_at: ShownMoment
    request_id: str


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["leads"])
    _add_list(router, home)
    _add_export(router, home)
    return router


def _add_list(router: APIRouter, home: Installation) -> None:
    @router.get(BASE, responses=refusals(NoSuchCampaign))
    async def read_leads(
        handle: HandleName,
        page: AskedPage,
        campaign_id: Campaign = None,
        form_id: Form = None,
        mode: AskedMode = "live",
        from_: From = None,
        to: To = None,
        run: Run = None,
    ) -> Listing[LeadView]:
        """What visitors filled into forms, newest first; live ones unless asked for others."""
        after = page.after(str)
        before = str(after[0]) if after else None

        def read(tx: Transaction) -> tuple[list[Lead], dict[str, dict[int, str]]]:
            asked = _asked(tx, handle, campaign_id, form_id, mode, run, from_, to)
            found = store.page(tx, asked, before=before, limit=page.rows)
            return found, campaigns.variant_names_of(tx, handle, {lead.campaign_id for lead in found})

        found, names = await home.database.read(read)
        shown, cursor = page.cut(found, lambda lead: (lead.lead_id,))
        return Listing(items=[_view(lead, names) for lead in shown], next_cursor=cursor)


def _add_export(router: APIRouter, home: Installation) -> None:
    @router.get(BASE + "/export", response_class=Response, responses={200: FILE, **refusals(NoSuchCampaign, NoRoom)})
    async def export_leads(
        handle: HandleName,
        format_: Annotated[LeadFormat, Query(alias="format")] = "csv",
        campaign_id: Campaign = None,
        form_id: Form = None,
        mode: AskedMode = "live",
        from_: From = None,
        to: To = None,
        run: Run = None,
    ) -> Any:
        """Leads as one file, newest last, a column for each field that any of them has."""

        def read(tx: Transaction) -> Sent:
            asked = _asked(tx, handle, campaign_id, form_id, mode, run, from_, to)
            return export(tx, asked, format_, home.settings.data)

        return await home.database.read(read)


def _asked(
    tx: Transaction,
    handle: str,
    campaign_id: str | None,
    form_id: str | None,
    mode: AskedMode,
    run: str | None,
    since: Micros | None,
    until: Micros | None,
) -> store.Asked:
    if campaign_id is not None:
        campaigns.get(tx, handle, campaign_id)
    is_test = run is not None or mode == "test"
    worlds = worlds_of_runs(tx, handle, campaign_id, run) if is_test else [mode]
    return store.Asked(handle, worlds, campaign_id, form_id, since, until)


def _view(lead: Lead, names: dict[str, dict[int, str]]) -> LeadView:
    return LeadView(
        lead_id=lead.lead_id,
        campaign_id=lead.campaign_id,
        form_id=lead.form_id,
        fields=lead.fields,
        email=lead.email,
        variant_id=names.get(lead.campaign_id, {}).get(lead.variant),
        slug=lead.slug,
        click_id=lead.click_id,
        conversion_id=lead.conversion_id,
        not_converted=lead.not_converted,
        mode=mode_of(lead.world).value,
        captured_at=lead.captured_at,
        request_id=lead.request_id,
    )
