"""What every act on a task shares: the dialog that asks, who was chosen in it, and where the reader goes afterwards."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from flask import Response, flash, g, request, url_for

from engine import identity, tasks
from engine.errors import EngineError, NotFound
from engine.identity import User
from webui.inbox.lists import Wanted
from webui.rendering import leave, page, person


def ask(template: str, heading: str, item: UUID, error: EngineError | None = None, **context: Any) -> Response:
    """The form of an act: a dialog where scripts run, else a page. `error`: why the last try was refused."""
    task = tasks.get(g.uow, item)
    origin = came_from().query
    return page(
        f"inbox/{template}.html", block="dialog", heading=heading, task=task, title=task.title, error=error,
        back=url_for("inbox.task", item=item, **origin), list=urlencode(origin),
        chosen=_known("to") if error else [], **context,
    )  # fmt: skip


def came_from() -> Wanted:
    """The list that the reader came from: in the address of a task, in a field of what it sends."""
    if request.method == "POST":
        return Wanted.of(dict(parse_qsl(request.form.get("list", ""))))
    return Wanted.of(request.args)


def chosen(name: str = "to") -> list[User]:
    """The people in a field: ids of a picker, or logins with commas between. Raises NotFound."""
    texts = _texts(name)
    found = [identity.user(g.uow, text) for text in texts]
    return list({user.id: user for user in found}.values())


def one(name: str = "to") -> User:
    """The first of them. Raises NotFound."""
    found = chosen(name)
    if not found:
        raise NotFound(kind="user", key="")
    return found[0]


def names(people: Sequence[User]) -> str:
    """As they are called in the reader's language."""
    return ", ".join(person(user) for user in people)


def reason() -> str:
    """What was written in the field of the dialog."""
    return request.form.get("reason", "").strip()


def to_next(item: UUID, text: str) -> Response:
    """Say what was done, and go on with the next task of the list."""
    flash(text, "success")
    pane: dict[str, Any] = {"pane": 1} if request.form.get("pane") else {}
    return leave(url_for("inbox.following", item=item, **came_from().query, **pane))


def _texts(name: str) -> list[str]:
    return [part.strip() for text in request.form.getlist(name) for part in text.split(",") if part.strip()]


def _known(name: str) -> Sequence[User]:
    """Those who exist, to be shown again."""
    return identity.find(g.uow, _texts(name))
