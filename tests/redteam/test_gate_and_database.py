"""Known ways round approve-before-pay that the gate (G) or the database (D) stops: each with its wall, then without it.

Numbers are those of the design's list. A wall is taken away by name (`blind`, `without`); the next one must then hold.
"""

import threading
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Column, Delete, MetaData, Table, delete, false, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from engine import calls, identity, operations, policy, repository, runtime, tasks
from engine.db.base import metadata
from engine.db.definition import definition, resource
from engine.db.identity import user_account
from engine.db.policy import clearance, policy_grant
from engine.db.task import work_item
from engine.errors import PolicyHold, SeparationOfDuties
from engine.ids import uuid7
from engine.modules.erp.operations import payees
from engine.operations import Facts, OperationCall
from engine.policy import gate, grants
from engine.unit_of_work import ENGINE, Actor
from tests.engine.modules.company import a_call, a_firm, clear
from tests.engine.modules.test_payments import Request
from tests.engine.policy.test_gate import (
    PAYING,
    a_bill,
    agree,
    bill,
    bill_facts,
    changed,
    held,
    pay,
    people,
    started,
    state_of,
)
from tests.redteam.rows import DATABASE, GATE, IDEMPOTENCY, RECORD, REPORT, THROUGH, VERB
from tests.redteam.walls import (
    STOPPED,
    approved,
    gate_off,
    nullable,
    only_the_database_stops,
    only_the_record_notices,
    without,
    without_append_only,
)

pytestmark = pytest.mark.redteam
TWO = """
- id: REF-001
  title: 两人审批
  on: refund.execute
  require:
    - {approval: finance_approval, people: 2}
  distinct: [requester, approver]
  binds: [amount, payee]
"""


HISTORY, AUDIT = metadata.tables["history"], metadata.tables["audit"]
REWRITING: dict[str, tuple[Any, tuple[str, ...], tuple[str, ...]]] = {
    "what a grant is for": (
        update(policy_grant).values(subject_digest="x"), ("policy_grant_frozen",),
        ("grant-changed", "grant-digest", "grant-undecided"),
    ),
    "a grant is gone": (delete(policy_grant), ("policy_grant_kept",), ("grant-missing",)),
    "who decided": (
        update(work_item).where(work_item.c.decided_at.is_not(None)).values(decided_by=uuid7()),
        ("work_item_frozen", "work_item_decision_frozen"), ("decision-changed", "grant-undecided"),
    ),
    "a drawing": (update(resource).values(content=b"x"), (), ("deployed-changed",)),
    "what a version names": (update(definition).values(meta={}), ("definition_frozen",), ("deployed-changed",)),
    "a fact": (update(HISTORY).where(HISTORY.c.seq == 1).values(kind="x"), (), ("chain-broken",)),
    "facts are gone": (delete(HISTORY), (), (
        "stream-missing", "decision-unrecorded", "grant-unrecorded", "task-unrecorded",
    )),
    "an act": (update(AUDIT).where(AUDIT.c.seq == 1).values(kind="x"), (),
               ("chain-broken", "policy-unrecorded", "group-unrecorded", "deployed-unrecorded")),
    "acts are gone": (delete(AUDIT), (), (
        "stream-missing", "policy-unrecorded", "account-unrecorded", "group-unrecorded", "member-unrecorded",
        "deployed-unrecorded",
    )),
}  # fmt: skip
"""statement, the guards against it (none named: append-only), what the record says of it"""


@operations.operation("test.forget_to_pay", guarded_by="payment.execute", subject=bill_facts)
def forget_to_pay(uow, *, bill_id: UUID, call: OperationCall) -> dict[str, Any]:
    return {"cleared": call.clearance_id}


@pytest.fixture
def who(engine) -> dict[str, Actor]:
    return people(engine)


