"""One request for its participants: drawing, timeline, form, attachments, comments, records, unbroken chain."""

from typing import Any
from uuid import UUID

from flask import Response, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine import audit, policy, prints, records, runtime, tasks
from webui import access, filling, policy_words, progress, serving, talks, tracking
from webui.printing import content
from webui.rendering import page
from webui.requests import acts, blueprint


@blueprint.get("/<uuid:instance_id>")
def instance(instance_id: UUID) -> ResponseReturnValue:
    """Variables as such are for operators; everybody else sees of the start form what concerns him."""
    found = progress.card(g.uow, instance_id)
    values = runtime.instance_view(g.uow, instance_id).variables
    form = tasks.start_form(g.uow, instance_id)
    copies = tasks.receipts(g.uow, instance_id)
    holds = policy.holds_of(g.uow, instance_id) if _sees_holds(found) else []
    return page(
        "requests/instance.html",
        offered=acts.offered(found),
        holds=holds,
        asked_at={one.job_id: tasks.approvable_again(g.uow, one) for one in holds},
        receipts=copies,
        unread=next((one.work_item_id for one in copies if one.reader_id == g.reader.id and not one.read_at), None),
        instance=found,
        timeline=progress.timeline(g.uow, found),
        kept=tasks.keeping(g.uow, instance_id),
        erasure=tasks.erasure(g.uow, instance_id),
        earlier=progress.earlier(g.uow, found),
        talks=talks.of(instance_id),
        attachments=tasks.attachments(g.uow, instance_id),
        papers=content.papers(found.definition_id, instance_id) if prints.allowed(g.uow, instance_id) else [],
        form=filling.shown(form, values, tasks.sight(g.uow, instance_id), read_only=True, request_of=instance_id)
        if form else None,
        variables=values if access.may_read("cockpit") else None,
        records=[pair for pair in records.made_by(g.uow, instance_id) if access.may_read(pair[0].capability)],
        audit=audit.verify(g.uow, instance_id),
    )  # fmt: skip


def _sees_holds(found: progress.Card) -> bool:
    """Its reasons tell what was approved: the requester, controllers, auditors and operators, no other reader."""
    return found.starter_id == g.reader.id or any(access.may_read(word) for word in ("policy", "audit", "cockpit"))


@blueprint.post("/<uuid:instance_id>/holds/<uuid:job_id>/approve")
def approve_again(instance_id: UUID, job_id: UUID) -> ResponseReturnValue:
    """Whoever approved what is held is asked again, with the document as it is now."""
    flash(*policy_words.asked_again(tasks.approve_again(g.uow, job_id)))
    return redirect(url_for(".instance", instance_id=instance_id), 303)


@blueprint.get("/<uuid:instance_id>/diagram.json")
def diagram(instance_id: UUID) -> dict[str, Any]:
    """The drawing with its marks."""
    found = progress.card(g.uow, instance_id)
    return tracking.diagram(g.uow, found)


@blueprint.post("/<uuid:instance_id>/comment")
def comment(instance_id: UUID) -> ResponseReturnValue:
    """A remark for everybody who sees the request."""
    tasks.comment(
        g.uow, instance_id, request.form.get("text", ""), talks.named(),
        idempotency_key=request.form.get("request_id"),
    )  # fmt: skip
    return redirect(url_for(".instance", instance_id=instance_id), 303)


@blueprint.post("/<uuid:instance_id>/comments/<uuid:comment_id>/admit")
def admit(instance_id: UUID, comment_id: UUID) -> ResponseReturnValue:
    """Let somebody who is mentioned read the request."""
    tasks.admit(g.uow, instance_id, comment_id, request.form.get("person", ""))
    return redirect(url_for(".instance", instance_id=instance_id), 303)


@blueprint.post("/<uuid:instance_id>/consult/<uuid:thread_id>")
def answer(instance_id: UUID, thread_id: UUID) -> ResponseReturnValue:
    """A further message in a private thread."""
    tasks.answer(
        g.uow, instance_id, thread_id, request.form.get("text", ""), idempotency_key=request.form.get("request_id")
    )
    return redirect(url_for(".instance", instance_id=instance_id), 303)


@blueprint.get("/documents/<uuid:document_id>")
def document(document_id: UUID) -> Response:
    """A file of a request that the reader may see: pictures and PDF in a sandbox, everything else to be saved."""
    return serving.document(*tasks.open_attachment(g.uow, document_id))
