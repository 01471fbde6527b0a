"""Recording in groups, on both engines: what one claim does, it does in any company, and in any number of processes."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from conversions.conftest import claim, ctx_of
from elsewhere import another_process
from funnel import Funnel
from funnelproof.conversions.conversion import Claim, Disposition, KeyReused
from funnelproof.conversions.record import Answer, Recorded, record
from funnelproof.errors import Problem
from funnelproof.installation import Installation
from funnelproof.links.ctx import InvalidCtx, Mode
from funnelproof.links.link import NoSuchCampaign
from funnelproof.recount.compare import recount


def together(home: Installation, claims: Sequence[Claim]) -> list[Answer]:
    return home.database.write_now(lambda tx: record(tx, claims))


def dispositions(answers: Sequence[Answer]) -> list[str]:
    return [each.conversion.disposition.value if isinstance(each, Recorded) else each.code for each in answers]


def counters_hold(home: Installation) -> bool:
    report = recount(home.database, now=home.clock.now())
    assert report.differences == []
    return report.equal > 0


def test_one_key_in_one_group_makes_one_row(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    ctx = ctx_of(shop)
    answers = together(home, [claim(ctx) for _ in range(64)])
    made = [answer for answer in answers if isinstance(answer, Recorded)]
    assert [answer.is_new for answer in made] == [True] + [False] * 63
    assert len({answer.conversion.conversion_id for answer in made}) == 1
    assert (len(shop.rows("conversions")), shop.rows("conversion_keys")[0]["repeats"]) == (1, 63)
    assert counters_hold(home)


def test_one_key_through_sixty_four_doors_at_once_makes_one_row(shop: Funnel) -> None:
    shop.campaign()
    told = {"ctx": shop.click().ctx, "idempotencyKey": "order-1", "value": "5"}

    async def all_at_once() -> list[int]:
        http = shop.client._http
        answers = await asyncio.gather(*(http.post("/v2/public/conversions", json=told) for _ in range(64)))
        return [answer.status_code for answer in answers]

    assert Counter(shop.client.run(all_at_once())) == {201: 1, 200: 63}
    assert len(shop.rows("conversions")) == 1
    assert counters_hold(shop.cast.home)


def test_one_key_in_several_processes_makes_one_row(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    ctx = ctx_of(shop)
    with another_process(home) as other, ThreadPoolExecutor(8) as threads:
        homes = [home, other] * 12
        made = list(threads.map(lambda each: together(each, [claim(ctx, value="5")])[0], homes))
    assert sum(isinstance(each, Recorded) and each.is_new for each in made) == 1
    assert all(isinstance(each, Recorded) for each in made)
    assert counters_hold(home)


def test_many_keys_in_many_groups_of_several_processes_count_exactly_once(shop: Funnel, home: Installation) -> None:
    shop.campaign(countingRule="ONCE_PER_VISITOR")
    ctxs = [ctx_of(shop, person=person) for person in range(1, 9)]

    def group(number: int) -> list[Claim]:
        return [claim(ctx, f"order-{(number + at) % 12}-{at}") for at, ctx in enumerate(ctxs)]

    with another_process(home) as other, ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: together(other if number % 2 else home, group(number)), range(12)))
    rows = shop.rows("conversions")
    assert Counter(row["disposition"] for row in rows)["COUNTED"] == len(ctxs)
    assert len(rows) == len({row["idempotency_key"] for row in rows}) == 96
    assert {row["uses"] for row in shop.rows("claims")} == {1}
    assert counters_hold(home)


def test_one_bad_claim_makes_no_other_fail(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    ctx = ctx_of(shop)
    nowhere = ctx._replace(campaign="nowhere")
    gone = ctx._replace(mode=Mode.TEST, run=99)
    claims = [
        claim(ctx, "1"),
        claim(nowhere, "2"),
        claim(ctx, "3", value="1.999"),
        claim(gone, "4"),
        claim(ctx, "1", value="6.00"),
        claim(ctx._replace(handle="nobody"), "5"),
        claim(ctx, "6", expected_handle="elsewhere"),
        claim(ctx, "7", at=ctx.expires_at),
        claim(ctx, "8"),
    ]
    answers = together(home, claims)
    kinds = [type(answer) for answer in answers]
    assert kinds[0] is kinds[8] is Recorded
    assert (kinds[1], kinds[4]) == (NoSuchCampaign, KeyReused)
    assert [type(answer) for answer in (answers[3], answers[5], answers[6], answers[7])] == [InvalidCtx] * 4
    assert isinstance(answers[2], Problem)
    assert len(shop.rows("conversions")) == 2
    assert counters_hold(home)


def test_a_claim_that_breaks_the_verb_is_refused_alone(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    ctx = ctx_of(shop)
    broken = claim(ctx, "broken", properties={"a": object()})

    async def submit_all() -> list[object]:
        claims = [claim(ctx, f"order-{n}") for n in range(7)]
        claims.insert(3, broken)
        return await asyncio.gather(
            *(home.lane.submit(record, each, handle="gharart") for each in claims), return_exceptions=True
        )

    answers = shop.client.run(submit_all())
    assert [isinstance(answer, Recorded) for answer in answers] == [True] * 3 + [False] + [True] * 4
    assert len(shop.rows("conversions")) == 7
    assert counters_hold(home)


@pytest.mark.parametrize("grouped", [True, False])
def test_grouping_changes_nothing(shop: Funnel, home: Installation, *, grouped: bool) -> None:
    """The same claims in one group or one by one have the same dispositions, plausibility and uniqueness together."""
    shop.campaign(maxPerClick=2)
    one, two = ctx_of(shop), ctx_of(shop)
    claims = [
        claim(one, "1", value="60000000"),
        claim(one, "2", value="30000000"),
        claim(one, "3", value="20000000"),
        claim(one, "4", value="1"),
        claim(two, "5", value="10000000"),
        claim(two, "6", value="0.01"),
        claim(two, "1", value="60000000"),
    ]
    answers = together(home, claims) if grouped else [together(home, [each])[0] for each in claims]
    assert dispositions(answers) == [
        "COUNTED",
        "COUNTED",
        "HELD",
        "NOT_UNIQUE",
        "COUNTED",
        "HELD",
        "idempotency_key_reused",
    ]
    assert counters_hold(home)


def test_a_group_serves_each_handle_and_world_within_its_own(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    other = Funnel(shop.client, shop.cast, base="/v2/handles/elsewhere")
    other.owner = shop.cast.stranger
    other.campaign(currency="JPY")
    ours, theirs = ctx_of(shop), ctx_of(other, handle="elsewhere")
    preview = ours._replace(mode=Mode.PREVIEW)
    answers = together(home, [claim(theirs, value="5.50"), claim(ours), claim(preview), claim(theirs, value="7")])
    assert dispositions(answers)[:2] == ["invalid_value", "COUNTED"]
    assert isinstance(answers[3], Recorded)
    assert {(row["handle"], row["world"]) for row in shop.rows("conversions")} == {
        ("gharart", "live"),
        ("gharart", "preview"),
        ("elsewhere", "live"),
    }
    assert isinstance(answers[1], Recorded)
    assert answers[1].moved_worlds == {"live"}


def test_the_ledger_tallies_and_squares_follow_each_order(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    ctx = ctx_of(shop)
    for key, value in (("1", "10.00"), ("2", "2.50"), ("3", "7000000.00")):
        together(home, [claim(ctx, key, value=value)])
    total = 1000 + 250 + 700_000_000
    (money,) = shop.rows("ledger_money")
    (phase,) = [row for row in shop.rows("phase_tallies") if row["currency"] == "USD"]
    assert (money["gross_minor"], money["test_net_minor"], phase["net_minor"]) == (total, total, total)
    assert phase["squares_high"] * 10**9 + phase["squares_low"] == total**2
    (standing,) = shop.rows("ledger")
    assert (standing["conversions"], standing["test_conversions"]) == (3, 3)
    assert standing["arrived_at"] is not None


def test_refusals_and_repeats_are_counted_by_the_quarter_hour(shop: Funnel, home: Installation) -> None:
    shop.campaign()
    ctx = ctx_of(shop)
    together(
        home,
        [claim(ctx), claim(ctx), claim(ctx, value="6"), claim(ctx, "2", at=ctx.expires_at), claim(ctx, "3", value="-")],
    )
    amounts = {(row["subject"], row["name"]): row["amount"] for row in shop.rows("quarter_tallies")}
    variant = ctx.variant
    assert amounts["ctx_accepted", str(variant)] == 1
    assert amounts["conversions", f"COUNTED {variant}"] == 1
    assert amounts["repeated", ""] == 1
    assert amounts["key_reused", "/value|order-1"] == 1
    assert amounts["ctx_refused", f"expired {variant}"] == 1
    assert amounts["refused", f"invalid_value {variant}"] == 1


def test_a_conversion_counts_on_its_day_and_its_visitor_on_the_first(
    shop: Funnel, home: Installation, clock: object
) -> None:
    shop.campaign()
    ctx = ctx_of(shop)
    together(home, [claim(ctx, at=ctx.issued_at + 86_400_000_000)])
    days = {row["day"]: row for row in shop.rows("day_tallies") if row["dimension"] == "all" and not row["currency"]}
    first, second = days["2026-11-23"], days["2026-11-24"]
    assert (first["visitors"], first["converters"], first["conversions"]) == (1, 1, 0)
    assert (second["visitors"], second["converters"], second["conversions"]) == (0, 0, 1)


def test_the_order_in_which_claims_came_decides_who_counts(shop: Funnel, home: Installation) -> None:
    shop.campaign(countingRule="ONCE_PER_CLICK")
    ctx = ctx_of(shop)
    claims = [claim(ctx, f"order-{n}") for n in range(5)]
    assert dispositions(together(home, list(reversed(claims)))) == ["COUNTED"] + ["NOT_UNIQUE"] * 4
    counted = [row for row in shop.rows("conversions") if row["disposition"] == Disposition.COUNTED]
    assert [row["idempotency_key"] for row in counted] == ["order-4"]


def test_an_epoch_has_claims_of_its_own(shop: Funnel, home: Installation) -> None:
    shop.campaign(countingRule="ONCE_PER_VISITOR")
    ctx = ctx_of(shop)
    later = ctx._replace(epoch=2, click_id="clk_" + "1" * 32)
    assert dispositions(together(home, [claim(ctx, "1"), claim(later, "2")])) == ["COUNTED", "COUNTED"]
