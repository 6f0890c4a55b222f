"""The k-th completion of a user task in a loop: an old instance must not be dearer than a young one."""

import statistics
from uuid import UUID

from sqlalchemy import bindparam, select

from benchmarks.drawings import LOOP
from benchmarks.measure import timed
from engine import repository, runtime, tasks
from engine.db.task import work_item
from engine.process_engine import ProcessEngine
from engine.unit_of_work import ENGINE, Actor

_FIRST, _COUNTED = 10, 100
_open = select(work_item.c.id).where(work_item.c.instance_id == bindparam("of"), work_item.c.status == 1)


def growth(engine: ProcessEngine, actor: Actor, rounds: int = 1000) -> dict[str, float]:
    """Median CPU-ms of a completion from the 10th round on and up to the last of `rounds`, and their ratio.

    The young and the old instance take turns, so that both see the same machine.
    """
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"bench/loop.bpmn": LOOP})
    old, young = _at(engine, actor, rounds - _COUNTED, rounds), _at(engine, actor, _FIRST, rounds)
    spent: dict[UUID, list[float]] = {old: [], young: []}
    for _ in range(_COUNTED):
        for key, taken in spent.items():
            taken.append(_complete(engine, actor, key))
    early, late = statistics.median(spent[young]), statistics.median(spent[old])
    return {"cpu_ms_at_10": early, f"cpu_ms_at_{rounds}": late, "ratio": late / early}


def _at(engine: ProcessEngine, actor: Actor, done: int, rounds: int) -> UUID:
    """An instance whose next round is number `done` + 1."""
    with engine.unit_of_work(actor) as uow:
        key = runtime.start(uow, "loop", {"n": 0, "rounds": rounds}).id
    for _ in range(done):
        _complete(engine, actor, key)
    return key


def _complete(engine: ProcessEngine, actor: Actor, instance_id: UUID) -> float:
    """CPU-ms of one completion."""
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        item = uow.execute(_open, {"of": instance_id}).scalar_one()
    with timed() as sample, engine.unit_of_work(actor) as uow:
        tasks.complete(uow, item, {})
    return sample.cpu * 1000
