"""Tasks that are no approvals, and what is common to all: look, claim, release, save a draft, complete."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, insert, select, update

from engine import forms, history, identity, ids, policy, repository, runtime
from engine.approvals import rounds, timeouts
from engine.approvals.choices import Selection
from engine.db.definition import definition
from engine.db.identity import membership
from engine.db.instance import instance as instance_table
from engine.db.task import ItemDecision, ItemKind, ItemStatus, RoundStatus, user_task, work_item
from engine.errors import ActNotOffered, NotYourTask, TaskAlreadyClaimed, Title
from engine.forms import Permissions
from engine.identity import User
from engine.tasks import choosing, closed, opening, recalling, returning, seeing, substituting, titles
from engine.tasks.deciding import Acted, decide, decisions
from engine.tasks.opening import Act
from engine.tasks.repeating import once_per_task
from engine.tasks.signatures import Sent
from engine.unit_of_work import UnitOfWork
from engine.values import Values

_supersede = (
    update(work_item)
    .where(work_item.c.id == bindparam("item_id"), work_item.c.status == int(ItemStatus.TODO))
    .values(status=int(ItemStatus.SUPERSEDED))
)
_set_status = update(work_item).where(work_item.c.id == bindparam("item_id"))
_set_draft = update(work_item).where(work_item.c.id == bindparam("item_id"))
_see = update(work_item).where(
    work_item.c.id == bindparam("item_id"), work_item.c.status == int(ItemStatus.TODO),
    work_item.c.first_seen_at.is_(None),
)  # fmt: skip
insert_item = insert(work_item)


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody who was added, or asked for advice. `removable`: by the actor, now."""

    work_item_id: UUID
    name: Title
    kind: str
    status: str
    decision: str | None
    opinion: str | None
    removable: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """A substitute's decision that counts when `principal` confirms it until `until`; `otherwise`: stands | falls."""

    by: User
    principal: User
    decision: str
    opinion: str | None
    until: datetime
    otherwise: str


@dataclass(frozen=True, slots=True)
class TaskView:
    """One work item as its page shows it. `actions`: the acts that the actor may do now; none: he may only look.

    `seen_digest` goes back with the decision; None for who may only look. `facts_display`: label -> text of the
    document that an approval binds.
    """

    work_item_id: UUID
    instance_id: UUID
    definition_id: UUID
    node: str
    token: int
    name: str
    labels: dict[str, str]
    number: str | None
    title: str
    form_id: str | None
    form: forms.Form | None
    """of an open task as it is now, of a closed one as it was shown"""
    values: Values
    permissions: Permissions
    actions: tuple[str, ...]
    button_labels: dict[str, str]
    opinion: str
    facts_display: dict[str, str] | None
    objection: str | None
    """why a yes of the actor would not count for the policy"""
    seen_digest: str | None
    status: str
    outcome: str | None
    assignee_name: str | None
    candidate_groups: tuple[str, ...]
    due_at: datetime | None
    round: int
    mode: str
    progress: tuple[int, int]
    """decided, counted"""
    draft: dict[str, Any] | None
    version: int
    selects: tuple[Selection, ...] = ()
    """later nodes whose people whoever agrees here may choose"""
    signers: tuple[Signer, ...] = ()
    """added people and advisers of the round, in the order in which they were asked"""
    note: returning.Note | None = None
    """why it is asked again"""
    signature: str = "never"
    """whether a decision is signed by hand: required | offered | never"""
    proposal: Proposal | None = None
    """what a substitute has decided, while it waits for the principal"""
    values_of: str = closed.DECIDED
    """of a closed task: what `values` are, cf. `closed.Page`"""
    form_lost: str | None = None
    """of a closed task: SHA-256 in hex of the form that was shown, where nobody has its file any more"""
    beyond: NotYourTask | None = None
    """why a substitute may only look: his principal has set a limit"""


