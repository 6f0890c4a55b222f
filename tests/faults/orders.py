"""The workload of the fault tests: orders that reserve, wait for a person and for money, pay, ship; and its invariants.

Another workload is a module with the same five names: prepare, start, act, finished, broken.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, MetaData, String, Table, UniqueConstraint, create_engine, func, insert, select

from engine import identity, jobs, messages, operations, repository, runtime
from engine.db.instance import Status, instance
from engine.db.job import job
from engine.db.subscription import subscription
from engine.db.task import inbox, user_task
from engine.process_engine import ProcessEngine
from engine.unit_of_work import ENGINE, Actor, UnitOfWork
from tests.engine.bpmn.drawing import (
    END,
    START,
    boundary,
    catch,
    drawing,
    flows,
    message,
    message_event,
    service,
    timer,
    user,
)

own = MetaData()
posting = Table(
    "fault_posting", own, Column("id", Integer, primary_key=True), Column("order_no", String(40), nullable=False),
    Column("amount", Integer, nullable=False),
)  # fmt: skip
payment = Table(
    "fault_payment", own, Column("id", Integer, primary_key=True), Column("order_no", String(40), nullable=False)
)
shipment = Table(
    "fault_shipment", own, Column("id", Integer, primary_key=True), Column("order_no", String(40), nullable=False)
)
told = Table(
    "fault_told", own, Column("id", Integer, primary_key=True), Column("key", String(40), nullable=False),
    UniqueConstraint("key"),
)  # fmt: skip


@operations.operation("fault.reserve", outputs={})
def reserve(uow: UnitOfWork, *, order: str) -> dict[str, Any]:
    """Two postings that cancel each other out."""
    uow.execute(insert(posting), [{"order_no": order, "amount": 100}, {"order_no": order, "amount": -100}])
    return {}


@operations.operation("fault.pay", outputs={})
def pay(uow: UnitOfWork, *, order: str) -> dict[str, Any]:
    """One row per call: a second call would show."""
    uow.execute(insert(payment), {"order_no": order})
    return {}


@operations.operation("fault.ship", outputs={})
def ship(uow: UnitOfWork, *, order: str) -> dict[str, Any]:
    """One row per call."""
    uow.execute(insert(shipment), {"order_no": order})
    return {}


@operations.external_operation("fault.tell", outputs={}, idempotent=True)
def tell(http: Any, *, order: str) -> dict[str, Any]:
    """The other party keeps the first effect per key; it stands in a database of its own."""
    outside = create_engine(f"sqlite:///{_OUTSIDE['path']}")
    with outside.begin() as connection:
        if connection.execute(select(told.c.id).where(told.c.key == str(http.key))).first() is None:
            connection.execute(insert(told), {"key": str(http.key)})
    outside.dispose()
    return {}


_OUTSIDE = {"path": ""}
ASYNC = '<serviceTask troika:async="true" '
DRAWING = drawing(
    START
    + service("reserve", "fault.reserve", in_order="= order")
    + user("approve")
    + boundary("remind", "approve", timer("PT1S"), False)
    + '<endEvent id="reminded" name="reminded"/>'
    + catch("paid", message_event("money"))
    + service("pay", "fault.pay", in_order="= order").replace("<serviceTask ", ASYNC)
    + catch("rest", timer("PT0.2S"))
    + service("ship", "fault.ship", in_order="= order")
    + service("tell", "fault.tell", in_order="= order")
    + '<intermediateThrowEvent id="told" name="told"><extensionElements>'
    '<zeebe:publishMessage correlationKey="= order"/></extensionElements>'
    f"{message_event('shipped')}</intermediateThrowEvent>"
    + END
    + flows("start reserve approve paid pay rest ship told tell end", "remind reminded"),
    message("money", "= order") + message("shipped", "= order"),
    process_id="fault_order",
)


def prepare(engine: ProcessEngine, url: str, outside: str) -> None:
    """Tables, people and the drawing; a second time changes nothing."""
    _OUTSIDE["path"] = outside
    database = create_engine(url)
    own.create_all(database, tables=[posting, payment, shipment])
    database.dispose()
    partner = create_engine(f"sqlite:///{outside}")
    own.create_all(partner, tables=[told])
    partner.dispose()
    with engine.unit_of_work(ENGINE) as uow:
        if not identity.find(uow, ["ann"]):
            identity.create_group(uow, "staff", "staff")
            identity.create_group(uow, "process_admin", "process_admin")
            ann = identity.create_user(uow, "ann", "Ann")
            identity.add_member(uow, "staff", ann.id)
            identity.add_member(uow, "process_admin", ann.id)
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"fault_order.bpmn": DRAWING})


def start(engine: ProcessEngine, number: int) -> None:
    """Order `number`, unless it is there already."""
    key = f"order-{number}"
    with engine.unit_of_work(ENGINE) as uow:
        if uow.execute(select(instance.c.id).where(instance.c.business_key == key)).first():
            return
        ann = identity.user(uow, "ann")
    with engine.unit_of_work(Actor(ann.id)) as uow:
        runtime.start(uow, "fault_order", {"order": key}, business_key=key)


def act(engine: ProcessEngine) -> None:
    """What people and partners do: approve every open task, send every payment notice."""
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        open_tasks = uow.execute(
            select(user_task.c.instance_id, user_task.c.token).where(user_task.c.status == 0).limit(20)
        ).all()
        waiting = uow.execute(
            select(instance.c.business_key)
            .join(subscription, subscription.c.instance_id == instance.c.id)
            .where(subscription.c.name == "money")
            .limit(20)
        ).scalars().all()  # fmt: skip
    for task in open_tasks:
        _approve(engine, task.instance_id, task.token)
    for key in waiting:
        with engine.unit_of_work(ENGINE) as uow:
            messages.correlate(uow, "money", key, {}, message_id=key, source="bank")


def _approve(engine: ProcessEngine, instance_id: UUID, token: int) -> None:
    with engine.unit_of_work(ENGINE) as uow:
        held = uow.lock_instance(instance_id)
        if token in runtime.load(uow, held).tokens:
            runtime.resume(uow, held, token, {})


def finished(engine: ProcessEngine, count: int) -> bool:
    """Whether all orders have ended and nothing is under way."""
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        ended = uow.execute(select(func.count()).where(instance.c.status == int(Status.COMPLETED))).scalar()
        left = uow.execute(select(func.count()).select_from(job)).scalar()
    return ended == count and not left


def broken(engine: ProcessEngine, count: int) -> list[str]:
    """Invariants that do not hold."""
    wrong: list[str] = []

    def expect(what: str, query: Any, wanted: int) -> None:
        found = uow.execute(query).scalar() or 0
        if found != wanted:
            wrong.append(f"expected {what} to be {wanted}, found {found}")

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        expect("orders ended", select(func.count()).where(instance.c.status == int(Status.COMPLETED)), count)
        for table in (payment, shipment):
            expect(f"{table.name} rows", select(func.count()).select_from(table), count)
            expect(f"{table.name} orders", select(func.count(table.c.order_no.distinct())), count)
        expect("postings", select(func.count()).select_from(posting), 2 * count)
        expect("sum of the ledger", select(func.sum(posting.c.amount)), 0)
        for table in (job, subscription, inbox):
            expect(f"{table.name} rows left", select(func.count()).select_from(table), 0)
        expect("open tasks", select(func.count()).where(user_task.c.status == 0), 0)
        wrong += [f"dead job {view.handler}: {view.last_error}" for view in jobs.list_(uow)]
    partner = create_engine(f"sqlite:///{_OUTSIDE['path']}")
    with partner.connect() as connection:
        effects = connection.execute(select(func.count()).select_from(told)).scalar()
    partner.dispose()
    if effects != count:
        wrong.append(f"expected {count} effects outside, found {effects}")
    return wrong
