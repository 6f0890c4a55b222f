"""What a resubmission would do, told before it is made: straight back to whoever sent it back, or step by step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from engine import forms, runtime
from engine.db.task import user_task
from engine.runtime import Typed, reopening
from engine.runtime.environment import beside
from engine.tasks import opening
from engine.unit_of_work import UnitOfWork
from engine.values import digest

_parked = (
    select(
        user_task.c.id, user_task.c.name, user_task.c.guarded, user_task.c.guarded_digest, user_task.c.passed_seq
    )
    .where(user_task.c.parked_by == bindparam("of"), user_task.c.voided_at.is_(None))
    .order_by(user_task.c.passed_seq)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Resubmission:
    """`straight`: nothing that was decided on has changed. `changed`: the fields that have; `again`: what is decided
    again because of it."""

    straight: bool
    changed: tuple[str, ...] = ()
    again: tuple[str, ...] = ()


def resubmission(uow: UnitOfWork, work_item_id: UUID, fields: Mapping[str, Any]) -> Resubmission:
    """Where a task that was sent back would go with these fields; nothing is written.

    The way is foretold by the run's own rules (`reopening.changed`); what an answer that nobody knows yet hides of it
    is judged by its fields and its time.

    Raises InvalidForm, NotYourTask, NotFound.
    """
    act = opening.look(uow, work_item_id)
    if not opening.entitled(act):
        raise opening.not_yours(act)
    ticket = beside(uow, act.instance).ticket
    if ticket is None:
        return Resubmission(False)
    stored = opening.values_of(act)
    form = opening.form_of(act)
    written = {}
    if form is not None:
        written = forms.validate(
            form, dict(fields), stored=stored, permissions=forms.permissions.of(act.work), now=uow.now,
            zone=uow.settings.timezone, known=opening.judge(act),
        )  # fmt: skip
    after = stored | written
    broken = runtime.preview_instance(
        uow, act.instance.id, typed=Typed(act.round.token, after, frozenset(), last=True)
    ).broken  # fmt: skip
    parked = uow.read(_parked, {"of": ticket})
    first = next(
        (
            number for number, row in enumerate(parked)
            if row.id == broken or reopening.seen(after, row.guarded) != row.guarded_digest
            or reopening.over(uow, reopening.items_of(uow, row.id))
        ),
        len(parked),
    )  # fmt: skip
    again = parked[first:]  # the first difference breaks the ticket
    changed = {
        name for name in written if digest([written[name]]) != digest([stored.get(name)])
        and any(row.guarded is None or name in row.guarded for row in again)
    }  # fmt: skip
    return Resubmission(not again, tuple(sorted(changed)), tuple(row.name for row in again))
