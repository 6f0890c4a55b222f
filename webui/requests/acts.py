"""What is done with a whole request: copy 抄送, consult 沟通, urge 催办, withdraw 撤回, void 作废, again 重新发起."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import flash, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_timedelta, gettext

from engine import identity, repository, tasks
from engine.errors import EngineError
from webui import progress
from webui.access import may_change
from webui.progress import Card
from webui.rendering import leave, page, person, stay
from webui.requests import blueprint
from webui.transaction import shows_again


def offered(at: Card) -> list[str]:
    """The acts that the reader may do with the request now, in the order of their buttons."""
    if not may_change():
        return []
    urges = at.starter_id == g.reader.id or repository.manages(g.uow, at)
    acts = ["urge"] if at.status == "running" and urges else []
    if tasks.may_release(g.uow, at.id):
        acts.append("release")
    words = {"copy": "again"}  # copy is 抄送 here, and again 重新发起
    talks = ["consult"] if at.status == "running" else []
    copies = [] if tasks.erased(g.uow, at.id) else ["copy"]
    return [*acts, *copies, *talks, *(words.get(act, act) for act in tasks.acts(g.uow, at.id))]


def _ask(page_: str, instance_id: UUID, error: EngineError | None = None, *, act: str = "") -> ResponseReturnValue:
    at = progress.card(g.uow, instance_id)
    room = "inbox" if page_ == "consult" else "requests"  # from a task it is the same dialog
    return page(
        f"{room}/{page_}.html", block="dialog", heading=_headings()[act or page_], act=act, error=error,
        every=format_timedelta(timedelta(minutes=g.uow.settings.urge_every_minutes), threshold=2),
        title=at.title or at.process_name, back=url_for(".instance", instance_id=instance_id), list="",
        chosen=_chosen() if error else [], at=at,
    )  # fmt: skip


@blueprint.get("/<uuid:instance_id>/copy")
def copy(instance_id: UUID) -> ResponseReturnValue:
    """Whom to tell."""
    return _ask("copy", instance_id)


@blueprint.post("/<uuid:instance_id>/copy")
@shows_again(lambda error, instance_id: _ask("copy", instance_id, error))
def do_copy(instance_id: UUID) -> ResponseReturnValue:
    """抄送: others read along."""
    people = [identity.user(g.uow, text) for text in _texts()]
    tasks.copy_to(
        g.uow, instance_id, list(dict.fromkeys(user.id for user in people)), request.form.get("reason", ""),
        again=bool(request.form.get("again")), idempotency_key=request.form.get("request_id"),
    )  # fmt: skip
    names = ", ".join(person(user) for user in people)
    return _done(instance_id, gettext("A copy went to %(names)s.", names=names))


@blueprint.get("/<uuid:instance_id>/consult")
def consult(instance_id: UUID) -> ResponseReturnValue:
    """With whom, and what about."""
    return _ask("consult", instance_id)


@blueprint.post("/<uuid:instance_id>/consult")
@shows_again(lambda error, instance_id: _ask("consult", instance_id, error))
def do_consult(instance_id: UUID) -> ResponseReturnValue:
    """沟通: a thread that only its members read."""
    people = [identity.user(g.uow, text) for text in _texts()]
    tasks.consult(
        g.uow, instance_id, [user.id for user in people], request.form.get("reason", ""),
        idempotency_key=request.form.get("request_id"),
    )  # fmt: skip
    names = ", ".join(person(user) for user in people)
    return _done(instance_id, gettext("Sent to %(names)s; only you and they read it.", names=names))


@blueprint.get("/<uuid:instance_id>/urge")
def urge(instance_id: UUID) -> ResponseReturnValue:
    """Who would be urged."""
    return _ask("urge", instance_id)


@blueprint.post("/<uuid:instance_id>/urge")
@shows_again(lambda error, instance_id: _ask("urge", instance_id, error))
def do_urge(instance_id: UUID) -> ResponseReturnValue:
    """催办: those who are asked now are told to hurry, each of them once within a while."""
    number = tasks.urge(g.uow, instance_id, idempotency_key=request.form.get("request_id"))
    return _done(instance_id, gettext("Urged; open tasks told: %(n)s.", n=number))


@blueprint.get("/<uuid:instance_id>/withdraw")
def withdraw(instance_id: UUID) -> ResponseReturnValue:
    """What follows."""
    return _ask("withdraw", instance_id)


@blueprint.post("/<uuid:instance_id>/withdraw")
@shows_again(lambda error, instance_id: _ask("withdraw", instance_id, error))
def do_withdraw(instance_id: UUID) -> ResponseReturnValue:
    """撤回: the request ends, and its data are a draft again."""
    draft = tasks.withdraw(g.uow, instance_id, request.form.get("reason", ""))
    flash(gettext("Withdrawn. Correct the draft and submit it again, under the same number."), "success")
    if draft is None:
        return leave(url_for(".instance", instance_id=instance_id))
    return leave(url_for(".draft", draft_id=draft))


@blueprint.get("/<uuid:instance_id>/void")
def void(instance_id: UUID) -> ResponseReturnValue:
    """What follows, and why."""
    return _ask("void", instance_id)


@blueprint.post("/<uuid:instance_id>/void")
@shows_again(lambda error, instance_id: _ask("void", instance_id, error))
def do_void(instance_id: UUID) -> ResponseReturnValue:
    """作废: the request never counted."""
    tasks.void(g.uow, instance_id, request.form.get("reason", ""))
    return _done(instance_id, gettext("Voided."))


@blueprint.get("/<uuid:instance_id>/<any(suspend, activate, cancel, wake, release):act>")
def steer(instance_id: UUID, act: str) -> ResponseReturnValue:
    """What follows, and why: for who looks after the process, or after what is kept."""
    return _ask("steer", instance_id, act=act)


@blueprint.post("/<uuid:instance_id>/<any(suspend, activate, cancel, wake, release):act>")
@shows_again(lambda error, instance_id, act: _ask("steer", instance_id, error, act=act))
def do_steer(instance_id: UUID, act: str) -> ResponseReturnValue:
    """挂起, 恢复, 终止, 唤醒; let it be erased."""
    reason, done = request.form.get("reason", ""), gettext("Done.")
    match act:
        case "suspend":
            tasks.suspend(g.uow, instance_id, reason)
        case "activate":
            tasks.activate(g.uow, instance_id)
        case "cancel":
            tasks.cancel(g.uow, instance_id, reason)
        case "release":
            tasks.release(g.uow, instance_id, reason)
        case "wake":
            if not tasks.wake(g.uow, instance_id, reason).confirmed:
                done = gettext("Asked for; a second person has to confirm it.")
    return _done(instance_id, done)


@blueprint.get("/<uuid:instance_id>/again")
def again(instance_id: UUID) -> ResponseReturnValue:
    """What is taken over."""
    return _ask("again", instance_id)


@blueprint.post("/<uuid:instance_id>/again")
@shows_again(lambda error, instance_id: _ask("again", instance_id, error))
def do_again(instance_id: UUID) -> ResponseReturnValue:
    """重新发起: a new draft from the old data."""
    return leave(url_for(".draft", draft_id=tasks.copy_to_draft(g.uow, instance_id).id))


@blueprint.post("/<uuid:instance_id>/read/<uuid:copy_id>")
def read(instance_id: UUID, copy_id: UUID) -> ResponseReturnValue:
    """The reader has opened the copy that he got."""
    tasks.read_copy(g.uow, copy_id)
    return stay(url_for(".instance", instance_id=instance_id))


def _done(instance_id: UUID, text: str) -> ResponseReturnValue:
    flash(text, "success")
    return stay(url_for(".instance", instance_id=instance_id))


def _headings() -> dict[str, Any]:
    return {
        "copy": gettext("Send a copy"),
        "consult": gettext("Talk in private"),
        "urge": gettext("Urge"),
        "withdraw": gettext("Withdraw"),
        "void": gettext("Void"),
        "suspend": gettext("Suspend"),
        "activate": gettext("Resume"),
        "cancel": gettext("Cancel the request"),
        "wake": gettext("Wake"),
        "release": gettext("Release for erasing"),
        "again": gettext("Start again"),
    }


def _texts() -> list[str]:
    return [part.strip() for text in request.form.getlist("to") for part in text.split(",") if part.strip()]


def _chosen() -> Any:
    return identity.find(g.uow, _texts())