@pytest.fixture
def blind(monkeypatch):
    """Take wall 2 away: from now on the gate clears whatever it is asked for, with every grant that there is."""

    def off(places: int = 1) -> None:
        gate_off(monkeypatch, places)

    return off


@pytest.mark.row(7, GATE, REPORT, THROUGH)
def test_07_split_payments_below_the_limit(engine, who, monkeypatch):
    stated = (
        "- id: REF-001\n  title: T\n  on: refund.execute\n  require:\n    - {approval: finance_approval}\n"
        '    - {approval: cfo_approval, when: "= facts.sum_7d >= 150"}\n'
        "  aggregate: {by: [payee], window: P7D, sum: amount, as: sum_7d}\n"
    )
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, stated)
    first, second = a_bill(engine), a_bill(engine)
    one, other = approved(engine, who, first, "fay"), approved(engine, who, second, "fay")
    pay(engine, one, first)

    assert "cfo_approval" in held(engine, other, second)

    with monkeypatch.context() as off:
        off.setattr(gate, "total", lambda *_: Decimal(0))
        pay(engine, other, second)
        assert (state_of(engine, second), reported(engine)) == ("paid", [False, False])
    assert reported(engine) == [True, True], "the report names what slipped through"


def reported(engine) -> list[bool]:
    """Whether what was paid would be held as policies add it up now."""
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        return [bool(one.reasons) for one in policy.replay_cleared(uow, policy.in_force(uow))]


@pytest.mark.row((8, 9), GATE, DATABASE, THROUGH)
@pytest.mark.parametrize(("change", "now"), [({"name": "S-2"}, "payee S-2"), ({"key": "usd"}, "currency USD")])
def test_09_what_is_paid_is_swapped_by_master_data_after_the_approval(engine, who, blind, change, now):
    bill_id = a_bill(engine)
    instance_id = approved(engine, who, bill_id, "fay")
    changed(engine, bill_id, **change)  # no revocation: master data knows no process

    assert now in held(engine, instance_id, bill_id)

    blind()
    only_the_database_stops(engine, instance_id, bill_id)


@pytest.mark.row(9, DATABASE, THROUGH)
def test_09_a_payment_goes_to_the_version_of_the_account_that_was_approved(engine):
    firm = a_firm(engine)
    request = Request(firm)
    facts = request.facts()
    with firm.acting() as uow:
        cleared = clear(uow, request.id, facts, instance_id=request.instance, people=(firm.people["bob"],),
                        requester=firm.people["ann"])  # fmt: skip
    with firm.acting("bob") as uow:
        account = payees.change_payee_account(
            uow, owner_kind="employee", owner_id=firm.people["ann"], account_name="X", bank_name="B",
            account_no="62280001",
        )  # fmt: skip
    with firm.acting("cid") as uow:
        payees.confirm_payee_account(uow, version_id=account["version_id"], call=a_call())
    payment, versions = metadata.tables["erp_payment"], metadata.tables["erp_payee_account_version"]
    (newest,) = [row["id"] for row in firm.rows(versions) if row["version"] == 2]

    def swap() -> None:
        with firm.acting() as uow:
            uow.execute(insert(payment), {
                "id": uuid7(), "payment_no": "X", "request_id": request.id, "clearance_id": cleared,
                "instance_id": request.instance, "amount": Decimal("1680.32"), "currency": "CNY",
                "payee_id": facts.values["payee"], "payee_account_version_id": newest, "payee_bank_version": 2,
                "executed_at": uow.now,
            })  # fmt: skip

    with pytest.raises(IntegrityError, match=r"POLICY\.MISMATCH"):
        swap()
    with without(engine, payment, "payment_gate"):
        swap()
    assert [row["payee_bank_version"] for row in firm.rows(payment)] == [2]


