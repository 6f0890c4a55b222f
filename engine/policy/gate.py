"""The run-time check before a guarded operation: live grants become one clearance, or the operation is held."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, insert, or_, select, update

from engine import audit, history, identity, ids
from engine.bpmn.steps import BY_REQUESTER, BY_VALUE
from engine.db.instance import Instance, Status
from engine.db.instance import instance as instance_table
from engine.db.policy import break_glass, clearance, clearance_grant, policy_grant
from engine.db.task import user_task, work_item
from engine.errors import N_, Listed, Phrase, PolicyHold, Term
from engine.operations import InvalidInput, Operation, OperationCall
from engine.policy import capacity, grants, holding, judging, naming, versions
from engine.policy.holding import Hold
from engine.policy.statement import MUST_BE_POLICED, Aggregate, Policy, Requirement, approval_by, numbers
from engine.policy.versions import Version
from engine.unit_of_work import UnitOfWork
from engine.values import to_decimal

Reason = tuple[str, dict[str, Any]]
_OTHERWISE = N_("{policy}: the approval of {who} was for {approved}, now it is {now}.")
_BY_THEN = N_("{policy}: the approval of {who} was given under this version and has to fulfil it, too.")

GLASS = "break_glass"
"""what the grants of two people in an emergency provide"""
NO_MONEY = "XXX"
"""classes that move no money clear nothing: "no currency" in ISO 4217"""

_columns = (
    policy_grant.c.id, policy_grant.c.instance_id, policy_grant.c.work_item_id, policy_grant.c.user_task_id,
    policy_grant.c.capability, policy_grant.c.person_id, policy_grant.c.account_id, policy_grant.c.on_behalf_of_id,
    policy_grant.c.principal_person_id, policy_grant.c.subject_digest, policy_grant.c.source,
    policy_grant.c.break_glass_id, policy_grant.c.facts, policy_grant.c.granted_at, policy_grant.c.expires_at,
    policy_grant.c.uses, policy_grant.c.limit_amount, policy_grant.c.used_amount, policy_grant.c.policy_versions,
)  # fmt: skip
_live = (
    select(*_columns)
    .where(
        policy_grant.c.subject_type == bindparam("of_type"),
        policy_grant.c.subject_id == bindparam("of_id"),
        policy_grant.c.state == "active",
    )
    .order_by(policy_grant.c.id)
    .with_for_update()
)
_linked_grants = (
    select(*_columns)
    .join(clearance_grant, clearance_grant.c.grant_id == policy_grant.c.id)
    .where(clearance_grant.c.clearance_id == bindparam("cleared"))
    .order_by(policy_grant.c.id)
)
_voided = (
    select(work_item.c.id)
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .join(instance_table, instance_table.c.id == work_item.c.instance_id)
    .where(
        work_item.c.id == bindparam("item"),
        or_(
            work_item.c.voided_at.is_not(None), user_task.c.voided_at.is_not(None),
            instance_table.c.status > int(Status.COMPLETED),
        ),
    )
)  # fmt: skip
_given_by_now = select(policy_grant.c.id).where(
    policy_grant.c.subject_type == bindparam("of_type"), policy_grant.c.subject_id == bindparam("of_id"),
    policy_grant.c.state == "active", policy_grant.c.granted_at <= bindparam("at_time"),
)  # fmt: skip
"""read behind the lock of the document, so it takes none of its own: elsewhere approvals are locked before documents"""
_lapsed = (
    select(*_columns)
    .where(
        policy_grant.c.subject_type == bindparam("of_type"),
        policy_grant.c.subject_id == bindparam("of_id"),
        policy_grant.c.state == "void",
        policy_grant.c.subject_digest != bindparam("digest"),
    )
    .order_by(policy_grant.c.granted_at.desc(), policy_grant.c.id)
)
_spec = select(user_task.c.spec).where(user_task.c.id == bindparam("of"))
_glass = select(break_glass.c.policy_id).where(break_glass.c.id == bindparam("of"))
_counts = or_(clearance.c.state == "open", clearance.c.state == "used")
_cleared = select(
    clearance.c.id, clearance.c.facts, clearance.c.amount, clearance.c.currency, clearance.c.payee_id
).where(
    clearance.c.operation_class == bindparam("of_class"), _counts, clearance.c.cleared_at > bindparam("since"),
    clearance.c.cleared_at <= bindparam("until"),
)  # fmt: skip
_insert_clearance = insert(clearance)
_insert_link = insert(clearance_grant)
_use_grant = (
    update(policy_grant)
    .where(policy_grant.c.id == bindparam("grant"), policy_grant.c.state == "active")
    .values(state=bindparam("becomes"), used_amount=bindparam("used"), state_at=bindparam("at_time"))
)
_open = update(clearance).where(clearance.c.id == bindparam("cleared"), clearance.c.state == "open")
_state = select(
    clearance.c.state, clearance.c.amount, clearance.c.instance_id, clearance.c.subject_type, clearance.c.subject_id
).where(clearance.c.id == bindparam("cleared"))
_from_elsewhere = (
    select(policy_grant.c.instance_id, policy_grant.c.id)
    .join(clearance_grant, clearance_grant.c.grant_id == policy_grant.c.id)
    .where(clearance_grant.c.clearance_id == bindparam("cleared"), policy_grant.c.instance_id != bindparam("own"))
    .order_by(policy_grant.c.id)
)
_use = _open.values(state="used")
_release = _open.values(state="void")


@dataclass(frozen=True, slots=True)
class Situation:
    """What a policy is held against: the document as it is, the approvals there are, and who is who."""

    found: grants.Document
    live: Sequence[Row[Any]]
    instance_id: UUID | None
    """of the process that calls"""
    roles: Mapping[str, frozenset[UUID]]
    at: datetime
    amount: Decimal | None
    """of this call; None: that of the document"""
    total: Callable[[Policy, Aggregate], Decimal | None]
    """the sum of an aggregate without this call"""
    undone: Callable[[Row[Any]], bool]
    """whether the decision behind a grant does not stand any more, or its request has ended otherwise than drawn"""
    chosen: Callable[[Row[Any]], bool | None] = lambda _: False
    """whether the requester, or data of the request, named who gave it; None: nothing tells"""
    under: Callable[[Row[Any]], Sequence[Version]] = lambda _: ()
    """the versions of policies that an approval was given under"""
    lapsed: Callable[[], Sequence[Row[Any]]] = tuple
    """approvals that ended because what they were for has changed since, the newest first"""

    def own(self, policy: Policy, fact: str) -> Decimal | None:
        """What this call adds to an aggregate; None: its document does not say."""
        return _share(policy, self.found.facts.values, self.amount, fact)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy says of a situation. No `reasons`: it is fulfilled by the grants of `chosen`."""

    applies: bool
    reasons: tuple[Reason, ...] = ()
    chosen: Mapping[UUID, str] = field(default_factory=dict)
    people: int = 0
    sums: Mapping[str, Decimal | None] = field(default_factory=dict)
    traces: tuple[dict[str, Any], ...] = ()
    unanswered: frozenset[str] = frozenset()
    """approvals that it needs and too few have given so that they count"""
    refused: Mapping[UUID, Reason] = field(default_factory=dict)
    """grants of an approval that it needs that count for nothing, and why"""
    standing: Mapping[UUID, int] = field(default_factory=dict)
    """of each task, how many persons have given an approval there that counts, of those that too few have given"""