def get(uow: UnitOfWork, work_item_id: UUID) -> TaskView:
    """The task for its page. Raises NotFound, NotYourTask for people who have nothing to do with the instance."""
    act = opening.look(uow, work_item_id)
    mine = opening.entitled(act)
    if not mine and not may_see(uow, act.instance.id):
        raise opening.not_yours(act)
    is_open = act.round.status == RoundStatus.OPEN
    page = (
        closed.Page(opening.form_of(act), opening.values_of(act)) if is_open
        else closed.look_back(uow, act.instance, runtime.load(uow, act.instance), act.round, act.item)
    )  # fmt: skip
    document = document_of(act) if is_open else None
    counted = [item for item in act.items if item.kind in rounds.TOP and item.status not in rounds.GONE]
    return TaskView(
        work_item_id=act.item.id,
        instance_id=act.instance.id,
        definition_id=UUID(act.token.scope.definition_id)
        if is_open
        else closed.drawn_in(uow, act.instance, act.round, act.item),
        node=act.round.node,
        token=act.round.token,
        name=act.round.name,
        labels=dict(act.work.labels),
        number=act.instance.number,
        title=titles.shown(
            uow,
            act.instance.definition_id,
            act.instance.title,
            repository.definition(uow, act.instance.definition_id).name,
            _permissions(act, mine),
        ),
        form_id=act.work.form,
        form=page.form,
        form_lost=page.lost,
        values=page.values,
        values_of=page.values_of,
        permissions=_permissions(act, mine),
        actions=offered(act) if mine else recalling.offered(act),
        button_labels={name: text for name, text in act.work.buttons.items() if text not in ("true", "false")},
        opinion=act.work.opinion,
        facts_display=dict(document.facts.display) if document and _reads_facts(act, mine) else None,
        objection=_objection(act, document) if mine else None,
        seen_digest=seeing.seen(act, page.form, page.values, document) if mine and is_open else None,
        status=ItemStatus(act.item.status).name.lower(),
        outcome=act.round.outcome,
        assignee_name=next(iter(opening.holders(uow, [act.item])), None) if act.item.assignee_id else None,
        candidate_groups=tuple(opening.holders(uow, [item for item in act.items if item.group_id is not None])),
        due_at=act.item.due_at,
        round=act.round.round,
        mode=act.round.mode,
        progress=(sum(item.decided_at is not None and not rounds.unconfirmed(item) for item in counted), len(counted)),
        draft=act.item.draft if mine else None,
        version=act.item.version,
        selects=tuple(choosing.to_select(act)) if mine and is_open else (),
        signers=_signers(act),
        note=returning.note(act) if is_open else None,
        signature=act.work.signature,
        proposal=_proposal(act) if is_open else None,
        beyond=None if mine or not is_open else opening.beyond(act),
    )


def opened(uow: UnitOfWork, work_item_id: UUID) -> None:
    """The person who is asked has opened the task; whoever only looks has not. Raises NotFound, NotYourTask."""
    act = opening.look(uow, work_item_id)
    if not opening.entitled(act) and not may_see(uow, act.instance.id):
        raise opening.not_yours(act)
    if opening.entitled(act) and act.item.first_seen_at is None:
        uow.queue(_see, {"item_id": act.item.id, "first_seen_at": uow.now})


@once_per_task
def claim(
    uow: UnitOfWork, work_item_id: UUID, *, version: int | None = None, idempotency_key: str | None = None
) -> UUID:
    """领取: the group's item becomes the actor's; returns the id of his item. His own one already: nothing happens.

    Raises TaskAlreadyClaimed, NotYourTask, AlreadyDecided, ActNotOffered, Stale.
    """
    taken = opening.look(uow, work_item_id, lock=True)
    if taken.item.status == ItemStatus.SUPERSEDED and taken.round.status == RoundStatus.OPEN:
        holder = [item for item in taken.items if item.status == ItemStatus.TODO and item.assignee_id is not None]
        if holder and holder[0].assignee_id != uow.actor.user_id:
            raise TaskAlreadyClaimed(task=taken.round.name, assignee=", ".join(opening.holders(uow, holder)))
    act = opening.begin(uow, work_item_id, version=version)
    if act.item.assignee_id is not None:
        return UUID(str(act.item.id))
    if act.work.buttons.get("claim") == "false":
        raise ActNotOffered(act="claim", task=act.round.name, offered=", ".join(offered(act)))
    made = succeed(act, assignee_id=act.actor_id, group_id=None, owner_id=act.actor_id, reason=act.item.reason)
    siblings = _alternatives(act)
    for item in siblings:
        uow.queue(_set_status, {"item_id": item.id, "status": int(ItemStatus.WAIT)})
    rounds.leave_inbox(uow, [item.id for item in siblings])
    history.record(
        uow, act.instance, "task.claimed", node=act.round.node,
        data={"task": str(act.round.id), "item": str(made), "asks": {str(made): str(act.actor_id)}},
    )  # fmt: skip
    return made


