"""Whoever owns the database and switches its triggers off is found: each attack is named, with where it was made.

Every attack happens inside a transaction that is undone, so that one paid claim serves them all.
"""

import dataclasses
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from engine import audit, history, jobs, runtime, tasks
from engine.db.base import metadata
from engine.db.task import work_item
from engine.unit_of_work import ENGINE
from tests.lending import Tables
from tests.redteam.rows import RECORD, THROUGH
from tests.redteam.walls import attack, attacked, only_the_record_notices

pytestmark = pytest.mark.redteam
CLAIM = {"category": "meal", "amount": Decimal("120.00"), "spent_on": date(2026, 11, 20), "cost_center": "销售一部",
         "reason": "午餐"}  # fmt: skip


@pytest.fixture
def paid(company, tmp_path):
    """The company after a claim was paid and anchored twice; its instance."""
    engine = company.engine
    engine.settings = dataclasses.replace(
        engine.settings, anchor_sink=f"file:{tmp_path / 'outside'}", anchor_key=str(tmp_path / "anchor.key")
    )
    first = claim(company)
    audit.anchor(engine)
    company.clock.advance(timedelta(hours=1))
    second = claim(company)
    with company.acting("ann") as uow:
        third = runtime.start(uow, "expense_claim", dict(CLAIM)).id
    with company.acting("ann") as uow:
        tasks.withdraw(uow, third, "写错了金额，重新提交")
    audit.anchor(engine)
    return company, first, second


def claim(company) -> UUID:
    engine = company.engine
    with company.acting("ann") as uow:
        key = runtime.start(uow, "expense_claim", dict(CLAIM)).id
    for login in ("bob", "jiangyi"):
        with company.acting(login) as uow:
            (item,) = [one for one in tasks.inbox(uow, "todo").items if one.instance_id == key]
            if item.claimable:
                tasks.claim(uow, item.work_item_id)
            tasks.agree(uow, item.work_item_id, {}, "发票齐全")
    jobs.run_due(engine)
    return key


@pytest.mark.row(22, RECORD)
def test_every_attack_on_the_record_is_named(paid):
    company, first, second = paid
    engine = company.engine
    lite = engine.dialect == "sqlite"
    key = {"one": f"X'{first.hex}'" if lite else f"'{first}'", "two": f"X'{second.hex}'" if lite else f"'{second}'",
           "earlier": "3600000000" if lite else "interval '1 hour'"}  # fmt: skip
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        last = uow.execute(text(f"SELECT max(seq) FROM history WHERE instance_id = {key['two']}")).scalar()
    of_two = {**key, "last": last}

    outside = audit.outside(engine.settings)
    found = {name: attacked(engine, *made, outside=outside, **of_two) for name, made in ATTACKS.items()}

    assert found == EXPECTED


