"""What the scenarios of a process have gone through, and what they have not: flows, ways of gateways, rules."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.bpmn.program import Program
from engine.dmn.model import DecisionTable, Model
from engine.scenarios.tracing import Seen


@dataclass(frozen=True, slots=True)
class Part:
    """Some of all: `missing` in the order of the drawing."""

    covered: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.covered) + len(self.missing)


@dataclass
class Coverage:
    """Of one process. `rules`: decision -> its rules by number, from 1."""

    flows: Part
    outcomes: Part
    nodes: tuple[str, ...] = ()
    rules: dict[str, Part] = field(default_factory=dict)


def of(program: Program, seen: Iterable[Seen], decisions: Iterable[tuple[str, Model]]) -> Coverage:
    """`decisions`: those that the process asks, with their models."""
    taken: set[str] = set()
    left: set[str] = set()
    hit: set[tuple[str, str]] = set()
    for act in seen:
        taken |= {flow for process, flow in act.flows if process == program.process_id}
        left |= set(act.left)
        hit |= {(fact.decision, rule) for fact in act.decisions for rule in fact.rules}
    drawn = [edge for edge in program.flows.values() if edge.drawn]
    rules = {}
    for name, model in decisions:
        logic = getattr(model.find(name), "logic", None)
        if isinstance(logic, DecisionTable):
            numbered = [(str(number), (name, rule.id) in hit) for number, rule in enumerate(logic.rules, 1)]
            rules[name] = _part(numbered)
    return Coverage(
        _part([(edge.id, edge.id in taken) for edge in drawn]),
        _part([(edge.id, edge.id in taken) for edge in drawn if not edge.source.plain]),
        tuple(node for node in program.nodes if node in left), rules,
    )  # fmt: skip


def _part(items: list[tuple[str, bool]]) -> Part:
    return Part(tuple(key for key, yes in items if yes), tuple(key for key, yes in items if not yes))
