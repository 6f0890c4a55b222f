"""Who gives the approvals that policies ask for: a capability that no deployed task provides is asked for in vain."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from engine import operations
from engine.bpmn.model import Definition
from engine.errors import N_, Term
from engine.findings import Finding, Level
from engine.policy import Policy
from engine.repository.definitions import DefinitionInfo, drawing, drawings_in_use, latest_all
from engine.unit_of_work import UnitOfWork

RULE = "capability-not-provided"


@dataclass(frozen=True, slots=True)
class Wanting:
    """What `policy` asks for and no task of a deployed process provides: whatever needs it will be held."""

    policy: str
    capability: str


def wanting(uow: UnitOfWork, policies: Sequence[Policy], own: Sequence[Definition] = ()) -> list[Wanting]:
    """The capabilities of these policies that nothing provides. `own`: drawings that are about to be deployed."""
    keys = {process.id for one in own for process in one.processes}
    given = {capability for one in (*own, *drawings_in_use(uow, keys)) for capability in _provided(one)}
    asked = {Wanting(one.id, need.approval): None for one in policies for need in one.asked}
    return [one for one in asked if one.capability not in given]


def provided(uow: UnitOfWork) -> dict[str, dict[str, str]]:
    """What each capability is called after: the first task of a deployed process that gives it, by language."""
    found: dict[str, dict[str, str]] = {}
    for info in latest_all(uow, "process"):
        for process in drawing(uow, info.id).processes:
            for node in process.all_nodes():
                mark = node.extensions.policy
                if mark is not None and mark.provides:
                    found.setdefault(mark.provides, {"zh": node.name or node.id, **node.labels})
    return found


def warnings(uow: UnitOfWork, policies: Sequence[Policy], own: Sequence[Definition]) -> list[Finding]:
    """Of drawings that are about to be deployed: they call what will be held, or take the last provider away."""
    about = _about(policies, own)
    before = {capability for info in _replaced(uow, own) for capability in _provided(drawing(uow, info.id))}
    return [
        Finding(
            RULE,
            Level.WARN,
            None,
            _MESSAGE,
            {"policy": Term("policy", one.policy), "capability": Term("capability", one.capability)},
            _HINT,
        )
        for one in wanting(uow, policies, own)
        if one.policy in about or one.capability in before
    ]


def about(policies: Collection[Policy], own: Collection[Definition]) -> set[str]:
    """The policies that speak about what these drawings call, or that count an approval which they give."""
    given = {capability for one in own for capability in _provided(one)}
    return _about(policies, own) | {one.id for one in policies if {need.approval for need in one.asked} & given}


def _about(policies: Collection[Policy], own: Collection[Definition]) -> set[str]:
    classes = {found for one in own for found in _classes(one)}
    return {one.id for one in policies if one.on in classes}


def _replaced(uow: UnitOfWork, own: Sequence[Definition]) -> list[DefinitionInfo]:
    keys = {process.id for one in own for process in one.processes}
    return [info for info in latest_all(uow, "process") if info.key in keys]


def _provided(definition: Definition) -> Iterable[str]:
    marks = [node.extensions.policy for process in definition.processes for node in process.all_nodes()]
    return (mark.provides for mark in marks if mark is not None and mark.provides)


def _classes(definition: Definition) -> Iterable[str]:
    catalog = operations.catalog()
    for process in definition.processes:
        for node in process.all_nodes():
            found = catalog.get(node.extensions.task.type) if node.extensions.task is not None else None
            if found is not None and found.guarded_by is not None:
                yield found.guarded_by


_MESSAGE = N_("Policy {policy} asks for '{capability}', which no task of a deployed process provides.")
_HINT = N_("Mark the task that gives it, or deploy the process that has it: until then what needs it is held.")
