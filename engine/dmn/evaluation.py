"""A requirements graph, evaluated: what is required comes first, each element at most once per request."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.dmn import model as m
from engine.dmn.program import NOWHERE, program_of
from engine.dmn.table import Hit
from engine.errors import N_, EngineError
from engine.feel import running, types
from engine.feel.diagnostics import Diagnostic, NoValue, OverBudget
from engine.feel.evaluation import Frame, Run
from engine.feel.lexer import NESTING_LIMIT
from engine.feel.values import Function


class DecisionFailed(EngineError):
    """Nothing could be decided: there is no such decision, or it was stopped."""

    message = N_("Expected decision '{decision}' to give a result: {reason}.")
    status = 422


@dataclass(frozen=True, slots=True)
class Decided:
    """The value of a decision and how it came about.

    `rules`: ids of the matched rules of its own table, or of the tables below it when it has none. `inputs`: of its own
    table by label, else the values it required by name. `hits`: every table that was evaluated, in order.
    """

    value: Any
    rules: tuple[str, ...] = ()
    inputs: dict[str, Any] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    hits: tuple[Hit, ...] = ()


def decide(
    model: m.Model,
    decision: str,
    context: Mapping[str, Any],
    *,
    now: datetime | None = None,
    zone: str = "Asia/Shanghai",
    calendar: Any = None,
    people: Any = None,
) -> Decided:
    """The value of a decision, by id or name, for these input data; an error of FEEL is null with diagnostics.

    Also takes a decision service (its input data and input decisions come from `context`). Raises DecisionFailed.
    """
    element = model.find(decision)
    if not isinstance(element, m.Decision | m.Service):
        raise DecisionFailed(decision=decision, reason=N_("there is no such decision"))
    run = Run(now, zone, calendar, people=people)
    request = Request(model, context, run)
    value = _guarded(run, element.id, lambda: request.answer(element))
    over = next((diagnostic for diagnostic in run.diagnostics if diagnostic.code == "budget"), None)
    if over is not None:
        raise DecisionFailed(decision=decision, reason=str(over))
    own = element.logic.id if isinstance(element, m.Decision) and isinstance(element.logic, m.DecisionTable) else None
    hits: tuple[Hit, ...] = tuple(run.trace)
    mine = [hit for hit in hits if hit.table.id == own]
    rules = tuple(rule for hit in (mine[-1:] or hits) for rule in hit.rules)
    inputs = mine[-1].inputs if mine else _guarded(run, element.id, lambda: _data(request.required_values(element)))
    return Decided(value, rules, inputs or {}, run.diagnostics, hits)


def _data(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if not isinstance(value, Function)}


def call(
    model: m.Model,
    knowledge: str,
    context: Mapping[str, Any],
    *,
    now: datetime | None = None,
    zone: str = "Asia/Shanghai",
) -> Decided:
    """The value of a business knowledge model for arguments by name. Raises DecisionFailed."""
    element = model.find(knowledge)
    if not isinstance(element, m.Knowledge):
        raise DecisionFailed(decision=knowledge, reason=N_("there is no such business knowledge model"))
    run = Run(now, zone)
    request = Request(model, context, run)

    def invoke() -> Any:
        function = request.value_of(element)
        arguments = [context.get(name) for name in function.parameters]
        return running.call_function(function, arguments, None, run)

    return Decided(_guarded(run, element.id, invoke), diagnostics=run.diagnostics, hits=tuple(run.trace))


def _guarded(run: Run, element: str, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except NoValue as reason:
        run.diagnose(NOWHERE, reason.code, **reason.facts, element=element)
    except OverBudget as stopped:
        run.stopped(NOWHERE, stopped.what, stopped.limit)
    except RecursionError:
        run.stopped(NOWHERE, "nested evaluations", NESTING_LIMIT)
    return None


class Request:
    """One evaluation of a graph: the values of its elements so far."""

    def __init__(self, model: m.Model, given: Mapping[str, Any], run: Run) -> None:
        self.model = model
        self.given = given
        self.run = run
        self._values: dict[str, Any] = {}
        self._imported: dict[str, Request] = {}
        self._busy: set[str] = set()
        self._program = program_of(model)
        elements = {element.variable for element in model.elements.values()} | {found.name for found in model.imports}
        self._loose = {name: value for name, value in given.items() if name not in elements}

    def answer(self, element: m.Element) -> Any:
        """The value of a decision; of a service, called with what was given."""
        value = self.value_of(element)
        if isinstance(element, m.Service):
            arguments = [self.given.get(name) for name in value.parameters]
            return running.call_function(value, arguments, None, self.run)
        return value

    def value_of(self, element: m.Element) -> Any:
        """The value of an element; a function for knowledge and services."""
        if element.id in self._values:
            return self._values[element.id]
        if element.id in self._busy:
            raise NoValue("cycle", name=element.name)
        self._busy.add(element.id)
        self.run.enter()
        try:
            value = self._evaluate(element)
        finally:
            self._busy.discard(element.id)
            self.run.depth -= 1
        self._values[element.id] = value
        return value

    def override(self, element: m.Element, value: Any) -> None:
        """Take this value instead of evaluating (input decisions of a service)."""
        self._values[element.id] = value

    def _evaluate(self, element: m.Element) -> Any:
        match element:
            case m.InputData():
                return self._input(element)
            case m.Decision():
                return self._decision(element)
            case m.Knowledge():
                return self._knowledge(element)
            case m.Service():
                return self._service(element)
        raise NoValue("unknown-name", name=element.name)

    def _input(self, element: m.InputData) -> Any:
        if element.variable not in self.given:
            self.run.diagnose(NOWHERE, "missing-input", name=element.variable)
            return None
        return self._converted(self.given[element.variable], element.type, element.variable)

    def _converted(self, value: Any, reference: str | None, name: str) -> Any:
        try:
            return types.convert(value, self._program.types.reference(reference), name)
        except NoValue as reason:
            self.run.diagnose(NOWHERE, reason.code, **reason.facts)
            return None

    def _decision(self, element: m.Decision) -> Any:
        if element.logic is None:
            return None
        closure = self._program.closure(element)
        value = closure(self.frame(element))
        return self._converted(value, element.type, element.name)

    def _knowledge(self, element: m.Knowledge) -> Any:
        if element.logic is None:
            return None
        function = self._program.closure(element)(self.frame(element))
        of = types.resolved(self._program.types.reference(element.type))
        if of.kind == "Any":
            return function
        return _with_result(function, of.result if of.kind == "function" and of.result is not None else of, element)

    def frame(self, element: m.Element) -> Frame:
        """The scope of an element: what it requires, around it what was given and belongs to no element."""
        return Frame(self.required_values(element), Frame(self._loose, None, self.run), self.run)

    def required_values(self, element: m.Element) -> dict[str, Any]:
        """The values of the requirements by name; those of another model in a context under its import name."""
        values: dict[str, Any] = {}
        if not isinstance(element, m.Decision | m.Knowledge):
            return values
        for requirement in element.requirements:
            owner, found = self._owner(requirement)
            if found is None:
                continue
            value = owner.value_of(found)
            name = self.model.import_name(requirement)
            if name:
                values.setdefault(name, {})[found.variable] = value
            else:
                values[found.variable] = value
        return values

    def _owner(self, requirement: m.Requirement) -> "tuple[Request, m.Element | None]":
        model = self.model.model_of(requirement)
        if model is None:
            return self, None
        if model is self.model:
            return self, model.elements.get(requirement.id)
        if model.namespace not in self._imported:
            nested = self.given.get(self.model.import_name(requirement) or "")
            given = {**self.given, **nested} if isinstance(nested, Mapping) else self.given
            self._imported[model.namespace] = Request(model, given, self.run)
        return self._imported[model.namespace], model.elements.get(requirement.id)

    # ------------------------------------------------ decision services

    def _service(self, element: m.Service) -> Function:
        wanted = [self._owner(requirement) for requirement in (*element.input_data, *element.input_decisions)]
        inputs = [found for _, found in wanted if found is not None]
        outputs = [(owner, found) for owner, found in map(self._owner, element.outputs) if found is not None]
        names = tuple(found.variable for found in inputs)

        def invoke(arguments: Sequence[Any], run: Run) -> Any:
            given = dict(zip(names, arguments, strict=True))
            inner = Request(self.model, {**self._loose, **given}, run)
            for found, value in zip(inputs, arguments, strict=True):
                converted = types.convert(value, self._program.types.reference(found.type), found.variable)
                inner.override(found, converted)
            results = {found.variable: inner.value_of(found) for _, found in outputs}
            value = next(iter(results.values())) if len(results) == 1 else results
            return self._converted(value, self._result_type(element), element.name)

        kinds = tuple(self._program.types.reference(found.type) for found in inputs)
        return Function(element.name, names, invoke, kinds)

    def _result_type(self, element: m.Service) -> str | None:
        of = types.resolved(self._program.types.reference(element.type))
        if of.kind == "function":
            definition = self.model.types.get(element.type or "")
            return definition.result if definition is not None else None
        return element.type


def _with_result(function: Function, of: types.Type, element: m.Element) -> Function:
    def invoke(arguments: Sequence[Any], run: Run) -> Any:
        return types.convert(function.call(arguments, run), of, element.name)

    return Function(element.name, function.parameters, invoke, function.types, of)
