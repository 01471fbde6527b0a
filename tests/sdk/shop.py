"""A shop in tests: pages on an origin of their own, under a policy that allows no inline script and no eval."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>
{sdk}<script src="/shop.js" defer></script></head><body {body}>{main}</body></html>"""
SHOP_JS = """
const say = (told) => (document.body.dataset.told = JSON.stringify(told));
const order = document.body.dataset.order;
if (order) {
  funnelproof.convert(JSON.parse(order)).then(
    (told) => say(told),
    ({ error, message, reason, errors }) => say({ error, message, reason, errors }),
  );
}
"""


@dataclass
class Shop:
    """Each page as HTML by its path; `sdk` is the line that a page has in its head."""

    sdk: str
    fp: str
    url: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    sandboxed: set[str] = field(default_factory=set)

    def show(self, path: str, main: str = "", *, order: str | None = None, sdk: str | None = None) -> str:
        """Put a page there; its address. With `order`, it converts as soon as it is loaded."""
        body = "" if order is None else f"data-order='{order}'"
        self.pages[path] = PAGE.format(sdk=self.sdk if sdk is None else sdk, body=body, main=main)
        return self.url + path

    def policy(self, path: str) -> str:
        own = f"default-src 'none'; script-src 'self' {self.fp}; connect-src {self.fp}; form-action 'self'"
        return f"{own}; sandbox allow-scripts" if path in self.sandboxed else own


@contextmanager
def open_shop(shop: Shop) -> Iterator[Shop]:
    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            text = SHOP_JS if path == "/shop.js" else shop.pages.get(path)
            self.send_response(200 if text else 404)
            self.send_header("Content-Type", "text/javascript" if path == "/shop.js" else "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", shop.policy(path))
            self.end_headers()
            self.wfile.write((text or "").encode())

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    shop.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
