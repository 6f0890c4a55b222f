"""What is named exists: operations with their inputs, forms, decisions, called processes, error codes.

Wrong: `erp.reserve_stok`, or an input that the operation does not have. Right: a name of the catalogue, every required
input mapped.
"""

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from engine.bpmn.model import DataItem, Node, Process
from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.ERROR


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each reference that leads nowhere."""
    for node in drawn.nodes():
        task = node.extensions.task
        if task is not None and not task.type.startswith("="):
            operation = library.catalog.get(task.type)
            if operation is None:
                yield _missing(node, "operation", task.type, library.catalog)
            else:
                yield from _inputs(node, operation)
        form = node.extensions.form
        if form is not None and not form.startswith("=") and not library.has_form(form):
            yield _missing(node, "form", form, {*library.forms, *library.known.forms})
        decision = node.extensions.decision
        key = decision.decision_id if decision is not None and task is None else "="
        if not key.startswith("=") and not library.has_decision(key):
            yield _missing(node, "decision", key, {*library.decisions, *library.known.decisions})
        if node.type == "callActivity":
            yield from _called(node, library)
    paper = drawn.process.extensions.print_form
    if paper is not None and not library.has_form(paper):
        yield _missing(drawn.process, "form", paper, {*library.forms, *library.known.forms})
    yield from _codes(drawn, library)


def _called(node: Node, library: Library) -> Iterator[Remark]:
    called = node.call
    key = called.process_id if called is not None else ""
    if key and not key.startswith("=") and not library.has_process(key):
        yield _missing(node, "process", key, {*library.processes, *library.known.processes})
    callee = library.processes.get(key)
    if callee is not None and callee.process.specified:
        yield from _exchanged(node, callee.process)


def _exchanged(node: Node, called: Process) -> Iterator[Remark]:
    """BPMN 2.0.2, 10.3.6: what a call passes and takes is what the called process declares."""
    passed = {line.target.partition(".")[0] for line in node.extensions.inputs} | _names(node.data, "input")
    everything = node.call is not None and node.call.propagate_parent
    for item in called.data:
        if item.kind == "input" and item.required and item.name not in passed and not everything:
            yield Remark(
                node, N_("'{name}' does not pass the data input '{input}', which '{process}' requires."),
                N_("Give the call a data input of this name, and draw an arrow to it."),
                {"input": item.name, "process": called.id},
            )  # fmt: skip
    for kind in ("input", "output"):
        for found in sorted(_names(node.data, kind) - _names(called.data, kind)):
            yield Remark(
                node, N_("'{name}' declares '{found}', but '{process}' has no data {kind} of this name."),
                N_("It has: {known}."),
                {"found": found, "process": called.id, "kind": kind,
                 "known": ", ".join(sorted(_names(called.data, kind))) or "-"},
            )  # fmt: skip


def _names(items: Iterable[DataItem], kind: str) -> set[str]:
    return {item.name for item in items if item.kind == kind}


def _inputs(node: Node, operation: Any) -> Iterator[Remark]:
    given = {line.target.partition(".")[0] for line in node.extensions.inputs} | _names(node.data, "input")
    offered = {parameter.name: parameter for parameter in operation.parameters}
    for name in sorted(given - offered.keys()):
        yield Remark(
            node, N_("'{name}' maps the input '{input}', which operation {operation} does not have."),
            N_("It has: {known}."), {"input": name, "operation": operation.name, "known": ", ".join(offered) or "-"},
        )  # fmt: skip
    for name, parameter in offered.items():
        if parameter.required and name not in given:
            yield Remark(
                node, N_("'{name}' does not map the input '{input}', which operation {operation} requires."),
                N_("Map it: {type}."), {"input": name, "operation": operation.name, "type": parameter.type},
            )  # fmt: skip


def _codes(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """A boundary event on a task that calls an operation catches a code that the operation declares."""
    for boundary in drawn.nodes("boundaryEvent"):
        host = drawn.process.node(boundary.attached_to or "")
        task = host.extensions.task if host is not None else None
        operation = library.catalog.get(task.type) if task is not None else None
        if operation is None:
            continue
        for event in boundary.events:
            if event.kind == "error" and event.code is not None and event.code not in operation.errors:
                yield Remark(
                    boundary, N_("'{name}' catches '{code}', which operation {operation} never throws."),
                    N_("It throws: {known}."),
                    {"code": event.code, "operation": operation.name, "known": ", ".join(operation.errors) or "-"},
                )  # fmt: skip


def _missing(node: Node | Process, kind: str, key: str, known: Iterable[str]) -> Remark:
    near = difflib.get_close_matches(key, list(known), 1)
    facts: dict[str, Any] = {"kind": kind, "key": key}
    if near:
        return Remark(
            node, N_("'{name}' names the {kind} '{key}', which does not exist."), N_("Did you mean '{near}'?"),
            {**facts, "near": near[0]},
        )  # fmt: skip
    remedy = N_("Deploy it together with this process, or choose another one.")
    if kind == "operation":  # a function of a module: nobody deploys it
        remedy = N_("Choose an operation of the catalogue; a job type of another product means nothing here.")
    return Remark(node, N_("'{name}' names the {kind} '{key}', which does not exist."), remedy, facts)
