"""All that the product does, once: every route, every job, the recount."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import func, select

from cast import HANDLE, PASSWORD, Actor
from funnel import BROWSER, NEW_CAMPAIGN, SHOP, TAGS, cookie_of
from funnelproof.access import sessions
from funnelproof.access import store as access
from funnelproof.archive.write import Archive
from funnelproof.audit import chain
from funnelproof.clicks.counting import entry_name
from funnelproof.clock import DAY, HOUR, SECOND, iso, month_of
from funnelproof.handles.handle import LONGEST_RETENTION_DAYS
from funnelproof.health import counters, history
from funnelproof.health.place import Place
from funnelproof.keys.key import Purpose
from funnelproof.keys.ring import rotate
from funnelproof.notifications import people as told_people
from funnelproof.notifications import store as store_of_webhooks
from funnelproof.recount import compare
from funnelproof.results import store as results
from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import conversions
from funnelproof.tallies import store as tallies
from funnelproof.tallies.move import Moves
from funnelproof.visitors import store as logins
from funnelproof.worlds.world import LIVE
from shards.conftest import Everything
from shards.site import publish_pages

OURS = f"/v2/handles/{HANDLE}"
CAMPAIGN = f"{OURS}/campaigns/new-buyer-funnel"
PUBLIC = f"/v2/public/handles/{HANDLE}"
RULE = {"priority": 1, "when": {"countryIn": ["IN"]}, "destinationUrl": f"{SHOP}/in"}
MAIL = "newcomer@gharart.example"


def do_everything(all_of: Everything) -> None:
    people(all_of)
    configure(all_of)
    webhooks(all_of)
    traffic(all_of)
    prove(all_of)
    read(all_of)
    change_under_test(all_of)
    hold_and_release(all_of)
    alarm(all_of)
    preview(all_of)
    walk(all_of)
    hand_run_over(all_of)
    timed_work(all_of)
    public(all_of)
    publish_pages(all_of)
    take_back(all_of)
    hand_over(all_of)
    let_visitors_in(all_of)
    take_down(all_of)
    archive(all_of)
    retain(all_of)
    pages(all_of)
    rest(all_of)


def webhooks(all_of: Everything) -> None:
    """Nobody listens on that port, so each attempt fails; the timed jobs try again."""
    by, path = all_of.cast.token("webhooks.*"), f"{OURS}/webhooks"
    new = {
        "url": "http://127.0.0.1:9/hook",
        "events": ["conversion.recorded", "campaign.status_changed", "link.clicked"],
    }
    made = [all_of.post(path, new, by=by).json()["webhookId"] for _ in range(2)]
    listed = all_of.get(f"{path}?limit=1", by=by).json()
    all_of.get(f"{path}?limit=1&cursor={listed['nextCursor']}", by=by)
    tried = [all_of.post(f"{path}/{made[0]}/test", by=by).json()["deliveryId"] for _ in range(2)]
    sent = all_of.get(f"{path}/{made[0]}/deliveries?limit=1", by=by).json()
    all_of.get(f"{path}/{made[0]}/deliveries?limit=1&cursor={sent['nextCursor']}", by=by)
    all_of.post(f"{OURS}/deliveries/{tried[0]}/redeliver", by=by)
    all_of.call("DELETE", f"{path}/{made[1]}", by=by)
    all_of.post(f"{CAMPAIGN}/probe")
    all_of.get(f"{CAMPAIGN}/tags")
    told = {"mails": ["ana@gharart.example"], "chatUrl": "http://127.0.0.1:9/chat"}
    assert all_of.call("PUT", f"{OURS}/alerts", told, by=by).status_code == 200
    all_of.get(f"{OURS}/alerts", by=by)
    all_of.post(f"{OURS}/alerts/test", by=by)
    joined = told_people.Note(HANDLE, told_people.Kind.HEALTH, "new-buyer-funnel", {}, 0, None, 0, None)
    all_of.home.database.write_now(lambda tx: told_people.settled(tx, joined, all_of.clock.now()))
    all_of.client.run(all_of.app.courier())
    all_of.client.run(all_of.app.courier.settle())
    now = all_of.clock.now()
    all_of.home.database.write_now(lambda tx: store_of_webhooks.disable(tx, HANDLE, "whk_none", reason="x", now=now))


def take_back(all_of: Everything) -> None:
    """Batches, reversals, and what is read of them and beside them."""
    shop = all_of.cast.token("conversions.write", "leads.read")
    ctx = click(all_of, 2)
    order = {"ctx": ctx, "idempotencyKey": "batched", "value": "20.00"}
    all_of.post(f"{OURS}/conversions/batch", {"conversions": [order]}, by=shop)
    for key, names in (("before", "not-yet"), ("after", "batched")):
        body = {"idempotencyKey": f"refund-{key}", "conversionKey": names, "amount": "5.00"}
        for _ in range(2):
            all_of.post(f"{OURS}/reversals", body, by=shop)
    all_of.post(f"{OURS}/conversions/batch", {"conversions": [{**order, "idempotencyKey": "not-yet"}]}, by=shop)
    all_of.get(f"{OURS}/reversals", by=shop)
    all_of.get(f"{CAMPAIGN}/sizing/power.svg")
    all_of.get("/v2/public/schemas/plan", by=Actor("nobody"))
    link = {"slug": "sign-up", "destinationUrl": f"{SHOP}/sign-up"}
    signups = {**NEW_CAMPAIGN, "campaignId": "signups", "goalType": "LEAD_CAPTURE", "primaryLink": link}
    all_of.post(f"{OURS}/campaigns", signups)
    form = {"campaignId": "signups", "formId": "sign-up", "fields": {"email": MAIL}, "ctx": click(all_of, 2, "sign-up")}
    all_of.post(f"{PUBLIC}/leads", form, by=Actor("page"))
    all_of.get(f"{OURS}/leads", by=shop)
    all_of.get(f"{OURS}/leads/export?format=csv&campaignId=signups", by=shop)


def people(all_of: Everything) -> None:
    all_of.post("/v2/auth/signup", {"email": MAIL, "password": PASSWORD, "name": "New"}, by=Actor("nobody"))
    nobody = Actor("nobody")
    session = all_of.post("/v2/auth/login", {"email": MAIL, "password": PASSWORD}, by=nobody).json()
    session = all_of.post("/v2/auth/refresh", {"refreshToken": session["refreshToken"]}, by=nobody).json()
    person = Actor("newcomer", credential=session["accessToken"])
    all_of.get("/v2/auth/me", by=person)
    for handle in ("newcomers", "more-of-them"):
        all_of.post("/v2/handles", {"handle": handle}, by=person)
    all_of.get("/v2/handles?limit=1", by=all_of.owner)
    all_of.get("/v2/handles", by=person)
    all_of.post("/v2/auth/logout", {"refreshToken": session["refreshToken"]}, by=nobody)
    all_of.get(OURS)
    all_of.call("PATCH", OURS, {"name": "Gharart & Co", "timeZone": "Europe/Berlin"}, by=all_of.owner)
    members = all_of.get(f"{OURS}/collaborators").json()["items"]
    kept = [{"email": one["email"], "role": one["role"]} for one in members if one["role"] != "CREATOR"]
    operator = next(one for one in kept if one["role"] == "OPERATOR")
    changed = [*(one for one in kept if one is not operator), {**operator, "role": "CREATOR"}]
    for items in (changed, [*kept, {"email": MAIL, "role": "CREATOR"}]):
        all_of.call("PUT", f"{OURS}/collaborators", {"items": items}, by=all_of.owner)
    made = all_of.post(f"{OURS}/tokens", {"name": "CI", "scopes": ["links.read"]}).json()
    all_of.get(f"{OURS}/links", by=Actor("ci", credential=made["token"]))
    tokens = all_of.get(f"{OURS}/tokens?limit=1").json()
    if tokens["nextCursor"]:
        all_of.get(f"{OURS}/tokens?cursor={tokens['nextCursor']}")
    all_of.call("DELETE", f"{OURS}/tokens/{made['tokenId']}", by=all_of.owner)


def configure(all_of: Everything) -> None:
    all_of.post(f"{OURS}/campaigns", {**NEW_CAMPAIGN, "countingRule": "EVERY", "maxPerClick": 20})
    link = {"slug": "later", "destinationUrl": f"{SHOP}/later"}
    soon = iso(all_of.clock.now() + 2 * HOUR)
    all_of.post(
        f"{OURS}/campaigns",
        {**NEW_CAMPAIGN, "campaignId": "later", "primaryLink": link, "status": "DRAFT", "startsAt": soon},
    )
    for query in ("", "?limit=1", "?status=ACTIVE&q=buyer", "?goalType=PRODUCT_SALE"):
        found = all_of.get(f"{OURS}/campaigns{query}").json()
        if found["nextCursor"]:
            all_of.get(f"{OURS}/campaigns?limit=1&cursor={found['nextCursor']}")
    all_of.get(CAMPAIGN)
    all_of.get(f"{OURS}/tag-policy")
    for required in ([], ["utm_source"]):
        all_of.call("PUT", f"{OURS}/tag-policy", {"required": required}, by=all_of.owner)
    all_of.call("PATCH", CAMPAIGN, {"name": "Buyers", "tagPolicy": {"required": ["utm_source"]}}, by=all_of.owner)
    for slug, fields in (
        ("more", {"campaignId": "new-buyer-funnel", "routingRules": [RULE]}),
        ("only-few", {"maxClicks": 3}),
        ("bare", {"campaignId": "new-buyer-funnel", "trackingPolicy": {"appendContextParam": False}}),
    ):
        body = {"destinationUrl": f"{SHOP}/{slug}", **fields}
        for title in ("one", "two"):
            all_of.call("PUT", f"{OURS}/links/{slug}", {**body, "title": title}, by=all_of.owner)
    found = all_of.get(f"{OURS}/links?limit=1").json()
    all_of.get(f"{OURS}/links?limit=1&cursor={found['nextCursor']}")
    all_of.get(f"{OURS}/links?campaignId=new-buyer-funnel")
    all_of.get(f"{OURS}/links/more")
    all_of.post(f"{OURS}/links/more/route-preview", {"country": "IN"})


def click(
    all_of: Everything, person: int | None = 1, slug: str = "buy-now", *, query: str = TAGS, **headers: str
) -> str:
    cookie = {} if person is None else {"cookie": f"fp_vid={cookie_of(person)}"}
    told = {"user-agent": BROWSER, **cookie, **headers}
    answer = all_of.client.get(f"/{HANDLE}/{slug}?{query}", headers=told)
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query).get("ctx", [""])[0]


def convert(all_of: Everything, ctx: str, key: str, *, by: Actor | None = None, **more: Any) -> dict[str, Any]:
    body = {"ctx": ctx, "idempotencyKey": key, "value": "49.90", **more}
    return dict(all_of.post("/v2/public/conversions", body, by=by or Actor("shop")).json())


def traffic(all_of: Everything) -> None:
    shop = all_of.cast.token("conversions.write")
    for at in range(3):
        ctx = click(all_of, at)
        all_of.post("/v2/public/arrivals", {"ctx": ctx}, by=Actor("page"))
        convert(all_of, ctx, f"order-{at}", by=shop)
        convert(all_of, ctx, f"order-{at}")
    for at in range(12):
        convert(all_of, ctx, f"many-{at}")
    all_of.client.post("/v2/public/conversions", {"ctx": ctx, "idempotencyKey": "order-1", "value": "1"})
    click(all_of, None)
    click(all_of, None, **{"sec-gpc": "1"})
    click(all_of, 1, "only-few")
    click(all_of, 1, "bare")
    all_of.get(f"/v2/public/context?ctx={ctx}", headers={"user-agent": BROWSER}, by=Actor("page"))


def prove(all_of: Everything) -> None:
    all_of.post(f"{CAMPAIGN}/test-conversion", {})
    opened = all_of.post(f"{CAMPAIGN}/test-runs", {"seed": "seven"})
    run, path = opened.json(), opened.headers["location"]
    ctx = click(all_of, None, **{"x-funnelproof-run": run["runToken"], "x-funnelproof-as": "variant=b"})
    convert(all_of, ctx, "test-1")
    all_of.post(f"{path}/clock", {"advanceSeconds": 60})
    all_of.call("PATCH", f"{path}/configuration", {"status": "PAUSED"}, by=all_of.owner)
    all_of.get(path)
    all_of.post(f"{path}/finish")
    all_of.get(f"{CAMPAIGN}/health?run={run['runId']}")
    listed = all_of.get(f"{CAMPAIGN}/test-runs?limit=1").json()
    all_of.get(f"{CAMPAIGN}/test-runs?limit=1&cursor={listed['nextCursor']}")


def change_under_test(all_of: Everything) -> None:
    """Another allocation begins an epoch, keeps the plan of the last one, and makes receipts stale."""
    variants = all_of.get(CAMPAIGN).json()["variants"]
    kept = [{name: one[name] for name in ("variantId", "weight", "control", "destinationUrl")} for one in variants]
    third = {"variantId": "c", "weight": 20, "destinationUrl": f"{SHOP}/c"}
    for change in ({"expectedRate": 0.05}, {"variants": [*kept, third]}):
        all_of.call("PATCH", CAMPAIGN, change, by=all_of.owner)
    all_of.get(f"{CAMPAIGN}/health")
    click(all_of, 20)


def read(all_of: Everything) -> None:
    all_of.get(f"{CAMPAIGN}/health")
    all_of.get(f"{CAMPAIGN}/sizing")
    all_of.get(f"{CAMPAIGN}/results")
    all_of.get(f"{CAMPAIGN}/results/looks")
    all_of.post(f"{CAMPAIGN}/ramp", {"rampPercent": 50})
    for query in ("", "?campaignId=new-buyer-funnel&groupBy=country", "?campaignId=new-buyer-funnel&mode=test"):
        all_of.get(f"{OURS}/analytics{query}")
    listed = all_of.get(f"{OURS}/conversions?limit=1&campaignId=new-buyer-funnel&disposition=COUNTED").json()
    all_of.get(f"{OURS}/conversions?limit=1&cursor={listed['nextCursor']}")
    since = iso(all_of.clock.now() - DAY)
    all_of.get(f"{OURS}/conversions?mode=test")
    all_of.get(f"{OURS}/conversions?from={since}&to={iso(all_of.clock.now())}")
    all_of.get(f"{OURS}/conversions/{listed['items'][0]['conversionId']}")
    told = all_of.get(f"{CAMPAIGN}/history?limit=1").json()
    all_of.get(f"{CAMPAIGN}/history?limit=1&cursor={told['nextCursor']}")
    for query in (f"?at={iso(all_of.clock.now())}", "/changes?limit=1"):
        all_of.get(f"{CAMPAIGN}/health{query}")


def hold_and_release(all_of: Everything) -> None:
    all_of.post(f"{CAMPAIGN}/transitions", {"to": "PAUSED"})
    convert(all_of, click(all_of, 9), "held")
    all_of.get(f"{CAMPAIGN}/health")
    all_of.post(f"{CAMPAIGN}/transitions", {"to": "ACTIVE"})
    stretch = {"from": iso(all_of.clock.now() - DAY), "to": iso(all_of.clock.now() + DAY)}
    all_of.post(f"{OURS}/conversions/release", stretch)


def alarm(all_of: Everything) -> None:
    """A split that is off: as many entries as it takes, put straight into the counters."""
    epoch, phase = (all_of.get(CAMPAIGN).json()[name] for name in ("epoch", "phase"))

    def crowd(tx: Transaction) -> None:
        moves = Moves()
        for variant, visitors in ((1, 10_400), (2, 9_600)):
            key = (HANDLE, "live", "new-buyer-funnel", epoch, phase, variant, "ENTERED", "COOKIE", "")
            moves.add_phase(key, visitors=visitors)
            name = entry_name(epoch, phase, variant)
            moves.add_quarter((HANDLE, "live", "new-buyer-funnel"), all_of.clock.now(), "entered", name, visitors)
        tallies.move(tx, moves)

    all_of.home.database.write_now(crowd)
    all_of.get(f"{CAMPAIGN}/results")
    all_of.post(f"{CAMPAIGN}/results/alarm/close", {"reason": "put there by hand"})


def preview(all_of: Everything) -> None:
    for path in (f"{OURS}/links/buy-now/preview-links", f"{PUBLIC}/links/buy-now/preview-links"):
        by = all_of.owner if path.startswith(OURS) else all_of.cast.token("links.*")
        made = [all_of.post(path, {"variantId": "b"}, by=by).json() for _ in range(2)]
        convert(all_of, click(all_of, None, query=urlsplit(made[0]["url"]).query), made[0]["previewId"])
        listed = all_of.get(f"{path}?limit=1", by=by).json()
        all_of.get(f"{path}?limit=1&cursor={listed['nextCursor']}", by=by)
        all_of.call("DELETE", f"{path}/{made[0]['previewId']}", by=by)


def hand_run_over(all_of: Everything) -> None:
    run = all_of.post(f"{CAMPAIGN}/test-conversion", {}).json()
    all_of.get(f"{CAMPAIGN}/test-runs/{run['runId']}/bundle")
    all_of.post(f"{CAMPAIGN}/simulations", {"visitors": 10, "seed": "7"})


def walk(all_of: Everything) -> None:
    """Begun, opened by one browser and followed by another, bought, come back."""
    made = all_of.post(f"{CAMPAIGN}/walks", {"variantId": "b"}).json()
    query = urlsplit(made["url"]).query
    all_of.client.forget_cookies()
    ctx = click(all_of, None, query=query)
    all_of.client.forget_cookies()
    assert all_of.client.get(f"/{HANDLE}/buy-now?{query}", headers={"user-agent": BROWSER}).status_code == 200
    convert(all_of, ctx, "walked")
    all_of.get(f"{CAMPAIGN}/walks")
    all_of.get(f"{CAMPAIGN}/walks/{made['walkId']}")
    all_of.get(f"{CAMPAIGN}/walks/{made['walkId']}/qr")


def timed_work(all_of: Everything) -> None:
    all_of.clock.advance(3 * HOUR)
    all_of.owner = all_of.cast.token("campaigns.*", "links.*")
    blocked = {"campaignId": "blocked", "name": "Blocked", "goalType": "PRODUCT_SALE", "launchPolicy": "GUARDED"}
    all_of.post(f"{OURS}/campaigns", {**blocked, "startsAt": iso(all_of.clock.now())})
    for _ in range(2):
        run_jobs(all_of)
    all_of.client.run(all_of.app.routes.poll())
    all_of.clock.advance(2 * SECOND)
    all_of.home.keyring.refresh()
    report = compare.recount(all_of.home.database, now=all_of.clock.now())
    assert compare.row_count(all_of.home.database) > 10
    assert report.equal > 10


def run_jobs(all_of: Everything) -> None:
    for job in all_of.app.jobs.jobs:
        all_of.client.run(all_of.app.jobs.run_slice(job))
    all_of.client.run(all_of.app.courier.settle())


def public(all_of: Everything) -> None:
    """The same by a token, at the addresses that are made for tokens."""
    by = all_of.cast.token("campaigns.*", "links.*")
    all_of.get(f"{PUBLIC}/campaigns/new-buyer-funnel/health", by=by)
    all_of.get("/v2/handles", by=by)
    all_of.get(f"{PUBLIC}/links", by=by)
    all_of.call("PUT", f"{PUBLIC}/links/short-lived", {"destinationUrl": f"{SHOP}/x"}, by=by)
    all_of.get(f"{PUBLIC}/links/short-lived", by=by)
    all_of.post(f"{PUBLIC}/links/short-lived/route-preview", {}, by=by)
    all_of.call("DELETE", f"{PUBLIC}/links/short-lived", by=by)


def hand_over(all_of: Everything) -> None:
    """Reports, escalations, abuse; a link and a page are taken down and put back."""
    nobody, by = Actor("nobody"), signed_in_anew(all_of, all_of.cast.owner)
    boss = signed_in_anew(all_of, all_of.cast.boss)
    told = {"summary": "Orders are missing", "details": "Since noon."}
    asked = all_of.get(OURS, by=by).headers["x-request-id"]
    all_of.get(f"{OURS}/requests/{asked}", by=by)
    named = {"handle": HANDLE, "sessionId": "ses_0", "requestId": asked, "runId": "run_0", "reproArtifact": "clk_0"}
    all_of.get(f"{OURS}/audit?limit=1", by=by)
    all_of.get(f"{OURS}/audit/export", by=by)
    all_of.get(f"{OURS}/usage-meters", by=by)
    key = {"idempotency-key": "one"}
    for _ in range(2):
        all_of.post(f"{CAMPAIGN}/test-conversion", {}, headers=key)
    refused = all_of.client.post(f"{CAMPAIGN}/ramp", {"rampPercent": 900}, by=by, headers=key)
    assert refused.status_code == 400
    all_of.home.database.read_now(lambda tx: chain.verify(tx, HANDLE))
    report = all_of.post("/v2/support/report", {**told, **named}, by=by).json()
    all_of.get(f"/v2/support/reports/{report['reportId']}", by=signed_in_anew(all_of, all_of.cast.operator))
    all_of.get("/v2/operator/reports", by=boss)
    all_of.post(f"/v2/operator/reports/{report['reportId']}/settlement", {"note": "Found."}, by=boss)
    made = all_of.post("/v2/operator/escalations", told, by=boss).json()
    all_of.get("/v2/operator/escalations", by=boss)
    all_of.post(f"/v2/operator/escalations/{made['escalationId']}/settlement", {"note": "Mended."}, by=boss)
    for url in (f"{SHOP}/{HANDLE}/only-few", f"{SHOP}/{HANDLE}/p/another-slug"):
        all_of.post("/v2/public/content-report", {"url": url, "category": "SPAM", "details": "x"}, by=nobody)
        item = all_of.get("/v2/operator/content-reports", by=boss).json()["items"][0]
        for decision in ("TAKE_DOWN", "RESTORE"):
            path = f"/v2/operator/content-reports/{item['reportId']}/decision"
            all_of.post(path, {"decision": decision}, by=boss)


def let_visitors_in(all_of: Everything) -> None:
    """A link by mail, looked at, used; who is it; out again, and forgotten."""
    nobody, page = Actor("visitor"), f"/{HANDLE}/p/another-slug"
    asked = {"handle": HANDLE, "email": MAIL, "returnTo": page}
    all_of.post("/v2/visitor/auth/magic-link", asked, by=nobody)
    (mail,) = (own for own in (all_of.home.settings.data / "mails").glob("*.eml") if MAIL in own.read_text())
    token = mail.read_text().partition("?token=3D")[2] or mail.read_text().partition("?token=")[2]
    token = token.replace("=\n", "")[:43]
    assert all_of.client.get(f"/{HANDLE}/p/verify?token={token}").status_code == 200
    all_of.post("/v2/visitor/auth/verify", {"handle": HANDLE, "token": token, "confirm": True}, by=nobody)
    all_of.get(f"/v2/visitor/me?handle={HANDLE}", by=nobody)
    all_of.post("/v2/visitor/auth/logout", {"handle": HANDLE}, by=nobody)
    all_of.home.database.write_now(lambda tx: logins.erase(tx, HANDLE, MAIL))


def signed_in_anew(all_of: Everything, who: Actor) -> Actor:
    """Time has passed, and a person's JWT with it."""
    session, _ = all_of.home.database.write_now(lambda tx: sessions.begin(tx, who.user_id, now=all_of.clock.now()))
    return Actor(who.name, credential=sessions.sign(all_of.home.keyring, session, now=all_of.clock.now()))


