"""Kill a process in the middle of an act of a person; then the same click once more.

    python -m tests.faults.acts PLACE      writes a JSON report

The request must be as before the act or as after it, each of a batch for itself, and as after when the click is
repeated. PLACE: a folder for SQLite files, or the address of a PostgreSQL database beside which others may be made. The
prepared database is copied for each kill; children are forked from this process, which has opened nothing.
"""

import gc
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import create_engine, event, make_url, select, text

from engine import audit, crash, identity, operations, tasks
from engine.clock import FrozenClock
from engine.db.history import history
from engine.db.instance import instance
from engine.db.job import job
from engine.db.task import inbox, user_task, work_item
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import ENGINE, Actor
from tests.consistency import consistent
from tests.engine.approvals.office import Office, approval

PARTS = (
    approval("one", '<troika:buttons batch="true"/>', users="bob"),
    approval("two", '<troika:return targets="any"/>', users="eve,fay"),
)
POINTS = {
    "agree": ("complete", "settle", "commit.before", "commit.after"),
    "return": ("settle", "commit.before", "commit.after"),
    "add_before": ("commit.before", "commit.after"),
    "agree_many": ("commit.before:1", "settle:2", "commit.after:2", "complete:3"),
}
"""all named points that each act comes through; of many, at the first, the middle and the last line"""
EACH = 30
"""beside them before each so-many-th statement, on SQLite, which tells of each"""
_NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


class Desk:
    """The people of the file, and their lists."""

    def __init__(self, engine: ProcessEngine) -> None:
        self.engine = engine

    def actor(self, login: str) -> Actor:
        """By login."""
        with self.engine.unit_of_work(ENGINE, read_only=True) as uow:
            return Actor(identity.user(uow, login).id)

    def items(self, login: str) -> list[UUID]:
        """What waits for him, the oldest first."""
        with self.engine.unit_of_work(self.actor(login), read_only=True) as uow:
            return [item.work_item_id for item in reversed(tasks.inbox(uow, sort="newest").items)]

    def do(self, login: str, verb: Callable[..., Any], item: UUID, *told: Any) -> None:
        """One click; a repeated one has the same key."""
        with self.engine.unit_of_work(self.actor(login)) as uow:
            verb(uow, item, *told, idempotency_key="click")


Act = Callable[[Desk, dict[str, list[UUID]]], Any]
ACTS: dict[str, Act] = {
    "agree": lambda desk, at: desk.do("bob", tasks.agree, at["bob"][0]),
    "return": lambda desk, at: desk.do("eve", tasks.return_, at["eve"][0], "one", "look again"),
    "add_before": lambda desk, at: desk.do("fay", tasks.add_before, at["fay"][0], ["gus"]),
    "agree_many": lambda desk, at: tasks.agree_many(
        desk.engine, desk.actor("bob"), [tasks.Chosen(UUID(key), seen) for key, seen in at["lines"]],
        idempotency_key="click",
    ),
}  # fmt: skip


def sweep(place: str) -> dict[str, Any]:
    """By act: where it was killed, and what did not hold afterwards."""
    operations.load()
    gc.freeze()  # no child looks through what is loaded
    at: dict[str, Any] = json.loads(_in_child(lambda: _prepare(place)))
    at = {name: [UUID(key) if isinstance(key, str) else key for key in keys] for name, keys in at.items()}
    return {name: _act(place, name, act, at) for name, act in ACTS.items()}


def _prepare(place: str) -> str:
    """Four requests at the first task, one at the second; what everybody holds."""
    if _on_server(place):
        _administer(place, "CREATE DATABASE acts_prepared")
    with _opened(_url(place, "prepared")) as engine:
        engine.create_schema()
        office = Office(engine, engine.clock)
        office.begin(*PARTS)
        office.act("bob", tasks.agree)
        for _ in range(4):
            office.start()
        desk = Desk(engine)
        at: dict[str, Any] = {login: [str(key) for key in desk.items(login)] for login in ("bob", "eve", "fay")}
        lines = [UUID(key) for key in at["bob"][1:]]
        at["lines"] = [[str(key), seen] for key, seen in office.do("bob", tasks.seen, lines).items()]
    return json.dumps(at)


def _act(place: str, name: str, act: Act, at: dict[str, Any]) -> dict[str, Any]:
    whole = _copy(place, f"{name}.whole")
    before = json.loads(_in_child(lambda: _look(whole)))
    statements, reached = json.loads(_in_child(lambda: _perform(whole, act, at)))
    after = json.loads(_in_child(lambda: _look(whole)))
    died, wrong = [], [] if after != before else ["it changed nothing"]
    for point in (*POINTS[name], *(f"statement:{number}" for number in range(1, statements + 1, EACH))):
        url = _copy(place, f"{name}.{point}")
        if _in_child(lambda url=url, point=point: _perform(url, act, at, point)) == "killed":
            died.append(point)
        found, finished = json.loads(_in_child(lambda url=url: _finish(url, act, at)))
        mixed = [key for key, one in found.items() if one not in (before.get(key), after.get(key))]
        if mixed or (name != "agree_many" and found not in (before, after)):
            wrong.append(f"{point}: between before and after")
        if finished != after:
            wrong.append(f"{point}: the same click again does not finish it")
        _in_child(lambda url=url: _remove(place, url))
    _in_child(lambda: _remove(place, whole))
    return {"died": died, "wrong": wrong, "statements": statements, "reached": reached}


