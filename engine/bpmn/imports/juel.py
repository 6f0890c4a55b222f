"""JUEL (Jakarta expression language) -> FEEL, by its grammar: literals, paths, comparison, logic, arithmetic, empty,
the conditional operator, and texts with `${…}` in them. Method calls and functions are not translated, with a few
exceptions whose meaning is fixed: `execution.getVariable("x")`, `execution.processBusinessKey`.

Grammar and coercions: Jakarta Expression Language 3.0, 1.4-1.23.
"""

import re
from decimal import Decimal
from typing import NamedTuple

from engine.bpmn.imports.expressions import (
    DEPTH_LIMIT,
    JOINS_TEXTS,
    NUMBER_FORMAT,
    TEXT_LIMIT,
    Binary,
    Call,
    Choice,
    Feel,
    Item,
    Listed,
    Literal,
    Member,
    Name,
    Tree,
    Unary,
    Uncertain,
    feel_of,
    is_number,
)
from engine.errors import N_

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<name>[^\W\d][\w$]*|\$[\w$]*)
    | (?P<operator>&&|\|\||==|!=|<=|>=|[-+*/%!<>?:()\[\].,])
    )""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"and": "&&", "or": "||", "not": "!", "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=",
          "div": "/", "mod": "%"}  # fmt: skip
_LEVELS: tuple[dict[str, str], ...] = (
    {"||": "or"}, {"&&": "and"}, {"==": "=", "!=": "!="}, {"<": "<", ">": ">", "<=": "<=", ">=": ">="},
    {"+": "+", "-": "-"}, {"*": "*", "/": "/", "%": "%"},
)  # fmt: skip
_ENGINE = {
    "processBusinessKey": ("process", "business_key"), "businessKey": ("process", "business_key"),
    "processInstanceBusinessKey": ("process", "business_key"), "processInstanceId": ("process", "instance_id"),
}  # fmt: skip
"""Members of `execution` that have a counterpart: path in the reserved context."""

CALLS = N_("It calls '{name}', which does not exist here.")
_SYNTAX = N_("It cannot be read at '{found}'.")
_TYPES = N_("It compares with the text '{found}', which may stand for a number.")
_REMAINDER = N_("The remainder of negative numbers differs in FEEL.")
_OBJECT = N_("It reads '{name}' of the other engine.")


def is_expression(text: str) -> bool:
    """Whether there is a `${` or `#{` in it."""
    return "${" in text or "#{" in text


def translate(text: str) -> Feel:
    """The FEEL of a text with `${…}` or `#{…}`; one expression keeps its type, a mixture is joined as text.

    Raises Uncertain.
    """
    if len(text) > TEXT_LIMIT:
        raise Uncertain(N_("It is too long."))
    parts = _split(text.strip())
    caveats: list[str] = []
    trees = [part if isinstance(part, Literal) else _Parser(part, caveats).whole() for part in parts]
    if len(trees) == 1:
        return _checked(trees[0], caveats)
    joined: Tree | None = None
    for tree in trees:
        piece = tree
        if not (isinstance(tree, Literal) and isinstance(tree.value, str)):
            caveats.append(NUMBER_FORMAT)
            piece = Choice(Binary("=", tree, Literal(None)), Literal(""), Call("string", (tree,)))
        joined = piece if joined is None else Binary("+", joined, piece)
    return _checked(joined if joined is not None else Literal(""), caveats)


def _checked(tree: Tree, caveats: list[str]) -> Feel:
    """The members of `process` that stand for `execution` are put in last: nobody else may name it."""
    found = feel_of(tree, *caveats)
    for name, path in _ENGINE.items():
        found = Feel(re.sub(rf"\bexecution\.{name}\b", ".".join(path), found.text), found.caveats)
    return found


def _split(text: str) -> list["str | Literal"]:
    """Literal texts and the insides of `${…}`; braces inside strings do not count."""
    parts: list[str | Literal] = []
    position = 0
    while position < len(text):
        begin = min((at for mark in ("${", "#{") if (at := text.find(mark, position)) >= 0), default=-1)
        if begin < 0:
            parts.append(Literal(text[position:]))
            break
        if begin > position:
            parts.append(Literal(text[position:begin]))
        end = _closing(text, begin + 2)
        parts.append(text[begin + 2 : end])
        position = end + 1
    return parts


def _closing(text: str, position: int) -> int:
    quote = ""
    while position < len(text):
        char = text[position]
        if quote:
            if char == "\\":
                position += 1
            elif char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        elif char == "}":
            return position
        position += 1
    raise Uncertain(N_("A bracket is not closed."))


class _Token(NamedTuple):
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    found = []
    position = 0
    while text[position:].strip():
        matched = _TOKEN.match(text, position)
        if matched is None:
            raise Uncertain(_SYNTAX, found=text[position : position + 20].strip())
        kind = str(matched.lastgroup)
        word = matched.group(kind)
        found.append(_Token("operator", _WORDS[word]) if kind == "name" and word in _WORDS else _Token(kind, word))
        position = matched.end()
    found.append(_Token("end", ""))
    return found


