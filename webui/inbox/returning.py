"""Going back from a task: send it back 退回 to an earlier place, take one's own decision back 取回."""

from uuid import UUID

from flask import flash, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import repository, tasks
from engine.errors import EngineError
from webui.inbox import asking, blueprint
from webui.rendering import leave, step_called
from webui.transaction import shows_again

_STEPWISE = "stepwise"


def _ask_where(item: UUID, error: EngineError | None = None) -> ResponseReturnValue:
    task = tasks.get(g.uow, item)
    node = repository.program(g.uow, task.definition_id).nodes.get(task.node)
    human = node.human if node is not None else None
    targets = tasks.targets(g.uow, item)
    legal = [target.word for target in targets if not target.refused]
    others = max(task.progress[1] - task.progress[0] - 1, 0)
    note = gettext("Approvals given after that place do not count any more.")
    if others:
        note = gettext("Others who are still asked here: %(n)s. They need not answer.", n=others) + " " + note
    return asking.ask(
        "send_back", gettext("Send back"), item, error, targets=targets, note=note,
        undone={
            target.word: ", ".join(step_called(key, task.definition_id) for key in target.undone) for target in targets
        },
        picked=request.form.get("target", legal[0] if legal else ""),
        resubmits=(human.resubmits if human is not None else ()) or (_STEPWISE,),
    )  # fmt: skip


@blueprint.get("/<uuid:item>/return")
def send_back(item: UUID) -> ResponseReturnValue:
    """Where to, with the reasons against what is not possible; whether it comes straight back; what has to change."""
    return _ask_where(item)


@blueprint.post("/<uuid:item>/return")
@shows_again(lambda error, item: _ask_where(item, error))
def do_send_back(item: UUID) -> ResponseReturnValue:
    """退回."""
    done = tasks.return_(
        g.uow, item, request.form.get("target", ""), asking.reason(), resubmit=request.form.get("resubmit", _STEPWISE),
        idempotency_key=request.form.get("request_id"),
    )  # fmt: skip
    if done.incident_id is not None:
        flash(gettext("Nothing was sent back: an operator has to look at an incident first."), "danger")
        return leave(url_for(".task", item=item))
    return asking.to_next(item, gettext("Sent back."))


def _ask_recall(item: UUID, error: EngineError | None = None) -> ResponseReturnValue:
    return asking.ask("recall", gettext("Take my decision back"), item, error)


@blueprint.get("/<uuid:item>/recall")
def recall(item: UUID) -> ResponseReturnValue:
    """What follows, and why."""
    return _ask_recall(item)


@blueprint.post("/<uuid:item>/recall")
@shows_again(lambda error, item: _ask_recall(item, error))
def do_recall(item: UUID) -> ResponseReturnValue:
    """取回."""
    again = tasks.recall(g.uow, item, asking.reason(), idempotency_key=request.form.get("request_id"))
    if again is None:
        flash(gettext("Nothing was taken back: an operator has to look at an incident first."), "danger")
        return leave(url_for(".task", item=item))
    flash(gettext("Your decision was taken back; the task is with you again."), "success")
    return leave(url_for(".task", item=again))
