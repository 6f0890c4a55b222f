"""Who may open a page: signed in unless a view is `public`, with the capability that view or blueprint names."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, current_app, g, request
from flask_login import current_user

from engine import identity
from engine.errors import N_, EngineError, Forbidden, Term, Title

AUDIT, READ_ONLY = "audit", "read_only"
"""capabilities of auditors: `audit` reads everything; with `read_only` an account changes nothing, whatever it may"""
View = TypeVar("View", bound=Callable[..., Any])


class SignInFirst(EngineError):
    """A page for people who are known; `webui/errors.py` answers with the login page."""

    message = N_("Please sign in first.")
    status = 401


class PageClosed(Forbidden):
    """A page for people with another right, and who may give it."""

    message = N_("The page {page} is open to people with the right “{right}”, which your account does not have.")
    hint = N_("An administrator can give it to you, by a group that has it: {who}.")


class OnlyReads(Forbidden):
    """An auditor's account."""

    message = N_("Your account only reads, it changes nothing: the page {page} did nothing.")
    hint = N_("Ask a colleague who may to do it.")


def public(view: View) -> View:
    """Open to everybody: login, language, health."""
    view.public = True  # type: ignore[attr-defined]
    return view


def needs(capability: str) -> Callable[[View], View]:
    """The view asks for `capability` ("": for everybody who is known) instead of the one of its blueprint."""

    def mark(view: View) -> View:
        view.needs = capability  # type: ignore[attr-defined]
        return view

    return mark


def works(view: View) -> View:
    """A page on which something is changed: not for those who only read, whatever they may read."""
    view.works = True  # type: ignore[attr-defined]
    return view


def guard(blueprint: Blueprint, capability: str) -> None:
    """Every view of `blueprint` asks for `capability` unless it says otherwise by `needs`."""
    blueprint.needs = capability  # type: ignore[attr-defined]


def check(view: Callable[..., Any]) -> None:
    """Raise SignInFirst or Forbidden unless the reader may open the view of this request."""
    if getattr(view, "public", False):
        return
    if not current_user.is_authenticated:
        raise SignInFirst
    capability = getattr(view, "needs", None)
    if capability is None:
        capability = _of_blueprint()
    asks = request.method in ("GET", "HEAD", "OPTIONS") or getattr(view, "reads_only", False)
    reads = asks and not getattr(view, "works", False)
    if capability and not (may_read(capability) if reads else _has(capability)):
        raise closed(Term("page", request.path), capability)
    if not reads and capability != AUDIT and READ_ONLY in g.reader.capabilities:
        raise OnlyReads(page=Term("page", request.path))


def closed(page: str, capability: str) -> PageClosed:
    """Why the reader may not open `page`, with up to three of those who can give him the right."""
    givers = [Title.english(one.name, one.name_en) for one in _administrators()]
    return PageClosed(page=page, right=Term("right", capability), who=givers or [N_("nobody at present")])


def may(capability: str) -> bool:
    """Whether the reader may act with `capability`, or one of several with `|` between; `admin` implies all of them.

    An account that changes nothing acts as an auditor only: what it cannot do is not offered.
    """
    acts = READ_ONLY not in g.reader.capabilities or AUDIT in capability.split("|") if g.get("reader") else False
    return acts and _has(capability)


def may_change() -> bool:
    """Whether the reader's account may change anything: what only changes something is not offered to others."""
    reader = g.get("reader")
    return reader is not None and READ_ONLY not in reader.capabilities


def may_read(capability: str) -> bool:
    """Whether the reader may look at what is for people with `capability`: they, and auditors."""
    return _has(capability) or _has(AUDIT)


def _has(capability: str) -> bool:
    reader = g.get("reader")
    return reader is not None and not reader.capabilities.isdisjoint({"admin", *capability.split("|")})


def _administrators() -> list[identity.User]:
    return identity.people_who_may(g.uow, "admin")[:3]


def _of_blueprint() -> str:
    blueprint = current_app.blueprints.get(request.blueprint or "")
    return str(getattr(blueprint, "needs", ""))
