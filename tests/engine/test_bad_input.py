"""Whatever comes in, wrong, twice, late or forged: a clear answer, and a database in which everything still agrees.

The processes are the shipped ones, or a shipped one with a single mistake in it.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from engine import calls, crash, identity, incidents, jobs, messages, operations, repository, runtime, tasks
from engine.db.definition import definition
from engine.db.effect import effect
from engine.db.instance import Status
from engine.db.job import IncidentKind
from engine.db.policy import policy_grant
from engine.db.task import work_item
from engine.errors import (
    AlreadyDecided,
    BusinessError,
    ContentChanged,
    DeploymentRefused,
    EngineError,
    FieldNotWritable,
    FileTooLarge,
    NotResolvable,
    ReservedName,
    SeparationOfDuties,
    Stale,
    UnknownField,
    WrongFileType,
)
from engine.findings import Finding
from engine.ids import uuid7
from engine.modules.erp.models.treasury import payment, payment_request
from engine.operations import OperationCall
from engine.scenarios import World
from tests.consistency import consistent

pytestmark = pytest.mark.main_job

LIBRARY = Path(__file__).parents[2]
CLAIM = "processes/oa/expense_claim.bpmn"
AUTHORITY = "processes/oa/expense_authority.dmn"
ORDER = "processes/order_to_cash/order_to_cash.bpmn"
GIVEN = {"category": "meal", "amount": Decimal("120.00"), "cost_center": "销售一部", "reason": "客户午餐"}


def source(path: str) -> str:
    return (LIBRARY / path).read_text(encoding="utf-8")


def with_(path: str, old: str, new: str) -> bytes:
    """A shipped file with one mistake."""
    text = source(path)
    assert text.count(old) == 1, f"{old} stands {text.count(old)} times in {path}"
    return text.replace(old, new).encode()


# ---------------------------------------------------------------- acting


def deployed(world: World, content: bytes, path: str = CLAIM) -> repository.Deployment:
    with world.acting("chen") as uow:
        return repository.deploy(uow, {path: content})


def refusal(world: World, content: bytes, path: str = CLAIM) -> list[Finding]:
    """Why `content` is not deployed; nothing of it is stored."""
    before = versions(world)
    with pytest.raises(DeploymentRefused) as refused:
        deployed(world, content, path)
    assert versions(world) == before
    assert consistent(world.engine)
    found: list[Finding] = refused.value.findings
    assert all(str(finding) and finding.resource == path for finding in found)
    return found


def versions(world: World) -> int:
    with world.acting(None) as uow:
        return uow.execute(select(func.count()).select_from(definition)).scalar_one()


def claimed(world: World, who: str = "ann", **values: Any) -> UUID:
    with world.acting(who) as uow:
        return runtime.start(uow, "expense_claim", GIVEN | values).id


def item_of(world: World, instance_id: UUID, node: str) -> UUID:
    """The open work item of a task, whoever it belongs to."""
    with world.acting(None) as uow:
        task = next(token for token, at, _ in runtime.instance_view(uow, instance_id).waits if at == node)
        rows = uow.execute(
            select(work_item.c.id, work_item.c.status)
            .where(work_item.c.instance_id == instance_id)
            .order_by(work_item.c.id.desc())
        ).all()
    assert task
    return next(row.id for row in rows if row.status == 1)


def agree(world: World, instance_id: UUID, node: str, who: str, **options: Any) -> tasks.Acted:
    item = item_of(world, instance_id, node)
    with world.acting(who) as uow:
        return tasks.agree(uow, item, opinion="同意", **options)


def before_payment(world: World, **values: Any) -> UUID:
    """A claim that finance has approved; the payment is a job that has not run."""
    made = claimed(world, **values)
    agree(world, made, "manager", "bob")
    agree(world, made, "finance", "jiangyi")
    return made


def view(world: World, instance_id: UUID) -> runtime.InstanceView:
    with world.acting(None) as uow:
        return runtime.instance_view(uow, instance_id)


def performed(world: World, who: str, name: str, **inputs: Any) -> dict[str, Any]:
    """An operation outside a process, as a page of its module would call it."""
    with world.acting(who) as uow:
        return calls.perform(uow, operations.get(name), inputs, OperationCall(uuid7()), None)


def only_incident(world: World, instance_id: UUID) -> incidents.Incident:
    (found,) = view(world, instance_id).incidents
    return found


def payments(world: World) -> int:
    with world.acting(None) as uow:
        return uow.execute(select(func.count()).select_from(payment)).scalar_one()


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run in threads that begin together; results or exceptions in order."""
    gate, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        gate.wait()
        try:
            results[place] = act()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("path", [CLAIM, AUTHORITY])
