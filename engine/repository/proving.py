"""No path to a guarded operation without its approvals: in drawings to be deployed, and in what follows the files that
are deployed with them."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from functools import partial
from typing import Any

from engine import policy
from engine.bpmn.model import Node, Process
from engine.db.definition import Kind
from engine.dmn.model import Model
from engine.errors import N_, Phrase, Title
from engine.findings import Finding
from engine.forms import Form
from engine.repository.definitions import DefinitionInfo, latest_all, running, running_latest
from engine.repository.pinning import References
from engine.repository.reading import Reading
from engine.unit_of_work import UnitOfWork


def findings(
    uow: UnitOfWork, reading: Reading, catalog: Mapping[str, Any], deployed_form: Callable[[str], Form | None], *,
    drawing: bool,
) -> list[Finding]:  # fmt: skip
    """`deployed_form`: the newest of a name. `drawing`: somebody waits, so that a proof is given up sooner and no way
    round an approval is tried on the machine.

    Of a version that runs and is no longer the newest only what these files break: nobody can mend the rest of it.
    """
    forms, tables = _given(reading)
    own = {process.id: process for process in _processes(reading)}
    meant = References(uow, own.values(), forms=forms, decisions=tables)
    policies = policy.in_force(uow)
    prove = partial(
        policy.prove, catalog=catalog, policies=policies, effort=policy.DRAWING if drawing else policy.DEPLOYING,
        replay=not drawing, names=meant.name,
    )  # fmt: skip
    found: list[Finding] = []
    for drawn in reading.drawings.values():
        found += prove(drawn, callees=meant.callee, forms=meant.form, decisions=meant.decision)
    newest = {info.id: info for info in latest_all(uow)}
    standing = [info for info in newest.values() if info.key not in own]
    older = [info for info in running(uow) if info.id not in newest or info.key in own]
    new_forms = [key for key, content in forms.items() if deployed_form(key) != content]
    for info in running_latest(uow, [*older, *standing], own, tables, new_forms):
        told = prove(
            meant.drawing(info), callees=meant.callee, forms=meant.form, decisions=meant.decision
        )  # fmt: skip
        if told and info in older:
            as_it_is = References(uow)
            known = {
                (one.rule, one.element_id)
                for one in prove(
                    as_it_is.drawing(info), callees=as_it_is.callee, forms=as_it_is.form, decisions=as_it_is.decision
                )
            }
            told = [replace(one, hint=_LEAVE_IT) for one in told if (one.rule, one.element_id) not in known]
        found += [_of(info, one) for one in told]
    for drawn in reading.drawings.values():
        found += policy.unseen(drawn, catalog, policies, meant.form)
    return found


def so_far(uow: UnitOfWork, reading: Reading, catalog: Mapping[str, Any], wrong: Sequence[Finding]) -> list[Finding]:
    """Ways round an approval in drawings that cannot be deployed yet, for what is `wrong` with them.

    What is not connected begins nothing. In a drawing that does not compile, a way tells nothing yet when it meets an
    approval, or a choice of which something is wrong.
    """
    forms, tables = _given(reading)
    processes = _processes(reading)
    meant = References(uow, processes, forms=forms, decisions=tables)
    compiled = {program.process_id for program in reading.programs}
    begins = {node.id for process in processes for node in _beginnings(process)}
    amiss = {one.element_id for one in wrong}
    half_done = [node for process in processes if process.id not in compiled for node in process.all_nodes()]
    unsettled = {node.id for node in half_done if node.extensions.policy or _is_amiss(node, amiss)}
    return [
        finding for drawn in reading.drawings.values()
        for finding in policy.prove(
            drawn, catalog, policies=policy.in_force(uow), effort=policy.DRAWING, replay=False,
            callees=meant.callee, forms=meant.form, decisions=meant.decision,
        )
        if finding.steps and finding.steps[0].element_id in begins and not unsettled & {*finding.path}
    ]  # fmt: skip


def _is_amiss(node: Node, amiss: Set[str | None]) -> bool:
    """Whether something is wrong with a choice."""
    return len(node.outgoing) > 1 and not amiss.isdisjoint((node.id, *(flow.id for flow in node.outgoing)))


def _given(reading: Reading) -> tuple[dict[str, Form], dict[str, Model]]:
    """(forms, decisions) of the files, by id."""
    return (
        {found.key: found.content for found in reading.of(Kind.FORM)},
        {found.key: found.content for found in reading.of(Kind.DECISION)},
    )


def _processes(reading: Reading) -> list[Process]:
    return [process for drawn in reading.drawings.values() for process in drawn.processes]


def _beginnings(process: Process) -> list[Node]:
    """Where requests begin: at a start, or at what is drawn first where there is none."""
    nodes = process.nodes.values()
    starts = [one for one in nodes if one.type == "startEvent" or one.instantiate]
    return starts or [one for one in nodes if not one.incoming]


def follower(found: Finding) -> str:
    """The key of the deployed process that a finding is about; "" for what is about the files themselves."""
    return found.resource if found.message == _FOLLOWS else ""


def _of(info: DefinitionInfo, found: Finding) -> Finding:
    """A finding that names its process: whoever deploys looks at another file."""
    told = Phrase(found.message, **found.facts)
    process = Title(info.name or info.key, info.labels)
    return replace(
        found, message=_FOLLOWS, facts={**found.facts, "process": process, "version": info.version, "told": told}
    )


_FOLLOWS = N_("Version {version} of process '{process}' follows what is deployed here: {told}")
_LEAVE_IT = N_(
    "Requests run by that version, which nobody can change: give what is new another id and let the new drawing name "
    "that one, or end these requests or move them to another version first."
)
