"""Foreign files in a few lines, and what became of them as values that can be compared."""

from lxml import etree

from engine import bpmn
from engine.bpmn import imports

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
HEAD = (
    f'<definitions xmlns="{BPMN}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    ' xmlns:troika="urn:troika:bpmn:1.0" xmlns:flowable="http://flowable.org/bpmn"'
    ' xmlns:activiti="http://activiti.org/bpmn"'
    ' xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" xmlns:other="urn:other"'
    ' id="definitions" targetNamespace="urn:test">'
)


def file(body: str, roots: str = "", process: str = "") -> bytes:
    """One executable process `p` around `body`; `roots`: messages, errors, collaborations."""
    return f'{HEAD}{roots}<process id="p" isExecutable="true" {process}>{body}</process></definitions>'.encode()


def meaning(xml: bytes) -> str:
    """Canonical XML of everything but the drawing, without the space between elements, one element per line."""
    root = etree.fromstring(xml, etree.XMLParser(remove_blank_text=True))
    for diagram in root.findall(f"{{{BPMNDI}}}BPMNDiagram"):
        root.remove(diagram)
    etree.cleanup_namespaces(root, keep_ns_prefixes=["xsi"])
    etree.indent(root)
    return "".join(etree.tostring(child, method="c14n", exclusive=True).decode() + "\n" for child in root)


def became(body: str, roots: str = "", process: str = "") -> str:
    """The meaning of the translated file; also that it is read, and that translating it again changes nothing."""
    found = imports.translate(file(body, roots, process), "test.bpmn")
    assert found.xml is not None
    assert bpmn.read(found.xml).definition is not None
    assert imports.translate(found.xml).xml == found.xml
    return meaning(found.xml)


def same(body: str, roots: str = "", process: str = "") -> str:
    """The meaning of a file as it stands."""
    return meaning(file(body, roots, process))


def said(body: str, roots: str = "", process: str = "") -> list[str]:
    """`element: kind: text` of every note about an element of the process."""
    notes = imports.translate(file(body, roots, process), "test.bpmn").notes
    return [f"{note.element_id}: {note}" for note in notes if note.element_id is not None]
