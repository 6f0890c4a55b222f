"""What differs between two drawings, element by element and property by property, as an analyst sees them.

Elements are paired by id. `comparison.py` asks the other question: where a running token may go on. Here everything in
the file counts, also what is only shown; what a modeler writes about itself (`definitions`, ids of parts, `incoming`)
does not. Where shapes and lines lie is told apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.bpmn.imports.writing import BPMNDI
from engine.bpmn.model import FLOW_NODES, GATEWAYS
from engine.bpmn.parser.xml import BPMN, TROIKA, XSI, ZEEBE, Element, local_name, namespace, read_tree

OWNERS = FLOW_NODES | {
    "sequenceFlow", "messageFlow", "association", "textAnnotation", "group", "lane", "participant", "dataObject",
    "dataObjectReference", "dataStoreReference",
}  # fmt: skip
"""What stands by itself, beside the children of `definitions`; everything else is a part of one of them."""
_KEYS = {
    "troika:label": "lang", "troika:field": "id", "zeebe:input": "target", "zeebe:output": "target",
    "zeebe:property": "name", "zeebe:header": "key",
}  # fmt: skip
"""attribute by which several of one kind are told apart; others are counted"""
_ORDERED = frozenset(("zeebe:input", "zeebe:output"))
_PREFIXES = {BPMN: "", ZEEBE: "zeebe:", TROIKA: "troika:"}
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """An element of a drawing. `kind`: as in BPMN, e.g. userTask. `labels`: its name in other languages."""

    id: str
    kind: str
    name: str
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Property:
    """`path`: words of the file from the element inwards, e.g. ("troika:approval", "mode"), `zeebe:input[amount]` for
    one of several. None: it was or is not there.
    """

    path: Path
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Changed:
    """An element that both drawings have and that says something else."""

    before: Part
    after: Part
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """By id. `moved`: those whose place alone is another."""

    added: dict[str, Part] = field(default_factory=dict)
    removed: dict[str, Part] = field(default_factory=dict)
    changed: dict[str, Changed] = field(default_factory=dict)
    moved: dict[str, Part] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.moved)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """An element with all that is said of it. `orders`: lists whose order says something."""

    part: Part
    properties: dict[Path, str]
    orders: dict[Path, tuple[str, ...]]


def compare_drawings(before: bytes, after: bytes) -> Changes:
    """Raises Unreadable."""
    old_root, new_root = read_tree(before, "before"), read_tree(after, "after")
    old, new = _elements(old_root), _elements(new_root)
    old_places, new_places = _places(old_root), _places(new_root)
    both = [key for key in new if key in old]
    changed = {
        key: Changed(old[key].part, new[key].part, found)
        for key in both if (found := tuple(_differences(old[key], new[key])))
    }  # fmt: skip
    return Changes(
        added={key: new[key].part for key in new if key not in old},
        removed={key: old[key].part for key in old if key not in new},
        changed=changed,
        moved={
            key: new[key].part for key in both
            if key not in changed and old_places.get(key) != new_places.get(key)
        },
    )  # fmt: skip


def parts(drawing: bytes) -> dict[str, Part]:
    """Every element of a drawing by id. Raises Unreadable."""
    return {key: found.part for key, found in _elements(read_tree(drawing, "drawing")).items()}


def _differences(old: _Drawn, new: _Drawn) -> Iterator[Property]:
    before, after = old.properties, new.properties
    for path in sorted({*before, *after}):
        was, now = before.get(path), after.get(path)
        if was != now and not (was == "" and _inside(path, after)) and not (now == "" and _inside(path, before)):
            yield Property(path, was, now)
    for path in sorted(old.orders.keys() & new.orders.keys()):
        first, second = old.orders[path], new.orders[path]
        if [one for one in first if one in second] != [one for one in second if one in first]:
            yield Property(path, ", ".join(first), ", ".join(second))


def _inside(path: Path, properties: dict[Path, str]) -> bool:
    """Whether something is said of the parts of an element that says nothing itself in the other drawing."""
    return any(len(other) > len(path) and other[: len(path)] == path for other in properties)


def _elements(root: Element) -> dict[str, _Drawn]:
    found: dict[str, _Drawn] = {}
    for element in root.iter("*"):
        if _stands_alone(element, root):
            found.setdefault(element.get("id"), _drawn(element, root))
    return found


def _stands_alone(element: Element, root: Element) -> bool:
    if namespace(element) != BPMN or not element.get("id") or element is root:
        return False
    return local_name(element) in OWNERS or element.getparent() is root


def _drawn(element: Element, root: Element) -> _Drawn:
    kind = local_name(element)
    properties: dict[Path, str] = {("kind",): kind}
    orders: dict[Path, tuple[str, ...]] = {}
    holder = next((one for one in element.iterancestors() if _stands_alone(one, root)), None)
    if holder is not None:
        properties[("parent",)] = holder.get("id")
    _collect(element, (), root, properties, orders)
    if kind in GATEWAYS:
        orders[("outgoing",)] = tuple((one.text or "").strip() for one in element.iterchildren(f"{{{BPMN}}}outgoing"))
    labels = {
        one.get("lang", ""): (one.text or "").strip()
        for one in element.iterfind(f"{{{BPMN}}}extensionElements/{{{TROIKA}}}label")
    }
    name = element.get("name") or properties.get(("text",), "")  # of a text annotation
    return _Drawn(Part(element.get("id"), kind, name, labels), properties, orders)


def _collect(
    element: Element, path: Path, root: Element, properties: dict[Path, str], orders: dict[Path, tuple[str, ...]]
) -> None:
    """What `element` says, its parts included, up to elements that stand by themselves."""
    key = _KEYS.get(_word(element.tag)) if path else None
    for name, value in element.attrib.items():
        if name not in (key, f"{{{XSI}}}type") and (name != "id" or namespace(element) != BPMN):
            properties[(*path, _word(name))] = value
    text = (element.text or "").strip()
    if text:
        properties[path or ("text",)] = text
    counted: dict[str, int] = {}
    lists: dict[str, list[str]] = {}
    for child in element.iterchildren("*"):
        word = _word(child.tag)
        if _stands_alone(child, root) or word in ("incoming", "outgoing"):
            continue
        if word == "extensionElements":
            _collect(child, path, root, properties, orders)
            continue
        if word == "flowNodeRef":
            lists.setdefault(word, []).append((child.text or "").strip())
            continue
        segment = f"{word}[{child.get(_KEYS[word], '')}]" if word in _KEYS else word
        if word in _ORDERED:
            lists.setdefault(word, []).append(child.get(_KEYS[word], ""))
        counted[segment] = number = counted.get(segment, 0) + 1
        inner = (*path, segment if number == 1 else f"{segment}[{number}]")
        known = len(properties)
        _collect(child, inner, root, properties, orders)
        if len(properties) == known:
            properties[inner] = ""
    for word, names in lists.items():
        if word == "flowNodeRef":
            properties[(*path, word)] = ", ".join(sorted(names))
        else:
            orders[(*path, word)] = tuple(names)


def _places(root: Element) -> dict[str, list[object]]:
    """How each element lies on its plane."""
    found: dict[str, list[object]] = {}
    for shape in root.iter(f"{{{BPMNDI}}}BPMNShape", f"{{{BPMNDI}}}BPMNEdge"):
        lies = [(one.tag, sorted((name, value) for name, value in one.attrib.items() if name != "id"))
                for one in shape.iter("*")]  # fmt: skip
        found.setdefault(shape.get("bpmnElement", ""), []).append(lies)
    return found


def _word(tag: str) -> str:
    """A tag or attribute as it is written: `name`, `troika:mode`; of another vendor with the whole namespace."""
    space, brace, name = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
    return _PREFIXES[space] + name if space in _PREFIXES else tag if brace else name
