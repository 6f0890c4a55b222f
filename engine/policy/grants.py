"""A grant: one person's live yes to the facts of one document, bound by their digest, good for one use."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, bindparam, insert, update

from engine import feel, identity, ids, operations
from engine.bpmn.steps import Capability
from engine.db.instance import Instance
from engine.db.policy import policy_grant
from engine.errors import N_, NotFound
from engine.operations import Facts
from engine.policy.statement import VALID_FOR, Policy, Requirement
from engine.policy.versions import in_force
from engine.unit_of_work import UnitOfWork
from engine.values import binding_digest

_insert_grant = insert(policy_grant)
_void = (
    update(policy_grant)
    .where(
        policy_grant.c.subject_type == bindparam("of_type"),
        policy_grant.c.subject_id == bindparam("of_id"),
        policy_grant.c.state.in_(("active", "parked")),
    )
    .values(state="void", state_reason=bindparam("why"), state_at=bindparam("at_time"))
)


_of_item = update(policy_grant).where(
    policy_grant.c.work_item_id == bindparam("item"), policy_grant.c.state == bindparam("was")
)
_void_instance = (
    update(policy_grant)
    .where(policy_grant.c.instance_id == bindparam("of"), policy_grant.c.state.in_(("active", "parked")))
    .values(state="void", state_reason=bindparam("why"), state_at=bindparam("at_time"))
)


@dataclass(frozen=True, slots=True)
class Yes:
    """A decided work item that agreed. `person_id` None: a service account, which grants nothing."""

    work_item_id: UUID
    account_id: UUID
    person_id: UUID | None
    on_behalf_of_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A subject as it is now. `id`: canonical text; `digest` binds a yes to the facts."""

    type: str
    id: str
    facts: Facts
    digest: str


# ---------------------------------------------------------------- documents and their facts


def document(uow: UnitOfWork, subject_type: str, subject_id: Any) -> Document:
    """The facts of a document, read and locked now. Raises NotFound for a type that no module describes."""
    reader = operations.subject_reader(subject_type)
    if reader is None or subject_id in (None, ""):
        raise NotFound(kind="document", key=f"{subject_type} {subject_id}")
    key = identity.as_id(str(subject_id))
    facts = reader.read(uow, **{reader.argument: key if key is not None else str(subject_id)})
    name = str(key) if key is not None else str(subject_id)
    return Document(subject_type, name, facts, binding_digest(subject_type, name, facts.values))


def barred(uow: UnitOfWork, instance: Instance | None, facts: Facts, roles: Iterable[str]) -> dict[UUID, str]:
    """Persons who may not approve, with the role that bars them: those of `roles`, the requester first."""
    accounts: list[tuple[UUID, str]] = []
    for role in ("requester", *sorted(set(roles) - {"requester", "approver"})):
        if role not in roles:
            continue
        if role == "requester" and instance is not None and instance.starter_id is not None:
            accounts.append((instance.starter_id, role))
        accounts += [(account, role) for account in facts.people.get(role, [])]
    persons = persons_of(uow, [account for account, _ in accounts])
    found: dict[UUID, str] = {}
    for account, role in accounts:
        person = persons.get(account) or account
        found.setdefault(person, role)
    return found


def persons_of(uow: UnitOfWork, accounts: Iterable[UUID | None]) -> dict[UUID, UUID | None]:
    """The natural persons behind accounts, each read once per unit of work: several rules compare the same ones."""
    known: dict[UUID, UUID | None] = uow.cache.setdefault((__name__, "persons"), {})
    known.update(identity.persons(uow, [account for account in accounts if account not in known]))
    return known


def holds(expression: str | None, facts: Facts, uow: UnitOfWork, actor: dict[str, Any] | None = None) -> bool | None:
    """A FEEL condition over `facts` and `actor`: True, False, or None when it cannot be told. Absent: True."""
    if expression is None:
        return True
    context = {"facts": dict(facts.values), "actor": actor or {}}
    value = feel.compile(expression, names=("facts", "actor")).evaluate(context, now=uow.now).value
    return value if isinstance(value, bool) else None


def actor_context(uow: UnitOfWork, user_id: UUID) -> dict[str, Any]:
    """A person as policies see him: login, position, roles (keys of his groups)."""
    person = identity.user(uow, user_id)
    roles = [group.key for group in identity.groups_of(uow, user_id)]
    return {"id": str(person.id), "login": person.login, "position": person.position, "roles": roles}


# ---------------------------------------------------------------- grants


def demands(uow: UnitOfWork, capability: str) -> list[tuple[Policy, Requirement]]:
    """The requirements that a capability answers."""
    return [
        (policy, requirement)
        for policy in in_force(uow)
        for requirement in policy.approvals
        if requirement.approval == capability
    ]


