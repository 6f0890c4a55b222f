"""离职转办: the open work of somebody who leaves goes to somebody else, with a look at it beforehand."""

from uuid import UUID

from flask import Blueprint, current_app, g, request
from flask.typing import ResponseReturnValue

from engine import identity, tasks
from engine.errors import N_, InvalidValue
from engine.identity import User
from engine.process_engine import ProcessEngine
from engine.unit_of_work import Actor
from webui import rendering
from webui.access import guard
from webui.rendering import page
from webui.transaction import own_transactions

blueprint = Blueprint("leaving", __name__, url_prefix="/people/leaving")
guard(blueprint, "people")


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Who has left work behind; once two people are chosen, what would go from one to the other."""
    leaver, to = _person("leaver"), _person("to")
    process = request.args.get("process", "")
    lines = tasks.hand_over_preview(g.uow, leaver.id, to.id, process or None) if leaver and to else None
    return page(
        "people/leaving.html", behind=tasks.left_behind(g.uow), leaver=leaver, to=to, process=process, lines=lines,
        besides=tasks.besides(g.uow, leaver.id) if lines is not None and leaver else None,
        processes=list(rendering.processes().values()),
    )  # fmt: skip


@blueprint.post("/")
@own_transactions
def hand_over() -> ResponseReturnValue:
    """No two instances share a transaction, so the verb opens its own; a line that cannot go stays and says why."""
    engine: ProcessEngine = current_app.extensions["troika"]
    actor = Actor(g.reader.id, source="web")
    chosen = [_item(text) for text in request.form.getlist("item")]
    besides = bool(request.form.get("besides"))
    if not chosen and not besides:
        raise InvalidValue(expected=N_("something to hand over"), found=N_("nothing"))
    leaver, to = request.form.get("leaver", ""), request.form.get("to", "")
    lines = tasks.hand_over(engine, actor, leaver, to, request.form.get("reason", ""), chosen, besides=besides)
    with engine.unit_of_work(actor, read_only=True) as g.uow:
        try:
            return page(
                "people/left.html", lines=lines, leaver=identity.user(g.uow, leaver), to=identity.user(g.uow, to)
            )
        finally:
            g.pop("uow")


def _person(name: str) -> User | None:
    """Of the address, by id or login; nobody yet: None. Raises NotFound."""
    text = request.args.get(name, "").strip()
    return identity.user(g.uow, text) if text else None


def _item(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidValue(expected=N_("a task of the list"), found=text[:80]) from None
