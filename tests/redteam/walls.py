"""How a wall is taken away for a test, and how an attack is held against the last of them."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Column, Table, select, text
from sqlalchemy.exc import IntegrityError

from engine import audit, policy, repository
from engine.audit.verifier import Anchor, Report, lines_of
from engine.db import guards
from engine.db.base import metadata
from engine.db.job import IncidentKind, incident
from engine.db.policy import clearance, policy_grant
from engine.policy import gate
from engine.unit_of_work import ENGINE, UnitOfWork
from tests.engine.policy.test_gate import agree, pay, started, state_of

STOPPED = r"POLICY\.NOT_APPROVED"


def gate_off(monkeypatch: pytest.MonkeyPatch, places: int = 1) -> None:
    """Take wall 2 away: the gate clears whatever it is asked for, with every grant that there is."""

    def nod(uow, policy_, situation):
        chosen = {
            row.id: row.capability for row in uow.execute(select(policy_grant.c.id, policy_grant.c.capability)).all()
        }
        return gate.Verdict(True, (), chosen, places)

    monkeypatch.setattr(gate, "judge", nod)


def proof_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take wall 1 away: whatever is drawn is deployed, and tokens are moved wherever somebody likes."""
    monkeypatch.setattr(policy, "prove", lambda *_, **__: [])
    monkeypatch.setattr(repository.deploying, "errors_of", lambda findings: [])


@contextmanager
def without(engine, table: Table, name: str) -> Iterator[None]:
    """Take one trigger away, as the owner of the database can."""
    known = [*table.info.get("guards", {}).get(engine.dialect, ()), *guards.statements(engine.dialect)]
    (made,) = [one for one in known if f"TRIGGER {name} " in one]
    _say(engine, f"DROP TRIGGER {name}" + ("" if engine.dialect == "sqlite" else f" ON {table.name}"))
    yield
    _say(engine, made)


@contextmanager
def without_append_only(engine, table: str, verb: str) -> Iterator[None]:
    """Take the guard of `history` or `audit` against `verb` away; on PostgreSQL it is one against both."""
    name = f"{table}_no_{verb}" if engine.dialect == "sqlite" else f"{table}_append_only"
    with without(engine, metadata.tables[table], name):
        yield


@contextmanager
def nullable(engine, column: Column[Any]) -> Iterator[None]:
    """Let a column be empty that may not be, as the owner of the database can; rows that use it are thrown away."""
    table = column.table.name
    if engine.dialect == "postgresql":
        _say(engine, f"ALTER TABLE {table} ALTER COLUMN {column.name} DROP NOT NULL")
        yield
        _say(
            engine, "SET LOCAL session_replication_role = replica",
            f"DELETE FROM {table} WHERE {column.name} IS NULL",
            f"ALTER TABLE {table} ALTER COLUMN {column.name} SET NOT NULL",
        )  # fmt: skip
        return
    with engine.unit_of_work(ENGINE) as uow:
        find = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
        was = uow.connection.exec_driver_sql(find, (table,)).scalar_one()
    now, changed = re.subn(rf"(?m)^(\s*{column.name} .*) NOT NULL", r"\1", was)
    assert changed == 1, f"expected one NOT NULL at {column.name}"
    for written in (now, was):
        with engine.unit_of_work(ENGINE) as uow:
            say = uow.connection.exec_driver_sql
            version = say("PRAGMA schema_version").scalar_one()
            say("PRAGMA writable_schema = ON")
            say("UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", (written, table))
            say(f"PRAGMA schema_version = {version + 1}")
            say("PRAGMA writable_schema = OFF")
        if written is now:
            yield


def _say(engine, *statements: str) -> None:
    with engine.unit_of_work(ENGINE) as uow:
        for statement in statements:
            uow.connection.exec_driver_sql(statement)


def switched_off(uow: UnitOfWork, name: str) -> None:
    """Take one trigger away within a transaction that is undone."""
    if uow.dialect == "sqlite":
        uow.connection.exec_driver_sql(f"DROP TRIGGER {name}")
        return
    of = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = %s"
    table = uow.connection.exec_driver_sql(of, (name,)).scalar_one()
    uow.connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER {name}")


class _Undone(Exception):
    """Ends the transaction of an attack."""


@contextmanager
def attack(engine) -> Iterator[UnitOfWork]:
    """A transaction with every trigger off, as the owner of the database can have it; it is undone."""
    with suppress(_Undone), engine.unit_of_work(ENGINE) as uow:
        if uow.dialect == "postgresql":
            uow.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            uow.execute(text("PRAGMA defer_foreign_keys = ON"))
            for name in uow.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
                uow.execute(text(f"DROP TRIGGER {name}"))
        yield uow
        raise _Undone


def attacked(engine, *statements: str, outside: Sequence[Anchor] | None = None, **bound: str) -> tuple[int, list[str]]:
    """(exit, codes) of a verification after `statements`."""
    with attack(engine) as uow:
        for statement in statements:
            uow.execute(text(statement.format(**bound)))
        report = audit.verify(uow, outside=outside)
        assert all(lines_of(report.told)), "as `troika audit verify` prints it"
    return report.exit, sorted({finding.rule for finding in report.findings})


def noticed(engine, **more: Any) -> set[str]:
    """What the record says is wrong."""
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        report = audit.verify(uow, **more)
    assert all(lines_of(report.told)), "as `troika audit verify` prints it"
    return {found.rule for found in report.findings}


def only_the_record_notices(engine, monkeypatch: pytest.MonkeyPatch, *rules: str, **more: Any) -> None:
    """It names exactly these; without the checks that find them everything would look as it should."""
    assert (found := noticed(engine, **more)) == set(rules), found
    told = Report.add

    def silently(report: Report, code: str, *rest: Any, **facts: Any) -> None:
        if code not in rules:
            told(report, code, *rest, **facts)

    with monkeypatch.context() as off:
        off.setattr(Report, "add", silently)
        assert noticed(engine, **more) == set()


def approved(engine, who, bill_id: UUID, *logins: str) -> UUID:
    """One process in which the first of them says yes, and others in which the rest does; the id of the first."""
    instances = []
    for login in logins:
        instances.append(started(engine, who["req"], bill_id))
        agree(engine, who[login])
    return instances[0]


def only_the_database_stops(
    engine, instance_id: UUID, bill_id: UUID, run: Callable[..., Any] = pay, **more: Any
) -> None:  # fmt: skip
    """With the gate off the database refuses; with its trigger gone too, nothing stops the payment any more."""
    with pytest.raises(IntegrityError, match=STOPPED):
        run(engine, instance_id, bill_id, **more)
    assert state_of(engine, bill_id) == "open"

    with without(engine, clearance, "clearance_complete"):
        run(engine, instance_id, bill_id, **more)
    assert state_of(engine, bill_id) == "paid"


def held_at(engine, key: UUID) -> list[str]:
    """Elements at which the gate holds an instance."""
    query = select(incident.c.node).where(
        incident.c.instance_id == key, incident.c.kind == int(IncidentKind.POLICY_HOLD)
    )
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return list(uow.execute(query).scalars())
