"""A file as the constraints see it: elements by tag and id, flows by their ends, and what the references mean."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn.model import ACTIVITIES, FLOW_NODES
from engine.bpmn.parser.xml import BPMN, Element, local_name, local_ref, text_of
from engine.findings import Level

TRUE = ("true", "1")  # xsd:boolean


@dataclass(frozen=True, slots=True)
class Violation:
    """What breaks a constraint. `facts` fill message and hint; `{element}` is given."""

    at: Element
    message: str
    hint: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Constraint:
    """One rule of the standard.

    `level`: None for what is looked at only when `lint.yml` says so. `said_by`: findings of the reader about the same
    element that already say it.
    """

    code: str
    level: Level | None
    check: Callable[["Drawing"], Iterator[Violation]]
    said_by: frozenset[str]


Check = Callable[["Drawing"], Iterator[Violation]]


def constraint(code: str, level: Level | None, *said_by: str) -> Callable[[Check], Constraint]:
    """Turns a generator of violations into a rule with this code."""
    return lambda check: Constraint(code, level, check, frozenset(said_by))


def tag(name: str) -> str:
    """The full name of a BPMN tag."""
    return f"{{{BPMN}}}{name}"


class Drawing:
    """One file, indexed once."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.ids: dict[str, Element] = {}
        self._tags: dict[str, list[Element]] = {}
        for element in root.iter(f"{{{BPMN}}}*"):
            self._tags.setdefault(local_name(element), []).append(element)
            if element.get("id") is not None:
                self.ids[element.get("id")] = element
        self._in: dict[str, list[Element]] = {}
        self._out: dict[str, list[Element]] = {}
        for flow in self.all("sequenceFlow"):
            self._out.setdefault(local_ref(flow.get("sourceRef")) or "", []).append(flow)
            self._in.setdefault(local_ref(flow.get("targetRef")) or "", []).append(flow)
        self._boundaries: dict[str, list[Element]] = {}
        for event in self.all("boundaryEvent"):
            self._boundaries.setdefault(local_ref(event.get("attachedToRef")) or "", []).append(event)

    def all(self, *names: str) -> Iterator[Element]:
        """Every element with one of these tags, tag by tag."""
        for name in names:
            yield from self._tags.get(name, ())

    def activities(self) -> Iterator[Element]:
        """Tasks, sub-processes and calls."""
        return self.all(*sorted(ACTIVITIES))

    def flow_nodes(self) -> Iterator[Element]:
        """Activities, events and gateways."""
        return self.all(*sorted(FLOW_NODES))

    def get(self, ref: str | None, *names: str) -> Element | None:
        """What a reference names, if it has one of these tags; any without tags."""
        found = self.ids.get(local_ref(ref) or "")
        return found if found is not None and (not names or local_name(found) in names) else None

    def incoming(self, node: Element) -> list[Element]:
        """The sequence flows that lead to a node."""
        return self._in.get(node.get("id") or "", [])

    def outgoing(self, node: Element) -> list[Element]:
        """The sequence flows that leave a node."""
        return self._out.get(node.get("id") or "", [])

    def boundaries(self, activity: Element) -> list[Element]:
        """The events attached to an activity."""
        return self._boundaries.get(activity.get("id") or "", [])

    def definitions(self, event: Element) -> list[Element]:
        """The event definitions of an event, those that it names among them."""
        found = []
        for child in event.iterchildren(f"{{{BPMN}}}*"):
            name = local_name(child)
            target = self.get(child.text) if name == "eventDefinitionRef" else child
            if target is not None and local_name(target).endswith("EventDefinition"):
                found.append(target)
        return found

    def kinds(self, event: Element) -> list[str]:
        """`message`, `timer` … for each of its definitions."""
        return [local_name(found).removesuffix("EventDefinition") for found in self.definitions(event)]

    def executable(self, element: Element) -> bool:
        """Whether it stands in a process that is meant to run."""
        process = self.process(element)
        return process is not None and process.get("isExecutable") in TRUE

    def process(self, element: Element) -> Element | None:
        """The process around an element, or itself."""
        while element is not None and local_name(element) != "process":
            element = element.getparent()
        return element

    def structure(self, item: str | None) -> str | None:
        """What an item definition describes; its own id when it says nothing. None for an item that is not there."""
        found = self.get(item, "itemDefinition")
        return None if found is None else found.get("structureRef") or f"#{found.get('id')}"

    def data_structure(self, ref: str | None) -> str | None:
        """What a data element holds, also behind a reference to an object or a store."""
        found = self.get(ref)
        if found is None:
            return None
        behind = self.get(found.get("dataObjectRef") or found.get("dataStoreRef"))
        for element in (found, behind):
            if element is not None and element.get("itemSubjectRef") is not None:
                return self.structure(element.get("itemSubjectRef"))
        return None


def is_set(element: Element, attribute: str, default: str = "false") -> bool:
    """The value of a boolean attribute."""
    return element.get(attribute, default) in TRUE


def children(element: Element, name: str) -> list[Element]:
    """The direct children with a tag."""
    return list(element.iterchildren(tag(name)))


def named(element: Element, name: str) -> list[str]:
    """What children such as `sourceRef` name."""
    return [local_ref(text_of(child)) or "" for child in element.iterchildren(tag(name))]