@once_per_task
def unclaim(
    uow: UnitOfWork, work_item_id: UUID, *, version: int | None = None, idempotency_key: str | None = None
) -> UUID:
    """Give a claimed item back to its group; returns the id of the group's new item. Raises ActNotOffered, Stale."""
    act = opening.begin(uow, work_item_id, version=version)
    origin = next((item for item in act.items if item.id == act.item.supersedes_id), None)
    if origin is None or origin.group_id is None:
        raise ActNotOffered(act="unclaim", task=act.round.name, offered=", ".join(offered(act)))
    made = succeed(act, assignee_id=None, group_id=origin.group_id, owner_id=None, reason=origin.reason)
    waiting = [item for item in act.items if item.status == ItemStatus.WAIT and item.group_id is not None]
    rounds.ask(uow, waiting, act.work, act.round.token)
    history.record(
        uow, act.instance, "task.released", node=act.round.node,
        data={"task": str(act.round.id), "item": str(made), "asks": {str(made): str(origin.group_id)}},
    )  # fmt: skip
    return made


def save_draft(
    uow: UnitOfWork, work_item_id: UUID, fields: Mapping[str, Any], opinion: str = "", version: int | None = None
) -> int:
    """Keep what was typed so far; the engine never evaluates it. Returns the new version. Raises Stale."""
    act = opening.begin(uow, work_item_id, version=version, proposable=True)
    draft = {"fields": dict(fields), "opinion": opinion}
    uow.queue(_set_draft, {"item_id": act.item.id, "draft": draft, "version": act.item.version + 1})
    return int(act.item.version) + 1


def complete(
    uow: UnitOfWork,
    work_item_id: UUID,
    fields: Mapping[str, Any] | None = None,
    opinion: str = "",
    *,
    approvers: Mapping[str, Sequence[Any]] | None = None,
    seen_digest: str | None = None,
    version: int | None = None,
    idempotency_key: str | None = None,
    signature: Sent | None = None,
) -> Acted:
    """办理: the task is done. `approvers` as of `agree`.

    Raises ActNotOffered on an approval, InvalidForm, CannotChoose, and what `opening.begin` raises.
    """
    return decide(
        uow, work_item_id, ItemDecision.HANDLED, fields, opinion, seen_digest, version, idempotency_key,
        lambda act: choosing.select_next(act, approvers or {}),
        signature,
    )  # fmt: skip


# ---------------------------------------------------------------- who may see, what is offered


_starter = select(
    instance_table.c.starter_id, instance_table.c.definition_id, instance_table.c.ended_at
).where(instance_table.c.id == bindparam("of"))  # fmt: skip
_of_person = (
    (work_item.c.assignee_id == bindparam("who"))
    | (work_item.c.decided_by == bindparam("who"))
    | work_item.c.group_id.in_(select(membership.c.group_id).where(membership.c.user_id == bindparam("who")))
)
_participant = select(work_item.c.id).where(work_item.c.instance_id == bindparam("of"), _of_person).limit(1)
_of_many: BindParameter[Any] = bindparam("of", expanding=True)
_kinds = (
    select(
        instance_table.c.id,
        instance_table.c.starter_id,
        instance_table.c.process_key,
        definition.c.category,
        instance_table.c.definition_id,
        instance_table.c.ended_at,
    )
    .join(definition, definition.c.id == instance_table.c.definition_id)
    .where(instance_table.c.id.in_(_of_many))
)
_asked = select(user_task).where(
    user_task.c.id.in_(select(work_item.c.user_task_id).where(work_item.c.instance_id.in_(_of_many), _of_person))
)
_participating = select(work_item.c.instance_id).where(work_item.c.instance_id.in_(_of_many), _of_person).distinct()
_every_round = select(user_task).where(user_task.c.instance_id.in_(_of_many))


def may_see(uow: UnitOfWork, instance_id: UUID) -> bool:
    """Whether the actor takes part in the instance: requester, asked, substitute of one of them, or of those who look
    after its process; or the cockpit.
    """
    actor_id = uow.actor.user_id
    return identity.may(uow, "cockpit") if actor_id is None else sees(uow, instance_id, actor_id)


