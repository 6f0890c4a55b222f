"""BPMN XML -> Definition and findings; the only package that imports SpiffWorkflow."""

from engine.bpmn.model import FLOW_NODES, Definition, Reading
from engine.bpmn.parser.arrows import wrongly_connected
from engine.bpmn.parser.data import DataReader
from engine.bpmn.parser.markers import wrongly_marked
from engine.bpmn.parser.refusals import beside, refused
from engine.bpmn.parser.spiff import DrawingParser
from engine.bpmn.parser.structure import misplaced
from engine.bpmn.parser.xml import BPMN, Element, Unreadable, local_name, namespace, read_tree, schema_findings
from engine.errors import N_
from engine.findings import Finding, Level


def read(xml: bytes, resource: str = "") -> Reading:
    """The drawing in `xml` and everything that is wrong with it. Never raises for bad input.

    `definition` is None when the file is no BPMN or its ids are not unique. Findings of level error mean that the
    drawing cannot be deployed; non-executable processes are read, but not judged.
    """
    try:
        root = read_tree(xml, resource)
    except Unreadable as error:
        return Reading(None, [error.finding])
    findings = _identify(root, resource)
    if findings:
        return Reading(None, findings)
    schema, nameless = schema_findings(root, resource), list(beside(root, resource))
    parser = DrawingParser(resource, findings.append)
    definition = parser.parse(root)
    findings.extend((*schema, *nameless))
    findings.extend(_judge(root, definition, parser.data, resource))
    definition.findings = findings
    return Reading(definition, findings)


def _judge(root: Element, definition: Definition, data: DataReader, resource: str) -> list[Finding]:
    findings: list[Finding] = []
    elements = {element.get("id"): element for element in root.iterchildren(f"{{{BPMN}}}process")}
    for process in definition.executable:
        findings.extend(refused(elements[process.id], resource))
        findings.extend(misplaced(process, resource))
        findings.extend(wrongly_marked(process, resource))
        findings.extend(wrongly_connected(elements[process.id], data, resource))
    if not definition.executable:
        first = definition.processes[0] if definition.processes else None
        findings.append(
            Finding(
                "nothing-executable", Level.ERROR, first.id if first else None,
                N_("Expected at least one executable process in the file, found none."), {},
                N_("Set 'executable' in the properties of the process."),
                line=first.line if first else root.sourceline, resource=resource,
            )
        )  # fmt: skip
    return findings


def _identify(root: Element, resource: str) -> list[Finding]:
    """Ids must be unique; a flow node without one gets the number of its tag, e.g. `task_3`."""
    findings = []
    seen: dict[str, int] = {}
    counts: dict[str, int] = {}
    nameless = []
    for element in root.iter("*"):
        if namespace(element) != BPMN:
            continue
        key = element.get("id")
        if key is None:
            if local_name(element) in FLOW_NODES or local_name(element) == "process":
                nameless.append(element)
            continue
        if key in seen:
            findings.append(
                Finding(
                    "duplicate-id", Level.ERROR, key,
                    N_("Id '{element}' at line {line} is already used at line {first}."),
                    {"element": key, "line": element.sourceline, "first": seen[key]},
                    N_("Give one of the two another id."), line=element.sourceline, resource=resource,
                )
            )  # fmt: skip
        seen[key] = element.sourceline
    for element in nameless:
        tag = local_name(element)
        while True:
            counts[tag] = counts.get(tag, 0) + 1
            if f"{tag}_{counts[tag]}" not in seen:
                break
        element.set("id", f"{tag}_{counts[tag]}")
    return findings