def test_broken_xml_is_refused_with_its_line(company, path):
    whole = source(path)
    for broken in (whole[: len(whole) // 2], whole.replace("</", "<", 1), "", "報銷 <", "\0\1"):
        (finding,) = refusal(company, broken.encode(), path)

        assert finding.rule in ("xml-not-well-formed", "xml")
        assert finding.line


BOMB = "<!DOCTYPE x [<!ENTITY a '{}'>{}]>".format(
    "lol" * 50,
    "".join(f"<!ENTITY {new} '{f'&{old};' * 20}'>" for old, new in zip("abcdefgh", "bcdefghi", strict=True)),
)


@pytest.mark.parametrize("path", [CLAIM, AUTHORITY])
def test_an_xml_bomb_is_refused_before_it_is_read(company, path):
    """Whoever wrote it out would never come back."""
    whole = source(path).partition("?>")[2]
    attribute = whole.replace(" id=", ' exporter="&i;" id=', 1)
    text = whole.replace(">", ">&i;", 1)

    for body in (attribute, text):
        for before in ("", f"<!-- {'x' * 200_000} -->"):  # a long comment hides the DOCTYPE from a look at the start
            for encoding in ("utf-8", "utf-16"):
                bomb = f'<?xml version="1.0" encoding="{encoding}"?>{before}{BOMB}{body}'
                refusal(company, bomb.encode(encoding), path)


@pytest.mark.parametrize("path", [CLAIM, AUTHORITY])
def test_an_external_entity_is_never_read(company, tmp_path, path):
    secret = tmp_path / "secret.txt"
    secret.write_text("s3cret")
    body = source(path).partition("?>")[2].replace(">", ">&x;", 1)
    kinds = (f'<!ENTITY x SYSTEM "file://{secret}">', f'<!ENTITY % p SYSTEM "file://{secret}"> %p; <!ENTITY x "">')

    for kind in kinds:
        for encoding in ("utf-8", "utf-16"):
            text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [{kind}]>{body}'
            found = refusal(company, text.encode(encoding), path)

            assert "s3cret" not in " ".join(map(str, found))


TASK = '<bpmn:manualTask id="bad" name="做">{}</bpmn:manualTask>'
EVENT = '<bpmn:intermediateThrowEvent id="bad" name="事">{}</bpmn:intermediateThrowEvent>'
UNSUPPORTED = {
    "complex gateway": '<bpmn:complexGateway id="bad" name="复杂"/>',
    "transaction": '<bpmn:transaction id="bad" name="事务"/>',
    "ad-hoc sub-process": '<bpmn:adHocSubProcess id="bad" name="随意"/>',
    "event sub-process": '<bpmn:subProcess id="bad" name="事件子流程" triggeredByEvent="true"/>',
    "loop marker": TASK.format('<bpmn:standardLoopCharacteristics id="l"/>'),
    "several instances": TASK.format('<bpmn:multiInstanceLoopCharacteristics id="l"/>'),
    "compensation task": '<bpmn:manualTask id="bad" name="冲销" isForCompensation="true"/>',
    "signal": EVENT.format('<bpmn:signalEventDefinition id="d"/>'),
    "escalation": EVENT.format('<bpmn:escalationEventDefinition id="d"/>'),
    "link": EVENT.format('<bpmn:linkEventDefinition id="d" name="x"/>'),
    "compensation event": EVENT.format('<bpmn:compensateEventDefinition id="d"/>'),
    "cancel": '<bpmn:endEvent id="bad" name="取消"><bpmn:cancelEventDefinition id="d"/></bpmn:endEvent>',
    "condition event": '<bpmn:intermediateCatchEvent id="bad" name="条件"><bpmn:conditionalEventDefinition id="d">'
    "<bpmn:condition>= true</bpmn:condition></bpmn:conditionalEventDefinition></bpmn:intermediateCatchEvent>",
    "choreography word": '<bpmn:manualTask id="bad" name="做" startQuantity="2"/>',
    "our own unknown word": TASK.format(
        "<bpmn:extensionElements><troika:teleport to='paid'/></bpmn:extensionElements>"
    ),
}


def test_what_is_not_executed_is_refused_by_id_with_reason_and_hint(company):
    for what, element in UNSUPPORTED.items():
        drawing = with_(CLAIM, '<bpmn:endEvent id="told"', f'{element}<bpmn:endEvent id="told"')

        found = [finding for finding in refusal(company, drawing) if finding.element_id == "bad"]

        assert any(finding.message and finding.hint and finding.line for finding in found), (what, found)


@pytest.mark.parametrize(
    ("path", "old", "new", "element"),
    [
        (CLAIM, 'type="erp.book_expense_claim"', 'type="erp.book_expenses"', "book"),
        (CLAIM, 'target="claimant_id"', 'target="claimant"', "book"),
        (CLAIM, 'formId="oa/payee_missing"', 'formId="oa/nothing"', "confirm_account"),
        (CLAIM, 'decisionId="expense_authority"', 'decisionId="nobody_decides"', "authority"),
    ],
    ids=["operation", "input", "form", "decision"],
)  # fmt: skip
def test_an_unknown_reference_is_refused_at_its_element(company, path, old, new, element):
    found = refusal(company, with_(path, old, new), path)

    assert element in {finding.element_id for finding in found}


def test_an_unknown_called_process_is_refused_at_its_element(company):
    call = (
        '<bpmn:callActivity id="call" name="调用"><bpmn:extensionElements>'
        '<zeebe:calledElement processId="no_such_process"/></bpmn:extensionElements></bpmn:callActivity>'
        '<bpmn:sequenceFlow id="tell_call" sourceRef="tell" targetRef="call"/>'
        '<bpmn:sequenceFlow id="call_told" sourceRef="call" targetRef="told"/><bpmn:endEvent id="told"'
    )

    found = refusal(company, with_(CLAIM, '<bpmn:endEvent id="told"', call))

    assert "call" in {finding.element_id for finding in found}


PAID = '<bpmn:sequenceFlow id="pay_to_paid"'
WAY = '<bpmn:sequenceFlow id="way_round" sourceRef="{}" targetRef="pay"/>'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('= approval.finance.outcome = "agree"', "= amount &lt; 100"),
        ('= approval.finance.outcome = "agree"', '= approval.finance.outcome = "agree" or amount &lt; 100'),
        (PAID, WAY.format("submit_request") + PAID),
        ('provides="finance_approval" subject="= payment_request_id"', 'provides="some_approval" subject="= claim_id"'),
        (PAID, WAY.format("tell") + PAID),
        ('id="cancel_claim_to_correct" sourceRef="cancel_claim" targetRef="correct"',
         'id="cancel_claim_to_correct" sourceRef="cancel_claim" targetRef="pay"'),
    ],
    ids=["condition", "or", "beside it", "another approval", "by the reminder", "after a rejection"],
)  # fmt: skip
def test_a_payment_that_can_be_reached_without_its_approval_is_not_deployed(company, old, new):
    found = refusal(company, with_(CLAIM, old, new))

    assert any(finding.element_id == "pay" and finding.message for finding in found), [str(one) for one in found]


