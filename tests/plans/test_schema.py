"""The JSON Schema of plans: served, whole, and of one mind with the reading and with the manual."""

import re
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from cast import Client
from docs.shell_of_pages import ROOT
from funnelproof.plans import observed, ready
from funnelproof.plans.plan import WHICH
from funnelproof.plans.positions import read_yaml
from funnelproof.plans.schema import plan_schema

PAGE = (ROOT / "docs" / "plans.md").read_text()


def names_in(section: str) -> set[str]:
    """What stands in code in the first column of a section's tables."""
    body = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in body.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def members_of(name: str) -> set[str]:
    return set(plan_schema()["$defs"][name]["properties"])


def test_it_is_served_to_anybody(client: Client) -> None:
    answer = client.get("/v2/public/schemas/plan")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/schema+json")
    assert answer.json() == plan_schema()
    jsonschema.Draft202012Validator.check_schema(answer.json())


@pytest.mark.parametrize("name", ready.names())
def test_every_ready_made_plan_is_valid_as_an_editor_sees_it(name: str) -> None:
    data = YAML(typ="safe", pure=True).load(ready.text_of(name).decode())
    told = {member: str(own) if member == "startsAt" else own for member, own in data.items()}
    told = {**told, "startsAt": "2026-03-28T22:59:00Z"} if "startsAt" in told else told
    jsonschema.Draft202012Validator(plan_schema()).validate(_with_text_keys(told))


def _with_text_keys(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(name): _with_text_keys(own) for name, own in data.items()}
    return [_with_text_keys(own) for own in data] if isinstance(data, list) else data


@pytest.mark.parametrize(
    "scene",
    [
        {"vist": {}},
        {"visit": {}, "wait": "1 day"},
        {"say": "nothing"},
        {"visit": {"visitr": "ann"}},
        {"visit": {"by": "ghost"}},
        {"convert": {"value": "1e3"}},
        {"read": "tea leaves"},
        {"configure": {"ramp": 101}},
    ],
)
def test_an_editor_marks_what_the_reading_refuses(scene: dict[str, Any]) -> None:
    plan = {"plan": "P", "campaign": "abc", "scenes": [scene]}
    assert list(jsonschema.Draft202012Validator(plan_schema()).iter_errors(plan))


def test_every_member_tells_what_it_is_for() -> None:
    untold = [
        f"{kind}.{name}"
        for kind, made in plan_schema()["$defs"].items()
        for name, member in made["properties"].items()
        if "description" not in member and name not in WHICH
    ]
    assert set(untold) <= {"Tamper.key", "Configure.key"}


def test_the_manual_knows_every_verb_and_every_member() -> None:
    assert names_in("A scene") == set(WHICH)
    assert names_in("The plan") == set(plan_schema()["properties"])
    of_verbs = {kind: members_of(kind) for kind in ("Visit", "Convert", "Replay", "Tamper", "Refund", "Configure")}
    assert names_in("Members of the verbs") == set().union(*of_verbs.values())


def test_the_manual_knows_everything_that_can_be_seen() -> None:
    rows = PAGE.partition("\n## What can be expected\n")[2].partition("\nA value is expected")[0]
    told = set(re.findall(r"`(\w+)`", rows))
    closed = (observed.OF_VISIT, observed.OF_VISITS, observed.OF_CONVERSION, observed.OF_STORM, observed.OF_REFUND)
    seen = {name for names in (*closed, observed.OF_REFUNDS, *observed.OF_READING.values()) for name in names}
    assert seen - told == set()


def test_the_manual_lists_the_ready_made_plans() -> None:
    listed = PAGE.partition("\n## Ready-made plans\n")[2]
    assert [name for name in ready.names() if f"`{name}`" not in listed] == []


def test_every_ready_made_plan_says_what_it_guards_against() -> None:
    assert [name for name, script in ready.all_ready() if not script.plan.about] == []
    assert all(read_yaml(ready.text_of(name), name).data["plan"] for name in ready.names())
