"""Approve before pay on a drawing: what the search finds, as findings with the way that leads there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, Protocol, TypedDict, Unpack

from engine.bpmn.model import CalledDecision, Definition, Node, Process
from engine.errors import N_, Phrase, Term
from engine.findings import Finding, Level
from engine.policy.abstraction import Callees, Place, System, build
from engine.policy.mending import elsewhere, fixes
from engine.policy.reproducing import SECONDS, reproduce
from engine.policy.search import DEPLOYING, Effort, Found, Starts, Violation, search
from engine.policy.space import Need, Space
from engine.policy.statement import MUST_BE_POLICED, Policy, Requirement
from engine.policy.subjects import Forms, Subjects
from engine.policy.telling import Names, named, told
from engine.policy.tracking import Decisions, Tracking


class Guarded(Protocol):
    """What the checker needs to know about an operation."""

    @property
    def guarded_by(self) -> str | None:
        """Class of operations that policies speak about."""

    @property
    def outputs(self) -> Mapping[str, str]:
        """What it writes without an output mapping: name -> type."""


STANDS = N_("what a running request has completed is not looked at")
PROVED, VIOLATED, UNKNOWN, ASSUMED = "proved", "violated", "unknown", "assumed"
NOTHING = "nothing guarded"
CONFIRMED = N_("Confirmed: the machine goes this way.")
POSSIBLE = N_("A possible way: the machine did not repeat it.")
GATE, SILENT = "gate", "none"
WORST = (VIOLATED, UNKNOWN, ASSUMED, GATE, PROVED, SILENT)
"""what `Verdict.about` may say, the worst first"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one process. `word`: proved | assumed | violated | unknown | nothing guarded. `classes`: of the
    guarded operations that it can reach, in what it calls as well. `assumed`: ids of the policies of which some
    approval is given in another process, as the drawing says: the gate asks for it at each document. `asked`: ids of
    those that ask for more on a condition, which is not given on every way: the gate judges the condition."""

    process: str
    word: str
    findings: tuple[Finding, ...] = ()
    states: int = 0
    seconds: float = 0.0
    classes: frozenset[str] = frozenset()
    assumed: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()

    def about(self, policy: Policy) -> str:
        """Of one policy: proved, assumed, violated, unknown, gate (not all of it can be proved: the gate asks), none
        (not its class)."""
        if policy.on not in self.classes:
            return SILENT
        if any(one.facts.get("policy") == policy.id for one in self.findings):
            return VIOLATED
        if any(one.rule == "policy-unproved" for one in self.findings):
            return UNKNOWN
        if policy.id in self.assumed:
            return ASSUMED
        return PROVED if policy.approvals and policy.id not in self.asked else GATE


class Beside(TypedDict, total=False):
    """What is known beside a drawing. `policies`: those in force. `callees`: the process that a call activity would
    run; where it says none, the one of the same file. `forms`, `decisions`: what the process that shows or asks it
    means by an id; a form that is not known may write anything, and so may what a decision gives that is not.

    `names`: how what is picked in a form is called, in the words of a way that is told; without it by its key.

    `process_id`: only of this process. `begin`: from these states instead of its starts, for an instance that runs.
    `effort`: before it is given up. `replay`: whether ways are tried on the machine; those of an instance never are.
    """

    policies: Iterable[Policy]
    callees: Callees
    forms: Forms | None
    decisions: Decisions
    names: Names
    process_id: str | None
    begin: Starts | None
    effort: Effort
    replay: bool


def prove(definition: Definition, catalog: Mapping[str, Any], **beside: Unpack[Beside]) -> list[Finding]:
    """Findings for every guarded operation of `definition` that can be reached without its approvals.

    `catalog`: operations by name. Where approvals with a `when` are missing the gate asks, and nothing is found.
    """
    return [finding for verdict in verdicts(definition, catalog, **beside) for finding in verdict.findings]


def verdicts(definition: Definition, catalog: Mapping[str, Any], **beside: Unpack[Beside]) -> list[Verdict]:
    """What `prove` finds, process by process, those that do nothing guarded included."""
    policies, callees, wanted = list(beside.get("policies", ())), beside.get("callees"), beside.get("process_id")
    own = {process.id: process for process in definition.processes}

    def follow(caller: Process, node: Node) -> Process | None:
        found = callees(caller, node) if callees is not None else None
        return found or (own.get(node.call.process_id) if node.call is not None else None)

    return [
        _prove(definition, process, catalog, policies, follow, beside)
        for process in definition.executable
        if wanted in (None, process.id)
    ]


def space_of(
    process: Process, catalog: Mapping[str, Any], policies: list[Policy], callees: Callees, forms: Forms | None = None,
    *, decisions: Decisions | None = None, whole: bool = False, fuse: bool = True,
) -> Space:  # fmt: skip
    """All that can happen to a process, with what must have been approved where."""
    return _space(build(process, callees), catalog, policies, forms, decisions, whole=whole, fuse=fuse)


def _space(
    system: System, catalog: Mapping[str, Any], policies: list[Policy], forms: Forms | None,
    decisions: Decisions | None, *, whole: bool = False, fuse: bool = True, anew: bool = True,
) -> Space:  # fmt: skip
    subjects = Subjects(system, catalog, forms)
    needs = {
        place.id: found for place in system.places.values()
        if (found := _needs(place, catalog, policies, subjects)) is not None
    }  # fmt: skip
    data = Tracking(system, subjects, decisions)
    return Space(system, needs, subjects, data, whole=whole, fuse=fuse, anew=anew)


def _prove(
    definition: Definition, process: Process, catalog: Mapping[str, Any], policies: list[Policy], callees: Callees,
    beside: Beside,
) -> Verdict:  # fmt: skip
    resource, begin = definition.resource, beside.get("begin")
    system = build(process, callees)
    classes = frozenset(guarded for place in system.places.values() if (guarded := _guarded(place, catalog)))
    if not classes:
        return Verdict(process.id, NOTHING)
    space = _space(
        system, catalog, policies, beside.get("forms"), beside.get("decisions"), anew=begin is None
    )  # fmt: skip
    needs = space.needs
    assumed = frozenset(
        policy.id for place in system.places.values() for policy in policies if policy.on == _guarded(place, catalog)
        for requirement in policy.approvals if _is_assumed(place, policy, requirement, space.subjects)
    )  # fmt: skip
    asked = frozenset(
        policy.id for policy in policies if policy.on in classes and any(need.when for need in policy.approvals)
    )
    if not needs:
        return Verdict(process.id, ASSUMED if assumed else NOTHING, classes=classes, assumed=assumed, asked=asked)
    left = space.left if begin is None else {
        place.id: STANDS for place in system.places.values() if place.node.for_compensation and space.matters(place)
    }  # fmt: skip

    found = search(space, begin(space) if begin is not None else None, beside.get("effort", DEPLOYING))
    replays = begin is None and beside.get("replay", True)
    until = perf_counter() + SECONDS

    def tried(name: str, violation: Violation) -> list[dict[str, Any]] | bool:
        values = reproduce(space, name, violation, definition, beside.get("decisions", _no_decision), until)
        return False if values is None else values

    level = {place: _level(system.places[place], catalog) for place in needs}
    findings = [
        _violated(
            space,
            name,
            violation,
            level[name],
            resource,
            tried(name, violation) if replays else None,
            beside.get("names"),
        )
        for name, violation in found.violations.items()
    ]
    worst = Level.ERROR if Level.ERROR in level.values() else Level.WARN
    for element, what in system.unread if any(needs.values()) else ():
        findings.append(
            Finding(
                "policy-unproved", worst, element,
                N_("Approve before pay cannot be proved: '{element}' ({what}) is not understood by the check."),
                {"element": element, "what": what},
                N_("Draw it with elements that are supported, or take it out of processes that pay."),
                resource=resource,
            )
        )  # fmt: skip
    for name, why in left.items() if any(needs.values()) else ():
        handler = system.places[name].node
        findings.append(
            Finding(
                "policy-unproved", worst, handler.id,
                N_("Approve before pay cannot be proved: '{name}' undoes a step, and {why}."),
                {"name": named(handler), "why": Phrase(why)},
                N_("Draw the way back with flows and steps of its own, or take what pays or approves out of it."),
                resource=resource,
            )
        )  # fmt: skip
    if found.spent:
        findings.append(_spent(space, found, worst, resource))
    word = VIOLATED if found.violations else UNKNOWN if findings else ASSUMED if assumed else PROVED
    if asked and not findings and begin is None:
        always = _space(system, catalog, [_always(policy) for policy in policies], beside.get("forms"),
                        beside.get("decisions"))  # fmt: skip
        further = search(always, effort=beside.get("effort", DEPLOYING))
        asked = asked if further.violations or further.spent else frozenset()
    return Verdict(process.id, word, tuple(findings), len(found.seen), found.seconds, classes, assumed, asked)


def _always(policy: Policy) -> Policy:
    """A policy that asks for each of its approvals, whatever the facts are."""
    return replace(policy, approvals=tuple(replace(need, when=None) for need in policy.approvals))


def _no_decision(process: Process, called: CalledDecision) -> Any:
    raise LookupError(called.decision_id)


def _violated(
    space: Space, name: str, violation: Violation, level: Level, resource: str,
    tried: list[dict[str, Any]] | bool | None,
    names: Names | None,
) -> Finding:  # fmt: skip
    """`tried`: the values with which the machine has gone the way, first and after each move, False: it did not;
    None when it was not asked."""
    confirmed = None if tried is None else isinstance(tried, list)
    place, need = space.system.places[name], space.needs[name][violation.missing]
    steps, line = told(space, name, violation, tried if isinstance(tried, list) else (), names)
    beyond = elsewhere(space, violation)
    return Finding(
        "policy-approval-missing",
        level,
        place.node.id,
        N_("{policy}: '{name}' can be reached without {capability}: {path}. {replay}")
        if confirmed is not None
        else N_("{policy}: '{name}' can be reached without {capability}: {path}."),
        {
            "policy": Term("policy", need.policy),
            "name": named(place.node),
            "capability": need.shown,
            "path": line,
            "confirmed": confirmed,
            "replay": Phrase(CONFIRMED if confirmed else POSSIBLE),
            **({"fix": Phrase(beyond[0].message, **beyond[0].facts), "called": beyond[1]} if beyond else {}),
        },
        N_("Mend it in the called process '{called}': {fix}.")
        if beyond
        else N_("Draw an approval that provides it on every way there, and let a gateway ask for its outcome."),
        line=place.node.line,
        steps=steps,
        fixes=fixes(space, violation),
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


def _guarded(place: Place, catalog: Mapping[str, Any]) -> str | None:
    """The class of the operation that is called there, if it has one."""
    task = place.node.extensions.task
    operation: Guarded | None = None if task is None else catalog.get(task.type)
    return None if operation is None else operation.guarded_by


def _level(place: Place, catalog: Mapping[str, Any]) -> Level:
    return Level.ERROR if _guarded(place, catalog) in MUST_BE_POLICED else Level.WARN


def _is_assumed(place: Place, policy: Policy, requirement: Requirement, subjects: Subjects) -> bool:
    """Whether the drawing says that the document which is handled there was approved in another process, and the policy
    lets approvals stem from there."""
    mark = place.node.extensions.assumes
    return (
        mark is not None and policy.elsewhere and mark.capability == requirement.approval
        and subjects.is_about(place.id, mark.subject)
    )  # fmt: skip


def _needs(
    place: Place, catalog: Mapping[str, Any], policies: list[Policy], subjects: Subjects
) -> list[Need] | None:  # fmt: skip
    guarded = _guarded(place, catalog)
    if guarded is None:
        return None
    asked = [
        (policy, requirement) for policy in policies if policy.on == guarded
        for requirement in policy.approvals if requirement.when is None
    ]  # fmt: skip
    found = [
        Need(policy.id, requirement.approval, requirement.people)
        for policy, requirement in asked if not _is_assumed(place, policy, requirement, subjects)
    ]  # fmt: skip
    if asked:
        return found
    if guarded not in MUST_BE_POLICED:
        return None
    named = ", ".join(policy.id for policy in policies if policy.on == guarded)
    return [Need(named or guarded, "")]
