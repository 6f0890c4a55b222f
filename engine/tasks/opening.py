"""The opening lines that every act on a work item shares: lock, look, check who and whether."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from engine import audit, bpmn, dmn, forms, history, identity, pickers, policy, repository, runtime, uploads
from engine.approvals import automatic, copies, rounds
from engine.bpmn import chosen
from engine.bpmn.state import Token
from engine.bpmn.steps import Work
from engine.db import rows
from engine.db.identity import membership, user_account
from engine.db.instance import Instance, Status
from engine.db.task import ItemDecision, ItemKind, ItemStatus, RoundStatus, user_task, work_item
from engine.errors import (
    N_,
    AlreadyDecided,
    BeyondSubstitution,
    EngineError,
    InstanceOver,
    NoLongerAsked,
    NotFound,
    NotYourTask,
    OwnRequest,
    PrincipalOnly,
    Stale,
    Suspended,
    TaskWaiting,
)
from engine.forms import Sum
from engine.forms.schema import Known
from engine.identity import Substitution
from engine.tasks import substituting
from engine.unit_of_work import UnitOfWork
from engine.values import HOME_CURRENCY, Values, digest

VOTING = (ItemKind.NORMAL, ItemKind.SIGN_BEFORE, ItemKind.SIGN_AFTER, ItemKind.SIGN_PARALLEL)

_place = select(work_item.c.instance_id).where(work_item.c.id == bindparam("of"))
_same = work_item.alias()
_ledger = (
    select(
        work_item,
        *(column.label(f"round_{column.name}") for column in user_task.columns),
        select(user_account.c.person_id)
        .where(user_account.c.id == bindparam("clicks"))
        .scalar_subquery()
        .label("round_person"),
    )
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .where(
        work_item.c.kind != int(ItemKind.COPY),
        work_item.c.user_task_id == select(_same.c.user_task_id).where(_same.c.id == bindparam("of")).scalar_subquery(),
    )
    .order_by(work_item.c.seq, work_item.c.id)
)
_ITEM = tuple(column.name for column in work_item.columns)
_ROUND = (*(column.name for column in user_task.columns), "person")
"""what a row of the ledger holds, in this order"""
_tell = update(user_task).where(user_task.c.id == bindparam("row"))
_member = select(membership.c.user_id).where(
    membership.c.group_id == bindparam("of"), membership.c.user_id == bindparam("who")
)


@dataclass(slots=True)
class Act:
    """One act in progress: the locked instance, the round, its items, the item acted on, and who acts."""

    uow: UnitOfWork
    instance: Instance
    round: Any
    items: list[Any]
    item: Any
    work: Work
    actor_id: UUID
    person_id: UUID | None
    behalf: UUID | None
    repeated: bool = False
    """the same idempotency key did it already: answer as before"""
    rule: Substitution | None = None
    """by which the actor acts for his principal"""

    @property
    def proposes(self) -> bool:
        """Whether what the actor decides has to be confirmed by his principal."""
        return self.rule is not None and self.rule.confirm

    @property
    def token(self) -> Token:
        """The wait in the state."""
        return token_of(self.uow, self.instance, self.round.token)

    @property
    def others(self) -> list[Any]:
        """Items of the round that are still open, without this one."""
        return [item for item in self.items if item.status in rounds.OPEN and item.id != self.item.id]


def begin(
    uow: UnitOfWork,
    item_id: UUID,
    *,
    version: int | None = None,
    key: str | None = None,
    states: Sequence[ItemStatus] = (ItemStatus.TODO,),
    proposable: bool = False,
) -> Act:
    """Lock the instance, then look again: is the item open, is it the actor's, is it what he saw?

    A claimed or transferred item leads to its successor when that is the actor's. `states`: of an item that the act is
    for. `proposable`: a substitute whose decisions have to be confirmed may do it too. Raises NotFound, InstanceOver,
    Suspended, AlreadyDecided, TaskWaiting, NoLongerAsked, NotYourTask, PrincipalOnly, Stale.
    """
    act = look(uow, item_id, lock=True)
    if key is not None and act.item.idempotency_key == key and act.item.decided_by == act.actor_id:
        act.repeated = True
        return act
    check_open(act)
    if act.item.status not in states:
        raise out_of_turn(act)
    act.behalf = _entitled(act)
    if act.proposes and not proposable:
        raise PrincipalOnly(task=act.round.name, principal=", ".join(holders(uow, [act.item])))
    if act.behalf is not None:
        uow.actor = replace(uow.actor, on_behalf_of=act.behalf)
    if version is not None and version != act.item.version:
        raise Stale(task=act.round.name, found=act.item.version, seen=version)
    return act


def copy_for_principal(act: Act) -> None:
    """What a substitute has just decided, for a principal who wants to know: unread, once more each time."""
    if act.rule is not None and act.rule.keep_copy:
        copies.send(
            act.uow, act.instance, [act.rule.principal_id], act.round.id, act.round.name, again=True
        )  # fmt: skip


def check_open(act: Act) -> None:
    """Raises AlreadyDecided, Suspended, InstanceOver."""
    if act.item.status == ItemStatus.DECIDED or act.round.status != RoundStatus.OPEN:
        raise already_decided(act)
    if act.instance.status is Status.SUSPENDED:
        raise Suspended(instance=act.instance.number or act.instance.id)
    if act.instance.status not in runtime.LIVE:
        raise InstanceOver(instance=act.instance.number or act.instance.id)


def lock(uow: UnitOfWork, item_id: UUID) -> None:
    """Lock the instance of the item, before anything is looked up that another click may just be writing.

    Raises NotFound.
    """
    uow.lock_instance_of(item_id)


def look(uow: UnitOfWork, item_id: UUID, *, lock: bool = False) -> Act:
    """The item with its round, whatever their state. Raises NotFound, also for a copy: it is read, never acted on."""
    instance = uow.lock_instance_of(item_id) if lock else rows.read(uow, _place_of(uow, item_id))
    # read in statements of their own after the lock: a join inside it would return rows from before the wait
    rows_ = uow.read(_ledger, {"of": item_id, "clicks": uow.actor.user_id})
    if item_id not in {row.id for row in rows_}:
        raise NotFound(kind="task", key=item_id)
    if rows_[0].instance_id != instance.id:
        raise RuntimeError("two instances in one unit of work: what one wants from another is a job")
    items = [SimpleNamespace(**dict(zip(_ITEM, row, strict=False))) for row in rows_]
    found = SimpleNamespace(**dict(zip(_ROUND, rows_[0][len(_ITEM) :], strict=True)))
    item = _successor(items, next(one for one in items if one.id == item_id), uow.actor.user_id)
    actor_id = uow.actor.user_id or UUID(int=0)
    work = _as_drawn(uow, instance, found, rounds.load(found), keep=lock)
    return Act(uow, instance, found, items, item, work, actor_id, found.person, None)


def _as_drawn(uow: UnitOfWork, instance: Instance, found: Any, work: Work, *, keep: bool) -> Work:
    """Rounds of before kept only the name of the strategy: who chose the people of an open one says its drawing.

    `keep`: write it into the round, for the gate.
    """
    counts = work.capability
    if counts is None or counts.by_requester or found.status != RoundStatus.OPEN:
        return work
    if not policy.leaves_open(uow, counts.provides):
        return work
    token = runtime.load(uow, instance).tokens.get(found.token)
    by_requester = token is None or chosen.by_requester(
        token.node, token.scope.program.nodes, lambda key: _decision(uow, key)
    )
    counts = replace(counts, by_requester=by_requester)
    told = list(astuple(counts))
    if keep and found.spec["capability"] != told:
        row = vars(found) | {"spec": found.spec | {"capability": told}}
        data = {"task": str(found.id), "by_requester": by_requester, "task_row": audit.sealed_task(row)}
        history.record(uow, instance, "chooser.recorded", node=found.node, data=data)
        uow.queue(_tell, {"row": found.id, "spec": row["spec"]})
    return replace(work, capability=counts)


def _decision(uow: UnitOfWork, key: str) -> dmn.Model | None:
    try:
        return repository.decision(uow, key)
    except EngineError:
        return None


def token_of(uow: UnitOfWork, instance: Instance, token: int) -> Token:
    """The open wait of a round. Raises KeyError when the state does not have it."""
    found: Token = runtime.load(uow, instance).tokens[token]
    return found


def values_of(act: Act) -> Values:
    """What the form of the task shows: the variables that its node can read."""
    token = act.token
    return bpmn.variables(runtime.load(act.uow, act.instance), token.scope.id) | (token.vars or {})


def form_of(act: Act) -> forms.Form | None:
    """The form of the version that opened the round."""
    if act.work.form is None:
        return None
    return repository.form(act.uow, act.work.form, UUID(act.token.scope.definition_id))


def digest_of_form(act: Act) -> bytes | None:
    """SHA-256 of the file of the form that is on the page."""
    form = form_of(act)
    return None if form is None else form.digest


def judge(act: Act) -> Known:
    """What may be chosen in the form; files too that whoever decides has brought to the request before."""
    return pickers.judge(act.uow, beside=act.instance.id, brought_by=act.item.decided_by or act.actor_id)


def form_digest(uow: UnitOfWork, form: forms.Form | None, values: Values) -> bytes:
    """What was seen: the values of the form's fields, and what is in its files."""
    names = sorted({field.path.partition(".")[0] for field in form.fields}) if form else []
    files = [["", str(one.id), one.digest.hex()] for one in uploads.contents(uow, form, values)]
    return digest([*([name, values.get(name)] for name in names), *files])


