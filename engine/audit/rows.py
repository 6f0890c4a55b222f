"""Payments, clearances, approvals and decisions as documents: what the verifier reads, and what chains are told of."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Select, Table, Text, select, type_coerce

from engine import operations, values
from engine.audit import verifier
from engine.audit.verifier import Rows
from engine.db.base import JsonText, metadata
from engine.db.definition import definition, deployment, resource
from engine.db.document import blob, document, document_version
from engine.db.identity import membership, substitution, substitution_told, user_account, user_group
from engine.db.instance import Status, instance
from engine.db.policy import break_glass, clearance, clearance_grant, policy_grant, policy_hold, policy_version
from engine.db.signature import signature
from engine.db.task import ItemDecision, ItemKind, ItemStatus, Source, user_task, work_item
from engine.history import text_digest
from engine.statements import in_parts
from engine.unit_of_work import UnitOfWork

_AT_ONCE = 2000
PAYMENTS = "erp_payment"
_WORDS = {
    ItemDecision.AGREED: "agree", ItemDecision.REJECTED: "reject", ItemDecision.ABSTAINED: "abstain",
    ItemDecision.HANDLED: "handled", ItemDecision.RETURNED: "returned", ItemDecision.ADVISED: "advised",
}  # fmt: skip


def read_rows(uow: UnitOfWork, some: list[UUID] | None = None, *, acts: bool = True) -> Rows:
    """Payments of these instances and what they stand on, as documents. `acts`: policies, emergencies, people too."""
    rows = Rows()
    rows.signatures += [_signature(row) for row in each(uow, select(signature), signature.c.instance_id, some)]
    rows.files += [_file(row) for row in each(uow, _FILES, document.c.instance_id, some)]
    rows.holds += [_hold(row) for row in each(uow, _plain(policy_hold), policy_hold.c.instance_id, some)]
    if acts:
        rows.versions += [_version(row) for row in uow.execute(_plain(policy_version))]
        rows.emergencies += [_emergency(row) for row in uow.execute(_plain(break_glass))]
        rows.accounts += [_account(row) for row in uow.execute(_ACCOUNTS)]
        rows.groups += [row._asdict() for row in uow.execute(select(user_group.c.key, user_group.c.capabilities))]
        for kind, query, told in _DEPLOYED:
            getattr(rows, kind).extend(told(row) for row in streamed(uow, query))
        rows.substitutions += [substitution_told(row) for row in uow.execute(select(substitution))]
        rows.members += [{"group": row.key, "user": str(row.user_id)} for row in uow.execute(_MEMBERS)]
    rows.tasks += [_task(row) for row in each(uow, _TASKS, user_task.c.instance_id, some)]
    rows.instances += [_instance(row) for row in each(uow, _INSTANCES, instance.c.id, some)]
    payment = metadata.tables.get(PAYMENTS)
    if payment is not None:
        for row in each(uow, select(payment), payment.c.instance_id, some):
            rows.payments.append(_payment(row))
    cleared_rows = _plain(clearance)
    for row in each(uow, cleared_rows, clearance.c.instance_id, some):
        rows.clearances.append(_clearance(row))
    cleared = {UUID(row["id"]) for row in rows.clearances}
    if some is not None and payment is not None:  # grants may stem from other instances, and so may clearances
        more = {UUID(row["clearance"]) for row in rows.payments} - cleared
        for row in each(uow, cleared_rows, clearance.c.id, sorted(more)):
            rows.clearances.append(_clearance(row))
        cleared |= more
    of = None if some is None else sorted(cleared)
    for row in each(uow, select(clearance_grant), clearance_grant.c.clearance_id, of):
        link = {"clearance": str(row.clearance_id), "grant": str(row.grant_id), "need": row.requirement}
        rows.links.append(link)
    query = _plain(policy_grant)
    for row in each(uow, query, policy_grant.c.instance_id, some):
        rows.grants.append(_grant(row))
    if some is not None:
        known = {row["id"] for row in rows.grants}
        more = {UUID(link["grant"]) for link in rows.links if link["grant"] not in known}
        for row in each(uow, query, policy_grant.c.id, sorted(more)):
            rows.grants.append(_grant(row))
    decided = select(*_ITEM).where(work_item.c.decision.is_not(None))
    for row in each(uow, decided, work_item.c.instance_id, some):
        rows.items.append(_item(row))
    rows.asked += [_asked(row) for row in each(uow, _ASKED, work_item.c.instance_id, some)]
    if some is not None:
        known = {row["id"] for row in rows.items}
        more = {UUID(item) for grant in rows.grants if (item := grant["item"]) is not None and item not in known}
        for row in each(uow, decided, work_item.c.id, sorted(more)):
            rows.items.append(_item(row))
    return rows


def sealed_grant(row: Mapping[str, Any]) -> str:
    """The digest under which a chain tells of a grant that is being made; `row`: what is inserted."""
    return verifier.row_digest("grants", _grant(_inserted(policy_grant, row)))


def sealed_clearance(row: Mapping[str, Any], chosen: Mapping[UUID, str]) -> str:
    """The same for a clearance; `chosen`: grant -> requirement."""
    links = sorted([str(grant_id), need] for grant_id, need in chosen.items())
    return verifier.row_digest("clearances", {**_clearance(_inserted(clearance, row)), "links": links})


def sealed_version(row: Mapping[str, Any]) -> str:
    """The same for a version of a policy."""
    return verifier.row_digest("versions", _version(_inserted(policy_version, row)))


def sealed_emergency(row: Mapping[str, Any]) -> str:
    """The same for an emergency."""
    return verifier.row_digest("emergencies", _emergency(_inserted(break_glass, row)))


def settled_version(uow: UnitOfWork, version_id: UUID) -> str:
    """The digest under which an act tells what has been written into a version of a policy until now."""
    row = uow.execute(_plain(policy_version).where(policy_version.c.id == version_id)).one()
    return verifier.settled_digest("versions", _version(row))


def settled_emergency(uow: UnitOfWork, emergency_id: UUID) -> str:
    """The same for an emergency."""
    row = uow.execute(_plain(break_glass).where(break_glass.c.id == emergency_id)).one()
    return verifier.settled_digest("emergencies", _emergency(row))


def sealed_item(item: Any, changed: Mapping[str, Any]) -> str:
    """The same for a decision: a row of the ledger, and what is changed in it by the decision."""
    row = {**{column.key: getattr(item, column.key, None) for column in _ITEM}, **changed}
    return verifier.row_digest("items", _item(SimpleNamespace(**row)))


def sealed_task(row: Mapping[str, Any]) -> str:
    """The same for a task that is being opened."""
    return verifier.row_digest("tasks", _task(_inserted(user_task, row)))


def sealed_signature(row: Mapping[str, Any]) -> str:
    """The same for a signature."""
    return verifier.row_digest("signatures", _signature(SimpleNamespace(**row)))


def sealed_file(uow: UnitOfWork, document_id: UUID) -> tuple[int, str]:
    """(version, digest) of the newest version of a file."""
    newest = _FILES.where(document.c.id == document_id).order_by(document_version.c.version.desc()).limit(1)
    found = _file(uow.execute(newest).one())
    return found["version"], verifier.row_digest("files", found)


def sealed_deployed(uow: UnitOfWork, deployment_id: UUID, versions: Sequence[UUID]) -> dict[str, dict[str, str]]:
    """The same for a deployment, its files and the versions that it has made, by kind and row."""
    of = (deployment.c.id == deployment_id, resource.c.deployment_id == deployment_id, definition.c.id.in_(versions))
    return {
        kind: {str(row.id): verifier.row_digest(kind, told(row)) for row in streamed(uow, query.where(these))}
        for (kind, query, told), these in zip(_DEPLOYED, of, strict=True)
    }


def sealed_hold(uow: UnitOfWork, job_id: UUID) -> str:
    """The same for what the gate holds, as it is now."""
    row = uow.execute(_plain(policy_hold).where(policy_hold.c.job_id == job_id)).one()
    return verifier.row_digest("holds", _hold(row))


def sealed_payment(uow: UnitOfWork, clearance_id: UUID) -> str | None:
    """The same for the payment that a clearance has let through; None: there is none."""
    payment = metadata.tables.get(PAYMENTS)
    if payment is None:
        return None
    row = uow.execute(select(payment).where(payment.c.clearance_id == clearance_id)).one_or_none()
    return None if row is None else verifier.row_digest("payments", _payment(row))


def _plain(table: Table) -> Select[Any]:
    """All columns, JSON as the text that is stored."""
    return select(
        *(type_coerce(one, Text).label(one.key) if isinstance(one.type, JsonText) else one for one in table.columns)
    )


def _inserted(table: Table, row: Mapping[str, Any]) -> SimpleNamespace:
    """A row as `_plain` reads it after it was inserted."""
    told = {column.key: row.get(column.key) for column in table.columns}
    for column in table.columns:
        if isinstance(column.type, JsonText) and told[column.key] is not None:
            told[column.key] = values.stored_json(told[column.key])
    return SimpleNamespace(**told)


_ITEM = (
    work_item.c.id, work_item.c.instance_id, work_item.c.user_task_id, work_item.c.kind, work_item.c.weight,
    work_item.c.subject_type, work_item.c.subject_id, work_item.c.decision,
    work_item.c.decision_source, work_item.c.decided_by, work_item.c.decided_person_id, work_item.c.decided_at,
    work_item.c.on_behalf_of_id, work_item.c.form_digest, work_item.c.subject_digest, work_item.c.opinion,
    work_item.c.opinion_salt, work_item.c.parent_id, work_item.c.supersedes_id, work_item.c.seq,
    work_item.c.assignee_id, work_item.c.group_id, work_item.c.owner_id, work_item.c.evidence_id, work_item.c.added_by,
    work_item.c.created_at, work_item.c.due_at, work_item.c.group_mode, work_item.c.signature_id,
    work_item.c.confirm_until, work_item.c.confirm_else, work_item.c.status, work_item.c.voided_at,
    work_item.c.void_reason, work_item.c.answered_at, work_item.c.answered_by, work_item.c.shown_form,
)  # fmt: skip
_ASKED = select(
    work_item.c.id, work_item.c.instance_id, work_item.c.user_task_id, work_item.c.assignee_id, work_item.c.group_id,
    work_item.c.status,
).where(work_item.c.decision.is_(None), work_item.c.kind != int(ItemKind.COPY))  # fmt: skip
_FILES = (
    select(
        *document.columns, document_version.c.version, document_version.c.digest, document_version.c.uploaded_by,
        document_version.c.uploaded_at, blob.c.size, blob.c.media_type,
    )
    .join(document_version, document_version.c.document_id == document.c.id)
    .outerjoin(blob, blob.c.digest == document_version.c.digest)
    .outerjoin(instance, instance.c.id == document.c.instance_id)
    .where(document.c.instance_id.is_not(None), instance.c.status.is_distinct_from(int(Status.DRAFT)))
)  # fmt: skip


_INSTANCES = select(
    instance.c.id,
    instance.c.definition_id,
    instance.c.process_key,
    instance.c.number,
    instance.c.business_key,
    instance.c.starter_id,
    instance.c.created_at,
    instance.c.submission,
    instance.c.resubmits_id,
    instance.c.erased_at,
).where(instance.c.history_seq > 0)
_ACCOUNTS = select(
    user_account.c.id, user_account.c.login, user_account.c.person_id, user_account.c.disabled_at
)  # fmt: skip
_MEMBERS = select(user_group.c.key, membership.c.user_id).join(user_group, user_group.c.id == membership.c.group_id)


def _account(row: Any) -> dict[str, Any]:
    """Its login as a digest: names of people stand in no export either."""
    return {
        "id": str(row.id), "login": values.sha256(row.login.encode("utf-8", "surrogatepass")).hex(),
        "person": _text(row.person_id), "disabled": row.disabled_at is not None,
    }  # fmt: skip


def _instance(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id), "definition": str(row.definition_id), "process": row.process_key, "number": row.number,
        "business_key": row.business_key, "starter": _text(row.starter_id), "created_at": _at(row.created_at),
        "submission": row.submission, "resubmits": _text(row.resubmits_id), "erased": row.erased_at is not None,
    }  # fmt: skip


def _payment(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id), "number": row.payment_no, "clearance": str(row.clearance_id), "stream": str(row.instance_id),
        "request": str(row.request_id), "amount": str(row.amount), "currency": row.currency, "payee": row.payee_id,
        "account": str(row.payee_account_version_id), "bank_version": row.payee_bank_version,
        "by": _text(row.executed_by), "at": verifier.instant(row.executed_at), "voucher": row.voucher_no,
        "status": row.status,
    }  # fmt: skip


def _clearance(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id), "stream": str(row.instance_id), "operation": row.operation, "class": _class(row.operation),
        "key": str(row.idempotency_key), "kind": row.operation_class, "policies": orjson.loads(row.policies),
        "versions": row.policy_versions, "facts": _digest(row.facts), "reasons": _digest(row.reasons),
        "subject_type": row.subject_type, "subject_id": row.subject_id,
        "subject_digest": row.subject_digest, "amount": str(row.amount), "currency": row.currency,
        "payee": row.payee_id, "bank_version": row.payee_bank_version, "requester": _text(row.requester_id),
        "executor": _text(row.executor_id), "min_people": row.min_people,
        "cleared_at": verifier.instant(row.cleared_at), "state": row.state,
    }  # fmt: skip


def _class(operation: str) -> str | None:
    """None: the module that offered it is gone."""
    found = operations.catalog().get(operation)
    return found.guarded_by if found is not None else None


def _grant(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id), "stream": str(row.instance_id), "task": _text(row.user_task_id),
        "item": _text(row.work_item_id), "node": row.node, "principal": _text(row.principal_person_id),
        "authority": row.authority, "policies": row.policy_versions, "currency": row.currency,
        "limit": None if row.limit_amount is None else str(row.limit_amount), "used": str(row.used_amount),
        "capability": row.capability, "person": _text(row.person_id), "account": _text(row.account_id),
        "behalf": _text(row.on_behalf_of_id), "source": row.source, "subject_type": row.subject_type,
        "subject_id": row.subject_id, "subject_digest": row.subject_digest, "facts": orjson.loads(row.facts),
        "granted_at": verifier.instant(row.granted_at), "expires_at": verifier.instant(row.expires_at),
        "state": row.state, "state_at": _at(row.state_at), "uses": row.uses, "emergency": _text(row.break_glass_id),
    }  # fmt: skip


def _item(row: Any) -> dict[str, Any]:
    decision = _member(ItemDecision, row.decision)
    return {
        "id": str(row.id), "stream": str(row.instance_id), "task": str(row.user_task_id),
        "decision": _word(decision), "word": _WORDS.get(decision) if isinstance(decision, ItemDecision) else None,
        "source": _word(_member(Source, row.decision_source)), "by": _text(row.decided_by),
        "person": _text(row.decided_person_id), "behalf": _text(row.on_behalf_of_id),
        "at": verifier.instant(row.decided_at), "form_digest": row.form_digest.hex() if row.form_digest else None,
        "subject_digest": row.subject_digest, "kind": int(row.kind), "weight": str(row.weight),
        "subject_type": row.subject_type, "subject_id": row.subject_id,
        "opinion_digest": text_digest(row.opinion, row.opinion_salt) if row.opinion else None,
        "parent": _text(row.parent_id), "supersedes": _text(row.supersedes_id), "seq": row.seq,
        "assignee": _text(row.assignee_id), "group": _text(row.group_id), "owner": _text(row.owner_id),
        "evidence": _text(row.evidence_id), "added_by": _text(row.added_by), "created_at": _at(row.created_at),
        "due_at": _at(row.due_at), "group_mode": row.group_mode, "signature": _text(row.signature_id),
        "confirm_until": _at(row.confirm_until), "confirm_else": row.confirm_else,
        "status": _word(_member(ItemStatus, row.status)), "void_at": _at(row.voided_at),
        "void_reason": row.void_reason is not None, "answered_at": _at(row.answered_at),
        "answered_by": _text(row.answered_by), "shown_form": row.shown_form.hex() if row.shown_form else None,
    }  # fmt: skip


def _asked(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id), "stream": str(row.instance_id), "task": str(row.user_task_id),
        "assignee": _text(row.assignee_id), "group": _text(row.group_id), "open": row.status < ItemStatus.DECIDED,
    }  # fmt: skip


def _task(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id), "stream": str(row.instance_id), "token": row.token, "name": row.name, "form": row.form,
        "priority": row.priority, "mode": row.mode, "spec": _digest(row.spec), "cause": row.cause,
        "opened_seq": row.opened_seq, "created_at": _at(row.created_at), "calendar": row.calendar, "node": row.node,
        "void_at": _at(row.voided_at),
    }  # fmt: skip


def _member(kind: type[IntEnum], number: int) -> IntEnum | int:
    """The number itself where somebody has written one that means nothing."""
    return kind(number) if number in kind._value2member_map_ else number


def _word(member: IntEnum | int) -> str:
    return member.name.lower() if isinstance(member, IntEnum) else str(member)


def _signature(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id), "item": str(row.work_item_id), "stream": str(row.instance_id), "kind": int(row.kind),
        "signer": str(row.signer_id), "name": row.signer_name, "content": row.content.hex(),
        "form_digest": row.form_digest.hex(), "seal": row.seal.hex(), "at": verifier.instant(row.at),
    }  # fmt: skip


def _file(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id), "stream": str(row.instance_id), "owner_type": row.owner_type, "owner": str(row.owner_id),
        "name": row.name, "version": row.version, "current": row.current_version, "by": _text(row.created_by),
        "created_at": verifier.instant(row.created_at), "digest": row.digest.hex(),
        "uploaded_by": _text(row.uploaded_by), "at": verifier.instant(row.uploaded_at), "size": row.size,
        "media": row.media_type, "field": row.field,
    }  # fmt: skip


def _hold(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.job_id), "stream": _text(row.instance_id), "node": row.node, "operation": row.operation,
        "class": row.operation_class, "subject_type": row.subject_type, "subject_id": row.subject_id,
        "reasons": _digest(row.reasons), "times": row.times, "at": verifier.instant(row.held_at),
        "looked_at": verifier.instant(row.looked_at), "escalated_at": _at(row.escalated_at),
        "ended_at": _at(row.ended_at),
    }  # fmt: skip


def _version(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id), "policy": row.policy_id, "version": row.version, "class": row.operation_class,
        "statement": _digest(row.statement), "source": row.source, "min_people": row.min_people or 0,
        "break_glass": bool(row.break_glass), "proposed_by": _text(row.proposed_by),
        "proposed_person": _text(row.proposed_person_id), "proposed_at": _at(row.proposed_at), "state": row.state,
        "valid_from": _at(row.valid_from), "valid_to": _at(row.valid_to), "approved_by": _text(row.approved_by),
        "retired_by": _text(row.retired_by), "confirmed_by": _text(row.confirmed_by),
        "reviewed_by": _text(row.reviewed_by), "reviewed_at": _at(row.reviewed_at),
        "confirmed_at": _at(row.confirmed_at), "approved_person": _text(row.approved_person_id),
        "retired_person": _text(row.retired_person_id), "weakens": bool(row.weakens),
        "differences": _digest(row.differences),
    }  # fmt: skip


def _emergency(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id), "policy": row.policy_id, "version": str(row.policy_version_id),
        "stream": str(row.instance_id), "subject_type": row.subject_type, "subject_id": row.subject_id,
        "subject_digest": row.subject_digest, "facts": _digest(row.facts), "asked_by": _text(row.asked_by),
        "asked_person": _text(row.asked_person_id), "asked_at": _at(row.asked_at), "expires_at": _at(row.expires_at),
        "signed": [str(key) for key in (row.first_by, row.second_by) if key is not None],
        "first_by": _text(row.first_by), "first_person": _text(row.first_person_id), "first_at": _at(row.first_at),
        "second_by": _text(row.second_by), "second_person": _text(row.second_person_id),
        "second_at": _at(row.second_at), "reviewed_by": _text(row.reviewed_by),
        "reviewed_person": _text(row.reviewed_person_id), "reviewed_at": _at(row.reviewed_at), "state": row.state,
    }  # fmt: skip


def _deployment(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id), "name": row.name, "by": _text(row.deployed_by), "at": verifier.instant(row.deployed_at),
        "note": _digest(row.note), "digest": row.digest.hex(),
    }  # fmt: skip


def _resource(row: Any) -> dict[str, Any]:
    """`digest`: as it stands beside the file; `content`: of the file as it is."""
    return {
        "id": str(row.id), "deployment": str(row.deployment_id), "path": row.path, "kind": row.kind,
        "digest": row.digest.hex(), "content": values.sha256(row.content).hex(),
    }  # fmt: skip


def _definition(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id), "kind": row.kind, "key": row.key, "version": row.version, "name": row.name,
        "category": row.category, "resource": str(row.resource_id), "digest": row.digest.hex(),
        "meta": _digest(row.meta), "deployed_at": verifier.instant(row.deployed_at),
    }  # fmt: skip


def _at(at: datetime | None) -> str | None:
    return None if at is None else verifier.instant(at)


def _digest(text: str | None) -> str | None:
    return None if text is None else values.sha256(text.encode()).hex()


def _text(key: UUID | None) -> str | None:
    return None if key is None else str(key)


_TASKS = _plain(user_task)
_FILES_AT_ONCE = 50
_DEPLOYED: tuple[tuple[str, Select[Any], Callable[[Any], dict[str, Any]]], ...] = (
    ("deployments", select(deployment), _deployment),
    ("resources", select(resource).execution_options(yield_per=_FILES_AT_ONCE), _resource),
    ("definitions", _plain(definition), _definition),
)


def each(uow: UnitOfWork, query: Select[Any], column: Any, some: Sequence[UUID] | None) -> Iterator[Any]:
    """The rows of `query`; `some`: only those whose `column` is one of them, a few hundred keys at a time."""
    if some is None:
        yield from streamed(uow, query)
        return
    for part in in_parts(some):
        yield from streamed(uow, query.where(column.in_(part)))


def streamed(uow: UnitOfWork, query: Select[Any]) -> Iterator[Any]:
    """The rows of `query`, some thousand at a time unless it says how many."""
    at_once = query.get_execution_options().get("yield_per", _AT_ONCE)
    yield from uow.execute(query.execution_options(yield_per=at_once))
