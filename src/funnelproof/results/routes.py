"""GET …/analytics."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic.alias_generators import to_camel

from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.routes import HandleName
from funnelproof.clock import iso_or_none, local_day
from funnelproof.handles import settle
from funnelproof.handles.handle import Handle
from funnelproof.installation import Installation
from funnelproof.links.ctx import Mode
from funnelproof.links.link import NoSuchCampaign
from funnelproof.money import decimal_text
from funnelproof.results.analytics import Analytics, Figures, GroupBy, Question, analyse, funnel
from funnelproof.results.confidence import confidence
from funnelproof.results.period import asked_days
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import refusals
from funnelproof.web.shape import View


class RevenueView(View):
    currency: str
    gross: str
    net: str


class FiguresView(View):
    clicks: int
    qualified_clicks: int
    bot_clicks: int
    visitors: int
    conversions: int
    converters: int
    refunded_converters: int
    page_views: int
    cta_clicks: int
    revenue: list[RevenueView]


class RowView(FiguresView):
    key: str


class StageView(View):
    stage: str
    count: int
    rate_from_previous: float | None
    rate_from_first: float | None


class FiguresFreshnessView(View):
    """Counters move in the transaction of the event: they are never older than the newest click or conversion."""

    status: str
    last_updated_at: str | None
    sla_minutes: int


class LoweredByView(View):
    code: str
    sentence: str
    points: int


class ConfidenceView(View):
    """`score` is 100 less the points of each reason."""

    score: int
    reasons: list[LoweredByView]


class AnalyticsView(View):
    campaign_id: str | None
    from_: Annotated[str, Query(alias="from")]
    to: str
    time_zone: str
    group_by: GroupBy
    mode: Mode
    totals: FiguresView
    rows: list[RowView]
    funnel: list[StageView] | None
    freshness: FiguresFreshnessView
    confidence: ConfidenceView | None


def routes(home: Installation) -> APIRouter:
    router = APIRouter(tags=["results"])

    @router.get("/v2/handles/{handle}/analytics", responses=refusals(NoSuchCampaign))
    async def read_analytics(
        handle: HandleName,
        campaign_id: Annotated[str | None, Query(alias="campaignId", max_length=64)] = None,
        from_: Annotated[
            str | None, Query(alias="from", description="A local day or a time; 30 days ago unless given.")
        ] = None,
        to: Annotated[str | None, Query(description="A local day or a time; today unless given.")] = None,
        group_by: Annotated[GroupBy, Query(alias="groupBy")] = GroupBy.DAY,
        mode: Literal["live", "test"] = "live",
        run: Annotated[str | None, Query(max_length=64, description="Of one test run.")] = None,
        with_funnel: Annotated[bool, Query(alias="funnel")] = False,  # noqa: FBT002
        with_confidence: Annotated[  # noqa: FBT002
            bool, Query(alias="confidence", description="How far these figures may be trusted, and why not further.")
        ] = False,
    ) -> AnalyticsView:
        """Counts and revenue by day, variant or another dimension, in the handle's days; live unless asked for test."""

        def work(tx: Transaction) -> tuple[Question, Handle, Analytics]:
            owner = settle.existing(tx, handle)
            if campaign_id is not None:
                campaigns.get(tx, handle, campaign_id)
            first, last = asked_days(owner, from_, to, home.clock.now())
            is_test = mode == "test" or run is not None
            question = Question(handle, campaign_id, first, last, group_by, is_test, run)
            return question, owner, analyse(tx, question)

        question, owner, found = await home.database.read(work)
        view = _view(question, owner, found, with_funnel=with_funnel)
        if with_confidence:
            view.confidence = _confidence(question, found, local_day(home.clock.now(), owner.zone_at(home.clock.now())))
        return view

    return router


def _view(question: Question, owner: Handle, found: Analytics, *, with_funnel: bool) -> AnalyticsView:
    stages = [
        StageView(stage=to_camel(s), count=c, rate_from_previous=p, rate_from_first=f)
        for s, c, p, f in funnel(found.totals)
    ]
    newest = found.newest
    return AnalyticsView(
        campaign_id=question.campaign_id,
        from_=question.first_day,
        to=question.last_day,
        time_zone=owner.time_zone,
        group_by=question.group_by,
        mode=Mode.TEST if question.is_test else Mode.LIVE,
        totals=FiguresView(**_figures(found.totals)),
        rows=[RowView(key=key, **_figures(figures)) for key, figures in found.rows],
        funnel=stages if with_funnel else None,
        freshness=FiguresFreshnessView(
            status="FRESH" if newest is not None else "UNKNOWN", last_updated_at=iso_or_none(newest), sla_minutes=1
        ),
        confidence=None,
    )


def _confidence(question: Question, found: Analytics, today: str) -> ConfidenceView:
    score, reasons = confidence(found, last_day=question.last_day, today=today)
    told = [LoweredByView(code=one.code, sentence=one.sentence, points=one.points) for one in reasons]
    return ConfidenceView(score=score, reasons=told)


def _figures(figures: Figures) -> dict[str, Any]:
    revenue = [
        RevenueView(currency=currency, gross=decimal_text(gross, currency), net=decimal_text(net, currency))
        for currency, (gross, net) in sorted(figures.revenue.items())
    ]
    return {**figures.counts, "revenue": revenue}
