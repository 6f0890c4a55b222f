"""批量同意: agree to the ticked tasks of a list, each for itself, and what became of each."""

from uuid import UUID

from flask import current_app, g, request
from flask.typing import ResponseReturnValue

from engine import tasks
from engine.errors import N_, EngineError, InvalidValue
from engine.process_engine import ProcessEngine
from engine.tasks import Chosen
from engine.unit_of_work import Actor, UnitOfWork
from webui.inbox import blueprint
from webui.inbox.asking import came_from
from webui.rendering import page
from webui.transaction import own_transactions


@blueprint.post("/agree-many")
@own_transactions
def agree_many() -> ResponseReturnValue:
    """No two instances share a transaction, so the verb opens its own; a refused line leaves the others as they are."""
    chosen = [_line(text) for text in request.form.getlist("line")]
    engine: ProcessEngine = current_app.extensions["troika"]
    actor = Actor(g.reader.id, source="web")
    with engine.unit_of_work(actor, read_only=True) as uow:
        titles = {line.work_item_id: _title(uow, line.work_item_id) for line in chosen}
    results = tasks.agree_many(
        engine, actor, chosen, request.form.get("opinion", ""), idempotency_key=request.form.get("request_id")
    )
    with engine.unit_of_work(actor, read_only=True) as g.uow:
        try:
            return page("inbox/many.html", results=results, titles=titles, wanted=came_from())
        finally:
            g.pop("uow")


def _line(text: str) -> Chosen:
    """`item:digest`, as the list carried it."""
    item, _, digest = text.partition(":")
    try:
        return Chosen(UUID(item), digest)
    except ValueError:
        raise InvalidValue(expected=N_("a task of the list"), found=text[:80]) from None


def _title(uow: UnitOfWork, item: UUID) -> str:
    try:
        return tasks.get(uow, item).title
    except EngineError:  # whoever may not see it reads why beside its number
        return str(item)
