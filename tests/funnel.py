"""A funnel in tests: a campaign with its link, people who click, orders that come back."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from sqlalchemy import select

from cast import HANDLE, Actor, Cast, Client
from funnelproof.storage.schema import metadata

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
BOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"
CAMPAIGN, SLUG = "new-buyer-funnel", "buy-now"
SHOP = "https://shop.gharart.example"
TAGS = "utm_source=mail&utm_medium=email&utm_campaign=spring"
NEW_CAMPAIGN: dict[str, Any] = {
    "campaignId": CAMPAIGN,
    "name": "New buyer funnel",
    "goalType": "PRODUCT_SALE",
    "currency": "USD",
    "status": "ACTIVE",
    "primaryLink": {"slug": SLUG, "destinationUrl": f"{SHOP}/a"},
    "variants": [
        {"variantId": "a", "weight": 50, "control": True},
        {"variantId": "b", "weight": 50, "destinationUrl": f"{SHOP}/b"},
    ],
}


@dataclass(frozen=True)
class Clicked:
    answer: httpx2.Response

    @property
    def address(self) -> str:
        return str(self.answer.headers["location"])

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.address).query).items()}

    @property
    def ctx(self) -> str:
        return self.query["ctx"]

    @property
    def path(self) -> str:
        return urlsplit(self.address).path


@dataclass
class Funnel:
    """Calls by a token of the owner, which does not expire when the clock moves; `base` is the handle's API."""

    client: Client
    cast: Cast
    base: str = f"/v2/handles/{HANDLE}"
    owner: Actor = field(init=False)

    def __post_init__(self) -> None:
        self.owner = self.cast.token("campaigns.*", "links.*", "conversions.*", "analytics.*")

    def campaign(self, **fields: Any) -> dict[str, Any]:
        """Create the campaign, with these fields in place of the usual ones; None leaves a field out."""
        body = {name: value for name, value in {**NEW_CAMPAIGN, **fields}.items() if value is not None}
        return self._done(self.client.post(f"{self.base}/campaigns", body, by=self.owner), 201)

    def change(self, campaign_id: str = CAMPAIGN, **fields: Any) -> dict[str, Any]:
        return self._done(self.client.patch(f"{self.base}/campaigns/{campaign_id}", fields, by=self.owner), 200)

    def move(self, to: str, campaign_id: str = CAMPAIGN) -> dict[str, Any]:
        path = f"{self.base}/campaigns/{campaign_id}/transitions"
        return self._done(self.client.post(path, {"to": to}, by=self.owner), 200)

    def ramp(self, percent: int, campaign_id: str = CAMPAIGN) -> dict[str, Any]:
        path = f"{self.base}/campaigns/{campaign_id}/ramp"
        return self._done(self.client.post(path, {"rampPercent": percent}, by=self.owner), 200)

    def link(self, slug: str = SLUG, **fields: Any) -> dict[str, Any]:
        """Write a link whole."""
        body = {"destinationUrl": f"{SHOP}/a", **fields}
        answer = self.client.put(f"{self.base}/links/{slug}", body, by=self.owner)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    def follow(self, query: str = "", *, person: int | None = 1, slug: str = SLUG, **more: Any) -> httpx2.Response:
        """A visit by a person with a cookie of its own; None: without one."""
        cookie = {} if person is None else {"cookie": f"fp_vid={cookie_of(person)}"}
        headers = {"user-agent": BROWSER, **cookie, **more.pop("headers", {})}
        path = f"/{more.pop('handle', HANDLE)}/{slug}" + (f"?{query}" if query else "")
        return self.client.call(more.pop("method", "GET"), path, headers=headers, **more)

    def click(self, query: str = "", *, person: int | None = 1, slug: str = SLUG, **more: Any) -> Clicked:
        answer = self.follow(query, person=person, slug=slug, **more)
        assert answer.status_code in (302, 303, 307), answer.text
        return Clicked(answer)

    def send(self, ctx: str | None, key: str | None = "order-1", **fields: Any) -> httpx2.Response:
        body = {"ctx": ctx, "idempotencyKey": key, **fields}
        told = {name: value for name, value in body.items() if value is not None}
        return self.client.post("/v2/public/conversions", told, headers=fields.pop("headers", {}))

    def convert(self, ctx: str, key: str = "order-1", **fields: Any) -> dict[str, Any]:
        return self._done(self.send(ctx, key, **fields), 201)

    def rows(self, table: str) -> list[dict[str, Any]]:
        return rows_of(self.cast.home.database, table)

    @staticmethod
    def _done(answer: httpx2.Response, status: int) -> dict[str, Any]:
        assert answer.status_code == status, answer.text
        return dict(answer.json())


def cookie_of(person: int) -> str:
    """The cookie of a person, by number."""
    return f"{person * 7919:032x}"


def rows_of(database: Any, table: str) -> list[dict[str, Any]]:
    """All rows of a table, as plain dictionaries."""
    return [dict(row) for row in database.read_now(lambda tx: tx.all(select(metadata.tables[table])))]
