"""What can be said about a text before it runs: its names, its type, and which parts of it can only be null.

Any is the type of what is not known; nothing is said about it. Null may stand anywhere, so a type says what a value is
when there is one. Cf. DMN 1.5, 10.3.2.9.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.feel import builtins, signatures, types
from engine.feel import nodes as n
from engine.feel.builtins.conversion import constant
from engine.feel.builtins.patterns import translate
from engine.feel.compiler import Compiled, Mode, compile
from engine.feel.demands import demands_of, path_of
from engine.feel.diagnostics import Diagnostic, FeelSyntaxError, NoValue
from engine.feel.lexer import is_simple
from engine.feel.operators import DURATIONS, MOMENTS
from engine.feel.signatures import UNKNOWN
from engine.feel.types import ANY, Type, common, item_of, list_of, members_of, resolved
from engine.feel.values import BOOLEAN, CONTEXT_KIND, FUNCTION, LIST, NUMBER, RANGE, STRING, describe, kind_of

_TRUTH = Type(BOOLEAN)
_ORDERED = frozenset((NUMBER, STRING, *MOMENTS, *DURATIONS))
_LITERALS = frozenset(("date", "time", "date and time", "duration"))
_FLAGS = {"matches": 2, "replace": 3, "split": 2, "extract": 2}
"""Functions with a pattern as their second argument, and where its flags would stand."""
_OPERATORS = re.compile(r"[-+*/]")

Scope = Mapping[str, Type]


@dataclass(frozen=True, slots=True)
class Analysis:
    """`type`: of the value. `names`: free names that are read. `diagnostics`: what is wrong, by place in the text."""

    type: Type
    names: frozenset[str] = frozenset()
    diagnostics: tuple[Diagnostic, ...] = ()


def analyse(
    text: str | Compiled,
    scope: Scope,
    *,
    closed: bool = True,
    mode: Mode = "expression",
    input: Type = ANY,
    condition: bool = False,
    names: Iterable[str] | None = None,
) -> Analysis:
    """What is known of `text` where the names of `scope` can be read.

    `closed`: there are no other names, so an unknown one is a mistake. `input`: the type of `?` in unary tests.
    `condition`: the value must be true or false. `names`: the `long_names` of `scope`, from a caller that asks about
    many texts. A text that is not FEEL is a diagnostic, nothing is raised.
    """
    if isinstance(text, str):
        try:
            text = compile(text, names=long_names(scope) if names is None else names, mode=mode)
        except FeelSyntaxError as error:
            return Analysis(ANY, diagnostics=(_of_syntax(error),))
    analyst = _Analyst(text.text, scope, closed, input)
    found = analyst.of(text.tree)
    if condition and found.kind not in (BOOLEAN, *UNKNOWN):
        analyst.say(text.tree, "condition", found=str(found))
    analyst.contradictions(text.tree)
    said = sorted(analyst.said, key=lambda diagnostic: (diagnostic.start, diagnostic.end))
    return Analysis(found, text.names, tuple(said))


def long_names(scope: Scope) -> frozenset[str]:
    """The names of `scope` with spaces or operators, members included: what a compiler must be told."""
    return frozenset(name for name in _all_names(scope) if not is_simple(name))


def _all_names(scope: Scope) -> Iterator[str]:
    for name, of in scope.items():
        yield name
        yield from _member_names(of, types.DEPTH_LIMIT // 10)


def _member_names(of: Type, depth: int) -> Iterator[str]:
    of = resolved(of)
    if of.kind == LIST:
        yield from _member_names(item_of(of), depth)
    elif of.kind == CONTEXT_KIND and depth:
        for name, member in of.members or ():
            yield name
            yield from _member_names(member, depth - 1)


def _of_syntax(error: FeelSyntaxError) -> Diagnostic:
    start = error.facts["position"]
    facts = {name: error.facts[name] for name in ("expected", "found", "remedy")}
    return Diagnostic("invalid-text", start, start + 1, facts)


def _known(*found: Type) -> bool:
    return all(of.kind not in UNKNOWN for of in found)


class _Analyst:
    """Goes over one tree; one method per node gives the type of its value and says what is wrong."""

    def __init__(self, text: str, scope: Scope, closed: bool, input: Type) -> None:
        self._text = text
        self._free = scope
        self._closed = closed
        self._tested = resolved(input)
        self._scopes: list[Scope | None] = []  # None: a filter over items whose members are not known
        self.said: list[Diagnostic] = []

    def of(self, node: n.Node) -> Type:
        """The type of the value at `node`."""
        found: Type = getattr(self, f"_{type(node).__name__.lower()}")(node)
        return resolved(found)

    def say(self, node: n.Node, code: str, **facts: Any) -> None:
        """Remember a diagnostic, once."""
        diagnostic = Diagnostic(code, node.start, node.end, facts)
        if diagnostic not in self.said:
            self.said.append(diagnostic)

    def contradictions(self, node: n.Node) -> None:
        """What a condition demands of one name and no value meets."""
        for operand in node.operands if isinstance(node, n.Logic) and node.operator == "or" else [node]:
            for path, demand in demands_of(operand)[0].items():
                if demand == ():
                    self.say(operand, "contradiction", name=path)

    def _within(self, scope: Scope | None, node: n.Node) -> Type:
        self._scopes.append(scope)
        found = self.of(node)
        self._scopes.pop()
        return found

    # ------------------------------------------------ names and literals

    def _literal(self, node: n.Literal) -> Type:
        if node.unreadable:
            self.say(node, "invalid-literal", function="FEEL", found=node.unreadable)
        return Type("Null") if node.value is None else Type(kind_of(node.value))

    def _input(self, node: n.Input) -> Type:
        del node
        return self._tested

    def _name(self, node: n.Name) -> Type:
        found = self._lookup(node.name)
        if found is None and "." in node.name:
            first, *rest = node.name.split(".")
            path: n.Node = n.Name(first, start=node.start, end=node.end)
            for part in rest:
                path = n.Path(path, part, start=node.start, end=node.end)
            return self.of(path)
        if found is None:
            if self._closed and None not in self._scopes:
                self.say(node, "unknown-name", name=node.name, near=self._near(node.name))
            return ANY
        parts = [part.strip() for part in _OPERATORS.split(node.name)]
        if len(parts) > 1 and all(self._lookup(part) is not None for part in parts):
            self.say(node, "ambiguous-name", name=node.name)
        return found

    def _lookup(self, name: str) -> Type | None:
        for scope in reversed(self._scopes):
            if scope is not None and name in scope:
                return resolved(scope[name])
        if name in self._free:
            return resolved(self._free[name])
        return Type(FUNCTION) if name in builtins.TABLE else None

    def _near(self, name: str) -> str:
        names = {*self._free, *(name for scope in self._scopes for name in scope or ())}
        return next(iter(difflib.get_close_matches(name, sorted(names), 1)), "")

    # ------------------------------------------------ logic and comparison

    def _truth(self, node: n.Node, operator: str) -> None:
        found = self.of(node)
        if found.kind not in (BOOLEAN, *UNKNOWN):
            self.say(node, "not-a-boolean", operator=operator, found=str(found))

    def _logic(self, node: n.Logic) -> Type:
        for operand in node.operands:
            self._truth(operand, node.operator)
        return _TRUTH

    def _compare(self, node: n.Compare) -> Type:
        left, right = self.of(node.left), self.of(node.right)
        self._comparable(node, node.operator, left, right)
        self._optional(node.left, left, node.right)
        self._optional(node.right, right, node.left)
        return _TRUTH

    def _comparable(self, node: n.Node, operator: str, left: Type, right: Type) -> None:
        if operator in ("=", "!="):
            wrong = _known(left, right) and left.kind != right.kind
        elif _known(left, right):
            wrong = left.kind != right.kind or left.kind not in _ORDERED
        else:
            wrong = "Null" in (left.kind, right.kind)
        if wrong:
            self.say(node, "type-mismatch", operator=operator, left=str(left), right=str(right))

    def _optional(self, node: n.Node, of: Type, other: n.Node) -> None:
        """A name that has options only ever equals one of them."""
        path = path_of(node)
        if of.options is None or path is None or not isinstance(other, n.Literal) or other.value is None:
            return
        if kind_of(other.value) == of.kind and other.value not in of.options:
            near = difflib.get_close_matches(str(other.value), list(map(str, of.options)), 1)
            self.say(other, "not-an-option", name=path, found=describe(other.value), near=near[0] if near else "")

    def _between(self, node: n.Between) -> Type:
        value = self.of(node.value)
        for end in (node.low, node.high):
            self._comparable(node, "between", value, self.of(end))
        return _TRUTH

    def _in(self, node: n.In) -> Type:
        value = self.of(node.value)
        for test in node.tests:
            self._member_test(node.value, value, test)
        return _TRUTH

    def _member_test(self, node: n.Node, value: Type, test: n.Node) -> None:
        """One test of `in` or of a unary test: an equal value, a range, a list of either, a comparison."""
        if isinstance(test, n.OperatorTest):
            self._comparable(test, test.operator, value, self.of(test.operand))
            return
        found = self.of(test)
        for kind in (LIST, RANGE):
            if found.kind == kind != value.kind:
                found = item_of(found)
        if _known(value, found) and value.kind != found.kind:
            self.say(test, "type-mismatch", operator="in", left=str(value), right=str(found))
        for item in test.items if isinstance(test, n.List) else [test]:
            self._optional(node, value, item)

    def _operatortest(self, node: n.OperatorTest) -> Type:
        return Type(RANGE, (self.of(node.operand),))

    def _instanceof(self, node: n.InstanceOf) -> Type:
        self.of(node.value)
        if types.of_node(node.type, {}) is None:
            self.say(node.type, "unknown-type", name=node.type.name)
        return _TRUTH

    # ------------------------------------------------ arithmetic

    def _chain(self, node: n.Chain) -> Type:
        found = self.of(node.first)
        for operator, operand in node.rest:
            right = self.of(operand)
            result = signatures.arithmetic(operator, found, right)
            if result is None:
                self.say(node, "type-mismatch", operator=operator, left=str(found), right=str(right))
            found = result or ANY
        return found

    def _negate(self, node: n.Negate) -> Type:
        found = self.of(node.operand)
        if _known(found) and found.kind not in (NUMBER, *DURATIONS):
            self.say(node, "operand", operator="-", found=str(found))
            return ANY
        return replace(found, options=None)

    # ------------------------------------------------ composite values

    def _range(self, node: n.Range) -> Type:
        low, high = self.of(node.low), self.of(node.high)
        self._comparable(node, "..", low, high)
        return Type(RANGE, (common([low, high]),))

    def _list(self, node: n.List) -> Type:
        return list_of(common([self.of(item) for item in node.items]))

    def _context(self, node: n.Context) -> Type:
        members: dict[str, Type] = {}
        for name, value in node.entries:
            if isinstance(value, n.FunctionDefinition):
                members[name] = ANY  # it may call itself
            members[name] = self._within(members, value)
        return Type(CONTEXT_KIND, members=tuple(members.items()))

    def _path(self, node: n.Path) -> Type:
        source = self.of(node.source)
        item = item_of(source) if source.kind == LIST else source
        members = members_of(item)
        if item.kind in UNKNOWN or (item.kind == CONTEXT_KIND and item.members is None):
            found = ANY
        elif node.name in members:
            found = members[node.name]
        else:
            near = next(iter(difflib.get_close_matches(node.name, sorted(members), 1)), "")
            self.say(node, "no-member", found=str(item), name=node.name, near=near)
            found = ANY
        return list_of(found) if source.kind == LIST else found

    def _filter(self, node: n.Filter) -> Type:
        source = self.of(node.source)
        item = item_of(source) if source.kind == LIST else source
        if item.kind in UNKNOWN or (item.kind == CONTEXT_KIND and item.members is None):
            members: Scope | None = None
        else:
            members = dict(item.members or ())
        self._scopes.append({"item": item})
        condition = self._within(members, node.condition)
        self._scopes.pop()
        if condition.kind == NUMBER:
            return item
        if condition.kind not in (BOOLEAN, *UNKNOWN):
            self.say(node.condition, "not-a-boolean", operator="[]", found=str(condition))
        if condition.kind != BOOLEAN:
            return ANY
        self.contradictions(node.condition)
        return source if source.kind == LIST else list_of(item)

    # ------------------------------------------------ control

    def _if(self, node: n.If) -> Type:
        self._truth(node.condition, "if")
        self.contradictions(node.condition)
        yes, no = self.of(node.yes), self.of(node.no)
        if isinstance(node.condition, n.Literal) and isinstance(node.condition.value, bool):
            self.say(node.no if node.condition.value else node.yes, "unreachable")
        return common([yes, no])

    def _iterators(self, iterators: Sequence[n.Iterator]) -> int:
        """Pushes one scope per iterator; gives how many there were before."""
        depth = len(self._scopes)
        for iterator in iterators:
            source = self.of(iterator.source)
            if iterator.last is not None:
                self._comparable(iterator, "..", source, self.of(iterator.last))
                item = source
            elif source.kind in (LIST, RANGE):
                item = item_of(source)
            else:
                item = source
            self._scopes.append({iterator.name: item, "partial": list_of(ANY)})
        return depth

    def _for(self, node: n.For) -> Type:
        depth = self._iterators(node.iterators)
        body = self.of(node.body)
        del self._scopes[depth:]
        return list_of(body)

    def _quantified(self, node: n.Quantified) -> Type:
        depth = self._iterators(node.iterators)
        self._truth(node.body, "every" if node.every else "some")
        del self._scopes[depth:]
        return _TRUTH

    # ------------------------------------------------ functions

    def _functiondefinition(self, node: n.FunctionDefinition) -> Type:
        parameters = {name: (of and types.of_node(of, {})) or ANY for name, of in node.parameters}
        if node.external:
            return Type(FUNCTION, tuple(parameters.values()), result=ANY)
        return Type(FUNCTION, tuple(parameters.values()), result=self._within(parameters, node.body))

    def _call(self, node: n.Call) -> Type:
        arguments = [self.of(argument) for argument in node.arguments]
        if isinstance(node.function, n.Name) and node.function.name in builtins.TABLE:
            name = node.function.name
            bound = self._lookup(name)
            if bound is None or bound.result is None:
                return self._call_built_in(node, name, arguments)
        function = self.of(node.function)
        if function.kind == FUNCTION:
            if function.result is None:
                return ANY
            if len(arguments) != len(function.arguments):
                self.say(node, "wrong-arguments", function=self._text[node.function.start : node.function.end],
                         found=str(len(arguments)))  # fmt: skip
            return function.result
        if _known(function):
            self.say(node, "not-callable", found=str(function))
        return ANY

    def _call_built_in(self, node: n.Call, name: str, arguments: list[Type]) -> Type:
        if name in _LITERALS and len(node.arguments) == 1 and isinstance(node.arguments[0], n.Literal):
            value = constant(node)
            if value is None and arguments[0].kind == STRING:
                self.say(node, "invalid-literal", function=name, found=str(node.arguments[0].value))
            return Type(kind_of(value)) if value is not None else ANY
        self._pattern(node, name)
        built_in = builtins.TABLE[name].call
        assert isinstance(built_in, builtins.BuiltIn)  # noqa: S101 - the table holds nothing else
        found, wrong = [], None
        for overload in built_in.overloads:
            arranged = signatures.arranged(overload, arguments, node.names)
            if arranged is None:
                continue
            misfit = next(((p, of) for p, of in arranged if not signatures.fits(p, of)), None)
            if misfit is None:
                found.append(signatures.result(overload, arranged))
            wrong = wrong or misfit
        if found:
            return common(found)
        if wrong is not None:
            parameter, of = wrong
            self.say(node, "bad-argument", function=name, parameter=parameter.name, expected=parameter.expected,
                     found=str(of))  # fmt: skip
        else:
            given = ", ".join(node.names) if node.names is not None else str(len(arguments))
            self.say(node, "wrong-arguments", function=name, found=given)
        return ANY

    def _pattern(self, node: n.Call, name: str) -> None:
        """A pattern and flags that stand in the text are tried."""
        if name not in _FLAGS or node.names is not None or len(node.arguments) < 2:
            return
        pattern, flags = node.arguments[1], node.arguments[_FLAGS[name] :][:1]
        texts = [found.value for found in (pattern, *flags) if isinstance(found, n.Literal) and found.value]
        if len(texts) == 1 + len(flags) and all(isinstance(text, str) for text in texts):
            try:
                translate(texts[0], "".join(texts[1:]))
            except NoValue as reason:
                self.say(pattern, reason.code, **reason.facts)

    # ------------------------------------------------ unary tests

    def _tests(self, node: n.Tests) -> Type:
        for test in node.tests:
            if isinstance(test, n.OperatorTest | n.Literal | n.Range | n.List):
                self._member_test(n.Input(start=test.start, end=test.end), self._tested, test)
            else:
                self.of(test)
        return _TRUTH
