"""More people on a task, or fewer: before, after or beside whoever is asked 加签, removed again 减签; or later on."""

from uuid import UUID

from flask import flash, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import tasks
from engine.errors import N_, EngineError, InvalidValue, NotFound, Phrase
from engine.tasks import Signer
from webui import filling, signing
from webui.inbox import asking, blueprint
from webui.rendering import stay
from webui.transaction import shows_again

_WHERE = ("before", "after", "beside")


def _ask_add(item: UUID, error: EngineError | None = None) -> ResponseReturnValue:
    offered = tasks.get(g.uow, item).actions
    places = [place for place in _places() if f"add_{place[0]}" in offered]
    first = places[0][0] if places else ""
    return asking.ask(
        "add_signers", gettext("Add signers"), item, error, places=places, modes=_modes(),
        where=request.form.get("where", first),
    )  # fmt: skip


@blueprint.get("/<uuid:item>/signers")
def add_signers(item: UUID) -> ResponseReturnValue:
    """Whom, where, and how they decide."""
    return _ask_add(item)


@blueprint.post("/<uuid:item>/signers")
@shows_again(lambda error, item: _ask_add(item, error))
def do_add_signers(item: UUID) -> ResponseReturnValue:
    """加签: before me, after me (with my yes), or beside me."""
    people, mode, reason = asking.chosen(), request.form.get("mode", "all"), asking.reason()
    ids, once = [user.id for user in people], request.form.get("request_id")
    names = asking.names(people)
    match request.form.get("where"):
        case "before":
            tasks.add_before(g.uow, item, ids, mode, reason, idempotency_key=once)
            return asking.to_next(item, gettext("%(names)s are asked first.", names=names))
        case "after":
            seen = request.form.get("seen_digest", "")
            tasks.add_after(
                g.uow, item, ids, mode, filling.sent(), reason, seen_digest=seen, idempotency_key=once,
                signature=signing.sent(),
            )  # fmt: skip
            return asking.to_next(item, gettext("Agreed; it counts when %(names)s have signed.", names=names))
        case "beside":
            tasks.add_beside(g.uow, item, ids, reason, idempotency_key=once)
            flash(gettext("%(names)s are asked as well.", names=names), "success")
            return stay(url_for(".task", item=item))
    raise InvalidValue(
        expected=Phrase(N_("one of {words}"), words=", ".join(_WHERE)), found=request.form.get("where", "")
    )


def _ask_remove(item: UUID, signer: UUID, error: EngineError | None = None) -> ResponseReturnValue:
    return asking.ask("remove_signer", gettext("Remove a signer"), item, error, signer=_signer(item, signer))


@blueprint.get("/<uuid:item>/signers/<uuid:signer>")
def remove_signer(item: UUID, signer: UUID) -> ResponseReturnValue:
    """What follows, and why."""
    return _ask_remove(item, signer)


@blueprint.post("/<uuid:item>/signers/<uuid:signer>")
@shows_again(lambda error, item, signer: _ask_remove(item, signer, error))
def do_remove_signer(item: UUID, signer: UUID) -> ResponseReturnValue:
    """减签: somebody who was added is not asked any more."""
    who = _signer(item, signer)
    tasks.remove_signer(g.uow, signer, asking.reason(), idempotency_key=request.form.get("request_id"))
    flash(gettext("%(name)s is not asked any more.", name=who.name), "success")
    return stay(url_for(".task", item=item))


def _ask_future(item: UUID, error: EngineError | None = None) -> ResponseReturnValue:
    found = tasks.later(g.uow, tasks.get(g.uow, item).instance_id)
    node = request.form.get("node", found[0].node if found else "")
    return asking.ask("set_future", gettext("Later approvers"), item, error, later=found, node=node)


@blueprint.get("/<uuid:item>/future")
def set_future(item: UUID) -> ResponseReturnValue:
    """At which task, and whom."""
    return _ask_future(item)


@blueprint.post("/<uuid:item>/future")
@shows_again(lambda error, item: _ask_future(item, error))
def do_set_future(item: UUID) -> ResponseReturnValue:
    """改后续审批人: others are asked at a task that has not been reached, as well or instead."""
    people = asking.chosen()
    tasks.set_future(
        g.uow, tasks.get(g.uow, item).instance_id, request.form.get("node", ""), [user.id for user in people],
        adds=request.form.get("adds", "1") == "1", idempotency_key=request.form.get("request_id"),
    )  # fmt: skip
    flash(gettext("%(names)s will be asked there.", names=asking.names(people)), "success")
    return stay(url_for(".task", item=item))


def _signer(item: UUID, signer: UUID) -> Signer:
    found = next((one for one in tasks.get(g.uow, item).signers if one.work_item_id == signer), None)
    if found is None:
        raise NotFound(kind="signer", key=str(signer))
    return found


def _places() -> list[tuple[str, str, str]]:
    return [
        ("before", gettext("Before me"), gettext("They decide first; then the task is mine again.")),
        ("after", gettext("After me"), gettext("I agree now; my yes counts when they have signed.")),
        ("beside", gettext("Beside me"), gettext("They are asked as well and counted like everybody else.")),
    ]


def _modes() -> list[tuple[str, str]]:
    return [
        ("all", gettext("all of them")), ("any", gettext("one of them is enough")),
        ("sequential", gettext("one after the other")),
    ]  # fmt: skip
