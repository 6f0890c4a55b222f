"""The cards of a drawing: the draft of the canvas; each edit is one change of the file, answered with new cards."""

import re
import secrets
import string
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import g, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from engine import drafts, repository
from engine.bpmn import outline, read
from engine.bpmn.model import Definition
from engine.bpmn.outline import editing
from engine.bpmn.parser.xml import parse
from engine.errors import N_, EngineError, Phrase
from engine.findings import Finding, Level
from webui import errors, transaction
from webui.access import may, works
from webui.designer import card_settings
from webui.designer.blueprint import designer
from webui.designer.cards import KINDS, Deck, choices
from webui.designer.drawing import with_forms
from webui.designer.filing import saved_by
from webui.designer.history import aside
from webui.designer.library import Opened, etag_of, opened_drawing
from webui.designer.lock import held, held_page
from webui.designer.more import UnknownChoice
from webui.rendering import as_script_data, page

ADDED = ("approval", "task", "copy", "condition", "parallel", "timer", "service", "call")
"""What "+" offers, the most wanted first."""
BASE = "base"
"""the drawing for which settings were typed: sent along, they are only put aside, as a copy of it"""
_LETTERS = 6
_PLACES = re.compile(r"-?[0-9]{1,3}", re.ASCII)


class NoCards(EngineError):
    """A file that cannot be read, or holds no process."""

    message = N_("This file has no process that could be shown as cards.")
    hint = N_("Open the flowchart.")
    status = 422


@designer.get("/simple/<key>")
@works
def simple(key: str) -> ResponseReturnValue:
    """Cards from top to bottom; `card` or `branch` opens what one of them says."""
    opened = opened_drawing(key)
    if held(opened.path) is not None:
        return held_page("process", opened.path, opened.line.name, opened.xml, opened.draft)
    return _page(opened, chosen=request.args.get("card", ""), branch=request.args.get("branch", ""))


def _again(error: EngineError, key: str, **_: Any) -> ResponseReturnValue:
    if BASE in request.form:
        raise error
    return _page(
        opened_drawing(key), error=error, chosen=request.args.get("card", ""), branch=request.args.get("branch", "")
    )


def _edit(view: Callable[..., str], opens: bool = False) -> Callable[..., ResponseReturnValue]:
    """A view that changes the sheet it gets and names the card or branch that the reader looks at then.

    `opens`: its settings are asked for at once; those of a new condition are what its first branch asks.
    """

    @transaction.shows_again(_again)
    def run(key: str, **arguments: Any) -> ResponseReturnValue:
        opened = opened_drawing(key)
        if BASE in request.form:
            copy = editing.Sheet(request.form[BASE].encode(), _letters())
            view(copy, **arguments)
            return jsonify(address=aside(opened.path, copy.written())), 201
        if request.form.get("etag", "") != etag_of(opened.draft):
            raise saved_by(opened.draft)
        sheet = editing.Sheet(opened.xml, _letters())
        focus = view(sheet, **arguments)
        written = sheet.written()
        if written != opened.xml:
            name = sheet.process.name or key
            version = opened.draft.version if opened.draft is not None else 0
            drafts.save(g.uow, opened.path, written, version=version, name=name)
        card, branch = _first_question(written, focus) if opens else ("", "")
        if "HX-Request" in request.headers:
            return _page(opened_drawing(key), focus=focus, chosen=card, branch=branch)
        anchor = f"card-{focus}"
        return redirect(url_for(".simple", key=key, card=card or None, branch=branch or None, _anchor=anchor), 303)

    run.__name__ = view.__name__
    run.__doc__ = view.__doc__
    return run


@designer.post("/simple/<key>/add")
@partial(_edit, opens=True)
def add_card(sheet: editing.Sheet) -> str:
    """A card upon the arrow `flow`."""
    return editing.add(sheet, request.form.get("flow", ""), request.form.get("kind", ""))


@designer.post("/simple/<key>/remove/<card>")
@_edit
def remove_card(sheet: editing.Sheet, card: str) -> str:
    """Away with a card; the one above is looked at next."""
    above = _above(sheet, card)
    editing.remove(sheet, card)
    return above


@designer.post("/simple/<key>/move/<card>")
@_edit
def move_card(sheet: editing.Sheet, card: str) -> str:
    """Up or down by one card, or upon the arrow `flow`."""
    flow = request.form.get("flow") or _beside(sheet, card, request.form.get("by", ""))
    if flow:
        editing.move(sheet, card, flow)
    return card


@designer.post("/simple/<key>/branches/<card>")
@_edit
def add_branch(sheet: editing.Sheet, card: str) -> str:
    """One more branch."""
    editing.add_branch(sheet, card)
    return card


@designer.post("/simple/<key>/branches/<card>/<flow>")
@_edit
def change_branch(sheet: editing.Sheet, card: str, flow: str) -> str:
    """Earlier or later by some places, or away: `do` is -1, 1, … or remove."""
    act = request.form.get("do", "")
    if act == "remove":
        above = _above(sheet, card)
        editing.remove_branch(sheet, card, flow)
        return card if len(sheet.card(card).branches) > 2 else above
    if not _PLACES.fullmatch(act):
        raise UnknownChoice(label=Phrase(N_("Order")), found=act)
    editing.move_branch(sheet, card, flow, int(act))
    return flow


