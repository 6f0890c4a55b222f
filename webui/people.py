"""Users and groups: everybody with the capability sees them, administrators change them."""

from uuid import UUID

from flask import Blueprint, flash, g, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import identity, policy
from engine.errors import EngineError
from webui import access, rendering
from webui.access import guard, needs
from webui.rendering import page
from webui.transaction import shows_again

blueprint = Blueprint("people", __name__, url_prefix="/people")
guard(blueprint, "people")

_PAGE = 50


def _index(error: EngineError | None = None) -> ResponseReturnValue:
    search, after = request.args.get("search", "").strip(), request.args.get("after", "")
    found = identity.users(g.uow, search=search, disabled=True, after=after, limit=_PAGE + 1)
    following = url_for(".index", search=search, after=found[_PAGE - 1].login) if len(found) > _PAGE else ""
    return page(
        "people/index.html", found=found[:_PAGE], search=search, next=following, error=error, typed=request.form,
        units={unit.id: unit for unit in identity.org_units(g.uow)}, managers=identity.users(g.uow, limit=500),
    )  # fmt: skip


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Accounts by login."""
    return _index()


@blueprint.get("/search")
@needs("")
def search() -> ResponseReturnValue:
    """For people pickers: enabled accounts by login or name. `by`: what is posted of them, id | login."""
    found = identity.users(g.uow, search=request.args.get("q", "").strip(), limit=20)
    return jsonify(rendering.people_options(found, request.args.get("by", "id")))


@blueprint.post("/")
@needs("admin")
@shows_again(_index)
def create() -> ResponseReturnValue:
    """A new account."""
    typed = {name: value.strip() for name, value in request.form.items()}
    user = identity.create_user(
        g.uow, typed.get("login", ""), typed.get("name", ""), password=request.form.get("password") or None,
        name_en=typed.get("name_en", ""), email=typed.get("email", ""), position=typed.get("position", ""),
        position_en=typed.get("position_en", ""),
        org_unit=typed.get("org_unit") or None, manager=typed.get("manager") or None,
    )  # fmt: skip
    flash(gettext("Account %(login)s was created.", login=user.login), "success")
    return redirect(url_for(".user", user_id=user.id), 303)


def _user(user_id: UUID, error: EngineError | None = None) -> ResponseReturnValue:
    found = identity.user(g.uow, user_id)
    mine = identity.groups_of(g.uow, user_id)
    others = [group for group in identity.groups(g.uow) if group not in mine]
    return page("people/user.html", user=found, groups=mine, others=others, error=error,
                manager=identity.manager_of(g.uow, user_id), line=identity.management_line(g.uow, user_id))  # fmt: skip


def _user_again(error: EngineError, user_id: UUID) -> ResponseReturnValue:
    return _user(user_id, error)


@blueprint.get("/<uuid:user_id>")
def user(user_id: UUID) -> ResponseReturnValue:
    """One account, its groups and its management line."""
    return _user(user_id)


@blueprint.post("/<uuid:user_id>/<any(disable, enable, password, join, leave):act>")
@needs("admin")
@shows_again(lambda error, user_id, act: _user_again(error, user_id))
def change(user_id: UUID, act: str) -> ResponseReturnValue:
    """Disable, enable, set a password, join or leave a group."""
    match act:
        case "disable":
            policy.disable_account(g.uow, user_id)
        case "enable":
            identity.enable(g.uow, user_id)
        case "password":
            identity.set_password(g.uow, user_id, request.form.get("new_password", ""))
        case "join":
            policy.add_member(g.uow, request.form.get("group", ""), user_id)
        case "leave":
            identity.remove_member(g.uow, request.form.get("group", ""), user_id)
    flash(gettext("Saved."), "success")
    return redirect(url_for(".user", user_id=user_id), 303)


@blueprint.get("/groups")
def groups() -> ResponseReturnValue:
    """Groups, what they allow, and who is in them."""
    found = [(group, identity.members_of(g.uow, [group.id])) for group in identity.groups(g.uow)]
    return page("people/groups.html", found=found, is_admin=access.may("admin"))