@pytest.mark.parametrize("name", ["approval", "process"])
@pytest.mark.parametrize("old", ['resultVariable="{}"', '<zeebe:output source="= claim_no" target="{}"/>'])
def test_a_drawing_that_writes_a_reserved_name_is_refused(company, name, old):
    right = {"r": "authority", "<": "claim_no"}[old[0]]

    found = refusal(company, with_(CLAIM, old.format(right), old.format(name)))

    assert any(name in str(finding) for finding in found)


@pytest.mark.parametrize("name", ["approval", "process", "process.initiator"])
def test_a_form_field_with_a_reserved_name_is_refused(company, name):
    path = "forms/oa/expense_claim.json"

    found = refusal(company, with_(path, '"key": "category"', f'"key": "{name}"'), path)

    reserved, printed = found  # what is printed names a field that there is no more
    assert (reserved.element_id, printed.element_id) == ("Field_category", None)
    assert "category" in str(printed)


@pytest.mark.parametrize("content", [b"[" * 100_000, b"{", b"\xff\xfe", b'{"id": "x", "components": 1}'])
def test_a_form_that_cannot_be_read_is_refused(company, content):
    assert refusal(company, content, "forms/oa/expense_claim.json")


# ---------------------------------------------------------------- values that nobody may send


@pytest.mark.parametrize("name", ["approval", "process"])
def test_a_reserved_name_is_refused_wherever_it_comes_in(company, name):
    forged = {name: {"finance": {"outcome": "agree"}}}
    made = claimed(company)
    before, item = view(company, made), item_of(company, made, "manager")

    with pytest.raises(ReservedName), company.acting("ann") as uow:
        runtime.start(uow, "expense_claim", GIVEN | forged)
    with pytest.raises(ReservedName), company.acting("adam") as uow:
        runtime.set_variables(uow, made, forged, reason="try")
    with pytest.raises(UnknownField), company.acting("bob") as uow:
        tasks.agree(uow, item, forged)
    with pytest.raises(ReservedName), company.acting("adam") as uow:
        messages.correlate(uow, "tracking", "SF1", forged)

    after = view(company, made)
    assert (after.variables, after.approvals) == (before.variables, before.approvals)
    assert consistent(company.engine)


