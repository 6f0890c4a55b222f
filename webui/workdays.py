"""Work calendars: the year with its days off and make-up days, changed one by one or from a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, timedelta
from typing import Any

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, gettext

from engine import recounting, workdays
from engine.errors import N_, EngineError, InvalidForm, InvalidValue
from webui import languages
from webui.access import guard
from webui.datafile import decoded
from webui.rendering import page
from webui.transaction import shows_again

blueprint = Blueprint("workdays", __name__, url_prefix="/workdays")
guard(blueprint, "admin")

KINDS = {
    "off": N_("Day off"), "work": N_("Make-up day"), "half am": N_("Half day: mornings only"),
    "half pm": N_("Half day: afternoons only"), "half": N_("Half day: hours of its own"),
    "none": N_("As the week says"),
}  # fmt: skip
SHORT = {"off": N_("off"), "work": N_("work"), "half": N_("half")}


@dataclass(frozen=True)
class Month:
    """`weeks`: seven dates each, None outside the month."""

    name: str
    weeks: list[list[date | None]]


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """The first calendar; without one, what a calendar is for and how it is made."""
    found = workdays.calendars(g.uow)
    if not found:
        return page("workdays/none.html")
    keys = [key for key, _ in found]
    return redirect(url_for(".year", key=workdays.CN if workdays.CN in keys else keys[0]))


@blueprint.post("/")
def create() -> ResponseReturnValue:
    """The Chinese calendar with the published days."""
    workdays.ensure_cn(g.uow)
    return redirect(url_for(".year", key=workdays.CN), 303)


def _year(key: str, error: EngineError | None = None, **more: Any) -> ResponseReturnValue:
    shown = _shown_year()
    calendar = workdays.calendar(g.uow, key)
    days = [day for day in workdays.days(g.uow, key) if day.day.year == shown]
    return page(
        "workdays/year.html", key=key, calendar=calendar, calendars=workdays.calendars(g.uow), shown=shown, days=days,
        by_day={day.day: day for day in days}, months=list(_months(shown)), weekdays=_weekdays(), today=_today(),
        kinds=KINDS, short=SHORT, word=_word, hours=_week_hours(calendar),
        known=not days and workdays.published(shown), error=error,
        typed=request.form, missing=workdays.missing_year(g.uow, _today()), **more,
    )  # fmt: skip


@blueprint.get("/<key>")
def year(key: str) -> ResponseReturnValue:
    """Twelve months, the list of days that differ, and the ways to change them."""
    return _year(key)


@blueprint.post("/<key>/day")
@shows_again(lambda error, key: _year(key, error))
def day(key: str) -> ResponseReturnValue:
    """One day is to be off, worked, or as the week again: before and after are shown first."""
    try:
        at = date.fromisoformat(request.form.get("day", ""))
    except ValueError:
        raise InvalidForm(errors={"day": [N_("a day")]}) from None
    kind, _, hours = request.form.get("kind", "").partition(" ")
    if kind not in workdays.KINDS:
        raise InvalidForm(errors={"kind": [N_("off, work, half or none")]})
    if kind == "half":
        try:
            hours = workdays.read_half(hours or request.form.get("hours", ""))
        except InvalidValue:
            raise InvalidForm(errors={"hours": [N_("hours such as 09:00-12:00")]}) from None
    note = " ".join(request.form.get("note", "").split()) if kind != "none" else ""
    return _confirm(key, [workdays.DayChange(at, kind, note, hours)])


@blueprint.post("/<key>/week")
@shows_again(lambda error, key: _year(key, error))
def week(key: str) -> ResponseReturnValue:
    """Other hours for the days of the week: before and after are shown first."""
    typed = [(weekday, request.form.get(f"hours{weekday}", "")) for weekday in range(1, 8)]
    text = "; ".join(f"{weekday} {hours.strip()}" for weekday, hours in typed if hours.strip())
    return _confirm(key, [], week=workdays.write_week(workdays.read_week(text)))


@blueprint.post("/<key>/published")
@shows_again(lambda error, key: _year(key, error))
def published(key: str) -> ResponseReturnValue:
    """The published days of the year that is shown."""
    found = workdays.published(_shown_year())
    if not found:
        raise InvalidValue(expected=N_("a year whose holidays are known"), found=_shown_year())
    return _confirm(key, found)


@blueprint.post("/<key>/file")
@shows_again(lambda error, key: _year(key, error))
def file(key: str) -> ResponseReturnValue:
    """A CSV file: a report per line; nothing is taken over from a file with a faulty line."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise InvalidValue(expected=N_("a CSV file"), found=N_("none"))
    lines = workdays.read_days(decoded(upload.filename, upload.read()))
    if not lines:
        raise InvalidValue(expected=N_("a line such as 2027-01-01,off,New Year"), found=N_("none"))
    if any(line.change is None for line in lines):
        workdays.days(g.uow, key)
        return page("workdays/report.html", 422, key=key, lines=lines, word=_word, shown=_shown_year())
    return _confirm(key, [line.change for line in lines if line.change is not None], lines)


