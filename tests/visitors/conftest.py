"""A published page that opens after a login, browsers that visit it, and the mails that were sent."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cast import HANDLE, Client
from funnelproof.installation import Installation
from pages.conftest import SLUG, Site, draft, site, writer

__all__ = ["site", "writer"]
PAGE = f"/{HANDLE}/p/{SLUG}"
LOGIN, VERIFY = f"/{HANDLE}/p/login", f"/{HANDLE}/p/verify"
MAIL = "buyer@elsewhere.example"


@dataclass
class Browser:
    """Keeps cookies as a browser does, by path, and says whose page its forms are on."""

    client: Client
    cookies: dict[tuple[str, str], str] = field(default_factory=dict)

    def get(self, path: str, **more: Any) -> httpx2.Response:
        return self._call("GET", path, **more)

    def post(self, path: str, site: str = "same-origin", **form: str) -> httpx2.Response:
        headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": site}
        return self._call("POST", path, content=str(httpx2.QueryParams(form)).encode(), headers=headers)

    def send(self, path: str, body: dict[str, Any]) -> httpx2.Response:
        return self._call("POST", path, body=body)

    def _call(self, method: str, path: str, **more: Any) -> httpx2.Response:
        self.client.forget_cookies()
        at = path.partition("?")[0]
        held = {name: value for (name, where), value in self.cookies.items() if at.startswith(where) and value}
        headers = {
            **more.pop("headers", {}),
            **({"cookie": "; ".join(f"{n}={v}" for n, v in held.items())} if held else {}),
        }
        answer = self.client.call(method, path, more.pop("body", None), headers=headers, **more)
        for told in answer.headers.get_list("set-cookie"):
            name, value = told.split(";")[0].split("=", 1)
            where = re.search(r"Path=([^;]+)", told)
            assert where is not None
            self.cookies[name, where[1]] = value
        return answer


@pytest.fixture
def browser(client: Client, site: Site) -> Browser:
    """Of somebody who is here for the first time; the page asks for a login."""
    site.write(draft(accessMode="FREE_WITH_LOGIN"))
    return Browser(client)


@pytest.fixture
def mails(installation: Installation) -> Callable[[], list[Any]]:
    """Of the data folder, oldest first."""

    def read() -> list[Any]:
        files = sorted((Path(installation.settings.data) / "mails").glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]

    return read


@pytest.fixture
def token(mails: Callable[[], list[Any]]) -> Callable[[], str]:
    """That of the newest mail."""

    def read() -> str:
        found = re.search(r"\?token=([\w-]{43})", mails()[-1].get_content())
        assert found is not None
        return found[1]

    return read