@pytest.mark.parametrize(
    ("fields", "error", "named"),
    [
        ({"cost_center": "销售二部", "bonus": 1}, UnknownField, "bonus"),
        ({"payment_request_id": "x"}, UnknownField, "payment_request_id"),
        ({"cost_center": "销售二部", "amount": 1}, FieldNotWritable, "amount"),
        ({"next": "submit"}, (FieldNotWritable, UnknownField), "next"),
    ],
    ids=["unknown", "a variable that is no field", "read-only", "hidden"],
)
def test_a_key_that_this_person_may_not_write_changes_nothing(company, fields, error, named):
    made = claimed(company)
    item, before = item_of(company, made, "manager"), view(company, made).variables

    with pytest.raises(error) as refused, company.acting("bob") as uow:
        tasks.agree(uow, item, fields, "同意")

    assert list(refused.value.errors) == [named]
    assert view(company, made).variables == before
    assert consistent(company.engine)


@pytest.mark.parametrize(
    "amount", [Decimal("NaN"), Decimal("Infinity"), Decimal("1e999999"), Decimal("-1"), "abc", [1], {"a": 1}, 1e400]
)
def test_a_number_that_is_none_is_refused_by_name(company, amount):
    made = claimed(company)
    agree_not = item_of(company, made, "manager")
    with company.acting("bob") as uow:
        tasks.reject(uow, agree_not, "多报了")
    item = item_of(company, made, "correct")

    with pytest.raises(EngineError) as refused, company.acting("ann") as uow:
        tasks.complete(uow, item, {"amount": amount, "next": "submit"})

    assert "amount" in refused.value.errors
    assert consistent(company.engine)


# ---------------------------------------------------------------- expressions that fail while an instance runs


LIMIT = "= amount &gt;= limits.director"


@pytest.mark.parametrize("by_set_variables", [False, True], ids=["with the answer", "by set_variables before"])
def test_a_condition_that_errors_is_an_incident_that_can_be_repaired(company, by_set_variables):
    deployed(company, with_(CLAIM, '= authority = "director"', LIMIT))
    made = claimed(company)
    agree(company, made, "manager", "bob")

    stuck = only_incident(company, made)
    assert (stuck.node, stuck.kind) == ("needs_director", IncidentKind.EXPRESSION)
    assert stuck.detail["expression"] == "amount >= limits.director"
    assert stuck.detail["read"] == {"amount": "number", "limits": "missing"}
    assert "amount >= limits.director" in stuck.message
    assert view(company, made).markers["needs_director"] == "incident"
    assert consistent(company.engine)

    repair = {"limits": {"director": Decimal(2000)}}
    if by_set_variables:
        with company.acting("adam") as uow:
            runtime.set_variables(uow, made, repair, reason="limits were missing")
    with company.acting("adam") as uow:
        runtime.resolve(uow, stuck.id, None if by_set_variables else repair)
    agree(company, made, "finance", "jiangyi")
    jobs.run_due(company.engine)

    assert (view(company, made).instance.status, view(company, made).incidents) == (Status.COMPLETED, [])
    assert payments(company) == 1
    assert consistent(company.engine)


