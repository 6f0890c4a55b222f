"""A form or a file of decisions that is made from a step of a drawing: it is offered a name, and the step names it."""

from collections.abc import Container

from flask import flash, g
from flask_babel import gettext

from engine import drafts, identity
from engine.bpmn.imports.writing import to_bytes
from engine.bpmn.outline import settings
from engine.bpmn.parser.xml import Element, local_name, parse
from webui.designer.library import opened_drawing
from webui.designer.lock import held
from webui.designer.way_back import way_back
from webui.rendering import person

_NAMING = {
    ("startEvent", "form"): settings.form, ("userTask", "form"): settings.form,
    ("businessRuleTask", "decision"): settings.decision, ("userTask", "decision"): settings.deciding,
}  # fmt: skip
_KNOWN = {"form": ("{*}formDefinition",), "decision": ("{*}calledDecision[@decisionId]", "{*}assignment[@decisionId]")}


def suggested(taken: Container[str], more: str = "") -> str:
    """An id for what is made: that of the process from which the reader came, with `more` and the step where needed."""
    came = way_back()
    ids = [came["back"] + more, f"{came['back']}{more}_{came['element'].lower()}"] if came["back"] else []
    return next((one for one in ids if one not in taken), "")


def name(kind: str, key: str) -> None:
    """Let the step from which the reader came name form or decision `key`, unless it names another."""
    came = way_back()
    if not came["back"]:
        return
    opened = opened_drawing(came["back"])
    root: Element = parse(opened.xml, opened.path, keep_comments=True)
    step = next((one for one in root.iter("*") if one.get("id") == came["element"]), None)
    if step is None or any(step.find(f"{{*}}extensionElements/{word}") is not None for word in _KNOWN[kind]):
        return
    say = _NAMING.get((local_name(step), kind))
    other = held(opened.path)
    if say is not None and other is not None:
        flash(gettext("%(who)s is editing “%(name)s”: choose what you have made at the step there, once it is free.",
                      who=person(identity.user(g.uow, other.holder)), name=opened.line.name), "warning")  # fmt: skip
    elif say is not None:
        say(step, key)
        version = opened.draft.version if opened.draft is not None else 0
        drafts.save(g.uow, opened.path, to_bytes(root), version=version, name=opened.line.name)