@pytest.mark.row(10, VERB, GATE, DATABASE, THROUGH)
def test_10_the_own_request_is_approved_by_the_own_substitute(engine, who, blind, clock, monkeypatch):
    bill_id = a_bill(engine, requester=who["fay"])
    instance_id = started(engine, who["req"], bill_id)
    with engine.unit_of_work(who["fay"]) as uow:
        identity.substitute(uow, "fay", "root", clock.now(), clock.now() + timedelta(days=1))
        item = tasks.inbox(uow).items[0].work_item_id

    def click() -> None:
        with engine.unit_of_work(who["root"]) as uow:
            tasks.agree(uow, item)

    with pytest.raises(SeparationOfDuties):
        click()
    with monkeypatch.context() as off:  # the click is let pass …
        off.setattr(grants, "barring", lambda *_: None)
        click()
    assert "requester" in held(engine, instance_id, bill_id)  # … the gate does not count it …
    blind()
    only_the_database_stops(engine, instance_id, bill_id)  # … nor does the database


@pytest.mark.row(12, GATE, DATABASE, THROUGH)
@pytest.mark.parametrize("second", ["fay", "fay2"])
def test_12_one_human_counts_once_whatever_account_he_uses(engine, who, blind, second):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, TWO.replace("people: 2}", 'people: 2, when: "= facts.amount > 0"}'))
    bill_id = a_bill(engine)
    with engine.unit_of_work(ENGINE) as uow:
        xml = PAYING.replace(b"fay,cfo", b"fay,cfo,fay2")
        repository.deploy(uow, {"processes/oa/p.bpmn": xml})
    instances = []
    for login in ("fay", second):
        with engine.unit_of_work(who["req"]) as uow:
            instances.append(runtime.start(uow, "p", {"bill_id": str(bill_id)}).id)
        agree(engine, who[login])

    assert "finance_approval by 2 people" in held(engine, instances[0], bill_id)

    blind(places=2)
    only_the_database_stops(engine, instances[0], bill_id)


@pytest.mark.row(12, RECORD, THROUGH)
def test_12_one_human_is_made_two_by_sql(engine, who, monkeypatch):
    """Neither gate nor database can know it; of whom accounts are stands in the chain since they were made."""
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, TWO.replace("people: 2}", 'people: 2, when: "= facts.amount > 0"}'))
        repository.deploy(uow, {"processes/oa/p.bpmn": PAYING.replace(b"fay,cfo", b"fay,cfo,fay2")})
        uow.execute(update(user_account).where(user_account.c.login == "fay2").values(person_id=user_account.c.id))
    bill_id, instances = a_bill(engine), []
    for login in ("fay", "fay2"):
        with engine.unit_of_work(who["req"]) as uow:
            instances.append(runtime.start(uow, "p", {"bill_id": str(bill_id)}).id)
        agree(engine, who[login])

    pay(engine, instances[0], bill_id)

    assert state_of(engine, bill_id) == "paid"
    only_the_record_notices(engine, monkeypatch, "account-changed")


@pytest.mark.row(11, GATE, DATABASE, THROUGH)
def test_11_one_human_approves_as_the_substitute_of_two(engine, who, blind, clock):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, TWO.replace("people: 2}", 'people: 2, when: "= facts.amount > 0"}'))
    for principal in ("fay", "cfo"):
        with engine.unit_of_work(who[principal]) as uow:
            identity.substitute(uow, principal, "root", clock.now(), clock.now() + timedelta(days=1))
    bill_id, instances = a_bill(engine), []
    for principal in ("fay", "cfo"):
        instances.append(started(engine, who["req"], bill_id))
        with engine.unit_of_work(who[principal], read_only=True) as uow:
            item = next(one for one in tasks.inbox(uow).items if one.instance_id == instances[-1])
        with engine.unit_of_work(who["root"]) as uow:
            tasks.agree(uow, item.work_item_id)

    assert "finance_approval by 2 people" in held(engine, instances[0], bill_id)

    blind(places=2)
    only_the_database_stops(engine, instances[0], bill_id)