def test_an_incident_that_two_people_resolve_at_once_is_resolved_once(company):
    deployed(company, with_(CLAIM, '= authority = "director"', LIMIT))
    made = claimed(company)
    agree(company, made, "manager", "bob")
    stuck = only_incident(company, made)

    def repair(who: str) -> None:
        with company.acting(who) as uow:
            runtime.resolve(uow, stuck.id, {"limits": {"director": Decimal(2000)}})

    results = at_once(lambda: repair("adam"), lambda: repair("chen"))

    assert sorted(type(result).__name__ for result in results) == ["NoneType", NotResolvable.__name__]
    assert consistent(company.engine)


# ---------------------------------------------------------------- twice, late, at once


def test_a_decision_sent_twice_under_one_key_is_taken_once_and_answered_twice(company):
    made = claimed(company)
    item = item_of(company, made, "manager")

    def send() -> tasks.Acted:
        with company.acting("bob") as uow:
            return tasks.agree(uow, item, idempotency_key="page 1")

    answers = [send(), send()]

    assert [(answer.outcome, answer.repeated) for answer in answers] == [("agree", False), ("agree", True)]
    assert view(company, made).waits[0][1] == "finance"
    assert consistent(company.engine)


def test_a_double_click_in_two_threads_is_taken_once(company):
    made = claimed(company)
    item = item_of(company, made, "manager")

    def send() -> tasks.Acted:
        with company.acting("bob") as uow:
            return tasks.agree(uow, item, idempotency_key="page 1")

    answers = at_once(send, send, send)

    assert sorted(answer.repeated for answer in answers) == [False, True, True]
    assert consistent(company.engine)


def test_a_decision_sent_twice_without_a_key_is_told_that_it_is_taken(company):
    made = claimed(company)
    item = item_of(company, made, "manager")
    agree(company, made, "manager", "bob")

    with pytest.raises(AlreadyDecided) as late, company.acting("bob") as uow:
        tasks.agree(uow, item)

    assert (late.value.status, late.value.facts["by"], late.value.facts["decision"]) == (409, "包博", "agree")
    assert consistent(company.engine)


@pytest.mark.parametrize("second", ["agree", "reject"])
def test_two_approvers_at_once_make_one_decision_and_one_friendly_answer(company, second):
    with company.acting(None) as uow:
        identity.add_member(uow, "finance", "tao")
    made = claimed(company)
    agree(company, made, "manager", "bob")
    item = item_of(company, made, "finance")

    def decide(who: str, act: str) -> tasks.Acted:
        with company.acting(who) as uow:
            return tasks.agree(uow, item) if act == "agree" else tasks.reject(uow, item, "发票抬头错误")

    results = at_once(lambda: decide("tao", "agree"), lambda: decide("jiangyi", second))
    jobs.run_due(company.engine)

    (taken,) = [result for result in results if isinstance(result, tasks.Acted)]
    (late,) = [result for result in results if not isinstance(result, tasks.Acted)]
    assert isinstance(late, AlreadyDecided), late
    assert late.status == 409
    assert late.facts["by"] in ("陶然", "姜易")
    assert late.facts["at"] == company.clock.now()
    assert payments(company) == (1 if taken.outcome == "agree" else 0)
    assert consistent(company.engine)


def test_the_same_attachment_and_transfer_sent_at_once_are_made_once(company):
    made = claimed(company)
    item = item_of(company, made, "manager")

    def attach() -> UUID:
        with company.acting("bob") as uow:
            return tasks.attach(uow, item, "发票.pdf", b"%PDF-1.7", "application/pdf", idempotency_key="page 1")

    def hand_over() -> UUID:
        with company.acting("bob") as uow:
            return tasks.transfer(uow, item, "sun", "出差", idempotency_key="page 1")

    for act in (attach, hand_over):
        first, second = at_once(act, act)
        assert isinstance(first, UUID), first
        assert first == second
    assert consistent(company.engine)


