"""Boxed expressions as closures; compiled when first needed and kept with the model."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from engine.dmn import model as m
from engine.dmn.cells import Cell, read_cell
from engine.dmn.table import Column, Output, Row, Table
from engine.dmn.types import TypeTable
from engine.feel import FeelSyntaxError, operators, running, types
from engine.feel import nodes as n
from engine.feel.compiler import Compiled, compile_typed
from engine.feel.diagnostics import NoValue
from engine.feel.evaluation import Frame, Run, check_length
from engine.feel.lexer import is_simple
from engine.feel.values import Function, kind_of

Closure = Callable[[Frame], Any]
Text = tuple[str, int | None, str, Literal["expression", "unary_tests"]]
"""Whose, where, the text, how it is read."""
NOWHERE = n.Literal(None, start=0, end=0)


def program_of(model: m.Model) -> "Program":
    """The one program of a model."""
    program: Program = model.compiled.setdefault("program", None) or Program(model)
    model.compiled["program"] = program
    return program


class Program:
    """The compiled parts of a model, by element."""

    def __init__(self, model: m.Model) -> None:
        self.model = model
        self.names = frozenset(name for name in names_of(model) if not is_simple(name))
        self.types = TypeTable(model, self.names)
        self.owners = {
            part.id: element.variable for element in model.elements.values() for part in expressions_in(element)
        }
        self._closures: dict[str, Closure] = {}
        self._compiled: dict[tuple[str, str], Compiled] = {}

    def closure(self, element: m.Decision | m.Knowledge) -> Closure:
        """The logic of an element."""
        if element.id not in self._closures:
            self._closures[element.id] = self.build(element.logic)
        return self._closures[element.id]

    def compile(self, text: str, mode: Literal["expression", "unary_tests"] = "expression") -> Compiled:
        """A text of this model. Raises FeelSyntaxError."""
        key = text, mode
        if key not in self._compiled:
            self._compiled[key] = compile_typed(text, names=self.names, mode=mode, types=self.types)
        return self._compiled[key]

    def names_in(self, text: str, mode: Literal["expression", "unary_tests"] = "expression") -> frozenset[str]:
        """The free names of a text, none of one that is not FEEL."""
        try:
            return self.compile(text, mode).names if text else frozenset()
        except FeelSyntaxError:
            return frozenset()

    def text(self, text: str, owner: str, mode: Literal["expression", "unary_tests"] = "expression") -> Closure:
        """The closure of a text; null for an empty one, and null with a diagnostic for one that is not FEEL."""
        if not text:
            return _null
        try:
            compiled = self.compile(text, mode)
        except FeelSyntaxError as error:
            found = error.facts["found"]
            return _failing(NoValue("not-feel", found=found, expected=error.facts["expected"]), owner)
        inner = compiled.closure

        def evaluate(frame: Frame) -> Any:
            run = frame.run
            before = len(run.diagnostics)
            try:
                value = inner(frame)
            except NoValue as reason:
                run.note(compiled.tree, reason)
                value = None
            if len(run.diagnostics) > before:
                _place(run, before, owner)
            return value

        return evaluate

    # ------------------------------------------------ expressions

    def build(self, expression: m.Expression | None) -> Closure:
        """The closure of a boxed expression; its value converted to its type."""
        if expression is None:
            return _null
        closure = self._plain(expression)
        if expression.type is None or isinstance(expression, m.FunctionDefinition):
            return closure
        return self._typed(closure, expression.type, expression.id)

    def _typed(self, closure: Closure, reference: str | None, owner: str) -> Closure:
        of = self.types.reference(reference)
        if of.kind == "Any" and of.resolve is None:
            return closure

        def typed(frame: Frame) -> Any:
            try:
                return types.convert(closure(frame), of, owner)
            except NoValue as reason:
                frame.run.diagnose(NOWHERE, reason.code, **reason.facts, element=owner)
                return None

        return typed

    def _plain(self, expression: m.Expression) -> Closure:
        match expression:
            case m.Literal():
                return self.text(expression.text, expression.id)
            case m.Context():
                return self._context(expression)
            case m.Invocation():
                return self._invocation(expression)
            case m.FunctionDefinition():
                return self._function(expression)
            case m.ListExpression():
                items = [self.build(item) for item in expression.items]
                return lambda frame: [item(frame) for item in items]
            case m.Relation():
                return self._relation(expression)
            case m.DecisionTable():
                return self._table(expression)
            case m.Conditional():
                return self._conditional(expression)
            case m.Filter():
                return self._filter(expression)
            case m.Iteration():
                return self._iteration(expression)
        raise TypeError(type(expression).__name__)

    def _context(self, expression: m.Context) -> Closure:
        entries = [
            (entry.name, self._typed(self.build(entry.value), entry.type, entry.name or expression.id))
            for entry in expression.entries
        ]

        def context(frame: Frame) -> Any:
            values: dict[str, Any] = {}
            inner = Frame(values, frame, frame.run)
            for name, value in entries:
                if name is None:
                    return value(inner)
                values[name] = value(inner)
            return values

        return context

    def _invocation(self, expression: m.Invocation) -> Closure:
        function = self.build(expression.function)
        bindings = [(name, self.build(value)) for name, value in expression.bindings]
        names = [name for name, _ in bindings]

        def invoke(frame: Frame) -> Any:
            run = frame.run
            called = function(frame)
            arguments = [value(frame) for _, value in bindings]
            run.enter()
            try:
                if not isinstance(called, Function):
                    raise NoValue("not-callable", found=kind_of(called))
                return running.call_function(called, arguments, names or None, run)
            except NoValue as reason:
                run.diagnose(NOWHERE, reason.code, **{**reason.facts, "element": expression.id})
                return None
            finally:
                run.depth -= 1

        return invoke

    def _function(self, expression: m.FunctionDefinition) -> Closure:
        names = tuple(name for name, _ in expression.parameters)
        kinds = tuple(self.types.reference(of) for _, of in expression.parameters)
        body = self._typed(self.build(expression.body), expression.type, expression.id)
        external = expression.kind not in ("FEEL", "F")

        def define(frame: Frame) -> Function:
            def call(arguments: Sequence[Any], run: Run) -> Any:
                if external:
                    raise NoValue("no-environment", function=expression.kind, missing=expression.kind)
                values = {
                    name: types.convert(value, of, name)
                    for name, value, of in zip(names, arguments, kinds, strict=True)
                }
                return body(Frame(values, frame, run))

            return Function(expression.id, names, call, kinds)

        return define

    def _relation(self, expression: m.Relation) -> Closure:
        rows = [
            list(zip(expression.columns, [self.build(cell) for cell in row], strict=False)) for row in expression.rows
        ]
        return lambda frame: [{name: cell(frame) for name, cell in row} for row in rows]

    def _conditional(self, expression: m.Conditional) -> Closure:
        condition, yes, no = map(self.build, (expression.condition, expression.yes, expression.no))
        return lambda frame: yes(frame) if condition(frame) is True else no(frame)

    def _filter(self, expression: m.Filter) -> Closure:
        source, match = self.build(expression.source), self.build(expression.match)
        node = n.Filter(NOWHERE, NOWHERE, start=0, end=0)
        return lambda frame: running.select(node, frame, source(frame), match)

    def _iteration(self, expression: m.Iteration) -> Closure:
        source, body = self.build(expression.source), self.build(expression.body)
        name, kind = expression.variable, expression.kind

        def iterate(frame: Frame) -> Any:
            run = frame.run
            results: list[Any] = []
            try:
                for item in operators.items_of(source(frame)):
                    run.spend()
                    results.append(body(Frame({name: item, "partial": results}, frame, run)))
                    check_length(len(results))
                return results if kind == "for" else operators.quantify(kind == "every", results)
            except NoValue as reason:
                run.diagnose(NOWHERE, reason.code, **reason.facts, element=expression.id)
                return None

        return iterate

    # ------------------------------------------------ decision tables

    def _table(self, expression: m.DecisionTable) -> Closure:
        table = Table(
            expression,
            self.owners.get(expression.id, ""),
            [self._column(clause, expression.id) for clause in expression.inputs],
            [self._output(clause, expression.id) for clause in expression.outputs],
            [self._row(rule, number) for number, rule in enumerate(expression.rules, 1)],
        )

        def decide(frame: Frame) -> Any:
            try:
                hit = table.decide(frame)
            except NoValue as reason:
                frame.run.diagnose(NOWHERE, reason.code, **reason.facts, element=expression.id)
                return None
            frame.run.trace.append(hit)
            return hit.value

        return decide

    def _column(self, clause: m.InputClause, owner: str) -> Column:
        value = self.text(clause.text, clause.id or owner)
        allowed = self.text(clause.values, clause.id or owner, "unary_tests") if clause.values else None
        return Column(clause.label, value, self._converter(clause.type, clause.label), allowed)

    def _converter(self, reference: str | None, name: str) -> Callable[[Any], Any]:
        of = self.types.reference(reference)
        return lambda value: types.convert(value, of, name)

    def _output(self, clause: m.OutputClause, owner: str) -> Output:
        place = clause.id or owner
        ranks = self.text(f"[{clause.values}]", place) if clause.values else None
        allowed = self.text(clause.values, place, "unary_tests") if clause.values else None
        default = self.text(clause.default, place) if clause.default is not None else None
        return Output(clause.name or "", self._converter(clause.type, clause.name or owner), ranks, allowed, default)

    def _row(self, rule: m.Rule, number: int) -> Row:
        tests = tuple(None if test in ("", "-") else self.text(test, rule.id, "unary_tests") for test in rule.tests)
        cells = tuple(self._cell(test) for test in rule.tests)
        return Row(rule.id, number, tests, cells, tuple(self.text(text, rule.id) for text in rule.outputs))

    def _cell(self, text: str) -> Cell | None:
        try:
            return read_cell(self.compile(text or "-", "unary_tests").tree)
        except FeelSyntaxError:
            return None


def _null(frame: Frame) -> None:
    del frame


def _failing(reason: NoValue, owner: str) -> Closure:
    def fail(frame: Frame) -> None:
        frame.run.diagnose(NOWHERE, reason.code, **reason.facts, element=owner)

    return fail


def _place(run: Run, since: int, owner: str) -> None:
    for diagnostic in run.diagnostics[since:]:
        diagnostic.facts.setdefault("element", owner)


def names_of(model: m.Model) -> Iterator[str]:
    """Every name that a text of this model may use."""
    for element in model.elements.values():
        yield element.variable
        logic = element.logic if isinstance(element, m.Decision | m.Knowledge) else None
        yield from _names_in(logic)
    yield from _type_names(model.types)
    for imported in model.imports:
        if imported.name:
            yield imported.name
        yield from names_of(imported.model)


def _type_names(definitions: Mapping[str, m.ItemDefinition]) -> Iterator[str]:
    for definition in definitions.values():
        yield definition.name
        yield from _type_names({part.name: part for part in definition.components})


def _names_in(expression: m.Expression | None) -> Iterator[str]:
    if expression is None:
        return
    yield from names_bound_by(expression)
    match expression:
        case m.Relation():
            yield from expression.columns
        case m.Invocation():
            yield from (name for name, _ in expression.bindings)
        case m.DecisionTable():
            yield from (output.name for output in expression.outputs if output.name)
    for part in parts_of(expression):
        yield from _names_in(part)


def free_names(program: Program, expression: m.Expression | None) -> set[str]:
    """Names that a boxed expression takes from around it."""
    if expression is None:
        return set()
    names: set[str] = set()
    for _, _, text, mode in texts_of(expression):
        names |= program.names_in(text, mode)
    for part in parts_of(expression):
        names |= free_names(program, part)
    return names - names_bound_by(expression)


def texts_of(expression: m.Expression) -> Iterator[Text]:
    """Texts that stand directly in an expression."""
    match expression:
        case m.Literal():
            yield expression.id, expression.line, expression.text, "expression"
        case m.DecisionTable():
            yield from _table_texts(expression)


def _table_texts(table: m.DecisionTable) -> Iterator[Text]:
    for clause in table.inputs:
        yield clause.id or table.id, clause.line, clause.text, "expression"
        yield clause.id or table.id, clause.line, clause.values, "unary_tests"
    for output in table.outputs:
        yield output.id or table.id, output.line, output.default or "", "expression"
        yield output.id or table.id, output.line, f"[{output.values}]" if output.values else "", "expression"
    for rule in table.rules:
        for test in rule.tests:
            yield rule.id, rule.line, test, "unary_tests"
        for result in rule.outputs:
            yield rule.id, rule.line, result, "expression"


def names_bound_by(expression: m.Expression) -> set[str]:
    """Names that its inner expressions see because of it."""
    match expression:
        case m.Context():
            return {entry.name for entry in expression.entries if entry.name is not None}
        case m.FunctionDefinition():
            return {name for name, _ in expression.parameters}
        case m.Iteration():
            return {expression.variable, "partial"}
        case m.Filter():
            return {"item"}
    return set()


def expressions_in(element: m.Element) -> Iterator[m.Expression]:
    """Every boxed expression of an element, inner ones too."""
    logic = element.logic if isinstance(element, m.Decision | m.Knowledge) else None
    waiting: list[m.Expression] = [logic] if logic is not None else []
    while waiting:
        expression = waiting.pop()
        yield expression
        waiting.extend(parts_of(expression))


def parts_of(expression: m.Expression | None) -> Iterator[m.Expression]:
    """The expressions directly inside of one."""
    inner: tuple[m.Expression | None, ...] = ()
    match expression:
        case m.Context():
            inner = tuple(entry.value for entry in expression.entries)
        case m.FunctionDefinition():
            inner = (expression.body,)
        case m.Relation():
            inner = tuple(cell for row in expression.rows for cell in row)
        case m.Invocation():
            inner = (expression.function, *(value for _, value in expression.bindings))
        case m.ListExpression():
            inner = expression.items
        case m.Conditional():
            inner = (expression.condition, expression.yes, expression.no)
        case m.Filter():
            inner = (expression.source, expression.match)
        case m.Iteration():
            inner = (expression.source, expression.body)
    yield from (part for part in inner if part is not None)
