"""Data that would not be what is drawn: names that stand for two things, arrows that lead nowhere, inputs never fed."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from engine.bpmn.model import FLOW_NODES
from engine.bpmn.parser.data import (
    INWARD,
    ITEMS,
    OUTWARD,
    PLACEHOLDER,
    STORES,
    DataReader,
    data_children,
    draws_only,
    ends,
    holder,
    sets,
)
from engine.bpmn.parser.structure import FEEL_LANGUAGES
from engine.bpmn.parser.xml import BPMN, ZEEBE, Element, local_name, local_ref, text_of
from engine.errors import N_
from engine.findings import Finding, Level

_MEMBER = re.compile(r"[^\W\d]\w*")
_REFS = ("dataInputRefs", "optionalInputRefs", "dataOutputRefs", "optionalOutputRefs")


def wrongly_connected(process: Element, data: DataReader, resource: str) -> Iterator[Finding]:
    """Findings about the data of one executable process, sub-processes included."""
    for element in (process, *process.iter(*(f"{{{BPMN}}}{name}" for name in FLOW_NODES))):
        yield from _Judge(element, data, resource).findings()


class _Judge:
    """What is wrong with the data of one process, activity or event."""

    def __init__(self, owner: Element, data: DataReader, resource: str) -> None:
        self._owner = owner
        self._data = data
        self._resource = resource
        self._loop = data.taken_by_loop(owner)

    def findings(self) -> Iterator[Finding]:
        """All of it."""
        yield from self._names()
        yield from self._sets()
        for direction in (INWARD, OUTWARD):
            for arrow in self._owner.iterchildren(f"{{{BPMN}}}{direction}"):
                yield from self._arrow(arrow, direction)
        yield from self._unfed()

    # ------------------------------------------------------------ what is declared

    def _names(self) -> Iterator[Finding]:
        """An input and an output of the same name are one variable; nothing else shares one."""
        seen: dict[str, Element] = {}
        for element in self._declared():
            name = self._data.name(element)
            drawn: str | None = element.get("name")
            if drawn is not None and drawn.strip() not in ("", name):
                yield replace(
                    self._finding(
                        "data-name-unreadable", element,
                        N_("'{element}': no expression can read a variable called '{found}'; it is called '{name}'."),
                        N_("Choose a name of letters, digits and _."), found=drawn, name=name,
                    ),
                    level=Level.INFO,
                )  # fmt: skip
            other: Any = seen.setdefault(name, element)
            pair = {ITEMS[local_name(element)], ITEMS[local_name(other)]}
            if other is not element and pair != {"input", "output"}:
                yield self._finding(
                    "data-name-twice", element,
                    N_("'{element}': '{first}' and '{second}' are two data elements, but both are the variable "
                       "'{name}'."),
                    N_("Rename one of them, or let both be references to one data object."),
                    first=other.get("id"), second=element.get("id"), name=name,
                )  # fmt: skip

    def _declared(self) -> Iterator[Element]:
        children = list(self._owner.iterchildren("*"))
        yield from (child for child in children if local_name(child) == "dataObject")
        for child in children:
            if local_name(child) == "dataObjectReference" and self._data.element(child.get("id")) is child:
                yield child
        yield from (child for child in data_children(self._owner) if child.get("name") != PLACEHOLDER)

    def _sets(self) -> Iterator[Finding]:
        own = {child.get("id") for child in data_children(self._owner)}
        for name in ("inputSet", "outputSet"):
            found = sets(self._owner, name)
            if len(found) > 1:
                yield self._finding(
                    "data-sets", found[1],
                    N_("'{element}' has {count} sets of data to choose from ({word}); one is executed."),
                    N_("Keep one set, and mark as optional what is not always there."), count=len(found), word=name,
                )  # fmt: skip
            for part in found[0].iterchildren(*(f"{{{BPMN}}}{word}" for word in _REFS)) if found else ():
                if local_ref(text_of(part)) not in own:
                    yield self._unknown(part, local_ref(text_of(part)))

    # ------------------------------------------------------------ what is copied

    def _arrow(self, arrow: Element, direction: str) -> Iterator[Finding]:
        found = [self._data.element(ref) for ref in ends(arrow)]
        for ref, element in zip(ends(arrow), found, strict=True):
            if element is None:
                yield self._unknown(arrow, ref)
        if None in found or draws_only(arrow, self._data):
            return
        stores = [element for element in found if local_name(element) in STORES]
        if stores:
            yield self._finding(
                "data-store-unbound", arrow,
                N_("'{element}' copies from or to the data store '{store}', which is bound to no operation."),
                N_("Draw a service task that reads or writes the data."), store=stores[0].get("id"),
            )  # fmt: skip
            return
        yield from self._formulas(arrow)
        *sources, target = found
        if set(ends(arrow)) & self._loop:
            computes = ("transformation", "assignment") if direction == OUTWARD else ("assignment",)
            if self._has(arrow, *computes):
                yield self._computed_result(arrow)
            return
        if len(sources) > 1 and not self._has(arrow, "transformation", "assignment"):
            yield self._finding(
                "data-sources-several", arrow,
                N_("'{element}' copies {count} data elements into '{target}' without saying how."),
                N_("Write a transformation in FEEL, or keep one source."), count=len(sources),
                target=self._data.name(target),
            )  # fmt: skip
        inside, outside = ([target], sources) if direction == INWARD else (sources, [target])
        for element in inside:
            if not self._is_own(element):
                yield self._finding(
                    "data-end-foreign", arrow,
                    N_("Expected an arrow of '{element}' to lead to one of its data inputs, or from one of its data "
                       "outputs, found '{found}'."),
                    N_("Draw the arrow again."), found=element.get("id"),
                )  # fmt: skip
        for element in outside:
            if not self._sees(element):
                yield self._finding(
                    "data-not-visible", arrow,
                    N_("'{element}' cannot see '{found}': it stands in another scope, or a nearer one has its name."),
                    N_("Move it to the process or sub-process around, or rename one of them."),
                    found=element.get("id"),
                )  # fmt: skip
        yield from self._targets(arrow, self._data.name(target))

    def _formulas(self, arrow: Element) -> Iterator[Finding]:
        for name in ("transformation", "from", "to"):
            for part in arrow.iter(f"{{{BPMN}}}{name}"):
                if (part.get("language") or "").lower() not in FEEL_LANGUAGES:
                    yield self._finding(
                        "data-language", part,
                        N_("An expression of the data of '{element}' is written in '{language}'; only FEEL is "
                           "executed."),
                        N_("Rewrite it in FEEL."), language=part.get("language"),
                    )  # fmt: skip

    def _targets(self, arrow: Element, name: str) -> Iterator[Finding]:
        """An assignment writes the target of its arrow or a part of it."""
        for part in arrow.iter(f"{{{BPMN}}}to"):
            path = [step.strip() for step in self._data.path(text_of(part) or "").split(".")]
            if path[0] != name or not all(_MEMBER.fullmatch(step) for step in path[1:]):
                yield self._finding(
                    "assignment-target", part,
                    N_("'{element}' assigns to '{found}', which is neither '{target}' nor a part of it like "
                       "'{target}.total'."),
                    N_("Correct what is assigned to, or draw an arrow of its own."), found=text_of(part) or "",
                    target=name,
                )  # fmt: skip

    def _computed_result(self, arrow: Element) -> Finding:
        return self._finding(
            "data-of-loop-computed", arrow,
            N_("The instances of '{element}' take or make this collection; what the arrow computes is not executed."),
            N_("Copy the collection as it is, and compute in a task before or behind."),
        )  # fmt: skip

    def _unfed(self) -> Iterator[Finding]:
        """A required input that nothing fills would let the activity wait for ever."""
        if local_name(self._owner) == "process":
            return
        arrows = self._owner.iterchildren(f"{{{BPMN}}}{INWARD}")
        fed = {self._data.variable(ends(arrow)[-1]) for arrow in arrows if ends(arrow)}
        fed |= {(line.get("target") or "").partition(".")[0] for line in self._owner.iterfind(f"*/*/{{{ZEEBE}}}input")}
        for item in self._data.of_node(self._owner):
            if item.required and item.kind == "input" and item.name not in fed:
                yield self._finding(
                    "data-input-unfed", self._owner,
                    N_("Nothing fills the data input '{input}' of '{element}', which it requires."),
                    N_("Draw an arrow to it, or make it optional in the input set."), input=item.name,
                )  # fmt: skip

    # ------------------------------------------------------------ helpers

    def _is_own(self, element: Element) -> bool:
        """Declared by the owner; a call may name what the called process declares."""
        place = holder(element)
        return place is self._owner or (
            local_name(self._owner) == "callActivity" and local_name(place) == "process" and not self._sees(element)
        )

    def _sees(self, element: Element) -> bool:
        """Whether the variable of `element` is the one that the owner finds under its name."""
        name, place = self._data.name(element), self._owner
        while place is not None and local_name(place) != "definitions":
            if holder(element) is place:
                return True
            if place is not self._owner and any(item.name == name for item in self._data.of_scope(place)):
                return False
            place = place.getparent()
        return False

    def _has(self, arrow: Element, *parts: str) -> bool:
        return any(arrow.find(f"{{{BPMN}}}{part}") is not None for part in parts)

    def _unknown(self, at: Element, ref: str | None) -> Finding:
        return self._finding(
            "data-reference-unknown", at, N_("'{element}' refers to '{found}', which is no data element of this file."),
            N_("Draw the arrow again, or remove it."), found=ref or "",
        )  # fmt: skip

    def _finding(self, rule: str, at: Element, message: str, hint: str, **facts: object) -> Finding:
        key = self._owner.get("id")
        return Finding(
            rule, Level.ERROR, key, message, {"element": key, **facts}, hint, line=at.sourceline,
            resource=self._resource,
        )  # fmt: skip
