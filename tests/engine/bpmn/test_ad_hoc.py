# ruff: noqa: E501 - drawings read better in one line
"""Ad-hoc sub-processes: started by the drawing or by people, until it is enough."""

import pytest

from engine import bpmn
from engine.bpmn import steps
from engine.errors import NotActivatable
from tests.engine.bpmn.drawing import (
    END,
    START,
    Play,
    boundary,
    drawing,
    errors,
    escaped,
    extensions,
    flows,
    mapping,
    script,
    timer,
    user,
)

MANUAL = '<troika:adHoc activation="manual"/>'


def ad_hoc(inner: str, *more: str, done: str = "", **attributes: str) -> str:
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    condition = f"<completionCondition>= {escaped(done)}</completionCondition>" if done else ""
    return f'<adHocSubProcess id="s" name="s"{written}>{extensions(*more)}{inner}{condition}</adHocSubProcess>'


def chosen(expression: str) -> str:
    return f'<zeebe:adHoc activeElementsCollection="{escaped(expression)}"/>'


def play(activity: str, **variables: object) -> Play:
    return Play(drawing(START + activity + user("after") + flows("start s after")), variables)


def scope(played: Play) -> int:
    return next(key for key, found in played.state.scopes.items() if found.kind == "ad-hoc")


def test_everything_that_no_flow_leads_to_is_started_at_once():
    played = play(ad_hoc(user("a") + user("b") + user("c") + flows("b c")))
    assert played.waits == ["a", "b"]
    played.complete("b")
    played.complete("a")
    assert played.waits == ["c"]
    played.complete("c")
    assert played.waits == ["after"]


def test_in_sequence_the_next_begins_when_the_path_before_has_ended():
    played = play(ad_hoc(user("a") + user("b") + user("c") + flows("a c"), ordering="Sequential"))
    for expected in ("a", "c", "b"):
        assert played.waits == [expected]
        played.complete(expected)
    assert played.waits == ["after"]


def test_a_collection_says_what_is_started():
    played = play(ad_hoc(user("a") + user("b"), chosen('= ["b"]')))
    assert played.waits == ["b"]
    played.complete("b")
    assert played.waits == ["after"]


@pytest.mark.parametrize("names", ['["nobody"]', '["c"]', "null", '"a"'])
def test_an_element_that_cannot_be_started_is_an_incident(names):
    played = play(
        ad_hoc(user("a") + user("b") + user("c") + flows("b c"), chosen(f"= if fixed then [] else {names}")),
        fixed=False,
    )
    assert played.incidents == {"s": "ad-hoc-element-unknown"}
    played.resume("s", fixed=True)
    assert played.waits == ["after"]


def test_people_start_what_they_need_as_often_as_they_need_it_and_say_when_it_is_enough():
    played = play(ad_hoc(user("a") + user("b"), MANUAL))
    assert played.waits == []
    inside = scope(played)

    played.activate(inside, "a")
    played.activate(inside, "a")
    played.activate(inside, "b")
    assert played.waits == ["a", "a", "b"]
    for node in ("a", "a", "b"):
        played.complete(node)
    assert played.waits == [], "it waits for more"

    played.finish(inside)
    assert played.waits == ["after"]


def test_finishing_waits_for_what_is_active_and_starts_nothing_more():
    played = play(ad_hoc(user("a") + user("b") + user("c") + flows("a c"), MANUAL, ordering="Sequential"))
    inside = scope(played)
    played.activate(inside, "a")
    played.activate(inside, "b")
    played.finish(inside)
    assert played.activate(inside, "b").stale
    assert played.finish(inside).stale

    played.complete("a")
    assert played.waits == ["after"], "neither the next in the queue nor what follows"


def test_a_second_activation_in_sequence_waits_for_its_turn():
    played = play(ad_hoc(user("a") + user("b"), MANUAL, ordering="Sequential"))
    inside = scope(played)
    played.activate(inside, "b")
    played.activate(inside, "a")
    assert played.waits == ["b"]
    played.complete("b")
    assert played.waits == ["a"]


