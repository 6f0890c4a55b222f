"""Names that an expression of a drawing may read, with their types: what forms, operations, decisions, scripts and
mappings write, and what the engine keeps."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from engine.bpmn.compiler import COUNTERS
from engine.bpmn.model import Node
from engine.dmn import model as dmn_model
from engine.dmn.program import program_of
from engine.feel import types
from engine.feel.analysis import analyse, long_names
from engine.feel.types import ANY, Type, common, item_of, list_of
from engine.forms.types import types_of
from engine.lint.library import Drawn, Library

_TEXT, _NUMBER, _MOMENT = Type("string"), Type("number"), Type("date and time")
_BOOLEAN = Type("boolean")
_WITH_PAYLOAD = frozenset(("message", "signal", "error", "escalation"))
_CATCHING = frozenset(("startEvent", "intermediateCatchEvent", "boundaryEvent"))
_PERSON = ("id", "login", "name", "department", "department_name", "position", "manager")
_PROCESS = Type(
    "context",
    members=(
        *((name, _TEXT) for name in ("id", "key", "instance_id", "business_key", "number")),
        ("version", _NUMBER),
        ("started_at", _MOMENT),
        ("initiator", Type("context", members=tuple((name, _TEXT) for name in _PERSON))),
    ),
)
_OUTCOME = Type(
    "context",
    members=(
        ("outcome", _TEXT),
        *((name, _NUMBER) for name in ("round", "agreed", "rejected", "total")),
        ("by", list_of(_TEXT)),
        ("at", _MOMENT),
    ),
)
_OF_OPERATIONS = {"id": _TEXT}


@dataclass(slots=True)
class Variables:
    """`types` by name; `origins`: element id that writes a name, by name. `closed`: nothing else writes any."""

    types: dict[str, Type] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    closed: bool = True

    def write(self, name: str, of: Type, element: str) -> None:
        """One more place that writes this name; of two types it may have either."""
        self.types[name] = common([self.types[name], of]) if name in self.types else of
        self.origins.setdefault(name, element)


def variables_of(drawn: Drawn, library: Library) -> Variables:
    """All of one process, whether it compiles or not."""
    nodes = list(drawn.process.all_nodes())
    outside = Variables(closed=any(node.type == "startEvent" and node.extensions.form for node in nodes))
    for node in nodes:
        _from_outside(node, library, outside)
    declared = [item for scope in drawn.process.all_scopes() for item in scope.data]
    for item in (*declared, *(item for node in nodes for item in node.data)):
        outside.write(item.name, ANY, item.id)
    approvals = tuple((node.id, _OUTCOME) for node in nodes if node.extensions.approval is not None)
    outside.types |= {"process": _PROCESS, "approval": Type("context", members=approvals)}
    found = outside
    for _ in range(3):  # a mapping may read what a later one of the drawing writes
        computed = replace(outside, types=dict(outside.types), origins=dict(outside.origins))
        known = _Known(found.types, long_names(found.types))
        for node in nodes:
            _computed(node, known, computed)
        found = computed
    return found


class _Known(NamedTuple):
    """What a mapping may read. `names`: those that a compiler must be told, looked for once."""

    types: dict[str, Type]
    names: frozenset[str]


def _from_outside(node: Node, library: Library, found: Variables) -> None:
    extensions = node.extensions
    if extensions.form:
        form = None if extensions.form.startswith("=") else library.form(extensions.form)
        if form is None:
            found.closed = False
        else:
            for name, of in types_of(form.components).items():
                found.write(name, of, node.id)
    if extensions.task is not None:
        operation = library.catalog.get(extensions.task.type)
        if operation is None:
            found.closed = False
        else:
            for name, text in operation.outputs.items():
                found.write(name, types.read(text, _OF_OPERATIONS), node.id)
    if extensions.decision is not None:
        found.write(
            extensions.decision.result_variable, _of_decision(extensions.decision.decision_id, library), node.id
        )
    brings = any(event.kind in _WITH_PAYLOAD for event in node.events) and node.type in _CATCHING
    payload = brings or node.type == "receiveTask"
    if (payload or node.type == "callActivity") and not extensions.outputs:
        found.closed = False


def _computed(node: Node, known: _Known, found: Variables) -> None:
    extensions, loop = node.extensions, node.loop
    if loop is not None:
        for name in COUNTERS:
            found.write(name, _NUMBER, node.id)
        if loop.item and loop.collection:
            found.write(loop.item, item_of(_type_of(loop.collection, known)), node.id)
        if loop.result and loop.element:
            found.write(loop.result, list_of(_type_of(loop.element, known)), node.id)
    if node.type == "complexGateway":
        found.write("activationCount", _NUMBER, node.id)
        found.write("waitingForStart", _BOOLEAN, node.id)
    for line in (*extensions.inputs, *extensions.outputs):
        head, *rest = line.target.split(".")
        of = ANY if rest else _type_of(line.source, known)
        found.write(head, of, node.id)
    if extensions.script is not None:
        found.write(extensions.script.result_variable, _type_of(f"={extensions.script.expression}", known), node.id)


def _type_of(text: str, known: _Known) -> Type:
    """Of a slot: FEEL behind `=`, else plain text."""
    if not text.startswith("="):
        return _TEXT
    return analyse(text.lstrip("="), known.types, closed=False, names=known.names).type


def _of_decision(decision_id: str, library: Library) -> Type:
    """By its own type, else by the types of the outputs of its table."""
    model = library.decision(decision_id)
    decision = None if model is None else model.elements.get(decision_id)
    if model is None or not isinstance(decision, dmn_model.Decision):
        return ANY
    named = program_of(model).types
    if decision.type:
        return named.reference(decision.type)
    table = decision.logic
    if not isinstance(table, dmn_model.DecisionTable) or table.hit_policy not in dmn_model.SINGLE_HIT:
        return ANY
    outputs = [(output.name or "", named.reference(output.type)) for output in table.outputs]
    return outputs[0][1] if len(outputs) == 1 else Type("context", members=tuple(outputs))
