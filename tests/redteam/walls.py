"""How a wall is taken away for a test, and how an attack is held against the last of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table, select
from sqlalchemy.exc import IntegrityError

from engine import policy, repository
from engine.db.job import IncidentKind, incident
from engine.db.policy import clearance, policy_grant
from engine.policy import gate
from engine.unit_of_work import ENGINE
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
    (made,) = [one for one in table.info["guards"][engine.dialect] if f"TRIGGER {name} " in one]
    drop = f"DROP TRIGGER {name}" + ("" if engine.dialect == "sqlite" else f" ON {table.name}")
    for statement in (drop, None):
        with engine.unit_of_work(ENGINE) as uow:
            uow.connection.exec_driver_sql(statement or made)
        if statement:
            yield


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
