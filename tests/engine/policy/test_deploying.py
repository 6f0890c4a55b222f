"""Who calls what is deployed anew is proved again, however many calls lie between."""

import pytest

from engine import policy, repository
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


def test_a_drawing_that_is_not_proved_within_the_budget_is_not_deployed(engine, monkeypatch):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
    monkeypatch.setattr(policy, "DEPLOYING", policy.DEPLOYING._replace(states=1))

    with pytest.raises(DeploymentRefused) as refused:
        deploy(engine, PAYING)

    assert [finding.rule for finding in refused.value.findings] == ["policy-unproved"]
