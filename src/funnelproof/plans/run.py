"""Running a plan against a server: scene after scene in a world of its own, and an outcome whatever happens."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2

from funnelproof.plans.expect import Check, checks_of
from funnelproof.plans.faults import UnusableServer
from funnelproof.plans.observed import usually
from funnelproof.plans.outcome import Outcome, SceneOutcome, Verdict
from funnelproof.plans.perform import perform
from funnelproof.plans.plan import Scene
from funnelproof.plans.read import Script
from funnelproof.plans.says import says
from funnelproof.plans.stage import Stage
from funnelproof.plans.target import find_target, fitted
from funnelproof.plans.wire import Wire

Watch = Callable[[SceneOutcome], None]
FINISH = "finish"
OF_SOMEBODY = ("convert", "replay", "tamper")
UNTOUCHED = "live figures untouched"


def _nobody_watches(_outcome: SceneOutcome) -> None: ...


async def run_plan(
    script: Script, http: httpx2.AsyncClient, *, token: str, links_url: str = "", watch: Watch = _nobody_watches
) -> Outcome:
    """Perform the plan. Raises `UnusablePlan`, `UnusableServer` only before its first scene; later the outcome tells.

    `http` has the server's address as its base; `links_url` is the origin of links where that is another one.
    """
    wire = Wire(http, token, links_url.rstrip("/"))
    target = await find_target(wire, script)
    plan = fitted(script, target)
    stage = Stage(wire, target, plan.seed)
    await stage.open(plan.starts_at, plan.time_zone, script.source.text)
    return await _Running(replace(script, plan=plan), stage, watch).run()


class _Running:
    def __init__(self, script: Script, stage: Stage, watch: Watch) -> None:
        self.script, self.stage, self.watch = script, stage, watch
        self.done: list[SceneOutcome] = []
        self.receipt: dict[str, Any] | None = None

    async def run(self) -> Outcome:
        stopped: UnusableServer | None = None
        self.stage.wire.begin()
        try:
            for number, scene in enumerate(self.script.plan.scenes, 1):
                await self._scene(number, scene)
            await self._finish()
        except UnusableServer as error:
            stopped = error
        return self._outcome(stopped)

    async def _scene(self, number: int, scene: Scene) -> None:
        clock, began = self.stage.now, time.perf_counter()
        told = SceneOutcome(
            number=number,
            line=self.script.line_of(number - 1),
            verb=scene.verb,
            says=says(scene),
            verdict=Verdict.ERROR,
            run_clock=clock,
        )
        try:
            observed = await perform(self.stage, scene, number)
        except UnusableServer as error:
            self._tell(replace(told, error=str(error)), began)
            raise
        expected = usually(scene) if scene.expect is None else scene.expect
        checks = list(checks_of(expected, observed))
        verdict = Verdict.PASS if all(check.holds for check in checks) else Verdict.FAIL
        variant = observed.get("variant") or (self.stage.variant if scene.verb in OF_SOMEBODY else None)
        self._tell(replace(told, verdict=verdict, checks=checks, observed=observed, variant=variant), began)

    def _tell(self, told: SceneOutcome, began: float) -> None:
        ms = round((time.perf_counter() - began) * 1000, 2)
        self.done.append(replace(told, ms=ms, sent=self.stage.wire.taken()))
        self.watch(self.done[-1])

    async def _finish(self) -> None:
        """The run is closed; whatever was done in it, live figures must not have moved."""
        began = time.perf_counter()
        answer = await self.stage.finish()
        self.receipt = dict(answer.body) if answer.is_good else None
        steps = [
            step["status"]
            for variant in answer.body.get("variants", ())
            for step in variant["steps"]
            if step["id"] == "live_untouched"
        ]
        holds = bool(steps) and all(status == "PASS" for status in steps)
        seen = True if holds else steps or answer.refusal
        told = SceneOutcome(
            number=len(self.script.plan.scenes) + 1,
            line=self.script.line_of(len(self.script.plan.scenes) - 1),
            verb=FINISH,
            says=UNTOUCHED,
            verdict=Verdict.PASS if holds else Verdict.FAIL,
            checks=[Check("liveUntouched", expected=True, observed=seen, holds=holds)],
            observed={"liveUntouched": seen},
            run_clock=self.stage.now,
        )
        self._tell(told, began)

    def _outcome(self, stopped: UnusableServer | None) -> Outcome:
        plan, target = self.script.plan, self.stage.target
        failed = any(scene.verdict is not Verdict.PASS for scene in self.done)
        verdict = Verdict.ERROR if stopped else Verdict.FAIL if failed else Verdict.PASS
        return Outcome(
            plan=plan.plan,
            about=plan.about,
            file=self.script.source.file,
            seed=plan.seed,
            handle=target.handle,
            campaign=target.campaign,
            verdict=verdict,
            scenes=[*self.done, *not_run(self.script, len(self.done))],
            run_id=self.stage.run_id,
            started_at=self.stage.began,
            ms=round((time.perf_counter() - self.stage.wire.began) * 1000, 2),
            error=str(stopped) if stopped else None,
            error_code=stopped.code if stopped else None,
            receipt=self.receipt,
        )


def nothing_ran(script: Script | None, file: str, code: str, sentence: str) -> Outcome:
    """For the reports of a plan that was never begun; without `script` it could not even be read."""
    plan = script.plan if script else None
    scenes = [] if script is None else not_run(script, 0)
    return Outcome(
        plan=plan.plan if plan else file,
        about=plan.about if plan else None,
        file=file,
        seed=plan.seed if plan else "",
        handle=plan.handle or "" if plan else "",
        campaign=plan.campaign or "" if plan else "",
        verdict=Verdict.ERROR,
        scenes=scenes,
        error=sentence,
        error_code=code,
    )


def not_run(script: Script, done: int) -> list[SceneOutcome]:
    """The scenes that were not reached."""
    scenes = script.plan.scenes
    return [
        SceneOutcome(at + 1, script.line_of(at), scenes[at].verb, says(scenes[at]), Verdict.NOT_RUN)
        for at in range(done, len(scenes))
    ]
