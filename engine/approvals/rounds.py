"""Rows of a round: a `user_task` per visit of a human node, its work items, their inbox entries; opened and closed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, func, insert, literal_column, select, update

from engine import audit, bpmn, history, ids
from engine.approvals import candidates, copies, modes, timeouts
from engine.approvals.automatic import Automatic, Before, deferred, handle, repeated, skipped
from engine.approvals.candidates import Asking, Candidate
from engine.approvals.ledger import Item, Ledger, Outcome, decide
from engine.bpmn import quorum
from engine.bpmn.steps import BY_REQUESTER, Approval, Assignment, Capability, FieldRule, Work, WorkClosed, WorkOpened
from engine.db.base import to_micros
from engine.db.instance import Instance
from engine.db.task import (
    NO_DUE,
    Box,
    Cause,
    ItemDecision,
    ItemKind,
    ItemStatus,
    RoundStatus,
    Source,
    inbox,
    user_task,
    work_item,
)
from engine.unit_of_work import UnitOfWork
from engine.values import digest

STEP = 1000
"""Between places of items, so that an added signer needs no renumbering."""

GROUP = 1_000_000
"""Between the places of one add-sign group and the next under the same item."""

WORDS = {
    ItemDecision.AGREED: "agree",
    ItemDecision.REJECTED: "reject",
    ItemDecision.ABSTAINED: "abstain",
    ItemDecision.HANDLED: "handled",
    ItemDecision.ADVISED: "advised",
    ItemDecision.RETURNED: "returned",
}

_insert_item = insert(work_item)
# the item may be older than the round at hand: its priority is read where the row is written
_insert_inbox = insert(inbox).values(
    priority_key=func.coalesce(
        select(literal_column("100") - user_task.c.priority)
        .join(work_item, work_item.c.user_task_id == user_task.c.id)
        .where(work_item.c.id == bindparam("of_item"))
        .scalar_subquery(),
        literal_column("50"),
    )
)
_close_round = update(user_task).where(user_task.c.id == bindparam("round_id"), user_task.c.passed_seq.is_(None))
_close_item = update(work_item).where(work_item.c.id == bindparam("item_id"))
_ask_item = update(work_item).where(work_item.c.id == bindparam("item_id"))
_leave_inbox = delete(inbox).where(inbox.c.work_item_id == bindparam("item_id"))
_last_round = (
    select(user_task.c.round)
    .where(user_task.c.instance_id == bindparam("of"), user_task.c.node == bindparam("at_node"))
    .order_by(user_task.c.token.desc())
    .limit(1)
)
# counted where it is written: a read would send the queue before its time
_insert_round = insert(user_task).values(round=func.coalesce(_last_round.scalar_subquery(), 0) + 1)
_open_items = (
    select(
        user_task.c.id.label("round_id"), user_task.c.spec, work_item.c.id.label("item_id"), work_item.c.status,
        work_item.c.confirm_until,
    )
    .select_from(user_task)
    .outerjoin(work_item, (work_item.c.user_task_id == user_task.c.id) & (work_item.c.kind != int(ItemKind.COPY)))
    .where(user_task.c.instance_id == bindparam("of"), user_task.c.token == bindparam("waiting"))
)  # fmt: skip
TOP = (ItemKind.NORMAL, ItemKind.SIGN_PARALLEL)
"""Kinds that have a vote of their own in the round."""
VOTING = (*TOP, ItemKind.SIGN_BEFORE, ItemKind.SIGN_AFTER)
"""Kinds whose decision counts in the end."""
DECIDED = (RoundStatus.PASSED, RoundStatus.FAILED)
_loads = (
    select(inbox.c.principal_id, func.count().label("load"))
    .where(inbox.c.principal_id.in_(bindparam("of", expanding=True)), inbox.c.box == int(Box.TODO))
    .group_by(inbox.c.principal_id)
)
OPEN = (ItemStatus.WAIT, ItemStatus.TODO, ItemStatus.ADVISING, ItemStatus.COUNTERSIGNING)
GONE = (ItemStatus.SUPERSEDED, ItemStatus.REMOVED, ItemStatus.CANCELLED)
"""Such items count for nothing any more."""


@dataclass(frozen=True, slots=True)
class RoundOutcome:
    """What the machine is told. `routing`: the copy that gateways read as `approval.<node>`."""

    routing: dict[str, Any]
    on_reject: str
    patient: bool = False
    """a rejection waits until the other branches have decided"""

    @property
    def ends_instance(self) -> bool:
        """Rejected, and the drawing says that this is the end; a rule that rejects has nobody to send it back for."""
        return self.routing["outcome"] == "reject" and self.on_reject != "flow"


@dataclass(frozen=True, slots=True)
class Closing:
    """What a verb already knows when the machine closes the wait. `open_items`: still undecided."""

    round_id: UUID
    status: RoundStatus
    outcome: str
    open_items: tuple[UUID, ...]
    inbox_items: tuple[UUID, ...]
    timed: bool = False
    """jobs of time limits may wait"""


@dataclass(frozen=True, slots=True)
class Again:
    """Why a round is opened once more. `people`: who acted here before, asked again in their order; empty: whom the
    drawing names."""

    cause: Cause
    people: tuple[Candidate, ...] = ()


Later = Callable[[], Mapping[UUID, str]]
"""Persons who will certainly be asked behind a task and have to agree there -> the name of that task"""


def open_round(
    uow: UnitOfWork, instance: Instance, fact: WorkOpened, again: Again | None = None, later: Later = dict
) -> bool:  # fmt: skip
    """Find the people, freeze them in the round, put it into their inboxes. True: decided by a rule, without them."""
    work = fact.work
    asking = Asking(uow, instance, work, lambda: bpmn.variables(instance.state, fact.scope), fact.node)
    found = list(again.people) if again and again.people else candidates.resolve(asking)
    asked = skipped(asking) or handle(asking, found)
    round_id = ids.uuid7()
    row: dict[str, Any] = {
        "id": round_id, "instance_id": instance.id, "node": fact.node, "token": fact.token, "of": instance.id,
        "at_node": fact.node, "name": work.name, "form": work.form, "priority": work.priority, "due_at": work.due,
        "follow_up_at": work.follow_up, "mode": mode_of(work), "status": int(RoundStatus.OPEN),
        "spec": dump(work), "opened_seq": fact.seq, "outcome": None, "created_at": uow.now, "closed_at": None,
        "scope_path": path_of(instance, fact.scope), "cause": int(again.cause if again else Cause.FLOW),
        "calendar": work.counted.get("calendar"),
    }  # fmt: skip
    if isinstance(asked, Automatic):
        _decide_without_people(uow, instance, fact, row, asked)
        return True
    chosen, loads = _chosen(uow, instance, fact, asked)
    before = {} if again else repeated(asking, chosen) | deferred(asking, chosen, later)
    items = _items(uow, instance, fact, round_id, chosen, before)
    outcome = _outcome_of(work, items)
    if outcome is not None:
        _close_at_once(uow, instance, fact, row, items, outcome, "agree" if outcome.passed else "reject")
        return True
    uow.queue(_insert_round, row)
    decided = [item for item in items if item["status"] == ItemStatus.DECIDED]
    uow.queue(_insert_item, decided)
    uow.queue(_insert_item, [item for item in items if item not in decided])
    todo = [item for item in items if item["status"] == ItemStatus.TODO]
    put_into_inbox(uow, todo)
    timeouts.arm(uow, instance.id, fact.token, work, [item["id"] for item in todo])
    data: dict[str, Any] = {
        "task": str(round_id),
        "asked": [{"id": str(one.id), "reason": one.reason} for one in asked],
        "task_row": audit.sealed_task(row),
        **asks(items),
    }
    if len(chosen) != len(asked):
        data |= {"picked": str(chosen[0].id), "loads": {str(key): load for key, load in loads.items()}}
    history.record(uow, instance, "task.opened", node=fact.node, data=data)
    _record_repeated(uow, instance, fact, round_id, items)
    copies.drawn(uow, instance, work, round_id, "enter")
    return False


def asks(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """What a fact says of items that it makes: item -> the account or group that is asked, which never changes."""
    open_ = (row for row in rows if row.get("decision") is None)
    return {"asks": {str(row["id"]): str(row.get("assignee_id") or row.get("group_id")) for row in open_}}


def tell_void(uow: UnitOfWork, items: Iterable[UUID], tasks: Iterable[UUID] = ()) -> None:
    """Decisions of the locked instance, and whole rounds, that no longer stand from now on: what their rows say stands
    in its chain."""
    names, rounds = (sorted(str(key) for key in keys) for keys in (items, tasks))
    if (names or rounds) and uow.instance is not None:
        data = {"items": names, "at": audit.instant(uow.now)} | ({"tasks": rounds} if rounds else {})
        history.record(uow, uow.instance, "decision.voided", data=data)


def path_of(instance: Instance, scope_id: int) -> str:
    """Where a round stands, for questions after its scope is gone: `0/12@ship` is scope 12, opened by `ship` in 0; the
    third turn of a loop ends in `#3`."""
    scope = instance.state.scopes[scope_id]
    parts = []
    while scope.parent is not None:
        turn = f"#{scope.index}" if scope.kind == "turn" else ""
        parts.append(f"{scope.id}@{instance.state.tokens[scope.token].node.id}{turn}")
        scope = scope.parent
    return "/".join([str(scope.id), *reversed(parts)])


def close_round(uow: UnitOfWork, instance: Instance, fact: WorkClosed) -> None:
    """Take away whatever is still open of the wait that the machine closed."""
    closing = uow.cache.pop(("closing", fact.token), None) or _cancelled(uow, instance, fact)
    if closing is None:
        return
    uow.queue(
        _close_round,
        {
            "round_id": closing.round_id, "status": int(closing.status), "outcome": closing.outcome,
            "closed_at": uow.now, "passed_seq": fact.seq if closing.status in DECIDED else None,
        },
    )  # fmt: skip
    for item_id in closing.open_items:
        uow.queue(_close_item, {"item_id": item_id, "status": int(ItemStatus.CANCELLED)})
    leave_inbox(uow, closing.inbox_items)
    if closing.timed:
        timeouts.disarm(uow, instance.id, fact.token)


def outcome_of(uow: UnitOfWork, instance: Instance, token: int) -> RoundOutcome:
    """The result of a round that `open_round` decided at once."""
    found = uow.cache.get(("outcome", token))
    if not isinstance(found, RoundOutcome):
        raise RuntimeError(f"round of token {token} was not decided by a rule in this unit of work")
    return found


def routing(outcome: Outcome, word: str, number: int, by: Sequence[UUID], at: datetime) -> dict[str, Any]:
    """The copy of a result that gateways read; never what a policy reads."""
    return {
        "outcome": word,
        "round": number,
        "agreed": outcome.agreed,
        "rejected": outcome.rejected,
        "total": outcome.total,
        "by": [str(key) for key in by],
        "at": at,
    }


def ledger_of(work: Work, rows: Sequence[Row[Any]] | Sequence[Any]) -> Ledger:
    """The pure ledger of a round's `work_item` rows."""
    decided = sorted((row for row in rows if row.decided_at is not None), key=lambda row: (row.decided_at, row.id))
    order = {row.id: place for place, row in enumerate(decided, 1)}
    heirs = {row.supersedes_id: row.id for row in rows if row.supersedes_id is not None}
    items = tuple(
        Item(
            id=row.id,
            kind=ItemKind(row.kind).name.lower(),
            seq=row.seq,
            weight=row.weight,
            status=ItemStatus(row.status).name.lower(),
            decision=None if row.decision is None else WORDS.get(ItemDecision(row.decision)),
            parent=heir(heirs, row.parent_id),
            order=order.get(row.id, 0),
            group=row.seq // GROUP,
            group_mode=row.group_mode or "all",
            person=row.decided_person_id,
            unconfirmed=unconfirmed(row),
        )
        for row in rows
        if row.voided_at is None
    )
    return Ledger(mode_of(work), items, parameters_of(work))


