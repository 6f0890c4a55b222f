"""Every FEEL text knows its variables, and no literal text is an expression by mistake.

Wrong: `= amuont > 500` where the form has `amount`; an assignee `${manager}`. Right: `= amount > 500`, `= manager`.
Texts that do not parse are reported by the compiler. Names are judged only where every source of variables is known.
"""

import difflib
from collections.abc import Iterator

from engine.bpmn.model import Node
from engine.bpmn.program import Expression, Slot
from engine.bpmn.program import Node as Compiled
from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.WARN
RESERVED = frozenset(("process", "approval"))


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each name that nothing writes, and one for each text that looks like an expression."""
    if drawn.program is None:
        return
    known = _written(drawn, library)
    for node in drawn.nodes():
        compiled = drawn.program.nodes[node.id]
        for slot in _slots(compiled):
            if slot.expression is None and ("${" in slot.text or "#{" in slot.text):
                yield Remark(
                    node, N_("'{name}': '{text}' is taken as plain text."), N_("An expression begins with '='."),
                    {"text": slot.text},
                )  # fmt: skip
        if known is not None:
            yield from _unknown(node, compiled, known)


def _unknown(node: Node, compiled: Compiled, known: set[str]) -> Iterator[Remark]:
    missing = {name for found in _expressions(compiled) for name in found.names} - known - RESERVED
    for name in sorted(missing):
        near = difflib.get_close_matches(name, sorted(known), 1)
        hint = N_("Did you mean '{near}'?") if near else N_("Correct the name, or add the field to a form.")
        yield Remark(
            node, N_("'{name}' reads '{variable}', which nothing writes."), hint,
            {"variable": name, "near": near[0] if near else ""},
        )  # fmt: skip


def _written(drawn: Drawn, library: Library) -> set[str] | None:
    """Every name that something writes; None when that cannot be known: payloads, unknown forms, called processes."""
    program = drawn.program
    assert program is not None  # noqa: S101 - the caller looks
    names: set[str] = set()
    if program.start_form is None:
        return None
    for form in program.forms():
        known = library.forms.get(form)
        if known is None:
            return None
        names.update(found.path.partition(".")[0] for found in known.fields)
    for node in program.nodes.values():
        written = _written_by(node, library)
        if written is None:
            return None
        names |= written
    return names


def _written_by(node: Compiled, library: Library) -> set[str] | None:
    names = {line.target[0] for line in (*node.inputs, *node.outputs)}
    if node.result is not None:
        names.add(node.result)
    if node.job is not None:
        operation = library.catalog.get(node.job.type.text)
        if operation is None:
            return None
        names.update(operation.outputs)
    if node.human is not None and node.human.form is not None and node.human.form.expression is not None:
        return None
    payload = node.event is not None and node.event.kind in ("message", "error") and node.type != "endEvent"
    if (payload or node.type == "callActivity") and not node.outputs:
        return None
    return names


def _expressions(node: Compiled) -> Iterator[Expression]:
    for slot in _slots(node):
        if slot.expression is not None:
            yield slot.expression
    if node.script is not None:
        yield node.script
    for edge in node.out:
        if edge.condition is not None:
            yield edge.condition


def _slots(node: Compiled) -> Iterator[Slot]:
    payload = node.event is not None or node.type == "callActivity"
    yield from (line.source for line in node.inputs)
    if not payload:  # an output mapping there reads what comes from outside
        yield from (line.source for line in node.outputs)
    if node.event is not None:
        yield from (slot for slot in (node.event.name, node.event.key) if slot is not None)
        if node.event.timer is not None:
            yield node.event.timer.slot
    human = node.human
    if human is not None:
        yield from (slot for _, slot in human.parameters)
        yield from (
            slot for slot in (human.form, human.due, human.follow_up, human.priority, human.subject) if slot is not None
        )
