"""Reading plans: what is wrong is told with file, line and column, all of it at once, before anything is sent."""

import time
from pathlib import Path

import pytest

from funnelproof.plans.faults import UnusablePlan
from funnelproof.plans.positions import MOST_BYTES
from funnelproof.plans.read import read_file, read_plan
from patience import promised
from plans.conftest import script_of

HEAD = "plan: P\ncampaign: new-buyer-funnel\nscenes:\n"


def faults_in(text: str) -> list[str]:
    with pytest.raises(UnusablePlan) as raised:
        script_of(text)
    return [str(fault) for fault in raised.value.faults]


def the_fault_in(text: str) -> str:
    (only,) = faults_in(text)
    return only


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing but a remark\n", "---\n"])
def test_an_empty_plan_is_told_what_it_needs(text: str) -> None:
    assert the_fault_in(text).startswith("plan.yaml:1:1: the plan is empty")


@pytest.mark.parametrize("text", ["just a sentence", "- a\n- b", "42"])
def test_what_is_no_plan_at_all(text: str) -> None:
    assert the_fault_in(text) == "plan.yaml:1:1: a plan is a list of members: plan, campaign, scenes."


def test_a_plan_without_scenes_says_that_they_are_missing() -> None:
    assert the_fault_in("plan: P\ncampaign: abc\n") == "plan.yaml:1:1: scenes is missing."
    assert the_fault_in("plan: P\nscenes: []\n").startswith("plan.yaml:2:9: scenes: List should have at least 1 item")


@pytest.mark.parametrize(
    ("line", "place", "said"),
    [
        ("- vist: {visitor: ann}", "4:3", "vist is not understood here; did you mean visit?"),
        ("- visit: {visitr: ann}", "4:11", "visitr is not understood here; did you mean visitor?"),
        ("- visit: {device: watch}", "4:19", "device: Input should be 'MOBILE', 'TABLET', 'DESKTOP' or 'UNKNOWN'."),
        ("- {visit: {}, wait: 1 day}", "4:3", "a scene has one verb; this one has visit and wait."),
        ("- say: nothing", "4:3", "a scene has one verb; this one has none."),
        ("- wait: some time", "4:9", "wait: 'some time' is no stretch of time; write for example 40 days, 2 h or"),
        ("- wait: 3 fortnights", "4:9", "wait: 'fortnights' is no unit of time; there are seconds, minutes,"),
        ("- wait: 401 days", "4:9", "wait: '401 days' is longer than 400 days"),
        ("- read: tea leaves", "4:9", "read: String should match pattern"),
        ("- convert: {value: 1e3}", "4:20", "value: String should match pattern"),
        ("- convert: {value: yes}", "4:20", "value: String should match pattern"),
        ("- convert: {value: true}", "4:20", "value: true is not text; put it in quotes."),
        ("- visit: {visitor: ann, visitor: bo}", "4:25", "visitor stands here a second time."),
        ("- visit: !!python/object:os.system {}", "4:10", "!!python/object:os.system is not understood in a plan."),
    ],
)
def test_a_fault_names_line_column_and_remedy(line: str, place: str, said: str) -> None:
    assert the_fault_in(f"{HEAD}{line}\n").startswith(f"plan.yaml:{place}: {said}")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["- convert:"], "4:3: nobody has visited yet, so there is no ctx; let somebody `visit` first."),
        (
            ["- visit: {visitor: ann}", "- convert: {visitor: anna}"],
            "5:22: anna has not visited yet; did you mean ann?",
        ),
        (["- visit: {returning: true}"], "4:22: visitor was not here before; there are: none."),
        (["- visit:", "- replay:"], "5:3: nothing was sent yet that could be sent again"),
        (
            ["- visit:", "- convert: {key: order-1}", "- replay: {key: order1}"],
            "6:17: no conversion was sent under order1; did you mean order-1?",
        ),
        (["- visit:", "- configure: {}"], "5:14: nothing is changed; name weights"),
        (["- visit: {visitor: ann, visitors: 3}"], "4:35: visitors stands for many"),
        (["- visit: {variant: a}", "- visit: {variant: b}"], "5:20: visitor is somebody already"),
        (
            ["- visit: {variant: a}", "- configure: {ramp: 5}", "- visit: {returning: true}"],
            "6:10: visitor was drawn for a variant, and the shares have changed since",
        ),
        (["- visit:", "- read: funnel by day"], "5:9: by day depends on when the plan is run; give it startsAt"),
        (
            ["- visit:", "  expect: {varient: a}"],
            "5:12: varient is nothing that can be seen of this scene; did you mean variant?",
        ),
        (["- visit: {visitors: 3}", "  expect: {variant: a}"], "5:12: variant is nothing that can be seen of this"),
    ],
)
def test_what_cannot_be_meant_is_found_before_anything_is_sent(lines: list[str], said: str) -> None:
    (first, *_) = faults_in(HEAD + "\n".join(lines))
    assert first.startswith(f"plan.yaml:{said}")