def test_a_stale_page_is_told_so(company):
    made = claimed(company)
    item = item_of(company, made, "manager")
    with company.acting("bob") as uow:
        seen = tasks.get(uow, item)
    with company.acting("bob") as uow:
        tasks.save_draft(uow, item, {"cost_center": "二部"})

    with pytest.raises(Stale) as late, company.acting("bob") as uow:
        tasks.agree(uow, item, version=seen.version)

    assert (late.value.status, late.value.facts["seen"], late.value.facts["found"]) == (409, 1, 2)
    assert consistent(company.engine)


def test_an_approver_who_saw_another_amount_must_look_again(company):
    made = claimed(company)
    agree(company, made, "manager", "bob")
    item = item_of(company, made, "finance")
    with company.acting("fin") as uow:
        seen = tasks.get(uow, item).seen_digest
    request = UUID(view(company, made).variables["payment_request_id"])
    performed(company, "cash", "erp.change_payment_request", request_id=request, amount=Decimal("20.00"))

    with pytest.raises(ContentChanged) as late, company.acting("fin") as uow:
        tasks.agree(uow, item, seen_digest=seen)

    assert "20.00 CNY" in str(late.value)
    assert consistent(company.engine)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("发票.pdf", b"%PDF-" + b"x" * 21 * 1024 * 1024, FileTooLarge),
        ("发票.pdf", b"MZ\x90\x00\x03", WrongFileType),
        ("发票.pdf", b"<html><script>alert(1)</script></html>", WrongFileType),
        ("图.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', WrongFileType),
        ("文件.zip", b"PK\x03\x04" + b"\0" * 40, WrongFileType),
        ("空.txt", b"", WrongFileType),
    ],
    ids=["too large", "program", "page", "picture with scripts", "damaged archive", "empty"],
)
def test_a_file_that_is_too_large_or_of_a_wrong_type_is_refused(company, name, content, error):
    made = claimed(company)
    item = item_of(company, made, "manager")

    with pytest.raises(error) as refused, company.acting("bob") as uow:
        tasks.attach(uow, item, name, content, "application/pdf")

    assert name in str(refused.value)
    with company.acting("bob") as uow:
        assert tasks.attachments(uow, made) == []
    assert consistent(company.engine)


# ---------------------------------------------------------------- money


def held(world: World, instance_id: UUID, *words: str) -> incidents.Incident:
    """Nothing was paid, and a sentence says why."""
    jobs.run_due(world.engine)
    stuck = only_incident(world, instance_id)
    assert stuck.node == "pay"
    assert payments(world) == 0
    assert all(word in stuck.message for word in words), stuck.message
    assert consistent(world.engine)
    return stuck


def request_of(world: World, instance_id: UUID) -> UUID:
    return UUID(view(world, instance_id).variables["payment_request_id"])


def test_an_amount_that_changed_after_the_approval_is_not_paid(company):
    made = before_payment(company)
    request = request_of(company, made)
    performed(company, "cash", "erp.change_payment_request", request_id=request, amount=Decimal("20.00"))
    performed(company, "cash", "erp.submit_payment_request", request_id=request)

    stuck = held(company, made, "PAY-001", "finance_approval")

    assert stuck.kind is IncidentKind.POLICY_HOLD


def test_an_amount_changed_behind_the_back_of_the_operations_is_not_paid(company):
    made = before_payment(company)
    request = request_of(company, made)
    with company.acting(None) as uow:
        for changes in ({"status": "draft"}, {"amount": Decimal("20.00")}, {"status": "submitted"}):
            uow.execute(payment_request.update().where(payment_request.c.id == request).values(**changes))

    stuck = held(company, made, "PAY-001", "姜易", "120.00", "20.00")

    assert stuck.kind is IncidentKind.POLICY_HOLD


def new_bank_details(world: World) -> None:
    """Ann has entered another account of hers, finance has confirmed it: the job that puts it in force is due."""
    account = {"account_name": "安然", "bank_name": "招商银行", "account_no": "6225880137706868", "reason": "换卡"}
    with world.acting("ann") as uow:
        made = runtime.start(uow, "payee_account_change", {"owner_kind": "employee"} | account).id
    agree(world, made, "check", "fin")


