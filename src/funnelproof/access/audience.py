"""Who may call what: one row for each route. A route without a row cannot be called, and a test walks them all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from funnelproof.access.roles import Role
from funnelproof.web.gates import BODY_LIMIT

CREATOR, OPERATOR, OWNER = Role
ANYONES_BODY_LIMIT = 16_384
"""Who need not say who they are can make the server read no more than this: reading 1 MiB holds others up."""
CAMPAIGN = "/v2/handles/{handle}/campaigns/{campaignId}"
WEBHOOKS = "/v2/handles/{handle}/webhooks"
PUBLIC = "/v2/public/handles/{handle}"
PAGE = "/v2/handles/{handle}/site-structure/campaigns/{campaignId}"
PAGE_BY_TOKEN = PUBLIC + "/site-structure/campaigns/{campaignId}"


class Who(StrEnum):
    """ANYONE needs no credential; a bad one is refused all the same."""

    ANYONE = "anyone"
    SIGNED_IN = "a signed-in person, or a token with the scope"
    PERSON_IF_OPEN = "any signed-in person while sign-up is open, else platform operators"
    MEMBER = "who has a part in the handle"
    TOKEN = "a token of the handle"  # noqa: S105 - words, not a secret
    TOKEN_OR_NOBODY = "a token of the handle, or nobody"  # noqa: S105
    PLATFORM_OPERATOR = "platform operators"


@dataclass(frozen=True, slots=True)
class Rule:
    method: str
    path: str
    who: Who
    role: Role | None = None
    scope: str | None = None
    jwt_only: bool = False
    body_limit: int = BODY_LIMIT


def _rule(who: Who, method: str, path: str, role: Role | None = None, scope: str | None = None, **rest: int) -> Rule:
    return Rule(method, path, who, role, scope, body_limit=rest.get("body_limit", BODY_LIMIT))


def person(method: str, path: str, role: Role | None = None, *, who: Who = Who.MEMBER) -> Rule:
    """By JWT only: no token, whatever its scopes."""
    return Rule(method, path, who, role, jwt_only=True)


anyone = partial(_rule, Who.ANYONE)
anyone_post = partial(_rule, Who.ANYONE, "POST", body_limit=ANYONES_BODY_LIMIT)
signed_in = partial(_rule, Who.SIGNED_IN)
member = partial(_rule, Who.MEMBER)
token = partial(_rule, Who.TOKEN)
token_or_nobody = partial(_rule, Who.TOKEN_OR_NOBODY)
platform_operator = partial(_rule, Who.PLATFORM_OPERATOR)

AUDIENCE: tuple[Rule, ...] = (
    anyone("GET", "/docs"),
    anyone("GET", "/docs/"),
    anyone("GET", "/docs/api"),
    anyone("GET", "/docs/{page}"),
    anyone("GET", "/docs/{folder}/{page}"),
    anyone("GET", "/openapi.json"),
    anyone("GET", "/v2/system/health"),
    anyone_post("/v2/auth/signup"),
    anyone_post("/v2/auth/login"),
    anyone_post("/v2/auth/refresh"),
    anyone_post("/v2/auth/logout"),
    person("GET", "/v2/auth/me", who=Who.SIGNED_IN),
    signed_in("GET", "/v2/handles"),
    person("POST", "/v2/handles", who=Who.PERSON_IF_OPEN),
    member("GET", "/v2/handles/{handle}", CREATOR),
    person("PATCH", "/v2/handles/{handle}", OPERATOR),
    person("GET", "/v2/handles/{handle}/collaborators", OPERATOR),
    person("PUT", "/v2/handles/{handle}/collaborators", OWNER),
    person("GET", "/v2/handles/{handle}/tokens", OPERATOR),
    person("POST", "/v2/handles/{handle}/tokens", OPERATOR),
    person("DELETE", "/v2/handles/{handle}/tokens/{tokenId}", OPERATOR),
    member("GET", "/v2/handles/{handle}/tag-policy", CREATOR, "campaigns.read"),
    member("PUT", "/v2/handles/{handle}/tag-policy", OPERATOR, "campaigns.write"),
    member("GET", "/v2/handles/{handle}/campaigns", CREATOR, "campaigns.read"),
    member("POST", "/v2/handles/{handle}/campaigns", CREATOR, "campaigns.write"),
    member("GET", CAMPAIGN, CREATOR, "campaigns.read"),
    member("PATCH", CAMPAIGN, CREATOR, "campaigns.write"),
    member("DELETE", CAMPAIGN, CREATOR, "campaigns.write"),
    member("POST", CAMPAIGN + "/transitions", CREATOR, "campaigns.write"),
    member("GET", CAMPAIGN + "/history", CREATOR, "campaigns.read"),
    member("POST", CAMPAIGN + "/ramp", CREATOR, "campaigns.write"),
    member("GET", CAMPAIGN + "/decision", CREATOR, "campaigns.read"),
    person("POST", CAMPAIGN + "/decision", OPERATOR),
    person("DELETE", CAMPAIGN + "/decision", OPERATOR),
    member("POST", CAMPAIGN + "/copies", CREATOR, "campaigns.write"),
    member("GET", CAMPAIGN + "/sizing", CREATOR, "campaigns.read"),
    member("GET", CAMPAIGN + "/sizing/power.svg", CREATOR, "campaigns.read"),
    member("GET", CAMPAIGN + "/results", CREATOR, "campaigns.read"),
    member("GET", CAMPAIGN + "/results/looks", CREATOR, "campaigns.read"),
    person("POST", CAMPAIGN + "/results/alarm/close", OPERATOR),
    member("GET", CAMPAIGN + "/health", CREATOR, "campaigns.read"),
    member("GET", CAMPAIGN + "/tags", CREATOR, "campaigns.read"),
    member("GET", CAMPAIGN + "/health/changes", CREATOR, "campaigns.read"),
    token("GET", PUBLIC + "/campaigns/{campaignId}/health", CREATOR, "campaigns.read"),
    member("POST", CAMPAIGN + "/test-conversion", CREATOR, "campaigns.test"),
    member("GET", CAMPAIGN + "/test-runs", CREATOR, "campaigns.read"),
    member("POST", CAMPAIGN + "/test-runs", CREATOR, "campaigns.test"),
    member("GET", CAMPAIGN + "/test-runs/{runId}", CREATOR, "campaigns.read"),
    member("POST", CAMPAIGN + "/test-runs/{runId}/clock", CREATOR, "campaigns.test"),
    member("PATCH", CAMPAIGN + "/test-runs/{runId}/configuration", CREATOR, "campaigns.test"),
    member("POST", CAMPAIGN + "/test-runs/{runId}/finish", CREATOR, "campaigns.test"),
    member("GET", CAMPAIGN + "/test-runs/{runId}/bundle", CREATOR, "campaigns.read"),
    member("POST", CAMPAIGN + "/simulations", OPERATOR, "campaigns.write"),
    member("POST", CAMPAIGN + "/probe", CREATOR, "campaigns.test"),
    member("POST", CAMPAIGN + "/walks", CREATOR, "campaigns.test"),
    member("GET", CAMPAIGN + "/walks", CREATOR, "campaigns.read"),
    member("GET", CAMPAIGN + "/walks/{walkId}", CREATOR, "campaigns.read"),
    member("GET", CAMPAIGN + "/walks/{walkId}/qr", CREATOR, "campaigns.read"),
    member("GET", "/v2/handles/{handle}/links", CREATOR, "links.read"),
    member("GET", "/v2/handles/{handle}/links/{slug}", CREATOR, "links.read"),
    member("PUT", "/v2/handles/{handle}/links/{slug}", CREATOR, "links.write"),
    member("DELETE", "/v2/handles/{handle}/links/{slug}", CREATOR, "links.write"),
    member("POST", "/v2/handles/{handle}/links/{slug}/route-preview", CREATOR, "links.read"),
    member("GET", "/v2/handles/{handle}/links/{slug}/preview-links", CREATOR, "links.read"),
    member("POST", "/v2/handles/{handle}/links/{slug}/preview-links", CREATOR, "links.write"),
    member("DELETE", "/v2/handles/{handle}/links/{slug}/preview-links/{previewId}", CREATOR, "links.write"),
    token("GET", PUBLIC + "/links", CREATOR, "links.read"),
    token("GET", PUBLIC + "/links/{slug}", CREATOR, "links.read"),
    token("PUT", PUBLIC + "/links/{slug}", CREATOR, "links.write"),
    token("DELETE", PUBLIC + "/links/{slug}", CREATOR, "links.write"),
    token("POST", PUBLIC + "/links/{slug}/route-preview", CREATOR, "links.read"),
    token("GET", PUBLIC + "/links/{slug}/preview-links", CREATOR, "links.read"),
    token("POST", PUBLIC + "/links/{slug}/preview-links", CREATOR, "links.write"),
    token("DELETE", PUBLIC + "/links/{slug}/preview-links/{previewId}", CREATOR, "links.write"),
    member("GET", PAGE, CREATOR, "pages.read"),
    member("PUT", PAGE, CREATOR, "pages.write"),
    member("POST", PAGE + "/publish", CREATOR, "pages.write"),
    member("GET", PAGE + "/deployments", CREATOR, "pages.read"),
    member("GET", PAGE + "/preview-links", CREATOR, "pages.read"),
    member("POST", PAGE + "/preview-links", CREATOR, "pages.write"),
    member("DELETE", PAGE + "/preview-links/{linkId}", CREATOR, "pages.write"),
    member("GET", PAGE + "/share-links", CREATOR, "pages.read"),
    member("POST", PAGE + "/share-links", OPERATOR, "pages.write"),
    member("DELETE", PAGE + "/share-links/{linkId}", OPERATOR, "pages.write"),
    token_or_nobody("GET", PAGE_BY_TOKEN, CREATOR, "pages.read"),
    token("PUT", PAGE_BY_TOKEN, CREATOR, "pages.write"),
    token("POST", PAGE_BY_TOKEN + "/publish", CREATOR, "pages.write"),
    token_or_nobody("POST", PUBLIC + "/page-events", CREATOR, body_limit=ANYONES_BODY_LIMIT),
    token_or_nobody("POST", PUBLIC + "/leads", CREATOR, body_limit=2 * ANYONES_BODY_LIMIT),
    member("GET", "/v2/handles/{handle}/leads", CREATOR, "leads.read"),
    member("GET", "/v2/handles/{handle}/leads/export", OPERATOR, "leads.read"),
    anyone_post("/v2/visitor/auth/magic-link"),
    anyone_post("/v2/visitor/auth/verify"),
    anyone_post("/v2/visitor/auth/logout"),
    anyone("GET", "/v2/visitor/me"),
    anyone("GET", "/v2/public/schemas/campaign-page/{structureType}"),
    anyone_post("/v2/public/conversions"),
    anyone_post("/v2/public/arrivals"),
    anyone("GET", "/v2/public/context"),
    anyone("GET", "/v2/public/schemas/plan"),
    member("GET", "/v2/handles/{handle}/conversions", CREATOR, "analytics.read"),
    member("GET", "/v2/handles/{handle}/conversions/{conversionId}", CREATOR, "analytics.read"),
    member("POST", "/v2/handles/{handle}/conversions/release", CREATOR, "conversions.write"),
    member("POST", "/v2/handles/{handle}/conversions/batch", CREATOR, "conversions.write", body_limit=2 * BODY_LIMIT),
    member("POST", "/v2/handles/{handle}/reversals", CREATOR, "conversions.write"),
    member("GET", "/v2/handles/{handle}/reversals", CREATOR, "conversions.write"),
    member("GET", "/v2/handles/{handle}/requests/{requestId}", CREATOR),
    person("GET", "/v2/handles/{handle}/audit", OPERATOR),
    person("GET", "/v2/handles/{handle}/audit/export", OPERATOR),
    member("GET", "/v2/handles/{handle}/usage-meters", CREATOR),
    signed_in("POST", "/v2/support/report", scope="support.write", body_limit=4 * ANYONES_BODY_LIMIT),
    signed_in("GET", "/v2/support/reports/{reportId}"),
    platform_operator("GET", "/v2/operator/reports"),
    platform_operator("POST", "/v2/operator/reports/{reportId}/settlement"),
    platform_operator("POST", "/v2/operator/escalations"),
    platform_operator("GET", "/v2/operator/escalations"),
    platform_operator("POST", "/v2/operator/escalations/{escalationId}/settlement"),
    platform_operator("GET", "/v2/operator/content-reports"),
    platform_operator("POST", "/v2/operator/content-reports/{reportId}/decision"),
    anyone_post("/v2/public/content-report"),
    member("GET", "/v2/handles/{handle}/analytics", CREATOR, "analytics.read"),
    member("GET", "/v2/handles/{handle}/analytics/export", OPERATOR, "analytics.export"),
    member("GET", "/v2/handles/{handle}/alerts", OPERATOR, "webhooks.read"),
    member("PUT", "/v2/handles/{handle}/alerts", OPERATOR, "webhooks.write"),
    member("POST", "/v2/handles/{handle}/alerts/test", OPERATOR, "webhooks.write"),
    member("GET", WEBHOOKS, OPERATOR, "webhooks.read"),
    member("POST", WEBHOOKS, OPERATOR, "webhooks.write"),
    member("DELETE", WEBHOOKS + "/{webhookId}", OPERATOR, "webhooks.write"),
    member("POST", WEBHOOKS + "/{webhookId}/test", OPERATOR, "webhooks.write"),
    member("GET", WEBHOOKS + "/{webhookId}/deliveries", OPERATOR, "webhooks.read"),
    member("POST", "/v2/handles/{handle}/deliveries/{deliveryId}/redeliver", OPERATOR, "webhooks.write"),
)


@dataclass(frozen=True, slots=True)
class Match:
    """The rows of the template that a path fits, by method, and what stands in its placeholders."""

    rules: Mapping[str, Rule]
    parameters: Mapping[str, str]


class RouteTable:
    """Finds the rows of a path. Where two templates fit, the one with more literal segments is meant."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._templates: dict[int, list[tuple[Sequence[str], dict[str, Rule]]]] = {}
        by_path: dict[str, dict[str, Rule]] = {}
        for rule in rules:
            by_path.setdefault(rule.path, {})[rule.method] = rule
        for path in sorted(by_path, key=lambda path: path.count("{")):
            segments = path.split("/")
            self._templates.setdefault(len(segments), []).append((segments, by_path[path]))

    def find(self, path: str) -> Match | None:
        parts = path.split("/")
        for segments, rules in self._templates.get(len(parts), ()):
            parameters = _fit(segments, parts)
            if parameters is not None:
                return Match(rules, parameters)
        return None


def _fit(segments: Sequence[str], parts: Sequence[str]) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    for segment, part in zip(segments, parts, strict=True):
        if segment.startswith("{") and part:
            parameters[segment[1:-1]] = part
        elif segment != part:
            return None
    return parameters


TABLE = RouteTable(AUDIENCE)
