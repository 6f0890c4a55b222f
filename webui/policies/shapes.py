"""Conditions chosen from lists: a group, a department, a table, a fact that is compared; what says more stays FEEL.

A condition is shown in lists only if they write exactly that text again, so that nothing is changed by looking at it.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine import feel
from engine.errors import N_, Phrase, Term
from engine.feel import nodes as n
from engine.policy import comparing, statement

HOWS = {
    "=": N_("is"), "!=": N_("is not"), ">=": N_("is at least"), ">": N_("is more than"), "<=": N_("is at most"),
    "<": N_("is less than"),
}  # fmt: skip
OF_ACTOR = {
    "group": N_("the group of the approver"), "department": N_("the department of the approver"),
    "position": N_("the position of the approver"), "table": N_("who is entitled by the table"),
}  # fmt: skip
"""what may be asked of whoever approves; everything else is a fact"""
_WRITTEN = {
    "group": "list contains(actor.roles, {})", "department": "belongs to(actor, {})", "position": "actor.position = {}",
    "table": "authority({}, actor, facts)",
}  # fmt: skip
_NAMES = ("facts", "actor", "authority")
_FACT = re.compile(r"[A-Za-z_]\w*")
_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,10})?", re.ASCII)
_YES, _NO = "true", "false"
_SAID = {_YES: _YES, "yes": _YES, "是": _YES, _NO: _NO, "no": _NO, "否": _NO}
"""what may be typed for a fact that is so or not"""
_ALIKE = ("=", "!=")
"""what may be asked of anything but a number"""


class Unclear(Exception):
    """A line that says nothing."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(expected)
        self.expected, self.found = expected, found


@dataclass(frozen=True, slots=True)
class Clause:
    """One line: `what` is a fact or a key of OF_ACTOR, `how` one of HOWS, `value` as it is typed."""

    what: str = ""
    how: str = "="
    value: str = ""


def clauses(on: str, text: str) -> list[Clause] | None:
    """The lines that say `text` (FEEL, without its `=`) about a class; None: they cannot."""
    if not text:
        return []
    try:
        tree = feel.compile(text, names=_NAMES).tree
    except feel.FeelSyntaxError:
        return None
    joined = isinstance(tree, n.Logic) and tree.operator == "and"
    found = [_clause(one) for one in (tree.operands if joined else [tree])]  # type: ignore[attr-defined]
    known = [one for one in found if one is not None]
    try:
        same = len(known) == len(found) and expression(on, known) == text
    except Unclear:
        return None
    return known if same else None


def offered(on: str, facts: Sequence[str]) -> list[str]:
    """Those of `facts` that lines can ask for: what a list holds is asked in FEEL."""
    return [name for name in facts if _types(on).get(name) != "list"]


def hows(on: str, what: str) -> dict[str, str]:
    """The comparisons that mean something for a fact, or a key of OF_ACTOR; all of them while nothing is chosen."""
    if not what or (what not in OF_ACTOR and _types(on).get(what, "number") == "number"):
        return HOWS
    return {how: HOWS[how] for how in _ALIKE}


def expression(on: str, lines: Sequence[Clause]) -> str:
    """FEEL for these lines, without its `=`; empty ones are left out. Raises Unclear."""
    return " and ".join(_written(on, line) for line in lines if line.what or line.value.strip())


def yes_or_no(on: str, line: Clause) -> str:
    """The word for the value of a line whose fact is so or not; "" for any other."""
    said = _SAID.get(line.value.strip()) if _types(on).get(line.what) == "boolean" else None
    return "" if said is None else N_("yes") if said == _YES else N_("no")


def _clause(tree: n.Node) -> Clause | None:
    match tree:
        case n.Call(function=n.Name(name="not"), arguments=[inner]) if (found := _of_actor(inner)) is not None:
            return Clause(found.what, "!=", found.value)
        case n.Path(source=n.Name(name="facts"), name=name):
            return Clause(name, "=", _YES)
        case n.Compare(
            operator=how, left=n.Path(source=n.Name(name="facts"), name=name), right=n.Literal(value=value)
        ) if how in HOWS:
            return Clause(name, how, _typed(value))
    return _of_actor(tree)


def _of_actor(tree: n.Node) -> Clause | None:
    match tree:
        case n.Call(function=n.Name(name=name), arguments=arguments):
            values = [one.value for one in arguments if isinstance(one, n.Literal) and isinstance(one.value, str)]
            what = {"list contains": "group", "belongs to": "department", "authority": "table"}.get(name)
            return Clause(what, "=", values[0]) if what and len(values) == 1 else None
        case n.Compare(
            operator="=", left=n.Path(source=n.Name(name="actor"), name="position"), right=n.Literal(value=str(value))
        ):
            return Clause("position", "=", value)
    return None


def _typed(value: object) -> str:
    match value:
        case bool():
            return _YES if value else _NO
        case Decimal() | int():
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
    return str(value)


def _written(on: str, line: Clause) -> str:
    """One line as FEEL."""
    value = line.value.strip()
    if not value:
        raise Unclear(N_("a value in each line"), N_("none"))
    if line.how not in HOWS:
        raise Unclear(N_("a comparison of the list"), line.how)
    if line.what not in OF_ACTOR and not _FACT.fullmatch(line.what):
        raise Unclear(N_("a fact in each line"), line.what or value)
    if line.how not in hows(on, line.what):
        about = Term("fact", line.what) if line.what not in OF_ACTOR else OF_ACTOR[line.what]
        raise Unclear(Phrase(N_("“is” or “is not” of: {what}"), what=about), HOWS[line.how])
    if line.what in OF_ACTOR:
        asked = _WRITTEN[line.what].format(feel.quoted(value))
        return asked if line.how == "=" else f"not({asked})"
    of = _types(on).get(line.what, "number")
    if of == "list":
        raise Unclear(Phrase(N_("{what}, in FEEL"), what=comparing.meant(line.what, of)), value)
    if of == "boolean":
        value = _SAID.get(value, value)
    if of == "boolean" and (line.how, value) == ("=", _YES):
        return f"facts.{line.what}"
    return f"facts.{line.what} {line.how} {_literal(of, value)}"


def _literal(of: str, value: str) -> str:
    """A value of a FEEL type as it is written there. Raises Unclear."""
    if of == "number" and not _NUMBER.fullmatch(value := unicodedata.normalize("NFKC", value)):
        raise Unclear(N_("a number"), value)
    if of == "boolean" and value not in (_YES, _NO):
        raise Unclear(N_("yes or no"), value)
    return value if of in ("number", "boolean") else feel.quoted(value)


def _types(on: str) -> Mapping[str, str]:
    return {**statement.CLASSES.get(on, {}), **statement.STATE.get(on, {})}
