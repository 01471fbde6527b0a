"""The manual at /docs: the Markdown files of docs/, and a reference made from the OpenAPI document."""

import html
import posixpath
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse
from markdown_it import MarkdownIt

from funnelproof.errors import NotFound

PACKAGED = Path(__file__).parent / "docs"
IN_REPOSITORY = Path(__file__).parents[2] / "docs"
RELATIVE = re.compile(r'href="((?!https?:|/|#)[^"#]+?)\.md(#[^"]*)?"')
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
FAMILY = "invalid_field"
CSP = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
HEADERS = {"Content-Security-Policy": CSP, "Referrer-Policy": "no-referrer", "Cache-Control": "public, max-age=300"}
FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Funnelproof</title><link rel="stylesheet" href="/_fp/plain.css"></head>
<body class="manual"><nav><a href="/docs">Manual</a> · <a href="/docs/api">API</a></nav>
<main>{main}</main></body></html>
"""


def routes(document: Callable[[], dict[str, Any]]) -> APIRouter:
    """`document` answers the OpenAPI document."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def to_the_manual() -> RedirectResponse:
        return RedirectResponse("/docs", 307)

    @router.get("/docs")
    async def first_page() -> HTMLResponse:
        return _page("index")

    @router.get("/docs/api")
    async def reference() -> HTMLResponse:
        return HTMLResponse(FRAME.format(title="API", main=_reference(document())), headers=HEADERS)

    @router.get("/docs/{name}")
    async def page(name: str) -> HTMLResponse:
        return _page(name)

    @router.get("/docs/{folder}/{name}")
    async def page_below(folder: str, name: str) -> HTMLResponse:
        return _page(folder, name)

    return router


def _page(*names: str) -> HTMLResponse:
    title, main = _rendered(*names)
    return HTMLResponse(FRAME.format(title=html.escape(title), main=main), headers=HEADERS)


@lru_cache(maxsize=512)
def _rendered(*names: str) -> tuple[str, str]:
    """(title, HTML) of a page. A field's own error without a page is explained by the page of its family."""
    text = _text(names)
    title = next((line[2:] for line in text.splitlines() if line.startswith("# ")), names[-1])
    rendered: str = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return title, RELATIVE.sub(lambda link: f'href="{_absolute(names, link[1])}{link[2] or ""}"', rendered)


def _absolute(names: tuple[str, ...], target: str) -> str:
    """Where a relative link of a page leads: the first page is shown at /docs, the others below it."""
    return posixpath.normpath(posixpath.join("/docs", *names[:-1], target))


def _text(names: tuple[str, ...]) -> str:
    root = PACKAGED if PACKAGED.is_dir() else IN_REPOSITORY
    if all(NAME.fullmatch(name) for name in names):
        path = root.joinpath(*names).with_suffix(".md")
        if path.is_file():
            return path.read_text("utf-8")
        if names[0] == "errors" and names[-1].startswith("invalid_"):
            return (root / "errors" / f"{FAMILY}.md").read_text("utf-8")
    raise NotFound("The manual has no such page; /docs lists what there is.")


def _reference(document: dict[str, Any]) -> str:
    parts = ["<h1>API</h1><p>The whole document: <a href='/openapi.json'>/openapi.json</a>.</p>"]
    for path, item in sorted(document["paths"].items()):
        for method, operation in item.items():
            parts.append(_operation(method, path, operation))
    return "".join(parts)


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    statuses = "".join(
        f"<dt>{html.escape(status)}</dt><dd>{html.escape(answer.get('description', ''))}</dd>"
        for status, answer in operation["responses"].items()
    )
    text = html.escape(operation.get("description") or operation.get("summary") or "")
    heading = f"<h2><code>{method.upper()} {html.escape(path)}</code></h2><p>{text}</p>"
    return f"<section>{heading}<details><summary>Answers</summary><dl>{statuses}</dl></details></section>"