@pytest.mark.row(15, VERB, DATABASE, THROUGH)
def test_15_a_service_account_completes_the_approval(engine, who, blind, monkeypatch):
    with engine.unit_of_work(ENGINE) as uow:
        uow.execute(update(user_account).where(user_account.c.login == "fay").values(person_id=None))
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)

    with pytest.raises(SeparationOfDuties, match="belongs to no person"):
        agree(engine, who["fay"])

    for room in (grants, policy):
        monkeypatch.setattr(room, "conflict", lambda *_: None)
    with pytest.raises(IntegrityError):
        agree(engine, who["fay"])

    with nullable(engine, policy_grant.c.person_id):
        with pytest.raises(IntegrityError, match=r"POLICY\.NO_DECISION"):
            agree(engine, who["fay"])
        with without(engine, policy_grant, "policy_grant_from_decision"):
            agree(engine, who["fay"])
        blind()
        only_the_database_stops(engine, instance_id, bill_id)


@pytest.mark.row(19, GATE, DATABASE, THROUGH)
def test_19_a_consumed_grant_is_used_again(engine, who, blind):
    bill_id = a_bill(engine)
    instance_id = approved(engine, who, bill_id, "fay")
    pay(engine, instance_id, bill_id)
    changed(engine, bill_id, content=b"open")

    held(engine, instance_id, bill_id)

    blind()
    only_the_database_stops(engine, instance_id, bill_id)


@pytest.mark.row(19, IDEMPOTENCY, GATE, DATABASE)
def test_19_a_job_that_runs_twice_pays_once(engine, who, blind, monkeypatch):
    bill_id, job = a_bill(engine), uuid7()
    instance_id = approved(engine, who, bill_id, "fay")
    first = pay(engine, instance_id, bill_id, job)
    changed(engine, bill_id, content=b"open")

    assert pay(engine, instance_id, bill_id, job) == first
    assert state_of(engine, bill_id) == "open", "answered from the record, not paid again"

    monkeypatch.setattr(calls, "_known", calls._known.where(false()))
    with pytest.raises(PolicyHold):
        pay(engine, instance_id, bill_id, job)
    blind()
    with pytest.raises(IntegrityError):  # one clearance for one job
        pay(engine, instance_id, bill_id, job)
    assert state_of(engine, bill_id) == "open"


@pytest.mark.row(20, GATE, DATABASE, THROUGH)
@pytest.mark.parametrize("locked", [True, False])
def test_20_twenty_payments_at_once_on_one_grant(engine, who, blind, monkeypatch, locked):
    bill_id = a_bill(engine)
    instances = [started(engine, who["req"], bill_id) for _ in range(20)]
    agree(engine, who["fay"])
    if not locked:  # the gate reads its grants without holding them: the database sees what it missed
        monkeypatch.setattr(gate, "_live", _unlocked())

    assert at_once(engine, instances, bill_id) == ["paid"] + ["stopped"] * 19

    blind()
    few = instances[:3]
    assert at_once(engine, few, bill_id) == ["stopped"] * 3
    with without(engine, clearance, "clearance_complete"):
        assert at_once(engine, few, bill_id) == ["paid"] * 3


def at_once(engine, instances: list[UUID], bill_id: UUID) -> list[str]:
    """What each of them gets that pays at the same moment."""
    together, answers = threading.Barrier(len(instances)), []

    def run(instance_id: UUID) -> None:
        together.wait()
        try:
            pay(engine, instance_id, bill_id)
            answers.append("paid")
        except (PolicyHold, SQLAlchemyError):
            answers.append("stopped")

    threads = [threading.Thread(target=run, args=(instance_id,)) for instance_id in instances]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers)


