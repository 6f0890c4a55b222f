"""Working time: the examples of the design page, its inverse, and bad input."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import history, workdays
from engine.errors import InvalidValue, NotFound
from engine.unit_of_work import ENGINE
from engine.workdays import DayChange, WorkCalendar, read_week
from tests.examples import examples

SHANGHAI = ZoneInfo("Asia/Shanghai")
PLAIN = WorkCalendar(
    "plain", SHANGHAI, read_week(workdays.CN_WEEK), {date(2026, 2, 14): True, date(2026, 2, 16): False}
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("start", "duration", "expected"),
    [
        ("2026-11-20 17:00", timedelta(hours=2), "2026-11-23 10:00"),
        ("2026-11-20 17:00", timedelta(days=1), "2026-11-23 17:00"),
        ("2026-11-21 11:00", timedelta(hours=8), "2026-11-23 18:00"),
        ("2026-02-13 17:00", timedelta(hours=2), "2026-02-14 10:00"),
        ("2026-11-23 11:30", timedelta(hours=1), "2026-11-23 13:30"),
        ("2026-11-23 18:00", timedelta(0), "2026-11-23 18:00"),
        ("2026-11-23 20:00", timedelta(days=1), "2026-11-25 09:00"),
        ("2026-11-23 08:00", timedelta(days=1, hours=2), "2026-11-24 11:00"),
    ],
)
def test_duration_consumes_working_time_only(start, duration, expected):
    assert PLAIN.add(at(start), duration) == at(expected)


@pytest.mark.parametrize(
    ("start", "duration", "expected"),
    [
        ("2026-11-23 17:00", timedelta(hours=4), "2026-11-24 12:00"),  # Tuesday: mornings only
        ("2026-11-23 17:00", timedelta(days=1), "2026-11-24 12:00"),  # its last closing, not 17:00
        ("2026-11-23 17:00", timedelta(days=2), "2026-11-25 17:00"),  # Wednesday: 13:00 to 18:00
        ("2026-11-23 10:00", timedelta(days=2), "2026-11-25 13:00"),  # its opening
        ("2026-11-24 14:00", timedelta(hours=1), "2026-11-25 14:00"),
        ("2026-11-27 17:00", timedelta(hours=2), "2026-11-28 11:00"),  # Saturday 10:00-12:00 of its own
        ("2026-11-28 11:00", timedelta(hours=2), "2026-11-29 10:00"),  # Sunday: the morning of a make-up day
    ],
)
def test_half_days_count_with_the_hours_that_they_have(start, duration, expected):
    halves = workdays.changed(PLAIN, [
        DayChange(date(2026, 11, 24), "half", hours="am"), DayChange(date(2026, 11, 25), "half", hours="pm"),
        DayChange(date(2026, 11, 28), "half", hours="10:00-12:00"), DayChange(date(2026, 11, 29), "half", hours="am"),
    ])  # fmt: skip

    assert halves.add(at(start), duration) == at(expected)


@pytest.mark.parametrize(
    ("start", "duration", "expected"),
    [
        ("2026-09-30 17:00", timedelta(hours=2), "2026-10-08 10:00"),  # over the seven days of 国庆
        ("2026-09-30 17:00", timedelta(days=1), "2026-10-08 17:00"),
        ("2026-10-01 10:00", timedelta(hours=8), "2026-10-08 18:00"),
        ("2026-10-09 17:00", timedelta(hours=2), "2026-10-10 10:00"),  # the make-up Saturday
        ("2026-10-09 17:00", timedelta(days=2), "2026-10-12 17:00"),
        ("2026-10-10 17:00", timedelta(hours=2), "2026-10-12 10:00"),
    ],
)
def test_the_national_holiday_and_its_make_up_saturday(start, duration, expected):
    published = workdays.changed(PLAIN, workdays.published(2026))

    assert published.add(at(start), duration) == at(expected)


def test_a_week_is_written_as_it_is_read():
    texts = ("1-5 09:00-12:00,13:00-18:00", "1-3 09:00-12:00; 5 09:00-12:00; 6 10:00-11:00", "7 00:00-23:59")

    assert [workdays.write_week(read_week(text)) for text in texts] == list(texts)
    assert workdays.changed(PLAIN, [], "6 09:00-12:00").hours(date(2026, 11, 23)) == ()


def test_the_week_of_a_calendar_is_changed_on_record(engine):
    with engine.unit_of_work(ENGINE) as uow:
        workdays.ensure_cn(uow)
        assert not workdays.change_week(uow, "cn", workdays.CN_WEEK)
        assert workdays.change_week(uow, "cn", "1-4 09:00-12:00,13:00-18:00; 5 09:00-12:00")
        assert workdays.calendar(uow).add(at("2026-11-26 17:00"), timedelta(days=1)) == at("2026-11-27 12:00")
        with pytest.raises(InvalidValue):
            workdays.change_week(uow, "cn", "never")
        (act,) = history.acts(uow, "calendar")

    assert (act.kind, act.data["to"]) == ("calendar.week_changed", "1-4 09:00-12:00,13:00-18:00; 5 09:00-12:00")


def test_instants_come_back_in_utc_and_naive_ones_are_refused():
    assert PLAIN.add(at("2026-11-23 09:00"), timedelta(hours=1)).tzinfo is UTC
    with pytest.raises(InvalidValue):
        PLAIN.add(datetime(2026, 11, 23, 9), timedelta(hours=1))  # noqa: DTZ001 - the bad input
    with pytest.raises(InvalidValue):
        PLAIN.add(at("2026-11-23 09:00"), timedelta(hours=-1))


@examples(60)
@given(st.integers(0, 60 * 24 * 30), st.integers(1, 60 * 9 - 1))
def test_between_is_the_inverse_of_add(start_minutes, working_minutes):
    start = at("2026-02-01 00:00") + timedelta(minutes=start_minutes)
    worked = timedelta(minutes=working_minutes)

    assert PLAIN.between(start, PLAIN.add(start, worked)) == worked


def test_between_counts_backwards_too():
    assert PLAIN.between(at("2026-11-23 10:00"), at("2026-11-20 17:00")) == timedelta(hours=-2)


@pytest.mark.parametrize("text", ["", "8 09:00-12:00", "1-5 12:00-09:00", "1-5 09:00-12:00,11:00-13:00", "mon-fri 9-5"])
def test_a_week_that_cannot_be_is_refused(text):
    with pytest.raises(InvalidValue):
        read_week(text)


def test_a_calendar_without_working_days_is_an_answer_not_a_hang():
    never = WorkCalendar("never", SHANGHAI, {}, {})

    with pytest.raises(InvalidValue):
        never.add(at("2026-11-23 09:00"), timedelta(hours=1))


def test_the_chinese_calendar_knows_holidays_and_make_up_days(engine):
    with engine.unit_of_work(ENGINE) as uow:
        workdays.ensure_cn(uow)
        workdays.ensure_cn(uow)
    with engine.unit_of_work(ENGINE) as uow:
        cn = workdays.calendar(uow)

    assert cn.count(date(2026, 10, 1), date(2026, 10, 10)) == 3  # 8, 9 and the make-up Saturday 10
    assert cn.add(at("2026-09-30 17:00"), timedelta(hours=2)) == at("2026-10-08 10:00")
    assert cn.is_workday(date(2026, 2, 14))
    assert cn.is_workday(date(2027, 1, 4))


def test_days_that_people_count_on_are_those_of_the_notices():
    found = {change.day: change.kind for change in workdays.published(2026)}

    assert [day for day, kind in found.items() if kind == "work"] == [
        date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10),
    ]  # fmt: skip
    assert sum(kind == "off" for kind in found.values()) == 33
    assert workdays.published(2093) == []


def test_a_day_can_be_changed_and_follows_the_week_again_each_on_record(engine):
    day = date(2026, 11, 23)
    with engine.unit_of_work(ENGINE) as uow:
        workdays.ensure_cn(uow)
        assert workdays.calendar(uow).is_workday(day)
        assert workdays.change_days(uow, "cn", [DayChange(day, "off", "公司日")]) == 1
        assert workdays.change_days(uow, "cn", [DayChange(day, "off", "公司日")]) == 0
        off = workdays.calendar(uow).is_workday(day)
        workdays.change_days(uow, "cn", [DayChange(day, "none")])
        again = workdays.calendar(uow).is_workday(day)
        with pytest.raises(NotFound):
            workdays.change_days(uow, "mars", [])
        acts = [(act.data["from"], act.data["to"]) for act in history.acts(uow, "calendar")]

    assert (off, again) == (False, True)
    assert acts == [("off", "none"), ("none", "off")]


def test_lines_of_a_file_are_read_each_with_its_fault():
    lines = workdays.read_days("\ufeff日期,类型,备注\n2027-01-01,休,元旦\n2027/02/20,work\n\n2027-02-30,off\n"
                               "2027-01-02,holiday\n2027-01-01,none\n2027-01-03\n2027-01-04,none,x\n"
                               "2027-02-05,上午,除夕\n2027-02-06,half 13:00-15:00\n2027-02-07,half\n")  # fmt: skip

    assert [line.number for line in lines if line.change is None] == [5, 6, 7, 8, 12]
    good = [line.change for line in lines if line.change is not None]
    assert good == [DayChange(date(2027, 1, 1), "off", "元旦"), DayChange(date(2027, 2, 20), "work"),
                    DayChange(date(2027, 1, 4), "none"), DayChange(date(2027, 2, 5), "half", "除夕", "am"),
                    DayChange(date(2027, 2, 6), "half", "", "13:00-15:00")]  # fmt: skip
    assert [line.change for line in workdays.read_days(workdays.write_days(good))] == good
    with pytest.raises(InvalidValue):
        workdays.read_days("2027-01-01,off\n" * (workdays.MOST_DAYS + 1))
