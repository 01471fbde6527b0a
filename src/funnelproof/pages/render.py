"""A page's content as HTML: the words of one variant and one region, its buttons and forms with room for a ctx."""

import hashlib
import secrets
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, pass_context
from jinja2.runtime import Context

from funnelproof.links.address import arrival_address
from funnelproof.pages.formats import locale_of, price_text, seats_text, times_text
from funnelproof.pages.markdown import to_html
from funnelproof.pages.page import LOGIN, Content, StructureType
from funnelproof.pages.structure import order_of, schema_of
from funnelproof.pages.texts import in_region, of_variant

ROOM = secrets.token_hex(16)
"""Stands in a rendered page where a visitor's ctx goes. No author can know it."""
TRACKING = {"pageViews": True, "ctaClicks": True}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands: whose it is, and its address."""

    handle: str
    campaign_id: str
    url: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of a page's texts. `ctx` is what buttons and forms carry; `preview` is the banner of a draft."""

    variant_id: str | None
    region: str
    ctx: str | None = None
    preview: str | None = None


def render(content: Content, place: Place, wanted: Wanted) -> str:
    document = in_region(of_variant(content.document, wanted.variant_id), wanted.region)
    tracking = {**TRACKING, **document.get("tracking", {})}
    locale = locale_of(document.get("language", "en"), wanted.region)
    return TEMPLATES.get_template("page.html").render(
        _head(content, place, document),
        locale=locale,
        content=document["sections"],
        order=_order(content.structure_type, document),
        legal=document["legal"],
        words={**usual_words(content.structure_type), **document.get("words", {})},
        tracking=tracking,
        script=wanted.preview is None and any(tracking.values()),
        events=f"/v2/public/handles/{place.handle}/page-events",
        leads=f"/v2/public/handles/{place.handle}/leads",
        campaign_id=place.campaign_id,
        slug=content.slug,
        ctx=wanted.ctx,
        preview=wanted.preview,
    )


def render_teaser(content: Content, place: Place, region: str, return_to: str) -> str:
    """What is shown of a page to whoever has to log in first; `return_to` is the path that was asked for."""
    document = in_region(of_variant(content.document, None), region)
    return TEMPLATES.get_template("teaser.html").render(
        _head(content, place, document), login=LOGIN, return_to=return_to
    )


def asset(name: str) -> bytes:
    return (files("funnelproof.pages") / "templates" / name).read_bytes()


@cache
def assets_version() -> str:
    """Changes with the stylesheet and the script, so that browsers may keep them for good."""
    return hashlib.sha256(asset("page.css") + asset("page.js")).hexdigest()[:12]


@cache
def usual_words(structure_type: StructureType) -> dict[str, str]:
    told = schema_of(structure_type)["$defs"]["words"]["properties"]
    return {name: own["default"] for name, own in told.items()}


def _head(content: Content, place: Place, document: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": content.title,
        "description": document.get("description"),
        "brand": document.get("brand", content.title),
        "language": document.get("language", "en"),
        "theme": document.get("theme", "indigo"),
        "social_image": document.get("socialImage"),
        "url": place.url,
        "assets": assets_version(),
    }


def _order(structure_type: StructureType, document: dict[str, Any]) -> list[str]:
    named = document.get("order", [])
    others = [name for name in order_of(structure_type) if name not in named]
    return [name for name in (*named, *others) if name in document["sections"]]


@pass_context
def _led(context: Context, href: str) -> str:
    return led_to(href, context["ctx"])


def led_to(href: str, ctx: str | None) -> str:
    """Where a button leads, with the ctx in its address; a section of this page needs none."""
    if href.startswith("#") or ctx is None:
        return href
    return arrival_address(href, click_query="", tracking=(), ctx=ctx)


@pass_context
def _price(context: Context, price: dict[str, str]) -> str:
    return price_text(price, context["locale"])


@pass_context
def _times(context: Context, session: dict[str, Any], time_zone: str) -> str:
    return times_text(session, time_zone or "UTC", context["locale"])


@pass_context
def _seats(context: Context, seats: dict[str, int]) -> str:
    return seats_text(seats, context["words"])


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("funnelproof.pages"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"markdown": to_html, "led": _led, "price": _price, "times": _times, "seats": _seats}
    return made


TEMPLATES = _environment()
