"""What every file needs before it can be opened, whoever drew it: ids that are there and unique, references that lead
somewhere, foreign words where BPMN allows them, children in the order of the schema.
"""

import re
from collections.abc import Iterator

from engine.bpmn.imports.report import IDENTIFIED, Collector, Kind
from engine.bpmn.imports.writing import BPMNDI, bpmn, extensions, insert, remove, same_prefix
from engine.bpmn.model import ACTIVITIES, EVENTS, FLOW_NODES
from engine.bpmn.parser.xml import BPMN, XSI, Element, local_name, local_ref, namespace
from engine.errors import N_

_NAME = re.compile(r"[^\W\d][\w.-]*")
_ATTRIBUTES = frozenset(
    [
        "sourceRef", "targetRef", "attachedToRef", "default", "processRef", "dataObjectRef", "dataStoreRef",
        "messageRef", "signalRef", "errorRef", "escalationRef", "activityRef", "operationRef", "itemSubjectRef",
        "categoryValueRef", "bpmnElement", "noneBehaviorEventRef", "oneBehaviorEventRef", "eventRef", "itemRef",
    ]
)  # fmt: skip
"""Attributes that name an element of the same file."""
_TEXTS = frozenset(
    [
        "incoming", "outgoing", "flowNodeRef", "sourceRef", "targetRef", "dataInputRefs", "dataOutputRefs",
        "optionalInputRefs", "whileExecutingInputRefs", "inputSetRefs", "outputSetRefs", "eventDefinitionRef",
        "operationRef", "categoryValueRef", "messageFlowRef", "participantRef", "innerParticipantRef",
        "outerParticipantRef", "inMessageRef", "outMessageRef", "errorRef", "messageRef", "initiatingParticipantRef",
    ]
)  # fmt: skip
"""Elements whose text does."""
_MEANT = {
    "messageRef": "message", "inMessageRef": "message", "outMessageRef": "message", "signalRef": "signal",
    "errorRef": "error", "escalationRef": "escalation", "operationRef": "operation", "processRef": "process",
    "itemSubjectRef": "itemDefinition", "itemRef": "itemDefinition", "categoryValueRef": "categoryValue",
    "dataObjectRef": "dataObject", "dataStoreRef": "dataStore",
}  # fmt: skip
"""References that can mean one kind of element only."""
_DRAWING = frozenset(("sourceElement", "targetElement", "choreographyActivityShape", "labelStyle"))
"""Attributes of shapes and edges that name another part of the drawing."""
_DATA_TYPES = {
    "signal": "structureRef", "error": "structureRef", "escalation": "structureRef", "correlationProperty": "type",
    "resourceParameter": "type",
}  # fmt: skip
"""Attributes that name an item definition."""
_LOOSE_TEXTS = frozenset(
    ("incoming", "outgoing", "flowNodeRef", "dataInputRefs", "dataOutputRefs", "optionalInputRefs",
     "whileExecutingInputRefs", "inputSetRefs", "outputSetRefs", "categoryValueRef", "operationRef")
)  # fmt: skip
_DECLARED = {"errorRef": ("error", "errorCode"), "escalationRef": ("escalation", "escalationCode"),
             "messageRef": ("message", "name"), "signalRef": ("signal", "name")}  # fmt: skip
"""What a reference to something that the file does not declare stands for; Activiti takes it for the code."""
_LOOSE_ATTRIBUTES = frozenset(
    ("default", "processRef", "itemSubjectRef", "itemRef", "dataObjectRef", "dataStoreRef", "operationRef")
)
"""References without which the element still says something: they are dropped when they lead nowhere."""

_ORDER = {
    name: rank
    for rank, names in enumerate(
        [
            ("import",), ("extension",), ("documentation",), ("extensionElements",), ("auditing",), ("monitoring",),
            ("categoryValueRef", "supportedInterfaceRef"), ("incoming",), ("outgoing",), ("ioSpecification",),
            ("property",), ("dataInput",), ("dataOutput",), ("dataInputAssociation",), ("dataOutputAssociation",),
            ("inputSet",), ("outputSet",), ("performer", "humanPerformer", "potentialOwner", "resourceRole"),
            ("standardLoopCharacteristics", "multiInstanceLoopCharacteristics"), ("laneSet",),
        ]
    )
    for name in names
}  # fmt: skip
_LAST = {"association": 1, "group": 1, "textAnnotation": 1, "BPMNDiagram": 2, "relationship": 3}


