"""A day's writes of a handle: counted exactly, told in each answer, begun anew at its own midnight."""

from cast import HANDLE, OTHER_HANDLE, Client, make_cast, refused
from conftest import MakeInstallation
from funnelproof.app import Application
from funnelproof.clock import HOUR, SetClock, from_iso

LINKS = f"/v2/handles/{HANDLE}/links"
BODY = {"destinationUrl": "https://shop.gharart.example/a"}


def test_beyond_its_quota_a_handle_writes_no_more_until_its_own_midnight(
    make_installation: MakeInstallation, engine_kind: str, clock: SetClock
) -> None:
    home = make_installation(engine_kind, quota_tiers={"STANDARD": 3})
    with Client(Application(home)) as client:
        cast = make_cast(home)
        by = cast.token("links.*")
        assert client.patch(f"/v2/handles/{HANDLE}", {"timeZone": "Asia/Kolkata"}, by=cast.owner).status_code == 200
        clock.at = from_iso("2026-11-24T12:00:00Z")
        answers = [client.put(f"{LINKS}/slug{n}", BODY, by=by) for n in range(3)]
        assert [answer.status_code for answer in answers] == [201] * 3
        assert [answer.headers["ratelimit"] for answer in answers] == [
            f'"writes";r={left};t={6 * 3600 + 1800}' for left in (2, 1, 0)
        ]
        assert answers[0].headers["ratelimit-policy"] == '"writes";q=3;w=86400'
        over = client.put(f"{LINKS}/slug9", BODY, by=by)
        told = refused(over, 429, "quota_exceeded")
        assert (told["limits"], told["usage"]["writes"]) == ({"writesPerDay": 3}, 3)
        assert over.headers["retry-after"]
        assert client.get(f"{LINKS}/slug9", by=by).status_code == 404
        other = cast.token("links.*", handle=OTHER_HANDLE)
        assert client.put(f"/v2/handles/{OTHER_HANDLE}/links/slug1", BODY, by=other).status_code == 201
        clock.advance(7 * HOUR)
        assert client.put(f"{LINKS}/slug9", BODY, by=by).status_code == 201


def test_refused_writes_reads_and_replays_cost_nothing(make_installation: MakeInstallation) -> None:
    home = make_installation("sqlite", quota_tiers={"STANDARD": 2})
    with Client(Application(home)) as client:
        cast = make_cast(home)
        for _ in range(3):
            client.get(LINKS, by=cast.owner)
            client.put(f"{LINKS}/slug1", {"destinationUrl": "nowhere"}, by=cast.owner)
        body = {"campaignId": "one", "name": "One", "goalType": "PRODUCT_SALE"}
        for _ in range(3):
            made = client.post(f"/v2/handles/{HANDLE}/campaigns", body, by=cast.owner, headers={"idempotency-key": "a"})
            assert made.status_code == 201
        assert client.put(f"{LINKS}/slug1", BODY, by=cast.owner).headers["ratelimit"].startswith('"writes";r=0;')
