"""The workload of the fault tests: the shipped processes, driven by the verbs of people and partners; its invariants.

Every order is an `order_to_cash`; every tenth brings an `expense_claim` that is paid, and a call to another system.
Another workload is a module with the same six names: prepare, start, act, states, finished, broken.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    func,
    insert,
    select,
    update,
)

from engine import identity, jobs, messages, operations, repository, runtime, tasks
from engine.clock import FrozenClock, SystemClock
from engine.db.history import history
from engine.db.instance import instance
from engine.db.job import JobKind, job
from engine.db.subscription import MessageState, message, subscription
from engine.db.task import inbox, user_task
from engine.ids import uuid7
from engine.modules.crm.models.order import order as crm_order
from engine.modules.erp.models.invoice import expense_claim, sales_invoice
from engine.modules.erp.models.ledger import voucher_line
from engine.modules.erp.models.sales import sales_order, shipment
from engine.modules.erp.models.stock import stock_balance
from engine.modules.erp.models.treasury import payment, receipt
from engine.modules.erp.operations import stock
from engine.operations import OperationCall
from engine.process_engine import ProcessEngine
from engine.scenarios import worlds
from engine.settings import Settings
from engine.unit_of_work import ENGINE, Actor, UnitOfWork
from tests.consistency import consistent
from tests.engine.bpmn.drawing import END, START, drawing, flows, message_event, service
from tests.engine.bpmn.drawing import message as message_definition

LIBRARY = Path(__file__).parents[2]
CUSTOMER, SKU = "91330100MAPGUDRM8F", "F0002"
EVERY = 10
"""With each so-many-th order come a claim and a call."""
DESK = ("wes", "wang", "bob", "jiangyi")
ENDS = {"order_to_cash": "completed", "expense_claim": "paid", "fault_call": "end"}

own = MetaData()
told = Table(
    "fault_told", own, Column("id", Integer, primary_key=True), Column("key", String(40), nullable=False),
    UniqueConstraint("key"),
)  # fmt: skip


@operations.external_operation("fault.tell", outputs={}, idempotent=True)
def tell(http: Any, *, order: str) -> dict[str, Any]:
    """The other party keeps the first effect per key; it stands in a database of its own."""
    outside = create_engine(f"sqlite:///{OUTSIDE.path}")
    key = OUTSIDE.key_of(http)
    with outside.begin() as connection:
        if connection.execute(select(told.c.id).where(told.c.key == key)).first() is None:
            connection.execute(insert(told), {"key": key})
    outside.dispose()
    return {}


@dataclass
class _Outside:
    """The other party: where its database is, and how it recognises a call."""

    path: str = ""
    key_of: Callable[[Any], str] = lambda http: str(http.key)


OUTSIDE = _Outside()
CALL = drawing(
    START
    + service("tell", "fault.tell", in_order="= order")
    + '<intermediateThrowEvent id="told" name="told"><extensionElements>'
    '<zeebe:publishMessage correlationKey="= order"/></extensionElements>'
    f"{message_event('fault.told')}</intermediateThrowEvent>" + END + flows("start tell told end"),
    message_definition("fault.told", "= order"),
    process_id="fault_call",
)


def prepare(engine: ProcessEngine, url: str, outside: str) -> None:
    """A company with the shipped library, once; then a new version of the call, as if an analyst had deployed it."""
    OUTSIDE.path = outside
    partner = create_engine(f"sqlite:///{outside}")
    own.create_all(partner)
    partner.dispose()
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        new = not identity.find(uow, ["ann"])
    if new:
        _found(url)
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"fault_call.bpmn": CALL + f"<!-- {uuid4()} -->".encode()})


def _found(url: str) -> None:
    clock = FrozenClock(SystemClock().now())
    engine = ProcessEngine(Settings(database_url=url, library=LIBRARY), clock=clock)
    worlds.furnish(engine, clock, LIBRARY)
    with engine.unit_of_work(ENGINE) as uow:
        stock.open_stock(uow, sku=SKU, quantity=Decimal(1000), unit_cost=Decimal(3), call=OperationCall(uuid7()))
    engine.dispose()


def start(engine: ProcessEngine, number: int) -> None:
    """Order `number` and what comes with it, unless it is there already."""
    promised = engine.clock.now().date() + timedelta(days=9)
    _begin(engine, "order_to_cash", f"order-{number}", {
        "customer": CUSTOMER, "promised_date": promised, "ship_to": "台州市椒江区云西路 1 号",
        "lines": [{"sku": SKU, "quantity": Decimal(1)}], "note": "",
    })  # fmt: skip
    if number % EVERY == 0:
        _begin(engine, "expense_claim", f"claim-{number}", {
            "category": "meal", "amount": Decimal(100 + number), "cost_center": "销售一部", "reason": "客户午餐",
        })  # fmt: skip
        _begin(engine, "fault_call", f"call-{number}", {"order": f"order-{number}"})


def _begin(engine: ProcessEngine, process: str, key: str, variables: dict[str, Any]) -> None:
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        if uow.execute(select(instance.c.id).where(instance.c.business_key == key)).first():
            return
        ann = identity.user(uow, "ann")
    with engine.unit_of_work(Actor(ann.id)) as uow:
        runtime.start(uow, process, variables, business_key=key)


def act(engine: ProcessEngine) -> None:
    """What people, carriers, banks and customers do about everything that waits for them."""
    for login in DESK:
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            actor = Actor(identity.user(uow, login).id)
        with engine.unit_of_work(actor, read_only=True) as uow:
            items = tasks.inbox(uow, limit=40).items
        for item in items:
            with engine.unit_of_work(actor) as uow:
                _decide(uow, item)
    for name in ("shipment.tracking", "payment.received", "survey.answered"):
        with engine.unit_of_work(ENGINE, read_only=True) as uow:
            query = select(subscription.c.instance_id, subscription.c.correlation_key).where(
                subscription.c.name == name
            )
            waiting = uow.execute(query.limit(40)).all()
        for row in waiting:
            _tell(engine, name, row.instance_id, json.loads(row.correlation_key))


def _decide(uow: UnitOfWork, item: tasks.InboxItem) -> None:
    mine = tasks.claim(uow, item.work_item_id) if item.claimable else item.work_item_id
    if item.node == "pick":
        tasks.complete(uow, mine, {"carrier": "SF", "tracking_no": f"T-{item.instance_id}"})
    else:
        tasks.agree(uow, mine, opinion="同意")


def _tell(engine: ProcessEngine, name: str, instance_id: UUID, key: str) -> None:
    """A message, the same one each time; one survey in two is not answered and two weeks pass instead."""
    timer = (job.c.instance_id == instance_id, job.c.kind == int(JobKind.TIMER), job.c.lock_token.is_(None))
    with engine.unit_of_work(ENGINE) as uow:
        match name:
            case "shipment.tracking":
                at = uow.now.replace(microsecond=0).isoformat()
                payload: dict[str, Any] = {"events": [{"at": at, "state": "delivered", "text": "已签收"}]}
            case "payment.received":
                gross = uow.execute(select(sales_order.c.gross).where(sales_order.c.order_no == key)).scalar_one()
                payload = {"amount": gross, "bank_ref": f"B-{key}"}
            case _ if instance_id.int % 2:
                uow.execute(update(job).where(*timer).values(visible_at=uow.now))
                return
            case _:
                payload = {"csat": 5, "nps": 9, "text": "很快"}
        messages.correlate(uow, name, key, payload, message_id=f"{name}/{key}", source="fault")


def _claims(count: int) -> int:
    return len(range(0, count, EVERY))


def finished(engine: ProcessEngine, count: int) -> bool:
    """Whether everything has ended and nothing is under way."""
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        ended = uow.execute(select(func.count()).where(instance.c.ended_at.is_not(None))).scalar()
        left = uow.execute(select(func.count()).select_from(job)).scalar()
    return ended == count + 2 * _claims(count) and not left


def states(uow: UnitOfWork) -> set[str]:
    """What something under way waits for: a person, a message, a job of each kind; and ended, if something has."""
    kinds = uow.execute(select(job.c.kind).distinct()).scalars()
    return {JobKind(kind).name.lower() for kind in kinds} | {
        state
        for state, there in (
            ("person", user_task.c.status == 0), ("correlation", subscription.c.instance_id.is_not(None)),
            ("ended", instance.c.ended_at.is_not(None)),
        )
        if uow.execute(select(func.count()).where(there)).scalar()
    }  # fmt: skip


def broken(engine: ProcessEngine, count: int) -> list[str]:
    """Invariants that do not hold."""
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        wrong = [*_ends(uow, count), *_records(uow, count), *_leftovers(uow)]
        wrong += [f"job {view.handler} is left: {view.last_error}" for view in jobs.list_(uow)]
    partner = create_engine(f"sqlite:///{OUTSIDE.path}")
    with partner.connect() as connection:
        effects = connection.execute(select(func.count()).select_from(told)).scalar()
    partner.dispose()
    if effects != _claims(count):
        wrong.append(f"expected {_claims(count)} effects outside, found {effects}")
    try:
        consistent(engine)
    except AssertionError as error:
        wrong.append(str(error))
    return wrong


def _ends(uow: UnitOfWork, count: int) -> Iterator[str]:
    """Each instance is there once and has ended once, well."""
    expected = {"order_to_cash": count, "expense_claim": _claims(count), "fault_call": _claims(count)}
    by = (instance.c.process_key, instance.c.ended_code)
    query = select(*by, func.count(), func.count(instance.c.business_key.distinct())).group_by(*by)
    found = uow.execute(query).all()
    wanted = {(process, ENDS[process], number, number) for process, number in expected.items() if number}
    if set(map(tuple, found)) != wanted:  # what has not ended has no code to be sorted by
        yield f"expected instances {sorted(wanted)}, found {sorted(map(tuple, found), key=str)}"
    ends = select(history.c.instance_id).where(history.c.kind == "instance.ended").group_by(history.c.instance_id)
    for key in uow.execute(ends.having(func.count() > 1)).scalars():
        yield f"instance {key} ended more than once"


def _records(uow: UnitOfWork, count: int) -> Iterator[str]:
    """One of each per order; the books and the store agree with it."""
    for column, wanted in (
        (crm_order.c.id, count), (sales_order.c.order_no, count), (shipment.c.order_id, count),
        (sales_invoice.c.id, count), (receipt.c.bank_ref, count), (expense_claim.c.id, _claims(count)),
        (payment.c.request_id, _claims(count)),
    ):  # fmt: skip
        rows, different = uow.execute(select(func.count(), func.count(column.distinct()))).one()
        if (rows, different) != (wanted, wanted):
            yield f"expected {wanted} different {column}, found {different} in {rows} rows"
    balance = uow.execute(select(func.sum(voucher_line.c.debit - voucher_line.c.credit))).scalar()
    if Decimal(balance) != 0:
        yield f"the ledger sums to {balance}"
    for table, kinds in ((sales_invoice, sales_invoice.c.total), (receipt, receipt.c.amount)):
        if uow.execute(select(func.sum(kinds))).scalar() != uow.execute(select(func.sum(sales_order.c.gross))).scalar():
            yield f"{table.name} does not sum to what was ordered"
    reserved = uow.execute(select(func.sum(stock_balance.c.reserved))).scalar()
    if reserved:
        yield f"{reserved} are still reserved"


def _leftovers(uow: UnitOfWork) -> Iterator[str]:
    waiting = int(MessageState.WAITING)  # nobody asks for fault.told
    for what, query in (
        ("jobs", select(func.count()).select_from(job)),
        ("subscriptions", select(func.count()).where(subscription.c.instance_id.is_not(None))),
        ("lines of inboxes", select(func.count()).select_from(inbox)),
        ("open tasks", select(func.count()).where(user_task.c.status == 0)),
        ("waiting messages", select(func.count()).where(message.c.state == waiting, message.c.name != "fault.told")),
    ):
        if left := uow.execute(query).scalar():
            yield f"{left} {what} are left"
