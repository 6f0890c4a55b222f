"""More people on a round, or fewer: add_before 前加签, add_after 后加签, add_beside 并加签, remove_signer 减签."""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, update

from engine import history, identity, ids, policy, repository
from engine.approvals import rounds, timeouts
from engine.approvals.ledger import counted_items, depth, subtree
from engine.db.task import ItemDecision, ItemKind, ItemStatus, work_item
from engine.errors import (
    N_,
    ActNotOffered,
    CannotAddSigner,
    CannotRemoveSigner,
    Forbidden,
    InvalidValue,
    LastSigner,
    Phrase,
)
from engine.identity import User
from engine.tasks import deciding, opening
from engine.tasks.deciding import Acted
from engine.tasks.opening import Act
from engine.tasks.repeating import made_before, once_per_task, remember
from engine.tasks.signatures import Sent
from engine.tasks.working import offered
from engine.unit_of_work import UnitOfWork

MODES = ("all", "any", "sequential")
DEEPEST = 3
MOST_ADDED = 50
ADDED = (ItemKind.SIGN_BEFORE, ItemKind.SIGN_AFTER, ItemKind.SIGN_PARALLEL)

_insert_item = insert(work_item)
_wait = (
    update(work_item)
    .where(work_item.c.id == bindparam("item_id"), work_item.c.status == int(ItemStatus.TODO))
    .values(status=int(ItemStatus.WAIT), version=work_item.c.version + 1)
)
_remove = (
    update(work_item).where(work_item.c.id == bindparam("item_id")).values(status=int(ItemStatus.REMOVED))
)  # fmt: skip


@once_per_task
def add_before(
    uow: UnitOfWork, work_item_id: UUID, people: Sequence[str | UUID], mode: str = "all", reason: str = "", *,
    version: int | None = None, idempotency_key: str | None = None,
) -> UUID:  # fmt: skip
    """前加签: `people` are heard first, by `mode` (all, any, sequential); then the item is the actor's again.

    Raises CannotAddSigner, ActNotOffered, and what `opening.begin` raises.
    """
    act = _begin(uow, work_item_id, "add_before", version)
    rows = _added(act, ItemKind.SIGN_BEFORE, people, mode, reason)
    uow.queue(_wait, {"item_id": act.item.id}, expect=1)
    act.item.status = ItemStatus.WAIT
    rounds.leave_inbox(uow, [act.item.id])
    _write(act, rows)
    _record(act, "before", rows, mode, reason)
    return UUID(str(act.item.id))


def add_after(
    uow: UnitOfWork, work_item_id: UUID, people: Sequence[str | UUID], mode: str = "all",
    fields: Mapping[str, Any] | None = None, opinion: str = "", *, seen_digest: str | None = None,
    version: int | None = None, idempotency_key: str | None = None, signature: Sent | None = None,
) -> Acted:  # fmt: skip
    """后加签: the actor agrees, and his vote counts when `people` have signed after him by `mode`.

    Raises CannotAddSigner and what `agree` raises.
    """

    def signers(act: Act) -> Callable[[], None]:
        _check_offered(act, "add_after")
        rows = _added(act, ItemKind.SIGN_AFTER, people, mode, opinion)

        def ask() -> None:
            _write(act, rows)
            _record(act, "after", rows, mode, opinion)

        return ask

    return deciding.decide(
        uow, work_item_id, ItemDecision.AGREED, fields, opinion, seen_digest, version, idempotency_key, signers,
        signature,
    )  # fmt: skip


@once_per_task
def add_beside(
    uow: UnitOfWork, work_item_id: UUID, people: Sequence[str | UUID], reason: str = "", *,
    version: int | None = None, idempotency_key: str | None = None,
) -> UUID:  # fmt: skip
    """并加签: `people` are asked as well and counted like everybody else; in sequence right after the actor.

    Raises CannotAddSigner, ActNotOffered, and what `opening.begin` raises.
    """
    act = _begin(uow, work_item_id, "add_beside", version)
    rows = _added(act, ItemKind.SIGN_PARALLEL, people, "all", reason)
    _write(act, rows)
    _record(act, "beside", rows, rounds.mode_of(act.work), reason)
    return UUID(str(act.item.id))


def remove_signer(
    uow: UnitOfWork, work_item_id: UUID, reason: str = "", *, idempotency_key: str | None = None
) -> Acted:
    """减签: an added signer who has not decided is no longer asked; whoever added him, or the cockpit, may say so.

    May give the round its result at once. Raises CannotRemoveSigner, Forbidden, AlreadyDecided.
    """
    opening.lock(uow, work_item_id)
    act = opening.look(uow, work_item_id, lock=True)
    if made_before(uow, "remove_signer", work_item_id, idempotency_key) is not None:
        return Acted(act.instance.id, act.item.id, act.round.outcome, repeated=True)
    opening.check_open(act)
    _check_removable(act)
    return deciding.undivided(act, lambda: _removed(act, work_item_id, reason, idempotency_key))


def _removed(act: Act, named: UUID, reason: str, key: str | None) -> Acted:
    uow = act.uow
    gone = set(subtree(rounds.ledger_of(act.work, act.items), act.item.id))
    for item in act.items:
        if item.id in gone and item.status in rounds.OPEN:
            item.status = ItemStatus.REMOVED
            uow.queue(_remove, {"item_id": item.id})
            rounds.leave_inbox(uow, [item.id])
    history.record(
        uow, act.instance, "task.signer_removed", node=act.round.node,
        data={"task": str(act.round.id), "item": str(act.item.id), "who": str(act.item.assignee_id)},
        texts={"reason": reason},
    )  # fmt: skip
    remember(uow, "remove_signer", named, key, act.instance.id, act.item.id)
    capability = act.work.capability
    document = None
    if capability is not None:
        document = policy.document(uow, capability.subject_type, capability.subject)
    return deciding.follow(act, {}, document)


