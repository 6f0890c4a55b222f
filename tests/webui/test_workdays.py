"""The working calendar: a year at a glance, days one by one and from a file, and the reminder in November."""

import html
import io
from datetime import UTC, date, datetime

import pytest

from engine import history, workdays
from engine.unit_of_work import ENGINE


@pytest.fixture
def root(engine, sign_in):
    with engine.unit_of_work(ENGINE) as uow:
        workdays.ensure_cn(uow)
    return sign_in("root")


def days(engine, year):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return {day.day: (day.kind, day.note) for day in workdays.days(uow, "cn") if day.day.year == year}


def send(root, text, name="days.csv"):
    content = text if isinstance(text, bytes) else text.encode()
    return root.post("/workdays/cn/file", data={"file": (io.BytesIO(content), name)})


def confirmed(page):
    return html.unescape(page.text.partition('<textarea name="days" hidden>')[2].partition("</textarea>")[0])


def test_a_year_shows_its_days_off_and_its_make_up_days(root):
    page = root.get("/workdays/cn?year=2026").text

    assert page.count("<table") == 12
    assert 'title="Day off · 国庆节"' in page
    assert 'title="Make-up day · 调休"' in page
    assert "2026-10-10" in page
    assert root.get("/workdays/").status_code == 302
    assert root.get("/workdays/cn?year=0").status_code == 200
    assert root.get("/workdays/mars").status_code == 404


def test_without_a_calendar_the_page_makes_one(engine, sign_in):
    root = sign_in("root")
    assert "no calendar yet" in root.get("/workdays/").text

    assert root.post("/workdays/").status_code == 303
    assert len(days(engine, 2026)) == 39


def test_a_day_is_added_changed_and_removed_each_on_record(engine, root):
    def do(kind, note):
        page = root.post("/workdays/cn/day", data={"day": "2026-12-24", "kind": kind, "note": note})
        assert page.status_code == 200
        return root.post("/workdays/cn/days", data={"days": confirmed(page)})

    assert do("off", "Party, of all").status_code == 303
    assert days(engine, 2026)[date(2026, 12, 24)] == ("off", "Party, of all")
    do("work", "")
    assert days(engine, 2026)[date(2026, 12, 24)] == ("work", "")
    do("none", "")
    assert date(2026, 12, 24) not in days(engine, 2026)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [act.data["to"] for act in history.acts(uow, "calendar")] == ["none", "work", "off"]


def test_half_days_and_the_week_are_shown_before_they_are_saved(engine, root):
    typed = {"day": "2026-12-24", "kind": "half", "hours": "10:00-12:00", "note": "Eve"}
    page = root.post("/workdays/cn/day", data=typed)
    assert "Half day: 10:00-12:00" in page.text
    root.post("/workdays/cn/days", data={"days": confirmed(page)})
    page = root.post("/workdays/cn/day", data={"day": "2026-12-25", "kind": "half am"})
    root.post("/workdays/cn/days", data={"days": confirmed(page)})
    page = root.get("/workdays/cn?year=2026").text
    assert ("Half day: 10:00-12:00 · Eve" in page, "Half day: mornings only" in page) == (True, True)

    hours = {f"hours{weekday}": "09:00-12:00" for weekday in range(1, 7)}
    page = root.post("/workdays/cn/week", data=hours)
    assert 'name="week" value="1-6 09:00-12:00"' in page.text
    assert root.post("/workdays/cn/days", data={"days": "", "week": "1-6 09:00-12:00"}).status_code == 303
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert workdays.write_week(workdays.calendar(uow).week) == "1-6 09:00-12:00"
    assert root.post("/workdays/cn/week", data={"hours1": "nine to five"}).status_code == 422


@pytest.mark.parametrize(
    "data",
    [{"day": "2026-02-30", "kind": "off"}, {"day": "2026-12-24", "kind": "holiday"},
     {"day": "2026-12-24", "kind": "half", "hours": "12"}, {}],
)  # fmt: skip
def test_a_day_that_cannot_be_is_refused_and_the_words_stay(root, data):
    page = root.post("/workdays/cn/day", data={**data, "note": "keep me"})

    assert page.status_code == 422
    assert "keep me" in page.text


def test_a_file_with_a_faulty_line_changes_nothing_and_says_which(engine, root):
    page = send(root, "date,kind,note\n2027-01-01,off,元旦\n2027-13-01,off\n2027-01-02,maybe\n")

    assert page.status_code == 422
    assert "found 2027-13-01" in page.text
    assert "found maybe" in page.text
    assert days(engine, 2027) == {}


def test_a_file_is_shown_before_it_is_taken_over(engine, root):
    page = send(root, "日期,类型,备注\n2027-01-01,休,元旦\n2027-02-20,班,春节\n".encode("gb18030"))
    assert page.status_code == 200
    assert days(engine, 2027) == {}
    assert "No due date and no timer" in page.text

    assert root.post("/workdays/cn/days", data={"days": confirmed(page)}).location.endswith("/cn?year=2027")
    assert days(engine, 2027) == {date(2027, 1, 1): ("off", "元旦"), date(2027, 2, 20): ("work", "春节")}


@pytest.mark.parametrize(
    "text", ["", "\n", "date,kind\n", "2027-01-01,off\n" * (workdays.MOST_DAYS + 1), b"\xff\xfe\xff"]
)
def test_a_file_without_days_or_with_too_many_is_refused(root, text):
    assert send(root, text).status_code == 422
    assert root.post("/workdays/cn/days", data={"days": "x"}).status_code == 422


def test_administrators_are_told_from_november_on_that_next_year_is_empty(clock, root, sign_in):
    assert "no days off for 2027" in root.get("/").text
    assert "no days off" not in sign_in("ann").get("/").text
    send_page = send(root, "2027-01-01,off,元旦")
    root.post("/workdays/cn/days", data={"days": confirmed(send_page)})
    assert "no days off" not in root.get("/").text

    clock.move_to(datetime(2027, 10, 31, 1, 0, tzinfo=UTC))
    assert "no days off" not in root.get("/").text
    clock.move_to(datetime(2027, 11, 1, 1, 0, tzinfo=UTC))
    assert "no days off for 2028" in root.get("/").text


def test_published_days_fill_an_empty_year_and_an_unknown_year_is_refused(engine, root):
    known = days(engine, 2026)
    with engine.unit_of_work(ENGINE) as uow:
        workdays.change_days(uow, "cn", [workdays.DayChange(day, "none") for day in known])
    assert "Take them over" in root.get("/workdays/cn?year=2026").text

    page = root.post("/workdays/cn/published", data={"year": 2026})
    root.post("/workdays/cn/days", data={"days": confirmed(page)})
    assert len(days(engine, 2026)) == 39
    assert root.post("/workdays/cn/published", data={"year": 2093}).status_code == 422


def test_only_administrators_open_it(sign_in):
    assert sign_in("ann").get("/workdays/").status_code == 403
    assert sign_in("ann").post("/workdays/cn/days", data={"days": "2026-12-24,off"}).status_code == 403
