"""What an instance may cost: the statements of a start, a completion, a decision; the same in the thousandth round."""

from sqlalchemy import event, select

from benchmarks import mini
from benchmarks.drawings import LOOP, VARIABLES
from engine import repository, runtime, tasks
from engine.db.task import work_item
from engine.unit_of_work import ENGINE

OPEN = select(work_item.c.id).where(work_item.c.status == 1)


def spent(engine, actor, act, *arguments) -> tuple[int, int]:
    """Statements and commits of one act."""
    commits: list = []
    note = commits.append
    event.listen(engine._writer, "commit", note)
    try:
        with engine.unit_of_work(actor) as uow:
            act(uow, *arguments)
        return uow.statements, len(commits)
    finally:
        event.remove(engine._writer, "commit", note)


def open_item(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return uow.execute(OPEN).scalar_one()


def test_instance_from_start_to_end_takes_sixteen_statements_and_two_commits(engine):
    actor = mini.prepare(engine)
    mini.one_by_one(engine, actor, 1)  # programs are compiled once per process

    started = spent(engine, actor, runtime.start, "mini", VARIABLES)
    completed = spent(engine, actor, tasks.complete, open_item(engine), {})

    assert (started, completed) == ((8, 1), (8, 1))


def test_floor_sends_what_the_engine_sends(engine):
    actor = mini.prepare(engine)
    mini.one_by_one(engine, actor, 1)

    figures = [contestant(engine, actor, 2)() for contestant in (mini.troika, mini.floor)]

    assert [row["statements"] for row in figures] == [16, 16]


def test_rounds_of_a_loop_take_the_same_statements_and_keep_the_state_small(engine):
    actor = mini.prepare(engine)
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"bench/loop.bpmn": LOOP})
    with engine.unit_of_work(actor) as uow:
        instance = runtime.start(uow, "loop", {"n": 0, "rounds": 31})
    statements, sizes = [], []
    for _ in range(30):
        statements.append(spent(engine, actor, tasks.complete, open_item(engine), {}))
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            sizes.append(len(runtime.instance_view(uow, instance.id).instance.stored))

    assert set(statements) == {(11, 1)}
    assert sizes[-1] <= sizes[9] + 20
