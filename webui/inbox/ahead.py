"""What comes after a task, and whom its approver may select for it."""

from uuid import UUID

from flask import g, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from engine import runtime, tasks
from webui import filling, rendering, route
from webui.inbox import blueprint
from webui.rendering import page


@blueprint.get("/<uuid:item>/route")
def ahead(item: UUID) -> ResponseReturnValue:
    """The predicted rest of the way, if this task and all others are agreed to."""
    task = tasks.get(g.uow, item)
    way = route.shown(runtime.preview_instance(g.uow, task.instance_id))
    heading = rendering.label(task.labels, task.name)
    return page("requests/route.html", way=way, heading=heading, back=url_for(".task", item=item))


@blueprint.post("/<uuid:item>/route")
def foresee(item: UUID) -> ResponseReturnValue:
    """The same with what was typed and who was selected so far. Nothing is judged or kept."""
    task = tasks.get(g.uow, item)
    way = route.shown(tasks.foresee(g.uow, item, filling.typed(), route.selected()), task.form)
    heading = rendering.label(task.labels, task.name)
    return page("requests/route.html", way=way, heading=heading, back=url_for(".task", item=item))


@blueprint.get("/<uuid:item>/people")
def selectable(item: UUID) -> ResponseReturnValue:
    """For a picker: who may be selected for a later task, and matches what was typed."""
    found = tasks.selectable(g.uow, item, request.args.get("node", ""), request.args.get("q", "").strip())
    return jsonify(rendering.people_options(found))
