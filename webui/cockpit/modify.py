"""Tokens of one instance moved by hand: pick, look at what it would do, give a reason, do it."""

from typing import Any
from uuid import UUID

from flask import flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import bpmn, identity, modification, repository, runtime
from engine.bpmn.program import BOUNDARY, EVENT_SUB, Node
from engine.db import rows
from engine.errors import N_, EngineError, InvalidValue
from engine.runtime import InstanceView
from engine.values import Values, from_json
from webui import progress
from webui.access import may_read, needs
from webui.cockpit import blueprint
from webui.rendering import page
from webui.transaction import shows_again

WHERE = ("before", "after")


@blueprint.get("/instances/<uuid:instance_id>/modify")
@needs("")
def modify(instance_id: UUID) -> ResponseReturnValue:
    """Where its tokens are, where one could start, and on request what would happen."""
    return _shown(instance_id, request.args)


def _again(error: EngineError, instance_id: UUID) -> ResponseReturnValue:
    return _shown(instance_id, request.form, error)


@blueprint.post("/instances/<uuid:instance_id>/modify")
@needs("")
@shows_again(_again)
def carry_out(instance_id: UUID) -> ResponseReturnValue:
    """Do it, with a reason that stays in the history."""
    modification.modify(
        g.uow, instance_id, _plan(request.form), reason=request.form.get("reason", ""),
        accept_warnings=request.form.get("accept") == "1",
    )  # fmt: skip
    flash(gettext("Done."), "success")
    back = ".instance" if may_read(repository.ADMINISTER) else "requests.instance"
    return redirect(url_for(back, instance_id=instance_id), 303)


def _shown(instance_id: UUID, sent: Any, error: EngineError | None = None) -> ResponseReturnValue:
    """For operators, and for who looks after the process of the request. Raises Forbidden for everybody else."""
    if not may_read(repository.ADMINISTER) and not repository.manages(g.uow, rows.read(g.uow, instance_id)):
        identity.require(g.uow, repository.ADMINISTER)
    view = runtime.instance_view(g.uow, instance_id)
    preview = None
    if sent.get("look") == "1" or error is not None:
        try:
            preview = modification.preview(g.uow, instance_id, _plan(sent))
        except InvalidValue as wrong:
            error = error or wrong
    return page(
        "cockpit/modify.html", instance=progress.card(g.uow, instance_id), tokens=_tokens(view), nodes=_nodes(view),
        preview=preview, error=error, sent=sent, chosen=sent.getlist("cancel"), names=_names(view),
    )  # fmt: skip


def _plan(sent: Any) -> bpmn.Modification:
    """From what the page sends. Raises InvalidValue for variables that are no JSON object."""
    cancel = tuple(int(text) for text in sent.getlist("cancel") if text.isdecimal() and len(text) < 10)
    node = sent.get("node", "")
    where = sent.get("where", WHERE[0])
    if not node:
        return bpmn.Modification(cancel)
    compensate = sent.get("compensate") == "1"
    placing = bpmn.Placing(node, where if where in WHERE else WHERE[0], None, _variables(sent.get("variables", "")))
    return bpmn.Modification(cancel, (placing,), compensate)


def _variables(text: str) -> Values:
    if not text.strip():
        return {}
    try:
        found = from_json(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidValue(expected=N_('{"name": value, …}'), found=text[:80])
    return found


def _tokens(view: InstanceView) -> list[tuple[int, Node, str, int]]:
    """(number, element, kind, instance of a loop) of what can be cancelled: waits and the activities around them."""
    return [
        (token.id, token.node, "incident" if token.incident else token.wait, bpmn.turn_of(token))
        for token in view.state.tokens.values() if not token.host
    ]  # fmt: skip


def _nodes(view: InstanceView) -> list[Node]:
    """Where a token could start, in document order."""
    return [node for node in view.state.program.nodes.values() if node.op not in (BOUNDARY, EVENT_SUB)]


def _names(view: InstanceView) -> dict[str, Node]:
    return {key: node for scope in view.state.scopes.values() for key, node in scope.program.nodes.items()}
