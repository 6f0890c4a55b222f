"""When somebody leaves: hand_over 离职转办, all of his open work to somebody else, with a look at it beforehand.

What a substitute decided for him and he has not confirmed falls, and the other one is asked afresh: nobody but the
principal can give his word, the heir has not chosen that substitute, and a decision without that word must not count,
whatever was to happen without an answer. What he has decided himself as a substitute waits for its principal as before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, func, or_, select, update

from engine import history, identity
from engine.approvals import choices, rounds, timeouts
from engine.db.definition import definition
from engine.db.identity import user_account
from engine.db.instance import Status
from engine.db.instance import instance as instance_table
from engine.db.task import ItemDecision, ItemKind, ItemStatus, RoundStatus, future_approver, user_task, work_item
from engine.errors import N_, AlreadyDecided, CannotTransfer, EngineError, InvalidValue
from engine.identity import User
from engine.process_engine import ProcessEngine
from engine.tasks import confirming, handing_over, opening, titles
from engine.tasks.opening import Act
from engine.tasks.working import insert_item, sight, successor
from engine.unit_of_work import Actor, UnitOfWork
from engine.values import blank

MOVABLE = (ItemStatus.WAIT, ItemStatus.TODO, ItemStatus.ADVISING)
CAPABILITY = "people"

_unconfirmed = and_(
    work_item.c.status == int(ItemStatus.COUNTERSIGNING), work_item.c.confirm_until.is_not(None),
    work_item.c.answered_at.is_(None),
)  # fmt: skip
_open = (
    work_item.c.kind != int(ItemKind.COPY),
    or_(work_item.c.status.in_([int(status) for status in MOVABLE]), _unconfirmed),
    user_task.c.status == int(RoundStatus.OPEN),
    instance_table.c.status.in_((int(Status.RUNNING), int(Status.SUSPENDED))),
)  # fmt: skip
_decider = user_account.alias("decider")
_held = (
    select(
        work_item.c.id, work_item.c.instance_id, instance_table.c.title, instance_table.c.number,
        instance_table.c.definition_id, instance_table.c.process_key, definition.c.name.label("process_name"),
        user_task.c.name.label("task"), user_task.c.spec, _unconfirmed.label("unconfirmed"), work_item.c.decision,
        _decider.c.name.label("decided_by"), _decider.c.name_en.label("decided_by_en"),
    )
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .join(instance_table, instance_table.c.id == work_item.c.instance_id)
    .join(definition, definition.c.id == instance_table.c.definition_id)
    .outerjoin(_decider, _decider.c.id == work_item.c.decided_by)
    .where(work_item.c.assignee_id == bindparam("who"), *_open)
    .order_by(work_item.c.instance_id, work_item.c.id)
)  # fmt: skip
_left_behind = (
    select(user_account.c.id, func.count().label("number"))
    .join(work_item, work_item.c.assignee_id == user_account.c.id)
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .join(instance_table, instance_table.c.id == work_item.c.instance_id)
    .where(user_account.c.disabled_at.is_not(None), *_open)
    .group_by(user_account.c.id)
)
_ahead = (
    select(future_approver.c.instance_id, future_approver.c.node, future_approver.c.user_ids)
    .join(instance_table, instance_table.c.id == future_approver.c.instance_id)
    .where(instance_table.c.status.in_((int(Status.RUNNING), int(Status.SUSPENDED))))
)
_supersede = (
    update(work_item)
    .where(work_item.c.id == bindparam("item_id"), work_item.c.status == bindparam("was"))
    .values(status=int(ItemStatus.SUPERSEDED))
)


@dataclass(frozen=True, slots=True)
class HandOver:
    """One item of somebody who leaves. `conflict`: why it cannot go to the other one; `done`: it has gone.

    `decision`, `decided_by`: what a substitute has decided and nobody has confirmed: it falls, the other one is asked.
    """

    work_item_id: UUID
    instance_id: UUID
    process: str
    number: str | None
    title: str
    task: str
    labels: dict[str, str]
    conflict: EngineError | None = None
    done: bool = False
    decision: str = ""
    decided_by: str = ""
    decided_by_en: str = ""


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """Somebody whose account is disabled and who still holds `open` items."""

    user: User
    open: int


@dataclass(frozen=True, slots=True)
class Besides:
    """What else somebody leaves: places among people who are asked later on, and substitutions, of and for him."""

    later: int
    substitutions: int


def left_behind(uow: UnitOfWork) -> list[LeftBehind]:
    """Disabled accounts with open work, by name. Raises Forbidden."""
    identity.require(uow, CAPABILITY)
    numbers = {row.id: row.number for row in uow.execute(_left_behind)}
    people = sorted(identity.find(uow, numbers), key=lambda user: user.name)
    return [LeftBehind(user, numbers[user.id]) for user in people]


def besides(uow: UnitOfWork, leaver: str | UUID) -> Besides:
    """Raises Forbidden, NotFound."""
    identity.require(uow, CAPABILITY)
    gone = identity.user(uow, leaver)
    return Besides(len(_places_ahead(uow, gone)), len(identity.substitutions(uow, gone.id)))


def hand_over_preview(
    uow: UnitOfWork, leaver: str | UUID, to: str | UUID, process: str | None = None
) -> list[HandOver]:  # fmt: skip
    """What would go to `to`, and what cannot, with the reason; of one `process` only if it is given.

    Raises Forbidden, InvalidValue.
    """
    identity.require(uow, CAPABILITY)
    gone, heir = _people(uow, leaver, to)
    rows = [row for row in uow.execute(_held, {"who": gone.id}).all() if process in (None, row.process_key)]
    return [_line(uow, row, handing_over.hindrance(opening.look(uow, row.id), heir)) for row in rows]


def hand_over(
    engine: ProcessEngine, actor: Actor, leaver: str | UUID, to: str | UUID, reason: str,
    only: Sequence[UUID] | None = None, *, besides: bool = True,
) -> list[HandOver]:  # fmt: skip
    """离职转办: every open item of `leaver` (or `only` these) goes to `to`; one transaction per instance.

    With what is left `besides`: his places among later approvers go too, his substitutions end. A line that cannot go
    stays and says why. Opens its units of work itself. Raises Forbidden, InvalidValue.
    """
    if blank(reason):
        raise InvalidValue(expected=N_("a reason"), found=N_("nothing"))
    with engine.unit_of_work(actor) as uow:
        identity.require(uow, CAPABILITY)
        gone, heir = _people(uow, leaver, to)
        rows = [row for row in uow.execute(_held, {"who": gone.id}).all() if only is None or row.id in only]
        ahead = _places_ahead(uow, gone) if besides else []
        for rule in identity.substitutions(uow, gone.id) if besides else ():
            identity.end_substitution(uow, rule.id)
    lines: list[HandOver] = []
    for _, group in groupby(rows, key=lambda row: row.instance_id):
        lines += _one_instance(engine, actor, list(group), gone, heir, reason.strip())
    for row in ahead:
        with engine.unit_of_work(actor) as uow:
            _replace_ahead(uow, row, gone, heir)
    return lines


def _places_ahead(uow: UnitOfWork, gone: User) -> list[Any]:
    return [row for row in uow.execute(_ahead).all() if str(gone.id) in row.user_ids]


def _line(uow: UnitOfWork, row: Any, conflict: EngineError | None, *, done: bool = False) -> HandOver:
    """The title as the actor may read it: who looks after people need not see what they ask for."""
    title = titles.shown(uow, row.definition_id, row.title, row.process_name, sight(uow, row.instance_id))
    labels = row.spec.get("labels", {})
    line = HandOver(row.id, row.instance_id, row.process_key, row.number, title, row.task, labels, conflict, done)
    if not row.unconfirmed:
        return line
    word = rounds.WORDS[ItemDecision(row.decision)]
    return replace(line, decision=word, decided_by=row.decided_by, decided_by_en=row.decided_by_en or row.decided_by)


def _people(uow: UnitOfWork, leaver: str | UUID, to: str | UUID) -> tuple[User, User]:
    gone, heir = identity.user(uow, leaver), identity.user(uow, to)
    if gone.id == heir.id or not heir.active:
        raise InvalidValue(expected=N_("another person whose account is in use"), found=heir.name)
    return gone, heir


def _one_instance(
    engine: ProcessEngine, actor: Actor, rows: list[Any], gone: User, heir: User, reason: str
) -> list[HandOver]:
    lines = []
    with engine.unit_of_work(actor) as uow:
        for row in rows:
            conflict: EngineError | None = None
            try:
                _move(opening.look(uow, row.id, lock=True), gone, heir, reason)
            except (CannotTransfer, AlreadyDecided) as error:
                conflict = error
            lines.append(_line(uow, row, conflict, done=conflict is None))
    return lines


def _move(act: Act, gone: User, heir: User, reason: str) -> None:
    unconfirmed = rounds.unconfirmed(act.item) and act.item.status == ItemStatus.COUNTERSIGNING
    open_ = act.item.status in MOVABLE or unconfirmed
    if act.round.status != RoundStatus.OPEN or not open_ or act.item.assignee_id != gone.id:
        raise opening.already_decided(act)
    conflict = handing_over.hindrance(act, heir)
    if conflict is not None:
        raise conflict
    if unconfirmed:
        _record(act, confirming.fall_to(act, heir.id, reason), gone, heir, reason)
        return
    item, was = act.item, act.item.status
    row = successor(act, assignee_id=heir.id, status=int(was), draft=None, owner_id=item.owner_id or gone.id)
    act.uow.queue(_supersede, {"item_id": item.id, "was": int(was)}, expect=1)
    act.uow.queue(insert_item, row)
    rounds.leave_inbox(act.uow, [item.id])
    if was == ItemStatus.TODO:
        rounds.put_into_inbox(act.uow, [row])
        timeouts.arm(act.uow, act.instance.id, act.round.token, act.work, [row["id"]])
    _record(act, row["id"], gone, heir, reason)


def _record(act: Act, item_id: UUID, gone: User, heir: User, reason: str) -> None:
    history.record(
        act.uow, act.instance, "task.handed_over", node=act.round.node,
        data={
            "task": str(act.round.id), "item": str(item_id), "from": str(gone.id), "to": str(heir.id),
            "asks": {str(item_id): str(heir.id)},
        },
        texts={"reason": reason},
    )  # fmt: skip


def _replace_ahead(uow: UnitOfWork, row: Any, gone: User, heir: User) -> None:
    """Among the people who are asked later on; a node that has opened meanwhile keeps its items."""
    instance = uow.lock_instance(row.instance_id)
    named = choices.of(uow, row.instance_id, row.node)
    if named is None or gone.id not in named.user_ids or choices.reached(uow, row.instance_id, row.node):
        return
    kept = [heir.id if key == gone.id else key for key in named.user_ids]
    choices.keep(uow, instance, row.node, identity.find(uow, list(dict.fromkeys(kept))), adds=named.adds)
