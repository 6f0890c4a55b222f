"""A counter-example is tried on the machine: what it repeats is confirmed, with the values that lead there."""

import json

import pytest

from engine import forms
from engine.policy import checker
from tests.engine.policy.test_checker import (
    END,
    ERROR,
    PAY,
    START,
    TIMER,
    approval,
    boundary,
    check,
    flow,
    good,
    process,
    task,
)


def tried(*processes):
    (finding,) = check(*processes)
    assert finding.rule == "policy-approval-missing"
    return finding.facts["confirmed"]


def test_what_the_machine_repeats_is_confirmed_and_told_with_the_values_that_lead_there():
    (finding,) = check(good(condition="amount > 500"))

    assert finding.facts["confirmed"] is True
    assert str(finding.facts["path"]) == (
        "'审批 fin' is rejected → amount = 501: '同意？' goes on to '付款' → '付款' runs without finance_approval"
    )
    assert "Confirmed: the machine goes this way." in str(finding)


def test_what_is_chosen_is_told_in_the_words_of_the_form():
    field = {"id": "kind", "key": "kind", "type": "select", "label": "类型", "troika:label.en": "Type",
             "values": [{"value": "advance", "label": "预付", "troika:label.en": "Prepaid"}]}  # fmt: skip
    fields = json.dumps({"type": "default", "id": "f", "components": [field]}).encode()
    form = forms.read(fields, "f.json").form
    asking = approval().replace(
        "<bpmn:extensionElements>", '<bpmn:extensionElements><zeebe:formDefinition formId="f"/>'
    )

    (finding,) = check(good(condition='kind = "advance"', fin=asking), forms=lambda *_: form)

    path = finding.facts["path"]
    assert "类型 = 预付: '同意？' goes on to '付款'" in str(path)
    ((chosen, *_),) = [step.facts["data"].facts.values() for step in path.facts.values() if "data" in step.facts]
    assert chosen.facts["value"].labels["en"] == "Prepaid"


def test_what_no_value_leads_to_stays_possible_and_is_refused_all_the_same():
    (finding,) = check(good(condition="amount < limit and amount > limit"))

    assert finding.facts["confirmed"] is False
    assert "A possible way: the machine did not repeat it." in str(finding)
    assert finding.level == "error"


def test_the_machine_is_given_up_when_its_time_is_over_and_the_way_is_refused_all_the_same(monkeypatch):
    monkeypatch.setattr(checker, "SECONDS", 0.0)

    assert tried(good(condition="amount > 500")) is False


def test_a_text_that_is_none_leaves_the_way_possible():
    assert tried(good(condition=r'x = "\uD83D"')) is False


SIDE = (
    '<bpmn:subProcess id="beside" triggeredByEvent="true"><bpmn:startEvent id="when">{}</bpmn:startEvent>'
    "{}{}{}</bpmn:subProcess>"
)


@pytest.mark.parametrize(
    "drawing",
    [
        good(boundary("late", "fin", TIMER), flow("late", "pay")),
        good(boundary("late", "fin", TIMER, interrupting=False), flow("late", "pay")),
        good(fin=approval(extra='<troika:onEmpty do="autoPass"/>')),
        good(fin=approval(provides="stock_approval")),
        process(
            START, task("try"), boundary("short", "try", ERROR), approval(), PAY, END, flow("start", "try"),
            flow("try", "fin"), flow("fin", "end"), flow("short", "pay"), flow("pay", "end", name="paid"),
        ),
        process(
            START, "<bpmn:parallelGateway id='both'/>", approval(), PAY, END, flow("start", "both"),
            flow("both", "fin"), flow("both", "pay"), flow("fin", "end"), flow("pay", "end", name="paid"),
        ),
        good(SIDE.format(TIMER, PAY.replace('"pay"', '"again"'), '<bpmn:endEvent id="over"/>',
                         flow("when", "again") + flow("again", "over"))),
    ],
    ids=["timer", "timer beside", "nobody there", "another capability", "error", "beside", "event sub-process"],
)  # fmt: skip
def test_each_way_round_an_approval_is_gone_by_the_machine(drawing):
    assert tried(drawing) is True


def test_the_way_through_a_called_process_is_gone_too():
    called = process(approval(), name="sub")
    outer = process(
        START, '<bpmn:callActivity id="call" name="审批"><bpmn:extensionElements><zeebe:calledElement processId="sub"/>'
        "</bpmn:extensionElements></bpmn:callActivity>", boundary("late", "call", TIMER), PAY, END,
        flow("start", "call"), flow("call", "end"), flow("late", "pay"), flow("pay", "end", name="paid"),
    )  # fmt: skip

    assert tried(outer, called) is True


