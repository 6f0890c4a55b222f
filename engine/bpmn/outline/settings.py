"""What a card says, as words of the drawing: names, who, how, until when, which fields, on which condition.

Each function changes one element. What it does not know stays; an extension that has lost its last word goes.
"""

from collections.abc import Container, Mapping, Sequence

from engine.bpmn.imports.writing import bpmn, extension, extensions, insert, new, remove, same_prefix, tag
from engine.bpmn.outline.reading import COPY, INITIATOR
from engine.bpmn.parser.xml import TROIKA, XSI, Element, local_name

TELL = {"user_ids": f"= if {INITIATOR} = null then [] else [{INITIATOR}.id]", "title": "= process.number"}
"""A new card 抄送 tells the requester."""
_NEEDED = {
    "troika:return": ("targets",), "troika:onEmpty": ("do",), "troika:numbering": ("pattern",), "troika:timeout": (),
}  # fmt: skip
"""Attributes without which an extension says nothing; of others, any attribute."""
_ALONE = frozenset(("troika:approval",))
"""extensions that say something without any attribute"""
_HOLDERS = {"troika:step": "troika:timeout", "troika:weight": "troika:approval"}
"""extensions that hold lines of their own"""


def name(element: Element, text: str, english: str) -> None:
    """Name in the main language and in English."""
    text, before = " ".join(text.split()), element.get("name") or ""
    _attribute(element, "name", text)
    holder = element.find(bpmn("extensionElements"))
    label = None
    if holder is not None:
        label = next((found for found in holder.iterchildren(tag("troika:label")) if found.get("lang") == "en"), None)
    english = " ".join(english.split())
    if english and label is None:
        label = new("troika:label", {"lang": "en"})
        insert(extensions(element), 0, label)
    if label is not None:
        if english:
            if english != (label.text or ""):
                label.attrib.pop("of", None)
            elif before and text != before and label.get("of") is None:
                label.set("of", before)
            label.text = english
        else:
            remove(label)


def assignment(
    task: Element, given: Mapping[str, str], strategy: Mapping[str, str], known: "tuple[str, ...]" = ()
) -> None:
    """Who: attributes of zeebe:assignmentDefinition, or of troika:assignment; the other one goes.

    `known`: what of a strategy that stays the same may go; its other attributes stay.
    """
    _extension(task, "zeebe:assignmentDefinition", dict(given))
    found = _found(task, "troika:assignment")
    if found is not None and found.get("strategy") != strategy.get("strategy"):
        remove(found)
    _extension(task, "troika:assignment", dict(strategy), ("strategy", *known))


def approval(task: Element, words: Mapping[str, str]) -> None:
    """How an approval is decided; words that are not named stay."""
    found = _found(task, "troika:approval")
    kept = dict(found.attrib) if found is not None else {}
    _extension(task, "troika:approval", {**kept, **words})


def said(owner: Element, word: str, attribute: str) -> str:
    """What an attribute of the extension `word` says; empty when nothing is said."""
    found = _found(owner, word)
    return found.get(attribute, "") if found is not None else ""


def say(owner: Element, word: str, attribute: str, value: str) -> None:
    """Write one attribute of an extension, or take it away; the extension goes with what it cannot do without."""
    found = _found(owner, word)
    if value:
        (extension(owner, word) if found is None else found).set(attribute, value)
    elif found is not None:
        found.attrib.pop(attribute, None)
        _tidy(found, word)


def lines(owner: Element, word: str) -> list[Element]:
    """The elements `word` of a node: those that stand by themselves, or inside the extension that holds them."""
    holder = _holder(owner, word)
    return list(holder.iterchildren(tag(word))) if holder is not None else []


