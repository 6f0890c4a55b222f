"""The machine against a literal reading of the standard, on drawings that open, interrupt, repeat and undo scopes."""

import json
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import bpmn
from engine.bpmn import steps
from tests.engine.bpmn.drawing import Play
from tests.engine.bpmn.random_models import VARIABLES
from tests.engine.bpmn.random_scopes import scoped
from tests.engine.bpmn.reference import WAITING
from tests.engine.bpmn.reference_scopes import Place, Scopes
from tests.engine.bpmn.test_against_reference import holding
from tests.examples import examples

ACTS = 20


@examples(50)
@given(st.integers(0, 10**9), st.integers(1, 12))
def test_whatever_opens_a_scope_runs_as_the_standard_says(seed, size):
    side_by_side(scoped(seed, size), seed)


def test_the_drawings_hold_everything_that_they_are_meant_to():
    seen: Counter[str] = Counter()
    for seed in range(200):
        text = scoped(seed, 3 + seed % 10).decode()
        seen.update(word for word in WORDS if word in text)

    assert set(WORDS) == set(seen)
    assert min(seen.values()) >= 5


WORDS = (
    "multiInstanceLoopCharacteristics", "completionCondition", 'isSequential="true"', "standardLoopCharacteristics",
    'testBefore="true"', 'cancelActivity="false"', 'isInterrupting="false"', "messageEventDefinition",
    "signalEventDefinition", "escalationEventDefinition", "errorEventDefinition", "timerEventDefinition",
    "linkEventDefinition", "compensateEventDefinition", "activityRef", "waitForCompletion", "<transaction",
    "cancelEventDefinition", "isForCompensation", "triggeredByEvent",
)  # fmt: skip


@examples(25)
@given(st.integers(0, 10**9), st.integers(3, 12), st.integers(0, ACTS))
def test_cancel_closes_every_scope_wherever_an_instance_stands(seed, size, acts):
    play, _ = played(seed, size, acts)
    if play.step.ended:
        return

    play.cancel("enough")

    assert (play.state.tokens, play.state.incidents, list(play.state.scopes)) == ({}, {}, [0])
    assert play.open == {}, "every fact that opened something has one that closed it"
    opened = Counter(fact.scope for fact in play.all(steps.ScopeOpened))
    closed = Counter(fact.scope for fact in play.all(steps.ScopeClosed))
    assert opened == closed, "every scope that was opened is closed once"


@examples(25)
@given(st.integers(0, 10**9), st.integers(3, 12), st.integers(0, ACTS))
def test_every_wait_has_a_way_out(seed, size, acts):
    play, _ = played(seed, size, acts)
    if play.step.ended:
        return
    assert play.waits, "alive, but nothing that anybody could do"
    text = json.dumps(bpmn.dump(play.state))

    for token, node, wait in bpmn.waits(play.state):
        state = bpmn.load(json.loads(text), play.programs.__getitem__)
        incident = state.tokens[token].incident
        verb: Any = {"work": bpmn.complete, "timer": bpmn.elapse}.get(wait, bpmn.deliver)
        if incident:
            step = bpmn.resume(state, incident, now=play.now, env=play.env)
        else:
            step = verb(state, token, *(() if wait == "timer" else ({},)), now=play.now, env=play.env)
        assert not step.stale
        assert any(getattr(fact, "node", None) == node for fact in step.facts), f"{wait} at {node} does not move"


def played(seed: int, size: int, acts: int) -> tuple[Play, Scopes]:
    """An instance after some random acts, here and there."""
    chance, xml = random.Random(seed), scoped(seed, size)
    variables = {name: chance.random() < 0.5 for name in VARIABLES}
    play, reference = Play(xml, variables), Scopes(xml, variables, seed)
    for _ in range(acts):
        if play.step.ended or not act(play, reference, chance):
            break
    return play, reference


