"""When a timer of a drawing would fire if it began now, by the work calendar that it counts by."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import g, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import feel, repository, workdays
from engine.bpmn import timers
from engine.errors import N_
from engine.lint.variables import Variables
from engine.unit_of_work import UnitOfWork
from webui.designer import expressions
from webui.designer.blueprint import designer
from webui.designer.drawing import body, path_of_draft, typed_values
from webui.rendering import moment
from webui.transaction import reads_only

SHOWN = 3
"""firings of a cycle that are named"""
_EXPECTED = {
    "date": N_("Expected a moment such as 2026-01-31T09:00:00+08:00."),
    "duration": N_("Expected a duration such as PT2H (two hours) or P3D (three days)."),
    "cycle": N_("Expected a cycle such as R3/PT1H (three times, each hour) or 0 0 9 * * MON-FRI."),
}


@designer.post("/timer")
@reads_only
def timer() -> ResponseReturnValue:
    """`times`: the next firings; `more`: there are others after them; `problem`: why there is no time.

    `kind`: date | duration | cycle; `calendar`: key of a work calendar, "" for none.
    """
    sent = body("key", "xml", "text", "kind", "calendar")
    found = repository.variables(g.uow, {path_of_draft(sent["key"]): sent["xml"].encode("utf-8")}).get(sent["key"])
    given = typed_values(request.get_json())
    return jsonify(coming(sent["text"].strip(), sent["kind"], sent["calendar"], found, given, g.uow))


def coming(
    text: str, kind: str, calendar: str, known: Variables | None, given: Mapping[str, str], uow: UnitOfWork
) -> dict[str, Any]:
    """See `timer`."""
    value: Any = text
    if text.startswith("="):
        try:
            asked, result = expressions.worth(text[1:], "expression", known, given, uow)
        except feel.FeelSyntaxError:
            return _answer(problem=gettext("The expression is not FEEL."))
        missing = [one["name"] for one in asked if not given.get(one["name"], "").strip()]
        if result is None or missing:
            names = ", ".join(missing or [one["name"] for one in asked])
            return _answer(problem=gettext("It depends on data: %(names)s", names=names))
        value = result.value
    working = None
    if calendar:
        if calendar not in dict(workdays.calendars(uow)):
            return _answer(problem=gettext("There is no work calendar “%(name)s”.", name=calendar))
        working = workdays.calendar(uow, calendar)
    try:
        return _answer(*_times(kind, value, uow, working))
    except (timers.WrongTimer, OverflowError):
        return _answer(problem=gettext(_EXPECTED.get(kind, _EXPECTED["cycle"])))


def _times(kind: str, value: Any, uow: UnitOfWork, calendar: timers.WorkTime | None) -> tuple[list[str], bool]:
    """The next firings and whether there are more."""
    zone = uow.settings.timezone
    found: timers.Schedule | None = timers.arm(kind, value, uow.now, zone, calendar)
    times: list[str] = []
    while found is not None and len(times) < SHOWN:
        times.append(moment(found.due))
        found = (
            timers.again(found.cycle, found.due, found.left, uow.now, zone, calendar)
            if found.cycle is not None
            else None
        )
    return times, found is not None


def _answer(times: Sequence[str] = (), more: bool = False, problem: str = "") -> dict[str, Any]:
    return {"times": times, "more": more, "problem": problem}