def entitled(act: Act) -> bool:
    """Whether the actor may act on the item now, or take back what he has asked others for."""
    if act.item.status not in rounds.OPEN:
        return False
    try:
        _entitled(act)
    except NotYourTask:
        return False
    return True


def beyond(act: Act) -> NotYourTask | None:
    """Why a substitute may only look at an item that his principal has to decide himself."""
    try:
        if act.item.status in rounds.OPEN:
            _entitled(act)
    except BeyondSubstitution as error:
        return error
    except NotYourTask:
        return None
    return None


def check_written(act: Act, written: Mapping[str, Any]) -> None:
    """A substitute does not write an amount that he could not have decided on. Raises BeyondSubstitution."""
    if act.rule is None or act.rule.max_amount is None or not written:
        return
    over = substituting.first_over(act.rule, _sums(act, written))
    if over is not None:
        raise _over_limit(act, Sum(act.rule.max_amount, HOME_CURRENCY), over)


def already_decided(act: Act) -> AlreadyDecided:
    """Who was faster, and when."""
    decided = [item for item in act.items if item.decided_at is not None and item.voided_at is None]
    last = max(decided, key=lambda item: item.decided_at, default=None)
    if act.item.decided_at is not None:
        last = act.item
    if last is None:
        return AlreadyDecided(task=act.round.name, decision=N_("closed"), by=N_("the engine"), at=act.round.closed_at)
    by = identity.names(act.uow, [last.decided_by]).get(last.decided_by, N_("the engine"))
    word = rounds.WORDS.get(ItemDecision(last.decision), "closed")
    return AlreadyDecided(task=act.round.name, decision=word, by=by, at=last.decided_at)


