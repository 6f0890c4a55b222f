"""Who calls what is deployed anew is proved again, however many calls lie between."""

import json
from contextlib import nullcontext

import pytest

from engine import dictionaries, identity, policy, repository, runtime, tasks
from engine.errors import DeploymentRefused, UnknownField
from engine.findings import errors_of
from engine.unit_of_work import ENGINE
from tests.engine.bpmn.drawing import END, START, catch, drawing, element, flows, script, service, timer, user
from tests.engine.policy.random_payments import DECISION
from tests.engine.policy.test_gate import APPROVE, PAYING, POLICY
from tests.engine.test_bindings import call
from tests.factories import ann, begun, deploy, look_at, straight

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


def decides(key: str, result: str, bound: str = "") -> str:
    called = f'<zeebe:calledDecision decisionId="level_of" resultVariable="{result}"{bound}/>'
    return element("businessRuleTask", key, called)


PINNED = ' bindingType="deployment"'
ASKING = drawing(
    START + "{}"
    + element("exclusiveGateway", "small", default="small_fin")
    + APPROVE.format(provides="finance_approval").replace('onReject="flow"', 'onReject="end"')
    + service("pay", "test.pay_bill", in_bill_id="= bill_id") + END
    + flows("start noted decide small fin pay end", 'small pay ? level = "none"'),
).decode()  # fmt: skip


@pytest.mark.parametrize(("noted", "asked"), [("", ""), (PINNED, ""), ("", PINNED)])
def test_who_asks_the_latest_decision_is_proved_again_when_its_table_changes(engine, noted, asked):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
    both = decides("noted", "before", noted) + decides("decide", "level", asked)
    deploy(engine, ASKING.replace("{}", both).encode(), level__dmn=DECISION)
    weaker = DECISION.replace(b'"low"', b'"none"')

    if asked == PINNED:
        deploy(engine, level__dmn=weaker)
        return
    with pytest.raises(DeploymentRefused) as refused:
        deploy(engine, level__dmn=weaker)
    assert [(finding.rule, finding.element_id) for finding in refused.value.findings] == [
        ("policy-approval-missing", "pay")
    ]


@pytest.mark.parametrize("lets_by", ["old", "new"])
def test_a_way_round_an_approval_is_tried_with_the_table_that_a_called_version_asks(engine, lets_by):
    strict, weak = DECISION, DECISION.replace(b'"low"', b'"none"')
    old, new = (weak, strict) if lets_by == "old" else (strict, weak)
    judges = drawing(
        START + decides("decide", "level", PINNED) + element("exclusiveGateway", "small", default="small_fin")
        + APPROVE.format(provides="finance_approval").replace('onReject="flow"', 'onReject="end"') + END
        + flows("start decide small fin end", 'small end ? level = "none"'), process_id="judge",
    )  # fmt: skip
    buys = straight(call("c", "judge"), service("pay", "test.pay_bill", in_bill_id="= bill_id"), process_id="buy")
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        identity.create_user(uow, "fay", "Fay")
    deploy(engine, judges, level__dmn=old)
    deploy(engine, level__dmn=new)

    waits = look_at(engine, begun(engine, "judge", amount=50, bill_id="1")).waits
    with engine.unit_of_work(ENGINE) as uow:
        (found,) = errors_of(repository.check(uow, {"buy.bpmn": buys}))

    assert (not waits, found.rule, found.facts["confirmed"]) == (
        lets_by == "old", "policy-approval-missing", lets_by == "old"
    )  # fmt: skip


PAYS = service("pay", "test.pay_bill", in_bill_id="= bill_id")
GROOVY = '<scriptTask id="wrong" name="wrong" scriptFormat="groovy"><script>1</script></scriptTask>'
NO_FEEL, LOOSE = script("wrong", "1 +", "x"), '<sequenceFlow id="loose" sourceRef="wrong" targetRef="gone"/>'
ASKED = (
    APPROVE.format(provides="finance_approval") + '<exclusiveGateway id="ok" name="Agreed?" default="ok_end"/>' + PAYS
)
BY = flows("start fin ok end", 'ok pay ? approval.fin.outcome = "agree"', "pay end")


@pytest.mark.parametrize(
    ("drawn", "told"),
    [
        (service("wrong", "test.gone") + PAYS + flows("start wrong pay end"), ["pay"]),
        (NO_FEEL + PAYS + flows("start wrong pay end"), ["pay"]),
        (GROOVY + PAYS + flows("start wrong pay end"), ["pay"]),
        (script("wrong", "1", "x") + LOOSE + PAYS + flows("start wrong pay end"), ["pay"]),
        (service("pay", "test.pay_bill", "<wrong/>", in_bill_id="= 1 +") + flows("start pay end"), ["pay"]),
        (NO_FEEL + PAYS + flows("start wrong end"), []),
        (NO_FEEL + ASKED + BY + flows("wrong end"), []),
        (ASKED + BY.replace("approval.fin", "= +"), []),
    ],
    ids=["operation", "feel", "refused", "dangling", "itself", "not connected", "approved", "choice"],
)
def test_a_payment_past_its_approval_is_told_while_something_else_is_wrong(engine, drawn, told):
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        found = errors_of(repository.check(uow, {"p.bpmn": drawing(START + drawn + END)}, drawing=True))

    ways = [one for one in found if one.rule == "policy-approval-missing"]
    assert [one.element_id for one in ways] == told
    assert len(found) > len(ways)


