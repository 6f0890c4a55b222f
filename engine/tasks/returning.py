"""Sending a task back: return 退回, by one person and at once; and what a rejection does whose drawing says so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from engine import audit, history, identity, runtime
from engine.approvals import rounds, timeouts
from engine.approvals.rounds import Closing
from engine.bpmn.program import Node
from engine.bpmn.state import State
from engine.db.instance import Instance, Status
from engine.db.task import Cause, ItemDecision, ItemStatus, RoundStatus, Source, Ticket, user_task, work_item
from engine.errors import N_, ActNotOffered, OpinionRequired, ReturnNotPossible, Suspended
from engine.findings import Finding, Level
from engine.runtime import returning
from engine.runtime.returning import Back
from engine.tasks import drafting, opening
from engine.tasks.opening import Act
from engine.unit_of_work import UnitOfWork
from engine.values import Values, blank

INITIATOR, PREVIOUS, ANY = "initiator", "previous", "any"
STEPWISE, BACK_TO_ME = "stepwise", "backToMe"

_decide = update(work_item).where(work_item.c.id == bindparam("item_id"), work_item.c.status == int(ItemStatus.TODO))
_last_note = (
    select(
        user_task.c.name, user_task.c.ticket, user_task.c.guarded, work_item.c.decided_by, work_item.c.opinion,
        work_item.c.decided_at,
    )
    .join(work_item, work_item.c.user_task_id == user_task.c.id)
    .where(
        user_task.c.instance_id == bindparam("of"), user_task.c.status.in_((RoundStatus.RETURNED, RoundStatus.FAILED)),
        work_item.c.decision.in_((ItemDecision.RETURNED, ItemDecision.REJECTED)),
        user_task.c.opened_seq < bindparam("opened"),
    )
    .order_by(work_item.c.decided_at.desc(), work_item.c.id.desc())
    .limit(1)
)  # fmt: skip


_cancel_item = update(work_item).where(work_item.c.id == bindparam("item_id"))
_of_token = (
    select(work_item.c.id)
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .where(user_task.c.instance_id == bindparam("of"), user_task.c.token == bindparam("of_token"))
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Target:
    """A place to send a task back to. `word`: initiator, or the element id. `refused`: every reason against it.

    `undone`: elements that are undone first, the newest first.
    """

    word: str
    name: str
    labels: dict[str, str]
    refused: tuple[Finding, ...] = ()
    undone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Returned:
    """What a return did. `target`: the element that is asked again; None: the request ended with a draft, `draft_id`.

    `incident_id`: nothing was done, because what must be true afterwards was not.
    """

    instance_id: UUID
    target: str | None
    draft_id: UUID | None = None
    incident_id: UUID | None = None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Shown on top of the form of a task that was sent back. `by` is empty after a time limit; `straight`: it goes
    back there when nothing changed.
    """

    by: str
    opinion: str
    at: datetime
    task: str
    straight: bool


def return_(
    uow: UnitOfWork,
    work_item_id: UUID,
    target: str,
    opinion: str,
    *,
    resubmit: str = STEPWISE,
    recompute: bool = False,
    version: int | None = None,
    idempotency_key: str | None = None,
) -> Returned:
    """退回 to `target`: initiator, previous, or an element id. `resubmit`: stepwise or backToMe.

    `recompute`: ask whom the drawing names, not who acted there before. Raises ReturnNotPossible with every reason,
    OperationRunning, OpinionRequired, ActNotOffered, and what `opening.begin` raises.
    """
    act = opening.begin(uow, work_item_id, version=version, key=idempotency_key)
    if act.repeated:
        return Returned(act.instance.id, None, repeated=True)
    opinion = opinion.strip()
    if not act.work.returns or act.work.buttons.get("return") == "false":
        raise ActNotOffered(act="return", task=act.round.name, offered=N_("no return"))
    if blank(opinion):
        raise OpinionRequired(task=act.round.name)
    if resubmit not in (act.work.resubmits or (STEPWISE,)):
        raise ReturnNotPossible([_finding(target, _RESUBMIT, found=resubmit)])
    known = runtime.rounds_of(uow, act.instance.id)
    to = _destination(act, known, target)
    if to is None:
        return _to_draft(act, opinion, _by_person(act, idempotency_key))
    plan = replace(_back(act, to), by=act.round, straight=resubmit == BACK_TO_ME, recompute=recompute)
    incident_id = returning.go(
        uow, act.instance, plan, lambda: _leave(act, opinion, to.node, _by_person(act, idempotency_key))
    )
    return Returned(act.instance.id, None if incident_id else to.node, incident_id=incident_id)


