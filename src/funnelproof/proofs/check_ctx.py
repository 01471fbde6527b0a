"""Judging a ctx that somebody already holds, a live click's say: only its validity; nothing is written live."""

from funnelproof.audit.act import Act
from funnelproof.campaigns import store as campaigns
from funnelproof.conversions.door import ConversionDoor
from funnelproof.ids import new_id
from funnelproof.installation import Installation
from funnelproof.links import store as links
from funnelproof.links.ctx import Ctx, InvalidCtx, Mode, Reason, check_expected, check_times
from funnelproof.notifications.outbox import subscribed_events
from funnelproof.pages import store as pages
from funnelproof.proofs import steps, store
from funnelproof.proofs.digest import configuration_of, digest_of
from funnelproof.proofs.receipt import STEPS, StepStatus, VariantReceipt, Verdict, fingerprint_of
from funnelproof.proofs.store import Run
from funnelproof.storage.database import Transaction

WHY_SKIPPED = "only the ctx that was given is judged"


async def check_given_ctx(home: Installation, handle: str, campaign_id: str, *, ctx: str, act: Act) -> Run:
    """The receipt of a ctx that is usable; it opens no gate. Raises `InvalidCtx` with the reason otherwise."""
    opened = await ConversionDoor(home).open(ctx)
    check_expected(opened, handle, campaign_id)
    if opened.mode is Mode.TEST:
        raise InvalidCtx(Reason.WRONG_MODE, "The ctx belongs to a test run, which judges it by its own clock.")
    check_times(opened, act.at)
    return await home.database.write(lambda tx: _receipt(tx, handle, campaign_id, opened, ctx, act))


def _receipt(tx: Transaction, handle: str, campaign_id: str, opened: Ctx, text: str, act: Act) -> Run:
    campaign = campaigns.get(tx, handle, campaign_id)
    link = links.find(tx, handle, campaign.primary_slug) if campaign.primary_slug else None
    valid = steps.compared("ctx_valid", {"usable": True}, {"usable": True}, cohort=opened.cohort.value)
    own = tuple(valid if id_ == "ctx_valid" else steps.skipped(id_, WHY_SKIPPED) for id_ in STEPS)
    variant_id = campaign.variant_id(opened.variant) or ""
    receipt = VariantReceipt(opened.variant, variant_id, own, ctx=text, click_id=opened.click_id)
    page = pages.facts_of(tx, handle, [campaign_id]).get(campaign_id)
    configuration = configuration_of(campaign, link, page, subscribed_events(tx, handle))
    run = Run(
        handle=handle,
        run_id=new_id("run"),
        campaign_id=campaign_id,
        state="FINISHED",
        seed="",
        started_by=act.actor,
        started_at=act.at,
        finished_at=act.at,
        verdict=Verdict.PASS if valid.status is StepStatus.PASS else Verdict.FAIL,
        config_digest=digest_of(configuration),
        configuration=configuration,
        fingerprint=fingerprint_of([receipt]),
        opens_gate=False,
        variants=(receipt,),
        request_id=act.request_id,
    )
    store.add(tx, run)
    return run
