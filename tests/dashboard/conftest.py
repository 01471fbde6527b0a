"""A browser without a window: cookies, forms as they stand on the screen, redirects followed by hand."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlencode

import httpx2
import pytest

from cast import HANDLE, PASSWORD, Actor, Client
from funnel import CAMPAIGN, Funnel

ORIGIN = "http://127.0.0.1:8080"
TOKEN = re.compile(r'name="form" value="([0-9a-f]{64})"')
HERE = f"/app/{HANDLE}"
ONE = f"{HERE}/campaigns/{CAMPAIGN}"


@dataclass
class Browser:
    client: Client
    cookies: dict[str, str] = field(default_factory=dict)
    last: str = ""

    def call(self, method: str, path: str, **more: object) -> httpx2.Response:
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": jar, "Accept-Language": "en-US", **dict(more.pop("headers", {}))}  # type: ignore[call-overload]
        answer = self.client.call(method, path, headers=headers, **more)
        for line in answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0].strip('"')
            self.cookies[name] = value
            if not value:
                del self.cookies[name]
        self.last = answer.text
        return answer

    def see(self, path: str, status: int = 200) -> str:
        answer = self.call("GET", path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:1500])
        return unescape(answer.text)

    def send(
        self, path: str, act: str, *, token: str | None = None, origin: str = ORIGIN, **fields: str
    ) -> httpx2.Response:
        """As a browser sends a form of the screen at `path`."""
        if token is None:
            found = TOKEN.search(self.call("GET", path).text) or TOKEN.search(self.last)
            assert found, path
            token = found[1]
        body = urlencode({"act": act, "form": token, **fields})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
        return self.call("POST", path, content=body, headers=headers)

    def done(self, path: str, act: str, **fields: str) -> str:
        """The form did what it should; where it leads."""
        answer = self.send(path, act, **fields)
        assert answer.status_code == 303, (path, answer.status_code, unescape(answer.text)[:3000])
        return str(answer.headers["location"])


SignedIn = Callable[[Actor], Browser]


@pytest.fixture
def browser(client: Client) -> Browser:
    return Browser(client)


@pytest.fixture
def signed_in(client: Client) -> SignedIn:
    def sign_in(actor: Actor) -> Browser:
        browser = Browser(client)
        browser.done("/app/signin", "sign-in", email=actor.email, password=PASSWORD)
        return browser

    return sign_in


@pytest.fixture
def sold(funnel: Funnel) -> Funnel:
    """A campaign with clicks and orders."""
    funnel.campaign()
    for person in range(1, 31):
        clicked = funnel.click("utm_source=mail&utm_medium=email&utm_campaign=spring", person=person)
        if person % 5 == 0:
            funnel.convert(clicked.ctx, f"order-{person}", value="49.90", currency="USD")
    return funnel
