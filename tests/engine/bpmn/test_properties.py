"""What must hold for every drawing and every course of events, tried on drawings made by chance."""

import dataclasses
import json
import random
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from engine import bpmn
from engine.bpmn import steps
from tests.counting import calls
from tests.engine.bpmn.drawing import END, START, Play, drawing, element, flows, script, user
from tests.engine.bpmn.random_models import VARIABLES, block_structured, free_form
from tests.engine.bpmn.test_against_reference import side_by_side
from tests.examples import examples

SEEDS = st.integers(0, 10**9)
ACTS = 12
MODEL = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


def played(xml: bytes, seed: int, acts: int = ACTS) -> Play:
    """An instance of `xml` after some random acts; the choice depends only on names that sort alike and `seed`."""
    chance = random.Random(seed)
    play = Play(xml, {name: chance.random() < 0.5 for name in VARIABLES})
    for _ in range(acts):
        able = sorted(set(play.waits) - set(play.incidents))
        if not able:
            break
        values = {name: chance.random() < 0.5 for name in VARIABLES if chance.random() < 0.5}
        perform(play, chance.choice(able), values)
    return play


def perform(play: Play, node: str, values: dict[str, Any]) -> None:
    if play.program.nodes[node].type == "userTask":
        play.complete(node, **values)
    else:
        play.elapse(node)


# ---------------------------------------------------------------- the same, drawn or told in another way


@examples(15)
@given(SEEDS, st.integers(2, 12), SEEDS)
def test_the_order_of_unrelated_elements_in_the_file_changes_nothing(seed, size, order):
    xml = block_structured(seed, size)

    one, other = played(xml, seed), played(shuffled(xml, order), seed)

    assert (one.step.ended, one.waits, sorted(one.path)) == (other.step.ended, other.waits, sorted(other.path))
    assert one.variables == other.variables


def shuffled(xml: bytes, order: int) -> bytes:
    """Every element of a scope in another place, except that flows of one source keep their order: it counts."""
    root = etree.fromstring(xml)
    chance = random.Random(order)
    for scope in root.iter(f"{MODEL}process", f"{MODEL}subProcess"):
        children = list(scope)
        drawn = [child for child in children if child.tag != f"{MODEL}sequenceFlow"]
        lines: dict[str, list[Any]] = {}
        for flow in scope.iterchildren(f"{MODEL}sequenceFlow"):
            lines.setdefault(flow.get("sourceRef"), []).append(flow)
        slots: list[Any] = [*drawn, *(source for source, flows_ in lines.items() for _ in flows_)]
        chance.shuffle(slots)
        scope[:] = [lines[slot].pop(0) if isinstance(slot, str) else slot for slot in slots]
    return etree.tostring(root)


@examples(15)
@given(SEEDS, st.integers(2, 12))
def test_other_ids_give_the_same_facts_under_other_names(seed, size):
    xml = block_structured(seed, size)
    keys = {node: f"zz{node}" for node in bpmn.compile(bpmn.read(xml).definition).nodes}
    renamed = re.sub(rb'"([^"]+)"', lambda found: b'"%s"' % new_id(found[1].decode(), keys).encode(), xml)

    one, other = played(xml, seed), played(renamed, seed)

    assert json.loads(text_of(other).replace("zz", "")) == json.loads(text_of(one))


def new_id(text: str, keys: dict[str, str]) -> str:
    """The new name of a node, and of a flow called after two nodes."""
    if text in keys:
        return keys[text]
    source, _, target = text.partition("_")
    return f"{keys[source]}_{keys[target]}" if source in keys and target in keys else text


def text_of(play: Play) -> str:
    facts = [[fact.kind, dataclasses.asdict(fact)] for fact in play.facts]
    return json.dumps([*facts, bpmn.dump(play.state)], default=str)


@examples(12)
@given(SEEDS, st.integers(2, 12))
def test_the_same_acts_give_the_same_state_and_facts_again(seed, size):
    xml = free_form(seed, size)

    assert text_of(played(xml, seed)) == text_of(played(xml, seed))


# ---------------------------------------------------------------- every instance can go on, and can be ended


@examples(15)
@given(SEEDS, st.integers(2, 12), st.integers(0, ACTS), st.booleans())
def test_cancel_closes_everything_wherever_an_instance_stands(seed, size, acts, structured):
    play = played((block_structured if structured else free_form)(seed, size), seed, acts)
    if play.step.ended:
        return

    play.cancel("enough")

    assert (play.state.tokens, play.state.incidents, list(play.state.scopes)) == ({}, {}, [0])
    assert play.open == {}, "every fact that opened something has one that closed it"
    entered = [fact.token for fact in play.all(steps.NodeEntered)]
    left = [fact.token for fact in play.all(steps.NodeLeft)]
    assert sorted(entered) == sorted(left), "every visit has an end"


