"""An instance that was ended from outside runs again: one token, where it is asked for. Pure, as every verb."""

from datetime import datetime

from engine.bpmn.machine.core import Run
from engine.bpmn.machine.evaluation import Env, Stuck
from engine.bpmn.machine.verbs import MOVES
from engine.bpmn.program import WORK
from engine.bpmn.state import State
from engine.bpmn.steps import Moved, Step
from engine.errors import N_, MoveRefused
from engine.findings import Finding, Level


def wake(state: State, target: str, *, now: datetime, env: Env) -> Step:
    """Go on at task `target` of the process itself, with the variables as they were at the end; its event sub-processes
    wait again.

    Raises MoveRefused for an instance that runs, a target that is no task of the process itself, one inside a branch,
    whose join would wait for the others for ever, and for an event sub-process that cannot wait.
    """
    root = state.root
    node = root.program.nodes.get(target)
    if state.status == "active" or node is None or node.scope is not root.unit or node.op != WORK:
        raise MoveRefused([_finding(target, _NOT_THERE)])
    if root.unit.routes.contexts.get(node.index) != ():
        raise MoveRefused([_finding(target, _BRANCH)])
    run = Run(state, now, env)
    state.status = "active"
    root.held, root.held_total, root.live = {}, 0, 1
    root.last.clear()
    root.fired.clear()
    run.dirty.add(root.id)
    try:
        run.arm_again(root)
    except Stuck as stuck:
        raise MoveRefused([_finding(target, _UNARMED, code=stuck.code)]) from None
    run.facts.append(Moved(run.number(), root.id, node.id, ()))
    run.queue.append((root, node, None))
    run.go(MOVES)
    return run.step()


_NOT_THERE = N_("Expected an ended request and a task of its process, found '{target}'.")
_BRANCH = N_("'{target}' stands in a branch: the other branches would be missing at its join.")
_UNARMED = N_("An event sub-process of the request cannot wait again: {code}.")


def _finding(target: str, message: str, **told: str) -> Finding:
    return Finding("move-refused", Level.ERROR, target, message, {"target": target, **told})
