"""One task: its form, its attachments, the acts that are offered, and how far the request has come."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import current_app, flash, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import documents, repository, tasks
from engine.errors import EngineError, InvalidForm, OpinionRequired
from engine.values import blank
from webui import errors, filling, progress, rendering, route, signing, talks, tracking
from webui.capitals import beside_text
from webui.inbox import acts, blueprint
from webui.inbox.asking import came_from, to_next
from webui.inbox.lists import Wanted
from webui.rendering import page, render_block
from webui.transaction import shows_again


def _page(item: UUID, error: EngineError | None = None) -> ResponseReturnValue:
    return page("inbox/task.html", **task_context(item, came_from(), error))


def task_context(item: UUID, wanted: Wanted, error: EngineError | None = None) -> dict[str, Any]:
    """What the page of a task shows. `wanted`: the list that the reader came from, and goes back to."""
    task = tasks.get(g.uow, item)
    instance = progress.card(g.uow, task.instance_id)
    form = task.form
    draft = task.draft or {}
    typed = filling.typed() if error else draft.get("fields")
    writes = bool(acts.DECISIONS & set(task.actions))
    buttons = acts.of(task)
    return {
        "erasure": tasks.erasure(g.uow, task.instance_id), "task": task, "instance": instance,
        "wanted": wanted, "list": urlencode(wanted.query), "error": error,
        "form": filling.shown(form, task.values, task.permissions, typed=typed, error=error, read_only=not writes,
                              request_of=task.instance_id)
        if form else None,
        "problems": filling.problems(form, error), "actions": task.actions, "writes": writes or "abstain" in buttons,
        "takes_opinion": (task.opinion != "never" and writes) or bool({"advise", "refuse"} & set(buttons)),
        "must_say": (task.opinion == "always" and "refuse" not in buttons) or "advise" in buttons,
        "opinion": request.form.get("opinion", "") or draft.get("opinion", ""),
        "facts": [
            (name, errors.words("{said}", {"said": text}), beside_text(text))
            for name, text in (task.facts_display or {}).items()
        ],
        "choices": _choices(task) if writes else [],
        "bar": acts.bar(buttons), "phrases": task.button_labels.get("phrases", ()),
        "attachments": tasks.attachments(g.uow, task.instance_id), "may_attach": "attach" in task.actions,
        "limit": current_app.config["TROIKA"].upload_limit_mb,
        "media_types": ",".join(f".{ending}" for ending in documents.ACCEPTED),
        "timeline": progress.timeline(g.uow, instance), "earlier": progress.earlier(g.uow, instance),
        "talks": talks.of(task.instance_id),
    }  # fmt: skip


def _choices(task: tasks.TaskView) -> list[route.Choice]:
    """Pickers for the tasks that follow, where whoever decides this one selects their people."""
    if not task.selects:
        return []
    nodes = repository.program(g.uow, task.definition_id).nodes
    labels = {node.id: node.labels for node in nodes.values()}
    return [
        route.choice(one, name=rendering.label(labels.get(one.node), one.name), needed=False) for one in task.selects
    ]


def _again(error: EngineError, item: UUID) -> ResponseReturnValue:
    return _page(item, error)


@blueprint.get("/<uuid:item>")
def task(item: UUID) -> ResponseReturnValue:
    """The page people spend their day on."""
    return _page(item)


@blueprint.get("/<uuid:item>/standing")
def standing(item: UUID) -> ResponseReturnValue:
    """Asked by an open page from time to time: 204 while it holds, else what happened meanwhile."""
    reason = tasks.outdated(g.uow, item, request.args.get("version", 0, type=int))
    if reason is None:
        return make_response("", 204)
    return make_response(render_block("inbox/standing.html", "content", reason=reason, item=item))


@blueprint.post("/<uuid:item>/opened")
def opened(item: UUID) -> ResponseReturnValue:
    """Told by a page that stays: whoever is asked has seen the task. Moving through the list does not count."""
    tasks.opened(g.uow, item)
    return make_response("", 204)


@blueprint.get("/<uuid:item>/diagram.json")
def diagram(item: UUID) -> dict[str, Any]:
    """The drawing with its marks."""
    found = tasks.get(g.uow, item)
    return tracking.diagram(g.uow, progress.card(g.uow, found.instance_id))


@blueprint.post("/<uuid:item>")
@shows_again(_again)
def decide(item: UUID) -> ResponseReturnValue:
    """The button that was pressed says which act it is; a second press of the same page changes nothing."""
    fields, opinion, once = filling.sent(), request.form.get("opinion", "").strip(), request.form.get("request_id")
    version, seen = request.form.get("version", type=int), request.form.get("seen_digest", "")
    signed = signing.sent()
    match request.form.get("action"):
        case "abstain":
            done = tasks.abstain(g.uow, item, opinion, seen_digest=seen, version=version, idempotency_key=once,
                  signature=signed)  # fmt: skip
            return _decided(item, done, gettext("Abstained."))
        case "advise":
            if blank(opinion):
                raise OpinionRequired(task=tasks.get(g.uow, item).name)
            tasks.hand_back(g.uow, item, opinion, version=version, idempotency_key=once)
            return to_next(item, gettext("Your advice was given; the decision is with whoever asked."))
        case "take_back":
            mine = tasks.hand_back(g.uow, item, version=version, idempotency_key=once)
            return _to_task(mine, gettext("The task is with you again; nobody is asked for advice any more."))
        case "confirm":
            return _decided(
                item, tasks.confirm(g.uow, item, version=version, idempotency_key=once), gettext("Confirmed.")
            )
        case "refuse":
            mine = tasks.refuse(g.uow, item, opinion, version=version, idempotency_key=once)
            return _to_task(mine, gettext("Not confirmed: the decision is yours again."))
        case "save":
            tasks.save_draft(g.uow, item, fields, opinion, version)
            return _to_task(item, gettext("Kept for later; nobody else sees it."))
        case "claim":
            return _to_task(tasks.claim(g.uow, item, idempotency_key=once), gettext("The task is yours now."))
        case "unclaim":
            tasks.unclaim(g.uow, item, version=version, idempotency_key=once)
            return to_next(item, gettext("The task is back with its group."))
        case "agree":
            done = tasks.agree(
                g.uow, item, fields, opinion, approvers=route.selected(), seen_digest=seen, version=version,
                idempotency_key=once, signature=signed,
            )  # fmt: skip
            return _decided(item, done, gettext("Agreed."))
        case "reject":
            done = tasks.reject(g.uow, item, opinion, fields, seen_digest=seen, version=version, idempotency_key=once,
                  signature=signed)  # fmt: skip
            return _decided(item, done, gettext("Rejected."))
        case "complete":
            tasks.complete(
                g.uow, item, fields, opinion, approvers=route.selected(), seen_digest=seen, version=version,
                idempotency_key=once, signature=signed,
            )  # fmt: skip
            return to_next(item, gettext("Done."))
    raise InvalidForm(errors={"action": ["unknown"]})


@blueprint.post("/<uuid:item>/comment")
@shows_again(_again)
def comment(item: UUID) -> ResponseReturnValue:
    """A remark for everybody who sees the request."""
    tasks.comment(
        g.uow, tasks.get(g.uow, item).instance_id, request.form.get("text", ""), talks.named(),
        idempotency_key=request.form.get("request_id"),
    )  # fmt: skip
    return redirect(url_for(".task", item=item), 303)


@blueprint.post("/<uuid:item>/comments/<uuid:comment_id>/admit")
@shows_again(lambda error, item, comment_id: _again(error, item))
def admit(item: UUID, comment_id: UUID) -> ResponseReturnValue:
    """Let somebody who is mentioned read the request."""
    tasks.admit(g.uow, tasks.get(g.uow, item).instance_id, comment_id, request.form.get("person", ""))
    return redirect(url_for(".task", item=item), 303)


@blueprint.post("/<uuid:item>/consult/<uuid:thread_id>")
@shows_again(lambda error, item, thread_id: _again(error, item))
def answer(item: UUID, thread_id: UUID) -> ResponseReturnValue:
    """A further message in a private thread."""
    tasks.answer(
        g.uow, tasks.get(g.uow, item).instance_id, thread_id, request.form.get("text", ""),
        idempotency_key=request.form.get("request_id"),
    )  # fmt: skip
    return redirect(url_for(".task", item=item), 303)


@blueprint.post("/<uuid:item>/attachments")
@shows_again(_again)
def attach(item: UUID) -> ResponseReturnValue:
    """A file for the request; its type is judged by content, its size by the setting."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InvalidForm(errors={gettext("File"): [gettext("choose a file")]})
    file.stream.seek(0)  # a repeated attempt reads it again
    tasks.attach(
        g.uow, item, file.filename, file.stream.read(), file.mimetype, idempotency_key=request.form.get("request_id")
    )
    return _to_task(item, gettext("Attached."))


def _decided(item: UUID, done: tasks.Acted, text: str) -> ResponseReturnValue:
    if done.incident_id is not None:
        flash(gettext("Nothing was decided: an operator has to look at an incident first."), "danger")
        return redirect(url_for(".task", item=item), 303)
    return to_next(item, text)


def _to_task(item: UUID, text: str) -> ResponseReturnValue:
    flash(text, "success")
    return redirect(url_for(".task", item=item), 303)