def admit(
    uow: UnitOfWork, operation: Operation, arguments: Mapping[str, Any], call: OperationCall, instance: Instance
) -> UUID | None:
    """The clearance under which a guarded operation may run; None for a class that no policy speaks about.

    Process variables are never read: the id of the document comes from `arguments`, everything else from rows.
    Raises PolicyHold with every reason. The order is that of `policy.md` 4.3.
    """
    if operation.guarded_by is None or operation.subject is None:
        raise RuntimeError(f"{operation.name} is not guarded")
    on, subject = operation.guarded_by, operation.subject
    subject_id = grants.subject_name(arguments[subject.argument])
    speaking = [version for version in versions.versions_in_force(uow) if version.policy.on == on]
    if not speaking:
        if on in MUST_BE_POLICED:
            reason = (N_("No policy is in force for {kind}."), {"kind": Term("class", on)})
            raise PolicyHold(operation.name, [reason], operation_class=on, subject=(subject.type, subject_id))
        return None
    situation = _looked_at(uow, subject.type, subject_id, instance, _instalment(operation, arguments, speaking))
    found = situation.found
    _check_part(operation, situation)
    verdicts = {version.name: judge(uow, version.policy, situation) for version in speaking}
    reasons = _said_once(verdicts.values())
    if reasons:
        for version in speaking:
            if len(verdicts[version.name].reasons) == 1:  # nothing else is wrong that asking again would mend
                reasons += capacity.full(uow, version.policy.id, verdicts[version.name].standing)
        known = frozenset(row.id for row in situation.live if row.granted_at <= situation.at)
        raise PolicyHold(operation.name, reasons, operation_class=on, subject=(found.type, found.id), seen=known)
    return _clear(uow, operation, call, instance, situation, speaking, verdicts)


