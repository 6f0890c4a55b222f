"""One transaction: everything or nothing, written in lock order, read back at once."""

import threading
from datetime import UTC, timedelta

import pytest
from sqlalchemy import bindparam, column, insert, literal, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from engine import counters, history
from engine.clock import SystemClock
from engine.db import connections
from engine.db.counter import counter
from engine.db.draft import draft
from engine.errors import NotFound, StaleInstance
from engine.ids import uuid7
from engine.process_engine import ProcessEngine
from engine.settings import Settings
from engine.unit_of_work import ENGINE

DRAFT = {"path": "p", "kind": 1, "key": "p", "name": "", "content": b"", "version": 1, "saved_by": None}
COUNT = insert(counter)
BY_NAME = select(counter.c.name, counter.c.value).where(counter.c.name == bindparam("called"))
LOCKED = BY_NAME.with_for_update()
ONE = select(literal(1).label("one"))
RENAME = update(counter).where(counter.c.name == bindparam("old"))


def counters_of(engine):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return dict(uow.execute(select(counter.c.name, counter.c.value).order_by(counter.c.name)).all())


def test_block_that_ends_stores_everything(engine):
    with engine.unit_of_work(ENGINE) as uow:
        uow.queue(COUNT, [{"name": "a", "value": 1}, {"name": "b", "value": 2}])

    assert counters_of(engine) == {"a": 1, "b": 2}


def test_block_that_raises_stores_nothing(engine):
    def write_and_fail():
        with engine.unit_of_work(ENGINE) as uow:
            uow.queue(COUNT, {"name": "a", "value": 1})
            uow.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()

    assert counters_of(engine) == {}


def test_reading_sends_what_was_queued(engine):
    with engine.unit_of_work(ENGINE) as uow:
        uow.queue(COUNT, {"name": "a", "value": 1})

        assert uow.execute(select(counter.c.value)).scalars().all() == [1]


def test_savepoint_undoes_its_part_alone(engine):
    def write_and_fail(uow):
        with uow.savepoint():
            uow.queue(COUNT, {"name": "sent", "value": 1})
            uow.flush()
            uow.queue(COUNT, {"name": "queued", "value": 1})
            raise ZeroDivisionError

    with engine.unit_of_work(ENGINE) as uow:
        uow.queue(COUNT, {"name": "kept", "value": 1})
        with pytest.raises(ZeroDivisionError):
            write_and_fail(uow)
        uow.queue(COUNT, {"name": "later", "value": 1})

    assert counters_of(engine) == {"kept": 1, "later": 1}


def test_part_that_sends_nothing_is_unknown_to_the_database(engine):
    with engine.unit_of_work(ENGINE) as uow:
        uow.queue(COUNT, {"name": "before", "value": 1})
        with uow.savepoint():
            pass
        uow.finish()
        assert uow.statements == 1

    assert counters_of(engine) == {"before": 1}


def test_part_that_fails_unsent_takes_only_its_own_writes_along(engine):
    def write_and_fail(uow):
        with uow.savepoint():
            uow.queue(COUNT, {"name": "inside", "value": 1})
            raise ZeroDivisionError

    with engine.unit_of_work(ENGINE) as uow:
        uow.queue(COUNT, {"name": "before", "value": 1})
        with pytest.raises(ZeroDivisionError):
            write_and_fail(uow)

    assert counters_of(engine) == {"before": 1}


@pytest.mark.parametrize("sent", [(), ("outer",), ("inner",), ("outer", "inner")])
@pytest.mark.parametrize("fails", [(), ("inner",), ("outer", "inner")])
def test_parts_in_parts_keep_and_undo_what_is_theirs(engine, sent, fails):
    def part(uow, name, inside=None):
        with uow.savepoint():
            uow.queue(COUNT, {"name": f"{name} first", "value": 1})
            if name in sent:
                uow.flush()
            if inside:
                inside()
            uow.queue(COUNT, {"name": f"{name} last", "value": 1})
            if name in fails:
                raise ZeroDivisionError

    def inner(uow):
        if "inner" in fails:
            with pytest.raises(ZeroDivisionError):
                part(uow, "inner")
        else:
            part(uow, "inner")

    with engine.unit_of_work(ENGINE) as uow:
        uow.queue(COUNT, {"name": "before", "value": 1})
        if "outer" in fails:
            with pytest.raises(ZeroDivisionError):
                part(uow, "outer", lambda: inner(uow))
        else:
            part(uow, "outer", lambda: inner(uow))
        uow.queue(COUNT, {"name": "after", "value": 1})

    kept = {"before", "after"}
    if "outer" not in fails:
        kept |= {"outer first", "outer last"} | (set() if "inner" in fails else {"inner first", "inner last"})
    assert set(counters_of(engine)) == kept


TWICE = counter.alias("other")


