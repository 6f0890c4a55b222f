"""A drawing for what has none: pools, lanes, sub-processes and their planes, boundary events, data, message flows.

What is drawn already stays as it is. Only when parts that should be visible have no place is everything set out anew.
"""

from engine.bpmn.imports.layout.diagram import Diagram
from engine.bpmn.imports.layout.drawn import Drawn
from engine.bpmn.imports.report import Collector, Kind
from engine.bpmn.imports.writing import BPMNDI, bpmn, insert, same_prefix
from engine.bpmn.model import FLOW_NODES
from engine.bpmn.parser.xml import Element, local_name
from engine.errors import N_


def complete(root: Element, report: Collector) -> None:
    """Give everything in the file that can be drawn a place."""
    _something_to_show(root, report)
    drawn = Drawn(root)
    missing = drawn.missing()
    if not drawn.nodes_drawn and (missing or not drawn.planes):
        if missing:
            report.add(Kind.TRANSLATED, None, N_("The file had no drawing; it was laid out automatically."))
    elif missing:
        report.add(
            Kind.APPROXIMATED, None, N_("{count} elements had no place in the drawing; it was laid out anew."),
            count=len(missing),
        )  # fmt: skip
    else:
        for process in _without_pool(root, drawn):
            participant = _pool(root, process, report)
            Diagram(root).pool_around(participant, process, drawn)
        diagram = Diagram(root)
        for scope in drawn.hidden():
            diagram.plane_of(scope)
        diagram.missing_parts(drawn)
        if len(drawn.planes_of_whole_drawings()) > 1:
            report.add(
                Kind.KEPT, None, N_("The file holds {count} drawings; the canvas shows the first."),
                count=len(drawn.planes_of_whole_drawings()),
            )  # fmt: skip
        return
    for diagram_element in list(root.iterchildren(f"{{{BPMNDI}}}BPMNDiagram")):
        root.remove(diagram_element)
    _pools(root, report)
    Diagram(root).whole()


def _something_to_show(root: Element, report: Collector) -> None:
    """A canvas needs a process or a collaboration."""
    if root.find(bpmn("process")) is None and root.find(bpmn("collaboration")) is None:
        process = same_prefix(root, "process")
        process.set("id", "empty_process")
        process.set("isExecutable", "false")
        insert(root, _before_diagrams(root), process)
        report.add(Kind.APPROXIMATED, None, N_("The file holds no process; an empty one was added to show it."))


def _pools(root: Element, report: Collector) -> None:
    """Several processes, or lanes, are only seen in pools."""
    processes = [
        process for process in root.iterchildren(bpmn("process"))
        if any(local_name(child) in FLOW_NODES for child in process.iterchildren("*"))
    ]  # fmt: skip
    shown = {part.get("processRef") for part in root.iter(bpmn("participant"))}
    collaboration = root.find(bpmn("collaboration"))
    needed = len(processes) > 1 or (collaboration is not None and collaboration.find(bpmn("participant")) is not None)
    needed = needed or any(process.find(f"{bpmn('laneSet')}/{bpmn('lane')}") is not None for process in processes)
    lacking = [process for process in processes if process.get("id") not in shown]
    if not needed or not lacking:
        return
    for process in lacking:
        _pool(root, process, report)


def _pool(root: Element, process: Element, report: Collector) -> Element:
    """A participant of the collaboration for `process`."""
    taken = {element.get("id") for element in root.iter("*")}
    collaboration = root.find(bpmn("collaboration"))
    if collaboration is None:
        collaboration = same_prefix(root, "collaboration")
        collaboration.set("id", _free("collaboration", taken))
        insert(root, _before_diagrams(root), collaboration)
    participant = same_prefix(root, "participant")
    participant.set("id", _free(f"pool_{process.get('id')}", taken))
    if process.get("name"):
        participant.set("name", process.get("name"))
    participant.set("processRef", process.get("id"))
    insert(collaboration, sum(1 for part in collaboration if local_name(part) == "participant"), participant)
    report.add(Kind.APPROXIMATED, process, N_("It got a pool: lanes and several processes are only shown in pools."))
    return participant


def _without_pool(root: Element, drawn: Drawn) -> list[Element]:
    """Processes that are drawn beside pools; a canvas would show the pools alone."""
    collaboration = root.find(bpmn("collaboration"))
    if collaboration is None or collaboration.get("id") not in drawn.planes:
        return []
    shown = {part.get("processRef") for part in root.iter(bpmn("participant"))} | drawn.planes.keys()
    return [
        process for process in root.iterchildren(bpmn("process"))
        if process.get("id") not in shown and any(child.get("id") in drawn.shapes for child in process)
    ]  # fmt: skip


def _free(key: str, taken: "set[str | None]") -> str:
    number = 0
    found = key
    while found in taken:
        number += 1
        found = f"{key}_{number}"
    taken.add(found)
    return found


def _before_diagrams(root: Element) -> int:
    return sum(1 for child in root if local_name(child) not in ("BPMNDiagram", "relationship"))
