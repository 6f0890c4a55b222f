"""Whatever a step writes under a name that the drawing gives is read by something: an expression, a decision, a form.

Wrong: a script that writes `total`, which nothing asks for. Right: the next step shows it, or a condition reads it.
Fields of forms are shown to people, and results of operations without a mapping are not the drawing's: neither is
judged. A process that others call gives its variables back, and a step that is called with all of them may read any.
"""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from engine.bpmn.model import Node
from engine.bpmn.program import Expression, Program, Slot
from engine.dmn.model import Decision, Knowledge, Model
from engine.dmn.program import expressions_in, free_names, program_of
from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.INFO
_CONSTANT = re.compile(r"=\s*(null|true|false)|[^=].*|", re.DOTALL)


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each name of a step that nothing reads."""
    program = drawn.program
    if program is None or _open(program):
        return
    written = [(node, name) for node in drawn.nodes() for name in _written(node)]
    if not written:
        return
    read = _read(program).union(_shown(program, library), _asked(drawn, library), _taken(program, library))
    unread = [(node, name) for node, name in written if name not in read]
    if not unread or _is_called(program, library):
        return
    for node, name in unread:
        yield Remark(
            node, N_("'{name}' writes '{variable}', which nothing reads."),
            N_("Use it in a condition, a form or a step, or write it no longer."), {"variable": name},
        )  # fmt: skip


def _is_called(program: Program, library: Library) -> bool:
    """By a process of this check, or a deployed one: asked last, for that reads all that is deployed."""
    beside = [other.program for other in library.processes.values() if other.program is not None]
    own = any(call.id == program.process_id for one in beside for call in one.calls())
    return own or library.known.called(program.process_id)


def _open(program: Program) -> bool:
    """Whether somebody may read every variable: what is called with all of them, or a form that is computed."""
    called = [node.call for node in program.nodes.values() if node.call is not None and node.type == "callActivity"]
    return any(call.propagate_parent for call in called) or any(one.id is None for one in program.shown_forms)


def _written(node: Node) -> Iterator[str]:
    """Names that the drawing chose for what this step gives; a constant says that nothing of it is wanted."""
    extensions = node.extensions
    if extensions.script is not None:
        yield extensions.script.result_variable
    if extensions.decision is not None:
        yield extensions.decision.result_variable
    if node.loop is not None and node.loop.result:
        yield node.loop.result
    results = [line for line in extensions.outputs if _CONSTANT.fullmatch(line.source.strip()) is None]
    yield from dict.fromkeys(line.target.partition(".")[0] for line in results)


def _read(program: Program) -> set[str]:
    """Free names of every expression of a compiled process, whatever it belongs to."""
    found: set[str] = set(program.summary)
    seen: set[int] = set()
    waiting: list[Any] = [program]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Expression):
            found |= part.names
        elif isinstance(part, Slot) and part.expression is None:  # a strategy may name a field
            found.add(part.text.partition(".")[0])
        elif isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, list | tuple):
            waiting += part
        elif is_dataclass(part):
            waiting += [getattr(part, one.name) for one in fields(part) if not one.name.startswith("bound_")]
    return found


def _shown(program: Program, library: Library) -> Iterator[str]:
    """What forms show or ask for."""
    for one in program.shown_forms:
        form = library.form(one.id or "")
        if form is not None:
            yield from (*form.reads, *(field.path.partition(".")[0] for field in form.fields))


def _asked(drawn: Drawn, library: Library) -> Iterator[str]:
    """Free names of the decisions that are asked, and of all that stand in their files."""
    models: dict[int, Model] = {}
    for key in {key for node in drawn.nodes() for key in node.asked_decisions()}:
        model = library.decision(key)
        if model is not None:
            models[id(model)] = model
    for model in models.values():
        program = program_of(model)
        for element in model.elements.values():
            if isinstance(element, Decision | Knowledge):
                for expression in expressions_in(element):
                    yield from free_names(program, expression)


def _taken(program: Program, library: Library) -> Iterator[str]:
    """Inputs that an operation takes by their name, where none are mapped."""
    for use in program.operations():
        operation = library.catalog.get(use.type)
        if operation is not None and not use.inputs:
            yield from (parameter.name for parameter in operation.parameters)