def take_down(all_of: Everything) -> None:
    all_of.call("DELETE", f"{OURS}/links/more", by=all_of.owner)
    decide(all_of)
    draft = {**NEW_CAMPAIGN, "campaignId": "unused", "status": "DRAFT", "primaryLink": None}
    all_of.post(f"{OURS}/campaigns", {name: value for name, value in draft.items() if value is not None})
    all_of.call("DELETE", f"{OURS}/campaigns/unused", by=all_of.owner)
    all_of.clock.advance(31 * DAY)
    run_jobs(all_of)


def decide(all_of: Everything) -> None:
    """By a person, who signs in anew: time has passed. Undone and decided again."""
    by = signed_in_anew(all_of, all_of.cast.owner)
    for variant in "ba":
        all_of.post(f"{CAMPAIGN}/decision", {"variantId": variant, "reason": "it sells more"}, by=by)
        all_of.get(f"{CAMPAIGN}/results")
        all_of.get(f"{CAMPAIGN}/decision")
        if variant == "b":
            all_of.call("DELETE", f"{CAMPAIGN}/decision", by=by)
    all_of.get(f"{CAMPAIGN}/decision?epoch=1")
    all_of.post(f"{CAMPAIGN}/copies", {"campaignId": "once-more"})


def archive(all_of: Everything) -> None:
    database, now = all_of.home.database, all_of.clock.now()
    with TemporaryDirectory() as folder:
        target = Archive(Path(folder), HANDLE)
        months = target.missing(database, month_of(now))
        assert {month.table for month in months} == {"clicks", "conversions", "reversals"}
        for month in months:
            assert target.write(database, month, now=now, written=lambda _rows: None)["rows"]


