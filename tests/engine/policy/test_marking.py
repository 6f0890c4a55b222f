"""From the marking of a running instance to the state that the proof begins with."""

from types import SimpleNamespace

import pytest

from engine import bpmn, policy
from engine.policy.checker import space_of
from engine.policy.space import LEAVES
from tests.engine.bpmn.drawing import END, START, Play, drawing, element, flows, service
from tests.engine.policy.against_machine import LEVEL_OF

CATALOG = {"erp.execute_payment": SimpleNamespace(guarded_by="payment.execute", outputs={})}
TERMINATE = "<terminateEventDefinition/>"
STUCK = (
    element("task", "x") + "".join(element("endEvent", key, inner=TERMINATE) for key in ("low", "high"))
    + flows("x low ? count <= 5", "x high ? count > 5")
)  # fmt: skip
"""A task that is stuck on its way out while there is no count."""


def read(xml: bytes) -> bpmn.Definition:
    definition = bpmn.read(xml).definition
    assert definition is not None
    return definition


def test_tokens_that_are_stuck_in_the_same_place_are_counted_not_told_apart():
    items = (
        '<multiInstanceLoopCharacteristics isSequential="false"><extensionElements>'
        '<zeebe:loopCharacteristics inputCollection="= items"/></extensionElements></multiInstanceLoopCharacteristics>'
    )
    inside = element("startEvent", "in") + STUCK + flows("in x")
    xml = drawing(START + f'<subProcess id="sub">{items}{inside}</subProcess>' + END + flows("start sub end"))
    play = Play(xml, {"items": list(range(9))})
    space = space_of(read(xml).executable[0], CATALOG, [], lambda caller, node: None, whole=True)

    (state,) = policy.states(space, play.state, [])

    assert len(play.state.incidents) == 9
    assert space.shown(state) == {("sub", "!"): 1, ("x", LEAVES): 2}


def test_what_is_stuck_on_its_way_out_stops_nothing_beside_it():
    """Both ways lead to an end that stops everything, for whoever says how many; until then something else pays."""
    pays = element("parallelGateway", "fork") + service("t") + service("pay", "erp.execute_payment")
    xml = drawing(START + STUCK + pays + END + flows("start fork x", "fork t pay end"))
    play = Play(xml)

    findings = policy.prove(read(xml), CATALOG, begin=lambda space: policy.states(space, play.state, []))

    assert play.waits == ["t", "x"]
    assert [(finding.rule, finding.element_id) for finding in findings] == [("policy-approval-missing", "pay")]


@pytest.mark.parametrize("kind", ["exclusiveGateway", "inclusiveGateway", "task"])
def test_what_is_stuck_stays_so_though_something_beside_it_has_written_what_it_asks(kind):
    pays = element("parallelGateway", "fork") + service("t") + service("pay", "erp.execute_payment")
    stuck = STUCK.replace("<task", f"<{kind}").replace("</task>", f"</{kind}>")
    play = Play(xml := drawing(START + stuck + pays + END + flows("start fork x", "fork t pay end")))
    play.complete("t", count=3)

    findings = policy.prove(read(xml), CATALOG, begin=lambda space: policy.states(space, play.state, []))

    assert play.waits == ["pay", "x"]
    assert [(finding.rule, finding.element_id) for finding in findings] == [("policy-approval-missing", "pay")]


def test_a_decision_that_is_stuck_stays_so_though_something_beside_it_has_written_what_it_asks():
    asks = element("businessRuleTask", "x", '<zeebe:calledDecision decisionId="level_of" resultVariable="level"/>')
    asks += element("exclusiveGateway", "g", default="g_low") + element("parallelGateway", "fork")
    ends = "".join(element("endEvent", key, inner=TERMINATE) for key in ("low", "high"))
    pays = service("t") + service("pay", "erp.execute_payment")
    lines = ("start fork x g low", 'g high ? level = "high"', "fork t pay end")
    play = Play(xml := drawing(START + asks + ends + pays + END + flows(*lines)), decisions=lambda key: LEVEL_OF)
    play.complete("t", amount=50)

    findings = policy.prove(
        read(xml), CATALOG, decisions=lambda _, called: LEVEL_OF,
        begin=lambda space: policy.states(space, play.state, []),
    )  # fmt: skip

    assert play.waits == ["pay", "x"]
    assert [(finding.rule, finding.element_id) for finding in findings] == [("policy-approval-missing", "pay")]