def unconfirmed(row: Any) -> bool:
    """Whether a substitute has decided the item, and his principal has still to confirm it."""
    return row.confirm_until is not None and row.answered_at is None and row.voided_at is None


def heir(heirs: Mapping[UUID, UUID], key: UUID | None) -> UUID | None:
    """Who has an item now, after transfers: what he asked others for is asked for his heir."""
    while key is not None and key in heirs:
        key = heirs[key]
    return key


def mode_of(work: Work) -> str:
    """A task that is no approval is done by one of those asked."""
    return work.approval.mode if work.approval else "inform"


def parameters_of(work: Work) -> Mapping[str, Any]:
    """How its votes are counted, as drawn."""
    return work.approval.parameters if work.approval else {}


def weights(work: Work) -> Callable[[Candidate], Decimal]:
    """What the vote of each who is asked weighs."""
    given: Mapping[str, Any] = parameters_of(work).get("weights") or {}
    return lambda candidate: quorum.weight(str(given.get(str(candidate.id), given.get(candidate.login, 1))))


def on_reject_of(work: Work) -> str:
    """What a rejection does: flow, end, initiator or return:<element>."""
    return work.approval.on_reject if work.approval else "flow"


def patient(work: Work) -> bool:
    """`branchReject="waitOthers"`: a rejection waits until the other branches have decided."""
    return work.approval is not None and work.approval.parameters.get("branchReject") == "waitOthers"


