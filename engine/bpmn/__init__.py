"""BPMN: drawings in, facts out. Calls nobody and knows no database, clock or network.

`read` and `compile` make a Program of a drawing; the verbs move the State of one instance and return a Step of facts.
"""

from engine.bpmn.carrying import Plan, Target, Targets, migrate, obstacles, target_of
from engine.bpmn.comparison import Comparison, Difference, compare
from engine.bpmn.compiler import compile
from engine.bpmn.data import set_aside
from engine.bpmn.document import dump, join, load, places, split
from engine.bpmn.machine.evaluation import Env, admitted
from engine.bpmn.machine.verbs import (
    activate,
    begin,
    cancel,
    compensate,
    complete,
    deliver,
    elapse,
    escalate,
    fail,
    finish,
    reject,
    reschedule,
    resume,
    set_variables,
    tell,
    throw_error,
)
from engine.bpmn.model import Definition, Reading
from engine.bpmn.moves import Modification, Placing, Return, first_undone, goto, modify, returning, undone, unfit
from engine.bpmn.parser import read
from engine.bpmn.parser.constraints import CONSTRAINTS, violations
from engine.bpmn.program import OperationUse, Program, Reference, Start
from engine.bpmn.state import Choice, State, approvals, check, choices, is_open, markers, turn_of, variables, waits
from engine.bpmn.waking import wake

__all__ = [
    "CONSTRAINTS", "Choice", "Comparison", "Definition", "Difference", "Env", "Modification", "OperationUse",
    "Placing", "Plan", "Program", "Reading", "Reference", "Return", "Start", "State", "Target", "Targets", "activate",
    "admitted", "approvals", "begin", "cancel", "check", "choices", "compare", "compensate", "compile", "complete",
    "deliver", "dump", "elapse", "escalate", "fail", "finish", "first_undone", "goto", "is_open", "join", "load",
    "markers", "migrate", "modify", "obstacles", "places", "read", "reject", "reschedule", "resume", "returning",
    "set_aside", "set_variables", "split", "target_of", "tell", "throw_error", "turn_of", "undone", "unfit",
    "variables", "violations", "waits", "wake",
]  # fmt: skip
