"""The machine against a literal reading of the standard (`reference.py`), on drawings made by chance."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from engine import bpmn
from engine.bpmn import steps
from tests.engine.bpmn.drawing import Play
from tests.engine.bpmn.random_models import VARIABLES, block_structured, free_form
from tests.engine.bpmn.reference import WAITING, Reference
from tests.examples import examples

ACTS = 14
SEEDS = st.integers(0, 10**9)


@examples(30)
@given(SEEDS, st.integers(1, 12))
def test_block_structured_models_run_as_the_standard_says(seed, size):
    side_by_side(block_structured(seed, size), seed)


@examples(30)
@given(SEEDS, st.integers(3, 12))
def test_free_form_models_run_as_the_standard_says(seed, size):
    side_by_side(free_form(seed, size), seed)


def side_by_side(xml: bytes, seed: int, acts: int = ACTS) -> str:
    """Play `xml` here and there with the same acts, and compare after each; how it ended."""
    chance = random.Random(seed)
    variables = {name: chance.random() < 0.5 for name in VARIABLES}
    play, reference = Play(xml, variables), Reference(xml, variables, seed)
    known = 0
    for _ in range(acts):
        entered = Counter(fact.node for fact in play.facts[known:] if isinstance(fact, steps.NodeEntered))
        known = len(play.facts)
        assert play.step.ended == reference.ended
        if not reference.disturbed:  # how far others got before everything ended is a matter of order
            assert entered == reference.entered
        reference.entered.clear()
        if play.step.ended:
            return play.step.ended
        assert working(play) == reference.waits()
        assert holding(play) == reference.held()
        acted = act(play, reference, chance)
        if not acted:
            return "waits" if reference.waits() else "stuck"
    return "waits"


def working(play: Play) -> list[str]:
    """Where the outside is waited for, guards of activities left out."""
    return sorted(node for node in play.waits if play.program.nodes[node].type in WAITING)


def holding(play: Play) -> dict[str, int]:
    """Tokens before joins."""
    total: Counter[str] = Counter()
    for scope in play.state.scopes.values():
        total.update(scope.held)
    return dict(total)


def act(play: Play, reference: Reference, chance: random.Random) -> bool:
    """One random act on both sides. Where two tokens stand at one node of two scopes, nobody can say which is which."""
    scopes = {node: set() for node in play.waits}
    for token, node, _ in bpmn.waits(play.state):
        scopes[node].add(play.state.tokens[token].scope.id)
    able = [node for node, places in sorted(scopes.items()) if len(places) == 1 and node not in play.incidents]
    if not able:
        return False
    node = chance.choice(able)
    values = {name: chance.random() < 0.5 for name in VARIABLES if chance.random() < 0.5}
    match play.program.nodes[node].type:
        case "userTask" if chance.random() < 0.1:
            code = chance.choice(("E1", "E2"))
            play.throw(node, code)
            if not reference.raise_error(node, code):  # an incident; the task is still open, and begun anew
                assert play.incidents[node] == "error-uncaught"
                play.resume(node)
                reference.entered[node] += 1
        case "userTask":
            play.complete(node, **values)
            reference.complete(node, **values)
        case "boundaryEvent":
            play.elapse(node)
            reference.happen(node)
        case _:
            play.elapse(node)
            reference.complete(node)
    return True