# ---------------------------------------------------------------- checks


def _begin(uow: UnitOfWork, item_id: UUID, verb: str, version: int | None) -> Act:
    act = opening.begin(uow, item_id, version=version)
    _check_offered(act, verb)
    return act


def _check_offered(act: Act, verb: str) -> None:
    if verb not in offered(act):
        raise ActNotOffered(act=verb, task=act.round.name, offered=", ".join(offered(act)))


def _added(act: Act, kind: ItemKind, people: Sequence[str | UUID], mode: str, reason: str) -> list[dict[str, Any]]:
    """Rows for `people`, after every check."""
    if mode not in MODES:
        raise InvalidValue(expected=Phrase(N_("one of {words}"), words=", ".join(MODES)), found=mode)
    named = [identity.user(act.uow, key) for key in people]
    users = list({user.id: user for user in named}.values())
    _check_people(act, kind, users)
    place = _places(act, kind)
    waits = mode == "sequential"
    later = kind is ItemKind.SIGN_PARALLEL and rounds.mode_of(act.work) == "sequential"
    return [
        {
            "id": ids.uuid7(), "user_task_id": act.round.id, "instance_id": act.instance.id, "parent_id": act.item.id,
            "kind": int(kind), "seq": place + number, "assignee_id": user.id, "group_id": None, "owner_id": user.id,
            "weight": 1, "status": int(ItemStatus.WAIT if later or (waits and number > 1) else ItemStatus.TODO),
            "reason": reason.strip() or "added", "added_by": act.actor_id, "due_at": act.item.due_at,
            "group_mode": mode, "created_at": act.uow.now,
        }
        for number, user in enumerate(users, 1)
    ]  # fmt: skip


def _check_people(act: Act, kind: ItemKind, users: list[User]) -> None:
    def refuse(why: str, who: str = "") -> CannotAddSigner:
        return CannotAddSigner(task=act.round.name, reason=f"{who}: {why}" if who else why)

    if not users:
        raise refuse(N_("nobody is named"))
    if len(users) > MOST_ADDED:
        raise refuse(N_("too many people are named"))
    if kind is not ItemKind.SIGN_PARALLEL and depth(rounds.ledger_of(act.work, act.items), act.item.id) >= DEEPEST:
        raise refuse(N_("signers have been added three deep already"))
    present = {
        item.assignee_id
        for item in act.items
        if item.kind != ItemKind.ADVICE and item.status in (*rounds.OPEN, ItemStatus.DECIDED)
    }
    starter = act.instance.starter_id
    requester = identity.persons(act.uow, [starter]).get(starter) if starter else None
    for user in users:
        if not user.active:
            raise refuse(N_("the account is disabled"), user.name)
        if user.id in present:
            raise refuse(N_("this person is on the task already"), user.name)
        if act.work.capability is not None and (user.person_id is None or user.person_id == requester):
            raise refuse(N_("the requester may not approve his own request"), user.name)


def _check_removable(act: Act) -> None:
    def refuse(why: str) -> CannotRemoveSigner:
        return CannotRemoveSigner(task=act.round.name, reason=why)

    administers = repository.manages(act.uow, act.instance)
    if act.work.buttons.get("removeSigner") == "false" and not administers:
        raise ActNotOffered(act="remove_signer", task=act.round.name, offered=", ".join(offered(act)))
    if act.item.added_by != act.actor_id and not administers:
        names = identity.names(act.uow, [act.actor_id])
        raise Forbidden(actor=names.get(act.actor_id, "Nobody"), act=N_("remove a signer whom somebody else has added"))
    if act.item.kind not in ADDED:
        raise refuse(N_("the drawing asks this person"))
    if not _open(act, act.item):
        raise refuse(N_("this person is not asked any more"))
    counted = counted_items(rounds.ledger_of(act.work, act.items))
    if [item.id for item in counted] == [act.item.id]:
        raise LastSigner(task=act.round.name, reason=N_("nobody else would be left to decide"))


def _open(act: Act, item: Any) -> bool:
    return item.status in rounds.OPEN and item.decision is None


# ---------------------------------------------------------------- rows


def _places(act: Act, kind: ItemKind) -> int:
    """Where the new rows begin: a group of their own under the item, or in the sequence right after it."""
    if kind is ItemKind.SIGN_PARALLEL:
        below = [item.seq for item in act.items if item.seq > act.item.seq and item.kind in rounds.TOP]
        return int(act.item.seq) if below else int(act.item.seq) + rounds.STEP
    groups = [item.seq // rounds.GROUP for item in act.items if item.parent_id == act.item.id and item.kind == kind]
    return (max(groups, default=0) + 1) * rounds.GROUP


def _write(act: Act, rows: list[dict[str, Any]]) -> None:
    act.uow.queue(_insert_item, rows)
    todo = [row for row in rows if row["status"] == ItemStatus.TODO]
    rounds.put_into_inbox(act.uow, todo)
    timeouts.arm(act.uow, act.instance.id, act.round.token, act.work, [row["id"] for row in todo])
    blank = dict.fromkeys(column.name for column in work_item.columns)
    act.items += [SimpleNamespace(**{**blank, "version": 1, **row}) for row in rows]


def _record(act: Act, where: str, rows: list[dict[str, Any]], mode: str, reason: str) -> None:
    history.record(
        act.uow, act.instance, "task.signers_added", node=act.round.node,
        data={
            "task": str(act.round.id), "item": str(act.item.id), "where": where, "mode": mode,
            "who": [str(row["assignee_id"]) for row in rows], **rounds.asks(rows),
        },
        texts={"reason": reason.strip()},
    )  # fmt: skip
