"""One request as people see it: where it stands, who decided what, and the drawing with its marks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import select

from engine import history, identity, repository, runtime, tasks
from engine.bpmn.steps import DecisionEvaluated
from engine.db.definition import definition
from engine.db.identity import user_account
from engine.db.instance import Status, instance
from engine.db.task import ItemDecision, ItemKind, ItemStatus, RoundStatus, Source, user_task, work_item
from engine.errors import NotFound
from engine.forms import Permissions
from engine.tasks import Signed, signatures
from engine.unit_of_work import UnitOfWork
from webui import languages, reasons, rendering, route

SUBMISSIONS = 10
FACTS = 20_000
"""more of one instance are not drawn"""


@dataclass(frozen=True)
class Card:
    """The head of an instance page."""

    id: UUID
    definition_id: UUID
    definition_version: int
    process_key: str
    process_name: str
    number: str | None
    business_key: str | None
    title: str
    summary: Any
    status: str
    incidents: int
    starter_id: UUID | None
    starter_name: str
    waits_for: str
    created_at: datetime
    ended_at: datetime | None
    submission: int = 1
    resubmits_id: UUID | None = None
    """the withdrawn request that this one takes up again"""

    @property
    def open(self) -> bool:
        """Whether anything can still happen."""
        return self.status in ("running", "suspended")


@dataclass(frozen=True)
class Change:
    """A field that somebody wrote when he decided: what it held before, and since."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Line:
    """One line of a timeline; `open` while somebody is asked. `why`: of a decision that a table made. `round`: which
    visit of its node it belongs to.
    """

    title: str
    who: str
    at: datetime | None
    text: str = ""
    badge: str = ""
    colour: str = "secondary"
    open: bool = False
    node: str = ""
    why: tuple[reasons.Table, ...] = ()
    round: int = 1
    muted: bool = False
    """nobody's own act, or one that no longer counts"""
    waited: timedelta | None = None
    """from being asked to the answer"""
    changes: tuple[Change, ...] = ()
    signature: Signed | None = None
    """with which the decision was signed"""


def card(uow: UnitOfWork, instance_id: UUID) -> Card:
    """Raises NotFound, also for a reader who has nothing to do with the instance."""
    row = uow.execute(_card.where(instance.c.id == instance_id, instance.c.status != Status.DRAFT)).one_or_none()
    if row is None or not tasks.may_see(uow, instance_id):
        raise NotFound(kind="request", key=str(instance_id))
    sight = tasks.sight(uow, instance_id)
    process_name = rendering.label((row.meta or {}).get("labels"), row.process_name)
    return Card(
        row.id, row.definition_id, row.version, row.process_key, process_name, row.number, row.business_key,
        tasks.shown_title(uow, row.definition_id, row.title, process_name, sight),
        _readable(row.summary, sight), Status(row.status).name.lower(), row.incidents,
        row.starter_id, _name(row.name, row.name_en),
        _waits_for(uow, instance_id) if row.status in (Status.RUNNING, Status.SUSPENDED) else "",
        row.created_at, row.ended_at, row.submission, row.resubmits_id,
    )  # fmt: skip


def _readable(summary: dict[str, Any] | None, sight: Permissions) -> dict[str, Any]:
    return {name: value for name, value in (summary or {}).items() if sight.on(name) != "hidden"}


def _waits_for(uow: UnitOfWork, instance_id: UUID) -> str:
    view = runtime.instance_view(uow, instance_id)
    nodes = [view.state.program.nodes[node] for node in view.markers if node in view.state.program.nodes]
    named = (rendering.label(node.labels, node.name) for node in nodes)
    return ", ".join(dict.fromkeys(name for name in named if name))


def timeline(uow: UnitOfWork, at: Card) -> list[Line]:
    """Submitted, every decision with its opinion or its reasons, who is asked now, and how it ended; oldest first."""
    lines = [Line(gettext("Submitted"), at.starter_name, at.created_at)]
    lines += sorted(
        [*ledger(uow, at), *decided(uow, at), *told(uow, at)], key=lambda line: (line.open, line.at or at.created_at)
    )
    if at.ended_at is not None:
        badge = {"completed": gettext("completed"), "rejected": gettext("rejected")}.get(at.status, gettext("ended"))
        lines.append(Line(gettext("Ended"), "", at.ended_at, badge=badge, colour=_END.get(at.status, "secondary")))
    return lines


