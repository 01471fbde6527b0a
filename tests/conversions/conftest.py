"""A funnel on each engine, and claims made by hand."""

from collections.abc import Iterator
from typing import Any

import pytest

from cast import Client, make_cast
from conftest import MakeInstallation
from funnel import Funnel
from funnelproof.app import Application
from funnelproof.conversions.conversion import Claim
from funnelproof.ids import new_id
from funnelproof.installation import Installation
from funnelproof.links.ctx import Ctx, open_ctx


@pytest.fixture
def home(make_installation: MakeInstallation, engine_kind: str) -> Installation:
    return make_installation(engine_kind)


@pytest.fixture
def shop(home: Installation) -> Iterator[Funnel]:
    """The funnel, once on each engine; its campaign is not made yet."""
    with Client(Application(home)) as client:
        yield Funnel(client, make_cast(home))


def ctx_of(shop: Funnel, **more: Any) -> Ctx:
    """The opened ctx of a click."""
    return open_ctx(shop.click(**more).ctx, shop.cast.home.keyring)


def claim(ctx: Ctx, key: str = "order-1", *, value: str | None = "5.00", at: int | None = None, **more: Any) -> Claim:
    """As the door would make it."""
    fields = {
        "conversion_id": new_id("cnv"),
        "ctx": ctx,
        "key": key,
        "digest": f"{ctx.click_id}|{key}|{value}|{sorted(more.items())}",
        "event_type": None,
        "value_text": value,
        "currency": None,
        "occurred_at": None,
        "customer": None,
        "properties": None,
        "expected_handle": None,
        "expected_campaign": None,
        "is_trusted": False,
        "received_at": ctx.issued_at if at is None else at,
        "request_id": new_id("req"),
    }
    return Claim(**fields | more)
