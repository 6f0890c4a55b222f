"""look_back(): what was on the page when a task that is closed was decided, and how sure that is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from engine import bpmn, forms, repository
from engine.bpmn.state import State
from engine.bpmn.steps import ScopeOpened
from engine.db import rows
from engine.db.history import history
from engine.db.instance import Instance
from engine.db.task import user_task
from engine.errors import NotFound
from engine.history import CHANGES, Entry, timeline
from engine.tasks.erasing import erased
from engine.tasks.opening import form_digest
from engine.unit_of_work import UnitOfWork
from engine.values import Values

DECIDED, NOW, RECORDED, ERASED = "decided", "now", "recorded", "erased"
_DECISION = "task.decided"
_moves = (
    select(history.c.kind, history.c.data)
    .where(
        history.c.instance_id == bindparam("of"),
        history.c.kind.in_((ScopeOpened.kind, "instance.migrated", _DECISION, "task.advised")),
    )
    .order_by(history.c.seq)
)
_rounds = select(user_task.c.id, user_task.c.scope_path).where(user_task.c.instance_id == bindparam("of"))
_since = (
    select(history.c.seq)
    .where(history.c.instance_id == bindparam("of"), history.c.at >= bindparam("since"))
    .order_by(history.c.seq)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Page:
    """What is known of it. `values_of` says what `values` are: DECIDED, those that were on the page, as far as that is
    known; NOW, those of now, of which some were different; RECORDED, what decisions have written in a called process
    that has ended, and its values with it; ERASED, what erasing the request has left.

    `lost`: SHA-256 in hex of the form that was shown, where nobody has its file any more; then there is no `form`.
    """

    form: forms.Form | None
    values: Values
    values_of: str = DECIDED
    lost: str | None = None


def look_back(
    uow: UnitOfWork, instance: Instance, state: State, round: Any, item: Any,
    decisions: Callable[[], Sequence[Entry]] | None = None,
) -> Page:  # fmt: skip
    """Of a closed round, or an item of it. `decisions`: gives what `decisions_of` gives, where it is at hand."""
    form, lost = _form(uow, instance, round, item)
    left = _values_left(state, round)
    now = left or {}
    if form is None:
        return Page(None, now, lost=lost)
    if erased(uow, instance.id):
        return Page(form, now, ERASED)
    if left is not None and (item.form_digest is None or form_digest(uow, form, now) == item.form_digest):
        return Page(form, now)
    told = decisions() if decisions else decisions_of(uow, instance, None if left is None else item.decided_at)
    then = _recorded(uow, instance, round, item, told) if left is None else _undone(now, item, told)
    if form_digest(uow, form, then) == item.form_digest:
        return Page(form, then)
    return Page(form, then, RECORDED) if left is None else Page(form, now, NOW)


def decisions_of(uow: UnitOfWork, instance: Instance, since: datetime | None = None) -> list[Entry]:
    """What its history tells of decisions, from an instant on, with what they have written."""
    first = None if since is None else uow.execute(_since, {"of": instance.id, "since": since}).scalar()
    return timeline(uow, instance.id, after=(first or 1) - 1, kind=_DECISION, limit=100_000)


def drawn_in(uow: UnitOfWork, instance: Instance, round: Any, item: Any) -> UUID:
    """The version of the process, or of the one called around the task, in which it stood when it was decided."""
    then: dict[int, str] = {}
    decided = False
    for row in uow.execute(_moves, {"of": instance.id}):
        told = row.data or {}
        if row.kind == ScopeOpened.kind and told["definition"] is not None:
            then[told["scope"]] = told["definition"]
        elif row.kind == "instance.migrated":
            then.setdefault(told["scope"], told["from"])
            if not decided:
                then[told["scope"]] = told["to"]
        decided = decided or told.get("item") == str(item.id)
    return next((UUID(then[scope]) for scope, _ in reversed(_scopes(round)) if scope in then), instance.definition_id)


def start_form(uow: UnitOfWork, instance_id: UUID) -> forms.Form | None:
    """The form that a request was started with, of the version and the time in which it was; None: without one."""
    moves = [row.data for row in uow.execute(_moves, {"of": instance_id}) if row.kind == "instance.migrated"]
    first = next((UUID(told["from"]) for told in moves if told["scope"] == 0), None)
    drawn = first or rows.read(uow, instance_id).definition_id
    form_id = repository.program(uow, drawn).start_form
    started = timeline(uow, instance_id, limit=1)
    if form_id is None or not started:
        return None
    former = repository.forms_since(uow, form_id, drawn, started[0].at)
    return former[-1] if former else None


# ---------------------------------------------------------------- private


def _form(uow: UnitOfWork, instance: Instance, round: Any, item: Any) -> tuple[forms.Form | None, str | None]:
    """(the form that was on the page, None), or (None, its SHA-256) where its file is gone or another one."""
    if round.form is None:
        return None, None
    if item.shown_form is not None:
        try:
            return repository.form_of_file(uow, round.form, item.shown_form), None
        except NotFound:
            return None, item.shown_form.hex()
    at = item.decided_at or round.closed_at or uow.now
    former = repository.forms_since(uow, round.form, drawn_in(uow, instance, round, item), at)
    return (former[-1] if former else None), None


def _values_left(state: State, round: Any) -> Values | None:
    """What a closed round could read as it is now: of what is left of its process, from the inside outwards.

    None where a called process has ended: its caller's variables were never given to it.
    """
    inner = 0
    for scope, opener in _scopes(round)[1:]:
        if scope in state.scopes:
            inner = scope
            continue
        node = state.scopes[inner].program.nodes.get(opener)
        if node is None or node.type == "callActivity":
            return None
    return bpmn.variables(state, inner)


def _undone(now: Values, item: Any, decisions: Sequence[Entry]) -> Values:
    """`now` without what decisions have written since `item` was decided."""
    then = dict(now)
    for fact in reversed(decisions):
        own = fact.data.get("item") == str(item.id)
        then |= {name: pair[own] for name, pair in fact.data.get(CHANGES, {}).items()}
        if own:
            break
    return then


def _recorded(uow: UnitOfWork, instance: Instance, round: Any, item: Any, decisions: Sequence[Entry]) -> Values:
    """What decisions in the same called process had written when `item` was decided; of fields that only later ones
    have written, what stood there before.
    """
    moved = uow.execute(_moves, {"of": instance.id})
    called = {row.data["scope"] for row in moved if row.kind == ScopeOpened.kind and row.data["definition"] is not None}
    paths = {row.id: row for row in uow.execute(_rounds, {"of": instance.id})}

    def process(of: Any) -> int:
        return next((scope for scope, _ in reversed(_scopes(of)) if scope in called), 0)

    found: Values = {}
    past = False
    for fact in decisions:
        if process(paths[UUID(fact.data["task"])]) != process(round):
            continue
        for name, (before, after) in fact.data.get(CHANGES, {}).items():
            if past:
                found.setdefault(name, before)
            else:
                found[name] = after
        past = past or fact.data.get("item") == str(item.id)
    return found


def _scopes(round: Any) -> list[tuple[int, str]]:
    """From the process itself inwards to the round, each with the activity that opened it; cf. `rounds.path_of`."""
    parts = [part.partition("@") for part in (round.scope_path or "0").split("/")]
    return [(int(scope), opener.partition("#")[0]) for scope, _, opener in parts]