BESIDE = process(
    START, "<bpmn:parallelGateway id='both'/>", approval().replace('onReject="flow"', 'onReject="end"'), task("ship"),
    "<bpmn:exclusiveGateway id='both_done'/>", PAY, END, flow("start", "both"), flow("both", "fin"),
    flow("both", "ship"), flow("fin", "both_done"), flow("ship", "both_done"), flow("both_done", "pay"),
    flow("pay", "end"),
)  # fmt: skip
BESIDE_PAY = BESIDE.replace("<bpmn:exclusiveGateway id='both_done'/>", "").replace(
    flow("both_done", "pay"), "").replace('targetRef="both_done"', 'targetRef="pay"')  # fmt: skip


@pytest.mark.parametrize(
    ("drawing", "fixes"),
    [
        (good(fin=approval(extra='<troika:onEmpty do="autoPass"/>')), [("remove-automatic-pass", "fin", "")]),
        (good(condition="amount < 100"), [("add-outcome-check", "ok_pay", "fin")]),
        (good(boundary("late", "fin", TIMER), flow("late", "pay")), [("timer-to-escalation", "late", "fin")]),
        (good(boundary("late", "fin", TIMER, interrupting=False), flow("late", "pay")), []),
        (BESIDE, [("add-join", "both_done", "")]),
        (BESIDE.replace("exclusiveGateway id='both_done'", "parallelGateway id='both_done'"), None),
        (BESIDE_PAY, [("add-join", "pay", "")]),
    ],
    ids=["automatic pass", "no outcome check", "timer", "of another shape", "no join", "a join", "at an activity"],
)
def test_a_way_of_a_known_shape_comes_with_what_puts_it_right(drawing, fixes):
    found = [[(fix.id, fix.element_id, fix.subject) for fix in finding.fixes] for finding in check(drawing)]

    assert found == ([] if fixes is None else [fixes])


def test_what_a_called_process_does_is_mended_there():
    passes = approval(extra='<troika:onEmpty do="autoPass"/>').replace('onReject="flow"', 'onReject="end"')
    called = process(passes, name="sub").replace('name="sub"', 'name="费用审批"')
    outer = process(
        START, '<bpmn:callActivity id="call" name="审批"><bpmn:extensionElements><zeebe:calledElement processId="sub"/>'
        "</bpmn:extensionElements></bpmn:callActivity>", PAY, END, flow("start", "call"), flow("call", "pay"),
        flow("pay", "end"),
    )  # fmt: skip

    (finding,) = check(outer, called)

    assert finding.fixes == ()
    assert str(finding).endswith(
        "Mend it in the called process '费用审批': Take away what lets '审批 fin' pass without anybody."
    )


MESSAGE = '<bpmn:messageEventDefinition messageRef="m"/>'
FILLED_IN = """<bpmn:userTask id="between"><bpmn:extensionElements><zeebe:userTask/>
  <zeebe:formDefinition formId="f"/></bpmn:extensionElements></bpmn:userTask>"""


def between(step: str) -> str:
    """Paid when the amount is large first, and small behind a step."""
    return '<bpmn:message id="m" name="m"/>' + process(
        START, '<bpmn:exclusiveGateway id="large" default="no"/><bpmn:exclusiveGateway id="small" default="none"/>',
        step, PAY, END, flow("start", "large"), flow("large", "between", "amount >= 500"),
        flow("large", "end", name="no"), flow("between", "small"), flow("small", "pay", "amount < 100"),
        flow("small", "end", name="none"), flow("pay", "end", name="paid"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "step",
    [f'<bpmn:intermediateCatchEvent id="between">{MESSAGE}</bpmn:intermediateCatchEvent>', FILLED_IN],
    ids=["a message", "a form"],
)
def test_what_somebody_writes_between_two_branches_leads_on(step):
    (finding,) = check(between(step))

    assert finding.facts["confirmed"] is True
    assert str(finding.facts["path"]).startswith(
        "amount = 500: 'large' goes on to 'between' → amount = 99: 'small' goes on to '付款'"
    )


def test_between_two_branches_nothing_changes_where_nobody_writes():
    waits = f'<bpmn:intermediateCatchEvent id="between">{TIMER}</bpmn:intermediateCatchEvent>'

    assert check(between(waits)) == []


def test_a_way_through_an_event_on_a_condition_is_gone_with_a_value_for_which_it_is_true():
    when = (
        "<bpmn:conditionalEventDefinition><bpmn:condition>= kind = &quot;urgent&quot;</bpmn:condition>"
        "</bpmn:conditionalEventDefinition>"
    )

    assert tried(good(boundary("hurry", "fin", when), flow("hurry", "pay"))) is True
