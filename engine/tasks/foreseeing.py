"""What comes after a task while somebody still fills in its form: nothing is judged, nothing is kept."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from engine import forms, runtime
from engine.approvals import rounds
from engine.db.task import ItemStatus
from engine.runtime import Route, Typed
from engine.tasks import opening
from engine.tasks.opening import Act
from engine.unit_of_work import UnitOfWork


def foresee(
    uow: UnitOfWork, work_item_id: UUID, fields: Mapping[str, Any], approvers: Mapping[str, Sequence[Any]] | None = None
) -> Route:
    """流程预测: the way of the request if the actor, with `fields` as they stand in his form, and all others agree.

    `approvers`: whom he has selected so far for the tasks that follow; a selection that is not allowed is not followed.
    Who is not asked sees the way as it stands. Raises NotFound.
    """
    act = opening.look(uow, work_item_id)
    if act.item.status != ItemStatus.TODO or not opening.entitled(act):
        return runtime.preview_instance(uow, act.instance.id)
    return runtime.preview_instance(uow, act.instance.id, typed=_typed(act, fields), approvers=approvers or {})


def _typed(act: Act, fields: Mapping[str, Any]) -> Typed | None:
    form = opening.form_of(act)
    if form is None:
        return None
    values, missing = forms.so_far(
        form, dict(fields), stored=opening.values_of(act), permissions=forms.permissions.of(act.work),
        now=act.uow.now, zone=act.uow.settings.timezone, known=opening.judge(act),
    )  # fmt: skip
    others = [item for item in act.items if item.id != act.item.id and item.status in rounds.OPEN]
    return Typed(act.round.token, values, missing, last=not others or rounds.mode_of(act.work) == "any")
