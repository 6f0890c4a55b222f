"""Due dates, time limits and timers follow their working calendar when a day of it changes."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from engine import history, jobs, recounting, runtime, workdays
from engine.db.job import job
from engine.db.task import inbox, user_task, work_item
from engine.unit_of_work import ENGINE
from engine.workdays import DayChange
from tests.engine.bpmn.drawing import END, START, boundary, drawing, flows, timer, user
from tests.factories import ann, begun, deploy

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFF = [DayChange(date(2026, 11, 24), "off", "公司日")]
WORK = (
    '<troika:calendar name="cn"/>', '<zeebe:taskSchedule dueDate="P1D" followUpDate="2026-11-30T09:00:00+08:00"/>',
    '<zeebe:assignmentDefinition assignee="ann"/>',
    '<troika:timeout calendar="cn"><troika:step after="PT9H" do="remind"/></troika:timeout>',
)  # fmt: skip


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def moments(engine, mine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        task = uow.execute(select(user_task).where(user_task.c.instance_id == mine)).one()
        item = uow.execute(select(work_item).where(work_item.c.instance_id == mine)).one()
        box = uow.execute(select(inbox.c.due_key).where(inbox.c.work_item_id == item.id)).scalar()
        later = select(job.c.visible_at).where(job.c.instance_id == mine, job.c.calendar == "cn")
        assert (item.due_at, box) == (task.due_at, int(task.due_at.timestamp() * 1000))
        assert task.follow_up_at == local("2026-11-30 09:00")
        return task.due_at, sorted(uow.execute(later).scalars())


def test_what_is_set_moves_with_the_calendar_and_what_was_given_stays(engine, clock):
    ann(engine)
    with engine.unit_of_work(ENGINE) as uow:
        workdays.ensure_cn(uow)
    body = START + user("t", *WORK) + boundary("late", "t", timer("P2D"), False, WORK[0]) + END + user("u")
    deploy(engine, drawing(body + flows("start t end", "late u")))
    mine, still = begun(engine), begun(engine)
    with engine.unit_of_work(ENGINE) as uow:
        runtime.suspend(uow, still, "stands still")
    before = local("2026-11-24 09:00"), [local("2026-11-24 10:00"), local("2026-11-25 09:00")]
    assert moments(engine, mine) == moments(engine, still) == before

    with engine.unit_of_work(ENGINE) as uow:
        assert recounting.preview(uow, "cn", OFF) == recounting.Moves(2, 4, True)
        assert recounting.preview(uow, "cn", [DayChange(date(2026, 12, 24), "off")]) == recounting.Moves(0, 0, True)
        assert recounting.preview(uow, "cn", [], "1-5 10:00-18:00") == recounting.Moves(2, 4, True)
        assert recounting.change(uow, "cn", OFF) == 1
    jobs.run_due(engine)

    after = local("2026-11-25 09:00"), [local("2026-11-25 10:00"), local("2026-11-26 09:00")]
    assert moments(engine, mine) == moments(engine, still) == after
    with engine.unit_of_work(ENGINE) as uow:
        (moved,) = [fact.data for fact in history.timeline(uow, mine) if fact.kind == "task.due_moved"]
        assert (moved["from"], moved["to"], moved["calendar"]) == (before[0], after[0], "cn")
        assert recounting.change(uow, "cn", OFF) == 0

    clock.advance(after[1][1] - engine.clock.now())  # the timer fires once, when it is due now
    jobs.run_due(engine)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert len(uow.execute(select(user_task.c.id).where(user_task.c.instance_id == mine)).all()) == 2
