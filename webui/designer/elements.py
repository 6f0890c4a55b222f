"""What the elements of a drawing are called where somebody reads about them, also in one that cannot be published."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from engine.bpmn.parser.xml import Element, Unreadable, local_name, parse
from engine.errors import N_
from engine.findings import Finding
from webui import operation_names
from webui.rendering import label

KINDS = {
    "startEvent": N_("Start event"), "endEvent": N_("End event"), "boundaryEvent": N_("Boundary event"),
    "intermediateCatchEvent": N_("Catching event"), "intermediateThrowEvent": N_("Throwing event"),
    "task": N_("Task"), "userTask": N_("User task"), "serviceTask": N_("Service task"),
    "businessRuleTask": N_("Business rule task"), "scriptTask": N_("Script task"), "sendTask": N_("Send task"),
    "receiveTask": N_("Receive task"), "manualTask": N_("Manual task"), "callActivity": N_("Call activity"),
    "subProcess": N_("Sub-process"), "transaction": N_("Transaction"), "adHocSubProcess": N_("Ad-hoc sub-process"),
    "exclusiveGateway": N_("Exclusive gateway"), "inclusiveGateway": N_("Inclusive gateway"),
    "parallelGateway": N_("Parallel gateway"), "complexGateway": N_("Complex gateway"),
    "eventBasedGateway": N_("Event-based gateway"), "sequenceFlow": N_("Sequence flow"),
    "messageFlow": N_("Message flow"), "association": N_("Association"), "textAnnotation": N_("Text annotation"),
    "group": N_("Frame"), "lane": N_("Lane"), "participant": N_("Pool"), "dataObject": N_("Data object"),
    "dataObjectReference": N_("Data object"), "dataStoreReference": N_("Data store"), "dataStore": N_("Data store"),
    "process": N_("Process"), "collaboration": N_("Collaboration"), "message": N_("Message"), "signal": N_("Signal"),
    "error": N_("Error of the process"), "escalation": N_("Escalation"),
}  # fmt: skip
"""What each kind of element is called."""
_OF_ELEMENTS = frozenset((
    "element", "flow", "gateway", "source", "target", "host", "boundary", "first", "second", "scope", "node",
    "activity", "other", "event", "task",
    "transaction",
))  # fmt: skip
"""facts of findings that may hold the id of an element"""
_ABOUT_IDS = "duplicate-id"


def names(drawing: bytes) -> dict[str, str]:
    """By id, in the reader's language: the name, else the kind; of a flow without a name, from where to where it leads.
    Of what is no XML, nothing.
    """
    try:
        root = parse(drawing, "")
    except Unreadable:
        return {}
    found = {str(one.get("id")): one for one in root.iter("*") if one.get("id") and local_name(one) in KINDS}
    called = {key: _called(one) for key, one in found.items()}
    unnamed = {key: one for key, one in found.items() if one.get("sourceRef") and not one.get("name")}
    return called | {
        key: " → ".join(called.get(end, end) for end in (one.get("sourceRef", ""), one.get("targetRef", "")))
        for key, one in unnamed.items()
    }


def operations(drawing: bytes) -> dict[str, str]:
    """By id of the element, the operation that it calls."""
    called = ((one.getparent().getparent(), one) for one in parse(drawing, "").iter("{*}taskDefinition"))
    return {str(element.get("id")): one.get("type", "") for element, one in called if element is not None}


def facts(finding: Finding, called: Mapping[str, str]) -> dict[str, Any]:
    """What a finding says, elements, operations and their inputs by what they are called."""
    if finding.rule == _ABOUT_IDS:
        return finding.facts
    return {
        name: called[fact] if name in _OF_ELEMENTS and type(fact) is str and fact in called else fact
        for name, fact in operation_names.in_facts(finding.facts).items()
    }


def _called(element: Element) -> str:
    labels = {
        str(one.get("lang")): (one.text or "").strip()
        for one in element.iterfind("./{*}extensionElements/{*}label")
        if one.get("lang")
    }
    return label(labels, element.get("name") or "") or gettext(KINDS[local_name(element)])