def note_hold(uow: UnitOfWork, error: PolicyHold, job_id: UUID, instance: Instance | None, node: str | None) -> None:
    """Write down that the gate has refused the operation of a job, for whichever time.

    Whoever has approved since it looked found nothing held that he could stir: then it is looked at again.
    """
    if error.seen is not None:
        grants.document(uow, *error.subject)  # whoever approves holds it until he has
    holding.note(uow, error, job_id, instance, node)
    if error.seen is None:
        return
    subject_type, subject_id = error.subject
    given = uow.read(_given_by_now, {"of_type": subject_type, "of_id": subject_id, "at_time": uow.now})
    if not error.seen.issuperset(row.id for row in given):
        holding.stir(uow, subject_type, subject_id)


def admit_act(
    uow: UnitOfWork, on: str, act: str, subject_type: str, subject_id: Any, executor: UUID | None
) -> None:  # fmt: skip
    """Let an act of the engine's own that no process calls pass, e.g. `policy.change`, and use up what it needs.

    `executor`: the account that acts; None: the engine. Raises PolicyHold.
    """
    speaking = [version for version in versions.versions_in_force(uow) if version.policy.on == on]
    if not speaking:
        return
    situation = _looked_at(uow, subject_type, grants.subject_name(subject_id), None)
    if executor is not None:
        person = grants.persons_of(uow, [executor]).get(executor) or executor
        situation = replace(situation, roles={**situation.roles, "executor": frozenset((person,))})
    found, live = situation.found, situation.live
    verdicts = {version.name: judge(uow, version.policy, situation) for version in speaking}
    reasons = _said_once(verdicts.values())
    if reasons:
        raise PolicyHold(act, reasons, operation_class=on, subject=(found.type, found.id))
    used = [row for row in live if any(row.id in verdict.chosen for verdict in verdicts.values())]
    if used:
        key, chosen, row = _write(uow, act, on, ids.uuid7(), used[0].instance_id, None, situation, speaking, verdicts)
        use_up(uow, key, Decimal(0))
        told = {"operation": act, "clearance": str(key), "policies": list(verdicts), "digest": found.digest, "row": row,
                "grants": [str(grant_id) for grant_id in chosen]}  # fmt: skip
        history.act(uow, grants.SCOPE, "policy.cleared", told)


def _said_once(verdicts: Iterable[Verdict]) -> list[Reason]:
    """Every reason; several policies may find the same of one that has left."""
    found: list[Reason] = []
    for verdict in verdicts:
        found += [reason for reason in verdict.reasons if reason not in found]
    return found


def unanswered(uow: UnitOfWork, hold: Hold, instance: Instance) -> list[Verdict]:
    """What policies say that need approvals for that held operation of `instance` which too few persons have given.

    Writes nothing.
    """
    situation = _looked_at(uow, hold.subject_type, hold.subject_id, instance)
    situation = replace(situation, total=lambda policy, sums: total(uow, policy, sums, situation.found, uow.now))
    speaking = [version for version in versions.versions_in_force(uow) if version.policy.on == hold.operation_class]
    return [verdict for one in speaking if (verdict := judge(uow, one.policy, situation)).unanswered]


def _looked_at(
    uow: UnitOfWork, subject_type: str, subject_id: str, instance: Instance | None, amount: Decimal | None = None
) -> Situation:  # fmt: skip
    """Grants are locked before the document. `instance`: whose process calls; `amount`: of this call."""
    live = uow.read(_live, {"of_type": subject_type, "of_id": subject_id})
    found = grants.document(uow, subject_type, subject_id)
    own = [] if instance is None else [instance.id]
    starter = None if instance is None else instance.starter_id
    return Situation(
        found=found, live=live, instance_id=None if instance is None else instance.id, at=uow.now, amount=amount,
        roles=grants.roles_of(uow, found, starter, [*own, *(row.instance_id for row in live)]),
        total=lambda policy, sums: _locked_total(uow, policy, sums, found),
        undone=lambda row: uow.read_one(_voided, {"item": row.work_item_id}) is not None,
        chosen=lambda row: _chosen(uow, row), under=lambda row: versions.named(uow, row.policy_versions or ()),
        lapsed=lambda: uow.read(_lapsed, {"of_type": found.type, "of_id": found.id, "digest": found.digest}),
    )  # fmt: skip


def judge(uow: UnitOfWork, policy: Policy, situation: Situation) -> Verdict:
    """Whether `policy` is fulfilled, by which grants; every reason against it as a sentence. Writes nothing.

    An approval counts only while the version of `policy` that it was given under is fulfilled, too, and what has left.
    """
    verdict = _judge_alone(uow, policy, situation)
    fallen, against = _fallen(uow, policy, situation, verdict.refused)
    if not fallen:
        return verdict
    left = judge(uow, policy, replace(situation, live=[row for row in situation.live if row.id not in fallen]))
    return replace(left, reasons=(*against, *left.reasons)) if left.reasons else left