def by_itself(act: Act, target: str, opinion: str) -> UUID | None:
    """For a time limit: as `return_`, step by step, in nobody's name; the drawing need not let people send it back.

    The id of an incident, as `go` says. Raises ReturnNotPossible, OperationRunning.
    """
    known = runtime.rounds_of(act.uow, act.instance.id)
    standing = returning.passed(known)
    if target == INITIATOR:
        to = _request_round(act, known)
        if to is None:
            _to_draft(act, opinion, _BY_NOBODY)
            return None
    elif target == PREVIOUS:
        to = _previous(act, standing)
    elif target in standing:
        to = standing[target]
    else:
        raise ReturnNotPossible([_finding(target, _NOT_PASSED)])
    plan = replace(_back(act, to), by=act.round)
    return returning.go(act.uow, act.instance, plan, lambda: _leave(act, opinion, to.node, _BY_NOBODY))


def targets(uow: UnitOfWork, work_item_id: UUID) -> list[Target]:
    """Where a task could be sent back to, each with the reasons against it; none for whoever is not asked.

    Raises NotFound.
    """
    act = opening.look(uow, work_item_id)
    return list(_targets(act)) if opening.entitled(act) else []


def offered(act: Act) -> bool:
    """Whether the act stands on the task's page: the drawing allows it, and some place is legal."""
    return bool(act.work.returns) and any(not target.refused for target in _targets(act))


def reject_to(act: Act, on_reject: str, closing: Closing) -> None:
    """A rejected round goes back as drawn: `initiator` or `return:<element>`; within `returning.undivided`.

    Raises ReturnNotPossible, OperationRunning, Broken: then the rejection itself is not made.
    """
    known = runtime.rounds_of(act.uow, act.instance.id)
    word = on_reject.removeprefix("return:")
    to = _request_round(act, known) if word == INITIATOR else returning.passed(known).get(word)
    if to is None and word == INITIATOR:
        drafting.keep(act.uow, act.instance)
        runtime.cancel(act.uow, act.instance.id, N_("rejected"), status=Status.REJECTED)
        return
    if to is None:
        raise ReturnNotPossible([_finding(word, _NOT_PASSED)])
    back = replace(_back(act, to), by=act.round)
    returning.check(act.uow, act.instance, back)
    act.uow.cache["closing", act.round.token] = closing
    returning.take(act.uow, act.instance, back)


def hold(act: Act, on_reject: str, changed: Values, routing: Values) -> None:
    """A rejected round whose drawing says `waitOthers` stays, with nobody to ask, until the other branches are done."""
    closing = act.uow.cache.pop(("closing", act.round.token))
    for item_id in closing.open_items:
        act.uow.queue(_cancel_item, {"item_id": item_id, "status": int(ItemStatus.CANCELLED)})
    rounds.leave_inbox(act.uow, closing.inbox_items)
    if closing.timed:
        timeouts.disarm(act.uow, act.instance.id, act.round.token)
    runtime.hold(act.uow, act.instance, act.round.token, on_reject, changed, routing)


def reject_held(uow: UnitOfWork, instance: Instance, token: int) -> None:
    """For `jobs`: the other branches are done, the rejection does what its drawing says. Raises Suspended.

    ReturnNotPossible when the requester cannot be asked again any more.
    """
    if instance.status is Status.SUSPENDED:
        raise Suspended(instance=instance.number or instance.id)
    held = runtime.ready(uow, instance, token)
    row = uow.execute(_of_token, {"of": instance.id, "of_token": token}).first()
    if held is None or row is None:
        return
    act = opening.look(uow, row.id, lock=True)
    closing = Closing(act.round.id, RoundStatus.FAILED, "reject", (), ())
    if held == INITIATOR:
        returning.undivided(uow, instance, lambda: reject_to(act, held, closing))
        return
    uow.cache["closing", token] = closing
    runtime.reject(uow, instance, token)