def test_all_faults_are_told_at_once() -> None:
    found = faults_in(f"{HEAD}- vist: {{}}\n- visit: {{device: watch}}\ncolour: red\n")
    assert [fault.split(": ")[0] for fault in found] == ["plan.yaml:4:3", "plan.yaml:5:19", "plan.yaml:6:1"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("plan: [unclosed\n", "2:1"),
        ("plan: P\n\tscenes: []\n", "2:1"),
        ("plan: P\n---\nplan: Q\n", "2:1"),
        ("plan: *unknown\n", "1:7"),
        ("plan: 'P\x07'\n", "1:1"),
    ],
)
def test_broken_yaml_is_told_where_it_breaks(text: str, place: str) -> None:
    assert the_fault_in(text).startswith(f"plan.yaml:{place}: this is no YAML: ")


def test_text_that_is_not_utf8_names_its_line() -> None:
    with pytest.raises(UnusablePlan, match=r"plan.yaml:2:1: this is not UTF-8 text"):
        read_plan(b"plan: P\ncampaign: \xff\n", "plan.yaml")


def test_ten_megabytes_are_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    file.write_bytes(b"plan: P\n" + b"# more\n" * 1_500_000)
    began = time.perf_counter()
    with pytest.raises(UnusablePlan, match="larger than 1024 KiB"):
        read_file(file)
    assert file.stat().st_size > 10 * MOST_BYTES - 300_000
    assert time.perf_counter() - began < promised(1)


def test_a_bomb_of_aliases_is_refused_before_it_goes_off() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]" for at in range(1, 9)]
    assert "more than 50 aliases (`*name`); no plan needs that." in the_fault_in("\n".join(lines))


def test_few_aliases_that_multiply_are_refused_too() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{at}: &a{at} [*a{at - 1}, *a{at - 1}]" for at in range(1, 24))]
    assert "parts, aliases written out; no plan needs that." in the_fault_in("\n".join(lines))


@pytest.mark.parametrize("text", ['"a\\e[2Jb"', '"a\\0b"', '"a\\ud800b"', '{"b\\a": c}'])
def test_what_no_report_can_hold_is_refused(text: str) -> None:
    assert "this holds a control character" in the_fault_in(f"plan: P\nabout: {text}\n")


def test_an_alias_of_itself_ends() -> None:
    assert "deeper than 20 levels" in the_fault_in("plan: &p [*p]\n")


@pytest.mark.parametrize("opened", ["[", "{a: ", "- "])
def test_nesting_without_end_is_refused_at_once(opened: str) -> None:
    began = time.process_time()
    assert "deeper than 20 levels; no plan needs that." in the_fault_in(opened * 100_000)
    assert time.process_time() - began < 5


def test_aliases_and_anchors_serve_where_they_are_few() -> None:
    script = script_of(f"{HEAD}- visit: &mail {{visitor: ann, tags: {{utm_source: mail}}}}\n- visit: *mail\n")
    assert script.plan.scenes[0].visit == script.plan.scenes[1].visit


def test_amounts_keep_their_text_and_keys_may_be_numbers() -> None:
    script = script_of(f"{HEAD}- visit:\n- convert: {{value: 49.90, key: 0815}}\n")
    convert = script.plan.scenes[1].convert
    assert convert is not None
    assert (convert.value, convert.key) == ("49.90", "815")


def test_small_letters_do_for_devices_and_countries() -> None:
    visit = script_of(f"{HEAD}- visit: {{device: mobile, country: in}}\n").plan.scenes[0].visit
    assert visit is not None
    assert (visit.device, visit.country) == ("MOBILE", "IN")
