"""What happens without a click: nobody to ask, or the requester himself. Recorded as `auto_*`, never as a person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select

from engine import identity, reasons
from engine.approvals.candidates import Asking, Candidate, listed, people
from engine.bpmn.steps import Work
from engine.db.history import history
from engine.db.instance import Instance
from engine.db.task import ItemDecision, ItemKind, RoundStatus, Source, user_task, work_item
from engine.errors import NobodyToAsk
from engine.identity import Group, User
from engine.unit_of_work import UnitOfWork

PROCESS_ADMINS = "process_admin"
"""Key of the group that is asked when nobody else is left and the drawing names no managers."""
NOBODY_ELSE, TIMED_OUT = "nobody else to ask", "the time limit has passed"
IN_PLACE = (NOBODY_ELSE, TIMED_OUT)
"""Reasons of items that went to those who look after the process."""


@dataclass(frozen=True, slots=True)
class Automatic:
    """A result that no person gave. `passed`: agreed or rejected; `reason`: a sentence for the timeline."""

    passed: bool
    source: Source
    reason: str
    skipped: bool = False
    """the node was not opened at all"""


def skipped(asking: Asking) -> Automatic | None:
    """`troika:skipWhen` holds: nobody is asked."""
    return Automatic(True, Source.AUTO_RULE, asking.work.skip, skipped=True) if asking.work.skip else None


def handle(asking: Asking, found: list[Candidate]) -> list[Candidate] | Automatic:
    """Apply `troika:onSelf`, then `troika:onEmpty`. Raises NobodyToAsk when even the administrators are missing."""
    own = _on_self(asking, found)
    if isinstance(own, Automatic) or own:
        return own
    return _on_empty(asking)


def blocks(asking: Asking, found: list[Candidate]) -> bool:
    """`troika:onEmpty do="blockStart"`, and nobody is left to ask: a request is not accepted that would come here."""
    return asking.work.on_empty == "blockStart" and _on_self(asking, found) == []


def _on_self(asking: Asking, found: list[Candidate]) -> list[Candidate] | Automatic:
    rule = asking.work.on_self
    if rule == "ask":
        if asking.work.capability is None:
            return found
        rule = "manager"  # his own yes could never count for the policy
    requester = asking.requester
    if requester is None or requester.person_id is None:
        return found
    others = [candidate for candidate in found if not _is_only(asking, candidate, requester)]
    if len(others) == len(found):
        return found
    if rule == "skip":
        return others or Automatic(True, Source.AUTO_SELF, "the requester is the approver")
    if rule in ("manager", "deptLeader"):
        above = _above(asking, requester, rule)
        known = {candidate.id for candidate in others}
        return others + [one for one in people(above, "in place of the requester") if one.id not in known]
    return others if rule == "forbid" else found


def _is_only(asking: Asking, candidate: Candidate, requester: User) -> bool:
    """Whether nobody but the requester would decide as this candidate."""
    if candidate.group:
        return not _has_others(asking.uow, asking.instance, candidate.id)
    return candidate.person_id == requester.person_id


def _above(asking: Asking, requester: User, rule: str) -> list[User]:
    if rule == "manager":
        return identity.management_line(asking.uow, requester.id, 1)
    leaders = identity.leaders_of(asking.uow, requester.org_unit_id)
    return [leader for leader in leaders if leader.id != requester.id][:1]


def _on_empty(asking: Asking) -> list[Candidate] | Automatic:
    rule, _, named = asking.work.on_empty.partition(":")
    if rule == "autoPass":
        return Automatic(True, Source.AUTO_EMPTY, "nobody to ask")
    if rule == "autoReject":
        return Automatic(False, Source.AUTO_EMPTY, "nobody to ask")
    if rule == "users":
        replacement = people(identity.find(asking.uow, listed(named)), NOBODY_ELSE)
        if replacement:
            return replacement
    group = manager(asking.uow, asking.instance, asking.work)
    return [Candidate(group.id, group.name, NOBODY_ELSE, group=True)]


def manager(uow: UnitOfWork, instance: Instance, work: Work) -> Group:
    """The group that decides in the place of whoever is missing, the first of `managers`. Raises NobodyToAsk."""
    found = managers(uow, instance, work)
    if not found:
        raise NobodyToAsk(task=work.name, group=", ".join([*work.managers, PROCESS_ADMINS]))
    return found[0]


def managers(uow: UnitOfWork, instance: Instance, work: Work) -> list[Group]:
    """The groups that look after the process (`troika:managers`), those of them that have somebody beside the
    requester; without any, that of the process administrators. Empty: nobody.
    """
    for wanted in (work.managers, [PROCESS_ADMINS]):
        found = [group for group in identity.find_groups(uow, wanted) if _has_others(uow, instance, group.id)]
        if found:
            return found
    return []


def _has_others(uow: UnitOfWork, instance: Instance, group_id: UUID) -> bool:
    own = identity.persons(uow, [instance.starter_id])
    members = identity.members_of(uow, [group_id])
    return any(one.id not in own and (one.person_id is None or one.person_id not in own.values()) for one in members)


# ---------------------------------------------------------------- who has agreed before

_agreed = (
    select(
        work_item.c.id,
        work_item.c.decided_person_id,
        work_item.c.decided_at,
        user_task.c.node,
        user_task.c.closed_at,
        user_task.c.token,
    )
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .where(
        work_item.c.instance_id == bindparam("of"),
        work_item.c.decision == int(ItemDecision.AGREED),
        work_item.c.decision_source.in_((int(Source.HUMAN), int(Source.CARRIED))),
        work_item.c.kind.in_((int(ItemKind.NORMAL), int(ItemKind.SIGN_PARALLEL))),
        work_item.c.voided_at.is_(None),
        work_item.c.confirm_until.is_(None) | work_item.c.answered_at.is_not(None),
        user_task.c.voided_at.is_(None),
        user_task.c.status == int(RoundStatus.PASSED),
    )
    .order_by(work_item.c.decided_at)
)
_last_passed = (
    select(user_task.c.id, user_task.c.token)
    .where(
        user_task.c.instance_id == bindparam("of"),
        user_task.c.status.in_((int(RoundStatus.PASSED), int(RoundStatus.FAILED), int(RoundStatus.RETURNED))),
    )
    .order_by(user_task.c.closed_at.desc(), user_task.c.token.desc())
    .limit(1)
)
_returned = (
    select(user_task.c.closed_at)
    .where(user_task.c.instance_id == bindparam("of"), user_task.c.status == int(RoundStatus.RETURNED))
    .order_by(user_task.c.closed_at.desc())
    .limit(1)
)
_written = (
    select(history.c.kind, history.c.data)
    .where(history.c.instance_id == bindparam("of"), history.c.kind.in_(("task.decided", "variables.set")))
    .order_by(history.c.seq)
)


@dataclass(frozen=True, slots=True)
class Before:
    """Why somebody is not asked here. `evidence`: the item in which he has agreed; None: he will be asked later."""

    evidence: UUID | None
    reason: str


def may_spare(work: Work, *modes: str) -> bool:
    """Whether `troika:dedupe` is one of `modes` here, and the approval does not count for a policy."""
    voting = work.approval is not None and work.approval.mode != "inform"
    return work.dedupe in modes and work.capability is None and voting


def deferred(
    asking: Asking, asked: list[Candidate], later: Callable[[], Mapping[UUID, str]]
) -> dict[UUID, Before]:  # fmt: skip
    """Who need not agree yet (`troika:dedupe mode="last"`): he is certain to be asked where he has to agree.

    `later`: persons with the name of the task; looked up when it matters.
    """
    people = [one for one in asked if not one.group and one.person_id is not None]
    if not people or not may_spare(asking.work, "last"):
        return {}
    known = later()
    return {
        one.id: Before(None, reasons.text("asked-later", task=known[one.person_id]))
        for one in people if one.person_id is not None and one.person_id in known
    }  # fmt: skip


def repeated(asking: Asking, asked: list[Candidate]) -> dict[UUID, Before]:
    """Who need not agree again (`troika:dedupe`): account -> the item in which the same person has agreed.

    Not where the approval counts for a policy, after a return, or after anything was written into the request.
    """
    work, uow = asking.work, asking.uow
    if not may_spare(work, "first", "adjacent"):
        return {}
    of = {"of": asking.instance.id}
    rows = uow.execute(_agreed, of).all()
    if not rows:
        return {}
    if work.dedupe == "adjacent":
        last = uow.execute(_last_passed, of).first()
        rows = [row for row in rows if last is not None and row.token == last.token]
    returned, unchanged = _returned_at(uow, of), _since_written(uow, of)
    valid = {
        row.decided_person_id: row.id
        for row in reversed(rows)
        if str(row.id) in unchanged and (returned is None or row.decided_at > returned)
    }
    return {
        one.id: Before(valid[one.person_id], "has agreed before")
        for one in asked if not one.group and one.person_id and one.person_id in valid
    }  # fmt: skip


def _returned_at(uow: UnitOfWork, of: dict[str, UUID]) -> datetime | None:
    row = uow.execute(_returned, of).first()
    return None if row is None else row.closed_at


def _since_written(uow: UnitOfWork, of: dict[str, UUID]) -> set[str]:
    """Items decided since somebody last wrote into the request, his own among them: he agreed to what he wrote."""
    items: set[str] = set()
    for row in uow.execute(_written, of):
        data = row.data or {}
        if row.kind == "variables.set" or data.get("fields"):
            items.clear()
        if "item" in data:
            items.add(data["item"])
    return items
