"""Cards as people read them: a title, one line that says all, what is missing, what the check found."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from babel.units import format_unit
from flask import g
from flask_babel import gettext

from engine import drafts, identity, operations, repository
from engine.bpmn import outline
from engine.bpmn.model import GATEWAYS, Flow, Node
from engine.bpmn.outline import Card, Outline, Path, editing
from engine.errors import N_
from engine.findings import Finding, Level
from webui import operation_names
from webui.designer import results, who
from webui.designer.asking import fields_of
from webui.designer.conditions import words_of
from webui.designer.vocabulary import MODES, TIMEOUTS
from webui.languages import language
from webui.rendering import label, people_options, person

KINDS = {
    "start": N_("Requester"), "approval": N_("Approval"), "task": N_("Handling"), "copy": N_("Copy"),
    "request": N_("Back to the requester"), "service": N_("Automatic step"), "decision": N_("Decision table"),
    "script": N_("Calculation"), "message": N_("Message"), "call": N_("Called process"), "sub": N_("Sub-process"),
    "timer": N_("Wait"), "event": N_("Event"), "gateway": N_("Gateway"), "check": N_("Condition"),
    "condition": N_("Branches by condition"), "inclusive": N_("All branches that apply"),
    "parallel": N_("At the same time"), "end": N_("End"),
}  # fmt: skip
"""What each kind of card is called."""
_MANY = 500
_SEVERAL = frozenset(
    (
        *("users", "role", "userGroup", "managerChain", "deptLeaderChain", "groups", "expression", "position"),
        *("deptMember", "initiatorSelect", "previousApproverSelect", "decision"),
    )
)
"""ways that may name several people"""
_SHOWN = 4
_DUE = re.compile(r'=?\s*now\(\)\s*\+\s*duration\("([^"]+)"\)\s*')
_DURATION = re.compile(r"P(?:(\d+)D|T(\d+)H|T(\d+)M)")


@dataclass
class Shown:
    """A card of the page. `key` is its anchor; `problems`: what the check says, worst first; `places`: arrows upon
    which it may be put."""

    key: str
    card: Card
    title: str
    summary: str
    missing: bool
    problems: list[Finding] = field(default_factory=list)
    branches: "list[ShownPath]" = field(default_factory=list)
    rejected: "ShownPath | None" = None
    sides: "list[tuple[str, ShownPath]]" = field(default_factory=list)
    inner: "ShownPath | None" = None
    places: list[str] = field(default_factory=list)

    @property
    def level(self) -> str:
        """Error | warn | "": the worst that can be said about it."""
        found = {problem.level for problem in self.problems}
        if self.missing or Level.ERROR in found:
            return "error"
        return "warn" if Level.WARN in found else ""


@dataclass
class ShownPath:
    """A path of the page. `title`: of a branch; `words`: its condition; `place`: among those that are asked."""

    path: Path
    cards: list[Shown]
    title: str = ""
    words: str = ""
    otherwise: bool = False
    missing: bool = False
    place: int = 0
    last: bool = False
    problems: list[Finding] = field(default_factory=list)


class Deck:
    """All cards of one drawing, with what their words need: people, groups, forms, operations."""

    def __init__(self, drawn: Outline, findings: list[Finding]) -> None:
        self.drawn = drawn
        self.nodes: dict[str, Node] = {node.id: node for node in drawn.process.all_nodes()}
        self.flows: dict[str, Flow] = {
            flow.id: flow for scope in drawn.process.all_scopes() for flow in scope.flows
        }  # fmt: skip
        users = identity.users(g.uow, limit=_MANY)
        self.people = {user.login: person(user) for user in users}
        self.by_id = {str(user.id): person(user) for user in users}
        self.groups = {group.key: person(group) for group in identity.groups(g.uow)}
        self.positions = dict(position_names())
        self.departments = {unit.key: person(unit) for unit in identity.org_units(g.uow)}
        self.fields = fields_of(self.start.extensions.form, self.people, self.departments)
        self.asked = results.asked_of(drawn.process, self.people, self.departments)
        self._findings: dict[str, list[Finding]] = {}
        for finding in findings:
            if finding.element_id and finding.level is not Level.INFO:
                self._findings.setdefault(finding.element_id, []).append(finding)
        self._keys: dict[str, int] = {}
        self.path = self._path(drawn.path) if drawn.path is not None else None
        self.requests = [self._card(card) for card in drawn.requests]

    @property
    def start(self) -> Node:
        """The start event; of a process that has none, its first node."""
        nodes = self.drawn.process.nodes.values()
        return next((node for node in nodes if node.type == "startEvent"), Node("", "startEvent"))

    @property
    def names(self) -> dict[str, str]:
        """What every element is called."""
        return {node.id: label(node.labels, node.name) or node.id for node in self.nodes.values()}

    @property
    def memberships(self) -> dict[str, dict[str, str]]:
        """What people may belong to, by comparison."""
        return {"in-department": self.departments, "has-role": self.groups}

    @property
    def steps(self) -> list[dict[str, str]]:
        """Everything in the file that is a step, as far as it can be said without cards."""
        found = []
        for node in self.nodes.values():
            if node.type in GATEWAYS or node.type == "boundaryEvent":
                continue
            kind = outline.kind_of(node)
            summary = self.summary(Card(node.id, kind), node)
            found.append({"kind": kind, "name": self.names[node.id], "summary": summary})
        return found

    def find(self, key: str) -> Card | None:
        """The card of an element."""
        return next((card for card in self.drawn.cards() if card.id == key), None)

    # ------------------------------------------------------------ paths and cards

    def _path(self, path: Path) -> ShownPath:
        return ShownPath(path, [self._card(card) for card in path.cards])

    def _card(self, card: Card) -> Shown:
        node = self.nodes[card.id]
        number = self._keys[card.id] = self._keys.get(card.id, 0) + 1
        own = [card.id, card.gateway, card.join, *(side.event for side in card.sides)]
        return Shown(
            card.id if number == 1 else f"{card.id}-{number}", card, self._title(card, node), self.summary(card, node),
            self._lacks(card, node),
            self._said([key for key in own if key], self._lacks(card, node)),
            self._branches(card),
            self._path(card.rejected) if card.rejected is not None else None,
            [(self.names[side.event], self._path(side.path)) for side in card.sides],
            self._path(card.inner) if card.inner is not None else None,
            editing.places(self.drawn, card),
        )  # fmt: skip

    def _said(self, elements: list[str], missing: bool) -> list[Finding]:
        """What the check says of these elements; of a card that is not set yet, what goes beyond that."""
        found = [one for key in elements for one in self._findings.get(key, ())]
        return sorted((one for one in found if not missing or one.level is not Level.ERROR), key=lambda one: one.level)

    def _title(self, card: Card, node: Node) -> str:
        return label(node.labels, node.name) or gettext(KINDS[card.kind])

    def _branches(self, card: Card) -> list[ShownPath]:
        default = self.nodes[card.id].default
        asked = [path for path in card.branches if path.flow != default]
        shown = []
        for path in [*asked, *(path for path in card.branches if path.flow == default)]:
            flow = self.flows[path.flow]
            found = self._path(path)
            found.title = label(flow.labels, flow.name)
            found.otherwise = flow.id == default
            found.words = words_of(flow.condition, self.asked, self.names, self.memberships)
            found.missing = card.kind != "parallel" and not found.otherwise and not (flow.condition or "").strip("= ")
            found.place, found.last = (0, True) if found.otherwise else (asked.index(path), path is asked[-1])
            found.problems = [] if found.missing else self._said([path.flow], False)
            shown.append(found)
        return shown

    # ------------------------------------------------------------ words

    def summary(self, card: Card, node: Node) -> str:
        """One line that says what the card does."""
        match card.kind:
            case "start":
                parts = [self._filled_in(node.extensions.form)]
            case "approval" | "task" | "request":
                parts = [self.who(node), *self._how(card, node), due_words(node.extensions.due), *_limits(node)]
            case "copy":
                parts = [self._told(node)]
            case "service" | "message":
                parts = [self._operation(node)]
            case "call":
                parts = [_named(node.extensions.called.process_id, "process") if node.extensions.called else ""]
            case "decision":
                parts = [_named(node.extensions.decision.decision_id, "decision") if node.extensions.decision else ""]
            case "timer":
                parts = [waiting_words(node)]
            case "condition" | "inclusive" | "parallel" | "check":
                parts = [_branch_words(card)]
            case _:
                parts = []
        return " · ".join(part for part in parts if part)

    def who(self, node: Node) -> str:
        """Who is asked, in words."""
        known = {
            "person": self.people, "group": self.groups, "dept": self.departments, "step": self.names,
            "position": self.positions,
            "field": {key: found.label for key, found in self.fields.items()},
        }  # fmt: skip
        return who.said(who.who_of(node), lambda kind, key: known[kind].get(key, key))

    def _how(self, card: Card, node: Node) -> list[str]:
        rule = node.extensions.approval
        if rule is None:
            return []
        several = who.who_of(node).way in _SEVERAL
        words = dict(rule.parameters)
        mode = (
            gettext(dict(MODES).get(rule.mode, rule.mode)) if several or rule.mode not in ("any", "single", "") else ""
        )
        if rule.mode in ("ratio", "weight") and "threshold" in words:
            mode = gettext("%(share)s must agree", share=words["threshold"])
        ends = card.gateway is None and rule.on_reject not in ("flow", "initiator") and not _sent_back(rule.on_reject)
        return [mode, gettext("a rejection ends it") if ends else ""]

    def _told(self, node: Node) -> str:
        source = {line.target: line.source for line in node.extensions.inputs}
        text = source.get("user_ids", "")
        names = [self.by_id.get(key, key) for key in who.listed(text) or ()]
        if not names and "process.initiator" in text:
            names = [gettext("the requester")]
        return who.together(names)

    def _operation(self, node: Node) -> str:
        return operation_names.called(node.extensions.task.type) if node.extensions.task is not None else ""

    def _filled_in(self, form_id: str | None) -> str:
        if not form_id or not self.fields:
            return gettext("fills in the form %(form)s", form=form_id) if form_id else gettext("no form")
        names = [found.label for found in self.fields.values()]
        shown = who.together(names[:_SHOWN])
        return gettext("fills in %(fields)s", fields=f"{shown}…" if len(names) > _SHOWN else shown)

    def _lacks(self, card: Card, node: Node) -> bool:
        match card.kind:
            case "approval" | "task":
                return not self.who(node)
            case "copy":
                return not self._told(node)
            case "service":
                return node.type == "serviceTask" and not (node.extensions.task and node.extensions.task.type)
            case "call":
                return not (node.extensions.called and node.extensions.called.process_id)
            case "timer":
                return not waiting_words(node)
        return False


def _sent_back(on_reject: str | None) -> bool:
    return (on_reject or "").startswith("return:")


def _limits(node: Node) -> list[str]:
    """What happens by itself when nobody decides, for example: remind after 24 hours."""
    acts = dict(TIMEOUTS)
    return [
        gettext("%(act)s after %(time)s", act=gettext(acts.get(step.do, step.do)), time=duration_words(step.after))
        for step in node.extensions.timeout
    ]


def form_keys() -> list[str]:
    """Forms that a card may name: deployed ones and drafts."""
    drawn = {drafts.place(draft.path)[1] for draft in drafts.list_(g.uow) if draft.kind == "form"}
    return sorted({info.key for info in repository.latest_all(g.uow, "form")} | drawn)


def due_words(text: str | None) -> str:
    """Until when, in words."""
    if not text:
        return ""
    found = _DUE.fullmatch(text)
    within = duration_words(found[1]) if found is not None else ""
    return gettext("within %(time)s", time=within) if within else gettext("due: %(when)s", when=text.lstrip("= "))


def duration_of(text: str | None) -> tuple[str, str] | None:
    """(amount, unit M | H | D) of a plain duration, also of a due date that lies one ahead."""
    found = _DUE.fullmatch(text or "")
    match = _DURATION.fullmatch((found[1] if found is not None else text or "").strip().strip('"'))
    if match is None:
        return None
    return next((amount, unit) for amount, unit in zip(match.groups(), "DHM", strict=True) if amount is not None)


def duration_words(text: str) -> str:
    """`P3D` in words."""
    found = duration_of(text)
    if found is None:
        return text
    amount, unit = int(found[0]), {"D": "duration-day", "H": "duration-hour", "M": "duration-minute"}[found[1]]
    length: Literal["short", "long"] = "short" if language() == "zh" else "long"  # the long one lacks Chinese words
    return str(format_unit(amount, unit, length, locale=language()))


def duration_text(amount: str, unit: str) -> str:
    """ISO 8601 of what people typed."""
    return f"P{int(amount)}D" if unit == "D" else f"PT{int(amount)}{unit}"


def waiting_words(node: Node) -> str:
    """What a timer waits for; empty when it is not said."""
    timer = next((event.timer for event in node.events if event.timer is not None), None)
    if timer is None or not timer.text.strip("= "):
        return ""
    text = timer.text.strip()
    return duration_words(text) if timer.kind == "duration" else gettext("until %(when)s", when=text.lstrip("= "))


def choices() -> dict[str, Any]:
    """What the settings of a card may name."""
    catalog, users = operations.catalog().values(), identity.users(g.uow, limit=_MANY + 1)
    more, users = len(users) > _MANY, users[:_MANY]
    return {
        "more_people": more,
        "found_people": _found_people,
        "people": [(user.login, person(user), str(user.id)) for user in users],
        "logins": [(user.login, person(user)) for user in users],
        "ids": [(str(user.id), person(user)) for user in users],
        "groups": [(group.key, person(group)) for group in identity.groups(g.uow)],
        "forms": [(key, key) for key in form_keys()],
        "processes": [(info.key, label(info.labels, info.name)) for info in repository.latest_all(g.uow)],
        "departments": [(unit.key, person(unit)) for unit in identity.org_units(g.uow)],
        "positions": position_names(),
        "levels": levels(),
        "decisions": [(info.key, label(info.labels, info.name)) for info in repository.latest_all(g.uow, "decision")],
        "operations": sorted((found.name, label(found.labels, found.name)) for found in catalog),
    }


def _found_people(chosen: Iterable[str], by: str) -> str:
    """Those who are named, as a picker shows them; whoever is nobody (any more) as he is named."""
    known = {one["id"]: one for one in people_options(identity.find(g.uow, chosen), by)}
    return json.dumps([known.get(one) or {"id": one, "name": f"{one} ?"} for one in chosen], ensure_ascii=False)


def position_names() -> list[tuple[str, str]]:
    """Positions as drawings name them, in the reader's language."""
    return [(key, label({"en": english}, key)) for key, english in identity.positions(g.uow).items()]


def levels() -> list[tuple[str, str]]:
    """Where a chain of managers may end: with a position or a department."""
    units = [(f"dept:{unit.key}", person(unit)) for unit in identity.org_units(g.uow)]
    return [("", gettext("At the level above")), *((f"rank:{key}", name) for key, name in position_names()), *units]


def _named(key: str, kind: str) -> str:
    """A process or decision by its title."""
    found = next((info for info in repository.latest_all(g.uow, kind) if info.key == key), None)
    return label(found.labels, found.name) if found is not None else key


def _branch_words(card: Card) -> str:
    if card.kind == "parallel":
        return gettext("%(n)s branches, all of them", n=len(card.branches))
    if card.kind == "check":
        return ""
    return gettext("the first that applies, from left to right") if card.kind == "condition" else ""