def test_errors_are_all_told_at_once(engine):
    late = catch("late", timer("两天"))
    drawn = drawing(
        START + GROOVY + late + service("nothing", "test.gone") + END + flows("start wrong late nothing end")
    )

    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        found = {one.element_id for one in errors_of(repository.check(uow, {"p.bpmn": drawn}))}

    assert found >= {"wrong", "late", "nothing"}


def form(*fields: str) -> dict[str, bytes]:
    shown = [{"id": name, "type": "textfield", "key": name, "label": name} for name in fields]
    return {"forms/oa/edit.json": json.dumps({"id": "oa/edit", "type": "default", "components": shown}).encode()}


def editing(bound: str, *, process_id: str = "p", corrected_first: bool = False) -> bytes:
    """Approve, let somebody fill in the form, pay; or approve what he has filled in."""
    order = "start correct fin pay end" if corrected_first else "start fin correct pay end"
    return drawing(
        START + APPROVE.format(provides="finance_approval").replace('onReject="flow"', 'onReject="end"')
        + user("correct", f'<zeebe:formDefinition formId="oa/edit"{bound}/>')
        + service("pay", "test.pay_bill", in_bill_id="= bill_id") + END + flows(order),
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


CALLS = drawing(
    START + APPROVE.format(provides="finance_approval").replace('onReject="flow"', 'onReject="end"')
    + call("c", "edit") + service("pay", "test.pay_bill", in_bill_id="= bill_id") + END
    + flows("start fin c pay end"), process_id="buy",
)  # fmt: skip


@pytest.mark.parametrize("may_write", ["old", "new"])
def test_a_called_version_is_judged_by_the_form_that_it_shows(engine, may_write):
    wide, narrow = form("remark", "bill_id"), form("remark")
    old, new = (wide, narrow) if may_write == "old" else (narrow, wide)
    edits = user("correct", '<zeebe:formDefinition formId="oa/edit" bindingType="deployment"/>')
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        repository.deploy(uow, {**old, "edit.bpmn": straight(edits, process_id="edit")})
        repository.deploy(uow, new)
    instance = begun(engine, "edit", bill_id="approved")

    offered = nullcontext() if may_write == "old" else pytest.raises(UnknownField)
    with offered, engine.unit_of_work(ann(engine)) as uow:
        tasks.complete(uow, tasks.inbox(uow).items[0].work_item_id, {"bill_id": "another"})
    with engine.unit_of_work(ENGINE) as uow:
        found = [(one.rule, one.element_id) for one in errors_of(repository.check(uow, {"buy.bpmn": CALLS}))]

    written = look_at(engine, instance).variables["bill_id"]
    assert (written, found) == (
        ("another", [("policy-approval-missing", "pay")]) if may_write == "old" else ("approved", [])
    )


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


@pytest.mark.parametrize(
    ("title", "labels"),
    [("专用发票", {"zh": "专用发票", "en": "Special invoice"}), ("special", None)],
    ids=["offered", "retired"],
)
def test_what_is_picked_on_the_way_to_a_payment_is_told_by_its_title(engine, title, labels):
    """As it stands on the form; by its key where nobody can choose it any more."""
    field = {"id": "kind", "key": "kind", "type": "dictionary", "dictionary": "paper", "label": "类别"}
    form = json.dumps({"type": "default", "id": "f", "components": [field]}).encode()
    asks = APPROVE.format(provides="finance_approval").replace(
        "<extensionElements>", '<extensionElements><zeebe:formDefinition formId="f"/>'
    )
    pays = service("pay", "test.pay_bill", in_bill_id="= bill_id") + element("exclusiveGateway", "g", default="g_end")
    xml = drawing(START + asks + pays + END + flows("start fin g end", 'g pay ? kind = "special"', "pay end"))
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, POLICY)
        dictionaries.create(uow, "paper", "类别", entries=[("special", "专用发票", "Special invoice")])
        if labels is None:
            dictionaries.retire(uow, "paper", "special")

    with engine.unit_of_work(ENGINE) as uow, pytest.raises(DeploymentRefused) as refused:
        repository.deploy(uow, {"f.json": form, "p.bpmn": xml})

    (finding,) = [one for one in refused.value.findings if one.rule == "policy-approval-missing"]
    assert f"类别 = {title}: 'g' goes on to 'pay'" in str(finding.facts["path"])
    told = [step.facts["data"].facts["value0"].facts["value"]
            for step in finding.facts["path"].facts.values() if "data" in step.facts]  # fmt: skip
    assert [getattr(one, "labels", None) for one in told] == [labels]
