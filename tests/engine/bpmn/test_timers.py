"""Dates, durations, cycles and cron lines; time zones and working time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine import bpmn
from engine.bpmn import steps, timers
from engine.bpmn.cron import read_cron
from engine.workdays import CN_WEEK, WorkCalendar, read_week
from tests.engine.bpmn.drawing import (
    END,
    START,
    Play,
    boundary,
    catch,
    drawing,
    element,
    errors,
    extensions,
    flows,
    timer,
    user,
)

SHANGHAI = "Asia/Shanghai"
WORK = WorkCalendar("cn", ZoneInfo(SHANGHAI), read_week(CN_WEEK), {date(2026, 10, 1): False, date(2026, 10, 10): True})
FRIDAY = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
"""17:00 in Shanghai"""


def local(moment, zone=SHANGHAI):
    return moment.astimezone(ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M:%S")


def firings(text, now, count, zone=SHANGHAI, calendar=None):
    found = timers.arm("cycle", text, now, zone, calendar)
    dues = [found.due]
    while len(dues) < count:
        found = timers.again(found.cycle, found.due, found.left, found.due, zone, calendar)
        if found is None:
            break
        dues.append(found.due)
    return [local(due, zone) for due in dues]


# ---------------------------------------------------------------- cycles


def test_cycle_of_three_ends_after_the_third():
    assert len(firings("R3/PT1H", FRIDAY, 10)) == 3


def test_cycle_with_start_and_cycle_with_end():
    assert firings("R/2026-12-01T08:00:00Z/PT12H", FRIDAY, 2) == ["Tue 2026-12-01 16:00:00", "Wed 2026-12-02 04:00:00"]
    assert len(firings("R/P1D/2026-11-30T00:00:00Z", FRIDAY, 10)) == 2


def test_cycle_counts_from_its_schedule_and_makes_up_once_for_an_outage():
    found = timers.arm("cycle", "R/PT1H", FRIDAY, SHANGHAI)
    late = FRIDAY + timedelta(hours=5, minutes=30)

    assert timers.again(found.cycle, found.due, found.left, late, SHANGHAI).due == FRIDAY + timedelta(hours=6)


def test_months_keep_the_wall_time_of_the_zone():
    due = timers.arm("duration", "P1M", datetime(2026, 3, 15, 8, 0, tzinfo=UTC), "Europe/Berlin").due

    assert local(due, "Europe/Berlin") == "Wed 2026-04-15 09:00:00"


# ---------------------------------------------------------------- cron


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0 0 9 * * MON-FRI", ["Mon 2026-11-30 09:00:00", "Tue 2026-12-01 09:00:00"]),
        ("0 */20 17 * * *", ["Fri 2026-11-27 17:20:00", "Fri 2026-11-27 17:40:00"]),
        ("30 0 8 1,L * ?", ["Mon 2026-11-30 08:00:30", "Tue 2026-12-01 08:00:30"]),
        ("0 0 0 29 FEB *", ["Tue 2028-02-29 00:00:00", "Sun 2032-02-29 00:00:00"]),
        ("0 0 12 * * 7", ["Sun 2026-11-29 12:00:00", "Sun 2026-12-06 12:00:00"]),
        ("0 5-10/5 6 * 1/6 *", ["Fri 2027-01-01 06:05:00", "Fri 2027-01-01 06:10:00"]),
        ("@daily", ["Sat 2026-11-28 00:00:00", "Sun 2026-11-29 00:00:00"]),
    ],
)
def test_cron_lines(line, expected):
    assert firings(line, FRIDAY, 2) == expected


@pytest.mark.parametrize(
    "line", ["0 9 * * *", "0 0 25 * * *", "0 0 9 * * FUNDAY", "0 0 9 31-1 * *", "*/0 * * * * *", ""]
)
def test_what_is_no_cron_line(line):
    assert read_cron(line) is None
    with pytest.raises(timers.WrongTimer):
        timers.arm("cycle", line, FRIDAY, SHANGHAI)


def test_cron_line_that_never_comes_is_wrong():
    with pytest.raises(timers.WrongTimer, match="next years"):
        timers.arm("cycle", "0 0 0 31 2 *", FRIDAY, SHANGHAI)


def test_cron_goes_on_over_the_change_to_summer_time():
    before = datetime(2026, 3, 28, 3, 0, tzinfo=UTC)

    assert firings("0 30 2 * * *", before, 3, "Europe/Berlin") == [
        "Sun 2026-03-29 03:30:00", "Mon 2026-03-30 02:30:00", "Tue 2026-03-31 02:30:00",
    ]  # fmt: skip


# ---------------------------------------------------------------- working time


def test_durations_count_working_time():
    assert local(timers.arm("duration", "PT2H", FRIDAY, SHANGHAI, WORK).due) == "Mon 2026-11-30 10:00:00"
    assert local(timers.arm("duration", "P1D", FRIDAY, SHANGHAI, WORK).due) == "Mon 2026-11-30 17:00:00"
    assert local(timers.moment_of("PT2H", FRIDAY, SHANGHAI, WORK)) == "Mon 2026-11-30 10:00:00"
    assert firings("R3/PT4H", FRIDAY, 3, calendar=WORK) == [
        "Mon 2026-11-30 12:00:00", "Mon 2026-11-30 17:00:00", "Tue 2026-12-01 12:00:00",
    ]  # fmt: skip


def test_cron_outside_working_hours_moves_to_the_next_opening_once():
    assert firings("0 0 8 * * *", FRIDAY, 2, calendar=WORK) == ["Mon 2026-11-30 09:00:00", "Tue 2026-12-01 09:00:00"]


def test_working_time_backwards_is_wrong():
    with pytest.raises(timers.WrongTimer):
        timers.arm("duration", "-PT1H", FRIDAY, SHANGHAI, WORK)


@pytest.mark.parametrize("calendar", [None, WORK])
@pytest.mark.parametrize("text", ["P9000Y", "P99999999999Y", "P99999999999999999Y", "P99999999D"])
def test_a_duration_that_ends_after_the_year_9999_is_wrong(text, calendar):
    with pytest.raises(timers.WrongTimer):
        timers.arm("duration", text, FRIDAY, SHANGHAI, calendar)


# ---------------------------------------------------------------- in a drawing


def on(calendar: str) -> str:
    return f'<troika:calendar name="{calendar}"/>'


def case(calendar: str = "cn") -> Play:
    body = (
        START + element("userTask", "t", on(calendar), '<zeebe:taskSchedule dueDate="PT2H"/>')
        + boundary("b", "t", timer("PT2H"), False, on(calendar))
        + boundary("r", "t", timer("R/PT2H", "timeCycle"), False, on(calendar)) + user("u") + END
        + flows("start t end", "b u end", "r u")
    )  # fmt: skip
    return Play(drawing(body), now=FRIDAY, calendars={"cn": WORK}.__getitem__)


def test_timers_and_due_dates_follow_the_calendar_of_their_element():
    play = case()

    due = {node: play.state.tokens[token].due for token, node, kind in bpmn.waits(play.state) if kind == "timer"}
    assert {node: local(datetime.fromisoformat(text)) for node, text in due.items()} == {
        "b": "Mon 2026-11-30 10:00:00", "r": "Mon 2026-11-30 10:00:00",
    }  # fmt: skip
    assert local(play.all(steps.WorkOpened)[0].work.due) == "Mon 2026-11-30 10:00:00"
    play.elapse("r")
    assert local(datetime.fromisoformat(play.state.tokens[play.token("r")].due)) == "Mon 2026-11-30 12:00:00"


def test_calendar_that_does_not_exist_is_an_incident():
    assert case("mars").incidents == {"t": "calendar-unknown"}


def test_calendar_of_the_process_counts_for_all_its_timers():
    body = extensions(on("cn")) + START + catch("c", timer("PT2H")) + END + flows("start c end")
    play = Play(drawing(body), now=FRIDAY, calendars={"cn": WORK}.__getitem__)

    assert local(datetime.fromisoformat(play.state.tokens[play.token("c")].due)) == "Mon 2026-11-30 10:00:00"


def test_wrong_cron_in_a_drawing_is_refused():
    body = START + catch("c", timer("0 0 9 * * FUNDAY", "timeCycle")) + END + flows("start c end")

    assert errors(drawing(body)) == {"timer-wrong": "c"}