@pytest.mark.parametrize(
    "query",
    [
        select(counter.c.name),
        select(TWICE.c.name),
        select(select(counter.c.name).subquery().c.name),
        select(counter.c.name).union(select(TWICE.c.name)),
        select(bindparam("shown", value="a")).where(select(counter.c.name).exists()),
        select(select(counter.c.name).limit(1).scalar_subquery()),
        select(counter.c.name).cte("those").select(),
        select(draft.c.path).join_from(draft, counter, draft.c.path != counter.c.name, full=False),
        text("SELECT name FROM counter"),
    ],
)
def test_reading_sees_what_is_queued_however_it_is_said(engine, query):
    with engine.unit_of_work(ENGINE) as uow:
        uow.execute(insert(draft), DRAFT | {"saved_at": uow.now})
        uow.queue(COUNT, {"name": "a", "value": 1})

        assert uow.execute(query).scalars().all() != []


def test_rows_are_read_as_their_types_and_by_name(engine):
    whole = select(draft).where(draft.c.path == bindparam("at"))
    with engine.unit_of_work(ENGINE) as uow:
        uow.queue(insert(draft), DRAFT | {"saved_at": uow.now, "saved_by": None})

        assert [row._asdict() for row in uow.read(whole, {"at": "p"})] == [
            dict(row) for row in uow.execute(whole, {"at": "p"}).mappings()
        ]
        assert uow.read_one(whole, {"at": "p"}).saved_at == uow.now
        assert uow.read_one(whole, {"at": "elsewhere"}) is None


def test_reading_constants_sees_what_is_queued_and_leaves_other_tables_alone(engine):
    with engine.unit_of_work(ENGINE) as uow:
        uow.queue(COUNT, {"name": "a", "value": 1})
        uow.read(ONE)
        assert uow.statements == 1
        assert uow.read(BY_NAME, {"called": "a"}) == [("a", 1)]


def test_read_only_block_reads_without_locking(engine):
    with engine.unit_of_work(ENGINE) as uow:
        uow.queue(COUNT, {"name": "a", "value": 1})
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.read_one(LOCKED, {"called": "a"}).value == 1


def test_list_of_values_is_refused_where_statements_are_compiled_once(engine):
    with engine.unit_of_work(ENGINE) as uow, pytest.raises(TypeError, match="list of values"):
        uow.read(select(counter.c.name).where(counter.c.name.in_(["a", "b"])))


def test_failed_question_raises_as_sqlalchemy_does_and_ends_its_part_only(engine):
    with engine.unit_of_work(ENGINE) as uow:
        with pytest.raises(DBAPIError), uow.savepoint():
            uow.read(select(column("absent").label("absent")).select_from(counter))
        uow.queue(COUNT, {"name": "a", "value": 1})

    assert counters_of(engine) == {"a": 1}


def test_reading_other_tables_leaves_the_queue_alone(engine):
    with engine.unit_of_work(ENGINE) as uow:
        uow.queue(COUNT, {"name": "a", "value": 1})
        uow.execute(select(draft.c.path))

        assert uow.statements == 1


def test_failed_statement_in_a_savepoint_leaves_the_transaction_usable(engine):
    with engine.unit_of_work(ENGINE) as uow:
        with pytest.raises(IntegrityError), uow.savepoint():
            uow.queue(COUNT, [{"name": "a", "value": 1}, {"name": "a", "value": 2}])
        uow.queue(COUNT, {"name": "b", "value": 1})

    assert counters_of(engine) == {"b": 1}


def test_session_shares_transaction_and_savepoints(engine):
    with engine.unit_of_work(ENGINE) as uow:
        uow.session.execute(COUNT, {"name": "kept", "value": 1})
        with pytest.raises(IntegrityError), uow.savepoint():
            uow.session.execute(COUNT, {"name": "kept", "value": 2})
        assert uow.session.scalars(select(counter.c.value)).all() == [1]

    assert counters_of(engine) == {"kept": 1}


def test_hitting_fewer_rows_than_expected_is_stale(engine):
    with pytest.raises(StaleInstance), engine.unit_of_work(ENGINE) as uow:
        uow.queue(RENAME, {"old": "absent", "value": 2}, expect=1)


def test_missing_value_is_named(engine):
    with pytest.raises(TypeError, match="old"), engine.unit_of_work(ENGINE) as uow:
        uow.queue(RENAME, {"value": 2})


def test_nesting_is_an_error(engine):
    with engine.unit_of_work(ENGINE), pytest.raises(RuntimeError), engine.unit_of_work(ENGINE):
        pass


@pytest.mark.postgres
def test_read_only_block_cannot_write(postgres_database):
    engine = ProcessEngine(Settings(database_url=postgres_database))
    with pytest.raises(DBAPIError), engine.unit_of_work(ENGINE, read_only=True) as uow:
        uow.execute(COUNT, {"name": "a", "value": 1})
    engine.dispose()


def test_read_only_file_database_cannot_write(tmp_path):
    engine = ProcessEngine(Settings(database_url=f"sqlite:///{tmp_path}/deep/t.db"))
    engine.create_schema()
    with pytest.raises(DBAPIError), engine.unit_of_work(ENGINE, read_only=True) as uow:
        uow.execute(COUNT, {"name": "a", "value": 1})
    engine.dispose()


