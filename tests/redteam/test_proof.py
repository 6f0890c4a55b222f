"""Ways round the approval that are drawn: the proof refuses each at deploy, and with the proof off the gate holds."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from engine import jobs, messages, operations, repository, runtime, tasks
from engine.approvals import automatic
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
from tests.engine.policy.test_gate import APPROVE, a_bill, people, state_of
from tests.redteam.rows import DATABASE, GATE, PROOF, THROUGH
from tests.redteam.walls import gate_off, held_at, only_the_database_stops, proof_off

pytestmark = pytest.mark.redteam


@operations.operation("test.fails", errors=("TEST.FAILS",))
def fails(uow, *, bill_id: str = "") -> dict[str, Any]:
    raise BusinessError("TEST.FAILS")


@operations.operation("test.other", outputs={"bill": "string"})
def other_bill(uow, *, other: str = "") -> dict[str, Any]:
    return {"bill": other}


NOTE = """<userTask id="note" name="note"><extensionElements><zeebe:assignmentDefinition candidateUsers="root"/>
</extensionElements></userTask>"""

EARLIER = """<userTask id="early" name="early"><extensionElements><zeebe:assignmentDefinition candidateUsers="fay"/>
<troika:approval mode="any"/></extensionElements></userTask>"""
FIN = APPROVE.format(provides="finance_approval")
PAY = service("pay", "test.pay_bill", in_bill_id="= bill_id")
OK = '<exclusiveGateway id="ok" name="ok" default="ok_end"/>'
AGREED = 'approval.fin.outcome = "agree"'
PATH = "processes/oa/p.bpmn"


def drawn(*parts: str) -> bytes:
    return drawing(START + END + "".join(parts), message("hurry", None))


def asked(*more: str) -> tuple[str, ...]:
    """Approve, ask for the outcome, pay."""
    return (FIN, OK, PAY, flows("fin ok", f"ok pay ? {AGREED}", "ok end", "pay end"), *more)


CHANGE = service("change", "test.change_bill", in_bill_id="= bill_id", in_cents="= 99900")
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
    "6 the document is edited after the approval": (
        drawn(FIN, OK, CHANGE, PAY, flows("start fin ok", f"ok change ? {AGREED}", "ok end", "change pay end")),
        "agree",
    ),
    "8 another document is named after the approval": (
        drawn(FIN, OK, service("swap", "test.other", in_other="= other", out_bill_id="= bill"), PAY,
              flows("start fin ok", f"ok swap ? {AGREED}", "ok end", "swap pay end")), "agree",
    ),
    "24 whatever a table says needs no approval": (
        drawn(*asked('<exclusiveGateway id="needed" name="needed" default="needed_pay"/>',
                     flows("start needed", "needed fin ? needed_at_all", "needed pay"))), "",
    ),
    "25 nobody is left to approve": (
        drawn(*asked(flows("start fin"))).replace(b"fay,cfo", b"gone").replace(
            b"<troika:policy", b'<troika:onEmpty do="autoPass"/><troika:policy'), "",
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
        drawn('<parallelGateway id="fork" name="fork"/><exclusiveGateway id="join" name="join"/>', FIN, NOTE, PAY,
              flows("start fork fin join pay end", "fork note join")), "note",
    ),
}  # fmt: skip


@pytest.mark.row((1, 2, 3, 4, 5, 6, 8, 24, 25, 26, 29), PROOF, GATE, DATABASE, THROUGH)
@pytest.mark.parametrize("name", DRAWINGS)
def test_what_is_drawn_round_the_approval_is_refused_and_held_when_it_is_not(name, engine, clock, monkeypatch):
    who = people(engine)
    source, act = DRAWINGS[name]

    with pytest.raises(DeploymentRefused) as refused, engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {PATH: source})
    rules = {finding.rule for finding in refused.value.findings}
    assert rules & {"policy-approval-missing", "automatic-approval-guarded"}

    proof_off(monkeypatch)
    if name.startswith("26 "):  # nor is anybody spared where his yes counts, whatever is drawn
        monkeypatch.setattr(automatic, "may_spare", lambda work, *modes: work.dedupe in modes)
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {PATH: source})
    bill_id, other = a_bill(engine), a_bill(engine)
    given = {"bill_id": str(bill_id), "other": str(other), "needed_at_all": False}
    with engine.unit_of_work(who["req"]) as uow:
        key = runtime.start(uow, "p", given).id
    play(engine, clock, who, key, act)

    assert [state_of(engine, one) for one in (bill_id, other)] == ["open", "open"]
    assert held_at(engine, key) == ["pay"]
    gate_off(monkeypatch)
    about = other if name.startswith("8 ") else bill_id
    only_the_database_stops(engine, key, about)


def play(engine, clock, who, key: UUID, act: str) -> None:
    jobs.run_due(engine)
    match act:
        case "agree" | "reject":
            with engine.unit_of_work(who["fay"]) as uow:
                (item,) = tasks.inbox(uow).items
                tasks.agree(uow, item.work_item_id) if act == "agree" else tasks.reject(
                    uow, item.work_item_id, opinion="no"
                )
        case "wait":
            clock.advance(timedelta(hours=2))
        case "message":
            with engine.unit_of_work(ENGINE) as uow:
                messages.correlate(uow, "hurry", None)
        case "note":
            with engine.unit_of_work(who["root"]) as uow:
                (item,) = [one for one in tasks.inbox(uow).items if one.node == "note"]
                tasks.complete(uow, item.work_item_id)
    for _ in range(3):
        jobs.run_due(engine)