def identify(root: Element, report: Collector) -> dict[str, str]:
    """Every element that is drawn or referred to has an id of its own. Old ids that were no XML names -> new ones."""
    taken: dict[str, Element] = {}
    renamed: dict[str, str] = {}
    missing = 0
    elements = [element for element in root.iter("*") if namespace(element) == BPMN]
    for element in elements:
        key = element.get("id")
        if key is None:
            continue
        if not _NAME.fullmatch(key):
            renamed[key] = key = _free(_name_like(key), taken)
            element.set("id", key)
        if key in taken:
            _double(element, taken[key], key, taken, report)
            key = element.get("id")
        taken[key] = element
    if renamed:
        for old, new in renamed.items():
            message = N_("The id '{found}' is no XML name and is now '{now}'.")
            report.add(Kind.APPROXIMATED, taken[new], message, found=old, now=new)
        _follow(root, renamed)
    for element in elements:
        if not element.get("id") and local_name(element) in IDENTIFIED:
            element.set("id", _free(local_name(element), taken, numbered=True))
            taken[element.get("id")] = element
            missing += 1
    if missing:
        report.add(Kind.TRANSLATED, None, N_("{count} elements without an id have got one."), count=missing)
    _identify_shapes(root, set(taken))
    return renamed


def rename(root: Element, element: Element | None, key: str, report: Collector) -> None:
    """Give `element` the id `key`, and let what refers to it follow; whoever has that id gives it up."""
    if element is None or element.get("id") == key:
        return
    taken = {found.get("id"): found for found in root.iter("*") if namespace(found) == BPMN and found.get("id")}
    if key in taken:
        rename(root, taken[key], _free(key, taken, numbered=True), report)
    old = element.get("id")
    element.set("id", key)
    _follow(root, {old: key})
    report.add(Kind.TRANSLATED, element, N_("The id '{found}' is now '{now}'."), found=old, now=key)


def executable(root: Element, report: Collector) -> None:
    """A process that does not say whether it can be executed is to be; one that says no stays so."""
    for process in root.iterchildren(bpmn("process")):
        flag = process.get("isExecutable")
        if not any(local_name(child) in FLOW_NODES for child in process.iterchildren("*")):
            continue
        if flag is None:
            process.set("isExecutable", "true")
            report.add(
                Kind.APPROXIMATED, process, N_("The file does not say whether this process is executed; now it is."),
                N_("Clear 'executable' in its properties if it only documents something."),
            )  # fmt: skip
        elif flag not in ("true", "1"):
            report.add(
                Kind.KEPT, process, N_("This process is marked as not executable."),
                N_("Set 'executable' in its properties if it is to be deployed."),
            )  # fmt: skip


def references(root: Element, report: Collector) -> None:
    """References without their namespace prefix; those that lead nowhere are dropped where the element can stand."""
    known = {element.get("id") for element in root.iter("*") if namespace(element) == BPMN and element.get("id")}
    for element in list(root.iter("*")):
        if namespace(element) not in (BPMN, BPMNDI) or element.getparent() is None:
            continue
        for name in _ATTRIBUTES & set(element.attrib):
            value = element.get(name)
            if value not in known:
                _attribute(element, name, value, known, report)
        data_type = _DATA_TYPES.get(local_name(element))
        if data_type and element.get(data_type) and local_ref(element.get(data_type)) not in known:
            _leads_nowhere(element, data_type, element.attrib.pop(data_type), report)
        if namespace(element) == BPMN and local_name(element) in _TEXTS and len(element) == 0:
            value = (element.text or "").strip()
            if value not in known:
                _text(element, value, known, report)
    _associations(root, report)
    drawn = {element.get("id") for element in root.iter("*") if namespace(element) != BPMN}
    for element in root.iter(f"{{{BPMNDI}}}BPMNShape", f"{{{BPMNDI}}}BPMNEdge"):
        for name in _DRAWING & set(element.attrib):
            if element.get(name) not in drawn:
                del element.attrib[name]


def place(root: Element, report: Collector) -> None:
    """Foreign elements belong into extensionElements; children stand in the order of the schema."""
    for element in list(root.iter("*")):
        if namespace(element) != BPMN or local_name(element) in ("extensionElements", "documentation", "text"):
            continue
        for child in list(element.iterchildren("*")):
            foreign = namespace(child) not in (BPMN, BPMNDI)
            if foreign and local_name(element) not in ("script", "definitions", "extension") and not _formal(element):
                remove(child)
                holder = extensions(element)
                insert(holder, len(holder), child)
                report.approximated(
                    element, f"<{_word(child)}>", "extensionElements",
                    N_("BPMN allows words of other products only there."),
                )  # fmt: skip
        kind = f"{{{XSI}}}type"
        if kind in element.attrib and element.nsmap.get(_prefix(element.get(kind))) != BPMN:
            element.set(kind, ":".join(filter(None, (element.prefix, local_ref(element.get(kind)) or ""))))
        _sort(element)


