"""One unit of work per request: opened round the view and committed inside it, so that a lost race becomes a page.

`g.uow` is there for views and templates. GET reads only. An answer of 400 and above keeps nothing.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask, Response, current_app, g, make_response, request, session
from flask_login import current_user, logout_user
from sqlalchemy.exc import DataError, DBAPIError

from engine import identity, jobs
from engine.errors import N_, EngineError, StaleInstance
from engine.process_engine import ProcessEngine
from engine.unit_of_work import Actor
from webui import access
from webui.reader import Reader

View = TypeVar("View", bound=Callable[..., Any])
ATTEMPTS = 3
LONGEST_QUERY = 2000
"""characters of one value in an address"""


class NotStorable(EngineError):
    """A NUL character, or a number beyond every column, that no check of ours has seen."""

    message = N_("Something that was sent holds a character or a number that cannot be stored.")
    hint = N_("Remove invisible characters, and check the numbers.")
    status = 422


class AddressTooLong(EngineError):
    """A filter that nobody typed."""

    message = N_("Expected at most {limit} characters to search for, found more.")
    status = 422


class _NotKept(Exception):
    """Carries an answer out of a unit of work that must not be committed."""

    def __init__(self, response: Response) -> None:
        self.response = response


def shows_again(render: Callable[..., Any]) -> Callable[[View], View]:
    """When the view is refused, `render(error, **view arguments)` shows its page with what was typed, and the reason.

    It runs in a unit of work of its own, since the first one was rolled back; its answer gets the status of the error.
    """

    def mark(view: View) -> View:
        view.shows_again = render  # type: ignore[attr-defined]
        return view

    return mark


def own_transactions(view: View) -> View:
    """The view opens its units of work itself (login counts failures even when it refuses)."""
    view.own_transactions = True  # type: ignore[attr-defined]
    return view


def reads_only(view: View) -> View:
    """The view answers a question that is too long for an address: its POST stores nothing and holds nobody up."""
    view.reads_only = True  # type: ignore[attr-defined]
    return view


def install(app: Flask, engine: ProcessEngine) -> None:
    """Wrap every view of `app`; flask-smorest registers its views in the same table."""
    app.extensions["troika"] = engine
    for endpoint, view in app.view_functions.items():
        if endpoint not in ("static", "build"):
            app.view_functions[endpoint] = _in_unit_of_work(view)


def _in_unit_of_work(view: Callable[..., Any]) -> Callable[..., Response]:
    @wraps(view)
    def run(*args: Any, **arguments: Any) -> Response:
        engine: ProcessEngine = current_app.extensions["troika"]
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return _once(engine, view, args, arguments)
            except _NotKept as refused:
                return refused.response
            except StaleInstance as error:
                if attempt == ATTEMPTS:
                    return _again(engine, view, arguments, error)
            except DataError:
                return _again(engine, view, arguments, NotStorable())
            except DBAPIError as error:
                if attempt == ATTEMPTS or not jobs.is_trouble(error):
                    raise
            except EngineError as error:
                return _again(engine, view, arguments, error)
        raise AssertionError("unreachable")

    return run


def _once(engine: ProcessEngine, view: Callable[..., Any], args: Any, arguments: dict[str, Any]) -> Response:
    read_only = request.method in ("GET", "HEAD", "OPTIONS") or any(
        getattr(view, mark, False) for mark in ("own_transactions", "reads_only")
    )
    with engine.unit_of_work(_actor(), read_only) as g.uow:
        try:
            _recognise()
            g.now = g.uow.now  # PostgreSQL tells it with the row of the reader
            access.check(view)
            _check_address()
            if not getattr(view, "own_transactions", False):
                return _kept(make_response(view(*args, **arguments)))
        finally:
            g.pop("uow")
    return make_response(view(*args, **arguments))


def _check_address() -> None:
    """What lists are searched for is short: databases give up on long patterns."""
    if any(len(text) > LONGEST_QUERY for texts in request.args.listvalues() for text in texts):
        raise AddressTooLong(limit=LONGEST_QUERY)


def _again(engine: ProcessEngine, view: Callable[..., Any], arguments: dict[str, Any], error: EngineError) -> Response:
    render = getattr(view, "shows_again", None)
    if render is None or error.status not in (409, 413, 415, 422):
        raise error
    with engine.unit_of_work(_actor(), read_only=True) as g.uow:
        g.now = g.uow.now
        try:
            response = make_response(render(error, **arguments))
        except EngineError as gone:  # what it would show is gone too: the first reason is the better one
            raise error from gone
        finally:
            g.pop("uow")
    response.status_code = error.status
    return response


def _kept(response: Response) -> Response:
    if response.status_code >= 400:
        raise _NotKept(response)
    return response


def _actor() -> Actor:
    user_id, _ = _signed_in()
    return Actor(user_id, source="api" if request.path.startswith("/api/") else "web")


def _signed_in() -> tuple[UUID | None, int]:
    user_id, _, epoch = session.get("_user_id", "").partition(":")
    return (UUID(user_id), int(epoch)) if epoch else (None, 0)


def _recognise() -> None:
    """Set `g.reader`; who is gone or disabled, or comes with an old session, is a stranger from here on."""
    g.reader = None
    user_id, epoch = _signed_in()
    if user_id is None:
        return
    user = next(iter(identity.find(g.uow, [user_id])), None)
    if user is None or user.disabled_at is not None or user.session_epoch != epoch:
        logout_user()
        return
    g.reader = Reader.of(g.uow, user)
    assert current_user.is_authenticated  # noqa: S101 - the loader of `webui/login.py` reads `g.reader`
