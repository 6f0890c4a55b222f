"""The builder of closures: one method per node; a closure takes a Frame and gives a value.

Names are looked up along the frames, from the innermost; where no scope lies between, straight in the variables.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from engine.errors import N_
from engine.feel import builtins, operators, types
from engine.feel import nodes as n
from engine.feel.diagnostics import FeelSyntaxError, NoValue
from engine.feel.evaluation import Frame, Run, check_length
from engine.feel.running import Closure, each, invoke, item_at, member, select
from engine.feel.values import NUMBER, Function, describe, from_outside, kind_of

MISSING = object()
NOT_REPEATABLE = frozenset(("uuid", "random number"))
_NATIVE: dict[str, Callable[[Any, Any], Any]] = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


class Builder:
    """Builds the closures of one text. `free_names` are those that no scope of the text binds, `asks`: what its
    built-ins ask of their surroundings."""

    def __init__(self, user_types: Mapping[str, types.Type]) -> None:
        self._types = user_types
        self._scopes: list[set[str] | None] = []  # None: a filter, whose items bring names of their own
        self.free_names: set[str] = set()
        self.asks: set[str] = set()

    def build(self, node: n.Node) -> Closure:
        """The closure of `node`."""
        closure: Closure = getattr(self, f"_{type(node).__name__.lower()}")(node)
        return closure

    def _builds(self, nodes: Sequence[n.Node]) -> list[Closure]:
        return [self.build(node) for node in nodes]

    # ------------------------------------------------ names and literals

    def _literal(self, node: n.Literal) -> Closure:
        value, unreadable = node.value, node.unreadable
        if unreadable:
            return lambda frame: frame.run.diagnose(node, "invalid-literal", function="FEEL", found=unreadable)
        return lambda frame: value

    def _input(self, node: n.Input) -> Closure:
        return lambda frame: frame.run.input

    def _name(self, node: n.Name) -> Closure:
        return _snapshot(self._lookup(node)) if node.name == "partial" else self._lookup(node)

    def _lookup(self, node: n.Name, *, called: bool = False) -> Closure:
        name = node.name
        function = builtins.TABLE.get(name)
        bound = any(scope is not None and name in scope for scope in self._scopes)
        # one that is called is the built-in, whatever value bears its name; one that is only named may be either
        if not bound and not (called and function) and not (name in ("item", "partial") and self._scopes):
            self.free_names.add(name)
        if not bound and name in builtins.ASKS:
            self.asks.add(builtins.ASKS[name])

        as_path = self._path_for(node) if "." in name else None

        def missing(frame: Frame) -> Any:
            if function is not None:
                return function
            if as_path is not None:
                return as_path(frame)
            frame.run.diagnose(node, "unknown-name", name=name)
            return None

        if not self._scopes:

            def variable(frame: Frame) -> Any:
                scope = frame
                while scope.parent is not None:  # a host may have put scopes around the text
                    if name in scope.names:
                        break
                    scope = scope.parent
                value = scope.names.get(name, MISSING)
                if value is MISSING:
                    return missing(frame)
                return from_outside(value) if type(value) is float else value

            return variable

        def lookup(frame: Frame) -> Any:
            scope: Frame | None = frame
            while scope is not None:
                names = scope.names
                if name in names:
                    value = names[name]
                    return from_outside(value) if type(value) is float else value
                scope = scope.parent
            return missing(frame)

        return lookup

    def _path_for(self, node: n.Name) -> Closure:
        """`a.b` was declared as one name somewhere (parameters of DMN are); where it is none, it is a path."""
        first, *rest = node.name.split(".")
        path: n.Node = n.Name(first, start=node.start, end=node.start + len(first))
        for part in rest:
            path = n.Path(path, part, start=node.start, end=node.end)
        return self.build(path)

    # ------------------------------------------------ logic and comparison

    def _logic(self, node: n.Logic) -> Closure:
        operands = self._builds(node.operands)
        decisive = node.operator == "or"
        neutral = not decisive

        def logic(frame: Frame) -> Any:
            result: bool | None = neutral
            for index, operand in enumerate(operands):
                value = operand(frame)
                if value is decisive:
                    return decisive
                if value is not neutral:
                    result = None
                    if value is not None:
                        found = node.operands[index]
                        frame.run.diagnose(found, "not-a-boolean", operator=node.operator, found=describe(value))
            return result

        if len(operands) == 2:
            first, second = operands

            def logic_of_two(frame: Frame) -> Any:
                value = first(frame)
                if value is decisive:
                    return decisive
                if value is neutral:
                    value = second(frame)
                    if value is decisive or value is neutral:
                        return value
                return logic(frame)

            return logic_of_two
        return logic

    def _compare(self, node: n.Compare) -> Closure:
        left, right = self.build(node.left), self.build(node.right)
        operate = operators.COMPARISONS[node.operator]

        def compare(frame: Frame) -> Any:
            try:
                return operate(left(frame), right(frame))
            except NoValue as reason:
                frame.run.note(node, reason)
                return None

        if not isinstance(node.right, n.Literal) or type(node.right.value) not in (int, Decimal, str):
            return compare
        literal = node.right.value
        native = _NATIVE[node.operator]
        kinds: tuple[type, type] = (str, str) if type(literal) is str else (int, Decimal)
        one, other = kinds

        def compare_with_literal(frame: Frame) -> Any:
            value = left(frame)
            kind = type(value)
            if kind is one or kind is other:
                return native(value, literal)
            try:
                return operate(value, literal)
            except NoValue as reason:
                frame.run.note(node, reason)
                return None

        return compare_with_literal

    def _between(self, node: n.Between) -> Closure:
        value, low, high = self._builds([node.value, node.low, node.high])

        def between(frame: Frame) -> Any:
            operands = value(frame), low(frame), high(frame)
            result = operators.between(*operands)
            if result is None:
                left, right = describe(operands[0]), f"{describe(operands[1])}, {describe(operands[2])}"
                frame.run.diagnose(node, "type-mismatch", operator="between", left=left, right=right)
            return result

        return between

    def _in(self, node: n.In) -> Closure:
        value = self.build(node.value)
        tests = [self._membership(test) for test in node.tests]

        def contained(frame: Frame) -> Any:
            found = value(frame)
            return operators.disjunction(test(frame, found) for test in tests)

        return contained

    def _membership(self, node: n.Node) -> Callable[[Frame, Any], bool | None]:
        if isinstance(node, n.OperatorTest):
            operand = self.build(node.operand)
            operate = operators.COMPARISONS[node.operator]

            def compare(frame: Frame, value: Any) -> bool | None:
                try:
                    return operate(value, operand(frame))
                except NoValue as reason:
                    frame.run.note(node, reason)
                    return None

            return compare
        test = self.build(node)

        def contained(frame: Frame, value: Any) -> bool | None:
            within = test(frame)
            try:
                if within is None and value is not None:
                    raise NoValue("type-mismatch", operator="in", left=describe(value), right="null")
                return operators.is_in(value, within)
            except NoValue as reason:
                frame.run.note(node, reason)
                return None

        return contained

    def _operatortest(self, node: n.OperatorTest) -> Closure:
        operand = self.build(node.operand)

        def as_range(frame: Frame) -> Any:
            try:
                return operators.test_as_range(node.operator, operand(frame))
            except NoValue as reason:
                frame.run.note(node, reason)
                return None

        return as_range

    def _instanceof(self, node: n.InstanceOf) -> Closure:
        value = self.build(node.value)
        of = types.of_node(node.type, self._types)
        if of is None:
            return self._unknown_type(node.type)
        return lambda frame: types.is_instance(value(frame), of)

    def _unknown_type(self, node: n.TypeNode) -> Closure:
        def unknown(frame: Frame) -> None:
            frame.run.diagnose(node, "unknown-type", name=node.name)

        return unknown

    # ------------------------------------------------ arithmetic

    def _chain(self, node: n.Chain) -> Closure:
        first = self.build(node.first)
        rest = [(operators.ARITHMETIC[operator], self.build(operand)) for operator, operand in node.rest]
        if len(rest) == 1:
            operate, second = rest[0]

            def one(frame: Frame) -> Any:
                try:
                    return operate(first(frame), second(frame))
                except NoValue as reason:
                    frame.run.note(node, reason)
                    return None

            return one

        def chain(frame: Frame) -> Any:
            try:
                value = first(frame)
                for operate, operand in rest:
                    value = operate(value, operand(frame))
                return value
            except NoValue as reason:
                frame.run.note(node, reason)
                return None

        return chain

    def _negate(self, node: n.Negate) -> Closure:
        operand = self.build(node.operand)
        count = 1 if node.count % 2 else 2

        def negate(frame: Frame) -> Any:
            try:
                value = operand(frame)
                for _ in range(count):
                    value = operators.negate(value)
                return value
            except NoValue as reason:
                frame.run.note(node, reason)
                return None

        return negate

    # ------------------------------------------------ composite values

    def _range(self, node: n.Range) -> Closure:
        low, high = self.build(node.low), self.build(node.high)

        def make(frame: Frame) -> Any:
            try:
                return operators.make_range(low(frame), high(frame), node.low_closed, node.high_closed)
            except NoValue as reason:
                frame.run.note(node, reason)
                return None

        if isinstance(node.low, n.Literal) and isinstance(node.high, n.Literal):
            try:
                constant = operators.make_range(node.low.value, node.high.value, node.low_closed, node.high_closed)
            except NoValue:
                return make
            return lambda frame: constant
        return make

    def _list(self, node: n.List) -> Closure:
        items = self._builds(node.items)
        return lambda frame: [item(frame) for item in items]

    def _context(self, node: n.Context) -> Closure:
        names: set[str] = set()
        self._scopes.append(names)
        entries: list[tuple[str, Closure]] = []
        for name, value in node.entries:
            if isinstance(value, n.FunctionDefinition):
                names.add(name)
            entries.append((name, self.build(value)))
            names.add(name)
        self._scopes.pop()
        distinct = len({name for name, _ in entries}) == len(entries)

        def context(frame: Frame) -> Any:
            if not distinct:
                frame.run.diagnose(node, "wrong-arguments", function="{}", found=N_("a key twice"))
                return None
            values: dict[str, Any] = {}
            inner = Frame(values, frame, frame.run)
            for name, value in entries:
                values[name] = value(inner)
            return values

        return context

    def _path(self, node: n.Path) -> Closure:
        source, name = self.build(node.source), node.name

        def path(frame: Frame) -> Any:
            value = source(frame)
            if type(value) is dict:
                found = value.get(name, MISSING)
                if found is not MISSING:
                    return from_outside(found) if type(found) is float else found
            try:
                return member(value, name)
            except NoValue as reason:
                frame.run.note(node, reason)
                return None

        return path

    def _filter(self, node: n.Filter) -> Closure:
        source = self._lookup(node.source) if isinstance(node.source, n.Name) else self.build(node.source)
        if isinstance(node.condition, n.Literal) and kind_of(node.condition.value) == NUMBER:
            index = node.condition.value

            def fixed(frame: Frame) -> Any:
                return item_at(node, frame.run, source(frame), index)

            return fixed
        self._scopes.append({"item"})
        self._scopes.append(None)
        condition = self.build(node.condition)
        del self._scopes[-2:]

        def filtered(frame: Frame) -> Any:
            return select(node, frame, source(frame), condition)

        return filtered

    # ------------------------------------------------ control

    def _if(self, node: n.If) -> Closure:
        condition, yes, no = self._builds([node.condition, node.yes, node.no])

        def choose(frame: Frame) -> Any:
            value = condition(frame)
            if value is True:
                return yes(frame)
            if value is not False and value is not None:
                frame.run.diagnose(node.condition, "not-a-boolean", operator="if", found=describe(value))
            return no(frame)

        return choose

    def _iterators(self, iterators: list[n.Iterator]) -> list[tuple[str, Callable[[Frame], list[Any]]]]:
        """Pushes one scope per iterator; the caller pops them."""
        built: list[tuple[str, Callable[[Frame], list[Any]]]] = []
        for iterator in iterators:
            built.append((iterator.name, self._items(iterator)))
            self._scopes.append({iterator.name, "partial"})
        return built

    def _items(self, iterator: n.Iterator) -> Callable[[Frame], list[Any]]:
        source = self.build(iterator.source)
        if iterator.last is None:
            return lambda frame: operators.items_of(source(frame))
        last = self.build(iterator.last)
        return lambda frame: operators.expand(source(frame), last(frame))

    def _for(self, node: n.For) -> Closure:
        depth = len(self._scopes)
        iterators = self._iterators(node.iterators)
        body = self.build(node.body)
        del self._scopes[depth:]

        def loop(frame: Frame) -> Any:
            results: list[Any] = []

            def collect(inner: Frame) -> None:
                results.append(body(inner))
                check_length(len(results))

            outer = Frame({"partial": results}, frame, frame.run)
            try:
                each(iterators, 0, outer, collect)
            except NoValue as reason:
                frame.run.note(node, reason)
                return None
            return results

        return loop

    def _quantified(self, node: n.Quantified) -> Closure:
        depth = len(self._scopes)
        iterators = self._iterators(node.iterators)
        body = self.build(node.body)
        del self._scopes[depth:]

        def quantified(frame: Frame) -> Any:
            results: list[Any] = []
            try:
                each(iterators, 0, frame, lambda inner: results.append(body(inner)))
                return operators.quantify(node.every, results)
            except NoValue as reason:
                frame.run.note(node, reason)
                return None

        return quantified

    # ------------------------------------------------ functions

    def _functiondefinition(self, node: n.FunctionDefinition) -> Closure:
        names = tuple(name for name, _ in node.parameters)
        kinds = tuple(
            types.of_node(of, self._types) or types.ANY if of is not None else types.ANY for _, of in node.parameters
        )
        self._scopes.append(set(names))
        body = self.build(node.body)
        self._scopes.pop()

        def define(frame: Frame) -> Function:
            def call(arguments: Sequence[Any], run: Run) -> Any:
                if node.external:
                    raise NoValue("no-environment", function="function", missing=N_("external functions"))
                values = {
                    name: types.convert(value, of, name)
                    for name, value, of in zip(names, arguments, kinds, strict=True)
                }
                return body(Frame(values, frame, run))

            return Function("function", names, call, kinds)

        return define

    def _call(self, node: n.Call) -> Closure:
        arguments = self._builds(node.arguments)
        names = node.names
        if isinstance(node.function, n.Name):
            return self._call_by_name(node, node.function, arguments)
        function = self.build(node.function)

        def call(frame: Frame) -> Any:
            return invoke(node, frame, function(frame), [argument(frame) for argument in arguments], names)

        return call

    def _call_by_name(self, node: n.Call, named: n.Name, arguments: list[Closure]) -> Closure:
        name, names = named.name, node.names
        known = builtins.TABLE.get(name)
        if name in NOT_REPEATABLE and not any(scope is not None and name in scope for scope in self._scopes):
            raise FeelSyntaxError(
                text=f"{name}()", position=node.start, expected=N_("a function with the same result each time"),
                found=f"'{name}'", remedy=N_("Let a service operation make it"),
            )  # fmt: skip
        lookup = self._lookup(named, called=True)
        if known is None:

            def call_variable(frame: Frame) -> Any:
                return invoke(node, frame, lookup(frame), [argument(frame) for argument in arguments], names)

            return call_variable
        built_in = known

        def call_built_in(frame: Frame) -> Any:
            function = lookup(frame)
            if type(function) is not Function:
                function = built_in
            return invoke(node, frame, function, [argument(frame) for argument in arguments], names)

        return call_built_in

    # ------------------------------------------------ unary tests

    def _tests(self, node: n.Tests) -> Closure:
        if node.any_input:
            return lambda frame: True
        tests = [self._test(test) for test in node.tests]
        if node.negated:

            def negated(frame: Frame) -> bool | None:
                value = operators.disjunction(test(frame) for test in tests)
                return None if value is None else not value

            return negated
        if len(tests) == 1:
            return tests[0]
        return lambda frame: operators.disjunction(test(frame) for test in tests)

    def _test(self, node: n.Node) -> Closure:
        if isinstance(node, n.Literal) and type(node.value) in (str, int, bool):
            literal = node.value
            kind = type(literal)

            def equals(frame: Frame) -> bool | None:
                value = frame.run.input
                return bool(value == literal) if type(value) is kind else operators.same(value, literal)

            return equals
        if reads_input(node):
            expression = self.build(node)

            def holds(frame: Frame) -> bool | None:
                value = expression(frame)
                if value is None or type(value) is bool:
                    return value
                return _contains(value, frame.run.input)

            return holds
        if isinstance(node, n.OperatorTest):
            compare = self._membership(node)
            return lambda frame: compare(frame, frame.run.input)
        expression = self.build(node)
        return lambda frame: _contains(expression(frame), frame.run.input)


def _snapshot(lookup: Closure) -> Closure:
    """`partial` as it is now: the loop goes on writing into its list, which may have become part of a result."""

    def snapshot(frame: Frame) -> Any:
        value = lookup(frame)
        if type(value) is not list:
            return value
        frame.run.spend(len(value))
        return value[:]

    return snapshot


def _contains(test: Any, value: Any) -> bool | None:
    if test is None:
        return value is None
    try:
        return operators.is_in(value, test)
    except NoValue:
        return False


def reads_input(node: Any) -> bool:
    """Whether `?` stands in this node."""
    if isinstance(node, n.Input):
        return True
    if isinstance(node, list | tuple):
        return any(map(reads_input, node))
    if not isinstance(node, n.Node) or isinstance(node, n.Literal):
        return False
    names = [name for cls in type(node).__mro__ for name in getattr(cls, "__slots__", ())]
    return any(reads_input(getattr(node, name)) for name in names)
