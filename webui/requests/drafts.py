"""Requests that are not submitted yet: kept while they are written, opened again, submitted, thrown away."""

from uuid import UUID

from flask import flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import forms, repository, tasks
from engine.errors import EngineError
from engine.tasks import drafting
from webui import filling, rendering, route
from webui.rendering import page
from webui.requests import blueprint, for_whom
from webui.transaction import shows_again


def draft_page(draft_id: UUID, error: EngineError | None = None, *, again: bool = False) -> ResponseReturnValue:
    """`again`: with what was typed, and the way that it would take."""
    draft = drafting.open_(g.uow, draft_id)
    process = repository.latest(g.uow, draft.process_key)
    form = repository.form(g.uow, draft.form_id, process.id) if draft.form_id else None
    typed = filling.typed() if error or again else None
    shown = None
    if form is not None:
        values = forms.blank(form) | draft.values
        shown = filling.shown(form, values, forms.WRITE_ALL, typed=typed, error=error, draft_of=draft_id)
    return page(
        "requests/start.html", process=process, form=shown, error=error, problems=filling.problems(form, error),
        draft=draft, files=tasks.attachments(g.uow, draft_id),
        dropped=[rendering.label(dict(labels), labels[""]) if labels else name
                 for name in draft.dropped for labels in [draft.labels.get(name)]],
        lost=list(dict.fromkeys(name or gettext("a file of somebody else") for name in draft.lost)),
        **for_whom(process.key, form, typed),
    )  # fmt: skip


@blueprint.post("/start/<key>/draft")
def keep(key: str) -> ResponseReturnValue:
    """What was typed so far becomes a draft; nothing is judged."""
    made = drafting.save(g.uow, key, filling.sent())
    flash(gettext("Kept as a draft; it is in your inbox under Drafts."), "success")
    return redirect(url_for(".draft", draft_id=made.id), 303)


@blueprint.get("/drafts/<uuid:draft_id>")
def draft(draft_id: UUID) -> ResponseReturnValue:
    """The start form as it was left."""
    return draft_page(draft_id)


@blueprint.post("/drafts/<uuid:draft_id>")
@shows_again(lambda error, draft_id: draft_page(draft_id, error))
def change_draft(draft_id: UUID) -> ResponseReturnValue:
    """Submit it, keep it again, or throw it away: the button says which."""
    version = request.form.get("version", 0, type=int)
    match request.form.get("action"):
        case "keep":
            found = drafting.open_(g.uow, draft_id)
            drafting.save(g.uow, found.process_key, filling.sent(), draft_id=draft_id, version=version)
            flash(gettext("Kept as a draft; it is in your inbox under Drafts."), "success")
            return redirect(url_for(".draft", draft_id=draft_id), 303)
        case "discard":
            drafting.discard(g.uow, draft_id, version)
            flash(gettext("The draft was thrown away."), "success")
            return redirect(url_for(".index"), 303)
    started = drafting.submit(
        g.uow, draft_id, filling.sent(), version, department=route.department(), approvers=route.selected()
    )
    info = repository.definition(g.uow, started.definition_id)
    flash(gettext("Submitted: %(name)s.", name=rendering.label(info.labels, info.name)), "success")
    return redirect(url_for(".instance", instance_id=started.id), 303)
