"""Ways round the approval that are drawn: the proof refuses each at deploy, and with the proof off the gate holds."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from engine import jobs, messages, operations, policy, repository, runtime, tasks
from engine.approvals import automatic
from engine.bpmn.machine import gateways
from engine.errors import BusinessError, DeploymentRefused
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import (
    END,
    START,
    boundary,
    drawing,
    flows,
    message,
    message_event,
    service,
    timer,
)
from tests.engine.dmn import written as w
from tests.engine.policy.test_gate import APPROVE, a_bill, bill_facts, change, people, state_of
from tests.engine.test_bindings import form
from tests.redteam.rows import DATABASE, GATE, MACHINE, PROOF, THROUGH
from tests.redteam.walls import gate_off, held_at, only_the_database_stops, proof_off

pytestmark = pytest.mark.redteam


@operations.operation("test.fails", errors=("TEST.FAILS",))
def fails(uow, *, bill_id: str = "") -> dict[str, Any]:
    raise BusinessError("TEST.FAILS")


@operations.operation("test.other", outputs={"bill": "string"})
def other_bill(uow, *, other: str = "") -> dict[str, Any]:
    return {"bill": other}


@operations.operation("test.change_currency", changes_subject=bill_facts)
def change_currency(uow, *, bill_id: UUID) -> dict[str, Any]:
    change(uow, bill_id, key="usd")
    return {}


NOTE = """<userTask id="note" name="note"><extensionElements><zeebe:assignmentDefinition candidateUsers="root"/>
</extensionElements></userTask>"""

EARLIER = """<userTask id="early" name="early"><extensionElements><zeebe:assignmentDefinition candidateUsers="fay"/>
<troika:approval mode="any"/></extensionElements></userTask>"""
FIN = APPROVE.format(provides="finance_approval")
PAY = service("pay", "test.pay_bill", in_bill_id="= bill_id")
OK = '<exclusiveGateway id="ok" name="ok" default="ok_end"/>'
AGREED = 'approval.fin.outcome = "agree"'
PATH = "processes/oa/p.bpmn"
FORK = '<parallelGateway id="fork" name="fork"/>'


def drawn(*parts: str) -> bytes:
    return drawing(START + END + "".join(parts), message("hurry", None))


def asked(*more: str) -> tuple[str, ...]:
    """Approve, ask for the outcome, pay."""
    return (FIN, OK, PAY, flows("fin ok", f"ok pay ? {AGREED}", "ok end", "pay end"), *more)


CHANGE = service("change", "test.change_bill", in_bill_id="= bill_id", in_cents="= 99900", out_edited="= true")
DRAWINGS = {
    "1 the default flow after a rejection pays": (
        drawn(FIN, OK.replace("ok_end", "ok_pay"), PAY,
              flows("start fin ok", 'ok end ? approval.fin.outcome = "rejected"', "ok pay end")),
        "reject",
    ),
    "2 a timer of the approval pays": (
        drawn(*asked(boundary("late", "fin", timer("PT1H")), flows("start fin", "late pay"))), "wait",
    ),
    "3 an error of the check before it pays": (
        drawn(*asked(service("check", "test.fails", in_bill_id="= bill_id"),
                     boundary("bad", "check", "<errorEventDefinition/>"), flows("start check fin", "bad pay"))), "",
    ),
    "3 an error of the approval pays": (
        drawn('<subProcess id="ask" name="ask"><startEvent id="asked" name="asked"/>', FIN,
              OK.replace("ok_end", "ok_no"),
              '<endEvent id="no" name="no"><errorEventDefinition/></endEvent><endEvent id="yes" name="yes"/>',
              flows("asked fin ok no", f"ok yes ? {AGREED}"), "</subProcess>",
              boundary("refused", "ask", "<errorEventDefinition/>"), PAY, flows("start ask pay end", "refused pay")),
        "reject",
    ),
    "4 a message beside the approval pays": (
        drawn(*asked(boundary("hurried", "fin", message_event("hurry"), False), flows("start fin", "hurried pay"))),
        "message",
    ),
    "5 an event sub-process pays": (
        drawn(FIN, flows("start fin end"),
              '<subProcess id="late" name="late" triggeredByEvent="true"><startEvent id="late_start" name="late_start" '
              f'isInterrupting="false">{timer("PT1H")}</startEvent>{PAY}<endEvent id="paid" name="paid"/>'
              f'{flows("late_start pay paid")}</subProcess>'),
        "wait",
    ),
    "6 a loop leads back over the approval to the payment": (
        drawn(FIN, OK, CHANGE, PAY, '<exclusiveGateway id="more" name="more" default="more_pay"/>',
              flows("start fin ok", f"ok more ? {AGREED}", "ok end", "more change ? edited = null", "change more",
                    "more pay end")), "agree",
    ),
    "8 the currency is changed after the approval": (
        drawn(FIN, OK, service("change", "test.change_currency", in_bill_id="= bill_id"), PAY,
              flows("start fin ok", f"ok change ? {AGREED}", "ok end", "change pay end")), "agree",
    ),
    "8 another document is named after the approval": (
        drawn(FIN, OK, service("swap", "test.other", in_other="= other", out_bill_id="= bill"), PAY,
              flows("start fin ok", f"ok swap ? {AGREED}", "ok end", "swap pay end")), "agree",
    ),
    "24 a table of decisions asks for no approval, whatever comes": (
        drawn(*asked('<businessRuleTask id="decide" name="decide"><extensionElements><zeebe:calledDecision '
                     'decisionId="needed" resultVariable="needed"/></extensionElements></businessRuleTask>'
                     '<exclusiveGateway id="asks" name="asks" default="asks_fin"/>',
                     flows("start decide asks fin", 'asks pay ? needed = "nobody"'))), "",
    ),
    "25 whoever might approve has left": (
        drawn(*asked(flows("start fin"))).replace(
            b"<troika:policy", b'<troika:onEmpty do="autoPass"/><troika:policy'), "leave",
    ),
    "25 the approval is left out": (
        drawn(*asked(flows("start fin"))).replace(
            b"<troika:policy", b'<troika:skipWhen value="= true"/><troika:policy'), "",
    ),
    "26 a yes to something else is carried over": (
        drawn(EARLIER, *asked(flows("start early fin"))).replace(b"fay,cfo", b"fay").replace(
            b"<troika:policy", b'<troika:dedupe mode="first"/><troika:policy'), "agree",
    ),
    "29 a join does not wait for the approval": (
        drawn(FORK + '<exclusiveGateway id="join" name="join"/>', FIN, NOTE, PAY,
              flows("start fork fin join pay end", "fork note join")), "note",
    ),
    "13 the approver may write which document it is": (
        drawn(*asked(flows("start fin"))).replace(
            b"<troika:policy", b'<zeebe:formDefinition formId="oa/ask"/><troika:policy'), "write",
    ),
}  # fmt: skip
BESIDE = {
    "24": {"processes/oa/needed.dmn": w.xml(w.decision("needed", w.table(
        "FIRST", [("amount", "number", "")], [("needed", "string", "", None)], [("-", '"nobody"')])))},
    "13": {"forms/oa/ask.json": form("which").replace(b'"why"', b'"bill_id"')},
}  # fmt: skip
"""row -> what is deployed with its drawing"""


@pytest.mark.row((1, 2, 3, 4, 5, 6, 8, 13, 24, 25, 26, 29), PROOF, GATE, DATABASE, THROUGH)
@pytest.mark.parametrize("name", DRAWINGS)
def test_what_is_drawn_round_the_approval_is_refused_and_held_when_it_is_not(name, engine, clock, monkeypatch):
    who = people(engine)
    source, act = DRAWINGS[name]
    files = {PATH: source} | BESIDE.get(name.partition(" ")[0], {})

    with pytest.raises(DeploymentRefused) as refused, engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, files)
    rules = {finding.rule for finding in refused.value.findings}
    assert rules & {"policy-approval-missing", "automatic-approval-guarded"}

    proof_off(monkeypatch)
    if name.startswith("26 "):  # nor is anybody spared where his yes counts, whatever is drawn
        monkeypatch.setattr(automatic, "may_spare", lambda work, *modes: work.dedupe in modes)
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, files)
    bill_id, other = a_bill(engine), a_bill(engine)
    given = {"bill_id": str(bill_id), "other": str(other), "amount": 9}
    if act == "leave":
        with engine.unit_of_work(who["root"]) as uow:
            for login in ("fay", "cfo"):
                policy.disable_account(uow, who[login].user_id)
    with engine.unit_of_work(who["req"]) as uow:
        key = runtime.start(uow, "p", given).id
    play(engine, clock, who, act, {"bill_id": str(other)} if act == "write" else None)

    assert [state_of(engine, one) for one in (bill_id, other)] == ["open", "open"]
    assert held_at(engine, key) == ["pay"]
    gate_off(monkeypatch)
    about = other if name.startswith(("8 another", "13 ")) else bill_id
    only_the_database_stops(engine, key, about)


@pytest.mark.row(29, MACHINE, GATE, DATABASE, THROUGH)
def test_29_an_inclusive_join_waits_for_the_approval(engine, clock, monkeypatch):
    who = people(engine)
    join = '<inclusiveGateway id="join" name="join"/>'
    waits = drawn(FORK, join, FIN.replace('onReject="flow"', 'onReject="end"'), NOTE, PAY,
                  flows("start fork fin join pay end", "fork note join"))  # fmt: skip
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {PATH: waits})

    def noted() -> tuple[UUID, UUID]:
        bill_id = a_bill(engine)
        with engine.unit_of_work(who["req"]) as uow:
            key = runtime.start(uow, "p", {"bill_id": str(bill_id)}).id
        play(engine, clock, who, "note")
        return key, bill_id

    key, bill_id = noted()
    assert (held_at(engine, key), state_of(engine, bill_id)) == ([], "open")

    monkeypatch.setattr(gateways, "_occupied", lambda *_: 0)  # nothing is on its way, says the machine
    key, bill_id = noted()
    assert (held_at(engine, key), state_of(engine, bill_id)) == (["pay"], "open")
    gate_off(monkeypatch)
    only_the_database_stops(engine, key, bill_id)


def play(engine, clock, who, act: str, fields: dict[str, Any] | None = None) -> None:
    jobs.run_due(engine)
    match act:
        case "agree" | "reject" | "write":
            with engine.unit_of_work(who["fay"]) as uow:
                (item,) = tasks.inbox(uow).items
                if act == "reject":
                    tasks.reject(uow, item.work_item_id, opinion="no")
                else:
                    tasks.agree(uow, item.work_item_id, fields)
        case "wait":
            clock.advance(timedelta(hours=2))
        case "message":
            with engine.unit_of_work(ENGINE) as uow:
                messages.correlate(uow, "hurry", None)
        case "note":
            with engine.unit_of_work(who["root"]) as uow:
                item = next(one for one in tasks.inbox(uow).items if one.node == "note")
                tasks.complete(uow, item.work_item_id)
    for _ in range(3):
        jobs.run_due(engine)
