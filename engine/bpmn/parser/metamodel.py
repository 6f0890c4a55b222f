"""The elements and attributes of BPMN 2.0, as the XML schema that ships with SpiffWorkflow declares them."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import XSD_PATH

from engine.bpmn.parser.xml import Element

_XSD = "{http://www.w3.org/2001/XMLSchema}"


@dataclass(frozen=True, slots=True)
class Attribute:
    """`type`: a simple type of the schema; `values`: what an enumeration allows."""

    name: str
    type: str
    default: str | None = None
    required: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Child:
    """An element that may stand inside another; `type` is its complex type, or a simple one."""

    tag: str
    type: str
    least: int = 0


@dataclass(slots=True)
class Type:
    """A complex type: all attributes and all children in their order, those of its bases first."""

    name: str
    abstract: bool = False
    attributes: dict[str, Attribute] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)


@cache
def types() -> dict[str, Type]:
    """Every complex type by name; `tDefinitions` is where a file begins."""
    schema = _Schema()
    return {name: schema.type(name) for name in schema.complex}


@cache
def elements() -> dict[str, frozenset[str]]:
    """Every element that can stand in a file -> the names of its types; abstract ones cannot."""
    found: dict[str, set[str]] = {"definitions": {"tDefinitions"}}
    todo = ["tDefinitions"]
    seen = set(todo)
    while todo:
        for child in types()[todo.pop()].children:
            found.setdefault(child.tag, set()).add(child.type)
            if child.type in types() and child.type not in seen:
                seen.add(child.type)
                todo.append(child.type)
    return {tag: frozenset(names) for tag, names in sorted(found.items())}


class _Schema:
    def __init__(self) -> None:
        roots: list[Element] = [
            etree.parse(str(path)).getroot() for path in (XSD_PATH, Path(XSD_PATH).with_name("Semantic.xsd"))
        ]
        self.complex: dict[str, Element] = {
            part.get("name"): part for root in roots for part in root.findall(f"{_XSD}complexType")
        }
        self._simple: dict[str, Element] = {
            part.get("name"): part for root in roots for part in root.findall(f"{_XSD}simpleType")
        }
        self._elements: dict[str, Element] = {
            part.get("name"): part for root in roots for part in root.findall(f"{_XSD}element")
        }

    def type(self, name: str) -> Type:
        part = self.complex[name]
        found = Type(name, part.get("abstract") == "true")
        for extension in part.iter(f"{_XSD}extension"):
            base = _local(extension.get("base"))
            if base in self.complex:
                inherited = self.type(base)
                found.attributes.update(inherited.attributes)
                found.children.extend(inherited.children)
        for attribute in part.iter(f"{_XSD}attribute"):
            kind = _local(attribute.get("type") or "string")
            found.attributes[attribute.get("name")] = Attribute(
                attribute.get("name"), kind, attribute.get("default"), attribute.get("use") == "required",
                self._values(kind),
            )  # fmt: skip
        for element in part.iter(f"{_XSD}element"):
            least = 0 if element.getparent().tag == f"{_XSD}choice" else int(element.get("minOccurs", "1"))
            if element.get("ref") is None:
                found.children.append(Child(element.get("name"), _local(element.get("type")), least))
            elif not element.get("ref").startswith("bpmndi:"):
                found.children.extend(self._substitutes(_local(element.get("ref")), least))
        return found

    def _substitutes(self, head: str, least: int) -> list[Child]:
        declared = self._elements[head]
        kind = _local(declared.get("type"))
        abstract = declared.get("abstract") == "true" or self.complex[kind].get("abstract") == "true"
        found = [] if abstract else [Child(head, kind, least)]
        for name, element in self._elements.items():
            if _local(element.get("substitutionGroup") or "") == head:
                found.extend(self._substitutes(name, 0))
        return found

    def _values(self, kind: str) -> tuple[str, ...]:
        declared = self._simple.get(kind)
        if declared is None:
            return ()
        return tuple(part.get("value") for part in declared.iter(f"{_XSD}enumeration"))


def _local(name: str) -> str:
    return name.rpartition(":")[2]
