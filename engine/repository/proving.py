"""No path to a guarded operation without its approvals: in drawings to be deployed, and in what follows the files that
are deployed with them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from engine import dmn, policy
from engine.db.definition import Kind
from engine.errors import N_, Phrase, Title
from engine.findings import Finding
from engine.forms import Form
from engine.repository.definitions import DefinitionInfo, decision, known_form, latest_all, running, running_latest
from engine.repository.pinning import Callees
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
    forms = {found.key: found.content for found in reading.of(Kind.FORM)}
    tables = {found.key: found.content for found in reading.of(Kind.DECISION)}
    own = {process.id: process for read_now in reading.drawings.values() for process in read_now.processes}
    callees = Callees(uow, own.values())

    def form_of(key: str, shown_by: DefinitionInfo | None = None) -> Form | None:
        """As the process that shows it will have it: `shown_by` is deployed already, and may be pinned to an older."""
        if shown_by is not None and f"form:{key}" in shown_by.meta.get("pins", {}):
            return known_form(uow, key, shown_by.id)
        return forms[key] if key in forms else deployed_form(key)

    def model_of(key: str, caller: DefinitionInfo | None = None) -> dmn.Model:
        if caller is not None and f"decision:{key}" in caller.meta.get("pins", {}):
            return decision(uow, key, caller.id)
        return tables[key] if key in tables else decision(uow, key)

    policies = policy.in_force(uow)
    prove = partial(
        policy.prove, catalog=catalog, policies=policies, effort=policy.DRAWING if drawing else policy.DEPLOYING,
        replay=not drawing,
    )  # fmt: skip
    found: list[Finding] = []
    for drawn in reading.drawings.values():
        found += prove(drawn, callees=callees, forms=form_of, decisions=model_of)
    newest = {info.id: info for info in latest_all(uow)}
    standing = [info for info in newest.values() if info.key not in own]
    older = [info for info in running(uow) if info.id not in newest or info.key in own]
    new_forms = [key for key, content in forms.items() if deployed_form(key) != content]
    for info in running_latest(uow, [*older, *standing], own, tables, new_forms):
        told = prove(
            callees.drawing(info), callees=callees, forms=partial(form_of, shown_by=info),
            decisions=partial(model_of, caller=info),
        )  # fmt: skip
        if told and info in older:
            as_it_is = Callees(uow)
            known = {
                (one.rule, one.element_id)
                for one in prove(
                    as_it_is.drawing(info), callees=as_it_is, forms=partial(known_form, uow, definition_id=info.id),
                    decisions=partial(decision, uow, definition_id=info.id),
                )
            }  # fmt: skip
            told = [replace(one, hint=_LEAVE_IT) for one in told if (one.rule, one.element_id) not in known]
        found += [_of(info, one) for one in told]
    for drawn in reading.drawings.values():
        found += policy.unseen(drawn, catalog, policies, form_of)
    return found


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
    "Requests run by that version, which nobody can change: give what is new another id, or move them first."
)