def decided(uow: UnitOfWork, at: Card) -> list[Line]:
    """What decision tables decided, with the reasons that the reader may see."""
    facts = history.timeline(uow, at.id, limit=FACTS, kind=DecisionEvaluated.kind)
    if not facts:
        return []
    sight = tasks.sight(uow, at.id)
    nodes = repository.program(uow, at.definition_id).nodes
    lines = []
    for fact in facts:
        node = nodes.get(fact.node or "")
        title = rendering.label(node.labels, node.name) if node is not None else fact.data["decision"]
        line = Line(title, gettext("decision table"), fact.at, node=fact.node or "")
        if reasons.may_read([node.result] if node is not None and node.result else [], sight):
            why = reasons.tables(fact.data.get("why", ()), sight)
            result = gettext("(erased)") if fact.data.get(history.ERASED) else _result(fact.data["result"])
            line = replace(line, text=result, why=why)
        lines.append(line)
    return lines


def _result(value: Any) -> str:
    """A result for people; of several columns each with its name."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {rendering.value_text(part)}" for name, part in value.items())
    return rendering.value_text(value)


def told(uow: UnitOfWork, at: Card) -> list[Line]:
    """Who was urged, and to whom copies went."""
    facts = [fact for kind in _TOLD for fact in history.timeline(uow, at.id, limit=FACTS, kind=kind)]
    read = {one.reader_id: one.read_at for one in tasks.receipts(uow, at.id)} if facts else {}
    named = {fact.actor_id for fact in facts} | {UUID(key) for fact in facts for key in fact.data.get("to", ())}
    people = {user.id: user for user in identity.find(uow, {key for key in named if key})} if named else {}
    lines = []
    for fact in facts:
        who = _person(people[fact.actor_id]) if fact.actor_id in people else gettext("system")
        if fact.kind == "task.urged":
            lines.append(Line(gettext("Urged"), who, fact.at, badge=gettext("urged"), colour="yellow"))
        else:
            readers = ", ".join(_reader(people.get(UUID(key)), read.get(UUID(key))) for key in fact.data["to"])
            text = gettext("to %(names)s", names=readers)
            lines.append(Line(gettext("Copy"), who, fact.at, fact.data.get("reason", ""), text, "azure", muted=True))
    return lines


def earlier(uow: UnitOfWork, at: Card) -> list[tuple[Card, list[Line]]]:
    """The submissions that this one takes up again, newest first, with their timelines; as far as the reader took part
    in them.
    """
    found: list[tuple[Card, list[Line]]] = []
    while at.resubmits_id is not None and len(found) < SUBMISSIONS and tasks.may_see(uow, at.resubmits_id):
        at = card(uow, at.resubmits_id)
        found.append((at, timeline(uow, at)))
    return found


def ledger(uow: UnitOfWork, at: Card) -> list[Line]:
    """What every person was asked and answered, automatic results under their own name; round by round."""
    instance_id = at.id
    items = uow.execute(_items.where(work_item.c.instance_id == instance_id)).all()
    signed = signatures.of_instance(uow, instance_id) if any(row.signature_id for row in items) else {}
    people = {user.id: user for user in identity.find(uow, {key for row in items for key in row[:4] if key})}
    groups = {group.id: group for group in identity.find_groups(uow, {row.group_id for row in items if row.group_id})}
    changes = _changes(uow, at) if any(row.decision_source == Source.HUMAN for row in items) else {}
    answered: dict[tuple[str, int], datetime] = {}
    asked_again = {row.id for row in items if row.voided_at is not None}
    by_id = {row.id: row for row in items}
    moved = _moved(uow, instance_id) if any(row.added_by and row.reason for row in items) else {}
    lines = []
    for row in items:
        title = rendering.label((row.spec or {}).get("labels"), row.name)
        asked = people.get(row.assignee_id) or groups.get(row.group_id)
        if row.added_by and row.supersedes_id not in asked_again:
            why = route.reason(row.reason or "") if _engine_wrote(row, by_id, moved) else row.reason or ""
            before = by_id.get(row.supersedes_id)
            lines += _added(row, before, title, _person(people.get(row.added_by)), _person(asked), why)
        if row.decision is not None:
            by_hand = signed.get(row.evidence_id if row.decision_source == Source.CARRIED else row.id)
            asked_at = row.created_at
            if row.mode == "sequential":  # his turn came when the one before had answered
                asked_at = max(asked_at, answered.get((row.node, row.round), asked_at))
            answered[row.node, row.round] = row.decided_at
            waited = row.decided_at - asked_at if row.decision_source == Source.HUMAN else None
            line = replace(_answer(row, title, people), signature=by_hand, waited=waited)
            lines.append(replace(line, changes=changes.get(str(row.id), ())))
            lines += _confirmation(row, title, people)
            if row.round_status == RoundStatus.OPEN and row.outcome is not None and row.decision == _REJECTED:
                badge = gettext("waits for the other branches")
                lines.append(
                    Line(title, gettext("system"), row.decided_at, "", badge, "orange", True, row.node, round=row.round)
                )
        elif row.round_status == RoundStatus.OPEN and row.status in _WAITING:
            badge = gettext("later") if row.status == ItemStatus.WAIT else gettext("waits")
            if row.status == ItemStatus.ADVISING:
                badge = gettext("asks for advice")
            lines.append(
                Line(title, _person(asked), row.created_at, "", badge, "blue", True, row.node, round=row.round)
            )
        elif row.status == ItemStatus.REMOVED:
            gone = gettext("removed")
            lines.append(
                Line(title, _person(asked), row.created_at, "", gone, node=row.node, round=row.round, muted=True)
            )
    return lines


def _changes(uow: UnitOfWork, at: Card) -> dict[str, tuple[Change, ...]]:
    """What was written with each decision, by item; what the reader may not see is not in it."""
    found = {}
    sight: Permissions | None = None
    for fact in history.timeline(uow, at.id, limit=FACTS, kind="task.decided"):
        if not fact.data.get("changes"):
            continue
        sight = sight or tasks.sight(uow, at.id)
        found[fact.data["item"]] = tuple(
            Change(*rendering.change(at.process_key, name, old, new, at.id))
            for name, (old, new) in sorted(fact.data["changes"].items()) if reasons.may_read([name], sight)
        )  # fmt: skip
    return found


def _moved(uow: UnitOfWork, instance_id: UUID) -> dict[str, bool]:
    """Items that came from somebody else by a transfer -> whether a time limit did it and no person."""
    facts = history.timeline(uow, instance_id, limit=FACTS, kind="task.transferred")
    return {fact.data["item"]: fact.data.get("decision_source") == "auto_timeout" for fact in facts}


def _engine_wrote(row: Any, by_id: Mapping[UUID, Any], moved: Mapping[str, bool]) -> bool:
    """Whether the reason why somebody is asked is the engine's, not what a person typed who brought him in."""
    while str(row.id) not in moved and row.supersedes_id in by_id:
        row = by_id[row.supersedes_id]
    return moved.get(str(row.id), row.kind == ItemKind.NORMAL)


