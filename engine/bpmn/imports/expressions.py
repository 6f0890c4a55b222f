"""What foreign expressions have in common: a small tree, and its FEEL text. What is not certain is `Uncertain`.

JUEL and Python are read into this tree (`juel.py`, `python.py`); `feel_of` writes it down. Nothing is guessed: a tree
whose FEEL text would read other names than the tree does, or mean something else for some values, is refused.
"""

from dataclasses import dataclass
from decimal import Decimal

from engine import feel
from engine.errors import N_
from engine.feel import builtins, quoted

TEXT_LIMIT = 2_000
DEPTH_LIMIT = 40
RESERVED = frozenset(("process", "approval"))

JOINS_TEXTS = N_("In FEEL '+' also joins texts: make sure that the values are numbers.")
NUMBER_FORMAT = N_("Numbers inside a text may be written differently, e.g. 1 in place of 1.0.")


class Uncertain(Exception):
    """The text cannot be translated with certainty; `reason` is a template, filled by `facts`."""

    def __init__(self, reason: str, **facts: str) -> None:
        self.reason = reason
        self.facts = facts
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Literal:
    """null, true, false, a number or a text."""

    value: bool | Decimal | str | None


@dataclass(frozen=True, slots=True)
class Name:
    """A variable."""

    id: str


@dataclass(frozen=True, slots=True)
class Member:
    """`of.name`."""

    of: "Tree"
    name: str


@dataclass(frozen=True, slots=True)
class Item:
    """An element of a list by position. `position` counts from 0; negative from the end."""

    of: "Tree"
    position: int


@dataclass(frozen=True, slots=True)
class Unary:
    """`operator`: - | not."""

    operator: str
    operand: "Tree"


@dataclass(frozen=True, slots=True)
class Binary:
    """`operator`: or and = != < <= > >= + - * / **, as in FEEL."""

    operator: str
    left: "Tree"
    right: "Tree"


@dataclass(frozen=True, slots=True)
class Choice:
    """if / then / else."""

    test: "Tree"
    then: "Tree"
    otherwise: "Tree"


@dataclass(frozen=True, slots=True)
class Call:
    """A built-in function of FEEL."""

    function: str
    arguments: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A list."""

    items: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Entries:
    """A context: keys and values."""

    entries: tuple[tuple[str, "Tree"], ...]


Tree = Literal | Name | Member | Item | Unary | Binary | Choice | Call | Listed | Entries


@dataclass(frozen=True, slots=True)
class Feel:
    """`text` without the leading `=`. `caveats`: what a person should look at, empty when the meaning is the same."""

    text: str
    caveats: tuple[str, ...] = ()

    @property
    def slot(self) -> str:
        """For a place that holds text or an expression."""
        return f"= {self.text}"


_STRENGTH = {
    "or": 1, "and": 2, "=": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "+": 4, "-": 4, "*": 5, "/": 5, "**": 6,
}  # fmt: skip
_PRIMARY = 9


def feel_of(tree: Tree, *caveats: str) -> Feel:
    """The FEEL text of `tree`, checked by our own FEEL. Raises Uncertain."""
    text, _ = _write(tree, 0)
    names = frozenset(names_in(tree))
    taken = names & RESERVED
    if taken:
        raise Uncertain(N_("'{name}' is a name that the engine keeps for itself."), name=min(taken))
    _verify(text, names)
    return Feel(text, tuple(dict.fromkeys(caveats)))


def names_in(tree: Tree) -> list[str]:
    """The variables that it reads."""
    found: list[str] = []
    todo: list[Tree] = [tree]
    while todo:
        match todo.pop():
            case Name(name):
                found.append(name)
            case Member(of, _) | Item(of, _):
                todo.append(of)
            case Unary(_, operand):
                todo.append(operand)
            case Binary(_, left, right):
                todo += (left, right)
            case Choice(test, then, otherwise):
                todo += (test, then, otherwise)
            case Call(_, parts) | Listed(parts):
                todo += parts
            case Entries(entries):
                todo += (value for _, value in entries)
            case Literal():
                pass
    return found


def is_number(tree: Tree) -> bool:
    """Whether it can be nothing but a number."""
    match tree:
        case Literal(Decimal()) | Unary("-", _) | Binary("-" | "*" | "/" | "**", _, _):
            return True
        case Binary("+", left, right):
            return is_number(left) or is_number(right)
    return False


# ---------------------------------------------------------------- writing


def _write(tree: Tree, depth: int) -> tuple[str, int]:
    """The text and how strongly its outermost operator binds."""
    if depth > DEPTH_LIMIT:
        raise Uncertain(N_("It is nested too deeply."))
    deeper = depth + 1
    match tree:
        case Literal(value):
            return _literal(value)
        case Name(name):
            return name, _PRIMARY
        case Member(of, name):
            return f"{_operand(of, _PRIMARY, deeper)}.{name}", _PRIMARY
        case Item(of, position):
            return f"{_operand(of, _PRIMARY, deeper)}[{position + 1 if position >= 0 else position}]", _PRIMARY
        case Unary("not", operand):
            return f"not({_write(operand, deeper)[0]})", _PRIMARY
        case Unary(_, operand):
            return f"-{_operand(operand, _PRIMARY, deeper)}", 7
        case Binary(operator, left, right):
            strength = _STRENGTH[operator]
            left_needs = strength + (strength in (3, 6))
            return (
                f"{_operand(left, left_needs, deeper)} {operator} {_operand(right, strength + 1, deeper)}",
                strength,
            )
        case Choice(test, then, otherwise):
            parts = [_write(part, deeper)[0] for part in (test, then, otherwise)]
            return f"if {parts[0]} then {parts[1]} else {parts[2]}", 0
        case Call(function, arguments):
            return f"{function}({', '.join(_write(part, deeper)[0] for part in arguments)})", _PRIMARY
        case Listed(items):
            return f"[{', '.join(_write(part, deeper)[0] for part in items)}]", _PRIMARY
        case Entries(entries):
            inner = ", ".join(f"{quoted(key)}: {_write(value, deeper)[0]}" for key, value in entries)
            return f"{{{inner}}}", _PRIMARY


def _operand(tree: Tree, needed: int, depth: int) -> str:
    text, strength = _write(tree, depth)
    return text if strength >= needed else f"({text})"


def _literal(value: bool | Decimal | str | None) -> tuple[str, int]:
    if isinstance(value, bool):
        return str(value).lower(), _PRIMARY
    if isinstance(value, Decimal):
        return f"{value:f}", _PRIMARY if value >= 0 else 7
    return ("null" if value is None else quoted(value)), _PRIMARY


def _verify(text: str, names: frozenset[str]) -> None:
    """That our FEEL reads exactly the same names; a variable may have the name of a built-in function and hides it."""
    try:
        compiled = feel.compile(text)
    except feel.FeelSyntaxError as error:
        raise Uncertain(N_("'{found}' cannot stand in FEEL."), found=str(error.facts.get("found", text))) from None
    odd = (names ^ compiled.names) - (names & builtins.TABLE.keys())
    if odd:
        raise Uncertain(N_("'{found}' cannot stand in FEEL."), found=min(odd))
