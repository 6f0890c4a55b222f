"""Text to tree: lark's LALR parser over our tokens, with a way back when a long name was taken too eagerly."""

from collections.abc import Callable, Iterable
from decimal import DecimalException
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedToken, v_args

from engine.errors import N_, Phrase
from engine.feel import nodes as n
from engine.feel.diagnostics import FeelSyntaxError
from engine.feel.lexer import KEYWORDS, NESTING_LIMIT, OPERATORS, TEXT_LIMIT, FeelLexer, Source
from engine.feel.temporal import read_date, read_date_time, read_duration, read_time
from engine.feel.values import CONTEXT, whole

RETRIES = 8
TYPE_NAMES = ("days and time duration", "years and months duration", "date and time", "time offset")

_WORDS = {
    "NAME": N_("a name"),
    "NUMBER": N_("a number"),
    "STRING": N_("a text"),
    "AT": N_("a date or duration"),
    "$END": N_("the end of the text"),
    **{kind: f"'{operator}'" for operator, kind in OPERATORS.items()},
    **{kind: f"'{word}'" for word, kind in KEYWORDS.items()},
}
_OPERAND = frozenset(("NAME", "NUMBER", "STRING", "LPAR", "LBRACE"))


def parse(text: str, names: Iterable[str], unary: bool) -> n.Node:
    """The tree of `text`. `names`: those in scope that are not simple (spaces, operators). Raises FeelSyntaxError."""
    start = "unary_tests_text" if unary else "expression_text"
    known = tuple(names)
    banned: frozenset[tuple[int, str]] = frozenset()
    first: FeelSyntaxError | None = None
    for _ in range(RETRIES):
        source = Source(text, known, unary, banned)
        if len(text) > TEXT_LIMIT:
            raise source.error(TEXT_LIMIT, Phrase(N_("at most {limit} characters"), limit=TEXT_LIMIT), str(len(text)))
        try:
            tree: n.Node = _lark().parse(source, start=start)  # type: ignore[assignment]
        except UnexpectedToken as error:
            first = first or _explain(source, error)
            position = error.token.start_pos or 0
            candidates = [taken for taken in source.long_names if taken[0] <= position]
            if not candidates:
                break
            banned |= {candidates[-1]}
        else:
            if tree.depth > NESTING_LIMIT:
                raise source.error(0, Phrase(N_("at most {limit} nested parts"), limit=NESTING_LIMIT), str(tree.depth))
            return tree
    raise first or Source(text, (), unary, banned).error(0, _WORDS["NAME"], text[:40])


def _explain(source: Source, error: UnexpectedToken) -> FeelSyntaxError:
    expected = set(error.expected or ())
    if expected >= _OPERAND:
        words = N_("an expression")
    else:
        words = " or ".join(sorted(_WORDS.get(kind, kind) for kind in expected)[:6])
    if error.token.type == "$END":
        return source.error(len(source.text), words, _WORDS["$END"])
    return source.error(error.token.start_pos or 0, words, f"'{error.token.value}'")


@cache
def _lark() -> Lark:
    grammar = FilePath(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer=FeelLexer,
        start=["expression_text", "unary_tests_text"],
        transformer=_Builder(),
        maybe_placeholders=False,
    )


def _deeper(*parts: n.Node | None) -> int:
    return 1 + max((part.depth for part in parts if part is not None), default=0)


def _literal(value: Callable[[Any], Any]) -> Callable[[Any, Token], n.Literal]:
    def build(_: Any, token: Token) -> n.Literal:
        return n.Literal(value(token.value), start=token.start_pos or 0, end=token.end_pos or 0)

    return build


def read_number(text: str) -> Any:
    """The number of a literal, rounded to 34 digits; None when it is beyond decimal128."""
    return int(text) if text.isdigit() and len(text) < 34 else _decimal(text)


def _decimal(text: str) -> Any:
    try:
        number = CONTEXT.create_decimal(text)
    except DecimalException:
        return None
    return whole(number) if "." not in text or "e" in text.lower() else number


def read_at(text: str) -> Any:
    """The value of `@"text"`: the first of date, date and time, time, duration that it is; else None."""
    for read in (read_date, read_date_time, read_time, read_duration):
        value = read(text)
        if value is not None:
            return value
    return None


