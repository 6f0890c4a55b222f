"""The settings of one card or branch: what the form shows, and what it sends as words of the drawing."""

import re
from typing import Any

from werkzeug.datastructures import MultiDict

from engine import feel
from engine.bpmn import outline
from engine.bpmn.imports.writing import bpmn
from engine.bpmn.model import Node
from engine.bpmn.outline import Card, editing, settings
from engine.errors import N_, EngineError, Phrase
from engine.values import storable
from webui import operation_names
from webui.designer import conditions, more, results, who
from webui.designer.asking import fields_of, memberships
from webui.designer.cards import Deck, duration_of, duration_text
from webui.designer.conditions import Field, rows_of, same

PERMISSIONS = ("", "write", "read", "hidden")
UNITS = (("M", N_("minutes")), ("H", N_("hours")), ("D", N_("days")))
_LONGEST = 4_000
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


class NotAnAmount(EngineError):
    """A duration is a whole number of minutes, hours or days."""

    message = N_("Expected a whole number from 1 to {limit}, found '{found}'.")
    status = 422


class TextTooLong(EngineError):
    """A name or an expression that nobody could read."""

    message = N_("Expected at most {limit} characters, found {found}.")
    status = 422


def values(deck: Deck, card: Card, drawn: Any) -> dict[str, Any]:
    """What the form of a card shows. `drawn`: the file's root."""
    node = deck.nodes[card.id]
    source = {line.target: line.source for line in node.extensions.inputs}
    timer = next((event.timer for event in node.events if event.timer is not None), None)
    waits = duration_of(timer.text if timer is not None else None)
    found = {
        "card": card, "node": node, "name": node.name, "name_en": node.labels.get("en", ""),
        "form": node.extensions.form or "", "units": UNITS, "variables": deck.fields,
        "waits": waits, "waits_text": timer.text if timer is not None else "",
        "told": who.listed(source.get("user_ids")) or [], "told_text": source.get("user_ids", ""),
        "title": _literal(source.get("title", "")),
        "operation": node.extensions.task.type if node.extensions.task else "", "mapped": _mapped(node),
        "called": node.extensions.called.process_id if node.extensions.called else "",
    }  # fmt: skip
    if card.kind in ("approval", "task", "request"):
        found |= {
            "who": who.who_of(node), "chosen_positions": who.positions, "ways": who.WAYS, "way_words": who.WORDS,
            "due": duration_of(node.extensions.due), "due_text": node.extensions.due or "",
            "fields": fields_of(node.extensions.form), "rejected": rejected(card, node),
            "permissions": {line.id: line.permission for line in node.extensions.fields},
            "required": {line.id for line in node.extensions.fields if line.required},
            "skip": _rows_shown(node.extensions.skip_when, deck), **_comparisons(deck),
        } | more.of_step(deck, card, element_of(drawn, card.id))  # fmt: skip
    if card.kind == "start":
        found |= more.of_process(deck, element_of(drawn, deck.drawn.process.id))
    return found


