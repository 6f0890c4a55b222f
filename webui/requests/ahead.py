"""Where a request will go: from a start form that is being filled in, and from where it stands."""

from uuid import UUID

from flask import g, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from engine import runtime
from webui import filling, progress, rendering, route
from webui.rendering import page, render_block
from webui.requests import blueprint, start_page, startable
from webui.requests.drafts import draft_page


@blueprint.post("/start/<key>/route")
def foresee(key: str) -> ResponseReturnValue:
    """The way of what was typed so far; without scripts the whole page again. Nothing is judged or kept.

    The pickers of people are sent along only when there are others than before: somebody may be typing in one.
    """
    process, form = startable(key)
    if "HX-Request" not in request.headers:
        draft_id = route.draft()
        return start_page(key, again=True) if draft_id is None else draft_page(draft_id, again=True)
    way = route.of_start(key, form, filling.typed())
    fresh = way.choosing != request.form.get("choosing", "")
    block = render_block("requests/start.html", "route", way=way, process=process)
    if fresh:
        block += render_block("requests/start.html", "choose", way=way, process=process, swapped=True)
    return rendering.fragment(block)


@blueprint.get("/start/<key>/people")
def selectable(key: str) -> ResponseReturnValue:
    """For a picker of the start form: who may be selected for a task, and matches what was typed."""
    process, _ = startable(key)
    found = runtime.selectable(
        g.uow, process.key, request.args.get("node", ""), request.args.get("q", "").strip(),
        department=request.args.get("department") or None,
    )  # fmt: skip
    return jsonify(rendering.people_options(found))


@blueprint.get("/<uuid:instance_id>/route")
def ahead(instance_id: UUID) -> ResponseReturnValue:
    """What comes after those who are asked now."""
    at = progress.card(g.uow, instance_id)
    way = route.shown(runtime.preview_instance(g.uow, instance_id))
    return page("requests/route.html", way=way, heading=at.title or at.process_name,
                back=url_for(".instance", instance_id=instance_id))  # fmt: skip
