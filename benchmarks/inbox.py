"""The first page of an inbox on a million open tasks: `python -m benchmarks.inbox [tasks] [sqlite|postgresql]`.

Prints, per database, what the page costs inside the database and as a whole, first page and a deep one. CPU of a page
is this process's; on PostgreSQL `with the server's` adds what its backends used meanwhile.
"""

import itertools
import json
import random
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from benchmarks.databases import DATABASES
from engine import identity, ids, tasks
from engine.db.base import to_micros
from engine.db.task import NO_DUE, Box
from engine.process_engine import ProcessEngine
from engine.tasks.inbox import FIRST, SORTS, _lines, _places, keys_parameters, keys_statement
from engine.unit_of_work import ENGINE, Actor, UnitOfWork
from webui import create_app

USERS, GROUPS, MEMBER_OF = 1000, 50, 20
TASKS_PER_INSTANCE = 10
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
ROUNDS = 30
PREPARED = 7
"""times after which the driver has prepared every statement of a page"""
NARROWED = (("overdue", "due=overdue"), ("a word in the title", "text=99"), ("nothing found", "text=nothing"))
LIVE = (("list sent again", "/inbox/?seen=other"), ("number at the menu", "/inbox/badge"))
"""what an open page asks for from time to time"""


def fill(engine: ProcessEngine, tasks_wanted: int, seed: int = 1) -> UUID:
    """Open tasks of USERS people and GROUPS groups; returns a user who is in MEMBER_OF groups."""
    chance = random.Random(seed)
    with engine.unit_of_work(ENGINE) as uow:
        people = [identity.create_user(uow, f"user{n}", f"User {n}").id for n in range(3)]
        groups = [identity.create_group(uow, f"group{n}", f"Group {n}").id for n in range(GROUPS)]
        for key in groups[:MEMBER_OF]:
            identity.add_member(uow, key, people[0])
    people += [ids.uuid7() for _ in range(USERS - len(people))]
    definition_id, resource_id, deployment_id = (ids.uuid7() for _ in range(3))
    digest = bytes(32)
    rows = _Rows(engine)
    rows.write("deployment", [(deployment_id, "bench", None, NOW, "", digest)])
    rows.write("resource", [(resource_id, deployment_id, "p.bpmn", 1, digest, b"")])
    rows.write("definition", [(definition_id, 1, "p", 1, "采购申请", "", resource_id, digest, 0, "{}", NOW)])
    for first in range(0, tasks_wanted, 50_000):
        batch = list(_tasks(min(50_000, tasks_wanted - first), first, chance, people, groups, definition_id))
        for table in ("instance", "user_task", "work_item", "inbox"):
            rows.write(table, [row for name, row in batch if name == table])
    rows.close()
    return people[0]


COLUMNS = {
    "deployment": "id name deployed_by deployed_at note digest",
    "resource": "id deployment_id path kind digest content",
    "definition": "id kind key version name category resource_id digest state meta deployed_at",
    "instance": "id definition_id process_key number title summary starter_id status incidents version history_seq"
    " history_hash codec state created_at updated_at",
    "user_task": "id instance_id node token round name priority mode status spec cause opened_seq created_at version",
    "work_item": "id user_task_id instance_id kind seq weight assignee_id group_id status due_at created_at version",
    "inbox": "principal_id box due_key work_item_id priority_key",
}