@designer.post("/simple/<key>/card/<card>")
@_edit
def change_card(sheet: editing.Sheet, card: str) -> str:
    """Everything that the settings of a card say."""
    card_settings.apply(sheet, sheet.card(card), _typed())
    return card


@designer.post("/simple/<key>/branch/<card>/<flow>")
@_edit
def change_condition(sheet: editing.Sheet, card: str, flow: str) -> str:
    """Name and condition of a branch."""
    card_settings.apply_branch(sheet, sheet.card(card), flow, _typed())
    return flow


def _typed() -> MultiDict[str, str]:
    return MultiDict((name, value) for name, value in request.form.items(multi=True) if name != BASE)


# ---------------------------------------------------------------- the page


def _page(
    opened: Opened, *, error: EngineError | None = None, focus: str = "", chosen: str = "", branch: str = ""
) -> ResponseReturnValue:
    definition = read(opened.xml, opened.path).definition
    if definition is None or not definition.executable:
        raise NoCards
    drawn = outline.outline(definition)
    checked = repository.check(g.uow, with_forms(opened.path, opened.xml))
    findings = [finding for finding in checked if finding.resource in ("", opened.path)]
    deck = Deck(drawn, findings)
    data = {
        "key": opened.key, "etag": etag_of(opened.draft), "xml": opened.text,
        "addresses": {
            "draft": url_for(".save", key=opened.key), "publish": url_for(".publish", key=opened.key),
            "lock": url_for(".hold", path=opened.path) if may("process.design") else None,
            "simple": url_for(".simple", key=opened.key),
        },
    }  # fmt: skip
    return page(
        "designer/simple.html", block="pane", line=opened.line, latest=opened.latest, draft=opened.draft, deck=deck,
        etag=etag_of(opened.draft), kinds=KINDS, added=ADDED, error=error, focus=focus, page_data=as_script_data(data),
        settings=_settings(deck, opened.xml, chosen, branch), others=_others(definition, findings, drawn),
        obstacles=_obstacles(deck), errors_found=sum(1 for found in findings if found.level is Level.ERROR),
    )  # fmt: skip


def _settings(deck: Deck, xml: bytes, chosen: str, branch: str) -> dict[str, Any] | None:
    """What the open card or branch says, for its form."""
    card = deck.find(chosen)
    if card is None or deck.path is None:
        return None
    if branch in [path.flow for path in card.branches]:
        return card_settings.branch_values(deck, card, branch) | choices()
    return card_settings.values(deck, card, parse(xml, "", keep_comments=True)) | choices()


def _obstacles(deck: Deck) -> list[dict[str, str]]:
    """Why there are no cards: element, its name, the reason."""
    return [
        {
            "element": str(found.element_id), "name": deck.names.get(str(found.element_id), str(found.element_id)),
            "reason": errors.words(found.message, found.facts),
        }
        for found in deck.drawn.obstacles
    ]  # fmt: skip


def _others(definition: Definition, findings: list[Finding], drawn: outline.Outline) -> list[str]:
    """What the check says about the process as a whole."""
    cards = {node.id for process in definition.processes for node in process.all_nodes()}
    flows = {flow.id for process in definition.processes for scope in process.all_scopes() for flow in scope.flows}
    return [
        errors.words(found.message, found.facts) for found in findings
        if found.level is not Level.INFO and (drawn.path is None or found.element_id not in cards | flows)
    ]  # fmt: skip


def _first_question(xml: bytes, card: str) -> tuple[str, str]:
    """(card, branch) whose settings a new card needs first."""
    definition = read(xml).definition
    found = outline.outline(definition).card(card) if definition is not None else None
    asks = found is not None and found.kind == "condition"
    return card, found.branches[0].flow if found is not None and asks else ""


def _letters() -> str:
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(_LETTERS))


def _above(sheet: editing.Sheet, card: str) -> str:
    """The card before another one, at any depth."""
    for path in sheet.outline.paths():
        ids = [found.id for found in path.cards]
        if card in ids and ids.index(card) > 0:
            return ids[ids.index(card) - 1]
    owner = next((found for found in sheet.outline.cards() if card in [
        inner.id for path in outline.paths_of(found) for inner in path.cards
    ]), None)  # fmt: skip
    return owner.id if owner is not None else card


def _beside(sheet: editing.Sheet, card: str, by: str) -> str:
    """The arrow upon which a card stands after it went up or down; empty at the end of its path."""
    path = next((path for path in sheet.outline.paths() if card in [found.id for found in path.cards]), None)
    if path is None:
        return ""
    place = [found.id for found in path.cards].index(card)
    if by == "-1":
        if place == 0 or path.cards[place - 1].kind == "start":
            return ""
        return path.flow if place == 1 else str(path.cards[place - 2].after)
    behind = path.cards[place + 1] if place + 1 < len(path.cards) else None
    return str(behind.after) if behind is not None and behind.after is not None else ""