def shown_word(child: Element) -> str:
    """A foreign element as the file writes it, without its content."""
    inner = " ".join(f'{name.rpartition("}")[2]}="{value}"' for name, value in child.attrib.items())
    return f"<{_word(child)}{' ' if inner else ''}{inner}>"


def foreign_words(root: Element) -> Iterator[tuple[Element, str, str]]:
    """(owner, tag or attribute, as shown) for every foreign attribute and every foreign element among extensions."""
    for owner in root.iter("*"):
        if namespace(owner) != BPMN or owner.getparent() is None:
            continue
        if local_name(owner) == "extensionElements":
            for child in owner.iterchildren("*"):
                yield owner.getparent(), child.tag, shown_word(child)
            continue
        prefixes = {uri: prefix for prefix, uri in owner.nsmap.items()}
        for name, value in owner.attrib.items():
            if name.startswith("{"):
                space, _, local = name[1:].partition("}")
                yield owner, name, f'{prefixes.get(space)}:{local}="{value}"'


# ---------------------------------------------------------------- ids


def _double(element: Element, first: Element, key: str, taken: dict[str, Element], report: Collector) -> None:
    """Another id for the second; what stands in its own scope meant it, and the second shape shows it."""
    new = _free(key, taken, numbered=True)
    element.set("id", new)
    report.add(
        Kind.APPROXIMATED, element, N_("The id '{found}' stands twice; the one at line {line} is now '{now}'."),
        N_("Check what refers to it."), found=key, now=new, line=element.sourceline,
    )  # fmt: skip
    scope = element.getparent()
    if scope is not None and scope is not first.getparent() and local_name(scope) != "definitions":
        for part in [scope, *scope.iterchildren("*")]:
            deep = local_name(part) in ("laneSet", *EVENTS, *ACTIVITIES, "sequenceFlow")
            _follow(part, {key: new}, deep, local_name(element))
    showing = [
        shape for shape in element.getroottree().getroot().iter(f"{{{BPMNDI}}}BPMNShape", f"{{{BPMNDI}}}BPMNEdge")
        if shape.get("bpmnElement") == key
    ]  # fmt: skip
    if len(showing) > 1:
        showing[1].set("bpmnElement", new)


def _follow(root: Element, renamed: dict[str, str], deep: bool = True, tag: str | None = None) -> None:
    """Let references follow their elements. `tag`: of what has been renamed, when something else keeps the old id."""
    for element in root.iter("*") if deep else (root,):
        for name in _ATTRIBUTES & set(element.attrib):
            if tag is not None and _MEANT.get(name, tag) != tag:
                continue
            local = local_ref(element.get(name)) or ""
            found = renamed.get(element.get(name)) or renamed.get(local)
            if found is not None:
                element.set(name, found)
        means = local_name(element) in _TEXTS and (tag is None or _MEANT.get(local_name(element), tag) == tag)
        if means and element.text and element.text.strip() in renamed:
            element.text = renamed[element.text.strip()]


def _identify_shapes(root: Element, taken: set[str]) -> None:
    """Ids in the drawing part mean nothing, but must not be taken twice."""
    for element in root.iter("*"):
        if namespace(element) == BPMN or element.getparent() is None:
            continue
        key = element.get("id")
        if key is None or ("/DD/20100524/" not in namespace(element) and namespace(element) != BPMNDI):
            continue
        if key in taken or not _NAME.fullmatch(key):
            number = 1
            while f"{_name_like(key)}_{number}" in taken:
                number += 1
            element.set("id", f"{_name_like(key)}_{number}")
        taken.add(element.get("id"))


def _free(key: str, taken: dict[str, Element], numbered: bool = False) -> str:
    number = 1
    found = f"{key}_{number}" if numbered else key
    while found in taken:
        number += 1
        found = f"{key}_{number}"
    return found


def _name_like(key: str) -> str:
    name = re.sub(r"[^\w.-]", "_", key)
    return name if _NAME.fullmatch(name) else f"_{name}"