def _added(row: Any, before: Any, title: str, by: str, who: str, why: str) -> list[Line]:
    """That somebody brought in somebody else, or took it from his group. `before`: the item in whose place this one
    stands; `why`: in the words of whoever did.
    """
    words = {
        ItemKind.SIGN_BEFORE: gettext("added %(name)s before", name=who),
        ItemKind.SIGN_AFTER: gettext("added %(name)s after", name=who),
        ItemKind.SIGN_PARALLEL: gettext("added %(name)s beside", name=who),
        ItemKind.ADVICE: gettext("asked %(name)s for advice", name=who),
    }
    text = words.get(ItemKind(row.kind))
    if row.supersedes_id is not None:
        text = gettext("transferred to %(name)s", name=who) if row.reason else None
    if before is not None and before.assignee_id is None and row.assignee_id == row.added_by:
        text, why = gettext("claimed"), ""
    elif before is not None and before.assignee_id is not None and row.assignee_id is None:
        text, why = gettext("given back to %(name)s", name=who), ""
    if text is None:
        return []
    return [
        Line(
            title,
            by,
            row.created_at,
            "" if row.reason == "added" else why,
            text,
            "azure",
            node=row.node,
            round=row.round,
        )
    ]


def _answer(row: Any, title: str, people: dict[UUID, Any]) -> Line:
    automatic = row.decision_source not in (Source.HUMAN, Source.CARRIED)
    by = gettext("automatic") if automatic else _person(people.get(row.decided_by))
    if row.on_behalf_of_id in people:
        by = gettext("%(name)s for %(principal)s", name=by, principal=_person(people[row.on_behalf_of_id]))
    text = row.opinion or (route.reason(row.reason or "") if automatic else "")
    word, colour = _decision(row.decision)
    if row.decision_source == Source.CARRIED:
        word = gettext("%(decision)s, carried over", decision=word)
    if row.voided_at is not None:
        word = gettext("%(decision)s, no longer counts", decision=word)
        refused = row.answered_by is not None and row.voided_at == row.answered_at  # by a person, in his words
        if not refused and route.wrote(row.void_reason or ""):
            word = f"{word} ({route.reason(row.void_reason)})"
    elif row.confirm_until is not None and row.answered_at is None and row.round_status == RoundStatus.OPEN:
        word = gettext("%(decision)s, waits for confirmation", decision=word)
    muted = automatic or row.voided_at is not None
    return Line(title, by, row.decided_at, text, word, "secondary" if muted else colour, node=row.node, round=row.round,
                muted=muted)  # fmt: skip


