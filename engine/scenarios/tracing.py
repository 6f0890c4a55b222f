"""What happened while a process was played: ways taken, what conditions and decisions gave, what was called."""

from dataclasses import dataclass, field
from typing import Any, Literal

from engine.bpmn.program import Edge
from engine.bpmn.steps import (
    DecisionEvaluated,
    FlowTaken,
    IncidentRaised,
    InstanceEnded,
    MessageThrown,
    NodeLeft,
    SignalThrown,
    Step,
)
from engine.db.instance import Instance
from engine.errors import InvalidValue
from engine.feel.values import kind_of
from engine.values import Values, normalise

Answered = Literal["run", "sample", "told"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One condition: its text, what it gave, whether its flow was taken, and the values that it read."""

    flow: str
    condition: str
    value: Any
    taken: bool
    read: Values


@dataclass(frozen=True, slots=True)
class Choice:
    """A place where conditions decided. `taken`: the flows, a default one included; none when it got stuck."""

    node: str
    judged: tuple[Judged, ...]
    taken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Called:
    """An operation. `how`: it was run, or answered by a sample or as told. `code`: of its refusal or failure, which is
    no business error when it `broke`."""

    operation: str
    inputs: Values
    how: Answered
    outputs: Values | None = None
    code: str = ""
    text: str = ""
    broke: bool = False


@dataclass
class Seen:
    """Everything between two acts, in its order. `left`: elements whose visit ended; `flows`: (process, flow)."""

    flows: list[tuple[str, str]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    decisions: list[DecisionEvaluated] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)
    thrown: list[tuple[str, str]] = field(default_factory=list)
    incidents: list[IncidentRaised] = field(default_factory=list)
    ended: str | None = None


class Trace:
    """A watcher (`runtime.watching`) that keeps what it sees, one `Seen` for each act."""

    def __init__(self) -> None:
        self.acts: list[Seen] = []
        self._judged: list[tuple[Edge, Any, Values]] = []

    def begin(self) -> None:
        """The next act."""
        self.acts.append(Seen())

    @property
    def now(self) -> Seen:
        """What is under way."""
        return self.acts[-1]

    def judged(self, edge: Edge, value: Any, context: Values) -> None:
        """A condition gave `value`."""
        names = edge.condition.names if edge.condition is not None else ()
        self._judged.append((edge, value, {name: _plain(context[name]) for name in sorted(names) if name in context}))

    def stepped(self, instance: Instance, step: Step) -> None:
        """Facts in causal order."""
        if not self.acts:
            self.begin()
        seen, taken = self.now, [fact.flow for fact in step.facts if isinstance(fact, FlowTaken)]
        for fact in step.facts:
            match fact:
                case FlowTaken():
                    scope = step.state.scopes.get(fact.scope)
                    program = scope.program if scope is not None else step.state.program
                    seen.flows.append((program.process_id, fact.flow))
                case NodeLeft():
                    seen.left.append(fact.node)
                case DecisionEvaluated():
                    seen.decisions.append(fact)
                case MessageThrown() | SignalThrown():
                    seen.thrown.append((fact.node, fact.name))
                case IncidentRaised():
                    seen.incidents.append(fact)
                case InstanceEnded():
                    seen.ended = fact.code or fact.node or fact.how
        seen.choices += self._choices(step, taken)

    def _choices(self, step: Step, taken: list[str]) -> list[Choice]:
        """One for each visit that asked conditions; what a preview asked stands before them and is dropped."""
        left = [fact.node for fact in step.facts if isinstance(fact, NodeLeft | IncidentRaised)]
        found: list[Choice] = []
        asked, self._judged = self._judged, []
        for node in reversed(left):
            group: list[tuple[Edge, Any, Values]] = []
            while asked and asked[-1][0].source.id == node and asked[-1][0] not in [edge for edge, _, _ in group]:
                group.insert(0, asked.pop())
            if group:
                source = group[0][0].source
                ways = {edge.id for edge in (*source.out, *([source.default] if source.default is not None else []))}
                went = [flow for flow in taken if flow in ways]
                judged = tuple(
                    Judged(edge.id, edge.condition_text or "", _plain(value), edge.id in went, read)
                    for edge, value, read in group
                )
                found.insert(0, Choice(node, judged, tuple(dict.fromkeys(went))))
        return found


def _plain(value: Any) -> Any:
    """A value as it may be stored; of another (a function, an error) its kind."""
    try:
        return normalise(value)
    except InvalidValue:
        return kind_of(value)
