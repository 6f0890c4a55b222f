"""Handing a task over, for good or for a question: transfer 转办, delegate 委派; copy 抄送; consult 沟通."""

from uuid import UUID

from flask import flash, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import tasks
from engine.errors import EngineError
from webui.inbox import asking, blueprint
from webui.rendering import stay
from webui.transaction import shows_again


def _ask_transfer(item: UUID, error: EngineError | None = None) -> ResponseReturnValue:
    return asking.ask("transfer", gettext("Transfer this task"), item, error)


@blueprint.get("/<uuid:item>/transfer")
def transfer(item: UUID) -> ResponseReturnValue:
    """To whom, and why."""
    return _ask_transfer(item)


@blueprint.post("/<uuid:item>/transfer")
@shows_again(lambda error, item: _ask_transfer(item, error))
def do_transfer(item: UUID) -> ResponseReturnValue:
    """转办: somebody else decides instead of me."""
    to, reason = asking.one(), asking.reason()
    tasks.transfer(g.uow, item, to.id, reason, idempotency_key=request.form.get("request_id"))
    return asking.to_next(item, gettext("Transferred to %(name)s.", name=to.name))


def _ask_delegate(item: UUID, error: EngineError | None = None) -> ResponseReturnValue:
    return asking.ask("delegate", gettext("Ask for advice"), item, error)


@blueprint.get("/<uuid:item>/delegate")
def delegate(item: UUID) -> ResponseReturnValue:
    """Whom, and what."""
    return _ask_delegate(item)


@blueprint.post("/<uuid:item>/delegate")
@shows_again(lambda error, item: _ask_delegate(item, error))
def do_delegate(item: UUID) -> ResponseReturnValue:
    """委派: somebody is asked for advice; the decision stays mine."""
    to, question = asking.one(), asking.reason()
    tasks.delegate(g.uow, item, to.id, question, idempotency_key=request.form.get("request_id"))
    return asking.to_next(item, gettext("%(name)s was asked; you will be asked again with the answer.", name=to.name))


def _ask_copy(item: UUID, error: EngineError | None = None) -> ResponseReturnValue:
    return asking.ask("copy", gettext("Send a copy"), item, error)


@blueprint.get("/<uuid:item>/copy")
def copy(item: UUID) -> ResponseReturnValue:
    """Whom to tell."""
    return _ask_copy(item)


@blueprint.post("/<uuid:item>/copy")
@shows_again(lambda error, item: _ask_copy(item, error))
def do_copy(item: UUID) -> ResponseReturnValue:
    """抄送: others read along; the task stays as it is."""
    people = asking.chosen()
    tasks.copy_to(
        g.uow, tasks.get(g.uow, item).instance_id, [user.id for user in people], asking.reason(),
        again=bool(request.form.get("again")), idempotency_key=request.form.get("request_id"),
    )  # fmt: skip
    flash(gettext("A copy went to %(names)s.", names=asking.names(people)), "success")
    return stay(url_for(".task", item=item))


def _ask_consult(item: UUID, error: EngineError | None = None) -> ResponseReturnValue:
    return asking.ask("consult", gettext("Talk in private"), item, error)


@blueprint.get("/<uuid:item>/consult")
def consult(item: UUID) -> ResponseReturnValue:
    """With whom, and what about."""
    return _ask_consult(item)


@blueprint.post("/<uuid:item>/consult")
@shows_again(lambda error, item: _ask_consult(item, error))
def do_consult(item: UUID) -> ResponseReturnValue:
    """沟通: a thread that only its members read; the task stays as it is."""
    people = asking.chosen()
    tasks.consult(
        g.uow, tasks.get(g.uow, item).instance_id, [user.id for user in people], asking.reason(),
        idempotency_key=request.form.get("request_id"),
    )  # fmt: skip
    flash(gettext("Sent to %(names)s; only you and they read it.", names=asking.names(people)), "success")
    return stay(url_for(".task", item=item))
