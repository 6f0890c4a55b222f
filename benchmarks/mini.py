"""start -> service -> user task -> gateway -> service -> end, with history and inbox: Troika, its floor, and raw Spiff.

The floor replays the very statements, commits and bytes of one real instance, with fresh keys, through the same unit
of work, without an engine. What Troika costs above it is what the engine costs.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from benchmarks.drawings import MINI, VARIABLES
from benchmarks.measure import timed
from engine import identity, repository, runtime, tasks
from engine.db.task import work_item
from engine.ids import uuid7
from engine.operations import operation
from engine.process_engine import ProcessEngine
from engine.unit_of_work import ENGINE, Actor, UnitOfWork

_Said = tuple[str, Any, Any]
"""("read" | "execute", statement, parameters) or ("write", entries of the queue, None)"""


@operation("bench.touch", zh="触碰", en="Touch", outputs={"touched": "boolean"})
def touch(uow: UnitOfWork, *, order_id: str) -> dict[str, Any]:
    """Does nothing and says so: what is measured is the way there and back."""
    return {"touched": True}


def prepare(engine: ProcessEngine) -> Actor:
    """Deploy the drawing and make the person who works on it."""
    with engine.unit_of_work(ENGINE) as uow:
        person = identity.create_user(uow, "bench", name="Bench", password=None).id
        repository.deploy(uow, {"bench/mini.bpmn": MINI})
    return Actor(person, source="api")


def troika(engine: ProcessEngine, actor: Actor, n: int) -> Callable[[], dict[str, float]]:
    """`n` instances a round: start them, then complete their tasks, each in a transaction of its own."""

    def play() -> dict[str, float]:
        statements = 0
        with timed() as starting:
            for _ in range(n):
                with engine.unit_of_work(actor) as uow:
                    runtime.start(uow, "mini", VARIABLES)
                statements += uow.statements
        items = _open_items(engine)
        with timed() as completing:
            for item in items:
                with engine.unit_of_work(actor) as uow:
                    tasks.complete(uow, item, {})
                statements += uow.statements
        assert not _open_items(engine)
        return {
            "cpu_ms": (starting.cpu + completing.cpu) * 1000 / n,
            "wall_ms": (starting.wall + completing.wall) * 1000 / n,
            "instances_per_second": n / (starting.wall + completing.wall),
            "statements": statements / n,
            "commits": 2.0,
        }

    return play


def one_by_one(engine: ProcessEngine, actor: Actor, n: int) -> None:
    """`n` instances, each started and completed before the next; several processes may do so at once."""
    for _ in range(n):
        with engine.unit_of_work(actor) as uow:
            instance = runtime.start(uow, "mini", VARIABLES)
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            item = uow.execute(select(work_item.c.id).where(work_item.c.instance_id == instance.id)).scalar_one()
        with engine.unit_of_work(actor) as uow:
            tasks.complete(uow, item, {})


def _open_items(engine: ProcessEngine) -> list[UUID]:
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return list(uow.execute(select(work_item.c.id).where(work_item.c.status == 1)).scalars())


# ---------------------------------------------------------------- the floor: the same statements without an engine


def floor(engine: ProcessEngine, actor: Actor, n: int) -> Callable[[], dict[str, float]]:
    """Replay of one recorded instance with fresh keys."""
    one_by_one(engine, actor, 1)  # what is read once per process is no part of an instance
    tape = _record(engine, actor)
    made = _keys_made(tape)

    def play() -> dict[str, float]:
        statements = 0
        fresh = [{old: uuid7() for old in made} for _ in range(n)]
        with timed() as sample:
            for part in range(len(tape)):
                for keys in fresh:
                    with engine.unit_of_work(actor) as uow:
                        for entry in tape[part]:
                            _replay(uow, entry, keys)
                        uow.flush()
                    statements += uow.statements
        return {
            "cpu_ms": sample.cpu * 1000 / n,
            "wall_ms": sample.wall * 1000 / n,
            "instances_per_second": n / sample.wall,
            "statements": statements / n,
            "commits": 2.0,
        }

    return play


def _record(engine: ProcessEngine, actor: Actor) -> list[list[_Said]]:
    """What the two transactions of one instance send."""
    started: list[_Said] = []
    completed: list[_Said] = []
    with _recording(started), engine.unit_of_work(actor) as uow:
        runtime.start(uow, "mini", VARIABLES)
    item = _open_items(engine)[0]
    with _recording(completed), engine.unit_of_work(actor) as uow:
        tasks.complete(uow, item, {})
    return [started, completed]


@contextmanager
def _recording(tape: list[_Said]) -> Iterator[None]:
    execute, read, send = UnitOfWork.execute, UnitOfWork.read, UnitOfWork._send

    def record_execute(uow: UnitOfWork, statement: Any, parameters: Any = None) -> Any:
        found = execute(uow, statement, parameters)  # what it sends before itself is written down first
        tape.append(("execute", statement, parameters))
        return found

    def record_read(uow: UnitOfWork, statement: Any, parameters: Any = None) -> Any:
        found = read(uow, statement, parameters)
        tape.append(("read", statement, parameters))
        return found

    def record_write(uow: UnitOfWork, first: int | None = None) -> None:
        sent = uow._queue[:first]
        if sent:
            copies = [replace(entry, rows=list(entry.rows)) for entry in sent]  # sending merges rows in place
            tape.append(("write", copies, None))
        send(uow, first)

    UnitOfWork.execute, UnitOfWork.read, UnitOfWork._send = record_execute, record_read, record_write  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        UnitOfWork.execute, UnitOfWork.read, UnitOfWork._send = execute, read, send  # type: ignore[method-assign]


def _keys_made(tape: list[list[_Said]]) -> set[UUID]:
    made = set()
    for entry in (entry for part in tape for entry in part):
        if entry[0] == "write":
            for queued in entry[1]:
                if queued.writing.sql.startswith("INSERT"):
                    for row in queued.rows:
                        made |= {row[name] for name in ("id", "key") if isinstance(row.get(name), UUID)}
    return made


def _replay(uow: UnitOfWork, entry: _Said, keys: dict[UUID, UUID]) -> None:
    kind, what, parameters = entry
    if kind == "read":
        uow.read(what, _with(parameters, keys))
        return
    if kind == "execute":
        uow.execute(what, _with(parameters, keys)).all()
        return
    for queued in what:
        rows = [_with(row, keys) for row in queued.rows]
        uow._queue.append(replace(queued, rows=rows, expect=None))
    uow.flush()


def _with(row: Any, keys: dict[UUID, UUID]) -> Any:
    if not isinstance(row, dict):
        return row
    return {name: keys.get(value, value) if isinstance(value, UUID) else value for name, value in row.items()}


# ---------------------------------------------------------------- a peer: raw SpiffWorkflow, a JSON blob per wait


def spiff(engine: ProcessEngine, n: int) -> Callable[[], dict[str, float]]:
    """Raw SpiffWorkflow 3.2: parse once; per instance run to the wait, save, restore, complete, save. No inbox."""
    from benchmarks.peers.spiff import Peer  # noqa: PLC0415 - SpiffWorkflow's executor is wanted here only

    peer = Peer()
    with engine.unit_of_work(ENGINE) as uow:
        uow.execute(text("CREATE TABLE IF NOT EXISTS bench_spiff (id VARCHAR(36) PRIMARY KEY, state TEXT NOT NULL)"))
    insert = text("INSERT INTO bench_spiff (id, state) VALUES (:id, :state)")
    update = text("UPDATE bench_spiff SET state = :state WHERE id = :id")
    read = text("SELECT state FROM bench_spiff WHERE id = :id")

    def play() -> dict[str, float]:
        statements = 0
        keys = [str(uuid7()) for _ in range(n)]
        with timed() as sample:
            for key in keys:
                with engine.unit_of_work(ENGINE) as uow:
                    uow.execute(insert, {"id": key, "state": json.dumps(peer.start(VARIABLES))})
                statements += uow.statements
            for key in keys:
                with engine.unit_of_work(ENGINE) as uow:
                    stored = uow.execute(read, {"id": key}).scalar_one()
                    uow.execute(update, {"id": key, "state": json.dumps(peer.complete(json.loads(stored)))})
                statements += uow.statements
        return {
            "cpu_ms": sample.cpu * 1000 / n,
            "wall_ms": sample.wall * 1000 / n,
            "instances_per_second": n / sample.wall,
            "statements": statements / n,
            "commits": 2.0,
        }

    return play
