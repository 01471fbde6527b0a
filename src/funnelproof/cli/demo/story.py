"""The Gharart story over HTTP: what a marketer, her visitors and her shop would send, the same each time."""

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from funnelproof.cli.demo.steps import Steps
from funnelproof.cli.refusal import Refused

SEED = 20261123
HANDLE, CAMPAIGN, SLUG = "gharart", "new-buyer-funnel", "buy-now"
VISITORS, RETURNING, REPEATED = 320, 80, 5
SHARE_OF_BUYERS = {"a": 0.15, "b": 0.25}
VALUES = ("24.90", "34.00", "49.90", "49.90", "79.00", "129.00")
SOURCES = (("mail", "email"), ("instagram", "paid"), ("google", "cpc"))
BROWSERS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
    "Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Safari/605.1.15",
)
TOKEN_SCOPES = ["campaigns.*", "links.*", "analytics.read", "conversions.write"]
CAMPAIGN_BODY = {
    "campaignId": CAMPAIGN,
    "name": "New buyer funnel",
    "goalType": "PRODUCT_SALE",
    "currency": "USD",
    "status": "ACTIVE",
    "primaryLink": {"slug": SLUG, "destinationUrl": "https://shop.gharart.example/new", "title": "Buy now"},
    "variants": [
        {"variantId": "a", "name": "A: the shop as it is", "weight": 50, "control": True},
        {
            "variantId": "b",
            "name": "B: one page, three steps",
            "weight": 50,
            "destinationUrl": "https://shop.gharart.example/new-b",
        },
    ],
}


@dataclass(frozen=True, slots=True)
class Outcome:
    token: str
    health: dict[str, Any]
    analytics: dict[str, Any]
    receipt: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Visitor:
    """`cookie` decides the variant, by the published hash."""

    cookie: str
    browser: str
    query: dict[str, str]


class Story:
    def __init__(self, address: str, email: str, password: str) -> None:
        self._email, self._password = email, password
        self._http = httpx2.Client(base_url=address, timeout=30, trust_env=False)
        self._dice = random.Random(SEED)  # noqa: S311 - a story, not a secret
        self._bearer: dict[str, str] = {}
        self._landed: list[tuple[Visitor, str, str]] = []

    def __enter__(self) -> "Story":
        return self

    def __exit__(self, *_error: object) -> None:
        self._http.close()

    def tell(self, steps: Steps) -> Outcome:
        with steps.step("campaign new-buyer-funnel, variants A and B"):
            token = self._sign_in()
            self._api("POST", "/campaigns", CAMPAIGN_BODY)
        with steps.step(f"link /{HANDLE}/{SLUG}"):
            self._api("GET", f"/links/{SLUG}")
        self._visit(steps)
        self._buy(steps)
        with steps.step("test conversion of A and of B"):
            receipt = self._api("POST", f"/campaigns/{CAMPAIGN}/test-conversion", {"seed": str(SEED)})
        health = self._api("GET", f"/campaigns/{CAMPAIGN}/health")
        analytics = self._api("GET", f"/analytics?campaignId={CAMPAIGN}&groupBy=variant")
        return Outcome(token, health, analytics, receipt)

    def _sign_in(self) -> str:
        """Signs in as a person, and makes a token for the curl lines."""
        session = self._answer("POST", "/v2/auth/login", {"email": self._email, "password": self._password})
        self._bearer = {"authorization": f"Bearer {session['accessToken']}"}
        made = self._api("POST", "/tokens", {"name": "demo", "scopes": TOKEN_SCOPES})
        return str(made["token"])

    def _visit(self, steps: Steps) -> None:
        """Everybody comes once, their page reports its arrival; some come again."""
        visitors = [self._visitor() for _ in range(VISITORS)]
        with steps.step(f"visits: {VISITORS} people click", VISITORS) as advance:
            for visitor in visitors:
                variant, ctx = self._click(visitor)
                self._answer("POST", "/v2/public/arrivals", {"ctx": ctx})
                self._landed.append((visitor, variant, ctx))
                advance()
        with steps.step(f"visits: {RETURNING} of them come back", RETURNING) as advance:
            for visitor in visitors[:RETURNING]:
                self._click(visitor)
                advance()

    def _visitor(self) -> Visitor:
        source, medium = self._dice.choice(SOURCES)
        query = {"utm_source": source, "utm_medium": medium, "utm_campaign": "spring"}
        return Visitor(f"{self._dice.getrandbits(128):032x}", self._dice.choice(BROWSERS), query)

    def _click(self, visitor: Visitor) -> tuple[str, str]:
        """(variant, ctx), both read from where the link leads to, as a shop would."""
        headers = {"user-agent": visitor.browser, "cookie": f"fp_vid={visitor.cookie}"}
        answer = self._http.get(f"/{HANDLE}/{SLUG}", params=visitor.query, headers=headers)
        if answer.status_code not in (302, 307):
            _fail("GET", f"/{HANDLE}/{SLUG}", answer)
        arrived = urlsplit(answer.headers["location"])
        return "b" if arrived.path.endswith("-b") else "a", parse_qs(arrived.query)["ctx"][0]

    def _buy(self, steps: Steps) -> None:
        """Orders come with their ctx; a few are sent twice, as a shop does that got no answer in time."""
        orders = []
        for number, (_, variant, ctx) in enumerate(self._landed):
            if self._dice.random() < SHARE_OF_BUYERS[variant]:
                value = self._dice.choice(VALUES)
                orders.append({"ctx": ctx, "idempotencyKey": f"order-{number}", "value": value, "currency": "USD"})
        with steps.step(f"conversions: {len(orders)} orders, {REPEATED} sent twice", len(orders)) as advance:
            for at, order in enumerate(orders):
                order["occurredAt"] = datetime.now(UTC).isoformat()
                self._answer("POST", "/v2/public/conversions", order)
                if at < REPEATED:
                    self._answer("POST", "/v2/public/conversions", order)
                advance()

    def _api(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        return self._answer(method, f"/v2/handles/{HANDLE}{path}", body)

    def _answer(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = self._http.request(method, path, json=body, headers=self._bearer)
        if answer.is_error:
            _fail(method, path, answer)
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found


def _fail(method: str, path: str, answer: httpx2.Response) -> None:
    try:
        shown = json.dumps(answer.json(), indent=2, ensure_ascii=False)
    except ValueError:
        shown = answer.text[:2000]
    raise Refused("demo_failed", f"{method} {path} answered {answer.status_code}:\n{shown}")