def put_into_inbox(uow: UnitOfWork, items: Sequence[Mapping[str, Any]]) -> None:
    """One row per open item: for its assignee, or for its group, never for the members."""
    uow.queue(
        _insert_inbox,
        [
            {
                "principal_id": item["assignee_id"] or item["group_id"],
                "box": int(Box.TODO if item["assignee_id"] else Box.CLAIMABLE),
                "due_key": due_key(item["due_at"]),
                "work_item_id": item["id"],
                "of_item": item["id"],
            }
            for item in items
        ],
    )


def leave_inbox(uow: UnitOfWork, item_ids: Sequence[UUID]) -> None:
    """The items are no longer open."""
    uow.queue(_leave_inbox, [{"item_id": item_id} for item_id in item_ids])


def ask(uow: UnitOfWork, rows: Sequence[Any], work: Work | None = None, token: int = 0) -> None:
    """Waiting items whose turn has come; with `work` and `token` of their round their time limits begin."""
    for row in rows:
        uow.queue(_ask_item, {"item_id": row.id, "status": int(ItemStatus.TODO)})
    put_into_inbox(
        uow,
        [
            {"id": row.id, "assignee_id": row.assignee_id, "group_id": row.group_id, "due_at": row.due_at}
            for row in rows
        ],
    )
    if work is not None and rows:
        timeouts.arm(uow, rows[0].instance_id, token, work, [row.id for row in rows], again=True)