@pytest.mark.row(20, DATABASE, THROUGH)
@pytest.mark.parametrize("guarded", [True, False])
def test_20_two_that_have_read_the_same_grant_before_either_pays(engine, who, monkeypatch, guarded):
    if engine.dialect == "sqlite":
        pytest.skip("it has one writer at a time: the second begins when the first has paid")
    bill_id = a_bill(engine)
    instances = [started(engine, who["req"], bill_id) for _ in range(2)]
    agree(engine, who["fay"])
    reader, judge, together = operations.subject_reader("test_bill"), gate.judge, threading.Barrier(2)

    def unlocked(uow, *, bill_id):
        row = uow.execute(select(bill).where(bill.c.path == str(bill_id))).one()
        return Facts(values={"amount": "100.00", "currency": "CNY", "payee": row.name, "payee_bank_version": 1})

    def both_have_read(*about):
        together.wait(timeout=60)
        return judge(*about)

    monkeypatch.setattr(gate, "_live", _unlocked())
    monkeypatch.setitem(operations._subjects, "test_bill", replace(reader, read=unlocked))
    monkeypatch.setattr(gate, "judge", both_have_read)

    if guarded:
        assert at_once(engine, instances, bill_id) == ["paid", "stopped"]
        return
    with without(engine, clearance, "clearance_complete"):
        assert at_once(engine, instances, bill_id) == ["paid", "paid"]


@pytest.mark.row(22, DATABASE, RECORD, THROUGH)
@pytest.mark.parametrize("name", REWRITING)
def test_22_what_was_written_is_rewritten_by_hand(name, engine, who, monkeypatch):
    statement, guards, rules = REWRITING[name]
    bill_id = a_bill(engine)
    instance_id = approved(engine, who, bill_id, "fay")
    verb = "delete" if isinstance(statement, Delete) else "update"

    def rewrite() -> int:
        with engine.unit_of_work(ENGINE) as uow:
            return uow.execute(statement).rowcount

    with pytest.raises(SQLAlchemyError, match=r"APPEND_ONLY|append-only"):
        rewrite()

    with ExitStack() as off:
        for guard in guards:
            off.enter_context(without(engine, statement.table, guard))
        if not guards:
            off.enter_context(without_append_only(engine, statement.table.name, verb))
        assert rewrite() > 0
    only_the_record_notices(engine, monkeypatch, *rules)
    if name == "a grant is gone":  # and nothing is gained without it
        held(engine, instance_id, bill_id)


@pytest.mark.row(24, GATE)
def test_24_a_table_that_says_nothing_entitles_nobody(engine, who):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(
            uow,
            "- id: REF-001\n  title: T\n  on: refund.execute\n  require:\n    - approval: finance_approval\n"
            "      eligible: '= authority(\"who_may\", actor, facts)'\n",
        )
    bill_id = a_bill(engine)
    instance_id = approved(engine, who, bill_id, "fay")

    held(engine, instance_id, bill_id)


@pytest.mark.row(31, DATABASE, RECORD, THROUGH)
def test_31_a_payment_is_written_by_sql(engine, monkeypatch):
    firm = a_firm(engine)
    request = Request(firm)
    [asked] = firm.rows(metadata.tables["erp_payment_request"])
    payment, facts = metadata.tables["erp_payment"], request.facts()
    with firm.acting() as uow:  # a clearance by hand, for exactly this and by nobody
        key = clear(uow, request.id, facts, instance_id=request.instance, people=(), requester=firm.people["ann"])

    def write() -> None:
        with firm.acting() as uow:
            row = {
                "id": uuid7(), "payment_no": "X", "request_id": request.id, "clearance_id": key,
                "instance_id": request.instance, "amount": Decimal("1680.32"), "currency": "CNY",
                "payee_id": facts.values["payee"], "payee_account_version_id": asked["payee_account_version_id"],
                "payee_bank_version": 1, "executed_at": uow.now,
            }  # fmt: skip
            uow.execute(insert(payment), row)

    with pytest.raises(IntegrityError, match=STOPPED):
        write()

    with without(engine, payment, "payment_gate"):
        write()
    assert len(firm.rows(payment)) == 1
    rules = ("payment-uncleared", "clearance-grants", "clearance-unrecorded", "deployed-unrecorded", "task-unrecorded")
    only_the_record_notices(engine, monkeypatch, *rules)  # process and task of this firm were put in by hand too


