"""Who decides, as one choice in business words: read from the drawing, said in words, written back.

The same choices as in the panel of the flowchart (`assets/designer/panel/assignment.js`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask_babel import gettext

from engine.bpmn.model import Node
from engine.errors import N_
from webui.languages import language

INITIATOR = "= process.initiator"
WAYS = (
    ("initiatorManager", N_("Manager of the initiator")),
    ("managerChain", N_("Managers of the initiator, one after the other")),
    ("initiatorDeptLeader", N_("Head of the initiator’s department")),
    ("user", N_("One person")),
    ("users", N_("Several people")),
    ("groups", N_("Members of a group")),
    ("role", N_("Each member of a group by name")),
    ("initiator", N_("Whoever started the process")),
    ("formUser", N_("Somebody whom the form names")),
    ("expression", N_("Expression")),
)
LEVELS = 5
_LIST = re.compile(r'=\s*\[\s*((?:"[^"]*"\s*,?\s*)*)\]\s*')
_ITEM = re.compile(r'"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Who:
    """`way` is one of WAYS, another strategy of the drawing, or empty: not said. The rest: as a page sends it."""

    way: str = ""
    people: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    level: str = "1"
    field: str = ""
    expression: str = ""


def who_of(node: Node) -> Who:
    """Who is asked at `node`."""
    strategy, given = node.extensions.strategy, node.extensions.assignees
    if strategy is not None:
        words = dict(strategy.parameters)
        groups = listed(words.get("groups") or words.get("group")) or ()
        level = words.get("to", "3") if strategy.name == "managerChain" else words.get("level", "1")
        return Who(strategy.name, groups=tuple(groups), level=level, field=words.get("field", ""))
    if given is None:
        return Who()
    if given.assignee is not None:
        squeezed = given.assignee.replace(" ", "")
        if squeezed == INITIATOR.replace(" ", ""):
            return Who("initiator")
        if given.assignee.startswith("="):
            return Who("expression", expression=given.assignee)
        return Who("user", people=(given.assignee,))
    for text, way in ((given.groups, "groups"), (given.users, "users")):
        if text is not None:
            names = listed(text)
            if names is None:
                return Who("expression", expression=text)
            return Who(way, groups=tuple(names)) if way == "groups" else Who(way, people=tuple(names))
    return Who()


def said(who: Who, people: Callable[[str], str], groups: Callable[[str], str], field: Callable[[str], str]) -> str:
    """Who, in words; empty when nobody is named."""
    if who.way in ("user", "users"):
        return together([people(login) for login in who.people])
    if who.way in ("groups", "role"):
        return together([groups(key) for key in who.groups])
    if who.way == "formUser":
        return gettext("whoever “%(field)s” names", field=field(who.field)) if who.field else ""
    if who.way == "expression":
        return who.expression.removeprefix("=").strip()
    text = dict(WAYS).get(who.way)
    if text is None:
        return who.way
    if who.way in ("initiatorManager", "initiatorDeptLeader") and who.level not in ("", "1"):
        return gettext("%(who)s, %(n)s levels up", who=gettext(text), n=who.level)
    if who.way == "managerChain":
        return gettext("%(who)s, up to level %(n)s", who=gettext(text), n=who.level)
    return gettext(text)


def written(who: Who) -> tuple[dict[str, str], dict[str, str]]:
    """Attributes of zeebe:assignmentDefinition and of troika:assignment."""
    one = who.people[0] if who.people else ""
    match who.way:
        case "initiator":
            return {"assignee": INITIATOR}, {}
        case "user":
            return ({"assignee": one} if one else {}), {}
        case "users":
            return ({"candidateUsers": as_list(who.people)} if who.people else {}), {}
        case "groups":
            return ({"candidateGroups": as_list(who.groups)} if who.groups else {}), {}
        case "expression":
            text = who.expression.strip()
            return ({"assignee": text if text.startswith("=") else f"= {text}"} if text else {}), {}
        case "role":
            return {}, ({"strategy": "role", "groups": ", ".join(who.groups)} if who.groups else {})
        case "formUser":
            return {}, ({"strategy": "formUser", "field": who.field} if who.field else {})
        case "managerChain":
            return {}, {"strategy": "managerChain", "from": "1", "to": who.level}
        case "initiatorManager" | "initiatorDeptLeader":
            return {}, {"strategy": who.way, "level": who.level}
    return {}, {}


def from_form(sent: "Mapping[str, str]", many: "Callable[[str], list[str]]") -> Who:
    """What the page sent."""
    way = sent.get("way", "")
    people = [sent.get("person", "")] if way == "user" else many("people")
    groups = many("role_groups") if way == "role" else many("groups")
    level = sent.get("to", "3") if way == "managerChain" else sent.get("level", "1")
    return Who(
        way, tuple(filter(None, people)), tuple(filter(None, groups)), level if level.isdigit() else "1",
        sent.get("form_field", ""), sent.get("expression", ""),
    )  # fmt: skip


def together(names: list[str]) -> str:
    """Names one after the other, as the reader's language writes them."""
    return ("、" if language() == "zh" else ", ").join(names)


def listed(text: str | None) -> list[str] | None:
    """Names in a list: FEEL, Zeebe's `a, b` or words with spaces; None for an expression of another kind."""
    body = (text or "").strip()
    if body.startswith("="):
        match = _LIST.fullmatch(body)
        return None if match is None else _ITEM.findall(match[1])
    return [part for part in re.split(r"[\s,，|]+", body) if part]


def as_list(names: tuple[str, ...]) -> str:
    """Names as a list of FEEL."""
    return f"= [{', '.join(_quoted(name) for name in names)}]"


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "").replace('"', "") + '"'