def due_key(due: datetime | None) -> int:
    """Milliseconds since 1970; what has no due date comes last."""
    return NO_DUE if due is None else to_micros(due) // 1000


# ---------------------------------------------------------------- the frozen record of what a node asks


def dump(work: Work) -> dict[str, Any]:
    """`work` as values, without what the columns of `user_task` hold and without defaults."""
    spec: dict[str, Any] = {"assignment": [work.assignment.strategy, work.assignment.values]}
    for name in _PLAIN:
        value = getattr(work, name)
        if value != _DEFAULTS[name]:
            spec[name] = value
    if work.approval is not None:
        spec["approval"] = [work.approval.mode, dict(work.approval.parameters), work.approval.on_reject]
    if work.capability is not None:
        spec["capability"] = list(astuple(work.capability))
    for name in _LISTS:
        if getattr(work, name):
            spec[name] = list(getattr(work, name))
    if work.fields:
        spec["fields"] = [
            [rule.id, rule.permission, rule.required, rule.add_rows, rule.remove_rows, *([True] if rule.notify else ())]
            for rule in work.fields
        ]
    return spec


def asks_alike(row: Any, work: Work) -> bool:
    """Whether a task asks the same people by the same rule, for the same use, as when the round `row` was opened."""
    then, now = row.spec, dump(work)
    uses = [[use[0], use[2]] if (use := spec.get("capability")) else None for spec in (then, now)]
    same = all(digest([then.get(name)]) == digest([now.get(name)]) for name in ("approval", "assignment"))
    return same and uses[0] == uses[1]


def load(row: Any) -> Work:
    """The record that `open_round` froze in a `user_task` row (columns name, form, spec, priority, due_at)."""
    spec = row.spec
    approval = spec.get("approval")
    return Work(
        name=row.name,
        assignment=Assignment(*spec["assignment"]),
        approval=Approval(*approval) if approval else None,
        form=row.form,
        fields=tuple(FieldRule(*rule) for rule in spec.get("fields", ())),
        due=row.due_at,
        priority=row.priority,
        capability=_capability(spec) if spec.get("capability") else None,
        **{name: spec[name] for name in _PLAIN if name in spec},
        returns=tuple(spec.get("returns", ())),
        resubmits=tuple(spec.get("resubmits", ())),
    )