def note(act: Act) -> Note | None:
    """Why a task is asked again, for the top of its form."""
    if act.round.cause != Cause.RETURN:
        return None
    row = act.uow.execute(_last_note, {"of": act.instance.id, "opened": act.round.opened_seq}).first()
    if row is None:
        return None
    names = identity.names(act.uow, [row.decided_by])
    return Note(names.get(row.decided_by, ""), row.opinion or "", row.decided_at, row.name, row.ticket == Ticket.OPEN)


# ---------------------------------------------------------------- where to


def _destination(act: Act, known: Sequence[Any], word: str) -> Any:
    """The round to go back to; None: to the requester's draft. Raises ReturnNotPossible."""
    allowed = act.work.returns
    if word == INITIATOR:
        if not {INITIATOR, ANY} & set(allowed):
            raise ReturnNotPossible([_finding(word, _NOT_ALLOWED, allowed=", ".join(allowed))])
        return _request_round(act, known)
    standing = returning.passed(known)
    if word == PREVIOUS:
        if not {PREVIOUS, ANY} & set(allowed):
            raise ReturnNotPossible([_finding(word, _NOT_ALLOWED, allowed=", ".join(allowed))])
        return _previous(act, standing)
    if (
        word not in allowed
        and ANY not in allowed
        and not (PREVIOUS in allowed and _previous(act, standing).node == word)
    ):
        raise ReturnNotPossible([_finding(word, _NOT_ALLOWED, allowed=", ".join(allowed))])
    if word not in standing or standing[word].id == act.round.id:
        raise ReturnNotPossible([_finding(word, _NOT_PASSED)])
    return standing[word]


def _previous(act: Act, standing: dict[str, Any]) -> Any:
    """The round that was passed last on the way here. Raises ReturnNotPossible with the reasons against the last."""
    before = sorted(standing.values(), key=lambda row: row.passed_seq, reverse=True)
    first: list[Finding] = []
    for row in before:
        if row.passed_seq > act.round.opened_seq:
            continue
        refused = returning.obstacles(act.uow, act.instance, _back(act, row))
        if not refused:
            return row
        first = first or refused
    raise ReturnNotPossible(first or [_finding(PREVIOUS, _NOTHING_BEFORE)])


def _request_round(act: Act, known: Sequence[Any]) -> Any:
    """Where the requester filled in or corrected his request, if the way from there leads here; None: there is none."""
    for row in sorted(returning.passed(known).values(), key=lambda row: row.passed_seq, reverse=True):
        if rounds.load(row).request and _comes_before(act, row):
            return row
    return None


def _comes_before(act: Act, row: Any) -> bool:
    state: State = runtime.load(act.uow, act.instance)
    target = state.program.nodes.get(row.node)
    here: Node | None = act.token.node
    while here is not None and target is not None and here.scope is not target.scope:
        here = here.scope.node
    return target is not None and here is not None and bool(target.scope.routes.down[target.index] >> here.index & 1)


def _targets(act: Act) -> Iterator[Target]:
    """Each is judged when it is asked for: one legal place is enough for the act to be offered."""
    known = runtime.rounds_of(act.uow, act.instance.id)
    standing = returning.passed(known)
    allowed = set(act.work.returns)
    if allowed & {INITIATOR, ANY}:
        to = _request_round(act, known)
        yield (
            _target(act, INITIATOR, to) if to is not None else Target(INITIATOR, "", {}, tuple(_to_draft_refused(act)))
        )
    names = list(standing) if ANY in allowed else [node for node in standing if node in allowed]
    if PREVIOUS in allowed and ANY not in allowed:
        try:
            names.append(_previous(act, standing).node)
        except ReturnNotPossible as error:
            yield Target(PREVIOUS, "", {}, tuple(error.findings))
    for node in dict.fromkeys(names):
        row = standing[node]
        if row.id != act.round.id:
            yield _target(act, node, row)