# ---------------------------------------------------------------- references


def _attribute(element: Element, name: str, value: str, known: set[str], report: Collector) -> None:
    local = local_ref(value)
    if local in known:
        element.set(name, str(local))
    elif name == "bpmnElement":
        if local_name(element) in ("BPMNShape", "BPMNEdge"):
            remove(element)
    elif name in _DECLARED and _NAME.fullmatch(value):
        _declare(element, name, value, report)
        known.add(value)
    elif name in _LOOSE_ATTRIBUTES:
        del element.attrib[name]
        _leads_nowhere(element, name, value, report)


def _declare(element: Element, name: str, value: str, report: Collector) -> None:
    """A message, signal, error or escalation that is referred to and was never declared."""
    root = element.getroottree().getroot()
    word, attribute = _DECLARED[name]
    declared = same_prefix(root, word)
    declared.set("id", value)
    declared.set("name", value)
    declared.set(attribute, value)
    first = next((place for place, child in enumerate(root) if local_name(child) == "process"), 0)
    insert(root, first, declared)
    report.add(
        Kind.APPROXIMATED, element, N_("The file did not declare the {word} '{found}'; now it does."),
        N_("Check its name or code."), word=word, found=value,
    )  # fmt: skip


def _text(element: Element, value: str, known: set[str], report: Collector) -> None:
    local = local_ref(value)
    if local in known:
        element.text = local
    elif local_name(element) in _LOOSE_TEXTS:
        owner = element.getparent()
        remove(element)
        _leads_nowhere(owner, local_name(element), value, report)


def _associations(root: Element, report: Collector) -> None:
    """An arrow of data needs both of its ends, and so does an artifact's."""
    known = {element.get("id") for element in root.iter("*") if element.get("id")}
    for arrow in list(root.iter(bpmn("dataInputAssociation"), bpmn("dataOutputAssociation"))):
        for name in ("sourceRef", "targetRef"):
            for end in arrow.iterchildren(bpmn(name)):
                value = (end.text or "").strip()
                if value not in known and arrow.getparent() is not None:
                    owner = arrow.getparent()
                    remove(arrow)
                    _leads_nowhere(owner, local_name(arrow), value, report)
    for arrow in list(root.iter(bpmn("association"), bpmn("messageFlow"))):
        for name in ("sourceRef", "targetRef"):
            if arrow.get(name) not in known and arrow.getparent() is not None:
                owner = arrow.getparent()
                remove(arrow)
                _leads_nowhere(owner, local_name(arrow), arrow.get(name) or "", report)


def _leads_nowhere(owner: Element, word: str, value: str, report: Collector) -> None:
    report.dropped(
        owner, N_("The reference {word} to '{found}' leads nowhere and is left out."), "", word=word, found=value
    )


# ---------------------------------------------------------------- order


def _sort(element: Element) -> None:
    children = list(element)
    ranks = _ranks(children, element)
    if ranks != sorted(ranks):
        tails = [child.tail for child in children]
        for (_, child), tail in zip(sorted(zip(ranks, children, strict=True), key=lambda pair: pair[0]), tails,
                                    strict=True):  # fmt: skip
            element.append(child)
            child.tail = tail


def _ranks(children: list[Element], parent: Element) -> list[tuple[int, int]]:
    """Where each child belongs; a comment belongs to the element behind it."""
    found: list[tuple[int, int]] = []
    behind = (99, 9)
    for child in reversed(children):
        behind = _rank(child, parent) if isinstance(child.tag, str) else behind
        found.append(behind)
    return found[::-1]


def _rank(child: Element, parent: Element) -> tuple[int, int]:
    name = local_name(child)
    if local_name(parent) == "process" and name in ("performer", "humanPerformer", "potentialOwner", "resourceRole"):
        return (99, 2)
    if name in _LAST and namespace(child) in (BPMN, BPMNDI):
        return (99, _LAST[name])
    return (_ORDER.get(name, 50), 0) if namespace(child) == BPMN else (50, 0)


def _formal(element: Element) -> bool:
    return local_name(element).endswith(("Expression", "Condition", "Cardinality", "transformation", "from", "to")) or (
        local_name(element) in ("timeDate", "timeDuration", "timeCycle", "condition")
    )


def _prefix(value: str | None) -> str | None:
    head, colon, _ = (value or "").partition(":")
    return head if colon else None


def _word(child: Element) -> str:
    name = local_name(child)
    return f"{child.prefix}:{name}" if child.prefix else name
