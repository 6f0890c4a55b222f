"""Approve before pay on a drawing: what the search finds, as findings with the way that leads there."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from engine.bpmn.model import Definition, Node, Process
from engine.errors import N_
from engine.findings import Finding, Level
from engine.policy.abstraction import Callees, Place, System, build
from engine.policy.search import Found, Need, Space, Starts, Violation
from engine.policy.statement import MUST_BE_POLICED, Policy
from engine.policy.subjects import Forms, Subjects


class Guarded(Protocol):
    """What the checker needs to know about an operation."""

    @property
    def guarded_by(self) -> str | None:
        """Class of operations that policies speak about."""

    @property
    def outputs(self) -> Mapping[str, str]:
        """What it writes without an output mapping: name -> type."""


PROVED, VIOLATED, UNKNOWN = "proved", "violated", "unknown"
NOTHING = "nothing guarded"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one process. `word`: proved | violated | unknown | nothing guarded."""

    process: str
    word: str
    findings: tuple[Finding, ...] = ()
    states: int = 0
    seconds: float = 0.0


def prove(
    definition: Definition,
    catalog: Mapping[str, Any],
    *,
    policies: Iterable[Policy] = (),
    callees: Callees = lambda caller, node: None,
    forms: Forms | None = None,
    process_id: str | None = None,
    begin: Starts | None = None,
) -> list[Finding]:
    """Findings for every guarded operation of `definition` that can be reached without its approvals.

    `process_id`: only of this process. `begin`: from these states instead of its starts, for an instance that runs.

    `catalog`: operations by name. `policies`: those in force. `callees`: the process that a call activity would run;
    where it says none, the one of the same file. `forms`: by id; a form that is not known may write anything.
    Requirements with a `when` are left to the gate.
    """
    found = verdicts(
        definition, catalog, policies=policies, callees=callees, forms=forms, process_id=process_id, begin=begin
    )
    return [finding for verdict in found for finding in verdict.findings]


def verdicts(
    definition: Definition,
    catalog: Mapping[str, Any],
    *,
    policies: Iterable[Policy] = (),
    callees: Callees = lambda caller, node: None,
    forms: Forms | None = None,
    process_id: str | None = None,
    begin: Starts | None = None,
) -> list[Verdict]:
    """What `prove` finds, process by process, those that do nothing guarded included."""
    listed = list(policies)
    own = {process.id: process for process in definition.processes}

    def follow(caller: Process, node: Node) -> Process | None:
        return callees(caller, node) or (own.get(node.call.process_id) if node.call is not None else None)

    return [
        _prove(process, catalog, listed, follow, forms, definition.resource, begin)
        for process in definition.executable
        if process_id in (None, process.id)
    ]


def guarded_classes(
    definition: Definition, catalog: Mapping[str, Any], callees: Callees = lambda caller, node: None
) -> frozenset[str]:
    """Classes of the guarded operations that the processes of `definition` can reach, in what they call as well."""
    own = {process.id: process for process in definition.processes}

    def follow(caller: Process, node: Node) -> Process | None:
        return callees(caller, node) or (own.get(node.call.process_id) if node.call is not None else None)

    found = set()
    for process in definition.executable:
        for place in build(process, follow).places.values():
            task = place.node.extensions.task
            operation: Guarded | None = None if task is None else catalog.get(task.type)
            if operation is not None and operation.guarded_by is not None:
                found.add(operation.guarded_by)
    return frozenset(found)


def space_of(
    process: Process, catalog: Mapping[str, Any], policies: list[Policy], callees: Callees, forms: Forms | None = None,
    *, whole: bool = False, fuse: bool = True,
) -> Space:  # fmt: skip
    """All that can happen to a process, with what must have been approved where."""
    system = build(process, callees)
    needs = {
        place.id: found for place in system.places.values() if (found := _needs(place, catalog, policies)) is not None
    }
    return Space(system, needs, Subjects(system, catalog, forms), whole=whole, fuse=fuse)


def _prove(
    process: Process, catalog: Mapping[str, Any], policies: list[Policy], callees: Callees, forms: Forms | None,
    resource: str, begin: Starts | None,
) -> Verdict:  # fmt: skip
    space = space_of(process, catalog, policies, callees, forms)
    system, needs = space.system, space.needs
    if not needs:
        return Verdict(process.id, NOTHING)
    system.unread.extend((place.node.id, "compensation") for place in _handlers(system) if space.matters(place))
    found = space.search(begin(space) if begin is not None else None)
    level = {place: _level(system.places[place], catalog) for place in needs}
    findings = [
        _violated(space, name, violation, level[name], resource) for name, violation in found.violations.items()
    ]
    worst = Level.ERROR if Level.ERROR in level.values() else Level.WARN
    for element, what in system.unread:
        findings.append(
            Finding(
                "policy-unproved", worst, element,
                N_("Approve before pay cannot be proved: '{element}' ({what}) is not understood by the check."),
                {"element": element, "what": what},
                N_("Draw it with elements that are supported, or take it out of processes that pay."),
                resource=resource,
            )
        )  # fmt: skip
    if found.spent:
        findings.append(_spent(space, found, worst, resource))
    word = VIOLATED if found.violations else UNKNOWN if findings else PROVED
    return Verdict(process.id, word, tuple(findings), len(found.seen), found.seconds)


def _violated(space: Space, name: str, violation: Violation, level: Level, resource: str) -> Finding:
    place, need = space.system.places[name], space.needs[name][violation.missing]
    path = space.path(violation.origin, violation.moves)
    return Finding(
        "policy-approval-missing",
        level,
        place.node.id,
        N_("{policy}: '{name}' can be reached without {capability}: {path}."),
        {
            "policy": need.policy,
            "name": place.node.name or place.node.id,
            "capability": need.shown or N_("an approval"),
            "path": " → ".join(path),
        },
        N_("Draw an approval that provides it on every way there, and let a gateway ask for its outcome."),
        line=place.node.line,
        path=tuple(path),
        resource=resource,
    )


def _spent(space: Space, found: Found, level: Level, resource: str) -> Finding:
    names = [space.system.places[name].node for name in found.wide]
    return Finding(
        "policy-unproved", level, None,
        N_("Approve before pay cannot be proved: the drawing has too many independent branches ({branches})."),
        {"branches": ", ".join(node.name or node.id for node in names)},
        hint=N_("Join branches earlier, or move some into a called process."), resource=resource,
    )  # fmt: skip


def _handlers(system: System) -> Iterator[Place]:
    return (place for place in system.places.values() if place.node.for_compensation)


def _level(place: Place, catalog: Mapping[str, Any]) -> Level:
    task = place.node.extensions.task
    operation: Guarded | None = None if task is None else catalog.get(task.type)
    policed = operation is not None and operation.guarded_by in MUST_BE_POLICED
    return Level.ERROR if policed else Level.WARN


def _needs(place: Place, catalog: Mapping[str, Any], policies: list[Policy]) -> list[Need] | None:
    task = place.node.extensions.task
    operation: Guarded | None = None if task is None else catalog.get(task.type)
    if operation is None or operation.guarded_by is None:
        return None
    found = [
        Need(policy.id, requirement.approval, requirement.people)
        for policy in policies if policy.on == operation.guarded_by
        for requirement in policy.approvals if requirement.when is None
    ]  # fmt: skip
    if found:
        return found
    if operation.guarded_by not in MUST_BE_POLICED:
        return None
    named = ", ".join(policy.id for policy in policies if policy.on == operation.guarded_by)
    return [Need(named or operation.guarded_by, "")]
