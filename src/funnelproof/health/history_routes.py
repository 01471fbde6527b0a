"""The history of a campaign's health: what has changed, and what was changed just before."""

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.routes import BASE, CampaignId, HandleName
from funnelproof.clock import SECOND, Micros
from funnelproof.health import history
from funnelproof.health.cause import Cause, causes_of
from funnelproof.health.check import SEVERITIES, Status
from funnelproof.health.history import CheckChange, HealthChange
from funnelproof.installation import Installation
from funnelproof.links.link import NoSuchCampaign
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import refusals
from funnelproof.web.pagination import AskedPage, Listing
from funnelproof.web.shape import ShownMoment, View


class CheckChangeView(View):
    """`from` is null if the check was not there before; `to` if it does not apply any more."""

    id: str = Field(examples=["traffic_tags"])
    from_: Status | None = Field(alias="from")
    to: Status | None
    title: str | None
    evidence: Any


class CauseView(View):
    """The change of the configuration that came last in the day before: what, by whom, how long before."""

    at: ShownMoment
    seconds_before: int
    what: str = Field(examples=["The link buy-now was changed."])
    actor: str = Field(examples=["user:usr_019ab2f0c1d27e4f8a3b5c6d7e8f9a0b"])
    request_id: str | None


class HealthChangeView(View):
    """One moment: the light before and after (alike where only checks moved), each check that turned, what was
    changed before. `score` and `configDigest` are null of changes that were kept before these were.
    """

    at: ShownMoment
    from_: Status | None = Field(alias="from")
    to: Status
    score: int | None
    config_digest: str | None
    checks: list[CheckChangeView]
    changed_before: CauseView | None


def add_history(router: APIRouter, home: Installation) -> None:
    @router.get(BASE + "/{campaignId}/health/changes", responses=refusals(NoSuchCampaign))
    async def list_health_changes(
        handle: HandleName,
        campaignId: CampaignId,  # noqa: N803
        page: AskedPage,
    ) -> Listing[HealthChangeView]:
        """Every change of the light and of its checks in 90 days, newest first, each with what was changed before."""
        after = page.after(int)
        before = int(after[0]) if after else None
        ref = (handle, campaignId)

        def work(tx: Transaction) -> Listing[HealthChangeView]:
            campaigns.get(tx, *ref)
            rows = history.page(tx, ref, before=before, limit=page.rows)
            shown, cursor = page.cut(rows, lambda change: (change.at,))
            causes = causes_of(tx, ref, [change.at for change in shown])
            return Listing(items=[_view(change, causes.get(change.at)) for change in shown], next_cursor=cursor)

        return await home.database.read(work)


def _view(change: HealthChange, cause: Cause | None) -> HealthChangeView:
    told = {"from": change.from_status, "to": change.to_status}
    return HealthChangeView.model_validate(
        {
            "at": change.at,
            **told,
            "score": change.score,
            "configDigest": change.config_digest,
            "checks": [_check(own) for own in change.checks if own.check_id in SEVERITIES],
            "changedBefore": _cause(cause, change.at) if cause else None,
        }
    )


def _check(own: CheckChange) -> CheckChangeView:
    told = {"from": own.from_status, "to": own.to_status, "title": own.title, "evidence": own.evidence}
    return CheckChangeView.model_validate({"id": own.check_id, **told})


def _cause(cause: Cause, at: Micros) -> CauseView:
    return CauseView(
        at=cause.at,
        seconds_before=(at - cause.at) // SECOND,
        what=cause.what,
        actor=cause.actor,
        request_id=cause.request_id,
    )