def retain(all_of: Everything) -> None:
    """All rows are old: each day is proven, sealed and emptied, and the recount holds the seals to the counters."""
    all_of.clock.advance(LONGEST_RETENTION_DAYS * DAY)
    run_jobs(all_of)
    database = all_of.home.database
    left = select(func.count()).where(conversions.c.handle == HANDLE, conversions.c.world == LIVE)
    assert database.read_now(lambda tx: tx.execute(left).scalar_one()) == 0
    compare.recount(database, now=all_of.clock.now())


def pages(all_of: Everything) -> None:
    nobody = Actor("nobody")
    for path in ("/", "/docs/", "/docs/api", "/docs/ctx", "/docs/errors/invalid_ctx", "/openapi.json"):
        all_of.call("GET", path, by=nobody, follow_redirects=False)
    all_of.get("/docs", by=nobody, follow_redirects=False)
    all_of.get("/v2/system/health", by=nobody)


def rest(all_of: Everything) -> None:
    """What commands do, and what only rare figures ask for."""
    home, ref = all_of.home, (HANDLE, "new-buyer-funnel")
    place = Place(HANDLE, "live", ("new-buyer-funnel",))

    def ask(tx: Transaction) -> None:
        access.any_user(tx)
        counters.was_counted(tx, place, "new-buyer-funnel", "arrived")
        results.has_arrivals(tx, ref, "live", 0)
        history.turns(tx, ref)

    home.database.read_now(ask)
    home.database.write_now(lambda tx: history.forget(tx, ref, all_of.clock.now() + 91 * DAY))
    home.database.write_now(lambda tx: access.set_password_hash(tx, all_of.cast.boss.user_id, "x"))
    home.database.write_now(lambda tx: rotate(tx, home.seal, all_of.clock.now(), Purpose.CTX))
    all_of.client.run(all_of.app.jobs.stop())
