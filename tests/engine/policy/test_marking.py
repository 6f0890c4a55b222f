"""From the marking of a running instance to the states that the proof begins with."""

from itertools import product
from types import SimpleNamespace

from engine import bpmn, policy
from engine.policy.checker import space_of
from engine.policy.search import DEPLOYING, Effort
from engine.policy.space import MANY, Space, State
from tests.engine.bpmn.drawing import END, START, Play, drawing, element, flows, service

CATALOG = {"erp.execute_payment": SimpleNamespace(guarded_by="payment.execute", outputs={})}
WAYS = 3
MOST = 100

TERMINATE = "<terminateEventDefinition/>"


def undecided(key: str, *, stops: bool = False) -> str:
    """A task that sticks on its way out, because its conditions are no booleans, and the end events behind it."""
    ends = "".join(element("endEvent", f"{key}{way}", inner=TERMINATE if stops else "") for way in range(WAYS))
    return (
        element("task", key, default=f"{key}_{key}0")
        + ends
        + flows(f"{key} {key}0", *(f"{key} {key}{way} ? count" for way in range(1, WAYS)))
    )


def read(xml: bytes) -> bpmn.Definition:
    definition = bpmn.read(xml).definition
    assert definition is not None
    return definition


def states(xml: bytes, most: int = MOST, **variables: int | list[int]) -> tuple[Play, Space, list[State]]:
    play = Play(xml, variables)
    space = space_of(read(xml).executable[0], CATALOG, [], lambda caller, node: None, whole=True)
    return play, space, policy.states(space, play.state, [], most)


def test_tokens_that_may_leave_on_the_same_flows_are_counted_not_told_apart():
    items = (
        '<multiInstanceLoopCharacteristics isSequential="false"><extensionElements>'
        '<zeebe:loopCharacteristics inputCollection="= items"/></extensionElements></multiInstanceLoopCharacteristics>'
    )
    inside = element("startEvent", "in") + undecided("x") + flows("in x")
    body = f'<subProcess id="sub">{items}{inside}</subProcess>'

    play, space, found = states(drawing(START + body + END + flows("start sub end")), count=1, items=list(range(9)))

    assert len(play.incidents) == 1
    assert len(play.state.incidents) == 9
    assert len(found) == len(set(found)) == 19
    counts = [{name: count for (name, _), count in space.shown(state).items()} for state in found]
    assert {tuple(count.get(f"x{way}", 0) for way in range(WAYS)) for count in counts} == {
        split for split in product(range(MANY + 1), repeat=WAYS) if MANY in split
    }


def test_more_states_than_the_budget_are_not_built_and_the_proof_says_so():
    branches = [f"x{number}_" for number in range(6)]
    body = START + element("parallelGateway", "fork") + "".join(undecided(branch, stops=True) for branch in branches)
    pays = service("pay", "erp.execute_payment") + END + flows("x0_0 pay end")
    xml = drawing(
        (body + flows("start fork", *(f"fork {branch}" for branch in branches)) + pays).replace(
            element("endEvent", "x0_0", inner=TERMINATE), element("task", "x0_0")
        )
    )

    play, _, found = states(xml, count=1)

    assert len(play.incidents) == len(branches)
    assert MOST < len(found) <= WAYS * MOST
    findings = policy.prove(
        read(xml), CATALOG, begin=lambda space: policy.states(space, play.state, [], MOST),
        effort=Effort(MOST, DEPLOYING.steps),
    )  # fmt: skip
    assert [finding.rule for finding in findings] == ["policy-unproved"]