def write_lines(owner: Element, word: str, rows: "Sequence[tuple[int | None, Mapping[str, str]]]") -> None:
    """Let these rows stand: each with the number of the line that it was, or None for a new one, and its attributes.

    Other attributes of a line stay; a line that no row names goes.
    """
    there = lines(owner, word)
    for old, words in rows:
        line = there[old] if old is not None and old < len(there) else None
        if line is None:
            holder = extension(owner, _HOLDERS[word]) if word in _HOLDERS else extensions(owner)
            insert(holder, len(holder), new(word, {key: value for key, value in words.items() if value}))
            continue
        for key, value in words.items():
            if line.get(key, "") != value:
                _attribute(line, key, value)
    kept = {old for old, _ in rows}
    for number, line in enumerate(there):
        if number not in kept:
            remove(line)
    holder = _found(owner, _HOLDERS[word]) if word in _HOLDERS else None
    if holder is not None and there:
        _tidy(holder, _HOLDERS[word])


def due(task: Element, expression: str) -> None:
    """Until when; the follow-up date stays."""
    found = _found(task, "zeebe:taskSchedule")
    kept = dict(found.attrib) if found is not None else {}
    kept.pop("dueDate", None)
    _extension(task, "zeebe:taskSchedule", {**kept, "dueDate": expression} if expression else kept)


def form(element: Element, form_id: str) -> None:
    """Which form; its other words stay."""
    found = _found(element, "zeebe:formDefinition")
    if found is not None and form_id:
        found.set("formId", form_id)
    else:
        _extension(element, "zeebe:formDefinition", {"formId": form_id} if form_id else {})


def decision(task: Element, decision_id: str) -> None:
    """Which decision is asked, in the version of this deployment; a variable of its name receives what it says.

    What the task says of version and variable already stays.
    """
    found = _found(task, "zeebe:calledDecision")
    kept = dict(found.attrib) if found is not None else {}
    words = {"decisionId": decision_id, "resultVariable": decision_id, "bindingType": "deployment"}
    _extension(task, "zeebe:calledDecision", {**words, **kept, "decisionId": decision_id})


def deciding(task: Element, decision_id: str) -> None:
    """Which decision says who, where a decision is to say it."""
    if said(task, "troika:assignment", "strategy") == "decision":
        say(task, "troika:assignment", "decisionId", decision_id)


def fields(task: Element, permissions: Mapping[str, str], required: "Container[str] | None" = None) -> None:
    """What may be done with each field that is named: write, read, hidden, or "" as the rest of the form.

    `required`: which of those that may be written must be filled in; None: as it was.
    """
    holder = extension(task, "troika:fields") if any(permissions.values()) else _found(task, "troika:fields")
    if holder is None:
        return
    there = {line.get("id"): line for line in holder.iterchildren(tag("troika:field"))}
    for key, permission in permissions.items():
        line = there.get(key)
        if permission and line is None:
            insert(holder, len(holder), new("troika:field", {"id": key, "perm": permission}))
        elif permission and line is not None and line.get("perm") != permission:
            line.set("perm", permission)
            line.attrib.pop("required", None)
        elif not permission and line is not None:
            remove(line)
    if required is not None:
        for line in holder.iterchildren(tag("troika:field")):
            if line.get("id") in permissions and (line.get("required") == "true") is not _wanted(line, required):
                _attribute(line, "required", "true" if _wanted(line, required) else "")
    if len(holder) == 0 and not holder.attrib:
        remove(holder)


def condition(flow: Element, text: str) -> None:
    """When a branch is taken; empty: not said yet."""
    found = flow.find(bpmn("conditionExpression"))
    if not text:
        if found is not None:
            remove(found)
        return
    if found is None:
        found = same_prefix(flow, "conditionExpression")
        insert(flow, len(flow), found)
        found.set(f"{{{XSI}}}type", ":".join(filter(None, (flow.prefix, "tFormalExpression"))))
    if found.text != text:
        found.text = text


def otherwise(gate: Element, flow: Element) -> None:
    """Let `flow` be taken when no condition is true."""
    gate.set("default", flow.get("id"))
    condition(flow, "")


def wait(event: Element, kind: str, text: str) -> None:
    """What a timer waits for. `kind`: duration | date."""
    definition = event.find(bpmn("timerEventDefinition"))
    word = {"duration": "timeDuration", "date": "timeDate"}[kind]
    found = definition.find(bpmn(word))
    for child in list(definition.iterchildren("*")):
        if child is not found and local_name(child) in ("timeDuration", "timeDate", "timeCycle"):
            remove(child)
    if found is None:
        found = same_prefix(definition, word)
        found.set(f"{{{XSI}}}type", ":".join(filter(None, (definition.prefix, "tFormalExpression"))))
        insert(definition, len(definition), found)
    found.text = text


