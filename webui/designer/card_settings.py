"""The settings of one card or branch: what the form shows, and what it sends as words of the drawing."""

from typing import Any

from werkzeug.datastructures import MultiDict

from engine.bpmn import outline
from engine.bpmn.model import Node
from engine.bpmn.outline import Card, editing, settings
from engine.errors import N_, EngineError
from engine.values import storable
from webui.designer import who
from webui.designer.cards import MODES, Deck, duration_of, duration_text, fields_of
from webui.designer.conditions import OPERATORS, ROWS, Row, feel_of, rows_of

OFFERED_MODES = ("any", "all", "sequential", "claim")
PERMISSIONS = ("", "write", "read", "hidden")
UNITS = (("M", N_("minutes")), ("H", N_("hours")), ("D", N_("days")))
_LONGEST = 4_000


class NotAnAmount(EngineError):
    """A duration is a whole number of minutes, hours or days."""

    message = N_("Expected a whole number from 1 to {limit}, found '{found}'.")
    status = 422


class TextTooLong(EngineError):
    """A name or an expression that nobody could read."""

    message = N_("Expected at most {limit} characters, found {found}.")
    status = 422


def values(deck: Deck, card: Card) -> dict[str, Any]:
    """What the form of a card shows."""
    node = deck.nodes[card.id]
    source = {line.target: line.source for line in node.extensions.inputs}
    timer = next((event.timer for event in node.events if event.timer is not None), None)
    waits = duration_of(timer.text if timer is not None else None)
    return {
        "card": card, "node": node, "name": node.name, "name_en": node.labels.get("en", ""),
        "who": who.who_of(node), "ways": who.WAYS, "levels": range(1, who.LEVELS + 1),
        "mode": node.extensions.approval.mode if node.extensions.approval else "",
        "modes": [(mode, MODES[mode]) for mode in _modes(node)], "rejected": _rejected(card, node),
        "due": duration_of(node.extensions.due), "due_text": node.extensions.due or "", "units": UNITS,
        "form": node.extensions.form or "",
        "fields": fields_of(node.extensions.form if card.kind != "start" else None),
        "permissions": {found.id: found.permission for found in node.extensions.fields},
        "waits": waits, "waits_text": timer.text if timer is not None else "",
        "told": who.listed(source.get("user_ids")) or [], "told_text": source.get("user_ids", ""),
        "title": _literal(source.get("title", "")),
        "operation": node.extensions.task.type if node.extensions.task else "",
        "called": node.extensions.called.process_id if node.extensions.called else "",
        "variables": deck.fields,
    }  # fmt: skip


def branch_values(deck: Deck, card: Card, flow_id: str) -> dict[str, Any]:
    """What the form of a branch shows."""
    flow = deck.flows[flow_id]
    rows = rows_of(flow.condition)
    shown = rows is not None and len(rows) <= ROWS
    return {
        "card": card, "branch": flow, "name": flow.name, "name_en": flow.labels.get("en", ""),
        "rows": [*(rows or []), *[None] * ROWS][:ROWS] if shown else None, "operators": OPERATORS,
        "text": (flow.condition or "").strip(), "variables": deck.fields,
        "otherwise": deck.nodes[card.id].default == flow_id,
    }  # fmt: skip


def apply(sheet: editing.Sheet, card: Card, sent: MultiDict[str, str]) -> None:
    """Write what the form of a card says; what it does not show stays."""
    _check(sent)
    node = next(found for found in sheet.process.all_nodes() if found.id == card.id)
    element = sheet.file.element(card.id)
    editing.rename(sheet, card.id, sent.get("name", node.name), sent.get("name_en", node.labels.get("en", "")))
    if "form" in sent and sent["form"] != (node.extensions.form or ""):
        settings.form(element, sent["form"])
    match card.kind:
        case "approval" | "task":
            _apply_human(sheet, card, node, sent)
        case "timer":
            if sent.get("amount"):
                settings.wait(element, "duration", _duration(sent["amount"], sent.get("unit", "D")))
        case "copy":
            _apply_copy(element, sent)
        case "service":
            if node.type == "serviceTask" and "operation" in sent:
                settings.operation(element, sent["operation"], {})
        case "call":
            settings.called(element, sent.get("process", ""))