def _back(act: Act, row: Any) -> Back:
    return Back((act.round.token,), row, compensate=act.work.compensate)


def _target(act: Act, word: str, row: Any) -> Target:
    found = returning.outlook(act.uow, act.instance, _back(act, row))
    return Target(word, row.name, dict(rounds.load(row).labels), found.refused, tuple(dict.fromkeys(found.undone)))


# ---------------------------------------------------------------- doing it


def _to_draft(act: Act, opinion: str, by: dict[str, Any]) -> Returned:
    """The drawing has no place where the requester corrects: the request ends, and he gets a draft of it."""
    refused = _to_draft_refused(act)
    if refused:
        raise ReturnNotPossible(refused)
    drafting.check_nothing_runs(act.uow, act.instance)
    _leave(act, opinion, INITIATOR, by)
    draft_id = drafting.keep(act.uow, act.instance)
    # its reason stands beside the decision, where it may be erased
    runtime.cancel(act.uow, act.instance.id, "", status=Status.WITHDRAWN)
    return Returned(act.instance.id, None, draft_id=draft_id)


def _to_draft_refused(act: Act) -> list[Finding]:
    if act.instance.starter_id is None:
        return [_finding(INITIATOR, _NO_REQUESTER)]
    done = drafting.lasting_effects(act.uow, act.instance.id)
    return [_finding(INITIATOR, _HAS_EFFECTS, element=", ".join(done))] if done else []


_BY_NOBODY: dict[str, Any] = {"decision_source": int(Source.AUTO_TIMEOUT)}


def _by_person(act: Act, key: str | None) -> dict[str, Any]:
    return {
        "decision_source": int(Source.HUMAN), "decided_by": act.actor_id, "decided_person_id": act.person_id,
        "on_behalf_of_id": act.behalf, "idempotency_key": key, "shown_form": opening.digest_of_form(act),
    }  # fmt: skip


def _leave(act: Act, opinion: str, target: str, by: dict[str, Any]) -> None:
    """The act itself: the item is decided, `by` says by whom, the round is left with everybody else in it."""
    uow = act.uow
    digest, salt = history.seal(opinion)
    row = {
        "item_id": act.item.id, "status": int(ItemStatus.DECIDED), "decision": int(ItemDecision.RETURNED),
        "decided_at": uow.now, "opinion": opinion, "opinion_salt": salt, "draft": None,
        "version": act.item.version + 1, **by,
    }  # fmt: skip
    uow.queue(_decide, row, expect=1)
    history.record(
        uow, act.instance, "task.decided", node=act.round.node,
        data={
            "task": str(act.round.id), "item": str(act.item.id), "round": act.round.round, "decision": "returned",
            "decision_source": Source(by["decision_source"]).name.lower(),
            "opinion_digest": digest, "target": target, "row": audit.sealed_item(act.item, row),
        },
    )  # fmt: skip
    opening.copy_for_principal(act)
    left = tuple(item.id for item in act.others)
    uow.cache["closing", act.round.token] = Closing(
        act.round.id, RoundStatus.RETURNED, "returned", left, (act.item.id, *left),
        bool(act.work.timeout) or any(item.confirm_until is not None for item in act.items),
    )  # fmt: skip


_RESUBMIT = N_("The drawing does not let the resubmission go '{found}'.")
_NOT_ALLOWED = N_("The drawing does not allow it to go back to '{target}', only to: {allowed}.")
_NOT_PASSED = N_("'{target}' was not passed in this submission.")
_NOTHING_BEFORE = N_("Nobody was asked before this task.")
_NO_REQUESTER = N_("Nobody asked for it: the engine started the process.")
_HAS_EFFECTS = N_("'{element}' has already done what only another process can take back.")


def _finding(target: str, message: str, **told: Any) -> Finding:
    return Finding("return-refused", Level.ERROR, None, message, {"target": target, **told})
