"""The addresses of all screens, on one screen: to add one is a module, a row here, and a template."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from urllib.parse import unquote

from funnelproof.dashboard.screens import (
    audit,
    campaign,
    campaigns,
    connect,
    content_reports,
    conversion,
    conversions,
    create,
    escalations,
    go,
    health,
    history,
    links,
    operator,
    over_time,
    page,
    people,
    readout,
    request,
    run,
    settings,
    sheet,
    signin,
    spark,
    start,
    support,
    tests,
    tokens,
    variants,
    walks,
    webhooks,
)
from funnelproof.dashboard.visit import Goto, Page, Progress, Visit

Show = Callable[[Visit], Awaitable[Page | Goto]]
Act = Callable[[Visit], Awaitable[Page | Goto | Progress]]
ONE = "/app/{handle}/campaigns/{campaign}"


@dataclass(frozen=True, slots=True)
class Screen:
    """`show` reads; `acts` are what its forms do, by the name in their field `act`."""

    pattern: re.Pattern[str]
    show: Show
    acts: Mapping[str, Act]
    is_open: bool = False


def _screen(path: str, module: ModuleType, *, is_open: bool = False) -> Screen:
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
    return Screen(pattern, module.show, getattr(module, "ACTS", {}), is_open)


SCREENS = (
    _screen("/app/signin", signin, is_open=True),
    _screen("/app", start),
    _screen("/app/operator", operator),
    _screen("/app/operator/escalations", escalations),
    _screen("/app/operator/content", content_reports),
    _screen("/app/{handle}", campaigns),
    _screen("/app/{handle}/new", create),
    _screen("/app/{handle}/go", go),
    _screen("/app/{handle}/people", people),
    _screen("/app/{handle}/tokens", tokens),
    _screen("/app/{handle}/connect", connect),
    _screen("/app/{handle}/webhooks", webhooks),
    _screen("/app/{handle}/audit", audit),
    _screen("/app/{handle}/support", support),
    _screen("/app/{handle}/requests", request),
    _screen("/app/{handle}/requests/{request}", request),
    _screen(ONE, campaign),
    _screen(ONE + "/variants", variants),
    _screen(ONE + "/tests", tests),
    _screen(ONE + "/tests/{run}", run),
    _screen(ONE + "/walks", walks),
    _screen(ONE + "/conversions", conversions),
    _screen(ONE + "/conversions/{conversion}", conversion),
    _screen(ONE + "/links", links),
    _screen(ONE + "/page", page),
    _screen(ONE + "/health", health),
    _screen(ONE + "/history", history),
    _screen(ONE + "/time", over_time),
    _screen(ONE + "/settings", settings),
    _screen(ONE + "/sheet", sheet),
    _screen(ONE + "/readout", readout),
    _screen(ONE + "/spark.svg", spark),
)
CAMPAIGN_TABS = (
    ("", "Overview"),
    ("/time", "Over time"),
    ("/variants", "Variants"),
    ("/tests", "Tests"),
    ("/walks", "Walks"),
    ("/conversions", "Conversions"),
    ("/links", "Links"),
    ("/page", "Page"),
    ("/health", "Health"),
    ("/history", "History"),
    ("/settings", "Settings"),
)
HANDLE_TABS = (
    ("", "Campaigns"),
    ("/connect", "Connect"),
    ("/people", "People"),
    ("/tokens", "Tokens"),
    ("/webhooks", "Webhooks"),
    ("/audit", "Audit"),
    ("/support", "Support"),
)
OPERATOR_TABS = (
    ("/app/operator", "Reports to support"),
    ("/app/operator/escalations", "Escalations"),
    ("/app/operator/content", "Reported content"),
)


def find(path: str) -> tuple[Screen, dict[str, str]] | None:
    for screen in SCREENS:
        found = screen.pattern.fullmatch(path)
        if found:
            return screen, {name: unquote(text) for name, text in found.groupdict().items()}
    return None