def _copy(place: str, name: str) -> str:
    """The address of a copy of what was prepared."""
    key = name.replace(":", "_").replace(".", "_")
    if _on_server(place):
        _in_child(lambda: _administer(place, f"CREATE DATABASE acts_{key} TEMPLATE acts_prepared"))
    else:
        shutil.copy(Path(place) / "acts_prepared.db", Path(place) / f"acts_{key}.db")
    return _url(place, key)


def _remove(place: str, url: str) -> str:
    return _administer(place, f"DROP DATABASE {make_url(url).database} WITH (FORCE)") if _on_server(place) else ""


def _url(place: str, key: str) -> str:
    if not _on_server(place):
        return f"sqlite:///{place}/acts_{key}.db"
    return make_url(place).set(database=f"acts_{key}").render_as_string(hide_password=False)


def _on_server(place: str) -> bool:
    return place.startswith("postgresql")


def _administer(place: str, statement: str) -> str:
    server = create_engine(place, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(statement))
    server.dispose()
    return ""


def _perform(url: str, act: Act, at: dict[str, Any], point: str = "") -> str:
    """The act; how many statements it sent, where that is told, and which named points it came through.

    `point`: where this process dies.
    """
    with _opened(url) as engine:
        sent = [0]
        reached: set[str] = set()
        number = int(point.partition(":")[2]) if point.startswith("statement") else 0

        def count(*_: Any) -> None:
            sent[0] += 1
            if sent[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)

        # not the events of SQLAlchemy, which prepared statements go round
        if engine.dialect == "sqlite":
            event.listen(engine._writer, "checkout", lambda connection, *_: connection.set_trace_callback(count))
        crash.arm("" if number else point)
        with _told(reached):
            act(Desk(engine), at)
        return json.dumps([sent[0], sorted(reached)])


def _look(url: str) -> str:
    with _opened(url) as engine:
        return _shape(engine)


def _finish(url: str, act: Act, at: dict[str, Any]) -> str:
    """What the request looks like, and what after the same click."""
    with _opened(url) as engine:
        found = _shape(engine)
        act(Desk(engine), at)
        return f"[{found}, {_shape(engine)}]"


def _shape(engine: ProcessEngine) -> str:
    """What each request looks like, without keys and times; nothing that must always hold is broken."""
    consistent(engine)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert not audit.verify(uow).findings
        people = {user.id: user.login for user in identity.users(uow)}
        found: dict[str, list[Any]] = {}
        for key, status in uow.execute(select(instance.c.id, instance.c.status)):
            found[str(key)] = [int(status)]
        for table, columns in (
            (user_task, ("node", "round", "status", "outcome", "cause")),
            (work_item, ("assignee_id", "kind", "status", "decision", "idempotency_key")),
            (history, ("seq", "kind", "node")), (job, ("handler", "token")),
        ):  # fmt: skip
            query = select(table.c.instance_id, *(table.c[name] for name in columns))
            for row in uow.execute(query.where(table.c.instance_id.is_not(None))):
                line = [people.get(value, value) if value is not None else None for value in row[1:]]
                found[str(row.instance_id)].append([table.name, *map(str, line)])
        query = select(work_item.c.instance_id, inbox.c.principal_id, inbox.c.box)
        for row in uow.execute(query.join(inbox, inbox.c.work_item_id == work_item.c.id)):
            found[str(row.instance_id)].append(["inbox", people[row.principal_id], str(row.box)])
    return json.dumps({key: [lines[0], *sorted(lines[1:])] for key, lines in found.items()})


@contextmanager
def _opened(url: str) -> Iterator[ProcessEngine]:
    engine = ProcessEngine(Settings(database_url=url, testing=True), clock=FrozenClock(_NOW))
    yield engine
    engine.dispose()


@contextmanager
def _told(reached: set[str]) -> Iterator[None]:
    """Write down the points as well."""
    die = crash.here

    def here(point: str) -> None:
        reached.add(point)
        die(point)

    crash.here = here
    try:
        yield
    finally:
        crash.here = die


def _in_child(act: Callable[[], str]) -> str:
    """What it answered, or `killed`. Raises RuntimeError when it failed otherwise."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = act().encode()
            with os.fdopen(theirs, "wb") as pipe:
                pipe.write(answer)
        except BaseException as error:
            sys.stderr.write(f"{error!r}\n")
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        answer = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return "killed"
    if status != 0:
        raise RuntimeError("a child has failed")
    return answer


if __name__ == "__main__":
    sys.stdout.write(json.dumps(sweep(sys.argv[1])))