def out_of_turn(act: Act) -> EngineError:
    """Why an item that is not decided takes no decision now; only who holds it is told what it waits for."""
    if rounds.unconfirmed(act.item):
        return already_decided(act)
    mine = act.item.assignee_id == act.actor_id
    if mine and act.item.status in rounds.OPEN:
        others = [item for item in act.items if item.status == ItemStatus.TODO and item.parent_id == act.item.id]
        others = others or [item for item in act.others if item.status == ItemStatus.TODO]
        return TaskWaiting(task=act.round.name, others=", ".join(holders(act.uow, others)) or N_("nobody"))
    if mine and act.item.status in (ItemStatus.REMOVED, ItemStatus.CANCELLED):
        return NoLongerAsked(task=act.round.name)
    return not_yours(act)


def not_yours(act: Act) -> NotYourTask:
    """Whose turn it is."""
    waiting = [item for item in act.items if item.status == ItemStatus.TODO] or [act.item]
    return NotYourTask(task=act.round.name, assignee=", ".join(holders(act.uow, waiting)) or N_("nobody"))


def holders(uow: UnitOfWork, items: Sequence[Any]) -> list[str]:
    """Names of assignees and groups."""
    people = identity.names(uow, [item.assignee_id for item in items])
    group_ids = [str(item.group_id) for item in items if item.group_id is not None]
    groups = {group.id: group.name for group in identity.find_groups(uow, group_ids)}
    found = [people.get(item.assignee_id) or groups.get(item.group_id) for item in items]
    return [name for name in found if name]


