"""Expressions and variables of a run: what a scope can read, what is written where, input and output mapping."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.bpmn.program import Declared, Edge, Expression, Node, Program, Slot
from engine.bpmn.state import Scope, State
from engine.bpmn.steps import Diagnostic, Fact, VariablesChanged
from engine.errors import EngineError, InvalidValue, ReservedName
from engine.feel.diagnostics import Result
from engine.feel.values import kind_of
from engine.values import Values, normalise

RESERVED = ("process", "approval")


def _no_program(process_id: str) -> Any:
    raise LookupError(process_id)


@dataclass(slots=True)
class Env:
    """What a step may look up. `programs`: process id -> (definition id, Program) for calls bound `latest`;
    `decisions`: decision id -> model; `calendars`: key -> work calendar. They raise LookupError or an EngineError for
    what does not exist. `calendar`, `people`: what FEEL asks. `judged`: hears of each condition of a flow, what it gave
    and what it could read. `guesses`: of a prediction over data that are not all there: a condition that is neither
    true nor false does not hold, and a decision or a due date that cannot be found is null.
    """

    process: Values = field(default_factory=dict)
    programs: Callable[[str], tuple[str, Program]] = _no_program
    decisions: Callable[[str], Any] = _no_program
    zone: str = "Asia/Shanghai"
    calendar: Any = None
    people: Any = None
    calendars: Callable[[str], Any] = _no_program
    judged: Callable[[Edge, Any, Values], None] | None = None
    guesses: bool = False


class Stuck(Exception):
    """A token cannot go on; it becomes an incident. `stage`: what `resume` does: enter | leave. `local`, `results`:
    what the token keeps until then, beside what its scope knows."""

    def __init__(self, code: str, stage: str = "enter", **detail: Any) -> None:
        self.code = code
        self.stage = stage
        self.detail = detail
        self.local: Values | None = None
        self.results: Values | None = None
        super().__init__(code)


class Overtaken(Exception):
    """The condition of a boundary event is true before the work of its activity has begun."""

    def __init__(self, boundary: Node) -> None:
        self.boundary = boundary
        super().__init__(boundary.id)


class Evaluation:
    """What a run knows and writes down while it evaluates."""

    __slots__ = ("dirty", "env", "facts", "now", "state", "touched")

    def __init__(self, state: State, now: datetime, env: Env) -> None:
        self.state = state
        self.now = now
        self.env = env
        self.facts: list[Fact] = []
        self.dirty: set[int] = set()
        self.touched: dict[int, None] = {}
        """tokens whose condition reads something that was just written"""

    def number(self) -> int:
        """The next number of this instance."""
        self.state.n = number = self.state.n + 1
        return number

    # ------------------------------------------------------------ expressions

    def context(self, scope: Scope, local: Values | None = None) -> dict[str, Any]:
        """All names that an expression in `scope` can read."""
        approvals = scope.approval
        if scope.nested:
            approvals = scope.approvals()
            chain = [scope]
            while scope.nested and scope.parent is not None:
                scope = scope.parent
                chain.append(scope)
            context: dict[str, Any] = {}
            for part in reversed(chain):
                context.update(part.readable())
        else:
            context = dict(scope.vars)
        if local:
            context.update(local)
        context["process"] = self.env.process
        context["approval"] = approvals
        return context

    def holds(self, edge: Edge, context: Values, stage: str = "enter") -> bool:
        """The condition of `edge`. Raises Stuck unless it is true or false."""
        condition = edge.condition
        assert condition is not None  # noqa: S101 - the caller looks
        result = self._value_of(condition, context)
        if self.env.judged is not None:
            self.env.judged(edge, result.value, context)
        if result.value is True or result.value is False:
            return result.value
        if self.env.guesses:
            return False
        raise Stuck(
            "condition-not-boolean",
            stage,
            flow=edge.id,
            **failure(condition, context, result.value, result.diagnostics),
        )

    def decided(self, condition: Expression, context: Values, stage: str = "leave") -> bool:
        """The value of a condition that is on no flow. Raises Stuck unless it is true or false."""
        value, diagnostics = self.evaluate(condition, context)
        if value is True or value is False:
            return bool(value)
        raise Stuck("condition-not-boolean", stage, **failure(condition, context, value, diagnostics))

    def conditions(self, node: Node, context: Values) -> Values:
        """What an incident says when no condition was true."""
        read: dict[str, str] = {}
        for edge in node.out:
            if edge.condition is not None:
                read.update(types_of(edge.condition, context))
        expressions = {edge.id: edge.condition.text for edge in node.out if edge.condition is not None}
        return {"expression": "; ".join(expressions.values()), "flows": expressions, "read": read}

    def value(self, slot: Slot, context: Values, node: Node | None = None, what: str = "") -> Any:
        """The value of `slot`; null by an error leaves a diagnostic at `node`."""
        if slot.expression is None:
            return slot.text
        found, diagnostics = self.evaluate(slot.expression, context)
        if diagnostics and node is not None and found is None:
            self.facts.append(
                Diagnostic(
                    self.number(), node.id, "expression-null",
                    {"where": what, **failure(slot.expression, context, found, diagnostics)},
                )
            )  # fmt: skip
        return found

    def calendar(self, key: str | None) -> Any:
        """The work calendar that an element names; None: it names none. Raises Stuck."""
        if key is None:
            return None
        try:
            return self.env.calendars(key)
        except (LookupError, EngineError) as error:
            raise Stuck("calendar-unknown", calendar=key, reason=str(error)) from None

    def evaluate(self, expression: Expression, context: Values) -> tuple[Any, list[Any]]:
        """(a value that may be stored, diagnostics). Raises Stuck for one that may not."""
        result = self._value_of(expression, context)
        try:
            return normalise(result.value), result.diagnostics
        except InvalidValue as error:
            raise Stuck("value-not-storable", expression=expression.text, found=error.facts["found"]) from None

    def _value_of(self, expression: Expression, context: Values) -> Result:
        env = self.env
        return expression.code.evaluate(
            context, now=self.now, zone=env.zone, calendar=env.calendar, people=env.people
        )  # fmt: skip

    # ------------------------------------------------------------ variables

    def write(self, scope: Scope, values: Values, new: Scope | None = None) -> None:
        """Each name goes to the nearest scope that has it, else to `new`; without one to the process or call."""
        changed: dict[int, list[str]] = {}
        for name, value in values.items():
            part = scope
            while name not in part.vars and part.nested and part.parent is not None:
                part = part.parent
            if new is not None and name not in part.vars:
                part = new
            part.vars[name] = value
            changed.setdefault(part.id, []).append(name)
        for key, names in changed.items():
            self.changed(key, names)

    def changed(self, scope: int, names: list[str]) -> None:
        """Report a write."""
        self.dirty.add(scope)
        self.facts.append(VariablesChanged(self.number(), scope, tuple(names)))
        if self.state.watching:
            self.touch(scope, names)

    def touch(self, scope: int, names: Iterable[str]) -> None:
        """Conditions that read one of `names` in `scope` are looked at before anything else happens."""
        for name in names:
            self.touched.update(self.state.watching.get((scope, name), {}))

    def is_true(self, expression: Expression, context: Values) -> bool:
        """The condition of an event: null and errors count as false."""
        found = self._value_of(expression, context)
        return found.value is True

    def map_in(self, scope: Scope, node: Node) -> Values | None:
        """Local variables of an activity: its input mapping, each line seeing the ones before. None without one."""
        data = node.data
        if not node.inputs and data is None:
            return None
        context = self.context(scope)
        local: Values = {}
        if data is not None:
            local = self.first_values(data.variables, context, node)
            context.update(local)
        for line in node.inputs:
            value = self.value(line.source, context, node, ".".join(line.target))
            head = line.target[0]
            local[head] = value if len(line.target) == 1 else placed(local.get(head), line.target[1:], value)
            context[head] = local[head]
        for name in data.needed if data is not None else ():
            if local.get(name) is None:
                raise Stuck("data-input-missing", element=node.id, input=name)
        return local

    def first_values(self, declared: Iterable[Declared], context: Values, node: Node | None = None) -> Values:
        """Variables as they begin; null where the initial value cannot be had."""
        found: Values = {}
        for variable in declared:
            value = None
            if variable.initial is not None:
                try:
                    value = self.value(variable.initial, {**context, **found}, node, variable.name)
                except Stuck as stuck:
                    detail = {"where": variable.name, **stuck.detail}
                    at = node.id if node is not None else self.state.root.unit.id
                    self.facts.append(Diagnostic(self.number(), at, stuck.code, detail))
            found[variable.name] = value
        return found

    def declare(self, scope: Scope) -> None:
        """The data objects of a scope that begins: what it was given, else how each begins."""
        missing = [variable for variable in scope.unit.declared if variable.name not in scope.vars]
        if missing:
            found = self.first_values(missing, self.context(scope), scope.unit.node)
            scope.vars = {**found, **scope.vars}

    def map_out(self, scope: Scope, node: Node, local: Values | None, results: Values | None) -> Values:
        """What leaves an activity or event for `scope`: its output mapping, else every result. Raises Stuck."""
        data = node.data
        inside = {**(local or {}), **(results or {})}
        if data is not None:
            inside = {**dict.fromkeys(variable.name for variable in data.variables), **inside}
            if node.events and len(data.outputs) == 1 and results and len(results) == 1:
                inside[data.outputs[0]] = next(iter(results.values()))  # the one item of the event, whatever its name
            for name in data.yielded:
                if inside.get(name) is None:
                    raise Stuck("data-output-missing", element=node.id, output=name)
        if not node.outputs:
            private = data.private if data is not None else ()
            return {name: value for name, value in (results or {}).items() if name not in private}
        context = self.context(scope, inside)
        outside = self.context(scope)
        written: Values = {}
        for line in node.outputs:
            value = self.value(line.source, context, node, ".".join(line.target))
            head = line.target[0]
            if len(line.target) > 1:
                value = placed(written.get(head, outside.get(head)), line.target[1:], value)
            written[head] = value
        return written


# ---------------------------------------------------------------- helpers


def placed(container: Any, path: tuple[str, ...], value: Any) -> Values:
    """A copy of `container` with `value` at `path`; what is no context on the way is replaced by one."""
    copy: Values = dict(container) if isinstance(container, dict) else {}
    head = path[0]
    copy[head] = value if len(path) == 1 else placed(copy.get(head), path[1:], value)
    return copy


def given(node: Node, local: Values | None) -> Values:
    """The local variables of an activity that an operation, a receiver or a called process is given."""
    if node.data is None or not local:
        return local or {}
    return {name: value for name, value in local.items() if name not in node.data.private}


def types_of(expression: Expression | None, context: Values) -> dict[str, str]:
    """Name -> type of each value that an expression reads."""
    if expression is None:
        return {}
    return {name: kind_of(context[name]) if name in context else "missing" for name in sorted(expression.names)}


def failure(expression: Expression, context: Values, found: Any, diagnostics: list[Any]) -> Values:
    """The detail of an incident about an expression: its text, the types of what it read, the diagnostics."""
    return {
        "expression": expression.text,
        "found": kind_of(found),
        "read": types_of(expression, context),
        "diagnostics": [item.plain() for item in diagnostics],
    }


def admitted(values: Values) -> Values:
    """Values from outside, as they may be stored. Raises ReservedName, InvalidValue."""
    for name in RESERVED:
        if name in values:
            raise ReservedName(name=name)
    found: Values = normalise(values)
    return found
