"""Clicks of a run: asked for by a token, drawn from the seed, in a world of their own."""

from typing import Any

import pytest

from cast import Client, refused
from clicks.samples import CAMPAIGN as SAMPLE
from clicks.samples import campaign
from funnel import CAMPAIGN, TAGS, Funnel
from funnelproof.campaigns.variants import bucket_of, owner_of
from funnelproof.clicks.inrun import As, draw_visitor, read_as
from funnelproof.clock import HOUR, SetClock
from funnelproof.errors import Invalid

RUNS = f"/v2/handles/gharart/campaigns/{CAMPAIGN}/test-runs"


def opened(funnel: Funnel, seed: str = "one") -> dict[str, Any]:
    answer = funnel.client.post(RUNS, {"seed": seed}, by=funnel.owner)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def in_run(run: dict[str, Any], who: str = "") -> dict[str, str]:
    headers = {"x-funnelproof-run": run["runToken"]}
    return headers | ({"x-funnelproof-as": who} if who else {})


DRAWN = [
    ("bec8ee9a117d5b41", "541f348b9cfa4dc0cbd37f21e3e74681"),
    ("ba96e8a300fc2eeb", "bdd99a9f4d0be1ae9e672e1ed2cd61bc"),
]


@pytest.mark.parametrize("variant", ["a", "b"])
def test_a_visitor_is_drawn_into_the_wanted_variant_and_always_the_same(variant: str) -> None:
    one = draw_visitor(SAMPLE, "seed", As(variant=variant))
    number = 1 if variant == "a" else 2
    assert owner_of(SAMPLE.shares, bucket_of(SAMPLE.campaign_id, one.ticket)) == (number, True)
    assert draw_visitor(SAMPLE, "seed", As(variant=variant)) == one
    assert draw_visitor(SAMPLE, "other", As(variant=variant)).key != one.key
    assert draw_visitor(SAMPLE, "seed", As("ann", variant=variant)).key != one.key
    assert one.cookie is None


def test_the_drawn_visitors_are_the_published_ones() -> None:
    """Drawn from the seed alone: the same on every installation."""
    drawn = [draw_visitor(SAMPLE, "seed", As(variant=variant)) for variant in ("a", "b")]
    assert [(each.key, each.ticket) for each in drawn] == DRAWN


def test_nobody_is_drawn_into_a_variant_that_nobody_can_reach() -> None:
    with pytest.raises(Invalid, match="no open bucket"):
        draw_visitor(campaign(ramp_percent=0), "seed", As(variant="b"))
    with pytest.raises(Invalid, match="no variant 'z'; it has a, b"):
        draw_visitor(SAMPLE, "seed", As(variant="z"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", As()),
        ("visitor=ann", As("ann")),
        ("visitor=ann; variant=b; country=IN; device=MOBILE", As("ann", "IN", "MOBILE", "b")),
        (" variant=b ;", As(variant="b")),
    ],
)
def test_as_whom_a_click_is_made(text: str, expected: As) -> None:
    assert read_as({"x-funnelproof-as": text}) == expected


@pytest.mark.parametrize("text", ["name=ann", "country=India", "device=FRIDGE", "visitor=", "ann", "visitor=a b"])
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="not understood"):
        read_as({"x-funnelproof-as": text})


def test_a_click_of_a_run_lies_in_its_world_and_sets_no_cookie(funnel: Funnel) -> None:
    funnel.campaign()
    run = opened(funnel)
    who = "visitor=ann; variant=b; country=IN; device=TABLET"
    answer = funnel.follow(TAGS, person=None, headers=in_run(run, who))
    (row,) = funnel.rows("clicks")
    assert "set-cookie" not in answer.headers
    assert (row["world"], row["variant"], row["country"], row["device"]) == (run["runId"], 2, "IN", "TABLET")
    assert (row["kind"], row["cohort"], row["referrer"], row["source"]) == ("PERSON", "ENTERED", "direct", "mail")
    assert {row["world"] for row in funnel.rows("day_tallies")} == {run["runId"]}


