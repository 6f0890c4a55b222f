"""Every column of every table of the record is changed by hand, and rows removed and put in: each is named, or why not.

Tables that have nothing to do with each other are attacked together, and told apart by what is found.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Column, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine import audit, identity, jobs, policy, repository, runtime, tasks
from engine.db.base import metadata
from engine.db.document import document_version
from engine.db.policy import policy_grant
from engine.modules.erp.models.treasury import payment
from engine.tasks import Sent
from engine.unit_of_work import ENGINE, UnitOfWork
from tests.conftest import LIBRARY
from tests.redteam import columns
from tests.redteam.columns import BESIDE, PUT_IN, WHOLE_ROW
from tests.redteam.rows import RECORD
from tests.redteam.test_record import CLAIM, claim
from tests.redteam.walls import attack

pytestmark = pytest.mark.redteam
DRAWING = "processes/oa/expense_claim.bpmn"
WHY = "供应商今日断供，财务总监住院，须当日付款，事后补批"
MODULES = ("crm_", "erp_", "oa_", "notification_")
TOGETHER = (
    {"work_item": ("decision-", "item-", "opinion-", "grant-"), "policy_version": ("policy-", "text-"),
     "document": ("attachment-",), "definition": ("deployed-",)},
    {"policy_grant": ("grant-", "clearance-"), "signature": ("signature-",), "break_glass": ("emergency-", "text-"),
     "audit_anchor": ("anchor-", "clock-"), "membership": ("member-",), "deployment": ("deployed-",)},
    {"clearance": ("clearance-", "payment-"), "document_version": ("attachment-",), "history_text": ("text-",),
     "user_group": ("group-",), "resource": ("deployed-",), "user_task": ("task-",)},
    {"erp_payment": ("payment-",), "policy_hold": ("hold-",), "blob": ("attachment-",), "audit_text": ("text-",),
     "clearance_grant": ("clearance-",), "instance": ("instance-", "chain-", "stream-"), "user_account": ("account-",),
     "substitution": ("substitution-",)},
    {"history": ("chain-", "visit-", "stream-")},
    {"audit": ("chain-", "stream-"), "audit_leaf": ("anchor-",)},
    {"audit_tip": ("chain-", "stream-")},
)  # fmt: skip
"""what is attacked at once, and how what is found of each begins"""
NUMBERS = ("seq", "version", "number")
OTHERS = {
    ("policy_version", "state"): ("retired", "active"), ("break_glass", "state"): ("signed", "reviewed"),
    ("policy_grant", "state"): ("active", "void"), ("policy_grant", "uses"): ("once", "up_to_amount"),
    ("work_item", "status"): (1, 2), ("clearance", "state"): ("used", "open"),
    ("erp_payment", "status"): ("ordered", "confirmed"),
}  # fmt: skip
"""where only some words are allowed: one of these that it is not"""


def test_every_table_is_of_the_record_or_it_is_said_what_it_is():
    tables = {name for name in metadata.tables if not name.startswith(MODULES)}

    assert columns.RECORD.keys() | BESIDE.keys() == tables | {payment.name}
    assert columns.RECORD.keys() & BESIDE.keys() == set()
    assert {name: set(left) - set(metadata.tables[name].columns.keys()) for name, left in columns.RECORD.items()} == {
        name: set() for name in columns.RECORD
    }
    assert sorted(name for group in TOGETHER for name in group) == sorted(columns.RECORD)


@pytest.mark.row(22, RECORD)
def test_every_column_that_is_changed_by_hand_is_named(kept):
    outside = audit.outside(kept.settings)
    silent, refused = set(), set()
    with attack(kept) as uow:
        assert found(uow, outside) == set()
        assert [note for note in audit.verify(uow).notes if note.rule == "rows-unsealed"] == [], "told whole"
        for group in TOGETHER:
            for number in range(max(len(metadata.tables[name].columns) for name in group)):
                with undone(uow):
                    changed = [
                        change(uow, name, list(metadata.tables[name].columns)[number]) for name in group
                        if number < len(metadata.tables[name].columns)
                    ]  # fmt: skip
                    codes = found(uow, outside)
                for table, column, done in changed:
                    if not done:
                        refused.add((table, column))
                    elif not any(code.startswith(group[table]) for code in codes):
                        silent.add((table, column))

    left = {(name, column): why for name, told in columns.RECORD.items() for column, why in told.items()}
    assert silent == {place for place, why in left.items() if why != WHOLE_ROW}
    assert refused == {place for place, why in left.items() if why == WHOLE_ROW}


@pytest.mark.row(22, RECORD)
def test_every_row_that_is_removed_or_put_in_by_hand_is_named(kept):
    outside = audit.outside(kept.settings)
    silent = set()
    with attack(kept) as uow:
        for act in (remove, put_in):
            for group in TOGETHER:
                with undone(uow):
                    for name in group:
                        act(uow, name)
                    codes = found(uow, outside)
                silent |= {(act, name) for name, told in group.items() if not any(map(str_starts(told), codes))}

    assert silent == {(put_in, name) for name in PUT_IN}


def str_starts(told: tuple[str, ...]) -> Any:
    return lambda code: code.startswith(told)


# ---------------------------------------------------------------- attacks


def found(uow: UnitOfWork, outside: Sequence[Any]) -> set[str]:
    return {finding.rule for finding in audit.verify(uow, outside=outside).findings}


@contextmanager
def undone(uow: UnitOfWork) -> Iterator[None]:
    part = uow.connection.begin_nested()
    yield
    part.rollback()


def row_of(uow: UnitOfWork, name: str, column: Column[Any] | None = None) -> Any:
    """A row that says something in this column, if there is one."""
    table = metadata.tables[name]
    query = select(table)
    if name == "work_item":
        query = query.where(table.c.decision.is_not(None))
    if name == "policy_version":
        query = query.where(table.c.state == "active")
    if name == "instance":  # no draft
        query = query.where(table.c.history_seq > 0)
    if name == "blob":
        query = query.where(table.c.digest.in_(select(document_version.c.digest)))
    first = () if column is None else (column.is_(None),)
    return uow.execute(query.order_by(*first, *table.primary_key.columns).limit(1)).mappings().one()


def place(name: str, row: Any) -> Any:
    return and_(*(one == row[one] for one in metadata.tables[name].primary_key.columns))


def change(uow: UnitOfWork, name: str, column: Column[Any]) -> tuple[str, str, bool]:
    """(table, column, whether the database takes it)."""
    row = row_of(uow, name, column)
    one = uow.connection.begin_nested()
    try:
        statement = update(metadata.tables[name]).where(place(name, row)).values({column: other(row[column], column)})
        assert uow.connection.execute(statement).rowcount == 1
    except IntegrityError:
        one.rollback()
        return name, column.name, False
    one.commit()
    return name, column.name, True


def remove(uow: UnitOfWork, name: str) -> None:
    uow.connection.execute(delete(metadata.tables[name]).where(place(name, row_of(uow, name))))


def put_in(uow: UnitOfWork, name: str) -> None:
    """A copy of a row under another name."""
    table, row = metadata.tables[name], row_of(uow, name)
    alone = {column.key for column in table.columns if column.unique}
    key = list(table.primary_key.columns)[-1].key
    new = {one.key: other(row[one], one) if one.key == key or one.key in alone else row[one] for one in table.columns}
    if name == "policy_version":
        new |= {"state": "retired", "version": 99}
    if name == "definition":
        new["version"] = 99
    if name == "instance":
        new["number"] = new["business_key"] = None
    if name == "resource":
        new["path"] = "x"
    if name == "policy_grant":
        new["capability"] = "x"
    if name == "user_task":
        new["token"] = 99
    uow.connection.execute(insert(table).values(new))


def other(value: Any, column: Column[Any]) -> Any:
    """Another value of the same kind."""
    words = OTHERS.get((column.table.name, column.name))
    match value:
        case None:
            return EMPTY[type(column.type).__name__]
        case _ if words:
            return next(word for word in words if word != value)
        case bool():
            return not value
        case int() | Decimal():
            return value + (1000 if column.name in NUMBERS else 1)
        case UUID():
            return UUID(int=value.int ^ 1)
        case datetime():
            return value - timedelta(hours=1)
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case str():
            return value[:-1] + ("y" if value.endswith("x") else "x")
        case dict():
            return {**value, "x": 1}
        case list():
            return [*value, "x"]
    raise TypeError(column)


EMPTY: dict[str, Any] = {
    "Id": UUID(int=7), "UtcDateTime": datetime(2001, 1, 1, tzinfo=UTC), "JsonText": {"x": 1}, "Integer": 7,
    "SmallInteger": 1, "LargeBinary": b"\1" * 16, "Digest": b"\1" * 32, "String": "x", "Text": "x", "Money": Decimal(1),
}  # fmt: skip


# ---------------------------------------------------------------- a company in which everything has happened once


@pytest.fixture
def kept(company, tmp_path, monkeypatch):
    """Paid, signed with a file, taken back, withdrawn, paid in an emergency, policy changed; two checkpoints."""
    engine = company.engine
    engine.settings = dataclasses.replace(
        engine.settings, anchor_sink=f"file:{tmp_path / 'outside'}", anchor_key=str(tmp_path / "anchor.key")
    )
    drawn = (LIBRARY / DRAWING).read_text()
    head, mark, rest = drawn.partition('<bpmn:userTask id="manager"')
    rest = rest.replace("<troika:opinion", '<troika:signature required="false"/><troika:opinion', 1)
    stated = (LIBRARY / "processes/policies.yml").read_text()
    with engine.unit_of_work(ENGINE) as uow:
        glass = "  break_glass: {people: 2, roles: [cfo], expires: PT24H, reason: required}\n"
        policy.ship(uow, stated.replace("\n\n- id: PAYEE", f"\n{glass}\n- id: PAYEE"))
        for login in ("zou", "xing"):
            identity.add_member(uow, "cfo", login)
        repository.deploy(uow, {DRAWING: (head + mark + rest).encode()})
    claim(company)
    audit.anchor(engine)
    signed(company)
    taken_back(company)
    with company.acting("ann") as uow:
        key = started(uow)
    with company.acting("ann") as uow:
        tasks.withdraw(uow, key, "写错了金额，重新提交")
    emergency(company, monkeypatch)
    changed_policy(company)
    with company.acting("bob") as uow:
        now = uow.now
        identity.substitute(uow, "bob", "zou", now, now + timedelta(days=2), max_amount=Decimal(100), names=[])
    company.clock.advance(timedelta(hours=1))
    audit.anchor(engine)
    return engine


def started(uow: UnitOfWork, **more: Any) -> UUID:
    return runtime.start(uow, "expense_claim", CLAIM | more).id


def item_of(uow: UnitOfWork, key: UUID) -> UUID:
    (item,) = [one for one in tasks.inbox(uow, "todo").items if one.instance_id == key]
    return item.work_item_id


def signed(company) -> None:
    with company.acting("ann") as uow:
        key = started(uow)
    with company.acting("bob") as uow:
        item, name = item_of(uow, key), identity.user(uow, "bob").name
        for content in (b"%PDF-1.7 one", b"%PDF-1.7 two"):
            tasks.attach(uow, item, "发票.pdf", content, "application/pdf")
        tasks.agree(uow, item, {}, "齐全", signature=Sent("typed", name=name))


def taken_back(company) -> None:
    with company.acting("ann") as uow:
        key = started(uow, amount=Decimal("60000.00"))
    with company.acting("bob") as uow:
        item = item_of(uow, key)
        tasks.agree(uow, item, {}, "齐全")
    with company.acting("bob") as uow:
        tasks.recall(uow, item, "点错了")


def emergency(company, monkeypatch) -> None:
    """A claim whose approvals have lapsed is paid: two others sign in their place, a third one looks afterwards."""
    engine = company.engine
    with monkeypatch.context() as later:
        later.setattr(jobs, "run_due", lambda _: 0)
        key = claim(company)
    with engine.unit_of_work(ENGINE) as uow:
        uow.lock_instance(key)
        document = select(policy_grant.c.subject_type, policy_grant.c.subject_id)
        about = uow.execute(document.where(policy_grant.c.instance_id == key)).one()
        policy.revoke(uow, *about, "made void")
    jobs.run_due(engine)
    with company.acting("ann") as uow:
        asked = policy.ask_emergency(uow, uow.lock_instance(key), "PAY-001", *about, WHY)
    for login in ("zou", "xing"):
        with company.acting(login) as uow:
            policy.sign_emergency(uow, uow.lock_instance(key), asked.id)
    jobs.run_due(engine)
    with company.acting("gao") as uow:
        policy.review_emergency(uow, asked.id, "发票属实")


def changed_policy(company) -> None:
    with company.acting("dina") as uow:
        (made,) = policy.propose(uow, policy.export(uow).replace("P30D", "P60D"), "出差较多，三十天不够")
    with company.acting("qian") as uow:
        repository.activate_policy(uow, made.id)
    with company.acting("gao") as uow:
        policy.review(uow, made.id)
    with company.acting("dina") as uow:
        policy.propose_retirement(uow, "PAY-001", "改由总部付款")
