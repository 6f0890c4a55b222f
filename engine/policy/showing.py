"""What an approver is shown of the facts that his yes binds: told by the document, or in the form of his task."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.bpmn.model import Definition, Node, PolicyMark, Process
from engine.errors import N_, Listed, Term, Title
from engine.findings import Finding, Level
from engine.forms import Form, Permissions
from engine.policy.statement import Policy
from engine.policy.subjects import Forms


def unseen(
    definition: Definition, catalog: Mapping[str, Any], policies: Iterable[Policy], forms: Forms
) -> list[Finding]:
    """A warning for each approval that binds facts which nothing on its page shows."""
    listed, found = list(policies), []
    for process in definition.processes:
        for node in process.all_nodes():
            mark = node.extensions.policy
            if mark is None:
                continue
            missing = sorted(_bound(mark, catalog, listed) - _shown(process, node, mark, catalog, forms))
            if missing:
                facts = {
                    "name": Title(node.name or node.id, node.labels), "capability": Term("capability", mark.provides),
                    "facts": Listed(Term("fact", one) for one in missing),
                    "fields": ", ".join(missing),
                }  # fmt: skip
                found.append(
                    Finding(
                        "approver-does-not-see", Level.WARN, node.id,
                        N_("'{name}' provides '{capability}', which binds {facts}, but its page does not show them."),
                        facts, N_("Add read-only fields with these keys to its form: {fields}."),
                        resource=definition.resource,
                    )
                )  # fmt: skip
    return found


def _bound(mark: PolicyMark, catalog: Mapping[str, Any], policies: list[Policy]) -> set[str]:
    """The facts that the policies which may count this approval bind."""
    classes = {operation.guarded_by for operation in _about(mark.subject_type, catalog)}
    asking = [
        policy for policy in policies
        if policy.on in classes and any(need.approval == mark.provides for need in policy.asked)
    ]  # fmt: skip
    return {fact for policy in asking for fact in policy.binds}


def _shown(process: Process, node: Node, mark: PolicyMark, catalog: Mapping[str, Any], forms: Forms) -> set[str]:
    own = node.extensions
    shown = {fact for operation in _about(mark.subject_type, catalog) for fact in operation.subject.shows}
    form = forms(process, own.form) if own.form and not own.form.startswith("=") else None
    if form is None:
        return shown
    allowed = Permissions(
        own.default_permission or process.extensions.default_permission or "write",  # type: ignore[arg-type]
        {rule.id: rule.permission for rule in own.fields},  # type: ignore[misc]
    )
    return shown | set(_fields(form, allowed))


def _fields(form: Form, allowed: Permissions) -> Iterator[str]:
    for field in form.fields:
        if allowed.on(field.path) != "hidden":
            yield field.path.partition(".")[0]


def _about(subject_type: str, catalog: Mapping[str, Any]) -> list[Any]:
    """The guarded operations that handle documents of this type."""
    return [
        operation for operation in catalog.values()
        if getattr(operation, "guarded_by", None) and getattr(operation, "subject", None) is not None
        and operation.subject.type == subject_type
    ]  # fmt: skip
