"""What the gate has held, let through and taken as an emergency, and whose approvals are alive."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask import flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import evidence, identity, jobs, operations, policy, records, repository, tasks
from engine.audit import verifier
from engine.errors import N_, BusinessError, EngineError, InvalidForm, NotFound, NotHeld
from engine.identity import User
from engine.policy import Hold, statement
from engine.values import blank
from webui import policy_conditions, policy_names, policy_rows, rendering, route
from webui import policy_words as words
from webui.access import needs
from webui.navigation import this_page
from webui.policies import WATCH, blueprint
from webui.rendering import page
from webui.transaction import shows_again

DECISIONS = {
    "agreed": N_("agreed"), "rejected": N_("rejected"), "abstained": N_("abstained"), "handled": N_("filled in"),
    "returned": N_("sent back"), "advised": N_("advised"),
}  # fmt: skip
STATES = {"active": N_("live"), "parked": N_("parked"), "void": N_("void"), "consumed": N_("used")}


@blueprint.get("/holds")
@needs(WATCH)
def holds() -> ResponseReturnValue:
    """Held operations, the oldest first, each with its reasons and ways out."""
    return _holds()


def _holds(error: EngineError | None = None, **_: Any) -> ResponseReturnValue:
    found = policy.open_holds(g.uow)
    glass = {one.policy.on: one.policy.id for one in policy.versions_in_force(g.uow) if one.policy.break_glass}
    return page(
        "policies/holds.html", found=found, glass=glass, error=error, typed=request.form,
        requests=policy_rows.requests(g.uow, [one.instance_id for one in found if one.instance_id is not None]),
        documents=_documents(found), asked_at={one.job_id: tasks.approvable_again(g.uow, one) for one in found},
        resolved_by={one.job_id: _resolved_by(one) for one in found},
        seen={one.instance_id for one in found if one.instance_id and tasks.may_see(g.uow, one.instance_id)},
    )  # fmt: skip


def _resolved_by(found: Hold) -> dict[str, list[User]]:
    try:
        return repository.who_resolves(g.uow, found)
    except (NotFound, BusinessError):  # the document is gone
        return {}


@blueprint.post("/holds/<uuid:job_id>/again")
@shows_again(_holds)
def look_again(job_id: UUID) -> ResponseReturnValue:
    """The gate looks once more; nothing is let through by asking."""
    _hold(job_id)
    jobs.retry(g.uow, job_id)
    flash(gettext("The gate looks at it again."), "success")
    return redirect(url_for(".holds"), 303)


@blueprint.post("/holds/<uuid:job_id>/approve")
@shows_again(_holds)
def approve_again(job_id: UUID) -> ResponseReturnValue:
    """Whoever approved is asked again, with the document as it is now."""
    flash(*words.asked_again(tasks.approve_again(g.uow, job_id)))
    return redirect(url_for(".holds"), 303)


@blueprint.post("/holds/<uuid:job_id>/emergency")
@shows_again(_holds)
def ask(job_id: UUID) -> ResponseReturnValue:
    """Ask two people to answer for the document as it is now."""
    found = _hold(job_id)
    if found.instance_id is None:
        raise InvalidForm(errors={"reason": [N_("a request")]})
    policy.ask_emergency(
        g.uow, g.uow.lock_instance(found.instance_id), request.form.get("policy", ""), found.subject_type,
        found.subject_id, request.form.get("reason", ""),
    )  # fmt: skip
    flash(gettext("Two people are asked to answer for it."), "success")
    return redirect(url_for(".emergencies"), 303)


@blueprint.get("/emergencies")
@needs("")
def emergencies() -> ResponseReturnValue:
    """The register of broken glass; whoever may sign reaches it, and sees what concerns him."""
    return _emergencies()


def _emergencies(error: EngineError | None = None, **_: Any) -> ResponseReturnValue:
    found, signs = policy_rows.emergencies(g.uow, g.reader)
    names = identity.names(g.uow, {key for one in found for key in (one.asked_by, *one.signed_by, one.reviewed_by)})
    people = {key: policy_names.titled(name) for key, name in names.items()}
    return page(
        "policies/emergencies.html", found=found, people=people, error=error,
        may_sign=signs, requests=policy_rows.requests(g.uow, [one.instance_id for one in found]),
    )  # fmt: skip


@blueprint.post("/emergencies/<uuid:emergency_id>/sign")
@needs("")
@shows_again(_emergencies)
def sign(emergency_id: UUID) -> ResponseReturnValue:
    """One of the two answers for the document."""
    asked = policy.emergency_of(g.uow, emergency_id)
    done = policy.sign_emergency(g.uow, g.uow.lock_instance(asked.instance_id), emergency_id)
    if done.state == "signed":
        flash(gettext("Two people have answered for it: the payment is let through, and audit looks at it."), "success")
    else:
        flash(gettext("You have answered for it. A second person is needed."), "success")
    return redirect(url_for(".emergencies"), 303)


@blueprint.post("/emergencies/<uuid:emergency_id>/withdraw")
@needs("")
@shows_again(_emergencies)
def withdraw_emergency(emergency_id: UUID) -> ResponseReturnValue:
    """Nobody needs it any more."""
    policy.withdraw_emergency(g.uow, emergency_id)
    flash(gettext("The emergency is withdrawn."), "success")
    return redirect(url_for(".emergencies"), 303)


@blueprint.post("/emergencies/<uuid:emergency_id>/review")
@needs("audit")
@shows_again(_emergencies)
def review_emergency(emergency_id: UUID) -> ResponseReturnValue:
    """A third person has looked at what was done."""
    policy.emergency_of(g.uow, emergency_id)
    text = request.form.get("review", "")
    if blank(text):
        raise InvalidForm(errors={"review": [N_("what you found")]})
    policy.review_emergency(g.uow, emergency_id, text)
    flash(gettext("The review is on record."), "success")
    return redirect(url_for(".emergencies"), 303)


@blueprint.get("/grants")
@needs(WATCH)
def grants() -> ResponseReturnValue:
    """Whose approvals are alive, by document or person: what somebody approved that is still unpaid."""
    state = request.args.get("state", "active")
    text = request.args.get("text", "").strip()
    found, following = policy_rows.grants(g.uow, text=text, state=state if state in STATES else "", before=_before())
    return page(
        "policies/grants.html",
        found=found,
        text=text,
        state=state,
        states=STATES,
        next=_next(following),
        why=_why,
        documents=_documents(row for row in found if not row.number),
    )


def _why(text: str) -> str:
    """Why the state of an approval changed: the operation that changed its document is called as in the designer."""
    operation = operations.catalog().get(text)
    return route.reason(text) if operation is None else rendering.label(operation.labels, text)


@blueprint.get("/payments")
@needs(WATCH)
def payments() -> ResponseReturnValue:
    """What was let through, with the approvals it stands on."""
    text = request.args.get("text", "").strip()
    found, following = policy_rows.cleared(g.uow, text=text, before=_before())
    documents = _documents(one["row"] for one in found if not one["row"].number)
    return page("policies/payments.html", found=found, text=text, next=_next(following), documents=documents)


@blueprint.get("/payments/<uuid:payment_id>")
@needs(WATCH)
def payment(payment_id: UUID) -> ResponseReturnValue:
    """One payment on one page: who approved what he saw, under which policies. Opinions and forms are for auditors."""
    found = evidence.shown(g.uow, payment_id)
    stated = [(one, words.sentences(statement.parse(one["statement"]))) for one in found["policies"]]
    return page(
        "policies/payment.html", found=found, stated=stated, key=payment_id, at=verifier.parsed, decisions=DECISIONS,
        conditions=policy_conditions,
        paid=records.read(g.uow, evidence.PAYMENT, str(payment_id)),
        request_shown=tasks.may_see(g.uow, found["instance"]),
    )  # fmt: skip


def _hold(job_id: UUID) -> Hold:
    found = policy.of_job(g.uow, job_id)
    if found is None:
        raise NotHeld()
    return found


def _documents(about: Iterable[Any]) -> dict[tuple[str, str], str]:
    return records.titles(g.uow, ((one.subject_type, one.subject_id) for one in about))


def _before() -> UUID | None:
    return request.args.get("before", type=UUID)


def _next(key: UUID | None) -> str:
    return this_page(before=str(key)) if key else ""