def operation(task: Element, name_: str, inputs: Mapping[str, str]) -> None:
    """Which operation, and lines of its input; an empty source takes a line away."""
    found = _found(task, "zeebe:taskDefinition")
    if found is None:
        found = extension(task, "zeebe:taskDefinition")
    found.set("type", name_)
    lines_in = {key: source for key, source in inputs.items() if source}
    holder = extension(task, "zeebe:ioMapping") if lines_in else _found(task, "zeebe:ioMapping")
    if holder is None:
        return
    there = {line.get("target"): line for line in holder.iterchildren(tag("zeebe:input"))}
    for key, source in inputs.items():
        line = there.get(key)
        if source and line is None:
            place = sum(1 for child in holder if local_name(child) == "input")
            insert(holder, place, new("zeebe:input", {"source": source, "target": key}))
        elif source and line is not None:
            line.set("source", source)
        elif line is not None:
            remove(line)
    if len(holder) == 0:
        remove(holder)


def called(activity: Element, process_id: str) -> None:
    """Which process is called, in the version of this deployment."""
    found = _found(activity, "zeebe:calledElement")
    if found is None:
        found = extension(activity, "zeebe:calledElement", bindingType="deployment")
    found.set("processId", process_id)


def blank(node: Element, kind: str, form_id: str | None) -> None:
    """What a new card of that kind begins with."""
    if kind in ("approval", "task"):
        extension(node, "zeebe:userTask")
        if form_id:
            extension(node, "zeebe:formDefinition", formId=form_id)
    if kind == "approval":
        extension(node, "troika:approval", mode="any", onReject="end")
        extension(node, "troika:fields", default="read")
        due(node, '= now() + duration("P3D")')
    elif kind == "copy":
        operation(node, COPY, {**TELL, "user_ids": ""})
    elif kind == "service":
        extension(node, "zeebe:taskDefinition", type="")
    elif kind == "call":
        called(node, "")
    elif kind == "timer":
        definition = same_prefix(node, "timerEventDefinition")
        definition.set("id", f"{node.get('id')}_timer")
        insert(node, len(node), definition)
        wait(node, "duration", "")


def request(node: Element, form_id: str | None) -> None:
    """The step in which the requester corrects what was rejected."""
    node.set(f"{{{TROIKA}}}request", "true")
    extension(node, "zeebe:userTask")
    extension(node, "zeebe:assignmentDefinition", assignee=f"= {INITIATOR}")
    if form_id:
        extension(node, "zeebe:formDefinition", formId=form_id)
    extension(node, "troika:fields", default="write")


def _wanted(line: Element, required: "Container[str]") -> bool:
    return line.get("perm") == "write" and line.get("id") in required


def _holder(owner: Element, word: str) -> Element | None:
    return _found(owner, _HOLDERS[word]) if word in _HOLDERS else owner.find(bpmn("extensionElements"))


def _tidy(found: Element, word: str) -> None:
    """Away with an extension that says nothing any more."""
    needed = _NEEDED.get(word)
    says = any(found.get(name) for name in needed) if needed is not None else bool(found.attrib)
    if not says and len(found) == 0 and word not in _ALONE:
        remove(found)


def _found(owner: Element, word: str) -> Element | None:
    holder = owner.find(bpmn("extensionElements"))
    return holder.find(tag(word)) if holder is not None else None


def _extension(owner: Element, word: str, words: dict[str, str], known: "tuple[str, ...] | None" = None) -> None:
    """Exactly these attributes; of `known` ones only, when the others are to stay. Without any the element goes."""
    found = _found(owner, word)
    if not words:
        if found is not None:
            remove(found)
        return
    if found is None:
        found = extension(owner, word)
    for key in set(found.attrib) - set(words):
        if known is None or key in known:
            del found.attrib[key]
    for key, value in words.items():
        found.set(key, value)


def _attribute(element: Element, key: str, value: str) -> None:
    if value:
        element.set(key, value)
    else:
        element.attrib.pop(key, None)
