"""What must be true of every database at every moment that nobody is inside a transaction."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from engine import audit, bpmn, runtime
from engine.db.instance import Status, instance
from engine.db.job import incident, job
from engine.db.policy import clearance, clearance_grant, policy_grant
from engine.db.subscription import SubscriptionKind, subscription
from engine.db.task import ItemKind, ItemStatus, RoundStatus, inbox, user_task, work_item
from engine.modules.erp.models.ledger import voucher, voucher_line
from engine.modules.erp.models.treasury import payment
from engine.process_engine import ProcessEngine
from engine.scenarios.scanning import unmade
from engine.unit_of_work import ENGINE, UnitOfWork

_ROW_OF_JOB = {1: "job", 2: "timer", 3: "work"}


def consistent(engine: ProcessEngine) -> bool:
    """Waits are rows, counters count, the chains verify, the books balance, each payment has its approval, and each
    decision in a person's name his act.

    Fails with everything that is wrong.
    """
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        wrong = [
            *_waits(uow),
            *_inboxes(uow),
            *_incidents(uow),
            *_chains(uow),
            *_books(uow),
            *_payments(uow),
            *unmade(uow),
        ]
    assert not wrong, wrong
    return True


def _waits(uow: UnitOfWork) -> Iterator[str]:
    rows: dict[Any, set[tuple[int, str]]] = {}
    for row in uow.execute(select(user_task.c.instance_id, user_task.c.token).where(user_task.c.status == 0)):
        rows.setdefault(row.instance_id, set()).add((row.token, "work"))
    for row in uow.execute(select(job.c.instance_id, job.c.token, job.c.kind).where(job.c.kind < 4)):
        if row.instance_id is not None:
            rows.setdefault(row.instance_id, set()).add((row.token, _ROW_OF_JOB[row.kind]))
    open_rows = select(subscription).where(subscription.c.instance_id.is_not(None), subscription.c.token > 0)
    for row in uow.execute(open_rows):
        rows.setdefault(row.instance_id, set()).add((row.token, SubscriptionKind(row.kind).name.lower()))
    for key in uow.execute(select(instance.c.id).where(instance.c.status != Status.DRAFT)).scalars().all():
        state = runtime.instance_view(uow, key).state
        waits = {(token, kind) for token, _, kind in bpmn.waits(state) if kind not in ("incident", "condition")}
        stuck = {(found.token, state.tokens[found.token].wait) for found in state.incidents.values()}
        if not waits - stuck <= rows.get(key, set()) <= waits:  # what is stuck may have lost its row
            yield f"instance {key} waits for {waits}, its rows are {rows.get(key)}"
        ended = uow.execute(select(instance.c.ended_at).where(instance.c.id == key)).scalar()
        if (ended is not None) != (state.status != "active"):
            yield f"instance {key}: state {state.status}, ended at {ended}"


def _inboxes(uow: UnitOfWork) -> Iterator[str]:
    asked = (
        select(work_item.c.id)
        .outerjoin(user_task, user_task.c.id == work_item.c.user_task_id)
        .where(
            (work_item.c.status == int(ItemStatus.TODO))
            | (
                (work_item.c.status == int(ItemStatus.COUNTERSIGNING))
                & work_item.c.confirm_until.is_not(None)
                & work_item.c.answered_at.is_(None)
            ),
            (user_task.c.status == int(RoundStatus.OPEN)) | (work_item.c.kind == int(ItemKind.COPY)),
        )
    )
    found, expected = (set(uow.execute(query).scalars()) for query in (select(inbox.c.work_item_id), asked))
    if found != expected:
        yield f"inboxes hold {found - expected} too many and {expected - found} too few"


def _incidents(uow: UnitOfWork) -> Iterator[str]:
    counted = select(incident.c.instance_id, func.count()).where(incident.c.resolved_at.is_(None))
    open_ = {row[0]: row[1] for row in uow.execute(counted.group_by(incident.c.instance_id))}
    for key, number in uow.execute(select(instance.c.id, instance.c.incidents)):
        if open_.get(key, 0) != number:
            yield f"instance {key} counts {number} incidents, open are {open_.get(key, 0)}"


def _chains(uow: UnitOfWork) -> Iterator[str]:
    report = audit.verify(uow)
    yield from (str(finding) for finding in report.findings)
    yield from (
        f"{note.facts} rows are told whole by no chain" for note in report.notes if note.rule == "rows-unsealed"
    )


def _books(uow: UnitOfWork) -> Iterator[str]:
    difference = func.sum(voucher_line.c.debit - voucher_line.c.credit)
    for key, sum_ in uow.execute(select(voucher_line.c.voucher_id, difference).group_by("voucher_id")):
        if Decimal(sum_) != 0:
            yield f"voucher {key} is out of balance by {sum_}"
    drafts = uow.execute(select(func.count()).select_from(voucher).where(voucher.c.status != "posted")).scalar_one()
    if drafts:
        yield f"{drafts} vouchers are not posted"


def _payments(uow: UnitOfWork) -> Iterator[str]:
    granted = (
        select(func.count(policy_grant.c.person_id.distinct()))
        .join(clearance_grant, clearance_grant.c.grant_id == policy_grant.c.id)
        .where(policy_grant.c.state == "consumed")
    )
    query = select(payment, clearance.c.state, clearance.c.min_people, clearance.c.amount.label("cleared")).outerjoin(
        clearance, clearance.c.id == payment.c.clearance_id
    )
    for row in uow.execute(query).all():
        people = uow.execute(granted.where(clearance_grant.c.clearance_id == row.clearance_id)).scalar_one()
        if row.state != "used" or row.cleared != row.amount or people < row.min_people:
            yield f"payment {row.payment_no}: clearance {row.state} of {row.cleared} by {people} people"
    twice = select(payment.c.request_id).where(payment.c.status != "returned").group_by("request_id")
    for key in uow.execute(twice.having(func.count() > 1)).scalars():
        yield f"request {key} is paid more than once"
    if uow.execute(select(clearance.c.id).where(clearance.c.state == "open")).first():
        yield "a clearance was left open"