def test_new_bank_details_void_what_was_approved_for_the_old_ones(company):
    new_bank_details(company)
    company.clock.advance(timedelta(seconds=1))  # before the payment is due
    made = before_payment(company)

    stuck = held(company, made, "PAY-001", "finance_approval")

    assert stuck.kind is IncidentKind.POLICY_HOLD
    with company.acting(None) as uow:
        of = policy_grant.c.instance_id == made
        grants = uow.execute(select(policy_grant.c.state, policy_grant.c.state_reason).where(of)).all()
        request = uow.execute(select(payment_request.c.status, payment_request.c.payee_name)).one()
    assert grants == [("void", "erp.confirm_payee_account")]
    assert request == ("submitted", "安然")


def test_a_payment_is_approved_again_with_the_new_bank_details(company):
    new_bank_details(company)
    company.clock.advance(timedelta(seconds=1))  # before the payment is due
    made = before_payment(company)
    held(company, made)
    with company.acting("jiangyi") as uow:
        decided = select(work_item.c.id).where(
            work_item.c.instance_id == made, work_item.c.decided_by == uow.actor.user_id
        )
        tasks.recall(uow, uow.execute(decided).scalar_one(), "账户已更换")

    agree(company, made, "finance", "jiangyi")
    jobs.run_due(company.engine)

    assert payments(company) == 1
    with company.acting(None) as uow:
        assert uow.execute(select(payment.c.payee_bank_version)).scalar_one() == 2


def test_a_change_that_is_refused_leaves_the_approval_as_it_was(company):
    made = before_payment(company)
    request = request_of(company, made)

    operation, inputs = operations.get("erp.change_payment_request"), {"request_id": request, "amount": Decimal(99999)}
    with company.acting("cash") as uow, pytest.raises(BusinessError, match=r"ERP\.OVERPAY"):
        calls.perform(uow, operation, inputs, OperationCall(uuid7()), None)
        # a process catches the refusal, and what it did until then is stored
    jobs.run_due(company.engine)

    assert payments(company) == 1
    assert consistent(company.engine)


def test_a_held_payment_stays_held_however_often_it_is_tried(company):
    made = before_payment(company)
    request = request_of(company, made)
    performed(company, "cash", "erp.change_payment_request", request_id=request, amount=Decimal("20.00"))
    performed(company, "cash", "erp.submit_payment_request", request_id=request)
    held(company, made)

    for _ in range(3):
        stuck = only_incident(company, made)
        with company.acting("adam") as uow:
            runtime.resolve(uow, stuck.id)
        held(company, made, "PAY-001")


@pytest.mark.parametrize("forged", [False, True], ids=["no clearance", "a clearance of nobody"])
def test_a_payment_inserted_by_hand_is_refused_by_the_database(company, forged):
    made = before_payment(company)
    with company.acting(None) as uow:
        request = uow.execute(select(payment_request)).first()
    row = {
        "id": uuid7(), "payment_no": "P-HAND", "request_id": request.id, "clearance_id": uuid7(), "instance_id": made,
        "amount": request.amount, "currency": request.currency, "payee_id": "", "payee_bank_version": 1,
        "payee_account_version_id": request.payee_account_version_id, "status": "ordered",
    }  # fmt: skip
    if forged:
        row["clearance_id"] = None

    with pytest.raises(IntegrityError) as refused, company.acting(None) as uow:
        uow.execute(insert(payment), row | {"executed_at": uow.now})

    assert forged or "POLICY.NO_CLEARANCE" in str(refused.value)
    assert payments(company) == 0
    assert consistent(company.engine)


def test_nobody_approves_the_payment_of_his_own_claim(company):
    made = claimed(company, who="fin")
    agree(company, made, "manager", "qian")

    with pytest.raises(SeparationOfDuties) as refused:
        agree(company, made, "finance", "fin")

    assert "requester" in str(refused.value)
    assert refused.value.status == 403
    agree(company, made, "finance", "jiangyi")
    jobs.run_due(company.engine)
    assert payments(company) == 1
    assert consistent(company.engine)


def test_nobody_approves_his_own_claim_under_another_account(company):
    with company.acting(None) as uow:
        person = identity.user(uow, "ann").person_id
        other = identity.create_user(uow, "ann2", "安然", person_id=person)
        identity.add_member(uow, "finance", "ann2")
    company.people["ann2"] = other.id
    made = claimed(company)
    agree(company, made, "manager", "bob")

    with pytest.raises(SeparationOfDuties):
        agree(company, made, "finance", "ann2")

    assert view(company, made).waits[0][1] == "finance"
    assert consistent(company.engine)


