"""Business rule tasks: a decision evaluated in the step."""

from typing import Any

from engine import dmn
from engine.bpmn.machine.core import Run
from engine.bpmn.machine.evaluation import Stuck
from engine.bpmn.program import Edge, Node
from engine.bpmn.state import Scope
from engine.bpmn.steps import DecisionEvaluated
from engine.errors import EngineError, InvalidValue
from engine.values import Values, normalise


def decide(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """The decision that the drawing names, on the variables that are visible here."""
    token = run.enter(scope, node)
    called, result = node.call, node.result
    assert called is not None and result is not None  # noqa: S101, PT018 - compiled
    local = run.map_in(scope, node)
    if node.boundaries:
        run.prepare_guards(scope, node, local)
    context = run.context(scope, local)
    decision_id = run.value(called.id, context)
    if not isinstance(decision_id, str):
        raise Stuck("decision-unknown", expression=called.id.text)
    model = _model(run, scope, node, decision_id)
    value, inputs, decided = _decided(run, model, decision_id, context)
    why = tuple(dmn.explain(model, decided))
    run.facts.append(DecisionEvaluated(run.number(), token, node.id, decision_id, inputs, value, decided.rules, why))
    run.conclude(scope, node, token, local, {result: value})


def value_of(run: Run, decision_id: Any, context: Values) -> Any:
    """What the newest version of a decision gives on `context`. Raises Stuck."""
    if not isinstance(decision_id, str):
        raise Stuck("decision-unknown", found=decision_id)
    try:
        model = run.env.decisions(decision_id)
    except (LookupError, EngineError) as error:
        raise Stuck("decision-missing", decision=decision_id, reason=str(error)) from None
    return _decided(run, model, decision_id, context)[0]


def known(run: Run, decision_id: str) -> dmn.Model | None:
    """The newest version of what has this decision; None: nothing has."""
    try:
        found: dmn.Model = run.env.decisions(decision_id)
    except (LookupError, EngineError):
        return None
    return found


def _model(run: Run, scope: Scope, node: Node, decision_id: str) -> dmn.Model:
    assert node.call is not None  # noqa: S101 - compiled
    if node.call.binding != "latest":
        known = scope.program.bound_decisions
        bound = known.get(node.call.pin(decision_id)) or known.get(decision_id)
        if bound is None:
            raise Stuck("decision-unbound", decision=decision_id, binding=node.call.binding)
        found: dmn.Model = bound
        return found
    try:
        found = run.env.decisions(decision_id)
    except (LookupError, EngineError) as error:
        raise Stuck("decision-missing", decision=decision_id, reason=str(error)) from None
    return found


def _decided(run: Run, model: dmn.Model, decision_id: str, context: Values) -> tuple[Any, Values, dmn.Decided]:
    """(value, inputs, the whole answer). A null that comes from an error is an incident, not a value. Raises Stuck."""
    try:
        decided = dmn.decide(
            model, decision_id, context, now=run.now, zone=run.env.zone, calendar=run.env.calendar,
            people=run.env.people,
        )  # fmt: skip
        value, inputs = normalise(decided.value), normalise(decided.inputs)
    except (dmn.DecisionFailed, InvalidValue) as error:
        raise Stuck("decision-failed", decision=decision_id, reason=str(error)) from None
    if value is None and decided.diagnostics and not run.env.guesses:
        raise Stuck(
            "decision-failed", decision=decision_id, inputs=inputs, rules=list(decided.rules),
            diagnostics=[item.plain() for item in decided.diagnostics],
        )  # fmt: skip
    return value, inputs, decided