def sees(uow: UnitOfWork, instance_id: UUID, person_id: UUID) -> bool:
    """As `may_see`, of anybody."""
    people = substituting.whose_eyes(uow, instance_id, person_id)
    starter = uow.read_one(_starter, {"of": instance_id})
    if starter is not None and starter.starter_id in people:
        return True
    if any(uow.read_one(_participant, {"of": instance_id, "who": person}) for person in people):
        return True
    if identity.capabilities_of(uow, person_id) & {repository.ADMINISTER, "audit", "admin"}:
        return True
    return starter is not None and (
        repository.named(uow, starter, person_id) or repository.keeps(uow, starter, person_id)
    )


def sight(uow: UnitOfWork, instance_id: UUID) -> Permissions:
    """Which fields of an instance the actor may read: the requester and who looks after it all of them, everybody else
    those that one of his tasks shows; whoever may release it, once its time is over, those of its summary.
    """
    return sights(uow, [instance_id])[instance_id]


def sights(uow: UnitOfWork, instance_ids: Sequence[UUID]) -> dict[UUID, Permissions]:
    """`sight` of each instance of a list, in as many statements as of one."""
    actor_id = uow.actor.user_id
    if identity.may(uow, "cockpit") or identity.may(uow, "audit"):
        return dict.fromkeys(instance_ids, forms.READ_ALL)
    if actor_id is None or not instance_ids:
        return dict.fromkeys(instance_ids, forms.permissions.HIDE_ALL)
    of = {"of": list(dict.fromkeys(instance_ids))}
    kinds = {row.id: row for row in uow.execute(_kinds, of)}
    eyes = {key: [actor_id] for key in of["of"]} | substituting.eyes(uow, kinds.values(), actor_id)
    asked: dict[UUID, list[Any]] = {key: [] for key in eyes}
    for person in dict.fromkeys(person for people in eyes.values() for person in people):
        for row in uow.execute(_asked, {**of, "who": person}):
            if person in eyes[row.instance_id]:
                asked[row.instance_id].append(row)
    bare = [key for key, rows in asked.items() if not rows]
    copies = set(uow.execute(_participating, {"of": bare, "who": actor_id}).scalars()) if bare else set()
    if copies:  # a copy that no task sent shows what every task shows
        for row in uow.execute(_every_round, {"of": list(copies)}):
            asked[row.instance_id].append(row)
    cared_for = repository.manages_of(uow, kinds.values())
    found = {}
    for key, rows in asked.items():
        if key in cared_for or (key in kinds and kinds[key].starter_id in eyes[key]):
            found[key] = forms.READ_ALL
            continue
        shown = [forms.permissions.of(rounds.load(row)) for row in rows]
        if key in copies:
            shown = [forms.permissions.all_of(shown)]
        if key in kinds and repository.keeps(uow, kinds[key], actor_id):
            summary = repository.program(uow, kinds[key].definition_id).summary
            shown.append(Permissions("hidden", dict.fromkeys(summary, "read")))
        found[key] = forms.permissions.any_of(shown)
    return found


def _permissions(act: Act, mine: bool) -> Permissions:
    """On the fields of the task at hand; whoever may only look sees no more of them than whoever is asked."""
    asked = forms.permissions.of(act.work)
    if mine:
        return asked
    if repository.manages(act.uow, act.instance) or identity.may(act.uow, "audit"):
        return forms.READ_ALL
    return forms.permissions.all_of([asked, sight(act.uow, act.instance.id)])


def _reads_facts(act: Act, mine: bool) -> bool:
    """Whether the document of an approval is shown: to who is asked, else to who may read everything of the request."""
    allowed = _permissions(act, mine)
    return mine or (allowed.default != "hidden" and "hidden" not in allowed.by_path.values())


BUTTONS = {"add_before": "addBefore", "add_after": "addAfter", "add_beside": "addBeside"}
"""The word of `troika:buttons` for an act, where it is another one."""


def offered(act: Act) -> tuple[str, ...]:
    """The acts on this item, in the order of their buttons."""
    buttons = act.work.buttons
    if rounds.unconfirmed(act.item):
        return ("confirm", "refuse") if act.item.assignee_id == act.actor_id else ()
    if act.item.status != ItemStatus.TODO:
        return ("hand_back",) if act.item.status == ItemStatus.ADVISING else ()
    if act.item.kind == ItemKind.ADVICE:
        return ("hand_back", "comment", "attach")
    acts = decisions(act)
    if act.proposes:
        return (*acts, "comment", "attach")
    if act.item.group_id is not None:
        acts.append("claim")
    elif act.item.supersedes_id is not None and any(
        item.id == act.item.supersedes_id and item.group_id is not None for item in act.items
    ):
        acts.append("unclaim")
    acts.append("transfer")
    if act.item.assignee_id is not None:
        acts.append("delegate")
        if rounds.mode_of(act.work) != "inform":
            acts += _signing(act)
    if choosing.may_set_future(act):
        acts.append("set_future")
    acts += ["comment", "attach"]
    if returning.offered(act):
        acts.append("return")
    return tuple(name for name in acts if buttons.get(BUTTONS.get(name, name)) != "false")