def _judge_alone(uow: UnitOfWork, policy: Policy, situation: Situation) -> Verdict:
    """As `judge`, whichever versions its approvals were given under."""
    found = situation.found
    sums = _sums(policy, situation)
    if judging.holds(uow, policy.on, policy.when, found.facts, sums=sums) is False:
        return Verdict(applies=False, sums=sums)
    traces: judging.Traces = []
    reasons, needed = _conditions(uow, policy, found, sums)
    needed += [need for need in policy.approvals
               if judging.holds(uow, policy.on, need.when, found.facts, sums=sums) is not False]  # fmt: skip
    reasons += _executing(policy, situation)
    emergency = _emergency(uow, policy, situation) if needed else {}
    if emergency:
        return Verdict(True, tuple(reasons), emergency, len(emergency), sums)
    usable: dict[Requirement, list[Row[Any]]] = {}
    dropped: list[Reason] = []
    refused: dict[UUID, Reason] = {}
    for need in needed:
        usable[need], against = _usable(uow, policy, need, situation, sums, traces)
        dropped += [reason for reason in against.values() if reason not in dropped]
        refused |= against
    for row in (row for rows in usable.values() for row in rows):
        refused.pop(row.id, None)
    places = sum(need.people for need in needed)
    assigned = _assign(needed, usable)
    if assigned is not None:
        return Verdict(True, tuple(reasons), assigned, places, sums, tuple(traces), refused=refused)
    short = [need for need in needed if len({row.person_id for row in usable[need]}) < need.people]
    dropped += _changed(uow, policy, short, situation)
    lacking = short or needed  # each has enough, the whole does not come together
    reasons += [*_named(uow, dropped), _missing(policy, lacking)]
    unmet = frozenset(need.approval for need in lacking)
    return Verdict(
        True, tuple(reasons), {}, places, sums, tuple(traces), unmet, refused,
        Counter(
            row.user_task_id for need in short
            for row in {row.person_id: row for row in usable[need] if row.user_task_id}.values()
        ),
    )  # fmt: skip


def _fallen(
    uow: UnitOfWork, policy: Policy, situation: Situation, refused: Mapping[UUID, Reason]
) -> tuple[frozenset[UUID], list[Reason]]:  # fmt: skip
    """Approvals under one other version of `policy`, or one of its class that has left, that is not fulfilled, or by
    which they do not count; and why.

    A policy that was loosened or retired after an approval lets later ones pass, not this one. `refused`: those that do
    not count by the version in force either.
    """
    others = {one.policy.id for one in versions.versions_in_force(uow)} - {policy.id}
    under = {row.id: {one.name: one for one in situation.under(row)
                      if one.policy.on == policy.on and one.policy.id not in others}
             for row in situation.live}  # fmt: skip
    for name, older in {name: one for given in under.values() for name, one in given.items()}.items():
        if older.policy.unnamed == policy.unnamed:
            continue
        verdict = _judge_alone(uow, older.policy, replace(situation, lapsed=tuple))
        fallen = {row.id: row.account_id for row in situation.live
                  if name in under[row.id] and (verdict.reasons or row.id in verdict.refused)}  # fmt: skip
        if not fallen:
            continue
        by = Phrase(N_("{policy}, version {version}"), policy=Term("policy", older.policy.id), version=older.number)
        against = [refused[key] for key in fallen if key in refused]
        alone = [key for key in fallen if key not in refused]
        against += [(_BY_THEN, {"policy": by, "who": fallen[key]}) for key in alone]
        asked = verdict.reasons or _named(uow, [verdict.refused[key] for key in alone])
        asked_then = [(text, facts | {"policy": by}) for text, facts in asked if alone]
        return frozenset(fallen), [*_named(uow, against), *asked_then]
    return frozenset(), []


def settle_clearance(uow: UnitOfWork, clearance_id: UUID, operation: Operation) -> None:
    """After the operation: its clearance must be used up.

    Payments are consumed by the database trigger of their table; for every other class the engine does it here. An
    operation that did nothing must not keep a clearance open. Raises PolicyHold.
    """
    row = uow.read_one(_state, {"cleared": clearance_id})
    _tell_elsewhere(uow, clearance_id, operation, row)
    if row.state == "used":
        return
    if operation.guarded_by == "payment.execute":
        raise PolicyHold(
            operation.name, [(N_("The operation was cleared, but did not pay."), {})],
            operation_class=operation.guarded_by,
        )  # fmt: skip
    use_up(uow, clearance_id, row.amount)


