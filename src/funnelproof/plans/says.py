"""A scene in one short line, as progress and reports show it: the plan's own words, or the verb and what it says."""

from typing import Any

from pydantic import BaseModel

from funnelproof.plans.plan import Scene


def says(scene: Scene) -> str:
    if scene.say is not None:
        return scene.say
    told = getattr(scene, scene.verb)
    return f"{scene.verb} {_words(told)}".strip()


def _words(told: Any) -> str:
    if told is None:
        return ""
    if not isinstance(told, BaseModel):
        return str(told)
    given = told.model_dump(by_alias=True, exclude_unset=True)
    return ", ".join(f"{name} {_value(own)}" for name, own in given.items())


def _value(own: Any) -> str:
    if isinstance(own, bool):
        return "yes" if own else "no"
    if isinstance(own, dict):
        return "; ".join(f"{name} {_value(value)}" for name, value in own.items()) or "none"
    if isinstance(own, list):
        return " ".join(map(str, own))
    return str(own)
