"""Who calls what is deployed anew is proved again, however many calls lie between."""

import json

import pytest

from engine import identity, policy, repository, runtime
from engine.errors import DeploymentRefused
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import END, START, drawing, element, flows, service, user
from tests.engine.policy.random_payments import DECISION
from tests.engine.policy.test_gate import APPROVE, PAYING, POLICY
from tests.engine.test_bindings import call
from tests.factories import deploy, straight

APPROVES = drawing(
    START + element("exclusiveGateway", "again") + APPROVE.format(provides="finance_approval")
    + '<exclusiveGateway id="ok" name="Agreed?" default="ok_again"/>' + END
    + flows("start again fin ok again", 'ok end ? approval.fin.outcome = "agree"'),
    process_id="approve",
)  # fmt: skip


@pytest.mark.parametrize("binding", ["latest", "deployment"])
def test_no_callee_of_a_callee_loses_the_approval_of_a_payment(engine, binding):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
    pays = service("pay", "test.pay_bill", in_bill_id="= bill_id")
    deploy(
        engine, APPROVES,
        straight(call("inner", "approve", "latest"), process_id="between"),
        straight(call("outer", "between", binding), pays, process_id="buy"),
    )  # fmt: skip

    with pytest.raises(DeploymentRefused) as refused:
        deploy(engine, straight(user("fin"), process_id="approve"))

    assert [(finding.rule, finding.element_id) for finding in refused.value.findings] == [
        ("policy-approval-missing", "pay")
    ]
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        assert [info.version for info in repository.versions(uow, "approve")] == [1]


ASKING = drawing(
    START
    + element("businessRuleTask", "decide", '<zeebe:calledDecision decisionId="level_of" resultVariable="level"{}/>')
    + element("exclusiveGateway", "small", default="small_fin")
    + APPROVE.format(provides="finance_approval").replace('onReject="flow"', 'onReject="end"')
    + service("pay", "test.pay_bill", in_bill_id="= bill_id") + END
    + flows("start decide small fin pay end", 'small pay ? level = "none"'),
).decode()  # fmt: skip


@pytest.mark.parametrize("binding", ["latest", "deployment"])
def test_who_asks_the_latest_decision_is_proved_again_when_its_table_changes(engine, binding):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
    bound = ' bindingType="deployment"' if binding == "deployment" else ""
    deploy(engine, ASKING.replace("{}", bound).encode(), level__dmn=DECISION)
    weaker = DECISION.replace(b'"low"', b'"none"')

    if binding == "deployment":
        deploy(engine, level__dmn=weaker)
        return
    with pytest.raises(DeploymentRefused) as refused:
        deploy(engine, level__dmn=weaker)
    assert [(finding.rule, finding.element_id) for finding in refused.value.findings] == [
        ("policy-approval-missing", "pay")
    ]


def form(*fields: str) -> dict[str, bytes]:
    shown = [{"id": name, "type": "textfield", "key": name, "label": name} for name in fields]
    return {"forms/oa/edit.json": json.dumps({"id": "oa/edit", "type": "default", "components": shown}).encode()}


def editing(bound: str, *, process_id: str = "p") -> bytes:
    """Approve, let somebody fill in the form, pay."""
    return drawing(
        START + APPROVE.format(provides="finance_approval").replace('onReject="flow"', 'onReject="end"')
        + user("correct", f'<zeebe:formDefinition formId="oa/edit"{bound}/>')
        + service("pay", "test.pay_bill", in_bill_id="= bill_id") + END + flows("start fin correct pay end"),
        process_id=process_id,
    )  # fmt: skip


def test_who_shows_the_latest_form_is_proved_again_when_more_can_be_written_in_it(engine):
    pinned = ' bindingType="deployment"'
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        repository.deploy(uow, {**form("remark"), "kept.bpmn": editing(pinned, process_id="kept")})
        repository.deploy(uow, form("remark", "bill_id"))
        repository.deploy(uow, form("remark"))
        repository.deploy(uow, {"p.bpmn": editing("")})

    with pytest.raises(DeploymentRefused) as refused, engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, form("bill_id"))

    (finding,) = refused.value.findings
    assert (finding.rule, finding.resource, finding.element_id) == ("policy-approval-missing", "p", "pay")
    assert "Version 1 of process 'P'" in str(finding)
    with engine.unit_of_work(ENGINE) as uow:
        assert repository.deploy(uow, form("note")).findings == ()


def test_a_version_that_still_runs_is_proved_again_unless_it_was_broken_before(engine):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        identity.create_user(uow, "fay", "Fay")
        repository.deploy(uow, {**form("remark"), "p.bpmn": editing("")})
        repository.deploy(uow, {"p.bpmn": straight(user("only"))})
        assert repository.deploy(uow, form("bill_id")).new  # nothing runs by version 1
        runtime.start(uow, "p", {}, definition_id=repository.versions(uow, "p")[1].id)
        assert repository.deploy(uow, form("bill_id", "remark")).new  # it was broken before
        repository.deploy(uow, form("remark"))

    with pytest.raises(DeploymentRefused) as refused, engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, form("bill_id"))
    assert "Version 1 of process 'P'" in str(refused.value.findings[0])


def test_a_drawing_that_is_not_proved_within_the_budget_is_not_deployed(engine, monkeypatch):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
    monkeypatch.setattr(policy, "DEPLOYING", policy.DEPLOYING._replace(states=1))

    with pytest.raises(DeploymentRefused) as refused:
        deploy(engine, PAYING)

    assert [finding.rule for finding in refused.value.findings] == ["policy-unproved"]