def test_a_completion_condition_cancels_the_rest():
    played = play(ad_hoc(user("a") + user("b"), done="enough"), enough=False)
    played.activate(scope(played), "a")
    played.complete("a")
    assert played.waits == ["a", "b"]
    played.complete("a", enough=True)
    assert played.waits == ["after"]
    assert [fact.outcome for fact in played.all(steps.WorkClosed)] == ["completed", "completed", "cancelled"]


def test_or_it_lets_the_rest_end_and_starts_nothing_more():
    inner = user("a") + user("b") + user("c") + flows("b c")
    played = play(ad_hoc(inner, done="enough", cancelRemainingInstances="false"))
    played.complete("a", enough=True)
    assert played.waits == ["b"]
    played.complete("b")
    assert played.waits == ["after"]


def test_while_the_condition_is_false_it_waits_for_activations():
    played = play(ad_hoc(user("a"), done="enough"), enough=False)
    played.complete("a")
    assert played.waits == []
    played.activate(scope(played), "a")
    played.complete("a", enough=True)
    assert played.waits == ["after"]


def test_a_condition_that_is_no_boolean_is_an_incident_that_can_be_repaired():
    played = play(ad_hoc(user("a"), done="enough"))
    played.complete("a")
    assert played.incidents == {"a": "condition-not-boolean"}
    played.resume("a", enough=True)
    assert played.waits == ["after"]


def test_it_has_variables_of_its_own_and_maps_what_leaves_it():
    inner = script("a", "n * 2", "twice")
    played = play(ad_hoc(inner, mapping(in_n="= 4", in_twice="= 0", out_result="= twice")))
    assert played.variables == {"result": 8}


def test_boundary_events_cancel_it_even_while_nothing_in_it_is_active():
    body = ad_hoc(user("a"), MANUAL) + boundary("late", "s", timer("P1D")) + user("x") + flows("late x")
    played = play(body)
    played.elapse("late")
    assert played.waits == ["x"]
    assert [found.kind for found in played.state.scopes.values()] == ["process"]


def test_cancelling_the_instance_closes_it():
    played = play(ad_hoc(user("a"), MANUAL))
    played.cancel()
    assert played.step.ended == "cancelled"


def test_what_waits_in_its_queue_is_stored():
    played = play(ad_hoc(user("a") + user("b"), ordering="Sequential"))
    stored = bpmn.dump(played.state)
    assert [found["todo"] for _, found in stored["scopes"] if found["k"] == "ad-hoc"] == [["b"]]
    assert bpmn.dump(bpmn.load(stored, played.programs.__getitem__)) == stored


def test_only_elements_that_no_flow_leads_to_can_be_activated():
    played = play(ad_hoc(user("a") + user("b") + flows("a b"), MANUAL))
    for inside, node in ((scope(played), "b"), (scope(played), "nobody"), (0, "after")):
        with pytest.raises(NotActivatable, match=node):
            bpmn.activate(played.state, inside, node, now=played.now, env=played.env)
    with pytest.raises(NotActivatable):
        bpmn.finish(played.state, 0, now=played.now, env=played.env)


@pytest.mark.parametrize(
    ("activity", "rule"),
    [
        (ad_hoc('<startEvent id="x"/>' + user("a")), "ad-hoc-content"),
        (ad_hoc(user("a") + '<endEvent id="x"/>'), "ad-hoc-content"),
        (ad_hoc(""), "scope-empty"),
        (ad_hoc(user("a"), '<troika:adHoc activation="never"/>'), "extension-wrong-value"),
        (ad_hoc(user("a"), chosen("= [")), "expression-invalid"),
        (ad_hoc(user("a"), done="x").replace("<completionCondition>", "<completionCondition language='groovy'>"), "ad-hoc-language"),
    ],
)  # fmt: skip
def test_what_could_not_run_is_refused(activity, rule):
    assert rule in errors(drawing(START + activity + END + flows("start s end")))
