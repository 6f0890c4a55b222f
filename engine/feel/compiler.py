"""Tree to closures, compiled once and cached; the public verbs of the room."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from engine.errors import N_
from engine.feel import builtins
from engine.feel import nodes as n
from engine.feel.closures import Builder
from engine.feel.diagnostics import NoValue, OverBudget, Result
from engine.feel.evaluation import Frame, Run, check_size
from engine.feel.lexer import NESTING_LIMIT, Source, enclosing, is_simple, normal_name, normal_text
from engine.feel.parser import TYPE_NAMES, parse
from engine.feel.running import Closure
from engine.feel.types import Type

CACHE_SIZE = 10_000
MEMBER_DEPTH = 6
Mode = Literal["expression", "unary_tests"]

_NOT_FUNCTIONS = (*TYPE_NAMES, "start included", "end included", "random number")
_BASE_NAMES = frozenset(name for name in (*builtins.TABLE, *_NOT_FUNCTIONS) if " " in name)


class Compiled:
    """A text ready to be evaluated, from any thread.

    `names`: the free names that it reads, without built-ins. `asks`: what it asks of its surroundings, "clock",
    "people", "calendar": with the same values its answer may be another one. `text`: as given.
    """

    __slots__ = ("_mode", "_names_known", "asks", "closure", "names", "text", "tree")

    def __init__(self, text: str, mode: Mode, known: frozenset[str], types: Mapping[str, Type]) -> None:
        self.text = text
        self._mode = mode
        self._names_known = known
        self.tree = parse(normal_text(text), _BASE_NAMES | known, mode == "unary_tests")
        builder = Builder(types)
        self.closure: Closure = builder.build(self.tree)
        self.names = frozenset(builder.free_names)
        self.asks = frozenset(builder.asks)

    def evaluate(
        self,
        context: Mapping[str, Any],
        *,
        now: datetime | None = None,
        zone: str = "Asia/Shanghai",
        calendar: Any = None,
        input: Any = None,
        people: Any = None,
    ) -> Result:
        """The value for these variables. Never raises for what variables or the text hold.

        `now`: aware, what `now()` and `today()` say in `zone`. `calendar`: a WorkCalendar for the work-day
        functions. `input`: the `?` of unary tests. `people`: a Directory for those about people.
        """
        run = Run(now, zone, calendar, input, people)
        result = self.evaluate_in(Frame(context, None, run))
        if run.diagnostics and any(diagnostic.code == "unknown-name" for diagnostic in run.diagnostics):
            known = self._names_known | _long_names(self.text, context)
            if known != self._names_known:
                again = _compiled(self.text, self._mode, known)
                return again.evaluate(context, now=now, zone=zone, calendar=calendar, input=input, people=people)
        return Result(result, run.diagnostics)

    def excerpt(self, node: n.Node) -> str:
        """The text of a part of the tree, a text of its own: with the brackets round its operands, which no node
        counts."""
        text = normal_text(self.text)
        source = Source(text, _BASE_NAMES | self._names_known, self._mode == "unary_tests", frozenset())
        start, end = enclosing(source, node.start, node.end)
        return text[start:end]

    def evaluate_in(self, frame: Frame) -> Any:
        """The value in a frame that the caller made; diagnostics go to its run."""
        run = frame.run
        try:
            value = self.closure(frame)
            if type(value) is list or type(value) is dict:
                check_size(value)
            return value
        except NoValue as reason:
            run.note(self.tree, reason)
        except OverBudget as stopped:
            run.stopped(self.tree, stopped.what, stopped.limit)
        except RecursionError:
            run.stopped(self.tree, N_("nested evaluations"), NESTING_LIMIT)
        return None


def compile(text: str, *, names: Iterable[str] = (), mode: Mode = "expression") -> Compiled:
    """`text` without a leading `=`. `names`: known ones; only those with spaces or operators matter, members included.

    Raises FeelSyntaxError. Cached by text, mode and the names that matter.
    """
    return _compiled(text, mode, frozenset(_matter(text, names)))


def compile_typed(
    text: str, *, names: Iterable[str] = (), mode: Mode = "expression", types: Mapping[str, Type]
) -> Compiled:
    """`compile` with named types for `instance of` and typed parameters; not cached."""
    return Compiled(text, mode, frozenset(_matter(text, names)), types)


def evaluate(
    text: str,
    context: Mapping[str, Any],
    *,
    now: datetime | None = None,
    zone: str = "Asia/Shanghai",
    calendar: Any = None,
    input: Any = None,
    people: Any = None,
) -> Result:
    """Compile and evaluate; names with spaces come from the keys of `context`, nested ones included."""
    compiled = _compiled(text, "expression", _long_names(text, context))
    return compiled.evaluate(context, now=now, zone=zone, calendar=calendar, input=input, people=people)


def unary_tests(
    text: str,
    input_value: Any,
    context: Mapping[str, Any],
    *,
    now: datetime | None = None,
    zone: str = "Asia/Shanghai",
    calendar: Any = None,
) -> bool | None:
    """Whether `input_value` passes, e.g. `< 5`, `"a","b"`, `not([1..3])`, `-`, `? > limit`."""
    compiled = _compiled(text, "unary_tests", _long_names(text, context))
    value = compiled.evaluate(context, now=now, zone=zone, calendar=calendar, input=input_value).value
    return value if isinstance(value, bool) else None


def variables_of(text: str) -> frozenset[str]:
    """The free names that an expression reads."""
    return compile(text).names


@lru_cache(maxsize=CACHE_SIZE)
def _compiled(text: str, mode: Mode, known: frozenset[str]) -> Compiled:
    return Compiled(text, mode, known, {})


def _matter(text: str, names: Iterable[str]) -> Iterable[str]:
    """Names that the lexer must be told, and that can stand in this text at all."""
    for name in names:
        if not is_simple(name):
            normal = normal_name(name)
            if normal and normal.split(" ")[0] in text:
                yield normal


def _long_names(text: str, context: Mapping[str, Any]) -> frozenset[str]:
    found: set[str] = set()
    _collect(context, found, MEMBER_DEPTH)
    return frozenset(_matter(text, found)) if found else frozenset()


def _collect(value: Any, found: set[str], depth: int) -> None:
    if isinstance(value, Mapping):
        found.update(key for key in value if not key.isidentifier() and isinstance(key, str))
        members: Iterable[Any] = value.values()
    elif isinstance(value, list):
        members = value[:20]
    else:
        return
    if depth:
        for member in members:
            if isinstance(member, Mapping | list):
                _collect(member, found, depth - 1)