# ---------------------------------------------------------------- private


def _place_of(uow: UnitOfWork, item_id: UUID) -> UUID:
    place = uow.read_one(_place, {"of": item_id})
    if place is None:
        raise NotFound(kind="task", key=item_id)
    found: UUID = place.instance_id
    return found


def _successor(items: Sequence[Any], item: Any, actor_id: UUID | None) -> Any:
    current = item
    while current.status == ItemStatus.SUPERSEDED:
        following = next((one for one in items if one.supersedes_id == current.id), None)
        if following is None:
            return item
        current = following
    return current if current.assignee_id in (None, actor_id) or current is item else item


def _sums(act: Act, written: Mapping[str, Any] | None = None) -> list[Sum]:
    """What money the item is about: as its forms and, where it counts for a policy, the document say.

    `written`: what the actor is about to write. What the document says in the currency of the books stands for what
    the form says in another one.
    """
    known, settings = values_of(act) | dict(written or {}), act.uow.settings
    said: dict[str, list[Sum]] = {}
    for form in _forms_with_money(act):
        stated: dict[str, list[Sum]] = {}
        for (path, _), total in forms.sums(form, known, now=act.uow.now, zone=settings.timezone).items():
            stated.setdefault(path, []).append(total)
        said = stated | said
    found = [total for totals in said.values() for total in totals]
    capability = act.work.capability
    if capability is not None:
        facts = policy.document(act.uow, capability.subject_type, capability.subject).facts.values
        if facts.get("amount_base") is not None:
            found = [one for one in found if one.currency == HOME_CURRENCY]
            found.append(Sum(Decimal(facts["amount_base"]), HOME_CURRENCY))
        elif facts.get("amount") is not None:
            found.append(Sum(Decimal(facts["amount"]), str(facts.get("currency") or HOME_CURRENCY)))
    return found


def _forms_with_money(act: Act) -> list[forms.Form]:
    """Of the task and of the request; then their newest versions, which may state a currency that those do not."""
    start = repository.program(act.uow, act.instance.definition_id).start_form
    shown = [form_of(act), repository.known_form(act.uow, start, act.instance.definition_id) if start else None]
    found = [form for form in shown if form is not None]
    newest = [repository.known_form(act.uow, form.id) for form in found]
    return [*found, *(form for form in newest if form is not None)]


def _entitled(act: Act) -> UUID | None:
    """The principal for whom the actor may act, None when it is his own item. Raises NotYourTask."""
    actor_id, item = act.uow.actor.user_id, act.item
    if actor_id is None:
        raise not_yours(act)
    if item.assignee_id == actor_id:
        return None
    if item.group_id is not None:
        if act.uow.read_one(_member, {"of": item.group_id, "who": actor_id}):
            kept_from_him = act.item.reason in automatic.IN_PLACE or act.work.on_self != "ask"
            if kept_from_him and _is_requester(act, actor_id):
                raise OwnRequest(task=act.round.name, assignee=", ".join(holders(act.uow, [item])))
            return None
        raise not_yours(act)
    found = substituting.rule_for(act.uow, act.instance, item, actor_id, lambda: _sums(act))
    if found.rule is None and found.over is None:
        raise not_yours(act)
    if _is_requester(act, actor_id):  # a substitute may not decide on his own request
        raise not_yours(act)
    if found.rule is None:
        raise _over_limit(act, found.limit, found.over)
    act.rule = found.rule
    return found.rule.principal_id


def _is_requester(act: Act, actor_id: UUID) -> bool:
    """Accounts of one person are one person."""
    starter = act.instance.starter_id
    if starter is None:
        return False
    persons = identity.persons(act.uow, [starter, actor_id])
    return actor_id == starter or persons.get(actor_id) == persons.get(starter) is not None


def _over_limit(act: Act, limit: Sum | None, over: Sum | None) -> BeyondSubstitution:
    return BeyondSubstitution(
        task=act.round.name, assignee=", ".join(holders(act.uow, [act.item])), limit=str(limit), found=str(over),
        currency=HOME_CURRENCY,
    )  # fmt: skip
