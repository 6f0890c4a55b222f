"""Plays one drawing of this folder as the file beside it says, and tells what happened."""

from pathlib import Path
from typing import Any

from engine.bpmn import steps
from tests.engine.bpmn.drawing import Play, program

VERBS = ("complete", "throw", "escalate", "deliver", "elapse", "write")


def perform(drawing: Path, told: dict[str, Any]) -> dict[str, Any]:
    """`trace`: ids of the elements whose visit ended as drawn, in order; how the instance ended or for what it waits,
    its values, open incidents, and what it threw for others."""
    called = {key: program((drawing.parent / f"{key}.bpmn").read_bytes()) for key in told.get("calls", ())}
    play = Play(
        drawing.read_bytes(), told.get("given", {}), start=told.get("start"), trigger=told.get("trigger"), others=called
    )
    for act in told.get("acts", ()):
        _do(play, dict(act))
    return {
        "trace": play.path,
        "ends": play.state.status if play.step.ended else None,
        "waits": [] if play.step.ended else play.waits,
        "values": play.variables,
        "incidents": play.incidents,
        "thrown": [fact.name for fact in play.facts if isinstance(fact, steps.THROWN)],
    }


def _do(play: Play, act: dict[str, Any]) -> None:
    """One line such as `{complete: pay, with: {amount: 5}}`; a second word of an error or escalation is its code."""
    values = act.pop("with", {})
    ((verb, what),) = act.items()
    match verb:
        case "complete":
            play.complete(what, **values)
        case "throw" | "escalate":
            node, code = what.split()
            getattr(play, verb)(node, code, **values)
        case "deliver":
            play.deliver(what, **values)
        case "elapse":
            play.elapse(what)
        case "write":
            play.write(**what)
        case _:
            raise ValueError(f"expected one of {', '.join(VERBS)}, found {verb}")