def test_two_runs_of_one_seed_have_the_same_visitors_and_never_meet(funnel: Funnel) -> None:
    funnel.campaign()
    made = []
    for _ in range(2):
        run = opened(funnel)
        ctx = funnel.click(headers=in_run(run, "visitor=ann")).ctx
        made.append(funnel.convert(ctx, "order-1", value="5")["status"])
    assert made == ["RECORDED", "RECORDED"]
    ledger = funnel.rows("ledger")
    assert len({row["visitor"] for row in ledger}) == 1
    assert len({row["world"] for row in ledger}) == 2


def test_a_device_that_is_a_bot_makes_a_bots_click(funnel: Funnel) -> None:
    funnel.campaign()
    run = opened(funnel)
    funnel.follow(headers=in_run(run, "device=BOT"))
    funnel.follow(method="HEAD", headers=in_run(run))
    funnel.follow(headers={**in_run(run), "sec-purpose": "prefetch"})
    assert [row["kind"] for row in funnel.rows("clicks")] == ["BOT", "HEAD", "PREFETCH"]


def test_a_run_keeps_its_configuration_and_its_clock(funnel: Funnel, client: Client, clock: SetClock) -> None:
    funnel.campaign()
    run = opened(funnel)
    funnel.move("PAUSED")
    funnel.change(attributionWindowDays=1)
    click = funnel.click(headers=in_run(run))
    client.post(f"{RUNS}/{run['runId']}/clock", {"advanceSeconds": 20 * 86_400}, by=funnel.owner)
    made = funnel.convert(click.ctx)
    assert (made["disposition"], made["mode"]) == ("COUNTED", "test")
    assert made["receivedAt"] == "2026-12-13T09:00:00Z"
    client.post(f"{RUNS}/{run['runId']}/clock", {"advanceSeconds": 12 * 86_400}, by=funnel.owner)
    assert refused(funnel.send(click.ctx, "2"), 400, "invalid_ctx")["reason"] == "expired"


def test_a_finished_run_takes_nothing_new_and_repeats_what_it_has(funnel: Funnel, client: Client) -> None:
    funnel.campaign()
    run = opened(funnel)
    ctx = funnel.click(headers=in_run(run)).ctx
    first = funnel.convert(ctx)
    client.post(f"{RUNS}/{run['runId']}/finish", {}, by=funnel.owner)
    refused(funnel.follow(headers=in_run(run)), 409, "run_finished")
    assert refused(funnel.send(ctx, "2"), 400, "invalid_ctx")["reason"] == "wrong_mode"
    assert funnel.send(ctx).json() == {**first, "status": "DUPLICATE"}


def test_a_token_that_does_not_hold_leads_nowhere(funnel: Funnel, clock: SetClock) -> None:
    funnel.campaign()
    run = opened(funnel)
    refused(funnel.follow(headers={"x-funnelproof-run": "nonsense"}), 401, "invalid_run_token")
    refused(funnel.follow(handle="elsewhere", headers=in_run(run)), 401, "invalid_run_token")
    refused(funnel.follow(slug="other", headers=in_run(run)), 404, "not_found")
    refused(funnel.follow(headers=in_run(run, "colour=red")), 400, "invalid_payload")
    clock.advance(HOUR)
    refused(funnel.follow(headers=in_run(run)), 401, "invalid_run_token")
    assert funnel.rows("clicks") == []


def test_without_a_token_nobody_says_as_whom_he_clicks(funnel: Funnel) -> None:
    funnel.campaign()
    funnel.follow(headers={"x-funnelproof-as": "visitor=ann; country=IN"})
    assert (funnel.rows("clicks")[0]["country"], funnel.rows("clicks")[0]["world"]) == ("ZZ", "live")


def test_a_run_asks_for_no_password_and_uses_nothing_up(funnel: Funnel, clock: SetClock) -> None:
    funnel.campaign()
    funnel.link("buy-now", campaignId=CAMPAIGN, password="secret", maxClicks=1)
    run = opened(funnel)
    for _ in range(2):
        assert funnel.follow(headers=in_run(run)).status_code == 302
    assert next(row for row in funnel.rows("links"))["used_clicks"] == 0
