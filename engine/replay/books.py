"""What must stand in the database after a replay: each paid case paid once with a balanced voucher, no other one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, case, func, select

from engine.db.base import metadata
from engine.process_engine import ProcessEngine
from engine.unit_of_work import ENGINE

if TYPE_CHECKING:
    from engine.replay import Acts, Played


@dataclass(frozen=True, slots=True)
class Books:
    """Figures of the whole database, and in `broken` a sentence for each fact that does not hold."""

    payments: int
    amount: Decimal
    vouchers: int
    broken: tuple[str, ...]


def check(engine: ProcessEngine, acts: "Acts", played: Sequence["Played"]) -> Books:
    """Compare payments, vouchers and instances of a database that holds nothing but this replay with the log."""
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        rows = uow.execute(_payments()).all()
        vouchers = uow.execute(_vouchers()).one()
        unbalanced = [str(row.voucher_no) for row in uow.execute(_unbalanced())]
    payments: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        payments[row.instance_id].append(row)
    broken = [text for one in played for text in _wrong(acts, one, payments.pop(one.instance_id, []))]
    broken += [f"payment {row.payment_no}: of no case" for made in payments.values() for row in made]
    broken += [f"voucher {number}: debit and credit differ" for number in unbalanced]
    if vouchers.drafts:
        broken.append(f"{vouchers.drafts} vouchers are not posted")
    total = sum((row.amount for row in rows), Decimal("0.00"))
    return Books(len(rows), total, vouchers.all, tuple(broken))


def _wrong(acts: "Acts", one: "Played", made: list[Any]) -> list[str]:
    """What does not hold for one case; a case that went another way is reported as that, not here."""
    found = []
    approved = acts.approved in one.case.variant
    if one.held is not None and approved:
        found.append(f"{one.case.id}: approved in the log, but held: {one.held}")
    if one.recorded_paid and not approved and one.held is None:
        found.append(f"{one.case.id}: paid in the log without an approval, and the gate did not hold it")
    due = 1 if one.recorded_paid and approved and one.deviation is None else 0
    if len(made) != due:
        found.append(f"{one.case.id}: expected {due} payments, found {len(made)}")
    if (one.ended_in == acts.ends_in) != bool(made):
        found.append(f"{one.case.id}: ended in {one.ended_in} with {len(made)} payments")
    for row in made:
        asked = one.case.events[-1].amount
        if row.amount != asked:
            found.append(f"{one.case.id}: paid {row.amount}, recorded {asked}")
        if not row.amount == row.debit == row.credit or row.status != "posted":
            found.append(f"{one.case.id}: paid {row.amount}, voucher {row.voucher_no} has {row.debit} and {row.credit}")
        if row.clearance != "used":
            found.append(f"{one.case.id}: its clearance is {row.clearance}")
    return found


# The tables of a data module are known by name: nobody imports a module.


def _payments() -> Select[Any]:
    payment, voucher = metadata.tables["erp_payment"], metadata.tables["erp_voucher"]
    line, clearance = metadata.tables["erp_voucher_line"], metadata.tables["clearance"]
    of_payment = (
        payment.c.instance_id, payment.c.payment_no, payment.c.amount, payment.c.voucher_no, voucher.c.status,
        clearance.c.state,
    )  # fmt: skip
    return (
        select(
            *of_payment[:-1], clearance.c.state.label("clearance"), func.sum(line.c.debit).label("debit"),
            func.sum(line.c.credit).label("credit"),
        )
        .join_from(payment, clearance, clearance.c.id == payment.c.clearance_id)
        .outerjoin(voucher, voucher.c.voucher_no == payment.c.voucher_no)
        .outerjoin(line, line.c.voucher_id == voucher.c.id)
        .group_by(payment.c.id, *of_payment)
    )  # fmt: skip


def _vouchers() -> Select[Any]:
    voucher = metadata.tables["erp_voucher"]
    drafts = func.coalesce(func.sum(case((voucher.c.status == "posted", 0), else_=1)), 0)
    return select(func.count().label("all"), drafts.label("drafts")).select_from(voucher)


def _unbalanced() -> Select[Any]:
    voucher, line = metadata.tables["erp_voucher"], metadata.tables["erp_voucher_line"]
    return (
        select(voucher.c.voucher_no)
        .outerjoin(line, line.c.voucher_id == voucher.c.id)
        .group_by(voucher.c.id, voucher.c.voucher_no)
        .having(func.coalesce(func.sum(line.c.debit), 0) != func.coalesce(func.sum(line.c.credit), 1))
    )
