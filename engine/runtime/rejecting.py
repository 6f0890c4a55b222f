"""A rejection that ends what was asked for: at once, or when the other branches have decided too.

`branchReject="waitOthers"`: the round has its result, its token stays, and what approvals are open beside it, or open
while they go on, is decided first. Then a job does what the drawing says. Whatever closes the wait before that (a
boundary event, a return, an end) has overtaken the rejection.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, update

from engine import bpmn, history
from engine.bpmn.state import Scope, State, Token
from engine.bpmn.steps import Step
from engine.db.instance import Instance
from engine.db.job import JobKind
from engine.db.task import RoundStatus, user_task
from engine.runtime import later
from engine.runtime.codec import Held
from engine.runtime.environment import beside, env, load
from engine.unit_of_work import UnitOfWork
from engine.values import Values

HANDLER = "reject"
"""of the job that does what a rejection has waited for"""

_hold = (
    update(user_task)
    .where(user_task.c.instance_id == bindparam("of"), user_task.c.token == bindparam("of_token"))
    .values(status=int(RoundStatus.OPEN), closed_at=None, passed_seq=None)
)


def waits(uow: UnitOfWork, instance: Instance, token: int) -> bool:
    """Whether a rejection at `token` would have to wait for others now."""
    return next(others(load(uow, instance), token, beside(uow, instance).held), None) is not None


def others(state: State, token: int, held: dict[int, Held]) -> Iterator[Token]:
    """The approvals that are open beside `token` in the same process, called ones in it included."""
    unit = state.tokens[token].scope.called()
    for other in state.tokens.values():
        human = other.node.human
        if (
            other.wait == "work" and other.id != token and other.id not in held and not other.incident
            and human is not None and human.approval is not None and human.approval.mode != "inform"
            and (unit is None or _within(other.scope, unit))
        ):  # fmt: skip
            yield other


def hold(uow: UnitOfWork, instance: Instance, token: int, then: str, outcome: Values) -> Step:
    """The rejection is told to gateways and waits. `then`: `onReject` of its approval."""
    node = instance.state.tokens[token].node.id
    beside(uow, instance).held[token] = Held(then)
    uow.queue(_hold, {"of": instance.id, "of_token": token, "outcome": "reject"})
    history.record(uow, instance, "task.held", node=node)
    return bpmn.tell(instance.state, token, outcome, now=uow.now, env=env(uow, instance))


def ready(uow: UnitOfWork, instance: Instance, token: int) -> str | None:
    """What the rejection at `token` does now; None: others are asked again, or nothing waits there."""
    state, kept = load(uow, instance), beside(uow, instance)
    held = kept.held.get(token)
    if held is not None and next(others(state, token, kept.held), None) is not None:
        kept.held[token] = replace(held, due=False)
        return None
    return held.then if held is not None else None


def look(uow: UnitOfWork, instance: Instance) -> None:
    """Put a job for each rejection that has waited long enough; forget those whose wait is gone."""
    kept = beside(uow, instance)
    tokens = instance.state.tokens
    kept.held = {token: held for token, held in kept.held.items() if token in tokens}
    for token, held in kept.held.items():
        if not held.due and next(others(instance.state, token, kept.held), None) is None:
            kept.held[token] = replace(held, due=True)
            payload: dict[str, Any] = {}
            later.put(uow, JobKind.CONTINUATION, HANDLER, payload, instance_id=instance.id, token=token)
            return  # the first one does it


def _within(scope: Scope, unit: Scope) -> bool:
    found: Scope | None = scope
    while found is not None and found is not unit:
        found = found.parent
    return found is not None