def conflict(
    uow: UnitOfWork, instance: Instance, capability: Capability, found: Document, user_id: UUID, behalf: UUID | None
) -> str | None:
    """Why this person may not say yes here at all, or None: separation of duties compares persons, not accounts."""
    persons = persons_of(uow, [user_id, behalf])
    if persons.get(user_id) is None:
        return N_("the account belongs to no person")
    for policy, _ in demands(uow, capability.provides):
        excluded = barred(uow, instance, found.facts, policy.distinct)
        for account in (user_id, behalf):
            role = excluded.get(persons.get(account) or account) if account is not None else None
            if role is not None:
                return f"{policy.id}: approver ≠ {role}"
    return None


def objection(
    uow: UnitOfWork, instance: Instance, capability: Capability, found: Document, user_id: UUID, behalf: UUID | None
) -> str | None:
    """Why a yes of this person would not count, or None. Shown on the page, not only when the payment is held."""
    reason = conflict(uow, instance, capability, found, user_id, behalf)
    if reason is not None:
        return reason
    for policy, requirement in demands(uow, capability.provides):
        if requirement.eligible is None:
            continue
        for account in (user_id, behalf):
            if account is None:
                continue
            if holds(requirement.eligible, found.facts, uow, actor_context(uow, account)) is not True:
                return f"{policy.id}: {requirement.eligible}"
    return None


def grant(
    uow: UnitOfWork, instance: Instance, user_task_id: UUID, node: str, capability: Capability, yes: Sequence[Yes],
    found: Document | None = None,
) -> list[UUID]:  # fmt: skip
    """Turn the agreeing decisions of a passed round into grants, in the same commit; returns their ids.

    Only people whose yes can count get one. `found`: the document as this unit of work has locked and read it; without
    it the document is read, which raises NotFound when it is not there.
    """
    found = found or document(uow, capability.subject_type, capability.subject)
    needed = demands(uow, capability.provides)
    valid_for = min((requirement.valid_for for _, requirement in needed), default=VALID_FOR)
    rows: list[dict[str, Any]] = []
    for one in yes:
        if objection(uow, instance, capability, found, one.account_id, one.on_behalf_of_id) is not None:
            continue
        rows.append(
            {
                "id": ids.uuid7(), "instance_id": instance.id, "user_task_id": user_task_id,
                "work_item_id": one.work_item_id, "node": node, "capability": capability.provides,
                "person_id": one.person_id, "account_id": one.account_id, "on_behalf_of_id": one.on_behalf_of_id,
                "source": "human", "subject_type": found.type, "subject_id": found.id,
                "subject_digest": found.digest, "facts": found.facts.values, "granted_at": uow.now,
                "expires_at": uow.now + valid_for, "state": "active",
            }
        )  # fmt: skip
    uow.queue(_insert_grant, rows)
    return [row["id"] for row in rows]


def park(uow: UnitOfWork, items: Iterable[UUID], reason: str) -> None:
    """Decisions that may be carried later: until then their grants count for nothing."""
    _turn(uow, items, ("active",), "parked", reason)


def restore(uow: UnitOfWork, items: Iterable[UUID], reason: str) -> None:
    """Parked grants of decisions that are carried count again."""
    _turn(uow, items, ("parked",), "active", reason)


def undo(uow: UnitOfWork, items: Iterable[UUID], reason: str) -> None:
    """Decisions that no longer stand: their grants are void for good; what was consumed stays so."""
    _turn(uow, items, ("active", "parked"), "void", reason)


def undo_all(uow: UnitOfWork, instance_id: UUID, reason: str) -> None:
    """Every live grant of an instance is void."""
    uow.execute(_void_instance, {"of": instance_id, "why": reason, "at_time": uow.now})


def _turn(uow: UnitOfWork, items: Iterable[UUID], states: Iterable[str], to: str, reason: str) -> None:
    listed = list(items)
    for was in states:
        rows = [{"item": item, "was": was, "state": to, "state_reason": reason, "state_at": uow.now} for item in listed]
        uow.queue(_of_item, rows)


def revoke(uow: UnitOfWork, subject_type: str, subject_id: str, reason: str) -> int:
    """Void every live grant of a document, in the commit of what changed it; returns how many."""
    key = identity.as_id(subject_id)
    result = uow.execute(
        _void,
        {
            "of_type": subject_type,
            "of_id": subject_id if key is None else str(key),
            "why": reason,
            "at_time": uow.now,
        },
    )
    return cast("CursorResult[Any]", result).rowcount
