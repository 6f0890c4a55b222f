"""Least privilege on PostgreSQL: from a claim to the verified record each role does its work and nothing beyond."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, make_url, select, text

from engine import audit, documents, identity, runtime, tasks, uploads
from engine.clock import FrozenClock, SystemClock
from engine.db import roles
from engine.db.document import blob, document
from engine.modules.erp.models.treasury import payment
from engine.process_engine import ProcessEngine
from engine.scenarios import world
from engine.settings import Settings
from engine.unit_of_work import ENGINE, Actor
from tests.redteam.test_record import CLAIM
from tests.webui.test_production import LIBRARY, MAIN, PATIENCE, until
from webui.cli import main

pytestmark = pytest.mark.postgres
LOGINS = {"app1": roles.APP, "report1": roles.REPORT, "anchor1": roles.ANCHOR}


class House:
    """The demo company under the shipped roles; every command runs under the login that it names."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self.key = folder / "keys" / "anchor.key"
        self._settings = {
            "TROIKA_LIBRARY": str(LIBRARY), "TROIKA_ANCHOR_SINK": f"file:{folder / 'outside'}",
            "TROIKA_ANCHOR_KEY": str(self.key),
        }  # fmt: skip

    def url(self, login: str) -> str:
        return self._url.replace("troika@", f"{login}@")

    def troika(self, login: str, *words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, list(words), env=self._as(login))
        return done.exit_code, done.output

    def begin(self, login: str, *words: str) -> subprocess.Popen[str]:
        """A process of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", MAIN, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            cwd=LIBRARY, env=os.environ | self._as(login),  # noqa: TID251 - the child gets ours and its settings
        )  # fmt: skip

    def _as(self, login: str) -> dict[str, str]:
        return self._settings | {"TROIKA_DATABASE_URL": self.url(login)}

    def says(self, login: str, statement: str) -> str:
        """What the database answers to a login: nothing, or why it refuses. Nothing stays of it."""
        where = make_url(self.url(login))
        with psycopg.connect(host=str(where.query["host"]), dbname=where.database, user=login) as connection:
            try:
                connection.execute(statement)
            except psycopg.Error as refused:
                return type(refused).__name__
            finally:
                connection.rollback()
        return ""


@pytest.fixture(scope="module")
def house(postgres_server, tmp_path_factory) -> Iterator[House]:
    """Made by the administrator's statements and filled by the product under its own role."""
    admin = create_engine(postgres_server.url(), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE house"))
    found = House(postgres_server.url("house"), tmp_path_factory.mktemp("house"))
    try:
        assert found.troika("troika", "db", "upgrade")[0] == 0
        code, statements = found.troika("troika", "db", "roles")
        assert code == 0
        where = make_url(found.url("troika"))
        with psycopg.connect(host=str(where.query["host"]), dbname="house", user="troika", autocommit=True) as database:
            for _ in range(2):  # again after an upgrade
                database.execute(statements)
            for login, role in LOGINS.items():
                database.execute(f"CREATE USER {login} IN ROLE {role}")
        now = FrozenClock(SystemClock().now() - timedelta(minutes=1))
        engine = ProcessEngine(Settings(database_url=found.url("app1"), library=LIBRARY), clock=now)
        world.furnish(engine, now, LIBRARY)
        engine.dispose()
        yield found
    finally:
        with admin.connect() as connection:
            connection.execute(text("DROP DATABASE house WITH (FORCE)"))
            for login in LOGINS:
                connection.execute(text(f"DROP USER IF EXISTS {login}"))
        admin.dispose()


@pytest.mark.slow
def test_a_claim_is_paid_anchored_and_verified_each_under_its_own_role(house, caplog):
    engine = ProcessEngine(Settings(database_url=house.url("app1"), library=LIBRARY, anchor_key=str(house.key)))

    def acting(login: str) -> Any:
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            return Actor(identity.user(uow, login).id)

    def asked(login: str, key: UUID) -> Any:
        with engine.unit_of_work(acting(login), read_only=True) as uow:
            return next((one for one in tasks.inbox(uow, "todo").items if one.instance_id == key), None)

    def paid() -> int:
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            return len(uow.execute(select(payment.c.id)).all())

    worker = house.begin("app1", "worker", "--threads", "1")
    with engine.unit_of_work(acting("ann")) as uow:
        key = runtime.start(uow, "expense_claim", CLAIM | {"spent_on": (uow.now - timedelta(days=3)).date()}).id
    for login in ("bob", "jiangyi"):
        item = until(lambda login=login: asked(login, key))
        with engine.unit_of_work(acting(login)) as uow:
            if item.claimable:
                tasks.claim(uow, item.work_item_id)
            tasks.agree(uow, item.work_item_id, {}, "发票齐全")
    until(paid)
    worker.terminate()
    said, _ = worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0, said

    assert house.troika("report1", "audit", "verify")[0] == 4, "the worker may sign nothing"
    code, said = house.troika("anchor1", "audit", "verify")
    assert (code, "permission denied" in said, "as troika_report" in said) == (5, True, True), said
    code, said = house.troika("report1", "audit", "anchor")
    assert (code, "permission denied" in said, "Traceback" in said) == (1, True, False), said
    assert "checkpoint 1" in house.troika("anchor1", "audit", "anchor", "--due")[1]
    assert house.troika("anchor1", "audit", "anchor", "--due") == (0, "")

    caplog.set_level("WARNING", "troika.audit")
    for _ in range(2):
        assert audit.anchor_when_due(engine) is None
    engine.dispose()
    assert [record.message.count("troika_anchor") for record in caplog.records] == [1]

    code, said = house.troika("report1", "audit", "verify")
    assert (code, "1 checkpoints, 1 payments" in said) == (0, True), said
    assert house.troika("app1", "doctor")[0] == 0


def test_files_are_sent_kept_and_erased_by_the_product_under_its_own_role(house):
    engine = ProcessEngine(Settings(database_url=house.url("app1"), library=LIBRARY))
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        ann = Actor(identity.user(uow, "ann").id)

    with engine.unit_of_work(ann) as uow:
        kept, other = uploads.hold(uow, "taxi.pdf", b"%PDF-1.7 taxi"), uploads.hold(uow, "b.pdf", b"%PDF-1.7 b")
        documents.empty(uow, other.id)
        uploads.let_go(uow, other.id)

    with engine.unit_of_work(ann, read_only=True) as uow:
        assert uow.execute(select(document.c.id)).scalars().all() == [kept.id]
        assert uow.execute(select(blob.c.content)).scalars().all() == [b"%PDF-1.7 taxi"]
    engine.dispose()


GUARD = "CREATE OR REPLACE FUNCTION payment_gate() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
FROZEN = ("history", "audit", "audit_leaf", "audit_anchor", "clearance", "clearance_grant", "policy_grant",
          "policy_version", "break_glass", "erp_payment", "history_text", "audit_text", "policy_hold",
          "audit_tip", "signature", "deployment", "resource", "definition")  # fmt: skip
REFUSED = {
    "app1": (
        *(f"DELETE FROM {table}" for table in (*FROZEN, "work_item", "erp_voucher", "erp_payment_request")),
        *(f"TRUNCATE {table}" for table in FROZEN),
        "TRUNCATE blob", "UPDATE blob SET media_type = 'x'",
        "UPDATE history SET kind = 'x'", "UPDATE audit SET kind = 'x'", "UPDATE policy_grant SET person_id = id",
        "UPDATE clearance SET amount = 1", "UPDATE clearance_grant SET requirement = 'x'",
        "UPDATE resource SET content = ''", "UPDATE definition SET meta = '{}'", "UPDATE deployment SET note = 'x'",
        "UPDATE policy_version SET statement = '{}'", "UPDATE erp_payment SET amount = 1",
        "UPDATE break_glass SET facts = '{}'", "UPDATE audit_anchor SET sent_at = NULL",
        "UPDATE audit_leaf SET seq = 1", "INSERT INTO audit_anchor SELECT * FROM audit_anchor",
        "INSERT INTO audit_leaf SELECT * FROM audit_leaf", "UPDATE policy_hold SET held_at = now()",
        "ALTER TABLE erp_payment DISABLE TRIGGER ALL", "DROP TRIGGER payment_gate ON erp_payment", GUARD,
        "CREATE TABLE mine (id int)", "DROP TABLE erp_payment", "SET session_replication_role = replica",
        "CREATE TEMP TABLE work_item (id uuid)", "CREATE SCHEMA mine", "COPY history TO PROGRAM 'cat'",
        "COPY history FROM '/dev/null'", "LOCK TABLE policy_version IN ACCESS EXCLUSIVE MODE",
        "ALTER FUNCTION payment_gate() RESET search_path", "UPDATE user_task SET instance_id = id",
        "SET ROLE troika_owner", "UPDATE alembic_version SET version_num = '0'",
    ),
    "report1": (
        *(f"{act} {table}" for table in ("history", "erp_payment", "work_item") for act in ("DELETE FROM", "TRUNCATE")),
        "UPDATE history SET kind = 'x'", "UPDATE user_account SET name = 'x'", "UPDATE job SET attempts = 0",
        "INSERT INTO audit_tip VALUES ('x', 1, '')", "SELECT password_hash FROM user_account",
        "SELECT * FROM login_failure", "SELECT secret_sealed FROM webhook", "SELECT url_sealed FROM notice_robot",
        "CREATE TABLE mine (id int)", "CREATE TEMP TABLE mine (id int)", "SET ROLE troika_app",
    ),
    "anchor1": (
        "SELECT * FROM user_account", "SELECT * FROM erp_payment", "SELECT * FROM history_text",
        "DELETE FROM audit_anchor", "UPDATE audit_anchor SET root = ''", "UPDATE audit_leaf SET seq = 1",
        "TRUNCATE audit_anchor", "INSERT INTO history SELECT * FROM history", "INSERT INTO audit SELECT * FROM audit",
        "UPDATE audit_tip SET seq = 1", "UPDATE instance SET history_seq = 1", "CREATE TABLE mine (id int)",
        "CREATE TEMP TABLE mine (id int)",
        "SET ROLE troika_app",
    ),
}  # fmt: skip
WORK = {
    "app1": ("INSERT INTO user_group SELECT * FROM user_group WHERE false", "UPDATE job SET attempts = attempts",
             "UPDATE policy_grant SET state = state WHERE false", "UPDATE definition SET state = state WHERE false",
              "DELETE FROM job WHERE false"),
    "report1": ("SELECT * FROM history", "SELECT login FROM user_account", "SELECT * FROM erp_payment"),
    "anchor1": ("SELECT * FROM history", "INSERT INTO audit_leaf SELECT * FROM audit_leaf WHERE false",
                "UPDATE audit_anchor SET sent_at = sent_at"),
}  # fmt: skip


@pytest.mark.parametrize("login", LOGINS)
def test_a_role_can_do_its_work_and_nothing_beyond(house, login):
    assert {statement: house.says(login, statement) for statement in WORK[login]} == dict.fromkeys(WORK[login], "")

    told = {statement: house.says(login, statement) for statement in REFUSED[login]}

    assert told == dict.fromkeys(REFUSED[login], "InsufficientPrivilege")