@blueprint.post("/<key>/days")
@shows_again(lambda error, key: _year(key, error))
def change(key: str) -> ResponseReturnValue:
    """Do what was confirmed."""
    lines, week = workdays.read_days(request.form.get("days", "")), request.form.get("week", "")
    if not (lines or week) or any(line.change is None for line in lines):
        raise InvalidValue(expected=N_("the days that were confirmed"), found=N_("something else"))
    changes = [line.change for line in lines if line.change is not None]
    count = recounting.change(g.uow, key, changes, week)
    flash(gettext("Week changed") if week else gettext("Days changed: %(n)s", n=count), "success")
    return redirect(url_for(".year", key=key, year=changes[0].day.year if changes else _shown_year()), 303)


def _confirm(key: str, changes: list[workdays.DayChange], lines: Any = (), week: str = "") -> ResponseReturnValue:
    """What it is and will be, and how many due dates and timers move with it."""
    calendar = workdays.calendar(g.uow, key)
    before = {day.day: day for day in workdays.days(g.uow, key)}
    return page(
        "workdays/confirm.html", key=key, changes=changes, before=before, text=workdays.write_days(changes),
        word=_word, shown=changes[0].day.year if changes else _shown_year(), lines=lines, week=week,
        weekdays=[(long, *hours) for (_, long), *hours in zip(
            _weekdays(), _week_hours(calendar), _week_hours(workdays.changed(calendar, [], week)), strict=True
        )] if week else [],
        moves=recounting.preview(g.uow, key, changes, week), most=recounting.MOST_COUNTED,
    )  # fmt: skip


def _word(change: workdays.DayChange | None) -> str:
    """What a day is, with the hours of a half one."""
    if change is None:
        return gettext(KINDS["none"])
    if change.kind == "half" and change.hours not in workdays.HALVES:
        return gettext("Half day: %(hours)s", hours=change.hours)
    return gettext(KINDS[f"{change.kind} {change.hours}".strip()])


def _week_hours(calendar: workdays.WorkCalendar) -> list[str]:
    return [workdays.write_hours(calendar.week.get(weekday, ())) for weekday in range(1, 8)]


def _shown_year() -> int:
    found = request.values.get("year", type=int)
    return found if found is not None and MINYEAR < found < MAXYEAR else _today().year


def _today() -> date:
    return g.now.astimezone(languages.zone()).date()


def _months(shown: int) -> Iterator[Month]:
    for number in range(1, 13):
        first = date(shown, number, 1)
        days: list[date | None] = [None] * (first.isoweekday() - 1)
        at = first
        while at.month == number:
            days.append(at)
            at += timedelta(days=1)
        days += [None] * (-len(days) % 7)
        yield Month(format_date(first, "LLLL"), [days[n : n + 7] for n in range(0, len(days), 7)])


def _weekdays() -> list[tuple[str, str]]:
    monday = date(2026, 11, 23)
    week = [monday + timedelta(days=n) for n in range(7)]
    return [(format_date(at, "EEEEE"), format_date(at, "EEEE")) for at in week]
