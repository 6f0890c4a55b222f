"""verify(): walk the chains of facts and acts, compare their tips, and payments with what cleared them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, select, type_coerce

from engine import values
from engine.db.audit import audit, audit_tip
from engine.db.base import metadata
from engine.db.history import history
from engine.db.instance import instance
from engine.db.policy import clearance
from engine.errors import N_
from engine.findings import Finding, Level
from engine.history import GENESIS, act_text, fact_text
from engine.unit_of_work import UnitOfWork

_AT_ONCE = 1000
_FACTS = select(
    history.c.instance_id, history.c.seq, history.c.at, history.c.kind, history.c.node, history.c.actor_id,
    history.c.on_behalf_of_id, type_coerce(history.c.data, Text).label("content"), history.c.hash,
).order_by(history.c.instance_id, history.c.seq)  # fmt: skip
_ACTS = select(
    audit.c.scope, audit.c.seq, audit.c.at, audit.c.kind, audit.c.actor_id,
    type_coerce(audit.c.data, Text).label("content"), audit.c.hash,
).order_by(audit.c.scope, audit.c.seq)  # fmt: skip
PAYMENTS = "erp_payment"


@dataclass(slots=True)
class VerifyReport:
    """`instances`, `facts`, `acts`, `payments`: how many were looked at. `findings`: empty when all is well."""

    instances: int = 0
    facts: int = 0
    acts: int = 0
    payments: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing was changed, left out or put in."""
        return not self.findings


def verify(uow: UnitOfWork, instance_id: UUID | None = None) -> VerifyReport:
    """Recompute every chain, or that of one instance. Names the first broken link of each."""
    report = VerifyReport()
    _verify_instances(uow, report, instance_id)
    if instance_id is None:
        _verify_acts(uow, report)
    _verify_payments(uow, report, instance_id)
    return report


def _verify_instances(uow: UnitOfWork, report: VerifyReport, instance_id: UUID | None) -> None:
    tips = select(instance.c.id, instance.c.history_seq, instance.c.history_hash)
    facts = _FACTS
    if instance_id is not None:
        tips = tips.where(instance.c.id == instance_id)
        facts = facts.where(history.c.instance_id == instance_id)
    expected = {row.id: (row.history_seq, row.history_hash) for row in uow.execute(tips)}
    found: dict[UUID, tuple[int, bytes]] = {}
    broken: set[UUID] = set()
    for row in _stream(uow, facts):
        report.facts += 1
        key = row.instance_id
        seq, tip = found.get(key, (0, GENESIS))
        text = fact_text(
            key, row.seq, row.at, row.kind, row.node, row.actor_id, row.on_behalf_of_id, row.content
        )  # fmt: skip
        if key not in broken and (row.seq != seq + 1 or row.hash != values.sha256(tip + text)):
            broken.add(key)
            report.findings.append(_broken(str(key), row.seq))
        found[key] = (row.seq, row.hash)
    report.instances = len(expected)
    for key, tip_of_row in expected.items():
        if found.get(key, (0, GENESIS)) != tip_of_row and key not in broken:
            report.findings.append(_broken(str(key), tip_of_row[0]))
    for key in found.keys() - expected.keys():
        message = N_("Expected an instance for the facts of {chain}, but its row is gone.")
        report.findings.append(Finding("chain-orphan", Level.ERROR, str(key), message, {"chain": str(key)}))


def _verify_acts(uow: UnitOfWork, report: VerifyReport) -> None:
    expected = {row.scope: (row.seq, row.hash) for row in uow.execute(select(audit_tip))}
    found: dict[str, tuple[int, bytes]] = {}
    broken: set[str] = set()
    for row in _stream(uow, _ACTS):
        report.acts += 1
        seq, tip = found.get(row.scope, (0, GENESIS))
        text = act_text(row.scope, row.seq, row.at, row.kind, row.actor_id, row.content)
        if row.scope not in broken and (row.seq != seq + 1 or row.hash != values.sha256(tip + text)):
            broken.add(row.scope)
            report.findings.append(_broken(row.scope, row.seq))
        found[row.scope] = (row.seq, row.hash)
    for scope in expected.keys() | found.keys():
        if scope not in broken and found.get(scope) != expected.get(scope):
            report.findings.append(_broken(scope, found.get(scope, (0, b""))[0]))


def _verify_payments(uow: UnitOfWork, report: VerifyReport, instance_id: UUID | None) -> None:
    """Each payment stands on a used clearance of its own, of the same amount."""
    payment = metadata.tables.get(PAYMENTS)
    if payment is None:
        return
    query = select(payment.c.id, payment.c.amount, clearance.c.amount.label("cleared"), clearance.c.state).select_from(
        payment.outerjoin(clearance, clearance.c.id == payment.c.clearance_id)
    )
    if instance_id is not None:
        query = query.where(clearance.c.instance_id == instance_id)
    for row in _stream(uow, query):
        report.payments += 1
        if row.state != "used" or row.amount != row.cleared:
            message = N_("Expected payment {payment} to stand on a used clearance of {amount}, found {found}.")
            facts = {"payment": str(row.id), "amount": str(row.amount), "found": f"{row.state} {row.cleared}"}
            report.findings.append(Finding("payment-uncleared", Level.ERROR, str(row.id), message, facts))


def _stream(uow: UnitOfWork, query: Select[Any]) -> Iterator[Any]:
    yield from uow.execute(query.execution_options(yield_per=_AT_ONCE))


def _broken(chain: str, seq: int) -> Finding:
    message = N_("Chain {chain} is broken at link {seq}: something was changed, left out or put in.")
    return Finding("chain-broken", Level.ERROR, chain, message, {"chain": chain, "seq": seq})
