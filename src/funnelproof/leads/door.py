"""POST /v2/public/handles/{handle}/leads: a form, by anybody, as JSON or from a page of ours without any script."""

import json
from typing import Any

from funnelproof.access.audience import AUDIENCE
from funnelproof.access.may import check_may
from funnelproof.access.who import read_credential, recognise
from funnelproof.clock import MINUTE
from funnelproof.conversions.door import ConversionDoor
from funnelproof.errors import Fault, Problem, invalid_payload
from funnelproof.installation import Installation
from funnelproof.leads.answer import refusal, thanks
from funnelproof.leads.capture import capture
from funnelproof.leads.describe import PATH
from funnelproof.leads.forms import Place, check_fields, email_in, find_place
from funnelproof.leads.lead import NewLead, TooManyLeads
from funnelproof.leads.told import FORM_TYPE, Told, read_form, read_json
from funnelproof.links.ctx import Ctx, InvalidCtx, Reason
from funnelproof.pages.requests import Addresses
from funnelproof.web.edge import NO_STORE, EdgeAnswer, EdgeRequest
from funnelproof.web.peer import TrustedProxies
from funnelproof.web.problems import WrongMediaType
from funnelproof.web.throttle import Throttle, neighbourhood

MAX_BODY = 32_768
JSON = "application/json"


class LeadDoor:
    """Whoever sends learns that it was taken, and nothing else: not whether an address was there before."""

    def __init__(self, home: Installation, conversions: ConversionDoor) -> None:
        self._home, self._conversions = home, conversions
        self._proxies = TrustedProxies(home.settings.trusted_proxies)
        self._throttle = Throttle(home.clock, most=home.settings.leads_per_minute, span=MINUTE)
        self._addresses = Addresses(home.settings)
        self.trapped: dict[str, int] = {}

    async def __call__(self, request: EdgeRequest, handle: str) -> EdgeAnswer:
        media_type = request.headers.get("content-type").partition(";")[0].strip().lower()
        if media_type != FORM_TYPE:
            return await self._take_json(request, handle, media_type)
        try:
            told, place = await self._take(request, handle, media_type)
        except Problem as problem:
            return refusal(problem, request)
        page = place.page
        return thanks(self._addresses.page(handle, page.content.slug) if page else None, told.ctx)

    async def _take_json(self, request: EdgeRequest, handle: str, media_type: str) -> EdgeAnswer:
        await self._take(request, handle, media_type)
        body = {"status": "TAKEN", "requestId": request.request_id}
        return EdgeAnswer(202, json.dumps(body, separators=(",", ":")).encode(), JSON, [NO_STORE])

    async def _take(self, request: EdgeRequest, handle: str, media_type: str) -> tuple[Told, Place]:
        address = self._proxies.client_address(request.peer, request.headers)
        if not self._throttle.takes((handle, neighbourhood(address))):
            raise TooManyLeads
        await self._admit(request, handle)
        told = await _read(request, media_type)
        place = await self._home.database.read(lambda tx: find_place(tx, handle, told.campaign_id))
        ctx = await self._ctx(told, handle)
        if told.trap:
            self.trapped["website"] = self.trapped.get("website", 0) + 1
            return told, place
        lead = self._checked(request, told, place, ctx, handle)
        await self._home.lane.submit(capture, lead, handle=handle)
        return told, place

    async def _admit(self, request: EdgeRequest, handle: str) -> None:
        """Nobody needs to say who they are; a credential that is sent must hold, and be one for this route."""
        credential = read_credential(request.scope)
        if credential is not None:
            found = await recognise(self._home, credential, handle)
            rule = next(rule for rule in AUDIENCE if (rule.method, rule.path) == ("POST", PATH))
            check_may(rule, found.caller, signup=self._home.settings.signup)

    async def _ctx(self, told: Told, handle: str) -> Ctx | None:
        """Verified if there is one; whether it has expired is for the conversion to say."""
        if told.ctx is None:
            return None
        ctx = await self._conversions.open(told.ctx)
        if ctx.handle != handle:
            raise InvalidCtx(Reason.WRONG_HANDLE, "The ctx belongs to another handle than this form.")
        if ctx.campaign != told.campaign_id:
            raise InvalidCtx(Reason.WRONG_CAMPAIGN, "The ctx belongs to another campaign than campaignId says.")
        return ctx

    def _checked(self, request: EdgeRequest, told: Told, place: Place, ctx: Ctx | None, handle: str) -> NewLead:
        form = place.form(told.form_id, ctx.variant if ctx else 0)
        faults: list[Fault] = []
        if form is None and ctx is None:
            detail = "is no form of this campaign's published page; a form of another page needs the visitor's ctx."
            raise invalid_payload([Fault("/formId", "not_one_of", detail)])
        fields = check_fields(form, told.fields, faults)
        if faults:
            raise invalid_payload(faults)
        lead_id = f"lead_{request.stamp}"
        claim = self._conversion(lead_id, request, told, ctx) if ctx else None
        return NewLead(
            lead_id,
            handle,
            told.campaign_id,
            told.form_id,
            fields,
            email_in(form, fields),
            told.key,
            ctx,
            claim,
            self._home.clock.now(),
            request.request_id,
        )

    def _conversion(self, lead_id: str, request: EdgeRequest, told: Told, ctx: Ctx) -> Any:
        """Under the id of the lead, which is stored once. Anybody can send a form, so it is nobody's word but his."""
        body = {"idempotencyKey": lead_id, "properties": {"formId": told.form_id}}
        return self._conversions.claim(
            f"cnv_{request.stamp}", ctx, body, is_trusted=False, request_id=request.request_id
        )


async def _read(request: EdgeRequest, media_type: str) -> Told:
    if media_type == FORM_TYPE:
        return read_form(await request.body(MAX_BODY))
    if media_type == JSON:
        return read_json(await request.body(MAX_BODY))
    raise WrongMediaType(f"This route takes {JSON} and {FORM_TYPE}.")