def _tasks(
    count: int, first: int, chance: random.Random, people: list[UUID], groups: list[UUID], definition_id: UUID
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    spec = json.dumps({"assignment": ["users", {}]})
    instance_id = ids.uuid7()
    for number in range(first, first + count):
        if number % TASKS_PER_INSTANCE == 0 or number == first:
            instance_id = ids.uuid7()
            yield (
                "instance",
                (
                    instance_id, definition_id, "p", f"CG{number:08}", f"采购申请 {number}", None,
                    chance.choice(people), 0, 0, 1, 1, bytes(32), 1, b"{}", NOW, NOW,
                ),
            )  # fmt: skip
        task_id, item_id = ids.uuid7(), ids.uuid7()
        mine = chance.random() < 0.6
        principal = chance.choice(people if mine else groups)
        due = NOW + timedelta(minutes=chance.randrange(60 * 24 * 30)) if chance.random() < 0.8 else None
        priority = chance.choice((30, 50, 50, 80))
        yield "user_task", (task_id, instance_id, "check", number, 1, "审批", priority, "any", 0, spec, 0, 1, NOW, 1)
        yield (
            "work_item",
            (
                item_id, task_id, instance_id, 0, 1000, 1, principal if mine else None, None if mine else principal,
                1, due, NOW, 1,
            ),
        )  # fmt: skip
        key = NO_DUE if due is None else to_micros(due) // 1000
        yield "inbox", (principal, int(Box.TODO if mine else Box.CLAIMABLE), key, item_id, 100 - priority)


class _Rows:
    """Bulk rows in the form of each driver: COPY, or executemany."""

    def __init__(self, engine: ProcessEngine) -> None:
        self._lite = engine.dialect == "sqlite"
        self._connection = engine._writer.connect()
        self._raw: Any = self._connection.connection.driver_connection
        if not self._lite:
            self._raw.execute("SET session_replication_role = replica")  # rows come in order of their keys anyway

    def write(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        columns = COLUMNS[table].split()
        if self._lite:
            marks = ",".join("?" * len(columns))
            lines = ([_lite(value, name) for value, name in zip(row, columns, strict=True)] for row in rows)
            self._raw.execute("BEGIN IMMEDIATE")
            self._raw.executemany(f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})", lines)
            self._raw.execute("COMMIT")
            return
        with self._raw.cursor().copy(f"COPY {table} ({','.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        self._raw.commit()

    def close(self) -> None:
        if self._lite:
            self._raw.execute("ANALYZE")
        else:
            self._raw.execute("SET session_replication_role = origin")
            self._raw.commit()
            self._raw.autocommit = True
            self._raw.execute("VACUUM ANALYZE")
            self._raw.autocommit = False
        self._connection.close()


def _lite(value: Any, column: str) -> Any:
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, datetime):
        return to_micros(value)
    return value * 10_000 if column == "weight" else value


def page(engine: ProcessEngine, actor: Actor, cursor: str | None = None, sort: str = "due") -> tasks.Page:
    """As a request does it."""
    with engine.unit_of_work(actor, read_only=True) as uow:
        return tasks.inbox(uow, cursor=cursor, limit=20, sort=sort)


def web_page(engine: ProcessEngine, actor: Actor, address: str) -> Any:
    """Asks the site for a page as the browser of `actor` does; returns a function that does it again."""
    client = create_app(engine.settings, engine).test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = f"{actor.user_id}:1", True

    def ask() -> None:
        answer = client.get(address)
        if answer.status_code != 200:
            raise SystemExit(f"{address}: {answer.status}")

    return ask


def statements(ask: Any) -> int:
    """How many statements the unit of work of one page sends."""
    sent: list[int] = []
    close = UnitOfWork.close

    def counting(uow: UnitOfWork) -> None:
        sent.append(uow.statements)
        close(uow)

    UnitOfWork.close = counting  # type: ignore[method-assign]
    try:
        ask()
    finally:
        UnitOfWork.close = close  # type: ignore[method-assign]
    return sum(sent)


def in_database(engine: ProcessEngine, actor: Actor, sort: str = "due") -> float:
    """Milliseconds of the two queries of a page, its keys and its lines: EXPLAIN on PostgreSQL, the bare driver on
    SQLite, whose database is the process itself.
    """
    with engine.unit_of_work(actor, read_only=True) as uow:
        places = _places(uow, "todo")
        parameters = keys_parameters(engine.dialect, places, FIRST[sort], 21, sort)
        statement = keys_statement(engine.dialect, len(places), sort)
        keys = [row.work_item_id for row in uow.execute(statement, parameters)]
        driver: Any = uow.connection.connection.driver_connection
        spent = 0.0
        for query, values in ((statement, parameters), (_lines, {"items": keys})):
            state = query.compile(dialect=uow.connection.dialect).construct_expanded_state(values)
            if engine.dialect == "sqlite":
                began = time.perf_counter()
                driver.execute(state.statement, state.positional_parameters).fetchall()
                spent += (time.perf_counter() - began) * 1000
            else:
                found = driver.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {state.statement}", state.parameters)
                plan = found.fetchone()[0][0]
                spent += plan["Execution Time"] + plan["Planning Time"]
        return spent


def measure(engine: ProcessEngine, actor: Actor) -> dict[str, float]:
    """Medians in milliseconds."""
    deep = None
    for _ in range(50):
        deep = page(engine, actor, deep).next or deep
    found: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, cursor, sort in (
            ("first page", None, "due"), ("51st page", deep, "due"), ("newest", None, "newest"),
            ("priority", None, "priority"),
        ):  # fmt: skip
            began = time.perf_counter()
            page(engine, actor, cursor, sort)
            found.setdefault(f"{name}, whole verb", []).append((time.perf_counter() - began) * 1000)
        found.setdefault("first page, in the database", []).append(in_database(engine, actor))
        found.setdefault("newest, in the database", []).append(in_database(engine, actor, "newest"))
        found.setdefault("priority, in the database", []).append(in_database(engine, actor, "priority"))
        began = time.perf_counter()
        with engine.unit_of_work(actor, read_only=True) as uow:
            tasks.count(uow)
        found.setdefault("counts, whole verb", []).append((time.perf_counter() - began) * 1000)
    pages = {f"page of the site, {sort}": web_page(engine, actor, f"/inbox/?sort={sort}") for sort in SORTS}
    pages |= {f"page of the site, {name}": web_page(engine, actor, f"/inbox/?{query}") for name, query in NARROWED}
    pages |= {f"page of the site, {name}": web_page(engine, actor, address) for name, address in LIVE}
    for name, ask in pages.items():
        for _ in range(PREPARED):
            ask()
        found[f"{name}, statements"] = [statements(ask)]
    server = backends(engine)
    for _ in range(ROUNDS):
        for name, ask in pages.items():
            elsewhere, began, spent = nanoseconds(server), time.perf_counter(), time.process_time()
            ask()
            here = (time.process_time() - spent) * 1000
            found.setdefault(f"{name}, wall", []).append((time.perf_counter() - began) * 1000)
            found.setdefault(f"{name}, CPU", []).append(here)
            if server:
                there = (nanoseconds(server) - elsewhere) / 1_000_000
                found.setdefault(f"{name}, CPU with the server's", []).append(here + there)
    return {name: statistics.median(values) for name, values in found.items()}


def backends(engine: ProcessEngine) -> list[Path]:
    """Where Linux says how long the PostgreSQL processes that serve us have run; none for SQLite."""
    if engine.dialect == "sqlite":
        return []
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        rows = uow.execute(text("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"))
        return [Path(f"/proc/{row.pid}/schedstat") for row in rows]


def nanoseconds(processes: list[Path]) -> int:
    """CPU time of them all."""
    return sum(int(process.read_text().split()[0]) for process in processes)


def main(arguments: list[str]) -> None:
    numbers = [int(argument) for argument in arguments if argument.isdigit()]
    chosen = [argument for argument in arguments if argument in DATABASES] or list(DATABASES)
    for name, wanted in itertools.product(chosen, numbers or [1_000_000]):
        with DATABASES[name]() as engine:
            began = time.perf_counter()
            actor = Actor(fill(engine, wanted))
            print(f"{name}: {wanted:,} open tasks made in {time.perf_counter() - began:.0f} s")
            for what, milliseconds in measure(engine, actor).items():
                print(f"  {what:45} {milliseconds:8.2f}{'' if what.endswith('statements') else ' ms'}")


if __name__ == "__main__":
    main(sys.argv[1:])