class _Parser:
    """Recursive descent over one expression."""

    def __init__(self, text: str, caveats: list[str]) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0
        self._caveats = caveats

    def whole(self) -> Tree:
        """The expression up to its end. Raises Uncertain."""
        tree = self._conditional()
        if self._next.kind != "end":
            raise Uncertain(_SYNTAX, found=self._next.text)
        return tree

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *texts: str) -> str | None:
        token = self._next
        if token.kind == "operator" and token.text in texts:
            self._at += 1
            return token.text
        return None

    def _need(self, text: str) -> None:
        if self._take(text) is None:
            raise Uncertain(_SYNTAX, found=self._next.text or text)

    def _conditional(self) -> Tree:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise Uncertain(N_("It is nested too deeply."))
        test = self._binary(0)
        if self._take("?"):
            then = self._conditional()
            self._need(":")
            test = Choice(test, then, self._conditional())
        self._depth -= 1
        return test

    def _binary(self, level: int) -> Tree:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while True:
            sign = self._take(*_LEVELS[level])
            if sign is None:
                return left
            left = self._combine(_LEVELS[level][sign], left, self._binary(level + 1))

    def _combine(self, operator: str, left: Tree, right: Tree) -> Tree:
        if operator == "%":
            raise Uncertain(_REMAINDER)
        if operator == "+" and not (is_number(left) or is_number(right)):
            self._caveats.append(JOINS_TEXTS)
        if operator in ("=", "!=", "<", "<=", ">", ">="):
            left, right = _comparable(left, right), _comparable(right, left)
        return Binary(operator, left, right)

    def _unary(self) -> Tree:
        signs = []
        while (sign := self._take("!", "-")) or (self._next == ("name", "empty") and self._word()):
            signs.append(sign or "empty")
            if len(signs) > DEPTH_LIMIT:
                raise Uncertain(N_("It is nested too deeply."))
        tree = self._value()
        for sign in reversed(signs):
            if sign == "empty":
                tree = Call("list contains", (Listed((Literal(None), Literal(""), Listed(()))), tree))
            else:
                tree = Unary("not" if sign == "!" else "-", tree)
        return tree

    def _word(self) -> bool:
        self._at += 1
        return True

    def _value(self) -> Tree:
        tree = self._primary()
        while True:
            if self._take("."):
                tree = self._member(tree)
            elif self._take("["):
                key = self._conditional()
                self._need("]")
                tree = _element(tree, key)
            elif self._next == ("operator", "("):
                raise Uncertain(CALLS, name=_shown(tree))
            else:
                return _loop_counter(tree)

    def _primary(self) -> Tree:
        token = self._next
        self._at += 1
        match token:
            case ("number", text):
                return Literal(Decimal(text))
            case ("string", text):
                return Literal(re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL))
            case ("operator", "("):
                tree = self._conditional()
                self._need(")")
                return tree
            case ("name", "true" | "false"):
                return Literal(token.text == "true")
            case ("name", "null"):
                return Literal(None)
            case ("name", text):
                behind = self._tokens[self._at : self._at + 3]
                shape = [token.text if token.kind == "operator" else token.kind for token in behind]
                if shape == [":", "name", "("]:
                    raise Uncertain(CALLS, name=f"{text}:{behind[1].text}")
                return Name(text)
        raise Uncertain(_SYNTAX, found=token.text or "}")

    def _member(self, tree: Tree) -> Tree:
        token = self._next
        if token.kind != "name":
            raise Uncertain(_SYNTAX, found=token.text)
        self._at += 1
        if self._next == ("operator", "("):
            return self._method(tree, token.text)
        if tree == Name("execution") and token.text not in _ENGINE:
            raise Uncertain(_OBJECT, name=f"execution.{token.text}")
        if tree in (Name("task"), Name("caseExecution")):
            raise Uncertain(_OBJECT, name=f"{_shown(tree)}.{token.text}")
        return Member(tree, token.text)

    def _method(self, tree: Tree, name: str) -> Tree:
        """`execution.getVariable("x")` is the variable x; every other call is somebody's code."""
        asked = [token.kind for token in self._tokens[self._at : self._at + 3]]
        if tree == Name("execution") and name == "getVariable" and asked == ["operator", "string", "operator"]:
            variable = self._tokens[self._at + 1].text[1:-1]
            if variable.isidentifier():
                self._at += 2
                self._need(")")
                return _loop_counter(Name(variable))
        raise Uncertain(CALLS, name=f"{_shown(tree)}.{name}")


def _element(tree: Tree, key: Tree) -> Tree:
    match key:
        case Literal(str(name)) if name.isidentifier():
            return Member(tree, name)
        case Literal(str()):
            return Call("get value", (tree, key))
        case Literal(Decimal() as number) if number == int(number):
            return Item(tree, int(number))
    raise Uncertain(N_("It looks for an element by a computed key."))


def _comparable(tree: Tree, other: Tree) -> Tree:
    """JUEL turns both sides into one type: beside "true" a boolean counts, beside "5" a number."""
    if isinstance(tree, Literal) and isinstance(tree.value, str) and not isinstance(other, Literal):
        if re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", tree.value):
            raise Uncertain(_TYPES, found=tree.value)
        return tree
    if isinstance(other, Literal) and other.value in ("true", "false") and not isinstance(tree, Literal):
        return Call("string", (tree,))
    return tree


def _loop_counter(tree: Tree) -> Tree:
    """It counts from 0 there and from 1 here."""
    return Binary("-", tree, Literal(Decimal(1))) if tree == Name("loopCounter") else tree


def _shown(tree: Tree) -> str:
    match tree:
        case Name(name):
            return name
        case Member(of, name):
            return f"{_shown(of)}.{name}"
    return "…"