@examples(15)
@given(SEEDS, st.integers(2, 12), st.integers(0, ACTS), st.booleans())
def test_no_instance_waits_without_a_way_out(seed, size, acts, structured):
    play = played((block_structured if structured else free_form)(seed, size), seed, acts)
    if play.step.ended:
        return
    assert play.waits, "alive, but nothing that anybody could do"
    text = json.dumps(bpmn.dump(play.state))

    for token, node, kind in bpmn.waits(play.state):
        state = bpmn.load(json.loads(text), play.programs.__getitem__)
        incident = state.tokens[token].incident
        if incident:
            step = bpmn.resume(state, incident, now=play.now, env=play.env)
        elif kind == "work":
            step = bpmn.complete(state, token, now=play.now, env=play.env)
        else:
            step = bpmn.elapse(state, token, now=play.now, env=play.env)
        assert not step.stale
        assert any(getattr(fact, "node", None) == node for fact in step.facts), f"{kind} at {node} does not move"


# ---------------------------------------------------------------- the past costs nothing


def cost(play: Play, node: str, **values: Any) -> int:
    """How many functions are called while a task is completed."""
    token = play.token(node)

    def action() -> None:
        play.step = bpmn.complete(play.state, token, values, now=play.now, env=play.env)

    return calls(action)


@pytest.mark.parametrize("kind", ["exclusive", "inclusive"])
def test_a_round_costs_the_same_after_a_thousand_rounds_as_after_ten(kind):
    body = START + element("exclusiveGateway", "m") + user("t") + script("s", "n + 1", "n") + END
    body += (
        element(f"{kind}Gateway", "g", default="g_end")
        + f'<subProcess id="sub" name="sub">{user("inner")}</subProcess>'
    )
    play = Play(drawing(body + flows("start m t s sub g end", "g m ? again")), {"n": 0})

    costs = [cost(play, "t", again=True) + cost(play, "inner") for _ in range(1_000)]

    assert min(costs[5:15]) == min(costs[990:])
    assert len(json.dumps(bpmn.dump(play.state))) < 1_000, "nothing of the past is kept"


# ---------------------------------------------------------------- SpiffWorkflow, where it is known to be right


@examples(15)
@given(SEEDS, st.integers(2, 9))
def test_plain_blocks_run_as_in_spiffworkflow(seed, size):
    xml = block_structured(seed, size, plain=True)
    chance = random.Random(seed)
    variables = {name: chance.random() < 0.5 for name in VARIABLES}
    play, other = Play(xml, variables), Spiff(xml, variables)

    for _ in range(ACTS):
        assert play.waits == other.waits()
        if not play.waits:
            break
        node = chance.choice(play.waits)
        values = {name: chance.random() < 0.5 for name in VARIABLES}
        play.complete(node, **values)
        other.complete(node, values)
    assert (play.step.ended == "completed") == other.workflow.completed


class Spiff:
    """The same drawing in SpiffWorkflow's dialect, run by its own executor. Its tasks carry data of their own, which a
    join merges; all of them are told every value, so that a decision reads the same here and there."""

    def __init__(self, xml: bytes, variables: dict[str, bool]) -> None:
        parser = BpmnParser()
        parser.add_bpmn_xml(etree.fromstring(xml.replace(b">= ", b">")))
        self.workflow = BpmnWorkflow(parser.get_spec("p"), parser.get_subprocess_specs("p"))
        self._tell(variables)
        self.workflow.do_engine_steps()

    def waits(self) -> list[str]:
        return sorted(task.task_spec.name for task in self.workflow.get_tasks(state=TaskState.READY, manual=True))

    def complete(self, node: str, values: dict[str, bool]) -> None:
        self._tell(values)
        task = next(task for task in self.workflow.get_tasks(state=TaskState.READY) if task.task_spec.name == node)
        task.run()
        self.workflow.do_engine_steps()

    def _tell(self, values: dict[str, bool]) -> None:
        self.workflow.data.update(values)
        for task in self.workflow.get_tasks():
            task.data.update(values)


# ---------------------------------------------------------------- the judges themselves


def test_a_machine_that_joins_too_early_is_found_out(monkeypatch):
    def blind(scope: Any, joins: Any) -> None:
        for join in joins:
            join.reach = tuple(1 << flow.index for flow in join.incoming)

    monkeypatch.setattr("engine.bpmn.compiler.reach_masks", blind)

    with pytest.raises(AssertionError):
        for_each_of(60)


def for_each_of(count: int) -> None:
    for seed in range(count):
        side_by_side(free_form(seed, 3 + seed % 10), seed)