def _tell_elsewhere(uow: UnitOfWork, clearance_id: UUID, operation: Operation, row: Row[Any]) -> None:
    """Approvals may stem from other instances: each is told afterwards."""
    used: dict[UUID, list[str]] = {}
    for one in uow.read(_from_elsewhere, {"cleared": clearance_id, "own": row.instance_id}):
        used.setdefault(one.instance_id, []).append(str(one.id))
    for instance_id, given in used.items():
        about = {
            "operation": operation.name, "clearance": str(clearance_id), "by": str(row.instance_id), "grants": given,
            "subject": f"{row.subject_type} {row.subject_id}",
        }  # fmt: skip
        holding.tell_instance(uow, instance_id, "approval.used", about)


def use_up(uow: UnitOfWork, clearance_id: UUID, amount: Decimal) -> None:
    """Consume the grants of a clearance, or the part of them that `amount` is."""
    for linked in uow.read(_linked_grants, {"cleared": clearance_id}):
        once = linked.uses == "once"
        used = linked.used_amount if once else linked.used_amount + amount
        becomes = "consumed" if once or used == linked.limit_amount else "active"
        uow.execute(_use_grant, {"grant": linked.id, "becomes": becomes, "used": used, "at_time": uow.now})
    uow.execute(_use, {"cleared": clearance_id})


def approvers(uow: UnitOfWork, clearance_id: UUID) -> tuple[UUID, ...]:
    """The accounts of those whose approvals a clearance uses, in the order in which they were given."""
    linked = uow.read(_linked_grants, {"cleared": clearance_id})
    return tuple(row.account_id for row in sorted(linked, key=lambda row: (row.granted_at, row.id)))


def release(uow: UnitOfWork, clearance_id: UUID) -> None:
    """The operation refused for a business reason: nothing was done, the clearance is void, its grants stay live."""
    uow.execute(_release, {"cleared": clearance_id})


def total(
    uow: UnitOfWork, policy: Policy, sums: Aggregate, found: grants.Document, at: datetime,
    without: UUID | None = None,
) -> Decimal | None:  # fmt: skip
    """What was cleared in the window before `at` and agrees with `found`; `without`: a clearance that is left out."""
    wanted = [found.facts.values.get(fact) for fact in sums.by]
    rows = uow.read(_cleared, {"of_class": policy.on, "since": at - sums.window, "until": at})
    amounts: Decimal | None = Decimal(0)
    for row in rows:
        # without facts: cleared before they were kept, when all money was that of the books
        facts = row.facts or {
            "amount": row.amount, "amount_base": row.amount, "currency": row.currency, "payee": row.payee_id,
        }  # fmt: skip
        same = all(facts.get(fact, one) == one for fact, one in zip(sums.by, wanted, strict=True))
        if same and row.id != without:
            amounts = _plus(amounts, _share(policy, facts, row.amount, sums.total))
    return amounts


def _share(policy: Policy, values: Mapping[str, Any], amount: Decimal | None, fact: str) -> Decimal | None:
    """What `amount` of a document is in the measure of `fact`; amount None: all of it. None: the document has no such.

    An instalment has its share of the amount in the currency of the books, to the scale of that; a fact that is no
    money counts whole.
    """
    facts = numbers(policy.on, values)
    whole, of = facts.get(fact), facts.get("amount")
    if isinstance(whole, bool) or not isinstance(whole, Decimal | int):
        return None
    if amount is None or fact not in ("amount", "amount_base") or amount == of:
        return to_decimal(whole)
    if fact == "amount":
        return amount
    return (whole * amount / of).quantize(to_decimal(whole)) if of else None


def _plus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    """As FEEL adds: what is not known makes the sum unknown, and an unknown sum is never below a limit."""
    return None if one is None or other is None else one + other


# ---------------------------------------------------------------- one policy


def _conditions(
    uow: UnitOfWork, policy: Policy, found: grants.Document, sums: Mapping[str, Any]
) -> tuple[list[Reason], list[Requirement]]:
    """Why the facts do not do, and the approvals that are asked for in the place of missing evidence."""
    unbound = N_("{policy}: the document has no fact '{fact}'.")
    untrue = N_("{policy}: not fulfilled: {condition}.")
    reasons: list[Reason] = [
        (unbound, {"policy": Term("policy", policy.id), "fact": Term("fact", fact)})
        for fact in policy.binds
        if fact not in found.facts.values
    ]
    instead: list[Requirement] = []
    for condition in policy.conditions:
        if judging.holds(uow, policy.on, condition.expression, found.facts, sums=sums) is True:
            continue
        if condition.otherwise is None:
            reasons.append(
                (untrue, {"policy": Term("policy", policy.id), "condition": Term("condition", condition.expression)})
            )
        elif judging.holds(uow, policy.on, condition.otherwise.when, found.facts, sums=sums) is not False:
            instead.append(condition.otherwise)
    return reasons, instead


