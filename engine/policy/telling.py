"""A counter-example in words: what happens step by step, and in one line what matters of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.bpmn.model import Flow, Node
from engine.errors import N_, Phrase, Title
from engine.findings import Step
from engine.forms import FormField
from engine.policy.abstraction import Place
from engine.policy.reproducing import paths_in
from engine.policy.search import Violation
from engine.policy.space import PASSED, Move, Space

Names = Callable[[FormField, str], Title | None]
"""(picker, value) -> how it is called; None: by nothing but its key"""
_DECISIONS = {
    "agree": N_("'{name}' is approved"),
    "reject": N_("'{name}' is rejected"),
    "passes": N_("'{name}' passes without anybody"),
    "handled": N_("'{name}' is dealt with"),
    "return": N_("'{name}' sends it back"),
    "recall": N_("the decision at '{name}' is taken back"),
}
_EVENTS = {
    "timer": N_("The time of '{name}' runs out"),
    "error": N_("'{name}' fails: '{event}'"),
    "message": N_("While '{name}' is under way, a message comes: '{event}'"),
    "signal": N_("While '{name}' is under way, a signal comes: '{event}'"),
    "escalation": N_("'{name}' escalates: '{event}'"),
    "conditional": N_("While '{name}' is under way, a condition comes true: '{event}'"),
}
_COMES = N_("While '{name}' is under way, this happens: '{event}'")
_BEGINS = N_("'{name}' begins")
_AGAIN = N_("'{name}' runs again")
_STARTS = N_("Somebody starts something in '{name}'")
_CHOOSES = N_("'{name}' goes on to '{branch}'")
_CHOOSES_WITH = N_("{data}: '{name}' goes on to '{branch}'")
_PASSES = N_("'{name}' is passed")
_DONE = N_("'{name}' is done")
_ENDS = N_("'{name}' is reached")
_RUNS = N_("'{name}' runs without {capability}")


def told(
    space: Space, name: str, violation: Violation, values: Sequence[Mapping[str, Any]] = (), names: Names | None = None
) -> tuple[tuple[Step, ...], Phrase]:  # fmt: skip
    """(each step from the start to the guarded place `name`, the choices among them in one line)

    `values`: those with which the machine went this way, first and after each move; `names`: how what is picked is
    called.
    """
    moves = space.walk(violation.origin, violation.moves)
    need = space.needs[name][violation.missing]
    steps, passed = list[Step](), 0
    for move in moves:
        passed += passed < len(violation.moves) and move is violation.moves[passed]
        steps.append(_step(space, move, values[passed] if values else {}, names))
    goal = space.system.places[name]
    steps[-1] = _of(goal, _RUNS, {"name": named(goal.node), "capability": need.shown})
    telling = [step for step, move in zip(steps, moves, strict=True) if _is_a_choice(space, move)]
    return tuple(steps), _line([*telling, steps[-1]] if telling[-1:] != steps[-1:] else telling)


def named(element: Node | Flow) -> Title:
    """As the drawing names it, in each of its languages."""
    return Title(element.name or element.id, element.labels)


def _line(steps: Sequence[Step]) -> Phrase:
    told = {f"step{number}": Phrase(step.message, **step.facts) for number, step in enumerate(steps)}
    return Phrase(" → ".join(f"{{{name}}}" for name in told), **told)


def _is_a_choice(space: Space, move: Move) -> bool:
    place = space.system.places[move.via]
    if move.word == PASSED:
        return False
    if move.word in _DECISIONS:
        return place.node.extensions.approval is not None
    return _branch(space, move) is not None or place.node.attached_to is not None or place.node.triggered_by_event


def _step(space: Space, move: Move, values: Mapping[str, Any], names: Names | None) -> Step:
    place = space.system.places[move.via]
    node = place.node
    flows = tuple(flow.id for flow, _ in move.ways)
    name = named(node)
    if node.attached_to is not None:
        host = space.system.places[place.prefix + node.attached_to].node
        kinds = [event.kind for event in node.events]
        message = _EVENTS.get(kinds[0], _COMES) if len(kinds) == 1 else _COMES
        return _of(place, message, {"name": named(host), "event": name}, flows)
    if move.word in _DECISIONS and node.extensions.approval is not None:
        return _of(place, _DECISIONS[move.word], {"name": name}, flows)
    if (branch := _branch(space, move)) is not None:
        data = _data(space, place, values, names)
        if data is not None:
            return _of(place, _CHOOSES_WITH, {"name": name, "branch": branch, "data": data}, flows)
        return _of(place, _CHOOSES, {"name": name, "branch": branch}, flows)
    words = {"begins": _BEGINS, "again": _AGAIN, "starts": _STARTS} | {
        word: _DECISIONS[word] for word in ("return", "recall")
    }
    if move.word in words:
        return _of(place, words[move.word], {"name": name}, flows)
    if node.type == "startEvent" or (node.triggered_by_event and not flows):
        return _of(place, _BEGINS, {"name": name}, flows)
    if node.type == "endEvent":
        return _of(place, _ENDS, {"name": name}, flows)
    return _of(place, _DONE if node.is_activity else _PASSES, {"name": name}, flows)


def _branch(space: Space, move: Move) -> Title | None:
    """The flow that is chosen, or where it leads, when there were others."""
    place = space.system.places[move.via]
    asks = any(flow.condition is not None for flow, _ in place.outgoing) or place.node.type == "eventBasedGateway"
    if len(move.ways) != 1 or len(place.outgoing) < 2 or not asks:
        return None
    flow, target = move.ways[0]
    return named(flow) if flow.name else named(space.system.places[target].node)


def _data(space: Space, place: Place, values: Mapping[str, Any], names: Names | None) -> Phrase | None:
    """What the conditions of a gateway read, with the values that were tried, named as forms name it."""
    found: dict[str, Phrase] = {}
    labels, choices, picked = space.subjects.labels, space.subjects.choices, space.subjects.picked
    for flow, _ in place.outgoing:
        for path in paths_in(flow.condition or ""):
            value = _at(values, path)
            if value is not None:
                chosen = choices.get(path, {}).get(value, value)
                if names is not None and path in picked and isinstance(value, str):
                    chosen = names(picked[path], value) or value
                found[path] = Phrase("{label} = {value}", label=labels.get(path) or Title(path, {}), value=chosen)
    told = {f"value{number}": phrase for number, phrase in enumerate(found.values())}
    return Phrase(", ".join(f"{{{name}}}" for name in told), **told) if told else None


def _at(values: Mapping[str, Any], path: str) -> Any:
    here: Any = values
    for name in path.split("."):
        here = here.get(name) if isinstance(here, Mapping) else None
    return None if isinstance(here, Mapping | list) else here


def _of(place: Place, message: str, facts: dict[str, object], flows: tuple[str, ...] = ()) -> Step:
    outermost, _, _ = place.prefix.partition("/")
    return Step(place.node.id, message, facts, flows, outermost)