def _capability(spec: Mapping[str, Any]) -> Capability:
    provides, subject, subject_type, *more = spec["capability"]
    # rounds of before say no more than their strategy
    return Capability(provides, subject, subject_type, more[0] if more else spec["assignment"][0] in BY_REQUESTER)


_PLAIN = (
    "executor",
    "default_permission",
    "buttons",
    "opinion",
    "signature",
    "on_empty",
    "on_self",
    "labels",
    "request",
    "recall",
    "managers",
    "compensate",
    "timeout",
    "copies",
    "hooks",
    "counted",
)
_LISTS = ("returns", "resubmits")
_DEFAULTS: dict[str, Any] = {
    field.name: field.default_factory() if callable(field.default_factory) else field.default for field in fields(Work)
}


# ---------------------------------------------------------------- private


def number_of(uow: UnitOfWork, instance: Instance, node: str) -> int:
    """Of the round that is about to be written."""
    last = uow.read_one(_last_round, {"of": instance.id, "at_node": node})
    return 1 if last is None else int(last.round) + 1


def _chosen(
    uow: UnitOfWork, instance: Instance, fact: WorkOpened, asked: list[Candidate]
) -> tuple[list[Candidate], dict[UUID, int]]:
    """`random` asks one of them, every other mode all; with how much each had to do, where that was looked at."""
    if mode_of(fact.work) != "random":
        return asked, {}
    if fact.work.approval and fact.work.approval.parameters.get("pick") == "leastLoaded":
        counted = uow.execute(_loads, {"of": [candidate.id for candidate in asked]})
        loads = dict.fromkeys((candidate.id for candidate in asked), 0) | {
            one.principal_id: one.load for one in counted
        }
        return [min(asked, key=lambda candidate: (loads[candidate.id], candidate.id))], loads
    number = number_of(uow, instance, fact.node)
    one = modes.pick(instance.id, fact.node, number, [candidate.id for candidate in asked])
    return [candidate for candidate in asked if candidate.id == one], {}


def _items(
    uow: UnitOfWork, instance: Instance, fact: WorkOpened, round_id: UUID, asked: list[Candidate],
    agreed: Mapping[UUID, Before],
) -> list[dict[str, Any]]:  # fmt: skip
    """`agreed`: who need not be asked here, since he agrees somewhere else."""
    in_turn = mode_of(fact.work) == "sequential"
    first = next((candidate.id for candidate in asked if candidate.id not in agreed), None)
    weigh = weights(fact.work)
    return [
        {
            "id": ids.uuid7(), "user_task_id": round_id, "instance_id": instance.id, "kind": int(ItemKind.NORMAL),
            "seq": place * STEP, "weight": weigh(candidate),
            "assignee_id": None if candidate.group else candidate.id,
            "group_id": candidate.id if candidate.group else None,
            "owner_id": None if candidate.group else candidate.id,
            "status": int(ItemStatus.WAIT if in_turn and candidate.id != first else ItemStatus.TODO),
            "reason": candidate.reason, "due_at": fact.work.due, "created_at": uow.now,
            **(_repeated(uow, agreed[candidate.id]) if candidate.id in agreed else {}),
        }
        for place, candidate in enumerate(asked, 1)
    ]  # fmt: skip


def _repeated(uow: UnitOfWork, before: Before) -> dict[str, Any]:
    """The same person agrees somewhere else: the engine's yes, never his."""
    return {
        "status": int(ItemStatus.DECIDED), "decision": int(ItemDecision.AGREED),
        "decision_source": int(Source.AUTO_DEDUPE), "decided_at": uow.now, "evidence_id": before.evidence,
        "reason": before.reason,
    }  # fmt: skip


def _outcome_of(work: Work, items: list[dict[str, Any]]) -> Outcome | None:
    """Whether those who need not be asked decide the round by themselves."""
    if all(item["status"] != ItemStatus.DECIDED for item in items):
        return None
    blank = dict.fromkeys(column.name for column in work_item.columns)
    return decide(ledger_of(work, [SimpleNamespace(**{**blank, **item}) for item in items]))


