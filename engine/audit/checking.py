"""verify(): the chains, anchors and payments of an open database, judged by `verifier`."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Select, Text, and_, select, text, type_coerce

from engine import operations
from engine.audit import verifier
from engine.audit.verifier import ACTS, ANCHOR_SCOPE, RESTORED, Anchor, Found, Report, Rows, Seen
from engine.db.audit import audit, audit_anchor, audit_leaf, audit_tip
from engine.db.base import metadata
from engine.db.history import history, history_text
from engine.db.identity import user_account
from engine.db.instance import instance
from engine.db.policy import clearance, clearance_grant, policy_grant, policy_version
from engine.db.task import ItemDecision, Source, work_item
from engine.findings import Finding, Level
from engine.history import TEXTS, act_text, fact_text, text_digest
from engine.unit_of_work import UnitOfWork

_AT_ONCE = 2000
_CHUNK = 500
PAYMENTS = "erp_payment"
_FACTS = select(
    history.c.instance_id, history.c.seq, history.c.at, history.c.kind, history.c.node, history.c.actor_id,
    history.c.on_behalf_of_id, type_coerce(history.c.data, Text).label("content"), history.c.hash,
).order_by(history.c.instance_id, history.c.seq)  # fmt: skip
_ACTS = select(
    audit.c.scope, audit.c.seq, audit.c.at, audit.c.kind, audit.c.actor_id,
    type_coerce(audit.c.data, Text).label("content"), audit.c.hash,
).order_by(audit.c.scope, audit.c.seq)  # fmt: skip
_TEXTS = (
    select(history_text.c.instance_id, history_text.c.seq, history_text.c.name, history_text.c.text,
           history_text.c.salt, history.c.data)
    .outerjoin(history, and_(history.c.instance_id == history_text.c.instance_id, history.c.seq == history_text.c.seq))
)  # fmt: skip
_WORDS = {
    ItemDecision.AGREED: "agree", ItemDecision.REJECTED: "reject", ItemDecision.ABSTAINED: "abstain",
    ItemDecision.HANDLED: "handled", ItemDecision.RETURNED: "returned", ItemDecision.ADVISED: "advised",
}  # fmt: skip


@dataclass(slots=True)
class VerifyReport:
    """`instances`, `facts`, `acts`, `anchors`, `payments`: how many were looked at. `exit`: of the command.

    `findings`: empty when all is well. `notes`: what a reader should know though nothing is wrong.
    """

    instances: int = 0
    facts: int = 0
    acts: int = 0
    anchors: int = 0
    payments: int = 0
    exit: int = 0
    findings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    told: Report = field(default_factory=Report)

    @property
    def ok(self) -> bool:
        """Whether nothing was changed, left out or put in."""
        return not self.findings


def verify(
    uow: UnitOfWork, instance_id: UUID | None = None, *, since: datetime | None = None, sample: int | None = None,
    outside: Sequence[Anchor] | None = None, keys: frozenset[str] | None = None, overdue_after: timedelta | None = None,
) -> VerifyReport:  # fmt: skip
    """Recompute every chain, or that of one instance, those that moved `since`, or `sample` per cent of them.

    Names the first broken link of each. `outside`: checkpoints as they lie in a sink; `keys`: those that are believed;
    `overdue_after`: the period of anchoring. Writers may go on meanwhile if the unit of work has just begun.
    """
    report = Report()
    some = _chosen(uow, instance_id, since, sample)
    tips = _tips(uow, some)
    seen, accounts = Seen(), frozenset(str(key) for key in uow.execute(select(user_account.c.id)).scalars())
    anchors, sent = read_anchors(uow, with_leaves=instance_id is None, streams=some)
    if instance_id is None:
        _check_times(report, uow)
        if outside is not None:
            anchors = verifier.compare_anchors(report, anchors, list(outside), sent)
        verifier.check_anchors(report, anchors, keys)
        if keys is None and anchors:
            report.note("keys-not-compared", "keys", verifier.KEYS_ASSUMED)
    marks = verifier.anchored(report, anchors, restored(uow))
    if instance_id is None:
        verifier.walk(report, act_links(uow), tips, marks, seen, acts=True, accounts=accounts)
        _check_policies(report, uow)
    verifier.walk(report, fact_links(uow, some), tips, marks, seen, accounts=accounts)
    verifier.missing_streams(report, marks, seen, whole=some is None)
    verifier.cross_check(report, read_rows(uow, some), seen, whole=some is None)
    _check_texts(report, uow, some)
    if overdue_after is not None:
        verifier.check_overdue(report, anchors[-1].at if anchors else None, uow.now, overdue_after)
    return as_report(report)


def snapshot(uow: UnitOfWork) -> None:
    """All questions of this unit of work see the same moment; ask first. On SQLite they do anyway."""
    if uow.dialect == "postgresql":
        uow.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def as_report(report: Report) -> VerifyReport:
    """In the words of the engine."""
    return VerifyReport(
        report.instances, report.facts, report.acts, report.anchors,
        report.payments, report.exit, [_finding(found) for found in report.found],
        [_finding(note) for note in report.notes], report,
    )  # fmt: skip


def _finding(found: Found) -> Finding:
    return Finding(found.code, Level.ERROR if found.exit else Level.INFO, found.place, found.message, found.facts)


# ---------------------------------------------------------------- what is read


def _chosen(uow: UnitOfWork, instance_id: UUID | None, since: datetime | None, sample: int | None) -> list[UUID] | None:
    """The instances to walk; None: all."""
    if instance_id is not None:
        return [instance_id]
    if since is None and sample is None:
        return None
    query = select(instance.c.id).where(instance.c.history_seq > 0)
    found = list(uow.execute(query if since is None else query.where(instance.c.updated_at >= since)).scalars())
    if sample is not None:
        found = random.SystemRandom().sample(found, -(-len(found) * sample // 100))
    return sorted(found, key=lambda key: key.bytes)


def _tips(uow: UnitOfWork, some: list[UUID] | None) -> dict[str, tuple[int, bytes]]:
    query = select(instance.c.id, instance.c.history_seq, instance.c.history_hash)
    tips = {
        str(row.id): (row.history_seq, row.history_hash)
        for row in _each(uow, query, instance.c.id, some)
        if row.history_seq or some is not None
    }
    return tips | {f"{ACTS}{row.scope}": (row.seq, row.hash) for row in uow.execute(select(audit_tip))}


def fact_links(uow: UnitOfWork, some: list[UUID] | None = None) -> Iterator[tuple[bytes, bytes]]:
    """(canonical text, hash) of every fact, by instance and number."""
    for row in _each(uow, _FACTS, history.c.instance_id, some):
        key, seq, at, kind, node, actor, behalf, content, digest = row
        yield fact_text(key, seq, at, kind, node, actor, behalf, content), digest


def act_links(uow: UnitOfWork) -> Iterator[tuple[bytes, bytes]]:
    """(canonical text, hash) of every act, by scope and number."""
    for row in _stream(uow, _ACTS):
        yield act_text(row.scope, row.seq, row.at, row.kind, row.actor_id, row.content), row.hash


def links_of(uow: UnitOfWork, stream: str) -> Iterator[tuple[bytes, bytes]]:
    """(canonical text, hash) of the links of one stream."""
    if not stream.startswith(ACTS):
        yield from fact_links(uow, [UUID(stream)])
        return
    for row in _stream(uow, _ACTS.where(audit.c.scope == stream.removeprefix(ACTS))):
        yield act_text(row.scope, row.seq, row.at, row.kind, row.actor_id, row.content), row.hash


def restored(uow: UnitOfWork) -> list[dict[str, Any]]:
    """The data of acts by which an older state was put back."""
    query = select(audit.c.data).where(audit.c.scope == ANCHOR_SCOPE, audit.c.kind == RESTORED).order_by(audit.c.seq)
    return list(uow.execute(query).scalars())


def read_anchors(
    uow: UnitOfWork, *, with_leaves: bool = True, streams: list[UUID] | None = None
) -> tuple[list[Anchor], frozenset[int]]:
    """The checkpoints in their order, and the numbers of those that were sent outside.

    `with_leaves` False: only the leaves of `streams`, so that roots cannot be recomputed.
    """
    leaves: dict[int, list[tuple[str, int, str]]] = {}
    query = select(audit_leaf.c.number, audit_leaf.c.stream, audit_leaf.c.seq, audit_leaf.c.tip)
    query = query.order_by(audit_leaf.c.number, audit_leaf.c.stream)
    if not with_leaves:
        query = query.where(audit_leaf.c.stream.in_([str(key) for key in streams or ()]))
    for number, stream, seq, tip in _stream(uow, query):
        leaves.setdefault(number, []).append((stream, seq, tip.hex()))
    rows = uow.execute(select(audit_anchor).order_by(audit_anchor.c.number)).all()
    anchors = [anchor_of(row, leaves.get(row.number, [])) for row in rows]
    return anchors, frozenset(row.number for row in rows if row.sent_at is not None)


def anchor_of(row: Any, leaves: Iterable[tuple[str, int, str]]) -> Anchor:
    """A row with its leaves."""
    return Anchor(
        row.number, verifier.instant(row.at), row.previous.hex(), row.leaves, row.root.hex(), row.key,
        row.signature.hex(), row.next_key, row.next_signature.hex() if row.next_signature else None,
        tuple(sorted(leaves)),
    )  # fmt: skip


def read_rows(uow: UnitOfWork, some: list[UUID] | None = None) -> Rows:
    """Payments of these instances and what they stand on, as documents."""
    rows = Rows()
    payment = metadata.tables.get(PAYMENTS)
    if payment is not None:
        for row in _each(uow, select(payment), payment.c.instance_id, some):
            rows.payments.append(_payment(row))
    for row in _each(uow, select(clearance), clearance.c.instance_id, some):
        rows.clearances.append(_clearance(row))
    cleared = {UUID(row["id"]) for row in rows.clearances}
    if some is not None and payment is not None:  # grants may stem from other instances, and so may clearances
        more = {UUID(row["clearance"]) for row in rows.payments} - cleared
        for row in _each(uow, select(clearance), clearance.c.id, sorted(more)):
            rows.clearances.append(_clearance(row))
        cleared |= more
    of = None if some is None else sorted(cleared)
    for row in _each(uow, select(clearance_grant), clearance_grant.c.clearance_id, of):
        rows.links.append({"clearance": str(row.clearance_id), "grant": str(row.grant_id)})
    query = select(*(column for column in policy_grant.c if column.name != "facts"),
                   type_coerce(policy_grant.c.facts, Text).label("facts"))  # fmt: skip
    for row in _each(uow, query, policy_grant.c.instance_id, some):
        rows.grants.append(_grant(row))
    if some is not None:
        known = {row["id"] for row in rows.grants}
        more = {UUID(link["grant"]) for link in rows.links if link["grant"] not in known}
        for row in _each(uow, query, policy_grant.c.id, sorted(more)):
            rows.grants.append(_grant(row))
    human = select(*_ITEM).where(work_item.c.decision_source == int(Source.HUMAN))
    for row in _each(uow, human, work_item.c.instance_id, some):
        rows.items.append(_item(row))
    if some is not None:
        known = {row["id"] for row in rows.items}
        more = {UUID(item) for grant in rows.grants if (item := grant["item"]) is not None and item not in known}
        for row in _each(uow, human, work_item.c.id, sorted(more)):
            rows.items.append(_item(row))
    return rows


_ITEM = (
    work_item.c.id, work_item.c.instance_id, work_item.c.decision, work_item.c.decision_source, work_item.c.decided_by,
    work_item.c.decided_person_id, work_item.c.decided_at, work_item.c.on_behalf_of_id, work_item.c.form_digest,
    work_item.c.subject_digest, work_item.c.opinion, work_item.c.opinion_salt,
)  # fmt: skip


def _payment(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id), "number": row.payment_no, "clearance": str(row.clearance_id), "stream": str(row.instance_id),
        "amount": str(row.amount), "currency": row.currency, "payee": row.payee_id,
        "bank_version": row.payee_bank_version, "at": verifier.instant(row.executed_at),
    }  # fmt: skip


def _clearance(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id), "stream": str(row.instance_id), "operation": row.operation, "class": _class(row.operation),
        "policies": list(row.policies), "subject_type": row.subject_type, "subject_id": row.subject_id,
        "subject_digest": row.subject_digest, "amount": str(row.amount), "currency": row.currency,
        "payee": row.payee_id, "bank_version": row.payee_bank_version, "requester": _text(row.requester_id),
        "executor": _text(row.executor_id), "min_people": row.min_people,
        "cleared_at": verifier.instant(row.cleared_at), "state": row.state,
    }  # fmt: skip


def _class(operation: str) -> str | None:
    """None: the module that offered it is gone."""
    found = operations.catalog().get(operation)
    return found.guarded_by if found is not None else None


def _grant(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id), "stream": str(row.instance_id), "item": _text(row.work_item_id), "node": row.node,
        "capability": row.capability, "person": _text(row.person_id), "account": _text(row.account_id),
        "behalf": _text(row.on_behalf_of_id), "source": row.source, "subject_type": row.subject_type,
        "subject_id": row.subject_id, "subject_digest": row.subject_digest, "facts": orjson.loads(row.facts),
        "granted_at": verifier.instant(row.granted_at), "expires_at": verifier.instant(row.expires_at),
        "state": row.state, "uses": row.uses, "emergency": _text(row.break_glass_id),
    }  # fmt: skip


def _item(row: Any) -> dict[str, Any]:
    decision = ItemDecision(row.decision)
    return {
        "id": str(row.id), "stream": str(row.instance_id), "decision": decision.name.lower(), "word": _WORDS[decision],
        "source": Source(row.decision_source).name.lower(), "by": _text(row.decided_by),
        "person": _text(row.decided_person_id), "behalf": _text(row.on_behalf_of_id),
        "at": verifier.instant(row.decided_at), "form_digest": row.form_digest.hex() if row.form_digest else None,
        "subject_digest": row.subject_digest,
        "opinion_digest": text_digest(row.opinion, row.opinion_salt) if row.opinion else None,
    }  # fmt: skip


def _text(key: UUID | None) -> str | None:
    return None if key is None else str(key)


def _check_policies(report: Report, uow: UnitOfWork) -> None:
    """What is in force is what the acts put in force, and none of them by the one who had proposed it."""
    told: dict[str, tuple[int, UUID | None]] = {}
    query = select(audit.c.kind, audit.c.actor_id, audit.c.data).where(audit.c.scope == _POLICY).order_by(audit.c.seq)
    for row in uow.execute(query):
        if row.kind == "policy.activated":
            told[row.data["policy"]] = (row.data["version"], row.actor_id)
            if row.actor_id is not None and row.data.get("proposed_by") == str(row.actor_id):
                _say(report, "policy-by-one", verifier.BY_ONE, row.data["policy"], row.data["version"])
        elif row.kind == "policy.retired":
            told.pop(row.data["policy"], None)
    columns = (policy_version.c.policy_id, policy_version.c.version, policy_version.c.approved_by)
    held = {
        row.policy_id: (row.version, row.approved_by)
        for row in uow.execute(select(*columns).where(policy_version.c.state == "active"))
    }
    for name, (number, by) in held.items():
        if told.get(name) != (number, by):
            _say(report, "policy-unrecorded", verifier.NOT_TOLD, name, number)
    for name in told.keys() - held.keys():
        _say(report, "policy-missing", verifier.NOT_IN_FORCE, name, told[name][0])


def _say(report: Report, code: str, message: str, name: str, number: int) -> None:
    report.add(code, verifier.BROKEN, f"{name}@{number}", message, policy=name, version=number)


_POLICY = "policy"


def _check_texts(report: Report, uow: UnitOfWork, some: list[UUID] | None) -> None:
    """What people have written beside an act is what the act says; where it was erased, nothing is left of it."""
    for row in _each(uow, _TEXTS, history_text.c.instance_id, some):
        told = (row.data or {}).get(TEXTS, {}).get(row.name)
        kept = None if row.text is None else text_digest(row.text, row.salt)
        if told is None or kept not in (None, told) or (kept is None and row.salt is not None):
            chain = str(row.instance_id)
            report.add("text-changed", verifier.BROKEN, chain, verifier.OTHER_TEXT, chain=chain, seq=row.seq,
                       name=row.name)  # fmt: skip


def _check_times(report: Report, uow: UnitOfWork) -> None:
    """The time of a checkpoint against that of the sink."""
    query = select(audit_anchor.c.number, audit_anchor.c.at, audit_anchor.c.sent_at)
    for row in uow.execute(query.where(audit_anchor.c.sent_at.is_not(None)).order_by(audit_anchor.c.number)):
        told: Mapping[str, Any] = {
            "number": row.number, "at": verifier.instant(row.at), "sent": verifier.instant(row.sent_at)
        }  # fmt: skip
        if row.sent_at < row.at - verifier.SLACK:
            report.add("clock-ahead", verifier.BROKEN, f"#{row.number}", verifier.CLOCK_AHEAD, **told)
        elif row.sent_at > row.at + timedelta(days=1):
            report.note("sent-late", f"#{row.number}", verifier.SENT_LATE, **told)


def _each(uow: UnitOfWork, query: Select[Any], column: Any, some: Sequence[UUID] | None) -> Iterator[Any]:
    """The rows of `query`; `some`: only those whose `column` is one of them, a few hundred keys at a time."""
    if some is None:
        yield from _stream(uow, query)
        return
    for first in range(0, len(some), _CHUNK):
        yield from _stream(uow, query.where(column.in_(some[first : first + _CHUNK])))


def _stream(uow: UnitOfWork, query: Select[Any]) -> Iterator[Any]:
    yield from uow.execute(query.execution_options(yield_per=_AT_ONCE))