KEPT_APART = """
- id: PAY-001
  title: 复核人不批
  on: payment.execute
  require: [{approval: finance_approval}]
  distinct: [requester, payee_bank_confirmer]
"""


@pytest.mark.row(41, VERB, GATE, DATABASE, THROUGH)
def test_41_whoever_confirmed_the_account_approves_the_payment_to_it(engine, blind, monkeypatch):
    firm, drawn = a_firm(engine), PAYING.replace(b"test_bill", b"erp_payment_request").replace(b"fay,cfo", b"cid,bob")
    request = Request(firm)
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, KEPT_APART)
        repository.deploy(uow, {"p.bpmn": drawn.replace(b"test.pay_bill", b"erp.execute_payment")
                                .replace(b'target="bill_id"', b'target="request_id"')})  # fmt: skip
    with firm.acting("ann") as uow:
        instance_id = runtime.start(uow, "p", {"bill_id": str(request.id)}).id

    def paid() -> None:
        with engine.unit_of_work(Actor(None, source="job")) as uow:
            call, operation = OperationCall(uuid7(), instance_id, "pay"), operations.get("erp.execute_payment")
            calls.perform(uow, operation, {"request_id": request.id}, call, uow.lock_instance(instance_id))

    with pytest.raises(SeparationOfDuties):
        agree(engine, Actor(firm.people["cid"]))
    with monkeypatch.context() as off:
        off.setattr(grants, "barring", lambda *_: None)
        agree(engine, Actor(firm.people["cid"]))

    with pytest.raises(PolicyHold) as refused:
        paid()
    assert "Cid may not approve as payee_bank_confirmer" in str(refused.value)
    blind()
    with pytest.raises(IntegrityError, match=r"POLICY\.NOT_APPROVED"):
        paid()
    payment = metadata.tables["erp_payment"]
    assert firm.rows(payment) == []
    monkeypatch.setattr(policy, "settle_clearance", lambda *_: None)  # it is the trigger that says that it was used
    with without(engine, payment, "payment_gate"):
        paid()
    assert len(firm.rows(payment)) == 1


def test_fewer_people_than_the_policy_asks_for_are_not_enough_for_the_database(engine, who, blind):
    bill_id = a_bill(engine)
    instance_id = approved(engine, who, bill_id, "fay")
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, TWO)
    held(engine, instance_id, bill_id)

    blind(places=1)  # the gate says one is enough
    only_the_database_stops(engine, instance_id, bill_id)


@pytest.mark.row(32, DATABASE, RECORD, THROUGH)
def test_32_a_grant_is_forged_by_sql(engine, who, monkeypatch):
    bill_id = a_bill(engine, cents=100000)
    instance_id = approved(engine, who, bill_id, "fay")
    assert "cfo_approval" in held(engine, instance_id, bill_id)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        row = dict(uow.execute(select(policy_grant)).mappings().one())
    forged = row | {"id": uuid7(), "capability": "cfo_approval", "person_id": who["cfo"].user_id}
    statement = insert(policy_grant).values(**forged)

    with pytest.raises(IntegrityError, match=r"POLICY\.NO_DECISION"), engine.unit_of_work(ENGINE) as uow:
        uow.execute(statement)

    with without(engine, policy_grant, "policy_grant_from_decision"), engine.unit_of_work(ENGINE) as uow:
        uow.execute(statement)
    pay(engine, instance_id, bill_id)
    assert state_of(engine, bill_id) == "paid", "the gate believes what the database holds"
    only_the_record_notices(engine, monkeypatch, "grant-undecided", "grant-unrecorded")