ATTACKS = {
    "nothing": (),
    "changed fact": ("UPDATE history SET data = replace(data, 'agree', 'Agree') WHERE instance_id = {one}",),
    "deleted fact": ("DELETE FROM history WHERE instance_id = {one} AND seq = 4",),
    "inserted fact": (
        "UPDATE history SET seq = seq + 1000 WHERE instance_id = {one} AND seq > 4",
        "UPDATE history SET seq = seq - 999 WHERE instance_id = {one} AND seq > 1000",
        "INSERT INTO history (instance_id, seq, at, kind, data, hash) SELECT instance_id, 5, at, kind, data, hash "
        "FROM history WHERE instance_id = {one} AND seq = 4",
    ),
    "reordered facts": (
        "UPDATE history SET seq = 1000 WHERE instance_id = {one} AND seq = 3",
        "UPDATE history SET seq = 3 WHERE instance_id = {one} AND seq = 4",
        "UPDATE history SET seq = 4 WHERE instance_id = {one} AND seq = 1000",
    ),
    "changed act": ("UPDATE audit SET kind = 'user.promoted' WHERE scope = 'identity' AND seq = 2",),
    "truncated tail": ("DELETE FROM history WHERE instance_id = {two} AND seq = {last}",),
    "truncated tail, tip put right": (
        "DELETE FROM history WHERE instance_id = {two} AND seq = {last}",
        "UPDATE instance SET history_seq = history_seq - 1, history_hash = "
        "(SELECT hash FROM history WHERE instance_id = {two} AND seq = {last} - 1) WHERE id = {two}",
    ),
    "whole instance removed": (
        "DELETE FROM history WHERE instance_id = {one}",
        "DELETE FROM history_text WHERE instance_id = {one}",
        "DELETE FROM clearance_grant WHERE clearance_id IN (SELECT id FROM clearance WHERE instance_id = {one})",
        "DELETE FROM erp_payment WHERE instance_id = {one}",
        "DELETE FROM clearance WHERE instance_id = {one}",
        "DELETE FROM policy_grant WHERE instance_id = {one}",
        "DELETE FROM inbox WHERE work_item_id IN (SELECT id FROM work_item WHERE instance_id = {one})",
        "DELETE FROM work_item WHERE instance_id = {one}",
        "DELETE FROM user_task WHERE instance_id = {one}",
        "DELETE FROM instance WHERE id = {one}",
    ),
    "anchor rewritten": ("UPDATE audit_anchor SET root = previous WHERE number = 2",),
    "leaf rewritten": ("UPDATE audit_leaf SET seq = seq + 1 WHERE number = 1",),
    "anchor removed": ("DELETE FROM audit_leaf WHERE number = 2", "DELETE FROM audit_anchor WHERE number = 2"),
    "decision put in": (
        "UPDATE work_item SET decided_by = (SELECT id FROM user_account WHERE login = 'gao') "
        "WHERE instance_id = {one} AND decision_source = 0",
    ),
    "grant for another amount": ("UPDATE policy_grant SET facts = replace(facts, '120.00', '920.00')",),
    "payment raised": ("UPDATE erp_payment SET amount = amount * 2 WHERE instance_id = {one}",),
    "payment removed": ("DELETE FROM erp_payment WHERE instance_id = {one}",),
    "payment by another": ("UPDATE erp_payment SET executed_by = {two} WHERE instance_id = {one}",),
    "payment of another time": ("UPDATE erp_payment SET executed_at = executed_at - {earlier}",),
    "payments swapped": (
        "UPDATE erp_payment SET payment_no = 'x' WHERE instance_id = {one}",
        "UPDATE erp_payment SET payment_no = (SELECT payment_no FROM erp_payment WHERE instance_id = {one}) || '1' "
        "WHERE instance_id = {two}",
    ),
    "approval longer": ("UPDATE policy_grant SET expires_at = expires_at - {earlier} WHERE instance_id = {one}",),
    "approval of another authority": ("UPDATE policy_grant SET authority = '[]' WHERE instance_id = {one}",),
    "approval alive again": ("UPDATE policy_grant SET state = 'active' WHERE instance_id = {one}",),
    "approval removed": (
        "DELETE FROM clearance_grant WHERE clearance_id IN (SELECT id FROM clearance WHERE instance_id = {one})",
        "DELETE FROM policy_grant WHERE instance_id = {one}",
    ),
    "clearance removed": (
        "DELETE FROM clearance_grant WHERE clearance_id IN (SELECT id FROM clearance WHERE instance_id = {one})",
        "DELETE FROM erp_payment WHERE instance_id = {one}",
        "DELETE FROM clearance WHERE instance_id = {one}",
    ),
    "clearance reopened": ("UPDATE clearance SET state = 'open' WHERE instance_id = {one}",),
    "clearance of fewer people": ("UPDATE clearance SET min_people = 9 WHERE instance_id = {one}",),
    "clearance for other reasons": ("UPDATE clearance SET reasons = '{{}}' WHERE instance_id = {one}",),
    "approval not used": (
        "DELETE FROM clearance_grant WHERE clearance_id IN (SELECT id FROM clearance WHERE instance_id = {one})",
    ),
    "approval used for something else": ("UPDATE clearance_grant SET requirement = 'match_exception'",),
    "approvals swapped": (
        "UPDATE policy_grant SET node = 'x' WHERE instance_id = {one}",
        "UPDATE policy_grant SET instance_id = {two} WHERE instance_id = {one}",
    ),
    "decision removed": (
        "DELETE FROM inbox WHERE work_item_id IN (SELECT id FROM work_item WHERE instance_id = {one})",
        "DELETE FROM work_item WHERE instance_id = {one}",
    ),
    "decision of another time": ("UPDATE work_item SET decided_at = decided_at - {earlier} WHERE instance_id = {one}",),
    "decision of another person": (
        "UPDATE work_item SET decided_person_id = {two} WHERE instance_id = {one} AND decision IS NOT NULL",
    ),
    "vote of another weight": ("UPDATE work_item SET weight = weight + 1 WHERE instance_id = {one}",),
    "decision by a rule": (
        "UPDATE work_item SET decision_source = 2 WHERE instance_id = {one} AND decision_source = 0",
    ),
    "opinion emptied": ("UPDATE work_item SET opinion = NULL, opinion_salt = NULL WHERE instance_id = {one}",),
    "opinion changed": ("UPDATE work_item SET opinion = 'x' WHERE opinion IS NOT NULL",),
    "words emptied": ("UPDATE history_text SET text = NULL, salt = NULL",),
    "words removed": ("DELETE FROM history_text",),
    "words changed": ("UPDATE history_text SET text = 'x'",),
    "words put in": ("INSERT INTO history_text (instance_id, seq, name) VALUES ({one}, 1, 'reason')",),
    "words beside another act": ("UPDATE history_text SET name = 'x'",),
    "time moved": ("UPDATE history SET at = at - {earlier} WHERE instance_id = {two} AND seq = {last}",),
}
EXPECTED = {
    "nothing": (0, []),
    "changed fact": (1, ["chain-broken", "decision-changed"]),
    "deleted fact": (1, ["chain-broken"]),
    "inserted fact": (1, ["chain-broken", "text-changed", "text-missing"]),
    "reordered facts": (1, ["chain-broken", "text-changed", "text-missing"]),
    "changed act": (1, ["chain-broken"]),
    "truncated tail": (2, ["chain-short"]),
    "truncated tail, tip put right": (2, ["chain-short"]),
    "whole instance removed": (2, ["stream-missing"]),
    "anchor rewritten": (3, ["anchor-rewritten"]),
    "leaf rewritten": (3, ["anchor-rewritten"]),
    "anchor removed": (2, ["anchor-lost"]),
    "decision put in": (1, ["decision-changed", "grant-undecided"]),
    "grant for another amount": (1, ["grant-digest"]),
    "payment raised": (1, ["payment-changed", "payment-uncleared"]),
    "payment removed": (2, ["payment-missing"]),
    "payment by another": (1, ["payment-changed"]),
    "payment of another time": (1, ["payment-changed"]),
    "payments swapped": (1, ["payment-changed"]),
    "approval longer": (1, ["grant-changed"]),
    "approval of another authority": (1, ["grant-changed"]),
    "approval alive again": (1, ["clearance-grants", "grant-state"]),
    "approval removed": (1, ["clearance-changed", "clearance-grants", "grant-missing"]),
    "clearance removed": (1, ["clearance-missing", "grant-state"]),
    "clearance reopened": (1, ["clearance-changed", "grant-state", "payment-uncleared"]),
    "clearance of fewer people": (1, ["clearance-changed", "clearance-grants"]),
    "clearance for other reasons": (1, ["clearance-changed"]),
    "approval not used": (1, ["clearance-changed", "clearance-grants", "grant-state"]),
    "approval used for something else": (1, ["clearance-changed"]),
    "approvals swapped": (1, ["grant-changed", "grant-undecided"]),
    "decision removed": (1, ["asked-missing", "grant-undecided", "item-missing"]),
    "decision of another time": (1, ["decision-changed"]),
    "decision of another person": (1, ["decision-changed", "grant-undecided"]),
    "vote of another weight": (1, ["decision-changed"]),
    "decision by a rule": (1, ["decision-changed", "grant-undecided"]),
    "opinion emptied": (2, ["opinion-missing"]),
    "opinion changed": (1, ["decision-changed"]),
    "words emptied": (2, ["text-missing"]),
    "words removed": (2, ["text-missing"]),
    "words changed": (1, ["text-changed"]),
    "words put in": (1, ["text-changed"]),
    "words beside another act": (1, ["text-changed", "text-missing"]),
    "time moved": (1, ["chain-broken"]),
}


