"""The run-time check before a guarded operation: live grants become one clearance, or the operation is held."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, insert, select, update

from engine import history, identity, ids
from engine.db.instance import Instance
from engine.db.policy import clearance, clearance_grant, policy_grant
from engine.db.task import user_task, work_item
from engine.errors import N_, PolicyHold
from engine.operations import Operation, OperationCall
from engine.policy import grants, versions
from engine.policy.statement import MUST_BE_POLICED, Policy, Requirement
from engine.unit_of_work import UnitOfWork

Reason = tuple[str, dict[str, Any]]

_live = (
    select(
        policy_grant.c.id, policy_grant.c.instance_id, policy_grant.c.work_item_id, policy_grant.c.user_task_id,
        policy_grant.c.capability, policy_grant.c.person_id, policy_grant.c.account_id,
        policy_grant.c.on_behalf_of_id, policy_grant.c.subject_digest, policy_grant.c.source,
        policy_grant.c.facts, policy_grant.c.expires_at,
    )
    .where(
        policy_grant.c.subject_type == bindparam("of_type"),
        policy_grant.c.subject_id == bindparam("of_id"),
        policy_grant.c.state == "active",
    )
    .order_by(policy_grant.c.id)
    .with_for_update()
)  # fmt: skip
_voided = (
    select(work_item.c.id)
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .where(
        work_item.c.id == bindparam("item"),
        (work_item.c.voided_at.is_not(None)) | (user_task.c.voided_at.is_not(None)),
    )
)
_insert_clearance = insert(clearance)
_insert_link = insert(clearance_grant)
_consume_grant = (
    update(policy_grant)
    .where(policy_grant.c.id == bindparam("grant"), policy_grant.c.state == "active")
    .values(state="consumed", state_at=bindparam("at_time"))
)
_open = update(clearance).where(clearance.c.id == bindparam("cleared"), clearance.c.state == "open")
_state = select(clearance.c.state).where(clearance.c.id == bindparam("cleared"))
_linked = select(clearance_grant.c.grant_id).where(clearance_grant.c.clearance_id == bindparam("cleared"))
_use = _open.values(state="used")
_release = _open.values(state="void")


def admit(
    uow: UnitOfWork, operation: Operation, arguments: Mapping[str, Any], call: OperationCall, instance: Instance
) -> UUID | None:
    """The clearance under which a guarded operation may run; None for a class that no policy speaks about.

    Process variables are never read: the id of the document comes from `arguments`, everything else from rows.
    Raises PolicyHold with every reason. The order is that of `policy.md` 4.3.
    """
    if operation.guarded_by is None or operation.subject is None:
        raise RuntimeError(f"{operation.name} is not guarded")
    policies = [policy for policy in versions.in_force(uow) if policy.on == operation.guarded_by]
    if not policies:
        if operation.guarded_by in MUST_BE_POLICED:
            raise PolicyHold(
                operation.name, [(N_("No policy is in force for {kind}."), {"kind": operation.guarded_by})]
            )
        return None
    subject = operation.subject
    subject_id = str(arguments[subject.argument])
    live = uow.read(_live, {"of_type": subject.type, "of_id": subject_id})
    found = grants.document(uow, subject.type, subject_id)
    reasons: list[Reason] = []
    chosen: dict[UUID, str] = {}
    people = 1
    for policy in policies:
        if grants.holds(policy.when, found.facts, uow) is False:
            continue
        reasons += _unfulfilled(uow, policy, found)
        excluded = grants.barred(uow, instance, found.facts, policy.distinct)
        usable, dropped = _usable(uow, policy, live, found, instance, excluded)
        assigned = _assign(uow, policy, found, usable)
        if assigned is None:
            reasons += [*dropped, _missing(policy)]
        else:
            chosen |= assigned
            people = max(people, *(need.people for need in _needed(uow, policy, found)), 1)
    if reasons:
        raise PolicyHold(operation.name, reasons)
    return _clear(uow, operation, call, instance, found, policies, chosen, people)


def settle_clearance(uow: UnitOfWork, clearance_id: UUID, operation: Operation) -> None:
    """After the operation: its clearance must be used up.

    Payments are consumed by the database trigger of their table; for every other class the engine does it here. An
    operation that did nothing must not keep a clearance open. Raises PolicyHold.
    """
    if uow.read_one(_state, {"cleared": clearance_id}).state == "used":
        return
    if operation.guarded_by == "payment.execute":
        raise PolicyHold(operation.name, [(N_("The operation was cleared, but did not pay."), {})])
    for linked in uow.read(_linked, {"cleared": clearance_id}):
        uow.execute(_consume_grant, {"grant": linked.grant_id, "at_time": uow.now})
    uow.execute(_use, {"cleared": clearance_id})


def release(uow: UnitOfWork, clearance_id: UUID) -> None:
    """The operation refused for a business reason: nothing was done, the clearance is void, its grants stay live."""
    uow.execute(_release, {"cleared": clearance_id})


# ---------------------------------------------------------------- private


def _unfulfilled(uow: UnitOfWork, policy: Policy, found: grants.Document) -> list[Reason]:
    unbound = N_("{policy}: the document has no fact '{fact}'.")
    untrue = N_("{policy}: not fulfilled: {condition}.")
    reasons: list[Reason] = [
        (unbound, {"policy": policy.id, "fact": fact}) for fact in policy.binds if fact not in found.facts.values
    ]
    return reasons + [
        (untrue, {"policy": policy.id, "condition": condition.expression})
        for condition in policy.conditions
        if grants.holds(condition.expression, found.facts, uow) is not True
    ]


def _needed(uow: UnitOfWork, policy: Policy, found: grants.Document) -> list[Requirement]:
    """Requirements that apply: `when` must be surely false to be left out."""
    return [need for need in policy.approvals if grants.holds(need.when, found.facts, uow) is not False]


def _usable(
    uow: UnitOfWork, policy: Policy, live: Sequence[Row[Any]], found: grants.Document, instance: Instance,
    excluded: Mapping[UUID, str],
) -> tuple[list[Row[Any]], list[Reason]]:  # fmt: skip
    """Grants that may count for `policy`, and in words why the others may not."""
    usable: list[Row[Any]] = []
    dropped: list[Reason] = []
    capabilities = {need.approval for need in policy.approvals}
    principals = grants.persons_of(uow, [row.on_behalf_of_id for row in live])
    for row in live:
        if row.capability not in capabilities:
            continue
        who = {"policy": policy.id, "who": row.account_id}
        role = excluded.get(row.person_id)
        if role is None and row.on_behalf_of_id is not None:
            role = excluded.get(principals.get(row.on_behalf_of_id) or row.on_behalf_of_id)
        if row.subject_digest != found.digest:
            dropped.append(
                (
                    N_("{policy}: the approval of {who} was for {approved}, now it is {now}."),
                    who | _difference(row.facts, found.facts.values),
                )
            )
        elif row.expires_at < uow.now:
            dropped.append((N_("{policy}: the approval of {who} has expired."), who))
        elif row.source != "human":
            dropped.append((N_("{policy}: the approval of {who} is not a person's decision."), who))
        elif uow.read_one(_voided, {"item": row.work_item_id}):
            dropped.append((N_("{policy}: the approval of {who} was undone."), who))
        elif not policy.elsewhere and row.instance_id != instance.id:
            dropped.append((N_("{policy}: the approval of {who} stems from another process."), who))
        elif role is not None:
            dropped.append((N_("{policy}: {who} may not approve as {role}."), who | {"role": role}))
        else:
            usable.append(row)
    if dropped:
        names = identity.names(uow, [facts["who"] for _, facts in dropped])
        dropped = [(text, facts | {"who": names.get(facts["who"], str(facts["who"]))}) for text, facts in dropped]
    return usable, dropped


def _assign(
    uow: UnitOfWork, policy: Policy, found: grants.Document, usable: Sequence[Row[Any]]
) -> dict[UUID, str] | None:
    """Grant id -> requirement, distinct persons within and across requirements; None when there are too few."""
    places = [need.approval for need in _needed(uow, policy, found) for _ in range(need.people)]

    def place(index: int, taken: dict[UUID, str], persons: frozenset[UUID]) -> dict[UUID, str] | None:
        if index == len(places):
            return taken
        for row in usable:
            if row.capability == places[index] and row.id not in taken and row.person_id not in persons:
                done = place(index + 1, {**taken, row.id: places[index]}, persons | {row.person_id})
                if done is not None:
                    return done
        return None

    return place(0, {}, frozenset())


def _missing(policy: Policy) -> Reason:
    wanted = ", ".join(f"{need.approval} ({need.people})" for need in policy.approvals)
    return N_("{policy}: expected a live approval: {wanted}."), {"policy": policy.id, "wanted": wanted}


def _difference(approved: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, str]:
    changed = [name for name in sorted(approved.keys() | now.keys()) if approved.get(name) != now.get(name)]
    return {
        "approved": ", ".join(f"{name} {approved.get(name)}" for name in changed),
        "now": ", ".join(f"{name} {now.get(name)}" for name in changed),
    }


def _clear(
    uow: UnitOfWork, operation: Operation, call: OperationCall, instance: Instance, found: grants.Document,
    policies: Sequence[Policy], chosen: Mapping[UUID, str], people: int,
) -> UUID:  # fmt: skip
    requesters = [
        account for account in (instance.starter_id, *found.facts.people.get("requester", [])) if account is not None
    ]
    persons = grants.persons_of(uow, requesters)
    facts = found.facts.values
    key = ids.uuid7()
    uow.queue(
        _insert_clearance,
        {
            "id": key, "instance_id": instance.id, "operation": operation.name, "idempotency_key": call.key,
            "policies": [policy.id for policy in policies], "subject_type": found.type, "subject_id": found.id,
            "subject_digest": found.digest,
            # classes that move no money clear nothing: XXX is "no currency" in ISO 4217
            "amount": Decimal(facts.get("amount", "0")), "currency": facts.get("currency", "XXX"),
            "payee_id": str(facts.get("payee", "")), "payee_bank_version": facts.get("payee_bank_version", 0),
            "requester_id": next((persons.get(one) or one for one in requesters), instance.id),
            "executor_id": None, "min_people": people, "cleared_at": uow.now,
        },
    )  # fmt: skip
    uow.queue(
        _insert_link,
        [{"clearance_id": key, "grant_id": grant_id, "requirement": need} for grant_id, need in chosen.items()],
    )
    history.record(
        uow, instance, "policy.cleared", node=call.element,
        data={
            "operation": operation.name, "clearance": str(key), "policies": [policy.id for policy in policies],
            "grants": [str(grant_id) for grant_id in chosen], "digest": found.digest,
        },
    )  # fmt: skip
    uow.flush()  # the operation may write on a session of its own, and its trigger must find these rows
    return key
