"""A grant: one person's live yes to the facts of one document, bound by their digest, good for one use."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, or_, select, update

from engine import audit, history, identity, ids, operations
from engine.bpmn.steps import Capability
from engine.db.history import history as history_table
from engine.db.instance import Instance
from engine.db.policy import clearance, clearance_grant, policy_grant
from engine.db.task import RoundStatus, user_task
from engine.errors import N_, NotFound, Phrase, Term
from engine.ids import canonical
from engine.operations import Facts
from engine.policy import holding, judging
from engine.policy.statement import VALID_FOR, Policy, Requirement, numbers
from engine.policy.versions import in_force, versions_in_force
from engine.unit_of_work import UnitOfWork
from engine.values import binding_digest, to_decimal

_insert_grant = insert(policy_grant)
_editing = (
    select(history_table.c.kind, history_table.c.actor_id, history_table.c.data)
    .where(
        history_table.c.instance_id == bindparam("of"),
        or_(history_table.c.kind == "document.changed", history_table.c.kind == "task.decided"),
    )
    .order_by(history_table.c.seq)
)
_approvers = (
    select(policy_grant.c.account_id, policy_grant.c.on_behalf_of_id)
    .join(clearance_grant, clearance_grant.c.grant_id == policy_grant.c.id)
    .join(clearance, clearance.c.id == clearance_grant.c.clearance_id)
    .where(
        clearance.c.subject_type == bindparam("of_type"), clearance.c.subject_id == bindparam("of_id"),
        clearance.c.state == "used",
    )
    .order_by(policy_grant.c.granted_at, policy_grant.c.id)
)  # fmt: skip
_void = (
    update(policy_grant)
    .where(
        policy_grant.c.subject_type == bindparam("of_type"),
        policy_grant.c.subject_id == bindparam("of_id"),
        policy_grant.c.state.in_(("active", "parked")),
    )
    .values(state="void", state_reason=bindparam("why"), state_at=bindparam("at_time"))
    .returning(policy_grant.c.id, policy_grant.c.instance_id, policy_grant.c.account_id)
)


_of_items = (
    update(policy_grant)
    .where(
        policy_grant.c.work_item_id.in_(bindparam("items", expanding=True)),
        policy_grant.c.state.in_(bindparam("states", expanding=True)),
    )
    .values(state=bindparam("becomes"), state_reason=bindparam("why"), state_at=bindparam("at_time"))
    .returning(policy_grant.c.id)
)
_subjects = (
    select(policy_grant.c.subject_type, policy_grant.c.subject_id)
    .where(policy_grant.c.work_item_id.in_(bindparam("items", expanding=True)))
    .distinct()
)
_expired = (
    select(policy_grant.c.id)
    .where(
        policy_grant.c.work_item_id.in_(bindparam("items", expanding=True)), policy_grant.c.state == "parked",
        policy_grant.c.expires_at < bindparam("at_time"),
    )
    .limit(1)
)  # fmt: skip
_void_instance = (
    update(policy_grant)
    .where(policy_grant.c.instance_id == bindparam("of"), policy_grant.c.state.in_(("active", "parked")))
    .values(state="void", state_reason=bindparam("why"), state_at=bindparam("at_time"))
    .returning(policy_grant.c.id)
)
_last_round = (
    select(user_task.c.status)
    .where(
        user_task.c.instance_id == bindparam("of"),
        user_task.c.passed_seq.is_not(None),
        user_task.c.voided_at.is_(None),
        user_task.c.mode != "inform",
    )
    .order_by(user_task.c.passed_seq.desc())
    .limit(1)
    .scalar_subquery()
)
_void_rejected = _void_instance.where(_last_round == int(RoundStatus.FAILED))
TURNED = {"void": "approval.voided", "parked": "approval.parked", "active": "approval.restored"}
SCOPE = "policy"
_NO_PART = ("requester", "executor", "payee_bank_editor")
"""whatever the policy says"""


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

    @property
    def amount(self) -> Decimal | None:
        """What it is about in money, if it is."""
        value = self.facts.values.get("amount")
        return None if value is None else to_decimal(value)

    @property
    def currency(self) -> str | None:
        """Of the amount."""
        value = self.facts.values.get("currency")
        return None if value is None else str(value)


# ---------------------------------------------------------------- documents and their facts


def document(uow: UnitOfWork, subject_type: str, subject_id: Any) -> Document:
    """The facts of a document, read and locked now. Raises NotFound for a type that no module describes."""
    reader = operations.subject_reader(subject_type)
    if reader is None or subject_id in (None, ""):
        raise NotFound(kind="document", key=f"{subject_type} {subject_id}")
    key, name = identity.as_id(str(subject_id)), subject_name(subject_id)
    facts = reader.read(uow, **{reader.argument: key if key is not None else name})
    return Document(subject_type, name, facts, binding_digest(subject_type, name, facts.values))


def subject_name(subject_id: Any) -> str:
    """The id of a document as grants, clearances and digests know it: a UUID in its canonical form."""
    return canonical(str(subject_id))


def roles_of(
    uow: UnitOfWork, found: Document, starter_id: UUID | None, instances: Iterable[UUID] = ()
) -> dict[str, frozenset[UUID]]:
    """The persons of each role about a document: those it names, who approved the documents it names for one, who
    started the process, who had a bound fact changed in one of `instances`, and who executes in the first of them.
    """
    accounts = {role: list(listed) for role, listed in found.facts.people.items()}
    for role, (of_type, of_id) in found.facts.approved.items():
        given = uow.read(_approvers, {"of_type": of_type, "of_id": subject_name(of_id)})
        accounts.setdefault(role, []).extend(
            one for row in given for one in (row.account_id, row.on_behalf_of_id) if one is not None
        )  # fmt: skip
    if starter_id is not None:
        accounts.setdefault("requester", []).insert(0, starter_id)
    for number, instance_id in enumerate(dict.fromkeys(instances)):
        for role, account in _on_record(uow, instance_id, found):
            if role == "editors":
                accounts.setdefault(role, []).append(account)
            elif number == 0:
                accounts[role] = [account]
    persons = persons_of(uow, [account for listed in accounts.values() for account in listed])
    return {role: frozenset(persons.get(one) or one for one in listed) for role, listed in accounts.items()}


def _on_record(uow: UnitOfWork, instance_id: UUID, found: Document) -> Iterator[tuple[str, UUID]]:
    """(role, account) that the history of an instance tells: editors of the document, the last executor."""
    about = f"{found.type} {found.id}"
    for row in uow.read(_editing, {"of": instance_id}):
        data = row.data or {}
        if row.kind == "document.changed" and data.get("subject") == about and data.get("by"):
            yield "editors", UUID(data["by"])
        elif row.kind == "task.decided" and data.get("executor") and row.actor_id is not None:
            yield "executor", row.actor_id


def barring(roles: Mapping[str, frozenset[UUID]], policy: Policy, persons: Iterable[UUID | None]) -> str | None:
    """The role that keeps one of `persons` from approving under `policy`, the requester first; None: none does."""
    mine = {person for person in persons if person is not None}
    for role in ("requester", *sorted(policy.apart - {"requester", "approver"})):
        if role in policy.apart and mine & roles.get(role, frozenset()):
            return role
    return None


def kept_away(policy: Policy) -> tuple[str, ...]:
    """The roles whose people answer for nothing in an emergency: it stands in for approvals, nobody for two parts."""
    return tuple(dict.fromkeys((*_NO_PART, *sorted(policy.distinct - {"approver"}))))


def lacking(roles: Mapping[str, frozenset[UUID]], policy: Policy, person: UUID | None) -> str | None:
    """The role that the approver must have under `policy` and has not."""
    return next(
        (role for role in sorted(policy.same - {"approver"}) if person not in roles.get(role, frozenset())), None
    )


def note_change(uow: UnitOfWork, instance: Instance, subject_type: str, subject_id: Any, node: str | None) -> None:
    """Put on record that an operation changes a document, and whose act led to it: he is one of its editors."""
    by = history.last_person(uow, instance)
    data = {"subject": f"{subject_type} {subject_name(subject_id)}", "by": None if by is None else str(by)}
    history.record(uow, instance, "document.changed", node=node, data=data)


def persons_of(uow: UnitOfWork, accounts: Iterable[UUID | None]) -> dict[UUID, UUID | None]:
    """The natural persons behind accounts, each read once per unit of work: several rules compare the same ones."""
    known: dict[UUID, UUID | None] = uow.cache.setdefault((__name__, "persons"), {})
    known.update(identity.persons(uow, [account for account in accounts if account not in known]))
    return known


# ---------------------------------------------------------------- grants


def demands(uow: UnitOfWork, capability: str) -> list[tuple[Policy, Requirement]]:
    """The requirements that a capability answers."""
    return [
        (policy, requirement)
        for policy in in_force(uow)
        for requirement in policy.asked
        if requirement.approval == capability
    ]


def batch_allowed(uow: UnitOfWork, capability: str) -> bool:
    """Whether every policy that this capability answers lets it be given from a list."""
    needed = demands(uow, capability)
    return bool(needed) and all(policy.batch for policy, _ in needed)


def entitles(uow: UnitOfWork, capability: str) -> bool:
    """Whether every policy that this capability answers says who is eligible: else whoever is asked may give it."""
    needed = demands(uow, capability)
    return bool(needed) and all(requirement.eligible for _, requirement in needed)


def leaves_open(uow: UnitOfWork, capability: str) -> bool:
    """Whether a policy counts this capability and does not say who is eligible: being asked is all that it takes."""
    return bool(demands(uow, capability)) and not entitles(uow, capability)


def conflict(
    uow: UnitOfWork, instance: Instance, capability: Capability, found: Document, user_id: UUID, behalf: UUID | None
) -> str | None:
    """Why this person may not say yes here at all, or None: separation of duties compares persons, not accounts."""
    persons = persons_of(uow, [user_id, behalf])
    if persons.get(user_id) is None:
        return N_("the account belongs to no person")
    needed = demands(uow, capability.provides)
    if not needed:
        return None
    roles = roles_of(uow, found, instance.starter_id, [instance.id])
    principal = None if behalf is None else persons.get(behalf) or behalf
    for policy, _ in needed:
        role = barring(roles, policy, (persons[user_id], principal))
        if role is not None:
            return _said(N_("{policy}: {role} may not approve"), policy, role=Term("role", role))
        role = lacking(roles, policy, persons[user_id])
        if role is not None:
            return _said(N_("{policy}: only {role} may approve"), policy, role=Term("role", role))
    return None


def objection(
    uow: UnitOfWork, instance: Instance, capability: Capability, found: Document, user_id: UUID, behalf: UUID | None
) -> str | None:
    """Why a yes of this person would not count, or None. Shown on the page, not only when the payment is held."""
    return _objection(uow, instance, capability, found, user_id, behalf, [])


def _objection(
    uow: UnitOfWork, instance: Instance, capability: Capability, found: Document, user_id: UUID, behalf: UUID | None,
    traces: judging.Traces,
) -> str | None:  # fmt: skip
    reason = conflict(uow, instance, capability, found, user_id, behalf)
    if reason is not None:
        return reason
    for policy, requirement in demands(uow, capability.provides):
        if requirement.eligible is None and capability.by_requester:
            return _said(
                N_("{policy}: the requester or data of the request say who approves, and no policy says who may"),
                policy,
            )
        if requirement.recheck == "payment":
            continue
        if not eligible(uow, policy, requirement, found, user_id, behalf, traces=traces):
            asked = Term("condition", requirement.eligible or "")
            return _said(N_("{policy}: who approves has to fulfil: {eligible}"), policy, eligible=asked)
    return None


def _said(text: str, policy: Policy, **facts: Any) -> Phrase:
    return Phrase(text, policy=Term("policy", policy.id), **facts)


def eligible(
    uow: UnitOfWork, policy: Policy, requirement: Requirement, found: Document, user_id: UUID, behalf: UUID | None,
    *, sums: Mapping[str, Any] | None = None, traces: judging.Traces | None = None,
) -> bool:  # fmt: skip
    """Whether whoever must be is eligible: substitute and principal, or the one that the requirement names."""
    if requirement.eligible is None:
        return True
    if sums is None and policy.aggregate is not None:  # before it is paid: what this document alone adds
        sums = {policy.aggregate.name: numbers(policy.on, found.facts.values).get(policy.aggregate.total)}
    asked = {"both": (user_id, behalf), "actor": (user_id,), "principal": (behalf or user_id,)}
    return all(
        judging.holds(
            uow,
            policy.on,
            requirement.eligible,
            found.facts,
            actor=judging.actor_context(uow, account),
            sums=sums,
            traces=traces,
        )
        for account in asked[requirement.effective_actor]
        if account is not None
    )


def grant(
    uow: UnitOfWork, instance: Instance, user_task_id: UUID, node: str, capability: Capability, yes: Sequence[Yes],
    found: Document | None = None,
) -> list[UUID]:  # fmt: skip
    """Turn the agreeing decisions of a passed round into grants, in the same commit; returns their ids.

    Only people whose yes can count get one. `found`: the document as this unit of work has locked and read it; without
    it the document is read, which raises NotFound when it is not there. What is held for want of them is looked at
    again.
    """
    found = found or document(uow, capability.subject_type, capability.subject)
    needed = demands(uow, capability.provides)
    valid_for = min((requirement.valid_for for _, requirement in needed), default=VALID_FOR)
    instalments = bool(needed) and all(requirement.uses == "up_to_amount" for _, requirement in needed)
    names = {policy.id for policy, _ in needed}
    versions = sorted(one.name for one in versions_in_force(uow) if one.policy.id in names)
    persons = persons_of(uow, [one.on_behalf_of_id for one in yes])
    away = _away(uow, yes)
    rows: list[dict[str, Any]] = []
    for one in yes:
        if one.account_id in away or one.on_behalf_of_id in away:
            continue
        traces: judging.Traces = []
        if _objection(uow, instance, capability, found, one.account_id, one.on_behalf_of_id, traces) is not None:
            continue
        rows.append(
            {
                "id": ids.uuid7(), "instance_id": instance.id, "user_task_id": user_task_id,
                "work_item_id": one.work_item_id, "node": node, "capability": capability.provides,
                "person_id": one.person_id, "account_id": one.account_id, "on_behalf_of_id": one.on_behalf_of_id,
                "principal_person_id": persons.get(one.on_behalf_of_id) if one.on_behalf_of_id else None,
                "source": "human", "subject_type": found.type, "subject_id": found.id,
                "subject_digest": found.digest, "facts": found.facts.values, "granted_at": uow.now,
                "currency": found.currency, "limit_amount": found.amount, "used_amount": Decimal(0),
                "uses": "up_to_amount" if instalments and found.amount is not None else "once",
                "authority": traces or None, "policy_versions": versions, "expires_at": uow.now + valid_for,
                "state": "active",
            }
        )  # fmt: skip
    insert_grants(uow, instance, rows)
    return [row["id"] for row in rows]


def _away(uow: UnitOfWork, yes: Sequence[Yes]) -> frozenset[UUID]:
    """Accounts that are disabled by now, where approvals lapse with them: there was none yet to lapse.

    Whoever disables one of the others waits until this is done, and finds what it has given.
    """
    if not uow.settings.revoke_when_disabled:
        return frozenset()
    accounts = {account for one in yes for account in (one.account_id, one.on_behalf_of_id) if account is not None}
    return frozenset(accounts.difference(identity.enabled(uow, accounts)))


def insert_grants(uow: UnitOfWork, instance: Instance, rows: Sequence[Mapping[str, Any]]) -> None:
    """New grants about one document, and in the chain of the locked `instance` what they are made of."""
    if not rows:
        return
    uow.queue(_insert_grant, rows)
    first = rows[0]
    data = {
        "subject": f"{first['subject_type']} {first['subject_id']}", "capability": first["capability"],
        "grants": {str(row["id"]): audit.sealed_grant(row) for row in rows},
    }  # fmt: skip
    history.record(uow, instance, "approval.granted", node=first["node"] or None, data=data)
    holding.stir(uow, first["subject_type"], first["subject_id"])


def park(uow: UnitOfWork, items: Iterable[UUID], reason: str) -> None:
    """Decisions that may be carried later: until then their grants count for nothing."""
    _turn(uow, items, ("active",), "parked", reason)


def restore(uow: UnitOfWork, items: Iterable[UUID], reason: str) -> None:
    """Parked grants of decisions that are carried count again."""
    listed = list(items)
    _turn(uow, listed, ("parked",), "active", reason)
    if listed:
        for row in uow.execute(_subjects, {"items": listed}):
            holding.stir(uow, row.subject_type, row.subject_id)


def expired(uow: UnitOfWork, items: Iterable[UUID]) -> bool:
    """Whether a parked grant of one of these decisions would count for nothing any more."""
    listed = list(items)
    return bool(listed) and uow.execute(_expired, {"items": listed, "at_time": uow.now}).first() is not None


def undo(uow: UnitOfWork, items: Iterable[UUID], reason: str) -> None:
    """Decisions that no longer stand: their grants are void for good; what was consumed stays so."""
    _turn(uow, items, ("active", "parked"), "void", reason)


def undo_all(uow: UnitOfWork, instance_id: UUID, reason: str) -> None:
    """Every live grant of an instance is void."""
    voided = uow.execute(_void_instance, {"of": instance_id, "why": reason, "at_time": uow.now})
    _tell(uow, voided.scalars(), "void", reason)


def undo_rejected(uow: UnitOfWork, instance_id: UUID) -> None:
    """An instance ends: every live grant of it is void where what was decided last in it was a rejection."""
    voided = uow.execute(_void_rejected, {"of": instance_id, "why": "rejected", "at_time": uow.now})
    _tell(uow, voided.scalars(), "void", "rejected")


def _turn(uow: UnitOfWork, items: Iterable[UUID], states: Sequence[str], to: str, reason: str) -> None:
    listed = list(items)
    if listed:
        told = {"items": listed, "states": states, "becomes": to, "why": reason, "at_time": uow.now}
        _tell(uow, uow.execute(_of_items, told).scalars(), to, reason)


def _tell(uow: UnitOfWork, grants: Iterable[UUID], to: str, reason: str) -> None:
    """What has become of approvals stands in the chain of the instance at hand, or among the acts about policies."""
    names = sorted(str(key) for key in grants)
    data = {"grants": names, "at": audit.instant(uow.now)}
    if names and uow.instance is not None:
        history.record(uow, uow.instance, TURNED[to], data=data, texts={"reason": reason})
    elif names:
        history.act(uow, SCOPE, TURNED[to], data, texts={"reason": reason})


def revoke(uow: UnitOfWork, subject_type: str, subject_id: str, reason: str) -> int:
    """Void every live grant of a document, in the commit of what changed it; returns how many."""
    binds = {"of_type": subject_type, "of_id": subject_name(subject_id), "why": reason, "at_time": uow.now}
    voided = uow.execute(_void, binds).all()
    _tell(uow, [row.id for row in voided], "void", reason)
    here = None if uow.instance is None else uow.instance.id
    for instance_id in dict.fromkeys(row.instance_id for row in voided if row.instance_id != here):
        given = [row for row in voided if row.instance_id == instance_id]
        fact = {
            "operation": reason, "subject": f"{subject_type} {binds['of_id']}",
            "grants": sorted(str(row.id) for row in given), "people": sorted({str(row.account_id) for row in given}),
        }  # fmt: skip
        holding.tell_instance(uow, instance_id, "approval.lapsed", fact)
    return len(voided)
