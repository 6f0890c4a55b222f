"""What the migrations build is what the tables say, on both databases."""

import hashlib
import re
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import (
    DateTime,
    LargeBinary,
    MetaData,
    String,
    Table,
    Uuid,
    create_engine,
    delete,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from engine import audit, documents, drafts, history, policy, tasks
from engine.db.base import to_micros
from engine.db.job import job
from engine.db.migrations import upgrading
from engine.db.policy import ERASED, break_glass, clearance, clearance_grant, policy_grant, policy_version
from engine.db.task import user_task, work_item
from engine.ids import uuid7
from engine.modules.erp.models.payee import payee_account, payee_account_version
from engine.modules.erp.models.treasury import payment_request
from engine.modules.erp.operations import payments
from engine.process_engine import ProcessEngine
from engine.scenarios import lasting, nightly
from engine.settings import Settings
from engine.unit_of_work import ENGINE
from engine.values import sha256, stored_json

OF_POSTGRESQL = (
    "SELECT 'column', table_name || '.' || column_name, concat_ws(' ', data_type, character_maximum_length, "
    "numeric_precision, numeric_scale, is_nullable, column_default) FROM information_schema.columns "
    "WHERE table_schema = 'public'",
    "SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT 'constraint', conrelid::regclass::text || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = 'public'::regnamespace",
    "SELECT 'trigger', tgrelid::regclass::text || '.' || tgname, pg_get_triggerdef(oid) FROM pg_trigger "
    "WHERE NOT tgisinternal",
    "SELECT 'function', proname, concat(proconfig, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
)
OF_SQLITE = ("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL",)


def shape(url):
    """(kind, name) -> definition of everything in a database but alembic's own table."""
    database = create_engine(url)
    queries = OF_SQLITE if database.dialect.name == "sqlite" else OF_POSTGRESQL
    with database.connect() as connection:
        rows = [row for query in queries for row in connection.execute(text(query))]
    database.dispose()
    found = {(kind, name): re.sub(r"\s+", "", sql or "") for kind, name, sql in rows}
    return {key: sql for key, sql in found.items() if "alembic_version" not in key[1] + sql}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def urls(request, tmp_path):
    """Two empty databases."""
    if request.param == "sqlite":
        yield [f"sqlite:///{tmp_path}/{name}.db" for name in ("migrated", "created")]
        return
    server = request.getfixturevalue("postgres_server")
    owner = create_engine(server.url(), isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        for name in ("migrated", "created"):
            connection.execute(text(f"CREATE DATABASE {name}"))
    yield [server.url(name) for name in ("migrated", "created")]
    with owner.connect() as connection:
        for name in ("migrated", "created"):
            connection.execute(text(f"DROP DATABASE {name}"))
    owner.dispose()


def test_migrated_schema_is_the_one_of_the_tables(urls):
    migrated, created = (ProcessEngine(Settings(database_url=url)) for url in urls)
    migrated.upgrade()
    migrated.upgrade()  # a second time changes nothing
    created.create_schema()
    with migrated.unit_of_work(ENGINE, read_only=True) as uow:
        assert upgrading.current(uow.connection) == upgrading.head()
    migrated.dispose()
    created.dispose()

    found, wanted = (shape(url) for url in urls)
    assert found.keys() == wanted.keys()
    assert {key: found[key] for key in found if found[key] != wanted[key]} == {}


@pytest.mark.postgres
def test_every_guard_reads_the_tables_of_the_schema(postgres_database):
    """Those of data modules, and one that is made in another way, as well: a temporary table comes first otherwise."""
    database = create_engine(postgres_database)
    with database.connect() as connection:
        found = connection.execute(
            text("SELECT proname, array_to_string(proconfig, ';') FROM pg_proc "
                 "WHERE prorettype = 'trigger'::regtype AND pronamespace = 'public'::regnamespace")
        ).all()  # fmt: skip
    database.dispose()

    assert "payment_gate" in {name for name, _ in found}
    assert [name for name, place in found if place != "search_path=public, pg_temp"] == []


def test_the_newest_revision_is_the_end_of_one_chain():
    chain = ScriptDirectory(str(upgrading.HERE))

    assert chain.get_heads() == [upgrading.head()]


def test_a_schema_that_is_up_to_date_needs_no_alembic(urls, monkeypatch):
    engine = ProcessEngine(Settings(database_url=urls[0]))
    engine.upgrade()

    monkeypatch.setattr(upgrading.importlib, "import_module", lambda name: pytest.fail(f"{name} was loaded"))
    engine.upgrade()

    engine.dispose()


LANDED = {
    "0001_initial.postgresql.sql": "3e19854689fa13849d3e722da8e3001acb01eba82a059b68c4a7523e2a3f6aa0",
    "0001_initial.sqlite.sql": "196d0d86c1c13aecf29021430f04b42a19ce46831d8d18eb943d6ec3d56bab96",
}


@pytest.mark.parametrize("name", LANDED)
def test_the_first_schema_is_what_databases_were_made_of(name):
    content = (upgrading.HERE / "versions" / name).read_bytes()

    assert hashlib.sha256(content).hexdigest() == LANDED[name], "a later change is a migration of its own"


def test_a_database_of_the_first_version_opens_with_what_was_in_it(urls):
    engine = ProcessEngine(Settings(database_url=urls[0]))
    with engine._writer.connect() as connection:
        upgrading.upgrade(connection, "0001")
        at = 1_790_000_000_000_000 if engine.dialect == "sqlite" else "2026-09-21 14:13:20+00"
        columns = "path, kind, key, name, content, version, saved_at"
        connection.execute(
            text(f"INSERT INTO draft ({columns}) VALUES (:path, 1, 'a', 'A', :content, 3, :at)"),
            {"path": "oa/a.bpmn", "content": b"<definitions/>", "at": at},
        )
        connection.commit()

    engine.upgrade()

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        found = drafts.open_(uow, "oa/a.bpmn")
        assert upgrading.current(uow.connection) == upgrading.head()
    assert (found.content, found.version, found.report) == (b"<definitions/>", 3, None)
    engine.dispose()


def a_row(connection, table: str, **given) -> UUID:
    """A row of `table` as it is now: what it must refer to is made too, what it must hold is filled in."""
    seen, key = inspect(connection), uuid7()
    made = Table(table, MetaData(), autoload_with=connection)
    parents = {name: fk["referred_table"] for fk in seen.get_foreign_keys(table) for name in fk["constrained_columns"]}
    lite = connection.dialect.name == "sqlite"
    values = {name: value.bytes if lite and isinstance(value, UUID) else value for name, value in given.items()}
    for column in made.columns:
        if column.name in given or column.nullable:
            continue
        if column.name in parents and column.name != "id":
            found = a_row(connection, parents[column.name])
        elif isinstance(column.type, LargeBinary | Uuid):
            found = key if isinstance(column.type, Uuid) else key.bytes
        elif isinstance(column.type, String):
            found = "1"
        else:
            found = datetime(2026, 9, 21, tzinfo=UTC) if isinstance(column.type, DateTime) else 1
        values[column.name] = found.bytes if lite and isinstance(found, UUID) else found
    connection.execute(insert(made).values(values))
    return key


def test_policies_grants_and_clearances_of_an_older_version_are_kept(urls):
    engine = ProcessEngine(Settings(database_url=urls[0]))
    with engine._writer.connect() as connection:
        upgrading.upgrade(connection, "0012")
        stated = '{"id":"P","require":[{"approval":"a","people":2}]}'
        a_row(connection, "policy_version", statement=stated, state="active")
        person, where = uuid7(), "" if engine.dialect == "sqlite" else " ON policy_grant"
        principal = a_row(connection, "user_account", person_id=person, demo=False)
        connection.execute(text(f"DROP TRIGGER policy_grant_from_decision{where}"))
        grant_id = a_row(connection, "policy_grant", source="human", state="active", on_behalf_of_id=principal)
        clearance_id = a_row(connection, "clearance", state="open")
        a_row(connection, "clearance_grant", clearance_id=clearance_id, grant_id=grant_id)
        connection.commit()

    engine.upgrade()

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        grant = uow.execute(select(policy_grant)).one()
        assert (grant.id, grant.principal_person_id, grant.uses, grant.used_amount) == (grant_id, person, "once", 0)
        assert uow.execute(select(policy_version.c.min_people)).scalar_one() == 2
        assert uow.execute(select(clearance.c.state, clearance.c.operation_class)).one() == ("open", "")
        assert uow.execute(select(clearance_grant.c.grant_id)).scalar_one() == grant_id
    engine.dispose()


def test_texts_and_opinions_of_an_older_version_still_verify_and_may_be_erased(urls):
    """Before 0031 the chain held why somebody handed over, and the bare digest of an opinion."""
    engine = ProcessEngine(Settings(database_url=urls[0]))
    at, by = datetime(2026, 9, 21, tzinfo=UTC), uuid7()
    with engine._writer.connect() as connection:
        upgrading.upgrade(connection, "0026")
        lite = connection.dialect.name == "sqlite"
        when = to_micros(at) if lite else at
        key = a_row(connection, "instance")
        round_id = a_row(connection, "user_task", instance_id=key)
        a_row(connection, "user_account", id=by, login="bob")
        item = a_row(
            connection, "work_item", instance_id=key, user_task_id=round_id, decision=0, decision_source=0, status=4,
            decided_by=by, decided_person_id=by, decided_at=when, opinion="同意",
        )  # fmt: skip
        tip = bytes(32)
        for seq, (kind, data) in enumerate({
            "task.transferred": {"reason": "她在住院", "source": "web"},
            "task.decided": {
                "decision": "agree", "item": str(item), "opinion_digest": sha256("同意".encode()).hex(),
                "source": "web",
            },
        }.items(), 1):  # fmt: skip
            content = stored_json(data)
            tip = sha256(tip + history.fact_text(key, seq, at, kind, "a", by, None, content))
            a_row(connection, "history", instance_id=key, seq=seq, at=when, kind=kind, node="a", actor_id=by,
                  data=content, hash=tip)  # fmt: skip
        connection.execute(text("UPDATE instance SET history_seq = 2, history_hash = :tip"), {"tip": tip})
        connection.commit()

    engine.upgrade()

    def found():
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            return [one.rule for one in audit.verify(uow, key).findings]

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert history.timeline(uow, key)[0].data == {"reason": "她在住院"}
    assert found() == []
    with engine.unit_of_work(ENGINE) as uow:
        tasks.erase_opinion(uow, item, "he has asked for it")
    assert found() == []
    engine.dispose()


def test_reasons_that_were_erased_when_rows_kept_them_leave_the_rows_and_the_record_verifies(urls):
    """Before 0420 `erase_act` emptied what stood beside the act, and the row of the policy or emergency kept it."""
    engine = ProcessEngine(Settings(database_url=urls[0]))
    at, salt, ill = datetime(2026, 9, 21, tzinfo=UTC), bytes(16), "she is ill and nobody else may pay"
    with engine._writer.connect() as connection:
        upgrading.upgrade(connection, "0420")
        when = to_micros(at) if connection.dialect.name == "sqlite" else at
        for table in ("policy_version", "break_glass"):
            where = "" if connection.dialect.name == "sqlite" else f" ON {table}"
            connection.execute(text(f"DROP TRIGGER {table}_begins{where}"))
        for version in (1, 2):
            stated = a_row(connection, "policy_version", policy_id="P", version=version, statement="{}",
                           state="retired", reason=ill, retire_reason="she is well")  # fmt: skip
        people = {f"{role}_{who}": uuid7() for role in ("first", "second", "reviewed") for who in ("by", "person_id")}
        glass = a_row(connection, "break_glass", policy_version_id=stated, state="reviewed", reason=ill,
                      review="looked", **people)  # fmt: skip
        first, second = ({"policy": "P", "version": version} for version in (1, 2))
        acts = [("policy.proposed", first, "reason", ill), ("policy.proposed", second, "reason", ill),
                ("policy.retirement_proposed", first, "reason", "she is well"),
                ("policy.retirement_proposed", second, "reason", "she is well"),
                ("policy.emergency_asked", {"emergency": str(glass)}, "reason", ill),
                ("policy.emergency_reviewed", {"emergency": str(glass)}, "review", "looked")]  # fmt: skip
        gone, tip = (1, 3, 5, 6), bytes(32)
        told = [(kind, {**data, "texts": {name: history.text_digest(words, salt)}}) for kind, data, name, words in acts]
        told += [("text.erased", {"seq": seq, "names": [acts[seq - 1][2]]}) for seq in gone]
        for seq, (kind, data) in enumerate(told, 1):
            content = stored_json(data)
            tip = sha256(tip + history.act_text("policy", seq, at, kind, None, content))
            a_row(connection, "audit", scope="policy", seq=seq, at=when, kind=kind, data=content, hash=tip)
        for seq, (_, _, name, words) in enumerate(acts, 1):
            beside = {} if seq in gone else {"text": words, "salt": salt}
            a_row(connection, "audit_text", scope="policy", seq=seq, name=name, **beside)
        a_row(connection, "audit_tip", scope="policy", seq=len(told), hash=tip)
        connection.commit()

    engine.upgrade()

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        found = {one.rule for one in audit.verify(uow).findings}
        kept = uow.execute(select(policy_version.c.reason, policy_version.c.retire_reason).order_by("version")).all()
        emergency = uow.execute(select(break_glass.c.reason, break_glass.c.review)).one()
    assert not found & {"text-changed", "text-missing", "chain-broken"}
    assert (kept[-2:], emergency) == ([("", None), (ill, "she is well")], (ERASED, None))
    engine.dispose()


def test_drafts_of_forms_of_an_older_version_are_overtaken_by_the_versions_after_them(urls):
    engine = ProcessEngine(Settings(database_url=urls[0]))
    days = {day: datetime(2026, 9, day, tzinfo=UTC) for day in (1, 2, 3, 4)}
    at = {day: to_micros(when) if engine.dialect == "sqlite" else when for day, when in days.items()}
    with engine._writer.connect() as connection:
        upgrading.upgrade(connection, "0430")
        for version, day in ((1, 1), (2, 3)):
            a_row(connection, "definition", kind=3, key="oa/a", version=version, deployed_at=at[day], meta="{}")
        for name, day in (("a", 2), ("b", 4)):
            a_row(connection, "draft", path=f"forms/oa/{name}.json", kind=3, key="oa/a", version=1, saved_at=at[day])
        a_row(connection, "draft", path="processes/oa/a.bpmn", kind=1, key="oa/a", version=1, saved_at=at[2])
        connection.commit()

    engine.upgrade()

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        found = {one.path: one.overtaken for one in drafts.list_(uow)}
    engine.dispose()
    assert found == {"forms/oa/a.json": True, "forms/oa/b.json": False, "processes/oa/a.bpmn": False}


def test_requests_of_an_older_version_open_and_what_was_erased_stays_erased(urls):
    engine = ProcessEngine(Settings(database_url=urls[0]))
    when = datetime(2026, 9, 21, tzinfo=UTC)
    at = to_micros(when) if engine.dialect == "sqlite" else when
    with engine._writer.connect() as connection:
        upgrading.upgrade(connection, "0440")
        of = a_row(connection, "definition", meta="{}")
        known = [
            a_row(connection, "instance", definition_id=of, status=2, ended_at=at, remove_at=gone)
            for gone in (at, None)
        ]
        file = a_row(
            connection, "document", instance_id=known[1], owner_id=known[1], owner_type="instance", name="a.pdf"
        )
        a_row(connection, "blob", digest=bytes(32))
        a_row(connection, "document_version", document_id=file, version=1, digest=bytes(32))
        held = a_row(connection, "work_item", instance_id=known[0], status=5, kind=0, draft='{"opinion": "well"}')
        connection.commit()

    engine.upgrade()

    with engine.unit_of_work(ENGINE) as uow:
        assert [tasks.erased(uow, of) for of in known] == [True, False]
        assert [(one.name, one.field) for one in documents.list_(uow, "instance", known[1])] == [("a.pdf", None)]
        uow.execute(update(work_item).where(work_item.c.id == held).values(draft=None))
    with pytest.raises(IntegrityError), engine.unit_of_work(ENGINE) as uow:
        uow.execute(update(work_item).where(work_item.c.id == held).values(draft={"opinion": "other"}))
    engine.dispose()


def test_the_group_of_a_request_that_ended_in_an_older_version_is_told_when_it_may_release_it(urls):
    engine = ProcessEngine(Settings(database_url=urls[0]))
    with engine._writer.connect() as connection:
        upgrading.upgrade(connection, "0460")
        said = [a_row(connection, "definition", key=f"p{n}", meta=meta) for n, meta in enumerate(
            ('{"retention": ["P1Y", "legal"]}', '{"retention": ["P1Y", null]}', '{"starters": ["retention"]}'), 1
        )]  # fmt: skip
        over, gone = (None, 1) if engine.dialect == "sqlite" else (None, datetime(2026, 1, 1, tzinfo=UTC))
        ended = 1 if engine.dialect == "sqlite" else datetime(2020, 1, 1, tzinfo=UTC)
        made = [
            a_row(connection, "instance", definition_id=key, ended_at=at, erased_at=erased)
            for key, at, erased in ((said[0], ended, over), (said[0], over, over), (said[0], ended, gone),
                                    (said[1], ended, over), (said[2], ended, over))
        ]  # fmt: skip
        connection.commit()

    engine.upgrade()

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        waiting = uow.execute(select(job.c.handler, job.c.payload)).all()
    assert [tuple(row) for row in waiting] == [("retention.due", {"instance": str(made[0])})]
    engine.dispose()


def test_bank_details_that_one_person_confirmed_in_an_older_version_stay_and_no_more_come(urls):
    engine = ProcessEngine(Settings(database_url=urls[0]))
    with engine._writer.connect() as connection:
        upgrading.upgrade(connection, "0480")
        person = uuid7()
        own, other = (a_row(connection, "user_account", login=login, person_id=person) for login in ("own", "other"))
        owner = a_row(connection, "erp_payee_account", owner_kind="supplier")
        kept, open_ = (
            a_row(connection, "erp_payee_account_version", account_id=owner, version=n, created_by=own, confirmed_by=by)
            for n, by in ((1, other), (2, None))
        )
        connection.commit()

    engine.upgrade()

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        found = uow.execute(select(payee_account_version.c.id).where(payee_account_version.c.confirmed_by == other))
        assert found.scalars().all() == [kept]
    with pytest.raises(IntegrityError, match="two_people"), engine.unit_of_work(ENGINE) as uow:
        uow.execute(update(payee_account_version).where(payee_account_version.c.id == open_).values(confirmed_by=other))
    engine.dispose()


def test_payees_that_were_typed_are_called_as_the_master_data_say_and_those_of_nobody_stay(urls):
    engine = ProcessEngine(Settings(database_url=urls[0]))
    with engine._writer.connect() as connection:
        upgrading.upgrade(connection, "0540")
        owner = a_row(connection, "erp_supplier", name="江南农业", blocked=False)
        known, nobodys = (
            a_row(connection, "erp_payee_account", owner_kind="supplier", owner_id=key, owner_name="typed")
            for key in (owner, uuid7())
        )
        version = a_row(connection, "erp_payee_account_version", account_id=known)
        a_row(connection, "erp_payment_request", kind="supplier", status="draft", payee_account_version_id=version,
              payee_name="typed", business_date=date(2026, 9, 21))  # fmt: skip
        connection.commit()

    engine.upgrade()

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        names = dict(uow.execute(select(payee_account.c.id, payee_account.c.owner_name)).all())
        assert names == {known: "江南农业", nobodys: "typed"}
        assert uow.execute(select(payment_request.c.payee_name)).scalars().all() == ["江南农业"]
    engine.dispose()


def test_bank_details_of_before_their_caller_was_kept_are_confirmed_by_another_person_and_stay_frozen(urls):
    engine = ProcessEngine(Settings(database_url=urls[0]))
    with engine._writer.connect() as connection:
        upgrading.upgrade(connection, "0530")
        own, other = (a_row(connection, "user_account", login=login, person_id=uuid7()) for login in ("own", "other"))
        owner = a_row(connection, "erp_payee_account", owner_kind="supplier")
        open_ = a_row(connection, "erp_payee_account_version", account_id=owner, created_by=own)
        connection.commit()

    engine.upgrade()

    of = update(payee_account_version).where(payee_account_version.c.id == open_)
    for refused, by in (("frozen", {"called_by": other}), ("two_people", {"confirmed_by": own})):
        with pytest.raises(IntegrityError, match=refused), engine.unit_of_work(ENGINE) as uow:
            uow.execute(of.values(**by))
    with engine.unit_of_work(ENGINE) as uow:
        uow.execute(of.values(confirmed_by=other))
        found = uow.execute(select(payee_account_version.c.called_by, payee_account_version.c.confirmed_by)).all()
    assert [tuple(row) for row in found] == [(None, other)]
    engine.dispose()


def test_policies_and_bank_details_of_before_who_confirms_may_be_kept_apart_are_what_they_were(urls):
    engine = ProcessEngine(Settings(database_url=urls[0]))
    with engine._writer.connect() as connection:
        upgrading.upgrade(connection, "0562")
        own, other = (a_row(connection, "user_account", login=login, person_id=uuid7()) for login in ("own", "other"))
        owner = a_row(connection, "erp_payee_account", owner_kind="supplier", current_version=1)
        details = {"account_id": owner, "version": 1, "created_by": own, "confirmed_by": other}
        a_row(connection, "erp_payee_account_version", **details)
        connection.commit()

    engine.upgrade()

    stated = "- {id: P-1, title: T, on: payment.execute, require: [{approval: a}], distinct: [payee_bank_confirmer]}"
    with engine.unit_of_work(ENGINE) as uow:
        assert policy.ship(uow, stated) == ["P-1"]
        found = uow.execute(select(payee_account_version)).one()
        assert payments.editors(found) == [own]
        assert found.confirmed_by == other
    engine.dispose()


def test_tasks_of_an_older_version_go_on_and_what_they_ask_stays_as_it_is(urls):
    engine = ProcessEngine(Settings(database_url=urls[0]))
    with engine._writer.connect() as connection:
        upgrading.upgrade(connection, "0551")
        spec = '{"assignment":["users",[]]}'
        of = {"instance_id": a_row(connection, "instance"), "spec": spec}
        open_, over = (a_row(connection, "user_task", token=status, status=status, **of) for status in (0, 1))
        connection.commit()

    engine.upgrade()

    of_open, of_over = (update(user_task).where(user_task.c.id == key) for key in (open_, over))
    for refused in (of_open.values(spec={}), of_over.values(status=0), delete(user_task)):
        with pytest.raises(IntegrityError, match="APPEND_ONLY"), engine.unit_of_work(ENGINE) as uow:
            uow.execute(refused)
    with engine.unit_of_work(ENGINE) as uow:
        assert uow.execute(of_open.values(status=1, outcome="agree", closed_at=uow.now)).rowcount == 1
    engine.dispose()


def test_drafts_and_versions_of_before_results_of_scenarios_were_kept_open_and_were_not_played(urls):
    engine = ProcessEngine(Settings(database_url=urls[0]))
    with engine._writer.connect() as connection:
        upgrading.upgrade(connection, "0561")
        a_row(connection, "definition", kind=1, key="a", version=1, meta="{}")
        a_row(connection, "draft", path="processes/oa/a.scenarios.yml", kind=5, key="a", version=1)
        connection.commit()

    engine.upgrade()

    with engine.unit_of_work(ENGINE) as uow:
        assert (lasting.last(uow), nightly.last(uow)) == ({}, None)
        assert [one.path for one in drafts.list_(uow)] == ["processes/oa/a.scenarios.yml"]
        assert nightly.plan(uow) is True
    engine.dispose()


def test_of_places_outside_of_before_nothing_is_known_until_something_is_sent_there(urls):
    engine = ProcessEngine(Settings(database_url=urls[0]))
    with engine._writer.connect() as connection:
        upgrading.upgrade(connection, "0563")
        connection.commit()

    engine.upgrade()

    with engine.unit_of_work(ENGINE) as uow:
        assert audit.places(uow) == [audit.Place(name) for name in engine.settings.sinks] != []
    engine.dispose()


def test_policies_of_before_what_they_say_of_their_leaving_was_kept_are_what_they_were_and_keep_it(urls):
    engine = ProcessEngine(Settings(database_url=urls[0]))
    who = uuid7()
    with engine._writer.connect() as connection:
        upgrading.upgrade(connection, "0564")
        stated = {"policy_id": "REF-001", "class": "refund.execute", "statement": "{}", "source": "shipped"}
        row = a_row(connection, "policy_version", **stated, state="active")
        connection.execute(update(policy_version).values(retired_by=who))
        connection.execute(update(policy_version).values(state="retired"))
        connection.commit()

    engine.upgrade()

    with engine.unit_of_work(ENGINE) as uow:
        (found,) = uow.execute(select(policy_version)).all()
        assert (found.id, found.state, found.retired_by) == (row, "retired", who)
    with pytest.raises(IntegrityError, match=r"POLICY\.APPEND_ONLY"), engine.unit_of_work(ENGINE) as uow:
        uow.execute(update(policy_version).values(retired_by=None))
    engine.dispose()
