"""Who decides, as one choice in business words: read from the drawing, said in words, written back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask_babel import gettext

from engine import feel
from engine.bpmn.model import Node
from engine.errors import N_
from webui.designer.vocabulary import Choice
from webui.languages import language

INITIATOR = "= process.initiator"
WAYS = (
    ("initiatorManager", N_("Manager of the initiator")),
    ("managerChain", N_("Managers of the initiator, one after the other")),
    ("initiatorDeptLeader", N_("Head of the initiator’s department")),
    ("deptLeaderChain", N_("Heads of the initiator’s departments, one after the other")),
    ("user", N_("One person")),
    ("users", N_("Several people")),
    ("groups", N_("Members of a group")),
    ("role", N_("Each member of a group by name")),
    ("position", N_("Whoever holds a position")),
    ("deptLeader", N_("Head of a certain department")),
    ("deptMember", N_("Everybody of a certain department")),
    ("initiator", N_("Whoever started the process")),
    ("initiatorSelect", N_("Whom the initiator chooses")),
    ("previousApproverSelect", N_("Whom the approver before chooses")),
    ("formUser", N_("Somebody whom the form names")),
    ("formUserManager", N_("Manager of somebody whom the form names")),
    ("formUserDeptLeader", N_("Head of department of somebody whom the form names")),
    ("formDept", N_("Head of a department that the form names")),
    ("nodeApprover", N_("Whoever decided an earlier card")),
    ("decision", N_("Whom a decision table names")),
    ("expression", N_("Expression")),
)
LEVELS = tuple((str(number), str(number)) for number in range(1, 11))
_MISSING = ("initiatorManager", "managerChain", "initiatorDeptLeader", "deptLeaderChain")
_CHAINS = ("managerChain", "deptLeaderChain")
_SELECTED = ("initiatorSelect", "previousApproverSelect")


def _word(
    attribute: str, label: str, ways: tuple[str, ...], options: tuple[tuple[str, str], ...] = (), kind: str = "select",
    **more: str,
) -> Choice:  # fmt: skip
    return Choice("troika:assignment", attribute, label, options, kind, ("way", ways), **more)


WORDS = (
    _word("level", N_("Levels up"), ("initiatorManager", "initiatorDeptLeader"), (("", "1"), *LEVELS[1:]), written="1"),
    _word("from", N_("From level"), _CHAINS, (("", "1"), *LEVELS[1:]), written="1"),
    _word("to", N_("Up to level"), _CHAINS, (("", N_("the top")), *LEVELS)),
    _word("stopAt", N_("Ends with"), _CHAINS, kind="levels"),
    _word("direction", N_("Order"), _CHAINS, (("", N_("From below")), ("topDown", N_("From the top"))),
          written="bottomUp"),
    _word("onMissingLevel", N_("Where a level has nobody"), _MISSING,
          (("", N_("The next one above")), ("skip", N_("That level is left out")),
           ("empty", N_("As when nobody is found"))),
          written="climb"),
    _word("selfIsLeader", N_("When the initiator is the head"), ("initiatorDeptLeader", "deptLeaderChain"),
          (("", N_("The next one above")), ("self", N_("Is asked"))), written="up"),
    _word("positions", N_("Positions"), ("position",), kind="positions", separator=", "),
    _word("dept", N_("Department"), ("deptLeader", "deptMember"), kind="depts"),
    _word("field", N_("Field of the form"), ("formUser", "formUserManager", "formUserDeptLeader", "formDept"),
          kind="fields"),
    _word("element", N_("Card"), ("nodeApprover",), kind="steps"),
    _word("decisionId", N_("Decision table"), ("decision",), kind="decisions"),
    _word("range", N_("Chosen from"), _SELECTED, kind="range", written="all"),
    _word("min", N_("At least"), _SELECTED, (("", "1"), *LEVELS[1:]), written="1"),
    _word("max", N_("At most"), _SELECTED, (("", N_("as many as they like")), *LEVELS)),
)  # fmt: skip
"""What may be said about a way; `when` names the ways."""
_WANTED = {
    "position": "positions", "deptLeader": "dept", "deptMember": "dept", "formUser": "field",
    "formUserManager": "field", "formUserDeptLeader": "field", "formDept": "field", "nodeApprover": "element",
    "decision": "decisionId",
}  # fmt: skip
"""The word without which a way asks nobody."""
_ALIASES = {"positions": ("position", "id", "ids")}
"""other words of the drawing for the same"""
_LIST = re.compile(r'=\s*\[\s*((?:"(?:[^"\\]|\\.)*"\s*,?\s*)*)\]\s*')
_ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Who:
    """`way` is one of WAYS, another strategy of the drawing, or empty: not said. `words`: by attribute, as WORDS.

    The rest: as a page sends it.
    """

    way: str = ""
    people: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    words: tuple[tuple[str, str], ...] = ()
    expression: str = ""

    def word(self, attribute: str) -> str:
        """What is said of the way; empty when nothing is."""
        return dict(self.words).get(attribute, "")


def words_for(way: str) -> list[str]:
    """The attributes that say more about a way."""
    return [word.attribute for word in WORDS if word.when is not None and way in word.when[1]]


def who_of(node: Node) -> Who:
    """Who is asked at `node`."""
    strategy, given = node.extensions.strategy, node.extensions.assignees
    if strategy is not None:
        words = {found.name: found.value for found in strategy.parameters}
        groups = tuple(
            listed(next((words[key] for key in ("groups", "group", "roles", "role") if key in words), "")) or ()
        )
        people = tuple(listed(next((words[key] for key in ("users", "user", "ids") if key in words), "")) or ())
        said_ = {
            key: next((words[alias] for alias in (key, *_ALIASES.get(key, ())) if alias in words), "")
            for key in words_for(strategy.name)
        }
        return Who(
            strategy.name, people, groups, tuple((key, value) for key, value in said_.items() if value),
            words.get("value", ""),
        )  # fmt: skip
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


def said(who: Who, name: Callable[[str, str], str]) -> str:
    """Who, in words; empty when nobody is named. `name`: of a person, group, field, dept or step by its key."""
    wanted = _WANTED.get(who.way)
    if wanted is not None and not who.word(wanted):
        return ""
    text = gettext(dict(WAYS).get(who.way, who.way)) if who.way else ""
    match who.way:
        case "user" | "users":
            return together([name("person", login) for login in who.people])
        case "groups" | "role" | "userGroup":
            return together([name("group", key) for key in who.groups])
        case "expression":
            return who.expression.removeprefix("=").strip()
        case "position":
            return together([name("position", key) for key in positions(who.word("positions"))])
        case "deptLeader":
            return gettext("head of %(dept)s", dept=name("dept", who.word("dept")))
        case "deptMember":
            return gettext("everybody of %(dept)s", dept=name("dept", who.word("dept")))
        case "formUser":
            return gettext("whoever “%(field)s” names", field=name("field", who.word("field")))
        case "formUserManager" | "formUserDeptLeader" | "formDept":
            return gettext("%(who)s (%(what)s)", who=text, what=name("field", who.word("field")))
        case "nodeApprover":
            return gettext("%(who)s (%(what)s)", who=text, what=name("step", who.word("element")))
        case "decision":
            return gettext("%(who)s (%(what)s)", who=text, what=who.word("decisionId"))
        case "initiatorManager" | "initiatorDeptLeader" if who.word("level") not in ("", "1"):
            return gettext("%(who)s, %(n)s levels up", who=text, n=who.word("level"))
        case "managerChain" | "deptLeaderChain" if who.word("to"):
            return gettext("%(who)s, up to level %(n)s", who=text, n=who.word("to"))
    return text


def written(who: Who) -> tuple[dict[str, str], dict[str, str]]:
    """Attributes of zeebe:assignmentDefinition and of troika:assignment."""
    one = who.people[0] if who.people else ""
    match who.way:
        case "":
            return {}, {}
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
    wanted = _WANTED.get(who.way)
    return {}, ({"strategy": who.way, **dict(who.words)} if wanted is None or who.word(wanted) else {})


def from_form(sent: "Mapping[str, str]", many: "Callable[[str], list[str]]") -> Who:
    """What the page sent."""
    way = sent.get("way", "")
    people = {"user": [sent.get("person", "")], "users": many("people")}.get(way, [])
    groups = {"role": many("role_groups"), "groups": many("groups")}.get(way, [])
    words = [(key, ", ".join(filter(None, map(str.strip, many(f"who:{key}"))))) for key in words_for(way)]
    return Who(
        way, tuple(filter(None, people)), tuple(filter(None, groups)),
        tuple((key, value) for key, value in words if value), sent.get("expression", "") if way == "expression" else "",
    )  # fmt: skip


def positions(text: str) -> list[str]:
    """Names of positions, which may hold spaces; an expression of another kind by itself."""
    found = listed(text) if text.startswith("=") else [part.strip() for part in re.split("[,，]", text)]
    return [text] if found is None else [part for part in found if part]


def together(names: list[str]) -> str:
    """Names one after the other, as the reader's language writes them."""
    return ("、" if language() == "zh" else ", ").join(names)


def listed(text: str | None) -> list[str] | None:
    """Names in a list: FEEL, Zeebe's `a, b` or words with spaces; None for an expression of another kind."""
    body = (text or "").strip()
    if body.startswith("="):
        match = _LIST.fullmatch(body)
        return None if match is None else [feel.unescape(item) for item in _ITEM.findall(match[1])]
    return [part for part in re.split(r"[\s,，|]+", body) if part]


def as_list(names: tuple[str, ...]) -> str:
    """Names as a list of FEEL."""
    return f"= {feel.literal(list(names))}"
