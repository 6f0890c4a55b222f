"""Handing a task over: transfer 转办."""

from uuid import UUID

from flask import g, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import tasks
from engine.errors import EngineError
from webui.inbox import asking, blueprint
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
    to, reason = asking.one(), request.form.get("reason", "").strip()
    tasks.transfer(g.uow, item, to.id, reason, idempotency_key=request.form.get("request_id"))
    return asking.to_next(item, gettext("Transferred to %(name)s.", name=to.name))
