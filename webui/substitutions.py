"""代理: who acts for me while I am away, for whom I act, and what was decided in my name."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import identity, tasks
from engine.errors import EngineError, InvalidForm, NotFound
from engine.values import HOME_CURRENCY
from webui import languages, rendering
from webui.rendering import page
from webui.transaction import shows_again

blueprint = Blueprint("substitutions", __name__, url_prefix="/substitutions")


def _index(error: EngineError | None = None) -> ResponseReturnValue:
    found = identity.substitutions(g.uow, g.reader.id)
    refused = identity.refused_substitutions(g.uow, g.reader.id)
    over = identity.over_substitutions(g.uow, g.reader.id)
    judging = identity.substitutions_to_judge(g.uow)
    known = {
        key for one in (*found, *refused, *over, *judging)
        for key in (one.principal_id, one.substitute_id, one.judged_by) if key is not None
    }  # fmt: skip
    people = {user.id: user for user in identity.find(g.uow, known)}
    today = g.now.astimezone(languages.zone()).date()
    return page(
        "substitutions/index.html", given=[one for one in found if one.principal_id == g.reader.id],
        received=[one for one in found if one.substitute_id == g.reader.id], people=people, error=error,
        typed=request.form, processes=list(rendering.processes().values()), today=today,
        chosen=identity.find(g.uow, [request.form.get("to", "")]) if error else [],
        process_names={one.key: rendering.label(one.labels, one.name) for one in rendering.processes().values()},
        decided=tasks.decided_for_me(g.uow), refused=refused, judging=judging,
        over=[(one, tasks.decided_by_rule(g.uow, one)) for one in over],
        limit=current_app.config["TROIKA"].amount_alone, currency=HOME_CURRENCY,
        judges={one.id: identity.judges_of(g.uow, one.principal_id, one.substitute_id) for one in found
                if one.state == "pending"},
    )  # fmt: skip


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Mine, those of others, and the decisions."""
    return _index()


@blueprint.post("/")
@shows_again(_index)
def create() -> ResponseReturnValue:
    """Somebody acts for the reader, from the morning of the first to the evening of the last day."""
    first, last = _day("first"), _day("last")
    processes, amount = request.form.getlist("process"), request.form.get("max_amount", "").strip()
    to = request.form.get("to", "").strip()
    if not to:
        raise NotFound(kind="user", key="")
    made = identity.substitute(
        g.uow, g.reader.id, to, _midnight(first), _midnight(last + timedelta(days=1)),
        request.form.get("reason", "").strip(), scope="processes" if processes else "all", names=processes,
        max_amount=_amount(amount) if amount else None, include_open=bool(request.form.get("include_open")),
        confirm=bool(request.form.get("confirm")), unconfirmed=request.form.get("unconfirmed", "falls"),
        keep_copy=bool(request.form.get("keep_copy")),
    )  # fmt: skip
    text = gettext("Your substitute is set.")
    if made.state == "pending":
        judges = identity.judges_of(g.uow, made.principal_id, made.substitute_id)
        people = {"names": gettext(", ").join(rendering.person(user) for user in judges.people)}
        text = gettext("It begins when %(names)s has agreed.", **people)
        if not judges.manager:
            text = gettext(
                "No manager of yours can approve it: it begins when one of those who look after people has agreed"
                " (%(names)s).", **people,
            )  # fmt: skip
    flash(text, "success")
    return redirect(url_for(".index"), 303)


def _changing(error: EngineError | None, substitution: UUID) -> ResponseReturnValue:
    one = identity.find_substitution(g.uow, substitution)
    if one.principal_id != g.reader.id:
        identity.require(g.uow, "people")
    if one.state != "active" or one.valid_to <= g.now:
        raise NotFound(kind="substitution that runs", key=str(substitution))
    people = {user.id: user for user in identity.find(g.uow, [one.principal_id, one.substitute_id])}
    sent = error is not None
    return page(
        "substitutions/change.html", one=one, people=people, error=error, currency=HOME_CURRENCY,
        limit=current_app.config["TROIKA"].amount_alone, processes=list(rendering.processes().values()),
        last=request.form.get("last", "") if sent else _last_day(one).isoformat(),
        chosen=request.form.getlist("process") if sent else one.names, today=g.now.astimezone(languages.zone()).date(),
        amount=request.form.get("max_amount", "") if sent else _typed(one.max_amount),
    )  # fmt: skip


@blueprint.get("/<uuid:substitution>/change")
def change(substitution: UUID) -> ResponseReturnValue:
    """Another last day, other processes, another amount."""
    return _changing(None, substitution)


@blueprint.post("/<uuid:substitution>/change")
@shows_again(_changing)
def do_change(substitution: UUID) -> ResponseReturnValue:
    """From the next click on it holds as it is now; both people are told."""
    one = identity.find_substitution(g.uow, substitution)
    processes, amount = request.form.getlist("process"), request.form.get("max_amount", "").strip()
    scope, names = ("processes", tuple(processes)) if processes else ("all", ())
    if one.scope == "categories" and not processes:
        scope, names = one.scope, one.names  # made by a program: the page offers no categories
    last = _day("last")
    valid_to = one.valid_to if last == _last_day(one) else _midnight(last + timedelta(days=1))
    identity.change_substitution(
        g.uow, substitution, valid_to, scope=scope, names=names, max_amount=_amount(amount) if amount else None
    )
    flash(gettext("Changed. Both of you are told."), "success")
    return redirect(url_for(".index", _anchor=f"rule-{substitution}"), 303)


@blueprint.post("/<uuid:substitution>/end")
def end(substitution: UUID) -> ResponseReturnValue:
    """From the next click on nobody acts for the reader any more."""
    identity.end_substitution(g.uow, substitution)
    flash(gettext("Ended."), "success")
    return redirect(url_for(".index"), 303)


@blueprint.post("/<uuid:substitution>/judge")
@shows_again(lambda error, substitution: _index(error))
def judge(substitution: UUID) -> ResponseReturnValue:
    """The manager says yes, or no and why."""
    word = request.form.get("word")
    if word not in ("approve", "refuse"):
        raise InvalidForm(errors={"word": ["approve | refuse"]})
    reason = request.form.get("reason", "")
    identity.approve_substitution(g.uow, substitution, approved=word == "approve", reason=reason)
    flash(gettext("Approved.") if word == "approve" else gettext("Refused."), "success")
    return redirect(url_for(".index"), 303)


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        raise InvalidForm(errors={name: ["a day"]}) from None


def _typed(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:.2f}"


def _last_day(one: identity.Substitution) -> date:
    return (one.valid_to.astimezone(languages.zone()) - timedelta(microseconds=1)).date()


def _amount(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise InvalidForm(errors={"max_amount": ["a number"]}) from None
    if not found.is_finite():
        raise InvalidForm(errors={"max_amount": ["a number"]})
    return found


def _midnight(day: date) -> Any:
    return datetime.combine(day, time(), languages.zone()).astimezone(g.now.tzinfo)
