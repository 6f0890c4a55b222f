"""Every FEEL text knows its variables and fits their types, and no literal text is an expression by mistake.

Wrong: `= amuont > 500` where the form has `amount`, `= amount > "500"`, an assignee `${manager}`. Right:
`= amount > 500`, `= manager`. Texts that do not parse are reported by the compiler. Names are judged only where every
source of variables is known.
"""

from collections.abc import Iterator

from engine.bpmn.model import Flow, Node
from engine.bpmn.program import Expression, Program, Slot
from engine.bpmn.program import Node as Compiled
from engine.errors import N_
from engine.feel.analysis import analyse
from engine.feel.diagnostics import Diagnostic
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark
from engine.lint.variables import variables_of

LEVEL = Level.WARN


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each thing that is wrong with an expression, one for each text that looks like an expression."""
    if drawn.program is None:
        return
    known = variables_of(drawn, library)
    flows = drawn.flows()
    for node, compiled in _compiled(drawn, drawn.program):
        for slot in _slots(compiled):
            if slot.expression is None and ("${" in slot.text or "#{" in slot.text):
                yield Remark(
                    node, N_("'{name}': '{text}' is taken as plain text."), N_("An expression begins with '='."),
                    {"text": slot.text},
                )  # fmt: skip
        for expression in _expressions(compiled):
            found = analyse(expression.code, known.types, closed=known.closed)
            yield from (_remark(node, expression, diagnostic) for diagnostic in found.diagnostics)
        for expression in _conditions(compiled):
            found = analyse(expression.code, known.types, closed=known.closed, condition=True)
            yield from (_remark(node, expression, diagnostic) for diagnostic in found.diagnostics)
        for edge in compiled.out:
            if edge.condition is not None:
                found = analyse(edge.condition.code, known.types, closed=known.closed, condition=True)
                yield from (_remark(flows[edge.id], edge.condition, diagnostic) for diagnostic in found.diagnostics)


def _compiled(drawn: Drawn, program: Program) -> Iterator[tuple[Node, Compiled]]:
    """Each node, and the activity inside of each loop."""
    for node in drawn.nodes():
        compiled = program.nodes[node.id]
        yield node, compiled
        if compiled.turn is not None:
            yield from ((node, inner) for inner in compiled.turn.nodes)


def _remark(element: Node | Flow, expression: Expression, diagnostic: Diagnostic) -> Remark:
    near = diagnostic.facts.get("near")
    facts = {**diagnostic.facts, "expression": expression.text}
    if diagnostic.code == "unknown-name":
        hint = N_("Did you mean '{near}'?") if near else N_("Correct the name, or add the field to a form.")
        facts = {"variable": diagnostic.facts["name"], "near": near}
        return Remark(element, N_("'{name}' reads '{variable}', which nothing writes."), hint, facts)
    hint = N_("Did you mean '{near}'?") if near else N_("In: {expression}")
    return Remark(element, diagnostic.message, hint, facts)


def _expressions(node: Compiled) -> Iterator[Expression]:
    for slot in _slots(node):
        if slot.expression is not None:
            yield slot.expression
    if node.script is not None:
        yield node.script
    if node.loop is not None:
        loop = node.loop
        parts = (loop.condition, loop.cardinality, loop.collection, loop.element, loop.completion)
        yield from (part for part in parts if part is not None)


def _conditions(node: Compiled) -> Iterator[Expression]:
    """What a conditional event or a complex gateway waits for."""
    found = (*(event.condition for event in node.events), node.activation)
    yield from (expression for expression in found if expression is not None)


def _slots(node: Compiled) -> Iterator[Slot]:
    payload = node.event is not None or node.type == "callActivity"
    for variable in node.data.variables if node.data is not None else ():
        if variable.initial is not None:
            yield variable.initial
    yield from (line.source for line in node.inputs)
    if not payload:  # an output mapping there reads what comes from outside
        yield from (line.source for line in node.outputs)
    for event in node.events:
        yield from (slot for slot in (event.name, event.key) if slot is not None)
        if event.timer is not None:
            yield event.timer.slot
    human = node.human
    if human is not None:
        yield from (slot for _, slot in human.parameters)
        yield from (
            slot for slot in (human.form, human.due, human.follow_up, human.priority, human.subject) if slot is not None
        )
