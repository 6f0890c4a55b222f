"""Rewriting an XML tree so that the file still looks as if somebody had written it: order of children, indentation."""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from engine.bpmn.parser.xml import BPMN, TROIKA, ZEEBE, Element, local_name, namespace

BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"
PREFIXES = {"zeebe": ZEEBE, "troika": TROIKA, "bpmndi": BPMNDI, "dc": DC, "di": DI}


def bpmn(name: str) -> str:
    """The tag of a BPMN element."""
    return f"{{{BPMN}}}{name}"


def bpmn_elements(root: Element) -> Iterator[Element]:
    """Every BPMN element that is not part of another vendor's words."""
    todo = [root]
    while todo:
        element = todo.pop()
        yield element
        inner = (child for child in element.iterchildren("*") if namespace(child) == BPMN)
        todo.extend(child for child in reversed(list(inner)) if local_name(child) != "extensionElements")


def tag(word: str) -> str:
    """`zeebe:script` as lxml writes it."""
    prefix, _, name = word.partition(":")
    return f"{{{PREFIXES[prefix]}}}{name}"


def new(word: str, attributes: "dict[str, str | None] | None" = None) -> Element:
    """An element that stands nowhere yet; attributes that are None are left out."""
    prefix = word.partition(":")[0]
    given = {name: value for name, value in (attributes or {}).items() if value is not None}
    return etree.Element(tag(word), given, nsmap={prefix: PREFIXES[prefix]})


def extension(owner: Element, word: str, **attributes: "str | None") -> Element:
    """`word` among the extensions of `owner`, made if it is not there; `attributes` are set on it."""
    holder = extensions(owner)
    found = holder.find(tag(word))
    if found is None:
        found = new(word)
        insert(holder, len(holder), found)
    for name, value in attributes.items():
        if value is not None:
            found.set(name, value)
    return found


def extensions(owner: Element) -> Element:
    """The extensionElements of `owner`, behind its documentation."""
    holder = owner.find(bpmn("extensionElements"))
    if holder is None:
        holder = same_prefix(owner, "extensionElements")
        place = sum(1 for child in owner if child.tag == bpmn("documentation"))
        insert(owner, place, holder)
    return holder


def same_prefix(owner: Element, name: str) -> Element:
    """A new BPMN element with the prefix that `owner` has."""
    return etree.Element(bpmn(name), nsmap={owner.prefix: BPMN} if namespace(owner) == BPMN else None)


def insert(parent: Element, index: int, child: Element) -> None:
    """Put `child` there, indented like its neighbours."""
    depth = _indentation(parent)
    inner = parent.text if len(parent) and _is_blank(parent.text) else f"{depth}  "
    if len(parent) == 0 and (parent.text or "").strip():
        inner = ""  # mixed content: add nothing to a text
    if index == 0:
        child.tail = inner if len(parent) else depth
        parent.text = inner if _is_blank(parent.text) or not parent.text else parent.text
    else:
        before = parent[index - 1]
        child.tail, before.tail = before.tail, inner if _is_blank(before.tail) or not before.tail else before.tail
    parent.insert(index, child)


def remove(child: Element) -> None:
    """Take `child` out with the space before it; an extensionElements that is empty then goes as well."""
    parent = child.getparent()
    previous = child.getprevious()
    if (child.tail or "").strip():
        if previous is not None:
            previous.tail = (previous.tail or "") + child.tail
        else:
            parent.text = (parent.text or "") + child.tail
    elif parent[-1] is child:
        if previous is not None:
            previous.tail = child.tail
        else:
            parent.text = None
    child.tail = None
    parent.remove(child)
    if len(parent) == 0 and local_name(parent) == "extensionElements" and not parent.attrib:
        remove(parent)


def to_bytes(root: Element) -> bytes:
    """The file in UTF-8, our prefixes declared at the top."""
    used = {namespace(element) for element in root.iter("*")}
    used |= {name[1:].partition("}")[0] for element in root.iter("*") for name in element.attrib if name[0] == "{"}
    declared = set(root.nsmap.values())
    top: dict[str, str] = {}
    for prefix, uri in PREFIXES.items():
        if uri in used and uri not in declared:
            while prefix in root.nsmap:
                prefix += "_"
            top[prefix] = uri
    keep = [prefix for prefix in root.nsmap if prefix]
    etree.cleanup_namespaces(root, top_nsmap=top, keep_ns_prefixes=[*keep, *top])
    written: Any = etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)
    return bytes(written)


def _indentation(element: Element) -> str:
    previous = element.getprevious()
    parent = element.getparent()
    before = previous.tail if previous is not None else parent.text if parent is not None else "\n"
    return before if _is_blank(before) else ""


def _is_blank(text: str | None) -> bool:
    return bool(text) and not str(text).strip()
