"""Whatever mix of live and test traffic comes, tests move no live row and no live figure."""

import random
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from funnel import CAMPAIGN, SLUG, Funnel
from funnelproof.clock import MINUTE, SetClock
from funnelproof.proofs.walk import Returns
from funnelproof.recount.compare import recount
from funnelproof.storage.schema import metadata

COUNTED = [table.name for table in metadata.sorted_tables if "world" in table.columns]
STEPS = 30
Act = Callable[[], None]


class Mix:
    """Live and test traffic of one campaign, drawn from a seed."""

    def __init__(self, funnel: Funnel, clock: SetClock, seed: int) -> None:
        self.funnel, self.clock, self.dice = funnel, clock, random.Random(seed)  # noqa: S311
        self.live_ctx: list[str] = []
        self.sent: list[tuple[str, str]] = []
        self.numbers = 0

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def live(self) -> None:
        self.dice.choice((self._click, self._click, self._order, self._again, self._refund))()

    def test(self) -> None:
        self.dice.choice((self._conversion, self._run, self._walk, self._preview))()

    def _click(self) -> None:
        self.live_ctx.append(self.funnel.click("utm_source=mail", person=self.dice.randrange(1, 40)).ctx)

    def _order(self) -> None:
        if self.live_ctx:
            ctx, key = self.dice.choice(self.live_ctx), f"live {self.number()}"
            assert self.funnel.send(ctx, key, value="49.90").status_code == 201
            self.sent.append((ctx, key))

    def _again(self) -> None:
        if self.sent:
            ctx, key = self.dice.choice(self.sent)
            assert self.funnel.send(ctx, key, value="49.90").status_code == 200

    def _refund(self) -> None:
        if self.sent:
            body = {"idempotencyKey": f"refund {self.number()}", "conversionKey": self.sent[-1][1], "amount": "0.10"}
            path = f"{self.funnel.base}/reversals"
            assert self.funnel.client.post(path, body, by=self.funnel.owner).status_code < 300

    def _conversion(self) -> None:
        path = f"{self.funnel.base}/campaigns/{CAMPAIGN}/test-conversion"
        made = self.funnel.client.post(path, {"seed": f"s{self.number()}"}, by=self.funnel.owner)
        assert made.json()["verdict"] == "PASS"

    def _run(self) -> None:
        """A click in a run, and an order under a key that live traffic uses as well."""
        path = f"{self.funnel.base}/campaigns/{CAMPAIGN}/test-runs"
        opened = self.funnel.client.post(path, {"seed": f"r{self.number()}"}, by=self.funnel.owner).json()
        headers = {"x-funnelproof-run": opened["runToken"], "x-funnelproof-as": "visitor=ann; variant=b"}
        ctx = self.funnel.click(person=self.dice.randrange(1, 40), headers=headers).ctx
        key = self.sent[-1][1] if self.sent else "none yet"
        assert self.funnel.send(ctx, key, value="1.00").json()["mode"] == "test"
        finished = self.funnel.client.post(f"{path}/{opened['runId']}/finish", by=self.funnel.owner)
        assert finished.status_code == 200

    def _walk(self) -> None:
        path = f"{self.funnel.base}/campaigns/{CAMPAIGN}/walks"
        walk = self.funnel.client.post(path, {"variantId": "a"}, by=self.funnel.owner).json()
        self._by_link(walk["url"])
        self.funnel.cast.home.database.write_now(Returns(self.clock.now).keep)

    def _preview(self) -> None:
        path = f"{self.funnel.base}/links/{SLUG}/preview-links"
        self._by_link(self.funnel.client.post(path, {"variantId": "b"}, by=self.funnel.owner).json()["url"])

    def _by_link(self, url: str) -> None:
        self.funnel.client.forget_cookies()
        ctx = self.funnel.click(urlsplit(url).query, person=None).ctx
        assert self.funnel.send(ctx, f"test {self.number()}", value="5.00").json()["mode"] == "test"

    def live_state(self) -> dict[str, Any]:
        rows = {name: [row for row in self.funnel.rows(name) if row["world"] == "live"] for name in COUNTED}
        paths = (f"campaigns/{CAMPAIGN}/results", f"analytics?campaignId={CAMPAIGN}&groupBy=variant", "conversions")
        answers = {path: self.funnel.client.get(f"{self.funnel.base}/{path}", by=self.funnel.owner) for path in paths}
        return {**rows, **{path: {**answer.json(), "asOf": None} for path, answer in answers.items()}}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_tests_move_no_live_row_and_no_live_figure(funnel: Funnel, clock: SetClock, seed: int) -> None:
    funnel.campaign(countingRule="EVERY", maxPerClick=20)
    mix = Mix(funnel, clock, seed)
    for _ in range(STEPS):
        if mix.dice.random() < 0.6:
            mix.live()
        else:
            before = mix.live_state()
            mix.test()
            assert mix.live_state() == before
        clock.advance(MINUTE)
    report = recount(funnel.cast.home.database, now=clock.now())
    assert (report.different, report.equal > 0) == (0, True)
    assert mix.sent
