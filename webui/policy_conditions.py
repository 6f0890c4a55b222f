"""A condition of a policy in words: what it asks of the document and of whoever approves."""

import re
from collections.abc import Mapping

from flask_babel import gettext

from engine import feel
from engine.errors import N_
from engine.feel import nodes as n
from webui import policy_names

_NAMES = ("facts", "actor", "authority")
_COMPARED = {"=": "=", "!=": "≠", ">": ">", ">=": "≥", "<": "<", "<=": "≤"}
_FACT = re.compile(r'"(?:\\.|[^"\\])*"|\bfacts\.([A-Za-z_]\w*)')
_JOINED: Mapping[str, str] = {"and": N_("%(left)s and %(right)s"), "or": N_("%(left)s or %(right)s")}
_ACTOR = {
    "roles": N_("the groups of the approver"), "position": N_("the position of the approver"),
    "login": N_("the login of the approver"), "id": N_("the account of the approver"),
}  # fmt: skip
_VALUES = {
    "matched": N_("matched"), "within_tolerance": N_("within tolerance"), "exception": N_("with differences"),
    "wait": N_("not matched yet"), "released": N_("released in spite of differences"), "supplier": N_("to a supplier"),
    "expense": N_("of an expense claim"), "refund": N_("refund"),
}  # fmt: skip
"""what facts hold"""


def said(expression: str | None) -> str:
    """In words as far as there are some; the rest stays FEEL, with the facts called by their names."""
    text = expression or ""
    try:
        compiled = feel.compile(text, names=_NAMES)
    except feel.FeelSyntaxError:
        return text
    return _Reader(compiled).words(compiled.tree)


class _Reader:
    """Goes over the tree of one text. What is said of two trees is the same only if they mean the same."""

    def __init__(self, compiled: feel.Compiled) -> None:
        self._compiled = compiled

    def words(self, node: n.Node, within: str = "") -> str:
        """`within`: the logic around it."""
        match node:
            case n.Logic(operator=operator, operands=operands):
                told = self.words(operands[0], operator)
                for operand in operands[1:]:
                    told = gettext(_JOINED[operator], left=told, right=self.words(operand, operator))
                return f"({told})" if within not in ("", operator) else told
            case n.Compare(operator=operator, left=left, right=right) if operator in _COMPARED:
                return self._compared(operator, left, right)
            case n.In(value=value, tests=[n.Range(low_closed=True, high_closed=True, low=low, high=high)]):
                return self._between(node, value, low, high)
            case n.Between(value=value, low=low, high=high):
                return self._between(node, value, low, high)
            case n.In(value=value, tests=[n.List(items=items)]) | n.In(value=value, tests=items):
                return self._one_of(node, value, items)
            case n.Call(function=n.Name(name=name), arguments=arguments, names=None):
                return self._called(node, name, arguments)
        return self._single(node) or self._as_it_stands(node)

    def _single(self, node: n.Node) -> str:
        """A fact, somebody's property or a value, which nothing around it could be taken for a part of; "" for more."""
        match node:
            case n.Path(source=n.Name(name="facts"), name=name):
                return policy_names.fact(name)
            case n.Path(source=n.Name(name="actor"), name=name) if name in _ACTOR:
                return gettext(_ACTOR[name])
            case n.Literal(value=value) if not node.unreadable:
                return _value(value)
        return ""

    def _operand(self, node: n.Node) -> str:
        return self._single(node) or f"({self._as_it_stands(node)})"

    def _compared(self, operator: str, left: n.Node, right: n.Node) -> str:
        if isinstance(right, n.Literal) and right.value is None and not right.unreadable and operator in ("=", "!="):
            text = N_("%(fact)s is known") if operator == "!=" else N_("%(fact)s is not known")
            return gettext(text, fact=self._operand(left))
        return f"{self._operand(left)} {_COMPARED[operator]} {self._operand(right)}"

    def _between(self, node: n.Node, value: n.Node, low: n.Node, high: n.Node) -> str:
        told = [self._single(one) for one in (value, low, high)]
        if not all(told):
            return self._as_it_stands(node)
        return gettext("%(fact)s from %(low)s to %(high)s", fact=told[0], low=told[1], high=told[2])

    def _one_of(self, node: n.Node, value: n.Node, items: list[n.Node]) -> str:
        if not self._single(value) or not all(isinstance(item, n.Literal) for item in items):
            return self._as_it_stands(node)
        listed = gettext(", ").join(map(self._operand, items))
        return gettext("%(fact)s is one of (%(values)s)", fact=self._single(value), values=listed)

    def _called(self, node: n.Node, name: str, arguments: list[n.Node]) -> str:
        match name, arguments:
            case "list contains", [n.Path(source=n.Name(name="actor"), name="roles"), n.Literal(value=str(key))]:
                return gettext("he is of the group %(group)s", group=policy_names.group(key))
            case "belongs to", [n.Name(name="actor"), n.Literal(value=str(key))]:
                return gettext("he belongs to the department %(department)s", department=policy_names.unit(key))
            case "authority", [n.Literal(value=str(key)), n.Name(name="actor"), n.Name(name="facts")]:
                return gettext("the table %(table)s entitles him", table=policy_names.decision(key))
            case "not", [condition]:
                return gettext("not (%(condition)s)", condition=self.words(condition))
        return self._as_it_stands(node)

    def _as_it_stands(self, node: n.Node) -> str:
        """FEEL, with the facts called by their names where they are no part of a text."""
        return _FACT.sub(
            lambda found: policy_names.fact(found[1]) if found[1] else found[0], self._compiled.excerpt(node)
        )


def _value(value: object) -> str:
    match value:
        case bool():
            return gettext("yes") if value else gettext("no")
        case None:
            return gettext("nothing")
        case str():
            return gettext(_VALUES[value]) if value in _VALUES else f"“{value}”"
    return str(value)
