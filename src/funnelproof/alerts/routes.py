"""GET, PUT …/alerts: who is told of what; POST …/alerts/test: whether it gets there."""

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlsplit

from fastapi import APIRouter
from pydantic import Field

from funnelproof.access.guard import CallerOf
from funnelproof.access.requests import Email
from funnelproof.alerts.teller import Teller, monday_of
from funnelproof.alerts.words import Message
from funnelproof.errors import invalid, invalid_payload
from funnelproof.handles import settle
from funnelproof.handles.handle import HandleNotFound
from funnelproof.handles.routes import HandleName
from funnelproof.installation import Installation
from funnelproof.links.address import AddressRules, destination_faults
from funnelproof.notifications import people
from funnelproof.notifications.people import Alerts, Kind
from funnelproof.storage.database import Transaction
from funnelproof.web.openapi import refusals
from funnelproof.web.shape import Shape, ShownMoment, View, example

PATH = "/v2/handles/{handle}/alerts"
ALL_KINDS = tuple(Kind)


class WantedAlerts(Shape):
    """`chatUrl` is a chat's incoming webhook, which is a secret. Left out, the one that is kept stays; null: none."""

    model_config = example({"mails": ["ana@gharart.example"], "kinds": ["HEALTH", "VERDICT"]})

    mails: list[Email] = Field([], max_length=10)
    chat_url: str | None = Field(None, max_length=2048)
    kinds: list[Kind] = Field(list(ALL_KINDS), max_length=len(Kind))


class AlertsView(View):
    """`failure` is why the last message did not get through; it goes when one does. The chat's address is not shown."""

    mails: list[str]
    chat_host: str | None
    kinds: list[Kind]
    updated_at: ShownMoment | None
    sent_at: ShownMoment | None
    failed_at: ShownMoment | None
    failure: str | None


class TriedView(View):
    """`failure` is null where the message got through. `channel` is an address, or `chat`."""

    channel: str
    failure: str | None


class TriesView(View):
    tries: list[TriedView]


def routes(home: Installation, teller: Teller) -> APIRouter:
    router = APIRouter(tags=["alerts"])
    rules = AddressRules((), home.settings.allow_private_targets, home.settings.public_domain)

    @router.get(PATH, responses=refusals(HandleNotFound))
    async def read_alerts(handle: HandleName) -> AlertsView:
        """Who is told by mail or chat, and of what."""
        return _shown(home, await home.database.read(lambda tx: people.find(tx, handle)))

    @router.put(PATH, responses=refusals(HandleNotFound))
    async def write_alerts(handle: HandleName, body: WantedAlerts, caller: CallerOf) -> AlertsView:
        """Write it whole; only `chatUrl` may be left out. Nobody is told once no address is left."""
        if body.chat_url and (faults := destination_faults(body.chat_url, "/chatUrl", rules)):
            raise invalid_payload(faults)

        def work(tx: Transaction) -> Alerts:
            people.keep(tx, _wanted(home, tx, handle, body, caller.actor))
            kept = people.find(tx, handle)
            assert kept is not None  # noqa: S101 - it was just written
            return kept

        return _shown(home, await home.database.write(work))

    @router.post(PATH + "/test", responses=refusals(HandleNotFound))
    async def try_alerts(handle: HandleName) -> TriesView:
        """Send a message to every address now, and tell which it reached."""
        wanted = await home.database.read(lambda tx: people.find(tx, handle))
        if wanted is None or not wanted.has_channel:
            raise invalid("mails", "is empty and no chat is set: there is nobody to tell.", code="missing")
        message = Message(f"Alerts of {handle}", f"This is a test: alerts of {handle} get through.\n")
        told = await teller.send(wanted, message)
        return TriesView(tries=[TriedView(channel=own, failure=why or None) for own, why in told.items()])

    return router


def _wanted(home: Installation, tx: Transaction, handle: str, body: WantedAlerts, actor: str) -> Alerts:
    now, known = home.clock.now(), people.find(tx, handle)
    if "chat_url" in body.model_fields_set:
        sealed = home.seal.close(body.chat_url.encode()) if body.chat_url else None
    else:
        sealed = known.sealed_chat if known else None
    # Whoever begins in the middle of a week hears of the next.
    goes_on = known is not None and known.has_channel and Kind.WEEKLY in known.kinds
    week = known.week_told if known and goes_on else monday_of(now, settle.existing(tx, handle).zone_at(now))
    fresh = Alerts(handle, _each(body.mails), sealed, tuple(sorted(set(body.kinds))), now, actor, week)
    return fresh if known is None else replace(known, **{name: getattr(fresh, name) for name in CHANGED})


CHANGED = ("mails", "sealed_chat", "kinds", "updated_at", "updated_by", "week_told")


def _each(mails: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(mails))


def _shown(home: Installation, kept: Alerts | None) -> AlertsView:
    if kept is None:
        kept = Alerts("", (), None, ALL_KINDS, 0, "")
    host = urlsplit(home.seal.open(kept.sealed_chat).decode()).hostname if kept.sealed_chat else None
    return AlertsView(
        mails=list(kept.mails),
        chat_host=host,
        kinds=list(kept.kinds),
        updated_at=kept.updated_at or None,
        sent_at=kept.sent_at,
        failed_at=kept.failed_at,
        failure=kept.failure,
    )