def _executing(policy: Policy, situation: Situation) -> list[Reason]:
    """Whoever executes is not who asked for it, nor who entered or confirmed the account, nor who is paid."""
    if "executor" not in policy.distinct:
        return []
    executors = situation.roles.get("executor", frozenset())
    return [
        (
            N_("{policy}: whoever executes may not be {role}."),
            {"policy": Term("policy", policy.id), "role": Term("role", role)},
        )
        for role in ("requester", "payee_bank_editor", "payee_bank_confirmer", "beneficiary")
        if role in policy.distinct and executors & situation.roles.get(role, frozenset())
    ]


def _emergency(uow: UnitOfWork, policy: Policy, situation: Situation) -> dict[UUID, str]:
    """The two grants by which two people answer for this document in the place of every approval; empty: none."""
    if policy.break_glass is None:
        return {}
    pairs: dict[UUID, list[Row[Any]]] = {}
    for row in situation.live:
        if row.source == GLASS and row.subject_digest == situation.found.digest and row.expires_at >= situation.at:
            pairs.setdefault(row.break_glass_id, []).append(row)
    barred = frozenset[UUID]().union(*(situation.roles.get(role, frozenset()) for role in grants.kept_away(policy)))
    for key, pair in pairs.items():
        persons = {row.person_id for row in pair}
        if len(persons) == policy.break_glass.people and not persons & barred:
            about = uow.read_one(_glass, {"of": key})
            if about is not None and about.policy_id == policy.id:
                return {row.id: GLASS for row in pair}
    return {}


def _usable(
    uow: UnitOfWork, policy: Policy, need: Requirement, situation: Situation, sums: Mapping[str, Any],
    traces: judging.Traces,
) -> tuple[list[Row[Any]], dict[UUID, Reason]]:  # fmt: skip
    """Grants that may count for `need`, and in words why each of the others may not."""
    usable: list[Row[Any]] = []
    dropped: dict[UUID, Reason] = {}
    for row in situation.live:
        if row.capability != need.approval:
            continue
        reason = _against(uow, policy, need, row, situation, sums, traces)
        if reason is None:
            usable.append(row)
        else:
            facts = {"policy": Term("policy", policy.id), "who": row.account_id, **reason[1]}
            dropped[row.id] = (reason[0], facts)
    return usable, dropped


def _changed(
    uow: UnitOfWork, policy: Policy, short: Sequence[Requirement], situation: Situation
) -> list[Reason]:  # fmt: skip
    """Of each approval for which there are too few persons, the last one that ended because its document changed."""
    last: dict[str, Row[Any]] = {}
    wanted = {need.approval for need in short}
    for row in situation.lapsed():
        if row.capability in wanted:
            last.setdefault(row.capability, row)
    return [
        (_OTHERWISE, {"policy": Term("policy", policy.id), "who": row.account_id,
                      **naming.difference(uow, situation.found.type, row.facts, situation.found.facts.values)})
        for row in last.values()
    ]  # fmt: skip


def _against(
    uow: UnitOfWork, policy: Policy, need: Requirement, row: Row[Any], situation: Situation, sums: Mapping[str, Any],
    traces: judging.Traces,
) -> Reason | None:  # fmt: skip
    found = situation.found
    if row.subject_digest != found.digest:
        return _OTHERWISE, naming.difference(uow, found.type, row.facts, found.facts.values)
    if row.expires_at < situation.at:
        return N_("{policy}: the approval of {who} has expired."), {}
    if row.granted_at > situation.at:
        return N_("{policy}: the approval of {who} lies in the future: was the clock set back?"), {}
    if row.source != "human":
        return N_("{policy}: the approval of {who} is not a person's decision."), {}
    if situation.undone(row):
        return N_("{policy}: the approval of {who} was undone."), {}
    if uow.settings.revoke_when_retired and _alone_with_what_left(uow, row):
        return N_("{policy}: the approval of {who} was given under policies that have left."), {}
    reason = _against_person(policy, row, situation) or _against_chosen(need, row, situation)
    if reason is not None:
        return reason
    if row.uses == "once" or need.uses == "once":
        if row.used_amount:
            return N_("{policy}: the approval of {who} has been used in part already."), {}
    elif _above(row.limit_amount, row.used_amount, situation.own(policy, "amount")):
        left = "-" if row.limit_amount is None else str(row.limit_amount - row.used_amount)
        return N_("{policy}: of the approval of {who} only {left} are left."), {"left": left}
    if _judged_again(policy, need) and not grants.eligible(
        uow, policy, need, found, row.account_id, row.on_behalf_of_id, sums=sums, traces=traces
    ):
        return (
            N_("{policy}: {who} is not entitled to approve this any more: {eligible}."),
            {"eligible": Term("condition", need.eligible or "")},
        )
    return None