@pytest.mark.row(32, DATABASE)
def test_32_a_temporary_table_takes_the_place_of_the_one_that_a_guard_reads(engine, who):
    """Whoever may connect may make some, and PostgreSQL finds them first."""
    bill_id = a_bill(engine, cents=100000)
    approved(engine, who, bill_id, "fay")
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        row = dict(uow.execute(select(policy_grant)).mappings().one())
    forged = row | {"id": uuid7(), "capability": "cfo_approval", "person_id": who["cfo"].user_id}

    temporary = Table("work_item", MetaData(), *(Column(one.name, one.type) for one in work_item.columns),
                      prefixes=["TEMPORARY"])  # fmt: skip

    def put_in(uow) -> None:
        decided = dict(uow.execute(select(work_item).where(work_item.c.decided_at.is_not(None))).mappings().one())
        temporary.create(uow.connection)
        uow.execute(insert(temporary).values(**decided | {"decided_person_id": who["cfo"].user_id}))
        uow.execute(insert(policy_grant).values(**forged))

    with pytest.raises(IntegrityError, match=r"POLICY\.NO_DECISION"), engine.unit_of_work(ENGINE) as uow:
        put_in(uow)


@pytest.mark.row(33, GATE, THROUGH)
def test_33_an_operation_that_was_cleared_pays_nothing(engine, who, monkeypatch):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, TWO.replace("refund.execute", "payment.execute").replace("REF-001", "PAY-001")
                    .replace("people: 2", "people: 1"))  # fmt: skip
    bill_id = a_bill(engine)
    instance_id = approved(engine, who, bill_id, "fay")

    with pytest.raises(PolicyHold, match="did not pay"):
        pay_with(engine, "test.forget_to_pay", instance_id, bill_id)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(clearance.c.id)).first() is None, "undone whole: its grant is not burnt"
        assert uow.execute(select(policy_grant.c.state)).scalars().all() == ["active"]

    monkeypatch.setattr(policy, "settle_clearance", lambda *_: None)
    pay_with(engine, "test.forget_to_pay", instance_id, bill_id)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(clearance.c.state)).scalars().all() == ["open"], "somebody else may use it"


@pytest.mark.row(34, GATE, DATABASE, THROUGH)
def test_34_the_approval_of_another_document_with_an_equal_amount(engine, who, blind):
    approved_bill, other = a_bill(engine), a_bill(engine)
    instance_id = approved(engine, who, approved_bill, "fay")

    held(engine, instance_id, other)

    blind()
    only_the_database_stops(engine, instance_id, other)


# ---------------------------------------------------------------- acts and grants (4.5) that no other test holds


def test_a_yes_from_a_list_counts_only_where_the_policy_says_so(engine, who):
    with engine.unit_of_work(ENGINE) as uow:
        assert not grants.batch_allowed(uow, "finance_approval")
        assert not grants.batch_allowed(uow, "unheard_of")
        policy.ship(uow, TWO + "  batch: allowed\n")
        assert grants.batch_allowed(uow, "finance_approval")


def test_the_one_who_signs_must_be_eligible_where_any_one_may_sign(engine, who):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, TWO.replace("people: 2}", "eligible: '= actor.login = \"cfo\"'}"))
    first, second = a_bill(engine), a_bill(engine)
    instances = [approved(engine, who, first, "fay")]

    held(engine, instances[0], first)
    pay(engine, approved(engine, who, second, "cfo"), second)


def pay_with(engine, name: str, instance_id: UUID, bill_id: UUID) -> None:
    with engine.unit_of_work(Actor(None, source="job")) as uow:
        instance = uow.lock_instance(instance_id)
        call = OperationCall(uuid7(), instance_id, "pay")
        calls.perform(uow, operations.get(name), {"bill_id": bill_id}, call, instance)


def _unlocked():
    return select(*gate._columns).where(*gate._live._where_criteria).order_by(policy_grant.c.id)
