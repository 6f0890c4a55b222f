"""Ways round approve-before-pay by names, moves, clocks and callees: each by its wall, then without it, to the last."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError, StatementError

from engine import calls, drafts, identity, jobs, messages, migration, operations, policy, repository, runtime, tasks
from engine.bpmn import compiler
from engine.bpmn.imports import Kind
from engine.bpmn.machine import evaluation
from engine.db.job import incident
from engine.db.policy import policy_grant, policy_version
from engine.errors import (
    ContentChanged,
    DeploymentRefused,
    InvalidValue,
    MoveRefused,
    ReservedName,
    SecondPersonNeeded,
    UnknownField,
)
from engine.ids import uuid7
from engine.modules.erp.models.treasury import payment_request
from engine.operations import OperationCall, WrongDeclaration
from engine.policy import versions
from engine.process_engine import ProcessEngine
from engine.runtime import proof
from engine.settings import Settings
from engine.tasks import deciding
from engine.unit_of_work import ENGINE, Actor
from engine.values import binding_digest
from tests.engine.bpmn.drawing import END, START, drawing, flows, script, service
from tests.engine.policy.test_deploying import APPROVES
from tests.engine.policy.test_gate import (
    FILE,
    POLICY,
    a_bill,
    agree,
    changed,
    held,
    move,
    pay,
    paying,
    people,
    started,
    state_of,
)
from tests.engine.test_bindings import call
from tests.factories import begun, deploy, straight
from tests.redteam.rows import (
    CLOCK,
    DATABASE,
    GATE,
    NAMES,
    OUTBOUND,
    PROOF,
    READ_ONLY,
    RECORD,
    SEEN,
    SPELLING,
    THROUGH,
    VERB,
)
from tests.redteam.walls import (
    approved,
    gate_off,
    held_at,
    only_the_database_stops,
    only_the_record_notices,
    proof_off,
    without,
)

pytestmark = pytest.mark.redteam


@pytest.fixture
def who(engine) -> dict[str, Actor]:
    return people(engine)


def click(engine, actor: Actor, fields=None) -> None:
    with engine.unit_of_work(actor) as uow:
        tasks.agree(uow, tasks.inbox(uow).items[0].work_item_id, fields)


@pytest.mark.row(13, VERB, GATE, DATABASE, THROUGH)
def test_13_the_approver_names_another_document_and_agrees(engine, who, monkeypatch):
    bill_id, other = a_bill(engine), a_bill(engine, cents=99900)
    instance_id = started(engine, who["req"], bill_id)

    with pytest.raises(UnknownField):
        click(engine, who["fay"], {"bill_id": str(other)})

    monkeypatch.setattr(deciding, "validated", lambda act, form, fields, stored: dict(fields or {}))
    click(engine, who["fay"], {"bill_id": str(other)})
    jobs.run_due(engine)
    assert held_at(engine, instance_id) == ["pay"]
    assert state_of(engine, other) == "open"
    gate_off(monkeypatch)
    only_the_database_stops(engine, instance_id, other)


OUTCOME = {"fin": {"outcome": "agree"}}


@pytest.mark.row(14, NAMES, GATE, DATABASE, THROUGH)
def test_14_what_only_the_engine_writes_is_written_by_nobody_else(engine, who, monkeypatch):
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    written = drawing(
        START + script("say", '{fin: {outcome: "agree"}}', "approval")
        + '<exclusiveGateway id="ok" name="ok" default="ok_end"/>'
        + service("pay", "test.pay_bill", in_bill_id="= bill_id") + END
        + flows("start say ok", 'ok pay ? approval.fin.outcome = "agree"', "ok end", "pay end"), process_id="says"
    )  # fmt: skip

    def by_administrator() -> None:
        with engine.unit_of_work(ENGINE) as uow:
            runtime.set_variables(uow, instance_id, {"approval": OUTCOME, "approved": True}, reason="x")

    with pytest.raises(ReservedName):
        by_administrator()
    with pytest.raises(ReservedName), engine.unit_of_work(ENGINE) as uow:
        messages.correlate(uow, "hurry", None, {"approval": OUTCOME})
    with pytest.raises(ReservedName), engine.unit_of_work(who["req"]) as uow:
        runtime.start(uow, "p", {"approval": OUTCOME})
    for field in ("approval", "approved", "lane_owners"):
        with pytest.raises(UnknownField):
            click(engine, who["fay"], {field: OUTCOME})
    with pytest.raises(DeploymentRefused) as refused:
        deploy(engine, written)
    assert "reserved-name" in {finding.rule for finding in refused.value.findings}

    monkeypatch.setattr(evaluation, "RESERVED", ())
    monkeypatch.setattr(compiler, "RESERVED", frozenset())
    by_administrator()
    assert "finance_approval" in held(engine, instance_id, bill_id)
    proof_off(monkeypatch)
    deploy(engine, written)
    with engine.unit_of_work(who["req"]) as uow:
        said = runtime.start(uow, "says", {"bill_id": str(bill_id)}).id
    jobs.run_due(engine)
    assert state_of(engine, bill_id) == "open", "the engine does not read there what it has decided itself"
    gate_off(monkeypatch)
    only_the_database_stops(engine, said, bill_id)


@pytest.mark.row(16, PROOF, GATE, DATABASE, THROUGH)
def test_16_an_administrator_moves_the_token_behind_the_approval(engine, who, monkeypatch):
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)

    with pytest.raises(MoveRefused, match="can be reached without finance_approval"):
        move(engine, instance_id, "fin", "pay")

    monkeypatch.setattr(proof, "prove", lambda *_, **__: [])
    move(engine, instance_id, "fin", "pay")
    jobs.run_due(engine)
    assert held_at(engine, instance_id) == ["pay"]
    gate_off(monkeypatch)
    only_the_database_stops(engine, instance_id, bill_id)


@pytest.mark.row(17, PROOF, GATE, DATABASE, THROUGH)
def test_17_an_instance_follows_to_a_version_in_which_it_was_never_approved(engine, who, monkeypatch):
    bill_id = a_bill(engine)
    deploy(engine, paying("file", "fin", "ok", "pay"))
    with engine.unit_of_work(who["req"]) as uow:
        instance_id = runtime.start(uow, "p", {"bill_id": str(bill_id)}).id
    deploy(engine, paying("fin", "ok", "file", "pay"))

    def follow() -> None:
        with engine.unit_of_work(ENGINE) as uow:
            known = {info.version: info.id for info in repository.versions(uow, "p")}
            migration.migrate(uow, instance_id, migration.Plan(known[1], known[2]), reason="a shorter way")

    with pytest.raises(MoveRefused, match="can be reached without finance_approval"):
        follow()

    monkeypatch.setattr(proof, "prove", lambda *_, **__: [])
    follow()
    with engine.unit_of_work(who["root"]) as uow:
        tasks.complete(uow, tasks.inbox(uow).items[0].work_item_id)
    jobs.run_due(engine)
    assert held_at(engine, instance_id) == ["pay"]
    gate_off(monkeypatch)
    only_the_database_stops(engine, instance_id, bill_id)


@pytest.mark.row(23, CLOCK, THROUGH)
def test_23_the_clock_of_one_machine_is_not_the_clock_of_the_engine(postgres_database, monkeypatch):
    """A shared database tells the time; SQLite runs on this machine, where only the record tells."""
    engine = ProcessEngine(Settings(database_url=postgres_database))
    monkeypatch.setattr(engine.clock, "now", lambda: datetime(2020, 1, 1, tzinfo=UTC), raising=False)

    def told() -> datetime:
        with engine.unit_of_work(ENGINE) as uow:
            return uow.now

    assert told() > datetime(2026, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(engine, "_tell", engine.clock.now)
    assert told() == datetime(2020, 1, 1, tzinfo=UTC)
    engine.dispose()


@pytest.mark.row(23, GATE, DATABASE, THROUGH)
def test_23_an_approval_that_lies_in_the_future_counts_for_nothing(engine, who, clock, monkeypatch):
    bill_id = a_bill(engine)
    instance_id = started(engine, who["req"], bill_id)
    clock.advance(timedelta(days=1))
    agree(engine, who["fay"])
    clock.advance(timedelta(days=-1))

    assert "lies in the future" in held(engine, instance_id, bill_id)

    gate_off(monkeypatch)
    only_the_database_stops(engine, instance_id, bill_id)


@pytest.mark.row(27, PROOF, GATE, DATABASE, THROUGH)
def test_27_the_called_process_is_replaced_after_the_proof(engine, who, monkeypatch):
    pays = service("pay", "test.pay_bill", in_bill_id="= bill_id")
    deploy(engine, APPROVES, straight(call("ask", "approve", "latest"), pays, process_id="buy"))
    harmless = straight(FILE, process_id="approve")

    with pytest.raises(DeploymentRefused) as refused:
        deploy(engine, harmless)
    assert {finding.rule for finding in refused.value.findings} == {"policy-approval-missing"}

    proof_off(monkeypatch)
    deploy(engine, harmless)
    bill_id = a_bill(engine)
    with engine.unit_of_work(who["req"]) as uow:
        instance_id = runtime.start(uow, "buy", {"bill_id": str(bill_id)}).id
    with engine.unit_of_work(who["root"]) as uow:
        tasks.complete(uow, tasks.inbox(uow).items[0].work_item_id)
    jobs.run_due(engine)
    assert held_at(engine, instance_id) == ["pay"]
    gate_off(monkeypatch)
    only_the_database_stops(engine, instance_id, bill_id)


@pytest.mark.row(30, VERB, DATABASE, RECORD, THROUGH)
def test_30_one_person_weakens_the_policy(engine, who, monkeypatch):
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "controllers", "内控", capabilities="policy")
        identity.add_member(uow, "controllers", "cfo")
    weaker = "\n".join(line for line in POLICY.splitlines() if "cfo_approval" not in line)
    bill_id = a_bill(engine, cents=100000)
    instance_id = approved(engine, who, bill_id, "fay")
    assert "cfo_approval" in held(engine, instance_id, bill_id)
    with engine.unit_of_work(who["cfo"]) as uow:
        (made,) = policy.propose(uow, weaker, "it is quicker")

    def alone() -> None:
        with engine.unit_of_work(who["cfo"]) as uow:
            repository.activate_policy(uow, made.id)

    with pytest.raises(SecondPersonNeeded):
        alone()

    monkeypatch.setattr(versions, "check_activation", policy.version)
    with pytest.raises(IntegrityError, match=r"POLICY\.TWO_PEOPLE|two_people"):
        alone()

    with without(engine, policy_version, "policy_version_two_people"), engine.unit_of_work(ENGINE) as uow:
        uow.execute(update(policy_version).where(policy_version.c.state == "active").values(state="retired"))
        uow.execute(update(policy_version).where(policy_version.c.id == made.id).values(state="active"))
    only_the_record_notices(engine, monkeypatch, "policy-changed", "policy-unrecorded")
    assert "version 1: expected a live approval: cfo_approval" in held(engine, instance_id, bill_id)
    pay(engine, approved(engine, who, bill_id, "fay"), bill_id)
    assert state_of(engine, bill_id) == "paid", "without the second of two approvals, by one given since"


@pytest.mark.row(35, GATE, DATABASE, THROUGH)
def test_35_a_payee_that_only_looks_the_same(engine, who, monkeypatch):
    bill_id = a_bill(engine)
    instance_id = approved(engine, who, bill_id, "fay")
    changed(engine, bill_id, name="Ｓ-1")

    held(engine, instance_id, bill_id)

    gate_off(monkeypatch)
    only_the_database_stops(engine, instance_id, bill_id)
    composed, apart = "Zo\u00eb", "Zoe\u0308"  # … while two encodings of one name are one payee
    assert binding_digest("t", "1", {"payee": composed}) == binding_digest("t", "1", {"payee": apart})


@pytest.mark.row(36, SPELLING, GATE, DATABASE, THROUGH)
def test_36_an_amount_has_one_spelling(engine, who, monkeypatch):
    bill_id = a_bill(engine, cents=168032)
    instance_id = approved(engine, who, bill_id, "fay")
    with engine.unit_of_work(ENGINE) as uow:
        found = policy.document(uow, "test_bill", str(bill_id))
    assert found.facts.values["amount"] == "1680.32"
    with pytest.raises(StatementError, match="decimal"), engine.unit_of_work(ENGINE) as uow:
        uow.execute(update(payment_request).values(amount=Decimal("1680.324")))
    with pytest.raises(InvalidValue):
        binding_digest("test_bill", "1", {"amount": 1680.32})

    spelled = operations.subject_reader("test_bill")

    def carelessly(uow, *, bill_id):
        facts = spelled.read(uow, bill_id=bill_id)
        return replace(facts, values={**facts.values, "amount": facts.values["amount"] + "0"})

    monkeypatch.setitem(operations._subjects, "test_bill", replace(spelled, read=carelessly))
    assert "1680.320" in held(engine, instance_id, bill_id), (
        "held, where a digest of numbers would let other money pass"
    )
    gate_off(monkeypatch)
    only_the_database_stops(engine, instance_id, bill_id)


@pytest.mark.row(37, SEEN, THROUGH)
def test_37_the_page_showed_older_facts(engine, who, monkeypatch):
    bill_id = a_bill(engine)
    started(engine, who["req"], bill_id)
    with engine.unit_of_work(who["fay"], read_only=True) as uow:
        seen = tasks.get(uow, tasks.inbox(uow).items[0].work_item_id).seen_digest
    changed(engine, bill_id, version=12000)

    for shown, said in ((seen, r"120\.00"), ("", "content has changed")):  # who has seen nothing is told no difference
        with pytest.raises(ContentChanged, match=said):
            agree(engine, who["fay"], seen_digest=shown)

    agree(engine, who["fay"])  # a program that has seen nothing and says so
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [row["amount"] for row in uow.execute(select(policy_grant.c.facts)).scalars()] == ["120.00"]


@pytest.mark.row(38, READ_ONLY, THROUGH)
def test_38_a_dry_run_pays_nothing(engine, who):
    bill_id = a_bill(engine)
    instance_id = approved(engine, who, bill_id, "fay")

    def run(read_only: bool) -> None:
        with engine.unit_of_work(ENGINE, read_only=read_only) as uow:
            instance = uow.lock_instance(instance_id)
            one = OperationCall(uuid7(), instance_id, "pay")
            calls.perform(uow, operations.get("test.pay_bill"), {"bill_id": bill_id}, one, instance)

    with pytest.raises(RuntimeError, match="does more than read"), engine.unit_of_work(ENGINE) as uow:
        calls.look(uow, operations.get("test.pay_bill"), {"bill_id": bill_id})  # what previews and tests of tables call
    with suppress(SQLAlchemyError):  # PostgreSQL refuses to write, SQLite keeps nothing
        run(read_only=True)
    assert state_of(engine, bill_id) == "open"

    run(read_only=False)
    assert state_of(engine, bill_id) == "paid"


@pytest.mark.row(39, PROOF, VERB, GATE, DATABASE, THROUGH)
def test_39_an_imported_service_task_that_is_bound_to_nothing(engine, who, monkeypatch):
    """What another product calls is nothing here, until somebody offers a payment under its name."""
    foreign = straight('<serviceTask id="pay" name="Pay" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
                       'camunda:class="com.bank.Pay"/>')  # fmt: skip
    with engine.unit_of_work(ENGINE) as uow:
        imported = drafts.import_drawing(uow, "pay.bpmn", foreign, "oa").translation
    assert ("pay", Kind.DECIDE) in {(note.element_id, note.kind) for note in imported.notes}

    with pytest.raises(DeploymentRefused) as refused:
        deploy(engine, imported.xml)
    assert "operation-missing" in {finding.rule for finding in refused.value.findings}

    proof_off(monkeypatch)
    deploy(engine, imported.xml)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert repository.versions(uow, "p") == [], "what calls nothing is no program that could be started"
    deploy(engine, straight(service("pay", "com.bank.Pay", in_bill_id="= bill_id")))
    bill_id = a_bill(engine)
    with engine.unit_of_work(who["req"]) as uow:
        instance_id = runtime.start(uow, "p", {"bill_id": str(bill_id)}).id
    jobs.run_due(engine)
    with engine.unit_of_work(ENGINE) as uow:
        (stuck,) = uow.execute(select(incident)).all()
        assert stuck.code == "unknown_operation"
        monkeypatch.setitem(operations._catalog, "com.bank.Pay", operations.get("test.pay_bill"))
        jobs.retry(uow, stuck.job_id)
    jobs.run_due(engine)
    assert held_at(engine, instance_id) == ["pay"]
    gate_off(monkeypatch)
    only_the_database_stops(engine, instance_id, bill_id)


@operations.external_operation("test.post", outputs={"answer": "any"}, idempotent=True)
def post(http, *, url: str) -> dict[str, Any]:
    """A plain call to whatever host."""
    return {"answer": http.post(url, {"pay": "S-1"}).body}


@pytest.mark.row(28, PROOF, OUTBOUND, THROUGH)
def test_28_a_plain_call_to_the_bank(engine, monkeypatch):
    sent: list[str] = []
    settings = replace(engine.settings, outbound_allow="pay.bank.example", bank_hosts="other.example, Bank.example")
    monkeypatch.setattr(engine, "settings", settings)
    engine.transport = httpx.MockTransport(lambda asked: sent.append(asked.url.host) or httpx.Response(200, json="ok"))
    named = straight(service("post", "test.post", in_url="https://pay.BANK.example/transfers"))
    found = straight(service("post", "test.post", in_url="= url"))

    with pytest.raises(DeploymentRefused) as refused:
        deploy(engine, named)
    assert [finding.rule for finding in refused.value.findings] == ["bank-host-guarded"]

    deploy(engine, found)  # the drawing does not know yet where it will call
    for url in ("https://pay.bank.example/t", "https://bank.example./t", "https://x@PAY.BANK.EXAMPLE:443/t"):
        begun(engine, url=url)
    jobs.run_due(engine)
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert uow.execute(select(incident.c.code)).scalars().all() == ["bank_host_refused"] * 3
    assert sent == []

    monkeypatch.setattr(engine, "settings", replace(settings, bank_hosts=""))
    begun(engine, url="https://pay.bank.example/t")
    jobs.run_due(engine)
    assert sent == ["pay.bank.example"]


def test_28_an_operation_keeps_its_class_under_another_name():
    known = operations.catalog()

    assert {name for name, one in known.items() if one.subject is not None and one.guarded_by is None} == set()
    assert {one.guarded_by for one in known.values() if one.function is operations.get("test.pay_bill").function} == {
        "refund.execute"
    }


def test_28_no_call_to_the_outside_is_guarded():
    with pytest.raises(WrongDeclaration, match=r"test\.remit is guarded by payment\.execute: expected an in-process"):
        operations.external_operation("test.remit", idempotent=True, guarded_by="payment.execute")
