"""Everything put together: which engine, which doors, which routes. The only module that knows all of them."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Mapping, Sequence

from fastapi import APIRouter

from funnelproof import manual, system
from funnelproof.access import routes as access
from funnelproof.access.guard import guarded
from funnelproof.alerts import routes as alerts
from funnelproof.alerts.teller import Teller
from funnelproof.aside import Aside
from funnelproof.bundles import routes as bundles
from funnelproof.campaigns import link_routes
from funnelproof.campaigns import routes as campaigns
from funnelproof.clicks import describe as describe_clicks
from funnelproof.clicks import pages
from funnelproof.clicks import routes as clicks
from funnelproof.clicks.cache import RouteCache
from funnelproof.clicks.context import ContextDoor
from funnelproof.clicks.door import FollowDoor
from funnelproof.conversions import batch
from funnelproof.conversions import describe as describe_conversions
from funnelproof.conversions import routes as conversions
from funnelproof.conversions.door import ConversionDoor
from funnelproof.dashboard.app import Dashboard
from funnelproof.exports import routes as exports
from funnelproof.handles import routes as handles
from funnelproof.handles.handle import RESERVED
from funnelproof.health import routes as health
from funnelproof.installation import Installation
from funnelproof.jobs.runner import Runner
from funnelproof.launch import decision_routes, simulation_routes
from funnelproof.launch import routes as launch
from funnelproof.leads import describe as describe_leads
from funnelproof.leads import routes as lead_routes
from funnelproof.leads.door import LeadDoor
from funnelproof.ledger.describe import describe as describe_writes
from funnelproof.ledger.gate import Ledger
from funnelproof.mail.mailer import Mailer
from funnelproof.notifications import routes as webhooks
from funnelproof.notifications.deliver import Courier
from funnelproof.outgoing.client import Outgoing
from funnelproof.pages import copy_routes as page_copy_routes
from funnelproof.pages import describe as describe_pages
from funnelproof.pages import door as page_door
from funnelproof.pages import event_routes
from funnelproof.pages import link_routes as page_link_routes
from funnelproof.pages import routes as page_routes
from funnelproof.pages.door import PageDoor
from funnelproof.previews import routes as previews
from funnelproof.probing import routes as probing
from funnelproof.probing.prober import Prober
from funnelproof.proofs import routes as proofs
from funnelproof.proofs import walk_routes
from funnelproof.results import routes as results
from funnelproof.results import sizing_routes, verdict_routes
from funnelproof.sdk import door as sdk
from funnelproof.sdk import script
from funnelproof.statistics import special
from funnelproof.storage.engines import engines_of
from funnelproof.support import audit_routes, content_routes, operator_routes, report_routes
from funnelproof.tags import routes as tags
from funnelproof.timed import jobs_of
from funnelproof.traces.recorder import Recorder
from funnelproof.visitors import routes as visitor_routes
from funnelproof.visitors.ask import Asking
from funnelproof.visitors.door import LoginDoor
from funnelproof.visitors.sessions import Sessions
from funnelproof.web.beside import beside
from funnelproof.web.control import control_plane
from funnelproof.web.edge import Door, Doors, Edge, Receive, Scope, Send
from funnelproof.web.read_by_all import read_by_all

log = logging.getLogger(__name__)
POLL_SECONDS = 0.5
OPEN_TO_ORIGINS = frozenset({"/v2/public/conversions", "/v2/public/arrivals", "/v2/public/context"})
OPEN_TO_READ = re.compile(r"/v2/public/(schemas/campaign-page/[^/]+|handles/[^/]+/site-structure/campaigns/[^/]+)")
LEADS = re.compile(r"/v2/public/handles/([^/]+)/leads")


class Application:
    """One ASGI application: the edge in front, the control plane behind, the installation's life around both."""

    def __init__(self, home: Installation) -> None:
        self.home = home
        self.routes = RouteCache(home.database, home.settings.link_cache)
        self.follow_door = FollowDoor(home, self.routes)
        self.conversion_door = ConversionDoor(home)
        self.aside = Aside(home.settings, engines_of)
        self.visitors = Sessions(home.database, home.clock)
        mailer = Mailer(home.settings, home.clock)
        self.asking = Asking(home, mailer)
        self.requests = Recorder(home.database, home.clock)
        logins = LoginDoor(home, self.asking, self.visitors)
        self.page_door = PageDoor(home, self.routes, self.visitors, logins)
        self.lead_door = LeadDoor(home, self.conversion_door)
        outgoing = Outgoing(allow_loopback=home.settings.allow_private_targets)
        self.courier = Courier(home.database, home.clock, home.seal, outgoing)
        self.prober = Prober(home.database, home.clock, outgoing)
        control = home.settings.control_url
        self.teller = Teller(home.database, home.clock, home.seal, mailer, outgoing, control)
        described = (describe_clicks, describe_conversions, describe_pages, describe_leads)
        edge_paths = {path: item for feature in described for path, item in feature.paths().items()}
        self.control = control_plane(home, self._routers(), extra_paths=edge_paths)
        self.control.describers.append(describe_writes)
        in_ledger = guarded(home, self.control, self.requests.around, inside=lambda app: Ledger(home, app))
        behind = read_by_all(in_ledger, OPEN_TO_READ)
        self.edge = Edge(self._doors(), Dashboard(home, beside(behind, LEADS, self.lead_door)))
        self.jobs = Runner(home.database, jobs_of(home, self.courier, self.prober, self.teller))
        self._warming: asyncio.Task[object] | None = None
        self._polling: asyncio.Task[None] | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return self._live(receive, send) if scope["type"] == "lifespan" else self.edge(scope, receive, send)

    async def start(self) -> None:
        self._polling = asyncio.create_task(self._poll())
        self.jobs.start()
        self._warming = asyncio.create_task(asyncio.to_thread(special.load))

    async def stop(self) -> None:
        """Answer what was accepted, then let go of storage."""
        self.aside.stop()
        await self.jobs.stop()
        await self.courier.stop()
        if self._warming is not None:
            await self._warming
        if self._polling is not None:
            self._polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._polling
        await self._write_requests()
        await asyncio.to_thread(self.home.lane.close)
        await asyncio.to_thread(self.home.database.close)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _poll(self) -> None:
        """See what other processes changed: configuration twice a second, keys every second time."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.routes.poll()
                await asyncio.to_thread(self.home.keyring.refresh)
                await self.requests.flush()
            except Exception as error:
                log.warning("changes could not be read: %s", error)

    async def _write_requests(self) -> None:
        try:
            while await self.requests.flush():
                pass
        except Exception as error:
            log.warning("what was asked last could not be written down: %s", error)

    def _doors(self) -> Doors:
        convert, arrive = self.conversion_door.convert, self.conversion_door.arrive
        fixed: dict[str, dict[str, Door]] = {
            "/v2/public/conversions": {"POST": convert},
            "/v2/public/arrivals": {"POST": arrive},
            "/v2/public/context": {"GET": ContextDoor(self.home, self.routes)},
            "/_fp/plain.css": {"GET": pages.style},
            "/_fp/page.css": {"GET": page_door.stylesheet},
            "/_fp/page.js": {"GET": page_door.script},
            script.PATH: {"GET": sdk.ScriptDoor(sdk.FIVE_MINUTES)},
            script.PINNED_PATH: {"GET": sdk.ScriptDoor(sdk.FOR_GOOD)},
            "/.well-known/gpc.json": {"GET": pages.privacy_control},
            "/metrics": {"GET": system.MetricsDoor(self.home, self._counts)},
        }
        return Doors(
            fixed=fixed,
            link=self.follow_door,
            problem_page=pages.refusal_page,
            reserved=RESERVED,
            cors=OPEN_TO_ORIGINS,
            link_domain=self.home.settings.public_domain,
            hosts=self.home.settings.hosts_apart,
            page=self.page_door,
            on_both=("/v2/public/", "/v2/visitor/"),
            note_refusal=self.requests.refusal,
        )

    def _counts(self) -> Mapping[str, Mapping[str, int]]:
        return {
            "unverified_ctx": self.conversion_door.unverified,
            "untracked_redirects": {"storage_failure": self.follow_door.untracked},
            "trapped_leads": self.lead_door.trapped,
            "forgotten_requests": {"too_many": self.requests.dropped},
        }

    def _routers(self) -> Sequence[APIRouter]:
        home = self.home
        return [
            access.routes(home),
            handles.routes(home),
            campaigns.routes(home),
            page_copy_routes.routes(home),
            link_routes.routes(home),
            tags.routes(home),
            clicks.routes(home),
            previews.routes(home),
            page_routes.routes(home, self.visitors),
            visitor_routes.routes(home, self.asking, self.visitors),
            page_link_routes.routes(home),
            event_routes.routes(home, self.page_door.pages),
            conversions.routes(home),
            lead_routes.routes(home),
            batch.routes(home, self.conversion_door),
            proofs.routes(home, self.routes, self.courier),
            walk_routes.routes(home),
            bundles.routes(home),
            simulation_routes.routes(home),
            health.routes(home),
            probing.routes(home, self.prober),
            launch.routes(home),
            decision_routes.routes(home),
            results.routes(home),
            verdict_routes.routes(home),
            sizing_routes.routes(home),
            exports.routes(home, self.aside),
            report_routes.routes(home, self.requests),
            content_routes.routes(home),
            operator_routes.routes(home),
            audit_routes.routes(home),
            webhooks.routes(home, self.courier),
            alerts.routes(home, self.teller),
            system.routes(home),
            manual.routes(lambda: self.control.openapi()),
        ]