def _alone_with_what_left(uow: UnitOfWork, row: Row[Any]) -> bool:
    """Whether no policy is in force that it was given under: as one left, it may not have been there to lapse."""
    names = {name.partition("@")[0] for name in row.policy_versions or ()}
    return bool(names) and names.isdisjoint(one.id for one in versions.in_force(uow))


def _against_person(policy: Policy, row: Row[Any], situation: Situation) -> Reason | None:
    """Where it was given, and by whom."""
    if not policy.elsewhere and row.instance_id != situation.instance_id:
        return N_("{policy}: the approval of {who} stems from another process."), {}
    principal = None if row.on_behalf_of_id is None else row.principal_person_id or row.on_behalf_of_id
    role = grants.barring(situation.roles, policy, (row.person_id, principal))
    if role is not None:
        return N_("{policy}: {who} may not approve as {role}."), {"role": Term("role", role)}
    role = grants.lacking(situation.roles, policy, row.person_id)
    if role is not None:
        return N_("{policy}: {who} may not approve, only {role} may."), {"role": Term("role", role)}
    return None


def _against_chosen(need: Requirement, row: Row[Any], situation: Situation) -> Reason | None:
    """Where nobody says who is entitled, being asked is all that it takes: then it matters who said who is asked."""
    match need.eligible is None and situation.chosen(row):
        case True:
            return N_(
                "{policy}: the requester or data of the request named {who}, and no policy says who may approve."
            ), {}
        case None:
            return N_(
                "{policy}: of the approval of {who} it is not known who named him: "
                "it is older than that is kept, or its task is not there."
            ), {}
    return None


def _chosen(uow: UnitOfWork, row: Row[Any]) -> bool | None:
    found = uow.read_one(_spec, {"of": row.user_task_id}) if row.user_task_id is not None else None
    if found is None:
        return None
    strategy, told = found.spec["assignment"][0], found.spec.get("capability", ())
    if strategy in BY_REQUESTER or told[3:] == [True]:
        return True
    return None if len(told) < 4 and strategy in (*BY_VALUE, "decision", "nodeApprover") else False


def _sums(policy: Policy, situation: Situation) -> dict[str, Decimal | None]:
    """The aggregate of a policy, this call included, by its name."""
    if policy.aggregate is None:
        return {}
    own = situation.own(policy, policy.aggregate.total)
    return {policy.aggregate.name: _plus(situation.total(policy, policy.aggregate), own)}


def _above(limit: Decimal | None, used: Decimal, own: Decimal | None) -> bool:
    """Whether an approval does not reach; one without a limit, or of a document without an amount, never does."""
    return limit is None or own is None or used + own > limit


def _judged_again(policy: Policy, need: Requirement) -> bool:
    """At the payment too: where the policy says so, and where split payments decide about the authority.

    However the condition is spaced: `authority (…)` asks as well.
    """
    if need.eligible is None:
        return False
    summed = policy.aggregate is not None and (policy.aggregate.name in need.eligible or "authority" in need.eligible)
    return need.recheck != "decision" or summed


def _assign(needed: Sequence[Requirement], usable: Mapping[Requirement, list[Row[Any]]]) -> dict[UUID, str] | None:
    """Grant id -> requirement, distinct persons within and across requirements; None when there are too few.

    By augmenting paths over persons: a person who was taken for one place is moved to another when that frees him.
    """
    places = [need for need in needed for _ in range(need.people)]
    taken: dict[UUID, int] = {}
    """person -> place"""
    by_place: dict[int, Row[Any]] = {}

    def place(index: int, tried: set[UUID]) -> bool:
        for row in usable[places[index]]:
            if row.person_id in tried:
                continue
            tried.add(row.person_id)
            held = taken.get(row.person_id)
            if held is None or place(held, tried):
                taken[row.person_id] = index
                by_place[index] = row
                return True
        return False

    if all(place(index, set()) for index in range(len(places))):
        return {by_place[index].id: places[index].approval for index in range(len(places))}
    return None


def _missing(policy: Policy, lacking: Sequence[Requirement]) -> Reason:
    wanted = Listed(approval_by(need.approval, need.people) for need in lacking)
    return N_("{policy}: expected a live approval: {wanted}."), {"policy": Term("policy", policy.id), "wanted": wanted}


def _named(uow: UnitOfWork, reasons: Iterable[Reason]) -> list[Reason]:
    listed = list(reasons)
    names = identity.names(uow, [facts["who"] for _, facts in listed])
    return [(text, facts | {"who": names.get(facts["who"], str(facts["who"]))}) for text, facts in listed]