# ---------------------------------------------------------------- crashes


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("point", ["claim", "execute", "effect.before", "effect.after", "commit.before"])
def test_a_payment_is_made_once_when_the_runner_dies_at(company, monkeypatch, point):
    made = before_payment(company)

    def die(at: str) -> None:
        if at == point:
            raise Killed

    if point == "commit.before":
        claimed_jobs = jobs.claim(company.engine, "runner")
        monkeypatch.setattr(crash, "here", die)
        with pytest.raises(Killed):
            jobs.execute(company.engine, claimed_jobs[0])
    else:
        monkeypatch.setattr(crash, "here", die)
        with pytest.raises(Killed):
            jobs.run_due(company.engine)
    monkeypatch.undo()
    assert payments(company) == 0
    assert jobs.run_due(company.engine) == 0  # the lease of the dead runner holds
    company.clock.advance(company.engine.settings.lease + timedelta(seconds=1))
    jobs.run_due(company.engine)

    assert payments(company) == 1
    assert view(company, made).instance.status is Status.COMPLETED
    with company.acting(None) as uow:
        paid = select(func.count()).select_from(effect).where(effect.c.operation == "erp.execute_payment")
        assert uow.execute(paid).scalar_one() == 1
        assert set(uow.execute(select(policy_grant.c.state)).scalars()) == {"consumed"}
    assert consistent(company.engine)


def test_a_yes_to_an_older_amount_does_not_count_for_the_newer_one(company):
    """Two must agree; the amount changes between them: the first one said yes to something else."""
    before, begin, rest = source(CLAIM).partition('<bpmn:userTask id="finance"')
    finance, end, after = rest.partition("</bpmn:userTask>")
    group = 'candidateGroups="= [&quot;finance&quot;]"'
    assert group in finance
    finance = finance.replace(group, 'candidateUsers="tao,jiangyi"').replace('mode="any"', 'mode="all"')
    drawing = "".join((before, begin, finance, end, after)).encode()
    deployed(company, drawing)
    made = claimed(company)
    agree(company, made, "manager", "bob")
    first, second = items_of(company, made)
    with company.acting("tao") as uow:
        tasks.agree(uow, first)
    performed(company, "cash", "erp.change_payment_request", request_id=request_of(company, made), amount=Decimal("20"))
    performed(company, "cash", "erp.submit_payment_request", request_id=request_of(company, made))
    with company.acting("jiangyi") as uow:
        tasks.agree(uow, second)

    with company.acting(None) as uow:
        granted = uow.execute(select(policy_grant.c.account_id)).scalars().all()
    assert granted == [company.people["jiangyi"]]
    assert consistent(company.engine)


def items_of(world: World, instance_id: UUID) -> list[UUID]:
    """Open items of tao and jiangyi, in this order."""
    with world.acting(None) as uow:
        rows = uow.execute(
            select(work_item.c.assignee_id, work_item.c.id).where(
                work_item.c.instance_id == instance_id, work_item.c.status == 1
            )
        ).all()
    found = {row.assignee_id: row.id for row in rows}
    return [found[world.people[login]] for login in ("tao", "jiangyi")]


def test_one_business_key_at_once_starts_once(company):
    def start() -> UUID:
        with company.acting("ann") as uow:
            return runtime.start(uow, "expense_claim", GIVEN, business_key="EC-1").id

    results = at_once(start, start, start)

    assert sorted(type(result).__name__ for result in results) == ["BusinessKeyTaken", "BusinessKeyTaken", "UUID"]
    assert consistent(company.engine)


def test_two_analysts_who_deploy_at_once_make_two_versions(company):
    def deploy(number: int) -> int:
        content = with_(CLAIM, "未经批准不付款。", f"未经批准不付款。{number}")
        return deployed(company, content).new[0].version

    results = at_once(lambda: deploy(1), lambda: deploy(2))

    assert sorted(results, key=str) == [2, 3]
    assert consistent(company.engine)


def test_one_message_sent_at_once_is_kept_once(company):
    def send(key: str) -> UUID:
        with company.acting("adam") as uow:
            return messages.correlate(uow, "tracking", key, {}, message_id="SF-1")

    results = at_once(lambda: send("a"), lambda: send("a"), lambda: send("b"))

    assert len(set(results)) == 1, results