def branch_values(deck: Deck, card: Card, flow_id: str) -> dict[str, Any]:
    """What the form of a branch shows."""
    flow = deck.flows[flow_id]
    return {
        "card": card, "branch": flow, "name": flow.name, "name_en": flow.labels.get("en", ""),
        "asked": _rows_shown(flow.condition, deck), **_comparisons(deck), "variables": deck.fields,
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
        case "approval" | "task" | "request":
            _apply_human(sheet, card, node, sent)
        case "start":
            more.apply_process(sheet.file.element(sheet.process.id), sent)
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
    text = more.condition(sent, "", start_fields(sheet))
    stored = flow.find(bpmn("conditionExpression"))
    if text is not None and not same(text, stored.text or "" if stored is not None else ""):
        settings.condition(flow, text)


def start_fields(sheet: editing.Sheet) -> dict[str, Field]:
    """What conditions may ask about: the form that starts the process, what decisions answer, and the requester."""
    return results.asked_of(sheet.process, departments=memberships()["in-department"])


def element_of(drawn: Any, key: str) -> Any:
    """The BPMN element with that id."""
    return next(found for found in drawn.iter("*") if found.get("id") == key and found.tag.startswith(bpmn("")))


def _rows_shown(text: str | None, deck: Deck) -> dict[str, Any]:
    """A condition as the page shows it: as rows and an empty one to fill in, or as text when it says more."""
    rows = rows_of(text)
    shown = rows is not None and all(conditions.typable(row, deck.asked, deck.memberships) for row in rows)
    return {"rows": [*(rows or []), None] if shown else None, "text": (text or "").strip()}


def _comparisons(deck: Deck) -> dict[str, Any]:
    """What the rows offer: fields, comparisons by type, what people may belong to."""
    offered = conditions.offered()
    every = {code: words for kind in ("", *offered) for code, words in offered[kind]}
    return {"asked_of": deck.asked, "comparisons": offered, "every": every, "memberships": deck.memberships}


def _apply_human(sheet: editing.Sheet, card: Card, node: Node, sent: MultiDict[str, str]) -> None:
    element = sheet.file.element(card.id)
    chosen = who.from_form(sent, sent.getlist)
    if "way" in sent and chosen != who.who_of(node) and chosen.way in ("", *(way for way, _ in who.WAYS)):
        settings.assignment(element, *who.written(chosen), tuple(who.words_for(chosen.way)))
    if "amount" in sent:
        amount, unit = sent["amount"].strip(), sent.get("unit", "D")
        before = duration_of(node.extensions.due)
        if (amount, unit) != before and (amount or before is not None):
            settings.due(element, f'= now() + duration("{_duration(amount, unit)}")' if amount else "")
    asked = {key.removeprefix("perm:"): value for key, value in sent.items() if key.startswith("perm:")}
    required = sent.getlist("required") if "required" in sent.getlist("shown") else None
    settings.fields(element, {key: value for key, value in asked.items() if value in PERMISSIONS}, required)
    more.apply_step(element, card.kind, sent, start_fields(sheet))
    if card.kind == "approval" and sent.get("rejected", "drawn") not in ("drawn", rejected(card, node)):
        _reject(sheet, card, element, sent["rejected"])


def _reject(sheet: editing.Sheet, card: Card, element: Any, what: str) -> None:
    """Let a rejection end the request, lead back to the requester's step, or go back without being drawn."""
    if what in ("end", "request"):
        editing.when_rejected(sheet, card.id, what)
        return
    steps = {found.id for found in sheet.process.all_nodes() if found.type == "userTask"}
    if what != "initiator" and what.removeprefix("return:") not in steps - {card.id}:
        raise more.UnknownChoice(label=Phrase(N_("When rejected")), found=what)
    if card.gateway is not None:
        editing.when_rejected(sheet, card.id, "end")
    settings.approval(element, {"onReject": what})


def _apply_copy(element: Any, sent: MultiDict[str, str]) -> None:
    told = sent.getlist("told")
    inputs = {"title": f"= {feel.quoted(sent['title'])}"} if sent.get("title") else {}
    if sent.get("way") == "initiator":
        inputs["user_ids"] = settings.TELL["user_ids"]
    elif sent.get("way") == "people":
        inputs["user_ids"] = who.as_list(tuple(told)) if told else ""
    settings.operation(element, outline.COPY, inputs)


def rejected(card: Card, node: Node) -> str:
    """What a rejection does: end | request | initiator | return:<element> | drawn."""
    if card.rejected is not None:
        return "request" if card.rejected.leads == outline.BACK and not card.rejected.cards else "drawn"
    rule = node.extensions.approval
    on_reject = (rule.on_reject if rule is not None else None) or "end"
    return "drawn" if on_reject == "flow" else on_reject


def _duration(amount: str, unit: str) -> str:
    limit = 10_000
    if not amount.strip().isascii() or not amount.strip().isdigit() or not 0 < int(amount) <= limit:
        raise NotAnAmount(limit=limit, found=amount)
    return duration_text(amount, unit if unit in dict(UNITS) else "D")


def _check(sent: MultiDict[str, str]) -> None:
    for value in sent.values():
        if len(value) > _LONGEST or not storable(value):
            raise TextTooLong(limit=_LONGEST, found=len(value))


def _mapped(node: Node) -> list[tuple[str, str, str]]:
    """(sign, title, value or variable) of what an operation is given and of what comes back."""
    task = node.extensions.task
    if task is None:
        return []
    given = [(line.target, line.source.lstrip("= ")) for line in node.extensions.inputs]
    kept = [(line.source.lstrip("= "), line.target) for line in node.extensions.outputs]
    return [
        (sign, operation_names.item(task.type, name), value)
        for sign, lines in (("←", given), ("→", kept))
        for name, value in lines
    ]


def _literal(text: str) -> str | None:
    """A text in quotation marks without them; None for an expression of another kind."""
    body = text.strip().removeprefix("=").strip()
    match = _STRING.fullmatch(body)
    return None if match is None else feel.unescape(match[1])