def apply_branch(sheet: editing.Sheet, card: Card, flow_id: str, sent: MultiDict[str, str]) -> None:
    """Write name and condition of a branch."""
    _check(sent)
    if flow_id not in [path.flow for path in card.branches]:
        sheet.flow("")
    flow = sheet.file.element(flow_id)
    settings.name(flow, sent.get("name", ""), sent.get("name_en", ""))
    if "text" in sent:
        text = sent["text"].strip()
        settings.condition(flow, text if text.startswith("=") or not text else f"= {text}")
    elif "field" in sent:
        start = next(found for found in sheet.process.nodes.values() if found.type == "startEvent")
        asked = zip(sent.getlist("field"), sent.getlist("operator"), sent.getlist("value"), strict=False)
        rows = [Row(key, operator, value) for key, operator, value in asked if key and value and operator in OPERATORS]
        settings.condition(flow, feel_of(rows, fields_of(start.extensions.form)))


def _apply_human(sheet: editing.Sheet, card: Card, node: Node, sent: MultiDict[str, str]) -> None:
    element = sheet.file.element(card.id)
    chosen = who.from_form(sent, sent.getlist)
    if chosen != who.who_of(node) and chosen.way in ("", *(way for way, _ in who.WAYS)):
        settings.assignment(element, *who.written(chosen))
    if card.kind == "approval" and sent.get("mode") in _modes(node):
        rule = node.extensions.approval
        if rule is None or sent["mode"] != rule.mode:
            settings.approval(element, {"mode": sent["mode"]})
    if "amount" in sent:
        amount, unit = sent["amount"].strip(), sent.get("unit", "D")
        before = duration_of(node.extensions.due)
        if (amount, unit) != before and (amount or before is not None):
            settings.due(element, f'= now() + duration("{_duration(amount, unit)}")' if amount else "")
    asked = {key.removeprefix("perm:"): value for key, value in sent.items() if key.startswith("perm:")}
    settings.fields(element, {key: value for key, value in asked.items() if value in PERMISSIONS})
    if card.kind == "approval" and sent.get("rejected") in ("end", "request"):
        editing.when_rejected(sheet, card.id, sent["rejected"])


def _apply_copy(element: Any, sent: MultiDict[str, str]) -> None:
    told = sent.getlist("told")
    inputs = {"title": f"= {_quoted(sent['title'])}"} if sent.get("title") else {}
    if sent.get("way") == "initiator":
        inputs["user_ids"] = settings.TELL["user_ids"]
    elif sent.get("way") == "people":
        inputs["user_ids"] = who.as_list(tuple(told)) if told else ""
    settings.operation(element, outline.COPY, inputs)


def _modes(node: Node) -> tuple[str, ...]:
    rule = node.extensions.approval
    return OFFERED_MODES if rule is None or rule.mode in OFFERED_MODES else (*OFFERED_MODES, rule.mode)


def _rejected(card: Card, node: Node) -> str:
    """End | request | drawn: what a rejection does."""
    if card.rejected is not None:
        return "request" if card.rejected.leads == outline.BACK and not card.rejected.cards else "drawn"
    rule = node.extensions.approval
    return "drawn" if rule is not None and rule.on_reject == "flow" else "end"


def _duration(amount: str, unit: str) -> str:
    limit = 10_000
    if not amount.strip().isascii() or not amount.strip().isdigit() or not 0 < int(amount) <= limit:
        raise NotAnAmount(limit=limit, found=amount)
    return duration_text(amount, unit if unit in dict(UNITS) else "D")


def _check(sent: MultiDict[str, str]) -> None:
    for value in sent.values():
        if len(value) > _LONGEST or not storable(value):
            raise TextTooLong(limit=_LONGEST, found=len(value))


def _literal(text: str) -> str | None:
    """A text in quotation marks without them; None for an expression of another kind."""
    body = text.strip().removeprefix("=").strip()
    return body[1:-1] if len(body) > 1 and body[0] == body[-1] == '"' and '"' not in body[1:-1] else None


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "").replace('"', "”") + '"'