def _confirmation(row: Any, title: str, people: dict[UUID, Any]) -> list[Line]:
    """What the principal, or the passing of time, made of a substitute's decision."""
    if row.answered_at is None:
        return []
    by = gettext("automatic") if row.answered_by is None else _person(people.get(row.answered_by))
    stands = row.voided_at != row.answered_at  # else void since the answer, not by something later
    badge, colour = (gettext("confirmed"), "green") if stands else (gettext("not confirmed"), "orange")
    text = gettext("not answered within a day") if row.answered_by is None else ""
    if not stands and row.answered_by is not None and row.void_reason != "refused":
        text = row.void_reason or ""
    return [Line(title, by, row.answered_at, text, badge, colour, node=row.node, round=row.round)]


def decision_word(decision: int) -> str:
    """What was decided, for people."""
    return _decision(decision)[0]


def _decision(decision: int) -> tuple[str, str]:
    words = {
        ItemDecision.AGREED: (gettext("agreed"), "green"), ItemDecision.REJECTED: (gettext("rejected"), "red"),
        ItemDecision.ABSTAINED: (gettext("abstained"), "secondary"), ItemDecision.HANDLED: (gettext("done"), "green"),
        ItemDecision.RETURNED: (gettext("returned"), "orange"), ItemDecision.ADVISED: (gettext("advised"), "azure"),
    }  # fmt: skip
    return words[ItemDecision(decision)]


def _person(who: Any) -> str:
    return rendering.person(who) if who is not None else "–"


def _reader(who: Any, read_at: datetime | None) -> str:
    """Who got a copy, and when he opened it."""
    if read_at is None:
        return _person(who)
    return gettext("%(name)s (read %(at)s)", name=_person(who), at=rendering.moment(read_at))


def _name(name: str | None, name_en: str | None) -> str:
    if name is None:
        return gettext("system")
    return name_en if languages.language() == "en" and name_en else name


_REJECTED = int(ItemDecision.REJECTED)
_TOLD = ("task.urged", "copy.sent", "people.admitted")
_WAITING = (ItemStatus.TODO, ItemStatus.WAIT, ItemStatus.ADVISING, ItemStatus.COUNTERSIGNING)
_END = {"completed": "green", "rejected": "red", "failed": "red"}
_card = (
    select(
        instance.c.id, instance.c.definition_id, instance.c.process_key, instance.c.number, instance.c.business_key,
        instance.c.title, instance.c.summary, instance.c.status, instance.c.incidents, instance.c.starter_id,
        instance.c.created_at, instance.c.ended_at, instance.c.submission, instance.c.resubmits_id,
        definition.c.version, definition.c.name.label("process_name"),
        definition.c.meta, user_account.c.name, user_account.c.name_en,
    )
    .join(definition, definition.c.id == instance.c.definition_id)
    .outerjoin(user_account, user_account.c.id == instance.c.starter_id)
)  # fmt: skip
_items = (
    select(
        work_item.c.assignee_id, work_item.c.decided_by, work_item.c.added_by, work_item.c.on_behalf_of_id,
        work_item.c.group_id, work_item.c.kind, work_item.c.voided_at, user_task.c.round,
        work_item.c.supersedes_id, work_item.c.status, work_item.c.decision, work_item.c.decision_source,
        work_item.c.decided_at, work_item.c.opinion, work_item.c.reason, work_item.c.created_at, user_task.c.name,
        user_task.c.spec, user_task.c.node, user_task.c.status.label("round_status"),
        user_task.c.mode, user_task.c.outcome, work_item.c.id, work_item.c.evidence_id, work_item.c.signature_id,
        work_item.c.confirm_until, work_item.c.answered_at, work_item.c.answered_by, work_item.c.void_reason,
    )
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .where(work_item.c.kind != int(ItemKind.COPY))
    .order_by(user_task.c.opened_seq, work_item.c.seq, work_item.c.id)
)  # fmt: skip
