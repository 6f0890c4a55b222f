"""The k-th completion of a user task in a loop: an old instance must not be dearer than a young one."""

import statistics

from sqlalchemy import select

from benchmarks.drawings import LOOP
from benchmarks.measure import timed
from engine import repository, runtime, tasks
from engine.db.task import work_item
from engine.process_engine import ProcessEngine
from engine.unit_of_work import ENGINE, Actor


def growth(engine: ProcessEngine, actor: Actor, rounds: int = 1000) -> dict[str, float]:
    """Median CPU-ms of a completion around the 10th and around the last of `rounds`, and their ratio."""
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"bench/loop.bpmn": LOOP})
    with engine.unit_of_work(actor) as uow:
        instance = runtime.start(uow, "loop", {"n": 0, "rounds": rounds})
    spent = []
    for _ in range(rounds):
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            item = uow.execute(
                select(work_item.c.id).where(work_item.c.instance_id == instance.id, work_item.c.status == 1)
            ).scalar_one()
        with timed() as sample, engine.unit_of_work(actor) as uow:
            tasks.complete(uow, item, {})
        spent.append(sample.cpu * 1000)
    young, old = statistics.median(spent[5:55]), statistics.median(spent[-50:])
    return {"cpu_ms_at_10": young, f"cpu_ms_at_{rounds}": old, "ratio": old / young}
