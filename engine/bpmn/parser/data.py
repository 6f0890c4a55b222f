"""Data of a drawing: which variable each data object, property, input and output is, and what the arrows copy.

BPMN 2.0.2, 10.4. A data element is a variable of what holds it. It is called as in the drawing when an expression can
read that name, else by its id; a reference is another drawing of the same object.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from engine import feel
from engine.bpmn.model import DataAssociation, DataItem
from engine.bpmn.parser.extensions import Reader
from engine.bpmn.parser.xml import BPMN, Element, local_name, local_ref, text_of
from engine.feel import builtins

PLACEHOLDER = "__targetRef_placeholder"
"""The property that bpmn-js draws an arrow to when the activity has no data input: it stands for the activity."""

ITEMS = {
    "dataObject": "object", "dataObjectReference": "object", "property": "property", "dataInput": "input",
    "dataOutput": "output", "inputDataItem": "input", "outputDataItem": "output",
}  # fmt: skip
"""Elements that are variables, and what kind of them."""
STORES = frozenset(("dataStore", "dataStoreReference"))
INWARD, OUTWARD = "dataInputAssociation", "dataOutputAssociation"
_SETS = {"input": ("inputSet", "dataInputRefs", "optionalInputRefs"),
         "output": ("outputSet", "dataOutputRefs", "optionalOutputRefs")}  # fmt: skip


class DataReader:
    """All data elements of one file."""

    def __init__(self, root: Element, reader: Reader) -> None:
        self._reader = reader
        self._elements: dict[str, Element] = {}
        self._references: dict[str, list[Element]] = {}
        for element in root.iter(*(_tag(name) for name in (*ITEMS, *STORES))):
            if element.get("id") is not None:
                self._elements[element.get("id")] = element
            if local_name(element) == "dataObjectReference":
                self._references.setdefault(local_ref(element.get("dataObjectRef")) or "", []).append(element)

    def element(self, ref: str | None) -> Any:
        """A data element by id, of a reference the object behind it; None for what is no data."""
        found = self._elements.get(ref or "")
        if found is not None and local_name(found) == "dataObjectReference":
            behind = self._elements.get(local_ref(found.get("dataObjectRef")) or "")
            return found if behind is None else behind
        return found

    def variable(self, ref: str) -> str:
        """What the data element with this id is called in expressions; another text stays as it is."""
        element = self.element(ref)
        return ref if element is None else self.name(element)

    def name(self, element: Element) -> str:
        """What `element` is called in expressions."""
        drawn = [element, *self._references.get(element.get("id") or "", ())]
        named = [found for found in (part.get("name") for part in drawn) if found]
        for name in named[:1] if element.get("name") else named:
            if readable(name.strip()):
                return str(name.strip())
        return _from_id(element.get("id") or element.get("name") or local_name(element))

    def of_scope(self, element: Element) -> list[DataItem]:
        """Variables of a process or sub-process; those of the activity that a sub-process is are `of_node`."""
        found = []
        for child in element.iterchildren("*"):
            tag = local_name(child)
            alone = tag == "dataObjectReference" and self.element(child.get("id")) is child
            if tag == "dataObject" or alone:
                found.append(self._item(child, False))
        return [*found, *self.of_node(element)] if local_name(element) == "process" else found

    def of_node(self, element: Element) -> list[DataItem]:
        """Properties, inputs and outputs of a process, activity or event; what its loop takes is not among them."""
        taken = self.taken_by_loop(element)
        needed = {ref for kind in _SETS for ref in _required(element, kind)}
        return [
            self._item(child, child.get("id") in needed)
            for child in data_children(element)
            if child.get("id") not in taken and child.get("name") != PLACEHOLDER
        ]

    def associations(self, element: Element, direction: str) -> list[DataAssociation]:
        """What is copied into or out of an activity or event, in document order."""
        taken = self.taken_by_loop(element)
        return [
            self._association(arrow)
            for arrow in element.iterchildren(_tag(direction))
            if not draws_only(arrow, self) and not (set(ends(arrow)) & taken)
        ]

    def taken_by_loop(self, element: Element) -> set[str]:
        """Ids of the data input and output whose items the instances of `element` take and make."""
        marker = element.find(_tag("multiInstanceLoopCharacteristics"))
        refs = [] if marker is None else [marker.find(_tag(f"loopData{way}Ref")) for way in ("Input", "Output")]
        own = {child.get("id") for child in data_children(element)}
        return {ref for part in refs if (ref := local_ref(text_of(part))) is not None} & own

    def _item(self, element: Element, required: bool) -> DataItem:
        kind = ITEMS[local_name(element)]
        initial = self._reader.read(element).initial if kind in ("object", "property") else None
        return DataItem(element.get("id") or "", self.name(element), kind, required, initial, element.sourceline)

    def _association(self, arrow: Element) -> DataAssociation:
        sources = [local_ref(text_of(part)) for part in arrow.iterchildren(_tag("sourceRef"))]
        target = local_ref(text_of(arrow.find(_tag("targetRef"))))
        return DataAssociation(
            source=self.variable(sources[0]) if sources and sources[0] else None,
            target=self.variable(target) if target else "",
            transformation=text_of(arrow.find(_tag("transformation"))),
            assignments=[
                (text_of(line.find(_tag("from"))) or "null", self.path(text_of(line.find(_tag("to"))) or ""))
                for line in arrow.iterchildren(_tag("assignment"))
            ],
            line=arrow.sourceline,
        )

    def path(self, text: str) -> str:
        """Where an assignment writes: its first part may be the id of a data element."""
        head, dot, rest = text.strip().removeprefix("=").strip().partition(".")
        return f"{self.variable(head.strip())}{dot}{rest}"


def data_children(element: Element) -> Iterator[Element]:
    """The properties, inputs and outputs that an activity, event or process declares."""
    specification = element.find(_tag("ioSpecification"))
    for holder in (element,) if specification is None else (element, specification):
        yield from (child for child in holder.iterchildren("*") if local_name(child) in _DECLARED)


def draws_only(arrow: Element, data: DataReader) -> bool:
    """An arrow that only shows what is read or written: it does not say from where to where."""
    if any(arrow.find(_tag(part)) is not None for part in ("transformation", "assignment")):
        return False
    target = data.element(local_ref(text_of(arrow.find(_tag("targetRef")))))
    return arrow.find(_tag("sourceRef")) is None or (target is not None and target.get("name") == PLACEHOLDER)


def ends(arrow: Element) -> list[str]:
    """Ids of what an arrow connects, the target last."""
    parts = (*arrow.iterchildren(_tag("sourceRef")), *arrow.iterchildren(_tag("targetRef")))
    return [local_ref(text_of(part)) or "" for part in parts]


def holder(element: Element) -> Element:
    """The process, activity or event whose variable a data element is."""
    parent = element.getparent()
    while local_name(parent) in ("ioSpecification", "multiInstanceLoopCharacteristics"):
        parent = parent.getparent()
    return parent


@cache
def readable(name: str) -> bool:
    """Whether an expression can read a variable of this name; a function's is left to it."""
    try:
        return name not in builtins.TABLE and feel.compile(name).names == frozenset((name,))
    except feel.FeelSyntaxError:
        return False


_DECLARED = ("property", "dataInput", "dataOutput")


def _tag(name: str) -> str:
    return f"{{{BPMN}}}{name}"


def _from_id(key: str) -> str:
    """An id as a name: each character that no name has becomes `_`."""
    name = re.sub(r"\W", "_", key)
    return name if readable(name) else f"_{name}"


def _required(element: Element, kind: str) -> set[str]:
    """Ids of what the first input or output set asks for."""
    name, refs, optional = _SETS[kind]
    found = next(iter(sets(element, name)), None)
    if found is None:
        return set()
    asked, spared = (
        {local_ref(text_of(part)) or "" for part in found.iterchildren(_tag(tag))} for tag in (refs, optional)
    )
    return asked - spared


def sets(element: Element, name: str) -> list[Element]:
    """The input or output sets of an activity, event or process."""
    specification = element.find(_tag("ioSpecification"))
    return list((element if specification is None else specification).iterchildren(_tag(name)))