@v_args(inline=True)
class _Builder(Transformer[Token, n.Node]):
    """Builds nodes while lark reduces; punctuation arrives as tokens and gives the positions."""

    string = _literal(str)
    null = _literal(lambda _: None)
    true = _literal(lambda _: True)
    false = _literal(lambda _: False)

    def number(self, token: Token) -> n.Node:
        return _readable(read_number(token.value), token)

    def at(self, token: Token) -> n.Node:
        return _readable(read_at(token.value), token)

    def expression_text(self, expression: n.Node) -> n.Node:
        return expression

    # ------------------------------------------------ unary tests

    def any_input(self, minus: Token) -> n.Node:
        return n.Tests([], any_input=True, start=_start(minus), end=_end(minus))

    def negated_tests(self, word: Token, _open: Token, tests: n.Tests, close: Token) -> n.Node:
        return n.Tests(tests.tests, negated=True, start=_start(word), end=_end(close), depth=tests.depth)

    def unary_tests_text(self, tests: n.Tests) -> n.Node:
        return tests

    def tests(self, *parts: Any) -> n.Node:
        tests = _nodes(parts)
        return n.Tests(tests, start=tests[0].start, end=tests[-1].end, depth=_deeper(*tests))

    def comparator(self, token: Token) -> Token:
        return token

    def operator_test(self, operator: Token, operand: n.Node) -> n.Node:
        return n.OperatorTest(operator.value, operand, start=_start(operator), end=operand.end, depth=_deeper(operand))

    # ------------------------------------------------ operators

    def disjunction(self, *parts: Any) -> n.Node:
        return _logic("or", parts)

    def conjunction(self, *parts: Any) -> n.Node:
        return _logic("and", parts)

    def compare(self, left: n.Node, operator: Token, right: n.Node) -> n.Node:
        return n.Compare(operator.value, left, right, start=left.start, end=right.end, depth=_deeper(left, right))

    def between(self, value: n.Node, _between: Token, low: n.Node, _and: Token, high: n.Node) -> n.Node:
        return n.Between(value, low, high, start=value.start, end=high.end, depth=_deeper(value, low, high))

    def in_one(self, test: n.Node) -> list[n.Node]:
        return [test]

    def in_any(self, *parts: Any) -> list[n.Node]:
        return _nodes(parts)

    def in_(self, value: n.Node, _in: Token, tests: list[n.Node]) -> n.Node:
        return n.In(value, tests, start=value.start, end=tests[-1].end, depth=_deeper(value, *tests))

    def additive(self, *parts: Any) -> n.Node:
        return _chain(parts)

    def multiplicative(self, *parts: Any) -> n.Node:
        return _chain(parts)

    def power(self, *parts: Any) -> n.Node:
        return _chain(parts)

    def negate(self, minus: Token, operand: n.Node) -> n.Node:
        if isinstance(operand, n.InstanceOf) and isinstance(operand.value, n.Literal) and operand.start == _end(minus):
            # a sign belongs to the number (DMN 1.5, 10.3.1.2, rule 37): `-1 instance of number`
            operand.value = self.negate(minus, operand.value)
            operand.start = _start(minus)
            return operand
        if isinstance(operand, n.Negate):
            return n.Negate(
                operand.operand, operand.count + 1, start=_start(minus), end=operand.end, depth=operand.depth
            )
        return n.Negate(operand, 1, start=_start(minus), end=operand.end, depth=_deeper(operand))

    def instance_of(self, value: n.Node, _instance: Token, _of: Token, type_: n.TypeNode) -> n.Node:
        return n.InstanceOf(value, type_, start=value.start, end=type_.end, depth=_deeper(value, type_))

    # ------------------------------------------------ postfix

    def path(self, source: n.Node, _dot: Token, name: Token) -> n.Node:
        return n.Path(source, name.value, start=source.start, end=_end(name), depth=_deeper(source))

    def filter_(self, source: n.Node, _open: Token, condition: n.Node, close: Token) -> n.Node:
        return n.Filter(source, condition, start=source.start, end=_end(close), depth=_deeper(source, condition))

    def call_nothing(self, function: n.Node, _open: Token, close: Token) -> n.Node:
        return n.Call(function, [], start=function.start, end=_end(close), depth=_deeper(function))

    def positional(self, *parts: Any) -> list[n.Node]:
        return _nodes(parts)

    def call(self, function: n.Node, _open: Token, arguments: list[n.Node], close: Token) -> n.Node:
        return n.Call(function, arguments, start=function.start, end=_end(close), depth=_deeper(function, *arguments))

    def named_argument(self, name: Token, _colon: Token, value: n.Node) -> tuple[str, n.Node]:
        return name.value, value

    def named(self, *parts: Any) -> list[tuple[str, n.Node]]:
        return [part for part in parts if isinstance(part, tuple)]

    def call_named(self, function: n.Node, _open: Token, named: list[tuple[str, n.Node]], close: Token) -> n.Node:
        arguments = [value for _, value in named]
        return n.Call(
            function,
            arguments,
            [name for name, _ in named],
            start=function.start,
            end=_end(close),
            depth=_deeper(function, *arguments),
        )

    # ------------------------------------------------ operands

    def name(self, token: Token) -> n.Node:
        return n.Name(token.value, start=_start(token), end=_end(token))

    def input(self, token: Token) -> n.Node:
        return n.Input(start=_start(token), end=_end(token))

    def parenthesised(self, _open: Token, inner: n.Node, _close: Token) -> n.Node:
        return inner

    def range(self, opening: Token, low: n.Node, _dots: Token, high: n.Node, closing: Token) -> n.Node:
        return n.Range(
            low,
            high,
            opening.type == "LBRACK",
            closing.type == "RBRACK",
            start=_start(opening),
            end=_end(closing),
            depth=_deeper(low, high),
        )

    def empty_list(self, opening: Token, closing: Token) -> n.Node:
        return n.List([], start=_start(opening), end=_end(closing))

    def list_(self, opening: Token, *parts: Any) -> n.Node:
        items = _nodes(parts)
        return n.List(items, start=_start(opening), end=_end(parts[-1]), depth=_deeper(*items))

    def empty_context(self, opening: Token, closing: Token) -> n.Node:
        return n.Context([], start=_start(opening), end=_end(closing))

    def entry(self, key: Token, _colon: Token, value: n.Node) -> tuple[str, n.Node]:
        return key.value, value

    def context(self, opening: Token, *parts: Any) -> n.Node:
        entries = [part for part in parts if isinstance(part, tuple)]
        return n.Context(
            entries, start=_start(opening), end=_end(parts[-1]), depth=_deeper(*(value for _, value in entries))
        )

    def if_(self, word: Token, condition: n.Node, _then: Token, yes: n.Node, _else: Token, no: n.Node) -> n.Node:
        return n.If(condition, yes, no, start=_start(word), end=no.end, depth=_deeper(condition, yes, no))

    def iterate(self, name: Token, _in: Token, source: n.Node) -> n.Node:
        return n.Iterator(name.value, source, start=_start(name), end=source.end, depth=_deeper(source))

    def iterate_range(self, name: Token, _in: Token, source: n.Node, _dots: Token, last: n.Node) -> n.Node:
        return n.Iterator(name.value, source, last, start=_start(name), end=last.end, depth=_deeper(source, last))

    def for_(self, word: Token, *parts: Any) -> n.Node:
        *iterators, body = _nodes(parts)
        return n.For(iterators, body, start=_start(word), end=body.end, depth=_deeper(*iterators, body))  # type: ignore[arg-type]

    def quantified(self, word: Token, *parts: Any) -> n.Node:
        *iterators, body = _nodes(parts)
        every = word.type == "EVERY"
        return n.Quantified(every, iterators, body, start=_start(word), end=body.end, depth=_deeper(*iterators, body))  # type: ignore[arg-type]

    def parameter(self, name: Token, *rest: Any) -> tuple[str, n.TypeNode | None]:
        return name.value, rest[1] if rest else None

    def function(self, word: Token, *parts: Any) -> n.FunctionDefinition:
        parameters = [part for part in parts if isinstance(part, tuple)]
        body = parts[-1]
        return n.FunctionDefinition(parameters, body, start=_start(word), end=body.end, depth=_deeper(body))

    def external_function(self, word: Token, *parts: Any) -> n.Node:
        definition = self.function(word, *parts)
        definition.external = True
        return definition

    # ------------------------------------------------ types

    def type_name(self, *parts: Token) -> Token:
        first, last = parts[0], parts[-1]
        joined = ".".join(part.value for part in parts if part.type == "NAME")
        return Token("NAME", joined, start_pos=first.start_pos, end_pos=last.end_pos)

    def type(self, name: Token) -> n.Node:
        return n.TypeNode(name.value, start=_start(name), end=_end(name))

    def generic_type(self, name: Token, *parts: Any) -> n.Node:
        arguments = [part for part in parts if isinstance(part, n.TypeNode)]
        return n.TypeNode(name.value, arguments, start=_start(name), end=_end(parts[-1]), depth=_deeper(*arguments))

    def member_type(self, name: Token, _colon: Token, type_: n.TypeNode) -> tuple[str, n.TypeNode]:
        return name.value, type_

    def context_type(self, name: Token, *parts: Any) -> n.Node:
        members = [part for part in parts if isinstance(part, tuple)]
        return n.TypeNode(
            name.value,
            members=members,
            start=_start(name),
            end=_end(parts[-1]),
            depth=_deeper(*(type_ for _, type_ in members)),
        )

    def function_type(self, word: Token, *parts: Any) -> n.Node:
        *arguments, result = [part for part in parts if isinstance(part, n.TypeNode)]
        return n.TypeNode(
            "function",
            arguments,
            result=result,
            start=_start(word),
            end=result.end,
            depth=_deeper(*arguments, result),
        )


def _readable(value: Any, token: Token) -> n.Literal:
    unreadable = "" if value is not None else str(token.value)[:40]
    return n.Literal(value, unreadable, start=_start(token), end=_end(token))


def _start(token: Token) -> int:
    return token.start_pos or 0


def _end(token: Token) -> int:
    return token.end_pos or 0


def _nodes(parts: Iterable[Any]) -> list[n.Node]:
    return [part for part in parts if isinstance(part, n.Node)]


def _logic(operator: str, parts: Any) -> n.Node:
    operands = _nodes(parts)
    return n.Logic(operator, operands, start=operands[0].start, end=operands[-1].end, depth=_deeper(*operands))


def _chain(parts: Any) -> n.Node:
    first, last = parts[0], parts[-1]
    rest = [(parts[i].value, parts[i + 1]) for i in range(1, len(parts), 2)]
    return n.Chain(first, rest, start=first.start, end=last.end, depth=_deeper(first, *(node for _, node in rest)))