# ---------------------------------------------------------------- the clearance


def _instalment(operation: Operation, arguments: Mapping[str, Any], speaking: Sequence[Version]) -> Decimal | None:
    """What this call takes of an approval that may be used in parts; None: all that the document says."""
    parts = any(need.uses == "up_to_amount" for version in speaking for need in version.policy.asked)
    amount = arguments.get("amount") if parts else None
    return None if amount is None else to_decimal(amount)


def _check_part(operation: Operation, situation: Situation) -> None:
    """A part of a document is some of it: one below 0 would give back to a sum or an approval what others have used.

    Raises InvalidInput.
    """
    part, whole = situation.amount, situation.found.amount
    if part is None or (part > 0 and (whole is None or part <= whole)):
        return
    expected: str = N_("an amount above 0")
    if whole is not None:
        expected = Phrase(N_("an amount above 0 and up to {whole}"), whole=str(whole))
    raise InvalidInput(operation=operation.name, name="amount", expected=expected, found=str(part))


def _locked_total(uow: UnitOfWork, policy: Policy, sums: Aggregate, found: grants.Document) -> Decimal | None:
    """Behind a lock on what is added up, so that two payments at once see each other."""
    uow.alone("policy " + policy.id + "".join(f" {found.facts.values.get(fact)}" for fact in sums.by))
    return total(uow, policy, sums, found, uow.now)


def _clear(
    uow: UnitOfWork, operation: Operation, call: OperationCall, instance: Instance, situation: Situation,
    speaking: Sequence[Version], verdicts: Mapping[str, Verdict],
) -> UUID:  # fmt: skip
    key, chosen, row = _write(
        uow, operation.name, operation.guarded_by or "", call.key, instance.id, instance.starter_id, situation,
        speaking, verdicts,
    )  # fmt: skip
    holding.end(uow, call.key)
    data: dict[str, Any] = {
        "operation": operation.name, "clearance": str(key), "policies": list(verdicts),
        "grants": [str(grant_id) for grant_id in chosen], "digest": situation.found.digest, "row": row,
    }  # fmt: skip
    if GLASS in chosen.values():
        data["emergency"] = True
    history.record(uow, instance, "policy.cleared", node=call.element, data=data)
    uow.flush()  # the operation may write on a session of its own, and its trigger must find these rows
    return key


def _write(
    uow: UnitOfWork, operation: str, on: str, call_key: UUID, instance_id: UUID, starter_id: UUID | None,
    situation: Situation, speaking: Sequence[Version], verdicts: Mapping[str, Verdict],
) -> tuple[UUID, dict[UUID, str], str]:  # fmt: skip
    """A clearance with its links; returns its key, grant -> requirement, and the digest of the row."""
    found = situation.found
    facts = found.facts.values
    chosen: dict[UUID, str] = {}
    for verdict in verdicts.values():
        chosen |= verdict.chosen
    # the database compares one: whose document it is, before who happened to start the process
    requesters = [*found.facts.people.get("requester", []), starter_id]
    persons = grants.persons_of(uow, requesters)
    executors = sorted(situation.roles.get("executor", frozenset()))
    key = ids.uuid7()
    row = {
        "id": key, "instance_id": instance_id, "operation": operation, "idempotency_key": call_key,
        "policies": [version.policy.id for version in speaking], "subject_type": found.type,
        "subject_id": found.id, "subject_digest": found.digest,
        "amount": situation.amount if situation.amount is not None else found.amount or Decimal(0),
        "currency": facts.get("currency", NO_MONEY), "payee_id": str(facts.get("payee", "")),
        "payee_bank_version": facts.get("payee_bank_version", 0),
        "requester_id": next((persons.get(one) or one for one in requesters if one is not None), instance_id),
        "executor_id": executors[0] if executors else None,
        "min_people": max(1, *(verdict.people for verdict in verdicts.values())), "cleared_at": uow.now,
        "operation_class": on, "facts": facts, "policy_versions": list(verdicts),
        "reasons": {name: _told(verdict) for name, verdict in verdicts.items()}, "state": "open",
    }  # fmt: skip
    uow.queue(_insert_clearance, row)
    uow.queue(
        _insert_link,
        [{"clearance_id": key, "grant_id": grant_id, "requirement": need} for grant_id, need in chosen.items()],
    )
    return key, chosen, audit.sealed_clearance(row, chosen)


def _told(verdict: Verdict) -> dict[str, Any]:
    sums = {name: None if value is None else str(value) for name, value in verdict.sums.items()}
    return {"applies": verdict.applies, "people": verdict.people, "sums": sums, "authority": list(verdict.traces)}