@pytest.mark.row(31, RECORD)
@pytest.mark.row(32, RECORD)
def test_payment_made_by_hand_is_found(paid):
    """Grant, clearance and payment inserted by SQL with the triggers off: none of them is in a chain."""
    company, first, _ = paid
    engine = company.engine
    made = "INSERT INTO {table} ({columns}) SELECT {values} FROM {table} WHERE {where}"

    with attack(engine) as uow:
        for table, where, changed in (
            ("erp_payment_request", "id = (SELECT request_id FROM erp_payment WHERE instance_id = :one)",
             {"id": ":new", "request_no": "'PR-FORGED'"}),
            ("clearance", "instance_id = :one", {"id": ":new", "idempotency_key": ":new"}),
            ("erp_payment", "instance_id = :one",
             {"id": ":new", "payment_no": "'PAY-FORGED'", "request_id": ":new", "clearance_id": ":new"}),
        ):  # fmt: skip
            columns = [column.name for column in metadata.tables[table].columns]
            statement = made.format(
                table=table, columns=", ".join(columns), values=", ".join(changed.get(name, name) for name in columns),
                where=where,
            )  # fmt: skip
            new, one = (UUID(int=77), first) if uow.dialect == "postgresql" else (UUID(int=77).bytes, first.bytes)
            uow.execute(text(statement), {"new": new, "one": one})
        report = audit.verify(uow)

    assert {finding.rule for finding in report.findings} == {"clearance-grants", "clearance-unrecorded"}
    assert report.exit == 1