def _signing(act: Act) -> list[str]:
    """How this item may get more signers: nobody is added beside one who was added himself, nor where being asked is
    all that an approval which counts for a policy takes: one of two approvers could bring the other one along.
    """
    counts = act.work.capability
    beside = act.item.kind in rounds.TOP and (counts is None or policy.entitles(act.uow, counts.provides))
    return ["add_before", "add_after", *(["add_beside"] if beside else [])]


def document_of(act: Act) -> policy.Document | None:
    """The document that the approval counts for, as it is now; None: it counts for no policy. Raises NotFound."""
    capability = act.work.capability
    if capability is None:
        return None
    return policy.document(act.uow, capability.subject_type, capability.subject)


def succeed(act: Act, **changes: Any) -> UUID:
    """Supersede the item by one that differs in `changes`; both rows stay. Returns the successor's id."""
    uow, item = act.uow, act.item
    row = successor(act, **changes)
    uow.queue(_supersede, {"item_id": item.id}, expect=1)
    uow.queue(insert_item, row)
    rounds.leave_inbox(uow, [item.id])
    rounds.put_into_inbox(uow, [row])
    timeouts.arm(uow, item.instance_id, act.round.token, act.work, [row["id"]])
    made: UUID = row["id"]
    return made


def successor(act: Act, **changes: Any) -> dict[str, Any]:
    """The row of an item that takes the place of this one."""
    item = act.item
    return {
        "id": ids.uuid7(), "user_task_id": item.user_task_id, "instance_id": item.instance_id,
        "parent_id": item.parent_id, "supersedes_id": item.id, "kind": int(ItemKind(item.kind)), "seq": item.seq,
        "weight": item.weight, "assignee_id": item.assignee_id, "group_id": item.group_id, "owner_id": item.owner_id,
        "status": int(ItemStatus.TODO), "reason": item.reason, "due_at": item.due_at, "draft": item.draft,
        "added_by": item.added_by or act.actor_id, "group_mode": item.group_mode, "created_at": act.uow.now, **changes,
    }  # fmt: skip


def _proposal(act: Act) -> Proposal | None:
    item = act.item
    if not rounds.unconfirmed(item):
        return None
    by, principal = (identity.user(act.uow, key) for key in (item.decided_by, item.on_behalf_of_id))
    return Proposal(
        by, principal,
        rounds.WORDS.get(ItemDecision(item.decision), ""), item.opinion, item.confirm_until, item.confirm_else,
    )  # fmt: skip


def _signers(act: Act) -> tuple[Signer, ...]:
    added = [
        item for item in act.items
        if item.kind != ItemKind.NORMAL and item.status not in rounds.GONE and item.voided_at is None
    ]  # fmt: skip
    known = identity.names(act.uow, [item.assignee_id for item in added])
    may = act.work.buttons.get("removeSigner") != "false"
    kept = len([item for item in act.items if item.kind in rounds.TOP and item.status not in rounds.GONE]) == 1
    return tuple(
        Signer(
            item.id, known.get(item.assignee_id, Title("", {})), ItemKind(item.kind).name.lower(),
            ItemStatus(item.status).name.lower(),
            None if item.decision is None else rounds.WORDS.get(ItemDecision(item.decision)), item.opinion,
            removable=may and item.added_by == act.actor_id and item.kind != ItemKind.ADVICE
            and item.status in rounds.OPEN and item.decision is None and not (kept and item.kind in rounds.TOP),
        )
        for item in sorted(added, key=lambda item: item.id)
    )  # fmt: skip


def _alternatives(act: Act) -> list[Any]:
    """Items of other groups that ask for the same one act."""
    if act.round.mode not in ("any", "claim", "inform", "single"):
        return []
    return [item for item in act.others if item.group_id is not None and item.status == ItemStatus.TODO]


def _objection(act: Act, document: policy.Document | None) -> str | None:
    if document is None or act.work.capability is None:
        return None
    return policy.objection(act.uow, act.instance, act.work.capability, document, act.actor_id, act.behalf)