def _record_repeated(
    uow: UnitOfWork, instance: Instance, fact: WorkOpened, round_id: UUID, items: list[dict[str, Any]]
) -> None:
    for item in items:
        if item["status"] == ItemStatus.DECIDED:
            data = {
                "task": str(round_id), "item": str(item["id"]), "decision": "agree",
                "decision_source": Source(item["decision_source"]).name.lower(), "reason": item["reason"],
            }  # fmt: skip
            if item["evidence_id"] is not None:
                data["evidence"] = str(item["evidence_id"])
            data["row"] = sealed(item)
            history.record(uow, instance, "task.decided", node=fact.node, data=data)


def sealed(item: Mapping[str, Any]) -> str:
    """Of a row that is inserted decided: what it does not name is empty, or as the table has it."""
    return audit.sealed_item(SimpleNamespace(), {"weight": 1, **item})


def _decide_without_people(
    uow: UnitOfWork, instance: Instance, fact: WorkOpened, row: dict[str, Any], found: Automatic
) -> None:
    word = ("agree" if fact.work.approval else "handled") if found.passed else "reject"
    decision = next(decision for decision, name in WORDS.items() if name == word)
    item = {
        "id": ids.uuid7(), "user_task_id": row["id"], "instance_id": instance.id, "kind": int(ItemKind.NORMAL),
        "seq": STEP, "status": int(ItemStatus.DECIDED), "decision": int(decision),
        "decision_source": int(found.source), "decided_at": uow.now, "reason": found.reason, "created_at": uow.now,
    }  # fmt: skip
    outcome = Outcome(
        "passed" if found.passed else "failed", (item["id"],), (), found.source.name.lower(), int(found.passed),
        int(not found.passed), 1,
    )  # fmt: skip
    _close_at_once(uow, instance, fact, row, [item], outcome, word, skipped=found.skipped)


def _close_at_once(
    uow: UnitOfWork, instance: Instance, fact: WorkOpened, row: dict[str, Any], items: list[dict[str, Any]],
    outcome: Outcome, word: str, *, skipped: bool = False,
) -> None:  # fmt: skip
    """A round that nobody need be asked in, as it is written when it opens."""
    number = number_of(uow, instance, fact.node)
    status = RoundStatus.SKIPPED if skipped else RoundStatus.PASSED if outcome.passed else RoundStatus.FAILED
    uow.queue(_insert_round, row | {"status": int(status), "outcome": word, "closed_at": uow.now})
    for item in items:
        if item["status"] != ItemStatus.DECIDED:
            uow.queue(_insert_item, item | {"status": int(ItemStatus.CANCELLED)})
            continue
        uow.queue(_insert_item, item)
        history.record(
            uow, instance, "task.decided", node=fact.node,
            data={
                "round": number,
                "task": str(row["id"]),
                "item": str(item["id"]),
                "decision": word,
                "decision_source": Source(item["decision_source"]).name.lower(),
                "reason": item["reason"],
                "row": sealed(item),
                "task_row": audit.sealed_task(row),
            },
        )  # fmt: skip
    told = routing(outcome, word, number, (), uow.now)
    uow.cache["outcome", fact.token] = RoundOutcome(told, on_reject_of(fact.work), patient(fact.work))
    uow.cache["closing", fact.token] = Closing(row["id"], status, word, (), ())
    copies.drawn(uow, instance, fact.work, row["id"], "enter", *(("end", "pass") if outcome.passed else ("end",)))


def _cancelled(uow: UnitOfWork, instance: Instance, fact: WorkClosed) -> Closing | None:
    """The wait was closed by something else than a decision: a boundary event, a cancel, an end."""
    rows = uow.read(_open_items, {"of": instance.id, "waiting": fact.token})
    if not rows:
        return None
    open_items = tuple(row.item_id for row in rows if row.item_id is not None and row.status in OPEN)
    timed = bool(rows[0].spec.get("timeout")) or any(row.confirm_until is not None for row in rows)
    return Closing(rows[0].round_id, RoundStatus.CANCELLED, "cancelled", open_items, open_items, timed)