@pytest.mark.row(23, RECORD, THROUGH)
def test_clock_set_back_is_found_though_every_hash_is_right(paid, monkeypatch):
    """A new instance has no link before it; the checkpoint that did not hold it tells."""
    company, _, _ = paid
    engine = company.engine
    company.clock.advance(timedelta(hours=1))
    audit.anchor(engine)
    company.clock.advance(-timedelta(days=2))

    forged = claim(company)

    company.clock.advance(timedelta(days=2, minutes=10))
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        report = audit.verify(uow)
    assert {(finding.rule, finding.element_id) for finding in report.findings} >= {("back-dated", str(forged))}
    assert report.exit == 1
    only_the_record_notices(engine, monkeypatch, "back-dated")


def test_checkpoint_of_a_clock_set_back_is_found(paid):
    company, _, _ = paid
    company.clock.advance(-timedelta(days=2))
    audit.anchor(company.engine)

    with company.engine.unit_of_work(ENGINE, read_only=True) as uow:
        report = audit.verify(uow, outside=audit.outside(company.engine.settings))

    assert "clock-set-back" in {finding.rule for finding in report.findings}


def test_time_of_a_chain_never_goes_back(paid):
    company, first, _ = paid
    engine = company.engine
    company.clock.advance(-timedelta(days=1))

    with engine.unit_of_work(ENGINE) as uow:
        history.record(uow, uow.lock_instance(first), "comment.added")
        history.act(uow, "identity", "user.changed", {})

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert "time-reversed" not in {finding.rule for finding in audit.verify(uow).findings}
        times = [fact.at for fact in history.timeline(uow, first)]
    assert times == sorted(times)


@pytest.mark.row(40, RECORD, THROUGH)
def test_older_backup_is_found_and_put_on_record(paid):
    """Row 40: restored to before a payment: 2 until somebody says so, signed, in the chain."""
    company, _, _ = paid
    engine = company.engine
    backup = Backup(engine)
    company.clock.advance(timedelta(hours=1))
    claim(company)
    audit.anchor(engine)
    backup.restore()
    company.clock.advance(timedelta(hours=1))

    assert verified(engine) == (2, {"anchor-lost", "stream-missing"})
    assert verified(engine, inside=True) == (0, set()), "only what lies outside the database tells of it"

    assert audit.reseal(engine, "restored after the disk failed") == [3]
    assert verified(engine) == (0, set())
    claim(company)
    company.clock.advance(timedelta(hours=1))
    audit.anchor(engine)
    assert verified(engine) == (0, set())
    assert [one.number for one in audit.outside(engine.settings)] == [1, 2, 3, 4, 5]


class Backup:
    """Of a whole database: SQLite's own, and a copy of all rows on PostgreSQL."""

    def __init__(self, engine):
        self.engine = engine
        if engine.dialect == "sqlite":
            self.kept = engine.snapshot()
        else:
            self.kept = Tables(engine.settings.database_url, "backup")

    def restore(self):
        if self.engine.dialect == "sqlite":
            self.engine.restore(self.kept)
        else:
            self.kept.put_back()
            self.kept.close()


def test_restore_that_nobody_signed_is_not_believed(paid):
    company, _, _ = paid
    engine = company.engine
    with engine.unit_of_work(ENGINE) as uow:
        history.act(uow, "anchor", "state.restored", {
            "restored_to": 1, "lost": [[2, "00"]], "reason": "nothing to see", "key": "00" * 32, "signature": "00",
        })  # fmt: skip

    assert verified(engine)[0] == 3


def test_an_opinion_is_erased_and_the_record_proves_itself_as_before(paid):
    company, first, _ = paid
    engine = company.engine
    with engine.unit_of_work(ENGINE) as uow:
        written = select(work_item.c.id).where(work_item.c.instance_id == first, work_item.c.opinion.is_not(None))
        item = uow.execute(written.limit(1)).scalar_one()
        assert "发票齐全" not in str([fact.data for fact in history.timeline(uow, first)])
    with pytest.raises(IntegrityError, match="APPEND_ONLY"), engine.unit_of_work(ENGINE) as uow:
        uow.execute(update(work_item).where(work_item.c.id == item).values(opinion="同意"))

    with engine.unit_of_work(ENGINE) as uow:
        tasks.erase_opinion(uow, item, "the person has asked for it")

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(work_item.c.opinion).where(work_item.c.id == item)).scalar_one() is None
        assert [fact.kind for fact in history.timeline(uow, first)][-1] == "opinion.erased"
    assert verified(engine) == (0, set())


def verified(engine, *, inside=False):
    """(exit, codes); `inside`: by what the database itself holds."""
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        outside = None if inside else audit.outside(engine.settings)
        report = audit.verify(uow, outside=outside, overdue_after=timedelta(hours=1))
    return report.exit, {finding.rule for finding in report.findings}
