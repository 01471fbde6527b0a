"""What a plan cannot mean, found before anything is sent: people who were never there, keys that nobody sent."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from zoneinfo import available_timezones

from funnelproof.plans.faults import Path, PlanFault, did_you_mean
from funnelproof.plans.observed import names_of
from funnelproof.plans.plan import Configure, Convert, Plan, Refund, Replay, Scene, Tamper, Visit
from funnelproof.plans.positions import Source

FOR_EXAMPLE = "send for example Europe/Berlin"


@dataclass(slots=True)
class _Known:
    """What has been there by this scene. `drawn`: who was drawn for a variant, and for which."""

    people: dict[str, str | None] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    converted: bool = False
    shares_changed: bool = False


Found = tuple[Path, str]


def faults_of(plan: Plan, source: Source) -> Iterator[PlanFault]:
    if plan.time_zone is not None and plan.time_zone not in available_timezones():
        yield source.fault(("timeZone",), f"{plan.time_zone!r} is not an IANA time zone; {FOR_EXAMPLE}.")
    known = _Known()
    for at, scene in enumerate(plan.scenes):
        for path, sentence in (*_scene(plan, scene, known), *_expectations(scene)):
            yield source.fault(("scenes", at, *path), sentence, of_name=path[:1] == ("expect",))


def _expectations(scene: Scene) -> Iterator[Found]:
    names = names_of(scene)
    for name in scene.expect or {}:
        if name not in names:
            yield ("expect", name), f"{name} is nothing that can be seen of this scene; {did_you_mean(name, names)}"


def _scene(plan: Plan, scene: Scene, known: _Known) -> Iterator[Found]:
    verbs: dict[str, Callable[[], Iterator[Found]]] = {
        "visit": lambda: _visit(scene.visit or Visit(), known),
        "convert": lambda: _convert(scene.convert or Convert(), known),
        "replay": lambda: _replay(scene.replay or Replay(), known),
        "tamper": lambda: _tamper(scene.tamper or Tamper(), known),
        "refund": lambda: _refund(scene.refund or Refund(), known),
        "configure": lambda: _configure(scene.configure or Configure(), known),
        "read": lambda: _read(plan, scene.read or "", known),
    }
    yield from verbs[scene.verb]() if scene.verb in verbs else ()


def _visit(visit: Visit, known: _Known) -> Iterator[Found]:
    if visit.visitors is not None and "visitor" in visit.model_fields_set:
        yield ("visit", "visitors"), "visitors stands for many; leave out either it or visitor."
    names = [f"visitor-{number}" for number in range(1, visit.visitors + 1)] if visit.visitors else [visit.visitor]
    here_before = [name for name in names if name in known.people]
    if visit.returning and not here_before:
        yield ("visit", "returning"), f"{names[0]} was not here before; {_people(names[0], known)}"
    if here_before and visit.returning is not False:
        drawn = known.people[here_before[0]]
        if visit.variant is not None and visit.variant != drawn:
            yield ("visit", "variant"), f"{here_before[0]} is somebody already; leave variant out when they return."
        elif drawn is not None and known.shares_changed:
            sentence = (
                "was drawn for a variant, and the shares have changed since; let them come first without variant."
            )
            yield ("visit",), f"{here_before[0]} {sentence}"
    for name in names:
        if name not in known.people or visit.returning is False:
            known.people[name] = visit.variant


def _people(name: str, known: _Known) -> str:
    return did_you_mean(name, list(known.people))


def _visitor(verb: str, name: str | None, known: _Known) -> Iterator[Found]:
    if name is not None and name not in known.people:
        yield (verb, "visitor"), f"{name} has not visited yet; {_people(name, known)}"
    elif not known.people:
        yield (verb,), "nobody has visited yet, so there is no ctx; let somebody `visit` first."


def _convert(convert: Convert, known: _Known) -> Iterator[Found]:
    yield from _visitor("convert", convert.visitor, known)
    known.converted = True
    if convert.key is not None:
        known.keys.append(convert.key)


def _replay(replay: Replay, known: _Known) -> Iterator[Found]:
    if not known.converted:
        yield ("replay",), "nothing was sent yet that could be sent again; let somebody `convert` first."
    elif replay.key is not None and replay.key not in known.keys:
        yield ("replay", "key"), f"no conversion was sent under {replay.key}; {did_you_mean(replay.key, known.keys)}"
    if replay.visitor is not None:
        yield from _visitor("replay", replay.visitor, known)


def _tamper(tamper: Tamper, known: _Known) -> Iterator[Found]:
    yield from _visitor("tamper", tamper.visitor, known)


def _refund(refund: Refund, known: _Known) -> Iterator[Found]:
    """A key may be one that comes later: refunds may come before their purchase."""
    if refund.key is None and not known.converted:
        yield ("refund",), "nothing was bought yet; name the key of the conversion that is to come."


def _configure(configure: Configure, known: _Known) -> Iterator[Found]:
    if not configure.model_fields_set:
        yield ("configure",), "nothing is changed; name weights, ramp, destinations, switchOff or switchOn."
    if configure.model_fields_set - {"destinations"}:
        known.shares_changed = True


def _read(plan: Plan, what: str, known: _Known) -> Iterator[Found]:
    words = what.split(" ")
    if words == ["funnel", "by", "day"] and plan.starts_at is None:
        yield ("read",), "by day depends on when the plan is run; give it startsAt, such as 2026-03-28T12:00:00Z."
    if words[0] == "ctx":
        yield from ((("read",), text) for _, text in _visitor("read", words[2] if len(words) > 1 else None, known))
    if words[0] == "conversion" and not known.converted:
        yield ("read",), "nothing was sent yet; let somebody `convert` first."
