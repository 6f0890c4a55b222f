"""Comparisons of facts that mean something: an amount with a number, a currency with a text."""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

from engine import feel
from engine.errors import N_, Phrase, Term
from engine.feel import nodes as n
from engine.feel.trees import every

ORDERED = ("number", "string")
"""types of facts that are more or less than others"""
_MEANT = {
    "number": N_("{fact} compared with a number"),
    "string": N_("{fact} compared with a text"),
    "boolean": N_("{fact} alone, in not(…), or whether it is true or false"),
    "list": N_("what {fact} contains, such as list contains(…)"),
}


def meant(fact: str, of: str) -> Phrase:
    """What may be asked about a fact of a type, in words."""
    return Phrase(_MEANT[of], fact=Term("fact", fact))


def meaningless(expression: str, names: Collection[str], types: Mapping[str, str]) -> Phrase | None:
    """What should have stood in place of the first comparison that is never true, whatever the document says.

    `types`: fact -> its FEEL type. What cannot be known before, such as the result of a function, is let through.
    """
    for node in every(feel.compile(expression, names=names).tree):
        for side, operator, other in _compared(node):
            fact = _fact(side)
            of = types.get(fact) if fact else None
            if of is not None and not _fits(of, operator, _kind(other, types)):
                return meant(fact, of)
    return None


def _compared(node: n.Node) -> Iterator[tuple[n.Node, str, n.Node]]:
    """(what may be a fact, operator, what it is compared with)."""
    match node:
        case n.Compare(operator=operator, left=left, right=right):
            yield left, operator, right
            yield right, operator, left
        case n.Between(value=value, low=low, high=high):
            yield value, "<", low
            yield value, "<", high
        case n.In(value=value, tests=tests):
            for test in tests:
                yield from _tested(value, test)


def _tested(value: n.Node, test: n.Node) -> Iterator[tuple[n.Node, str, n.Node]]:
    match test:
        case n.Tests(tests=tests):
            for one in tests:
                yield from _tested(value, one)
        case n.List(items=items):
            for one in items:
                yield value, "=", one
        case n.OperatorTest(operator=operator, operand=operand):
            yield value, operator, operand
        case n.Range(low=low, high=high):
            yield value, "<", low
            yield value, "<", high
        case n.Literal():
            yield value, "=", test


def _fits(of: str, operator: str, kind: str) -> bool:
    if operator in ("=", "!="):
        return kind in (of, "null", "")
    return of in ORDERED and kind in (of, "")


def _fact(node: n.Node) -> str:
    match node:
        case n.Path(source=n.Name(name="facts"), name=name):
            return name
    return ""


def _kind(node: n.Node, types: Mapping[str, str]) -> str:
    """The FEEL type of what a fact is compared with; "" where it is not known beforehand."""
    match node:
        case n.Literal(value=None):
            return "null"
        case n.Literal(value=bool()):
            return "boolean"
        case n.Literal(value=Decimal() | int()) | n.Negate():
            return "number"
        case n.Literal(value=str()):
            return "string"
        case n.Literal():
            return "time"
        case n.List():
            return "list"
    return types.get(_fact(node), "")
