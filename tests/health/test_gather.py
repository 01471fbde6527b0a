"""What is read from storage, on both engines: only what belongs to the campaign, its world and its time."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from cast import HANDLE, OTHER_HANDLE
from funnelproof.campaigns import store as campaigns
from funnelproof.campaigns.campaign import Campaign
from funnelproof.clock import DAY, HOUR, MINUTE, Micros, iso, local_day
from funnelproof.conversions import store as conversions
from funnelproof.conversions.conversion import Conversion, Disposition
from funnelproof.handles import settle
from funnelproof.health.evidence import Entries, Evidence, Flow, Held, LastClick, Lately, ReusedKey, Sales
from funnelproof.health.examine import examine, examine_page, judge
from funnelproof.health.gather import Subject, gather
from funnelproof.links import store as links
from funnelproof.links.ctx import Cohort
from funnelproof.proofs import store as proofs
from funnelproof.proofs.digest import configuration_of, digest_of
from funnelproof.proofs.receipt import VariantReceipt, Verdict
from funnelproof.proofs.store import Run
from funnelproof.storage.database import Database, Transaction
from funnelproof.tags.write import UNWRITTEN
from funnelproof.tallies import store as tallies
from funnelproof.tallies.move import QUARTER, Moves, PhaseKey, Place
from health.perfect import LINK, NOW, PLAIN, TWO

ID = PLAIN.campaign_id
REF = (HANDLE, "live", ID)
Look = Callable[..., Evidence]


@pytest.fixture
def look(database: Database) -> Look:
    """`look()` gathers the evidence of the campaign, `look(world=…, at=…)` elsewhere."""

    def settle_down(tx: Transaction) -> None:
        for handle in (HANDLE, OTHER_HANDLE):
            settle.create(tx, handle=handle, owner_id="usr_1", now=NOW - 60 * DAY, time_zone="Asia/Kolkata")
            campaigns.add(tx, replace(PLAIN, handle=handle), "created")
            links.add(tx, replace(LINK, handle=handle))

    database.write_now(settle_down)

    def gathered(world: str = "live", at: Micros = NOW, campaign: Campaign = PLAIN) -> Evidence:
        def work(tx: Transaction) -> list[Evidence]:
            subjects = [Subject(campaign, LINK)]
            return gather(tx, settle.existing(tx, HANDLE), world, subjects, at=at, checked_at=NOW)

        return database.read_now(work)[0]

    return gathered


@pytest.fixture
def count(database: Database) -> Callable[[Moves], None]:
    return lambda moves: database.write_now(lambda tx: tallies.move(tx, moves))


def clicks_at(moves: Moves, *times: Micros, ref: tuple[str, str, str] = REF, amount: int = 1) -> Moves:
    """Clicks by people, as following a link counts them; days are those of Kolkata."""
    for at in times:
        for subject in ("clicks", "qualified"):
            moves.add_quarter(ref, at, subject, "buy-now", amount)
        place = Place(*ref, local_day(at, "Asia/Kolkata"), {"variant": "1", "country": "IN"})
        moves.add_day(place, clicks=amount, qualified_clicks=amount, visitors=amount)
    return moves


def converted(number: int, at: Micros, **more: Any) -> Conversion:
    usual: dict[str, Any] = {
        "conversion_id": f"cnv_{number:032}",
        "campaign_id": ID,
        "idempotency_key": f"order-{number}",
        "click_id": f"clk_{number:032}",
        "visitor": f"{number:016}",
        "slug": "buy-now",
        "variant": 1,
        "cohort": Cohort.ENTERED,
        "epoch": 1,
        "phase": 1,
        "event_type": "purchase",
        "value_minor": 4990,
        "currency": "USD",
        "disposition": Disposition.COUNTED,
        "reason": None,
        "in_test": True,
        "credited": True,
        "clicked_at": at - 10 * MINUTE,
        "occurred_at": at,
        "received_at": at,
        "customer": None,
        "properties": None,
        "request_id": None,
    }
    return Conversion(**{**usual, **more})


@pytest.fixture
def store_orders(database: Database) -> Callable[..., None]:
    def store(*made: Conversion, handle: str = HANDLE, world: str = "live") -> None:
        database.write_now(lambda tx: conversions.add_conversions(tx, handle, world, made))

    return store


def test_a_new_campaign_has_no_evidence_of_anything(look: Look) -> None:
    of = look()
    assert (of.lately.amounts, of.last_click, of.days, of.recent, of.receipts) == ({}, None, (), (), {})
    assert (of.sales, of.held, of.stored_at) == (Sales(delay=HOUR), Held(), None)
    assert [(phase.phase, phase.open_buckets, phase.entries) for phase in of.phases] == [(1, {1: 5000, 2: 5000}, {})]
    assert of.config_digest == digest_of(configuration_of(PLAIN, LINK, tag_policy=UNWRITTEN.policy))


def test_the_last_day_is_96_quarter_hours(look: Look, count: Callable[[Moves], None]) -> None:
    quarters = [NOW // QUARTER - back for back in (0, 95, 96)]
    count(clicks_at(Moves(), *[quarter * QUARTER for quarter in quarters]))
    assert look().lately.by_name("clicks") == {"buy-now": 2}


def test_slots_of_all_workers_are_summed(look: Look, database: Database) -> None:
    for slot in (0, 7):

        def work(tx: Transaction, slot: int = slot) -> None:
            tx.slot = slot
            tallies.move(tx, clicks_at(Moves(), NOW))

        database.write_now(work)
    assert (look().lately.total("clicks"), look().days[0].clicks, look().flows[1]) == (2, 2, Flow(2, 0))


@pytest.mark.parametrize("ref", [(OTHER_HANDLE, "live", ID), (HANDLE, "run_1", ID), (HANDLE, "live", "another")])
def test_nothing_of_others_is_seen(
    look: Look, count: Callable[[Moves], None], store_orders: Callable[..., None], ref: tuple[str, str, str]
) -> None:
    moves = clicks_at(Moves(), NOW, ref=ref)
    moves.add_phase((*ref, 1, 1, 1, "ENTERED", "COOKIE", ""), visitors=1)
    count(moves)
    handle, world, campaign_id = ref
    store_orders(converted(1, NOW, campaign_id=campaign_id), handle=handle, world=world)
    of = look()
    assert (of.lately.amounts, of.last_click, of.days, of.flows, of.recent) == ({}, None, (), {}, ())
    assert of.phases[0].entries == {}


def test_the_last_click_is_told_by_the_end_of_its_quarter_hour(look: Look, count: Callable[[Moves], None]) -> None:
    last = (NOW - 5 * HOUR) // QUARTER * QUARTER
    hours = [0, 5, 5.75, 6, 23.75, 24]
    count(clicks_at(Moves(), *[last - int(hour * HOUR) for hour in hours]))
    assert look().last_click == LastClick(last + QUARTER, 5, 3)


def test_clicks_since_the_last_conversion_of_the_same_day(
    look: Look, count: Callable[[Moves], None], store_orders: Callable[..., None]
) -> None:
    times = [NOW - back * MINUTE for back in (15, 60, 75, 90, 180, 181, 195, 240)]
    count(clicks_at(Moves(), *times))
    store_orders(converted(1, NOW - 3 * HOUR - MINUTE))
    assert look().sales == Sales(NOW - 3 * HOUR - MINUTE, HOUR, 3, 8, 0)


def test_clicks_since_a_conversion_days_ago(
    look: Look, count: Callable[[Moves], None], store_orders: Callable[..., None]
) -> None:
    moves = Moves()
    for day in range(6):
        clicks_at(moves, NOW - day * DAY - 2 * HOUR, amount=10**day)
    clicks_at(moves, NOW - 50 * MINUTE, amount=7)
    moves.add_day(Place(*REF, local_day(NOW - 3 * DAY, "Asia/Kolkata"), {}), conversions=2)
    count(moves)
    store_orders(converted(1, NOW - 3 * DAY))
    assert look().sales == Sales(NOW - 3 * DAY, HOUR, 111, 111_000, 2)


def test_clicks_before_the_first_conversion_are_all_of_four_weeks(look: Look, count: Callable[[Moves], None]) -> None:
    count(clicks_at(Moves(), NOW - 2 * HOUR, NOW - DAY, NOW - 27 * DAY, NOW - 20 * MINUTE))
    assert look().sales == Sales(None, HOUR, 3, 4, 0)


def test_the_usual_delay_is_the_median_of_ten_or_more(look: Look, store_orders: Callable[..., None]) -> None:
    store_orders(*[converted(n, NOW - HOUR, clicked_at=NOW - HOUR - n * MINUTE) for n in range(1, 10)])
    assert look().sales.delay == HOUR
    store_orders(converted(10, NOW - HOUR, clicked_at=NOW - HOUR - 40 * MINUTE))
    assert look().sales.delay == 5.5 * MINUTE


def test_other_events_are_no_conversions_of_the_goal(look: Look, store_orders: Callable[..., None]) -> None:
    other = Disposition.OTHER_EVENT
    store_orders(converted(1, NOW - DAY), converted(2, NOW, event_type="add_to_cart", disposition=other))
    of = look()
    assert (of.sales.last_at, [own.event_type for own in of.recent]) == (NOW - DAY, ["add_to_cart", "purchase"])


def test_held_conversions_are_counted_since_the_first(look: Look, store_orders: Callable[..., None]) -> None:
    waiting = [converted(n, NOW - n * HOUR, disposition=Disposition.HELD) for n in (1, 2, 3)]
    store_orders(*waiting, converted(4, NOW))
    assert look().held == Held(3, NOW - 3 * HOUR, 1000)


def test_clicks_that_took_many_places(look: Look, database: Database) -> None:
    uses = {"click:clk_1": 11, "click:clk_2": 10, "visitor:v": 99}
    seats = {(ID, 1, subject): many for subject, many in uses.items()}
    database.write_now(lambda tx: conversions.take_seats(tx, HANDLE, "live", seats))
    assert look().busy_clicks == {"clk_1": 11}


def test_reused_keys_are_told_with_what_differs(look: Look, count: Callable[[Moves], None]) -> None:
    moves = Moves()
    for name, amount in (("/value|order", 3), ("/ctx /value|a|b", 5)):
        moves.add_quarter(REF, NOW, "key_reused", name, amount)
    moves.add_quarter(REF, NOW - 2 * DAY, "key_reused", "/value|old", 9)
    count(moves)
    of = look()
    assert of.lately.total("key_reused") == 8
    assert of.reused_keys == (ReusedKey("a|b", ("/ctx", "/value"), 5), ReusedKey("order", ("/value",), 3))


def test_entries_are_those_of_the_present_epoch(look: Look, count: Callable[[Moves], None]) -> None:
    moves = Moves()

    def key(epoch: int, cohort: str = "ENTERED", identity: str = "COOKIE", currency: str = "") -> PhaseKey:
        return (*REF, epoch, 1, 2, cohort, identity, currency)

    moves.add_phase(key(1), visitors=5, arrived=4, converters=1)
    moves.add_phase(key(1, identity="DAILY"), visitors=2)
    moves.add_phase(key(1, cohort="OUTSIDE"), visitors=100)
    moves.add_phase(key(1, currency="USD"), net_minor=4990)
    moves.add_phase(key(2), visitors=50)
    count(moves)
    assert [phase.entries for phase in look().phases] == [{2: Entries(7, 4, 1)}]
    (later,) = look(campaign=replace(PLAIN, epoch=2)).phases
    assert (later.open_buckets, later.entries) == (None, {2: Entries(50, 0, 0)})


@pytest.mark.parametrize(
    ("arrived", "days_ago", "seen"),
    [((900, 600), 0, True), ((900, 600), 20, True), ((900, 890), 20, False)],
)
def test_pages_that_reported_lately_or_before_a_difference_are_seen(
    look: Look,
    count: Callable[[Moves], None],
    arrived: tuple[int, int],
    days_ago: int,
    seen: bool,  # noqa: FBT001
) -> None:
    moves = Moves()
    for number, amount in enumerate(arrived, start=1):
        moves.add_phase((*REF, 1, 1, number, "ENTERED", "COOKIE", ""), visitors=1000, arrived=amount)
    moves.add_quarter(REF, NOW - days_ago * DAY, "arrived", "1")
    count(moves)
    assert look().sdk_seen is seen


def a_run(config: dict[str, Any], run_id: str, *, verdict: Verdict = Verdict.PASS) -> Run:
    receipts = tuple(VariantReceipt(number, id_, ()) for number, id_ in ((1, "a"), (2, "b")))
    return Run(
        handle=HANDLE,
        run_id=run_id,
        campaign_id=ID,
        state="FINISHED",
        seed="s",
        started_by="user:usr_1",
        started_at=NOW - HOUR,
        finished_at=NOW - HOUR,
        verdict=verdict,
        config_digest=digest_of(config),
        configuration=config,
        fingerprint=None,
        opens_gate=True,
        variants=receipts,
        request_id=None,
    )


def test_the_newest_receipt_of_each_variant_stands_and_says_what_changed(look: Look, database: Database) -> None:
    elsewhere = replace(PLAIN, variants=(TWO[0], replace(TWO[1], destination_url=None)))
    before = configuration_of(elsewhere, LINK, tag_policy=UNWRITTEN.policy)
    for run in (a_run(configuration_of(PLAIN, LINK, tag_policy=UNWRITTEN.policy), "run_1"), a_run(before, "run_2")):
        database.write_now(lambda tx, run=run: (proofs.add(tx, run), proofs.finish(tx, run)))
    of = look()
    assert {number: own.standing.run_id for number, own in of.receipts.items()} == {1: "run_2", 2: "run_2"}
    assert of.receipts[1].changed == ("B's destinationUrl changed after this test.",)


def test_links_without_ctx_and_the_newest_event_are_known(
    look: Look, database: Database, store_orders: Callable[..., None]
) -> None:
    database.write_now(lambda tx: links.add(tx, replace(LINK, slug="plain", append_ctx=False)))
    store_orders(converted(1, NOW - HOUR))
    assert (look().links_without_ctx, look().stored_at) == (frozenset({"plain"}), NOW - HOUR)


def test_a_page_of_campaigns_is_examined_as_each_alone(
    look: Look, database: Database, count: Callable[[Moves], None], store_orders: Callable[..., None]
) -> None:
    others = [replace(PLAIN, campaign_id=f"campaign-{n}", primary_slug=None) for n in range(3)]
    database.write_now(lambda tx: [campaigns.add(tx, own, "created") for own in others])
    for n, own in enumerate([PLAIN, *others]):
        ref = (HANDLE, "live", own.campaign_id)
        count(clicks_at(Moves(), *[NOW - n * HOUR - at * MINUTE for at in range(0, 3000, 7)], ref=ref, amount=n + 1))
        store_orders(*[converted(100 * n + k, NOW - n * DAY, campaign_id=own.campaign_id) for k in range(20 * n)])

    def work(tx: Transaction) -> None:
        page = [PLAIN, *others]
        assert examine_page(tx, HANDLE, page, now=NOW) == [
            examine(tx, HANDLE, own.campaign_id, now=NOW) for own in page
        ]
        assert examine_page(tx, HANDLE, [], now=NOW) == []

    database.read_now(work)


def test_no_read_scans_a_table_of_events(look: Look, database: Database) -> None:
    """Every statement reaches clicks, conversions, claims and tallies by an index, the partial ones among them."""
    if database.engines.reading.dialect.name != "sqlite":
        pytest.skip("the plans are SQLite's; tables as small as these are scanned by PostgreSQL on purpose")
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(database.engines.reading, "before_cursor_execute", note)
    look()
    event.remove(database.engines.reading, "before_cursor_execute", note)
    plans = database.read_now(lambda tx: [_plan(tx, statement, given) for statement, given in asked])
    lines = [line for plan in plans for line in plan]
    scanned = [line for line in lines if line.startswith("SCAN") and "campaigns" not in line]
    assert [line for line in scanned if not line.startswith(("SCAN latest", "SCAN anon"))] == []
    for index in ("ix_conversions_held", "ix_claims_many", "ix_conversions_campaign"):
        assert any(index in line for line in lines), index


def _plan(tx: Transaction, statement: str, given: Sequence[Any]) -> list[str]:
    if not statement.lstrip().upper().startswith(("SELECT", "WITH")):
        return []
    rows = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(given))
    return [str(row[3]) for row in rows]


def test_what_is_gathered_can_be_judged(look: Look) -> None:
    assert judge(look()).status.value == "UNKNOWN"
    assert iso(look().at) == "2026-11-23T09:00:00Z"
    assert isinstance(look().lately, Lately)