def test_a_machine_that_undoes_in_another_order_is_found_out(monkeypatch):
    def oldest(owner: Any, undo: Any) -> int | None:
        fits = [place for place, entry in enumerate(owner.log) if undo.activity in (None, entry.node.id)]
        return min(fits, default=None)

    monkeypatch.setattr("engine.bpmn.machine.compensation._newest", oldest)

    with pytest.raises(AssertionError):
        for_each_of(200)


def for_each_of(count: int) -> None:
    for seed in range(count):
        side_by_side(scoped(seed, 3 + seed % 10), seed)


def side_by_side(xml: bytes, seed: int, acts: int = ACTS) -> str:
    """Play `xml` here and there with the same acts, and compare after each; how it ended."""
    chance = random.Random(seed)
    variables = {name: chance.random() < 0.5 for name in VARIABLES}
    play, reference = Play(xml, variables), Scopes(xml, variables, seed)
    known = 0
    for _ in range(acts):
        entered = Counter(fact.node for fact in play.facts[known:] if isinstance(fact, steps.NodeEntered))
        known = len(play.facts)
        assert play.step.ended == reference.ended
        if not reference.disturbed:  # how far others got before they were interrupted is a matter of order
            assert entered == reference.entered
        reference.entered.clear()
        if play.step.ended:
            return play.step.ended
        working, armed = waiting(play)
        assert working == reference.working()
        assert armed == reference.armed()
        assert holding(play) == reference.held()
        assert logged(play) == reference.undone()
        if not act(play, reference, chance):
            return "waits" if working else "stuck"
    return "waits"


def place(play: Play, token: int) -> Place:
    """Where a token waits, and in which rounds and instances."""
    found = play.state.tokens[token]
    numbers = []
    scope = found.scope
    while scope is not None:
        if scope.kind == "turn":
            numbers.append(scope.index)
        scope = scope.parent
    return found.node.id, tuple(reversed(numbers))


def waiting(play: Play) -> tuple[list[Place], list[Place]]:
    """Activities that only the outside can end, and events that it can trigger beside them."""
    working, armed = [], []
    for token, node, _ in bpmn.waits(play.state):
        works = play.program.nodes[node].type in WAITING
        (working if works else armed).append(place(play, token))
    return sorted(working), sorted(armed)


def logged(play: Play) -> list[str]:
    """What could be undone."""
    return sorted(entry.node.id for scope in play.state.scopes.values() for entry in scope.log)


def act(play: Play, reference: Scopes, chance: random.Random) -> bool:
    """One random act on both sides. Two tokens at one place of two scopes: nobody can say which is which."""
    tokens: dict[Place, list[int]] = {}
    for token, _, _ in bpmn.waits(play.state):
        tokens.setdefault(place(play, token), []).append(token)
    stuck = {item.token for item in play.state.incidents.values()}
    able = [
        at for at, found in sorted(tokens.items())
        if len({play.state.tokens[token].scope.id for token in found}) == 1 and not stuck.intersection(found)
    ]  # fmt: skip
    if not able:
        return False
    at = chance.choice(able)
    token = tokens[at][0]
    values = {name: chance.random() < 0.5 for name in VARIABLES if chance.random() < 0.5}
    match play.program.nodes[at[0]].type:
        case "userTask" if chance.random() < 0.08:
            code = chance.choice(("E1", "E2"))
            play._do(bpmn.throw_error, token, code, {})
            if not reference.error_at(at, code):  # an incident; the task is still open, and begun anew
                play._do(bpmn.resume, play.state.tokens[token].incident, {})
                reference.entered[at[0]] += 1
        case "userTask" if chance.random() < 0.08:
            code = chance.choice(("X", "Y"))
            play._do(bpmn.escalate, token, code, {})
            reference.escalate_at(at, code)
        case "userTask":
            play._do(bpmn.complete, token, values)
            reference.complete_at(at, **values)
        case kind:
            wait = next(found for key, _, found in bpmn.waits(play.state) if key == token)
            if wait == "timer":
                play._do(bpmn.elapse, token)
            else:
                play._do(bpmn.deliver, token, {})
            if kind == "intermediateCatchEvent":
                reference.complete_at(at)
            else:
                reference.trigger(at)
    return True