def test_now_is_the_clock_and_stands_still(engine, clock):
    with engine.unit_of_work(ENGINE) as uow:
        before = uow.now
        clock.advance(timedelta(hours=1))

        assert uow.now == before


def test_first_row_that_is_read_tells_the_time(postgres_database):
    engine = ProcessEngine(Settings(database_url=postgres_database))
    with engine.unit_of_work(ENGINE) as uow:
        uow.queue(COUNT, {"name": "a", "value": 1})
    with engine.unit_of_work(ENGINE) as uow:
        assert uow.read(BY_NAME, {"called": "absent"}) == []
        assert uow.read(BY_NAME, {"called": "a"}) == [("a", 1)]
        now = uow.now
        assert uow.statements == 2
        uow.read(BY_NAME, {"called": "a"})
        assert uow.now == now
    assert abs(now - SystemClock().now()) < timedelta(seconds=5)
    assert now.tzinfo is UTC
    engine.dispose()


def test_connection_that_breaks_is_not_used_again(postgres_database):
    engine = ProcessEngine(Settings(database_url=postgres_database))
    with engine.unit_of_work(ENGINE) as uow:
        victim = uow.execute(text("SELECT pg_backend_pid()")).scalar()
    other = ProcessEngine(Settings(database_url=postgres_database))
    with other.unit_of_work(ENGINE) as uow:
        uow.execute(text("SELECT pg_terminate_backend(:victim)"), {"victim": victim})
    other.dispose()

    with pytest.raises(DBAPIError) as raised, engine.unit_of_work(ENGINE) as uow:
        uow.read(ONE)
    assert raised.value.connection_invalidated
    with engine.unit_of_work(ENGINE) as uow:
        assert uow.read(ONE) == [(1,)]
    engine.dispose()


def test_now_is_the_databases_clock(postgres_database):
    engine = ProcessEngine(Settings(database_url=postgres_database))
    with engine.unit_of_work(ENGINE) as uow:
        now = uow.now
        assert uow.statements == 1
    assert abs(now - SystemClock().now()) < timedelta(seconds=5)
    assert now.utcoffset() == timedelta(0)
    engine.dispose()


def test_unknown_instance_is_not_found(engine):
    with pytest.raises(NotFound), engine.unit_of_work(ENGINE) as uow:
        uow.lock_instance(uuid7())


def test_after_commit_runs_only_after_success(engine):
    heard = []
    with engine.unit_of_work(ENGINE) as uow:
        uow.after_commit(lambda: heard.append("stored"))
    with pytest.raises(StaleInstance), engine.unit_of_work(ENGINE) as uow:
        _promise_and_fail(uow, heard)

    assert heard == ["stored"]


def _promise_and_fail(uow, heard):
    uow.after_commit(lambda: heard.append("never"))
    uow.queue(RENAME, {"old": "absent", "value": 2}, expect=1)


def test_numbers_have_no_gaps_and_no_doubles_among_threads(engine):
    drawn = []

    def draw():
        for _ in range(5):
            with engine.unit_of_work(ENGINE) as uow:
                drawn.append(counters.next_number(uow, "voucher"))

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(drawn) == list(range(1, 21))


def test_rolled_back_number_is_drawn_again(engine):
    with pytest.raises(StaleInstance), engine.unit_of_work(ENGINE) as uow:
        uow.queue(RENAME, {"old": "absent", "value": counters.next_number(uow, "voucher")}, expect=1)
    with engine.unit_of_work(ENGINE) as uow:
        assert counters.next_number(uow, "voucher") == 1


def test_acts_are_chained_per_scope_and_append_only(engine):
    with engine.unit_of_work(ENGINE) as uow:
        history.act(uow, "people", "user.created", {"login": "ann"})
        history.act(uow, "people", "user.disabled", {"login": "ann"})
        assert [(act.seq, act.kind) for act in history.acts(uow, "people")] == [
            (2, "user.disabled"),
            (1, "user.created"),
        ]
    for verb in ("UPDATE audit SET kind = 'x'", "DELETE FROM audit"):
        with pytest.raises(DBAPIError, match="append-only"), engine.unit_of_work(ENGINE) as uow:
            uow.execute(text(verb))


def test_connection_that_died_while_idle_is_replaced(postgres_database, monkeypatch):
    engine = ProcessEngine(Settings(database_url=postgres_database))
    monkeypatch.setattr(connections, "_IDLE_SECONDS", 0.0)
    with engine.unit_of_work(ENGINE) as uow:
        victim = uow.execute(text("SELECT pg_backend_pid()")).scalar()
    other = ProcessEngine(Settings(database_url=postgres_database))
    with other.unit_of_work(ENGINE) as uow:
        uow.execute(text("SELECT pg_terminate_backend(:victim)"), {"victim": victim})
    other.dispose()

    with engine.unit_of_work(ENGINE) as uow:
        assert uow.execute(text("SELECT pg_backend_pid()")).scalar() != victim
    engine.dispose()
