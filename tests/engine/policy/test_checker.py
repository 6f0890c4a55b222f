"""Approve before pay on drawings: what must be refused at deploy, and what must not."""

from types import SimpleNamespace

import pytest

from engine import bpmn, policy
from engine.findings import Level
from engine.policy.regions import truth

CATALOG = {
    "erp.execute_payment": SimpleNamespace(guarded_by="payment.execute", outputs={}),
    "erp.post": SimpleNamespace(guarded_by=None, outputs={}),
}
PAY_001 = policy.read("""
- {id: PAY-001, title: 先审批, on: payment.execute, require: [{approval: finance_approval}], distinct: [requester]}
""")

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
  xmlns:troika="urn:troika:bpmn:1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d"
  targetNamespace="http://example.com">
<bpmn:error id="e1" name="short" errorCode="ERP.SHORT"/>
"""

START = '<bpmn:startEvent id="start"/>'
END = '<bpmn:endEvent id="end"/>'
PAY = """<bpmn:serviceTask id="pay" name="付款"><bpmn:extensionElements>
  <zeebe:taskDefinition type="erp.execute_payment"/></bpmn:extensionElements></bpmn:serviceTask>"""
GATEWAY = '<bpmn:exclusiveGateway id="ok" name="同意？" default="no"/>'
AGREED = 'approval.fin.outcome = "agree"'


def approval(name="fin", provides="finance_approval", extra="", mode="any") -> str:
    mark = f'<troika:policy provides="{provides}" subject="= request_id" subjectType="erp_payment_request"/>'
    return f"""<bpmn:userTask id="{name}" name="审批 {name}"><bpmn:extensionElements><zeebe:userTask/>
      <zeebe:assignmentDefinition assignee="fay"/><troika:approval mode="{mode}" onReject="flow"/>
      {mark if provides else ""}{extra}</bpmn:extensionElements></bpmn:userTask>"""


def task(name: str) -> str:
    return f"""<bpmn:serviceTask id="{name}" name="{name}"><bpmn:extensionElements>
      <zeebe:taskDefinition type="erp.post"/></bpmn:extensionElements></bpmn:serviceTask>"""


def flow(source: str, target: str, condition: str = "", name: str = "") -> str:
    text = condition.replace("<", "&lt;")
    inner = f"<bpmn:conditionExpression>= {text}</bpmn:conditionExpression>" if text else ""
    key = name or f"{source}_{target}"
    return f'<bpmn:sequenceFlow id="{key}" sourceRef="{source}" targetRef="{target}">{inner}</bpmn:sequenceFlow>'


def boundary(name: str, on: str, inner: str, interrupting: bool = True) -> str:
    cancel = "" if interrupting else ' cancelActivity="false"'
    return f'<bpmn:boundaryEvent id="{name}" attachedToRef="{on}"{cancel}>{inner}</bpmn:boundaryEvent>'


TIMER = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>"
ERROR = '<bpmn:errorEventDefinition errorRef="e1"/>'


def process(*parts: str, name: str = "p") -> str:
    return f'<bpmn:process id="{name}" name="{name}" isExecutable="true">{"".join(parts)}</bpmn:process>'


def check(*processes: str, policies=PAY_001, callees=lambda caller, node: None, **beside):
    reading = bpmn.read((HEAD + "".join(processes) + "</bpmn:definitions>").encode())
    assert reading.definition is not None, [str(finding) for finding in reading.findings]
    return policy.prove(reading.definition, CATALOG, policies=policies, callees=callees, **beside)


def good(*more: str, condition: str = AGREED, fin: str | None = None) -> str:
    return process(
        START, fin or approval(), GATEWAY, PAY, END, flow("start", "fin"), flow("fin", "ok"),
        flow("ok", "pay", condition), flow("ok", "end", name="no"), flow("pay", "end", name="paid"), *more,
    )  # fmt: skip


@pytest.mark.parametrize(
    "condition",
    [
        AGREED,
        '"agree" = approval.fin.outcome',
        'approval.fin.outcome != "reject"',
        'approval.fin.outcome = "agree" and amount < 100',
        '(amount < 100 or vip) and (approval.fin.outcome = "agree")',
        'not(approval.fin.outcome = "reject")',
    ],
)
def test_an_approval_whose_outcome_is_asked_is_proved(condition):
    assert check(good(condition=condition)) == []


@pytest.mark.parametrize(
    ("users", "holds"),
    [
        ("fay,cfo", True),
        ("fay", False),
        ('= ["fay", "cfo"]', True),
        ('= if has role("fay", "managers") then ["fay", "cfo"] else ["fay"]', True),
    ],
)
def test_how_many_people_an_approval_asks_is_counted_where_it_is_drawn(users, holds):
    """What the directory says decides it at run time: the gate counts."""
    two = policy.read("""
- {id: PAY-001, title: 先审批, on: payment.execute, require: [{approval: finance_approval, people: 2}]}
""")
    named = users.replace('"', "&quot;")
    fin = approval(mode="all").replace('assignee="fay"', f'candidateUsers="{named}"')

    found = check(good(fin=fin), policies=two)

    assert (found == []) is holds


@pytest.mark.parametrize(
    ("mode", "weights", "holds"),
    [
        ('ratio" threshold="2/3', {}, True),
        ('ratio" threshold="1/3', {}, False),
        ('ratio" threshold="1/3" strict="true', {}, True),
        ('ratio" threshold="1/3', {"fay": 9}, False),
        ('ratio" threshold="2/3" abstain="exclude', {}, False),
        ('ratio" threshold="most', {}, False),
        ('weight" threshold="60%', {"fay": 2, "cfo": 2}, True),
        ('weight" threshold="60%', {"fay": 4}, False),
        ('weight" threshold="4', {"fay": 3}, True),
        ('weight" threshold="9', {"fay": 3}, False),
        ('weight" threshold="60%', {"who": 2}, False),
        ('weight" threshold="1', {"fay": "0.5", "cfo": "0.5", "dan": "0.4"}, False),
        ('weight" threshold="60%', {"fay": "two"}, False),
    ],
)
def test_of_a_vote_those_are_counted_who_have_to_agree(mode, weights, holds):
    two = policy.read("""
- {id: PAY-001, title: 先审批, on: payment.execute, require: [{approval: finance_approval, people: 2}]}
""")
    weighed = "".join(f'<troika:weight user="{user}" value="{value}"/>' for user, value in weights.items())
    fin = approval(mode=mode).replace('assignee="fay"', 'candidateUsers="fay,cfo,dan"')
    fin = fin.replace('onReject="flow"/>', f'onReject="flow">{weighed}</troika:approval>')

    found = [one for one in check(good(fin=fin), policies=two) if one.rule == "policy-approval-missing"]

    assert (found == []) is holds


@pytest.mark.parametrize(
    "condition",
    [
        'approval.fin.outcome = "reject"',
        'approval.fin.outcome = "agree" or amount < 100',
        "amount < 100",
        'approval.other.outcome != "reject"',
        'if approval.fin.outcome = "agree" then true else vip',
        "approved",
        r'approval.fin.outcome = "re\u006aect"',
        r'"re\u006aect" = approval.fin.outcome',
    ],
)
def test_a_condition_that_lets_a_rejection_through_is_refused(condition):
    (finding,) = check(good(condition=condition))

    assert (finding.rule, finding.level, finding.element_id) == ("policy-approval-missing", Level.ERROR, "pay")
    assert finding.path[0] == "start"
    assert finding.path[-1] == "pay"


def test_a_payment_without_any_approval_is_refused_with_the_shortest_way():
    drawing = process(START, PAY, END, flow("start", "pay"), flow("pay", "end"))

    (finding,) = check(drawing)

    assert finding.path == ("start", "pay")
    assert "PAY-001" in str(finding)


def test_the_way_is_told_step_by_step_and_its_choices_in_one_line():
    (finding,) = check(good(condition="amount < 100"))

    said = [(step.element_id, step.message.format(**step.facts), step.flows) for step in finding.steps]
    assert said == [
        ("start", "'start' begins", ("start_fin",)),
        ("fin", "'审批 fin' is rejected", ("fin_ok",)),
        ("ok", "amount = 99: '同意？' goes on to '付款'", ("ok_pay",)),
        ("pay", "'付款' runs without finance_approval", ()),
    ]
    assert finding.facts["path"] == " → ".join(text for _, text, _ in said[1:])


def test_a_step_of_the_way_says_what_happens_at_the_boundary_and_in_a_called_process():
    called = process(approval(), name="sub")
    outer = process(
        START, '<bpmn:callActivity id="call" name="审批"><bpmn:extensionElements><zeebe:calledElement processId="sub"/>'
        "</bpmn:extensionElements></bpmn:callActivity>", boundary("late", "call", TIMER), PAY, END,
        flow("start", "call"), flow("call", "end"), flow("late", "pay"), flow("pay", "end", name="paid"),
    )  # fmt: skip

    finding = check(outer, called)[-1]

    said = [(step.within, step.element_id, step.message.format(**step.facts)) for step in finding.steps]
    assert said == [
        ("", "start", "'start' begins"), ("", "call", "'审批' begins"), ("", "late", "The time of '审批' runs out"),
        ("", "pay", "'付款' runs without finance_approval"),
    ]  # fmt: skip


def test_a_payment_class_is_guarded_even_before_any_policy_is_in_force():
    drawing = process(START, PAY, END, flow("start", "pay"), flow("pay", "end"))

    assert len(check(drawing, policies=())) == 1
    assert check(good(), policies=()) == []


def test_rejection_that_falls_through_the_default_flow_is_refused():
    drawing = process(
        START, approval(), GATEWAY, task("rework"), PAY, END, flow("start", "fin"), flow("fin", "ok"),
        flow("ok", "rework", 'approval.fin.outcome = "rejected"'), flow("ok", "pay", name="no"), flow("pay", "end"),
        flow("rework", "end"),
    )  # fmt: skip

    assert check(drawing)[0].path == ("start", "fin", "ok", "pay")


def test_an_unchecked_outcome_is_refused():
    assert check(process(START, approval(), PAY, END, flow("start", "fin"), flow("fin", "pay"), flow("pay", "end")))


def test_a_rejection_that_ends_the_instance_needs_no_gateway():
    ending = approval().replace('onReject="flow"', 'onReject="end"')

    assert check(process(START, ending, PAY, END, flow("start", "fin"), flow("fin", "pay"), flow("pay", "end"))) == []


@pytest.mark.parametrize("interrupting", [True, False])
def test_a_timer_boundary_of_the_approval_that_pays_is_refused(interrupting):
    drawing = good(boundary("late", "fin", TIMER, interrupting), flow("late", "pay"))

    assert check(drawing)[0].path[-2:] == ("late", "pay")


HOURLY = "<bpmn:timerEventDefinition><bpmn:timeCycle>R3/PT1H</bpmn:timeCycle></bpmn:timerEventDefinition>"
ROOTS = """<bpmn:message id="m1" name="m"/><bpmn:signal id="s1" name="s"/>
<bpmn:escalation id="x1" name="x" escalationCode="X"/>"""
AGAIN = {
    "cycle": HOURLY,
    "message": '<bpmn:messageEventDefinition messageRef="m1"/>',
    "signal": '<bpmn:signalEventDefinition signalRef="s1"/>',
    "escalation": '<bpmn:escalationEventDefinition escalationRef="x1"/>',
    "condition": (
        '<bpmn:conditionalEventDefinition><bpmn:condition>= day of week(today()) = "Monday"</bpmn:condition>'
        "</bpmn:conditionalEventDefinition>"
    ),
    "several": TIMER + '<bpmn:signalEventDefinition signalRef="s1"/>',
}


def beside(*events: str) -> str:
    """After the approval an activity with non-interrupting events, each of which pays."""
    within = f'<bpmn:subProcess id="w"><bpmn:startEvent id="in"/>{task("t")}{flow("in", "t")}</bpmn:subProcess>'
    return ROOTS + process(
        START, approval(), GATEWAY, within, PAY, END, flow("start", "fin"), flow("fin", "ok"), flow("ok", "w", AGREED),
        flow("ok", "end", name="no"), flow("w", "end"), flow("pay", "end"),
        *(boundary(f"b{n}", "w", event, False) + flow(f"b{n}", "pay") for n, event in enumerate(events)),
    )  # fmt: skip


@pytest.mark.parametrize("event", AGAIN.values(), ids=AGAIN.keys())
def test_an_event_beside_an_activity_that_can_happen_again_does_not_pay_again(event):
    (finding,) = check(beside(event))

    assert (finding.rule, finding.element_id) == ("policy-approval-missing", "pay")
    times = 1 if 'Ref="m1' in event or 'Ref="s1' in event else 2  # what has come may name another document
    assert (finding.path.count("b0"), finding.path.count("pay")) == (times, times)


def test_a_timer_beside_an_activity_that_runs_out_once_pays_once():
    assert check(beside(TIMER)) == []


def test_each_timer_beside_an_activity_runs_out_whatever_others_did_before():
    (finding,) = check(beside(TIMER, TIMER))

    assert {"b0", "b1"} <= set(finding.path)


def test_an_error_boundary_that_pays_is_refused():
    drawing = process(
        START, task("match"), boundary("bad", "match", ERROR), approval(), GATEWAY, PAY, END, flow("start", "match"),
        flow("match", "fin"), flow("fin", "ok"), flow("ok", "pay", AGREED), flow("ok", "end", name="no"),
        flow("pay", "end"), flow("bad", "pay"),
    )  # fmt: skip

    assert check(drawing)[0].path == ("start", "match", "bad", "pay")


def test_a_way_round_the_approval_is_refused():
    drawing = good('<bpmn:exclusiveGateway id="small" default="s2"/>').replace(
        flow("start", "fin"),
        flow("start", "small") + flow("small", "pay", "amount < 500") + flow("small", "fin", name="s2"),
    )

    assert check(drawing)[0].path == ("start", "small", "pay")


def test_another_capability_does_not_count():
    assert check(good(fin=approval(provides="stock_approval")))
    assert check(good(fin=approval(provides="")))


@pytest.mark.parametrize("extra", ['<troika:onEmpty do="autoPass"/>', '<troika:onSelf do="skip"/>'])
def test_an_automatic_pass_is_no_approval(extra):
    assert check(good(fin=approval(extra=extra)))


def test_handling_is_no_approval():
    assert check(good(fin=approval(mode="inform"), condition='approval.fin.outcome = "handled"'))


def test_approval_in_a_branch_that_is_joined_before_the_payment_is_proved():
    fork = '<bpmn:parallelGateway id="fork"/><bpmn:parallelGateway id="join"/>'
    drawing = process(
        START, fork, approval(), task("a"), task("b"), GATEWAY, PAY, END, flow("start", "fork"), flow("fork", "fin"),
        flow("fork", "a"), flow("fork", "b"), flow("fin", "join"), flow("a", "join"), flow("b", "join"),
        flow("join", "ok"), flow("ok", "pay", AGREED), flow("ok", "end", name="no"), flow("pay", "end"),
    )  # fmt: skip

    assert check(drawing) == []
    assert check(drawing.replace('<bpmn:parallelGateway id="join"/>', '<bpmn:exclusiveGateway id="join"/>'))


def test_an_approval_in_a_sibling_branch_does_not_count():
    drawing = process(
        START, '<bpmn:parallelGateway id="fork"/>', approval(), PAY, END, flow("start", "fork"), flow("fork", "fin"),
        flow("fork", "pay"), flow("fin", "end"), flow("pay", "end"),
    )  # fmt: skip

    assert check(drawing)[0].path == ("start", "fork", "pay")


def test_one_approval_does_not_pay_twice_in_a_loop():
    loop = '<bpmn:exclusiveGateway id="again" default="done"/>'
    drawing = good(loop).replace(
        flow("pay", "end", name="paid"),
        flow("pay", "again") + flow("again", "pay", "rest > 0") + flow("again", "end", name="done"),
    )

    assert check(drawing)[0].path[-3:] == ("pay", "again", "pay")


def test_a_failed_payment_may_be_tried_again_on_the_same_approval():
    drawing = good(boundary("failed", "pay", ERROR), flow("failed", "ok"))

    assert check(drawing) == []


def test_a_loop_back_to_the_approval_is_proved():
    drawing = good(task("rework")).replace(
        flow("ok", "end", name="no"), flow("ok", "rework", name="no") + flow("rework", "fin")
    )

    assert check(drawing) == []


def test_a_rejection_after_an_agreement_withdraws_it():
    second = approval("fin2")
    drawing = process(
        START, approval(), GATEWAY, second, PAY, END, flow("start", "fin"), flow("fin", "ok"),
        flow("ok", "fin2", AGREED), flow("ok", "end", name="no"), flow("fin2", "pay"), flow("pay", "end"),
    )  # fmt: skip

    assert check(drawing)


def test_a_payment_inside_a_sub_process_is_found_and_a_good_one_proved():
    inner = (
        f'<bpmn:subProcess id="sub" name="付款段"><bpmn:startEvent id="s1"/>{PAY}<bpmn:endEvent id="e9"/>'
        f"{flow('s1', 'pay')}{flow('pay', 'e9')}</bpmn:subProcess>"
    )
    bad = process(START, inner, END, flow("start", "sub"), flow("sub", "end"))
    fine = process(
        START, approval(), GATEWAY, inner, END, flow("start", "fin"), flow("fin", "ok"), flow("ok", "sub", AGREED),
        flow("ok", "end", name="no"), flow("sub", "end"),
    )  # fmt: skip

    assert check(bad)[0].element_id == "pay"
    assert check(fine) == []


CALL = """<bpmn:callActivity id="call" name="付款"><bpmn:extensionElements>
  <zeebe:calledElement processId="payer"/></bpmn:extensionElements></bpmn:callActivity>"""


def test_a_called_process_is_followed():
    payer = process(
        '<bpmn:startEvent id="c1"/>',
        PAY,
        '<bpmn:endEvent id="c2"/>',
        flow("c1", "pay"),
        flow("pay", "c2"),
        name="payer",
    )
    caller = process(
        START, approval(), GATEWAY, CALL, END, flow("start", "fin"), flow("fin", "ok"), flow("ok", "call", AGREED),
        flow("ok", "end", name="no"), flow("call", "end"), name="caller",
    )  # fmt: skip
    careless = process(START, CALL, END, flow("start", "call"), flow("call", "end"), name="careless")
    called = bpmn.read((HEAD + payer + "</bpmn:definitions>").encode()).definition.process("payer")

    assert check(caller, callees=lambda caller, node: called) == []
    assert check(careless, callees=lambda caller, node: called)[0].path == ("start", "call", "c1", "pay")


def test_a_rejection_in_a_called_process_takes_approvals_back_before_its_error_is_caught():
    """The caller pays where it catches: what it was permitted is gone with the rejection."""
    inner = process(
        '<bpmn:startEvent id="c1"/>', approval("again").replace('onReject="flow"', 'onReject="end"'),
        '<bpmn:endEvent id="c2"/>', flow("c1", "again"), flow("again", "c2"), name="q",
    )  # fmt: skip
    refused = boundary("refused", "call", "<bpmn:errorEventDefinition/>")
    caller = process(
        START, approval(), GATEWAY, CALL, refused, PAY, END, flow("start", "fin"), flow("fin", "ok"),
        flow("ok", "call", AGREED), flow("ok", "end", name="no"), flow("call", "end", name="done"),
        flow("refused", "pay"), flow("pay", "end", name="paid"), name="caller",
    )  # fmt: skip
    called = bpmn.read((HEAD + inner + "</bpmn:definitions>").encode()).definition.process("q")

    (finding,) = check(caller, callees=lambda caller, node: called)

    assert finding.path == ("start", "fin", "ok", "call", "c1", "again", "pay")


def waiting(join: str, fin: str = 'onReject="end" branchReject="waitOthers"') -> str:
    """Fork -> (fin | other) -> join -> pay"""
    ways = f'<bpmn:inclusiveGateway id="fork"/><bpmn:{join} id="join"/>'
    return process(
        START, ways, approval().replace('onReject="flow"', fin), approval("other", provides=""), PAY, END,
        flow("start", "fork"), flow("fork", "fin"), flow("fork", "other"), flow("fin", "join"), flow("other", "join"),
        flow("join", "pay"), flow("pay", "end"),
    )  # fmt: skip


def test_a_rejection_that_waits_holds_an_inclusive_join():
    """The other branch is done, the join still waits for the rejected one: nothing is paid behind it."""
    assert check(waiting("inclusiveGateway")) == []


def test_a_rejection_that_waits_lets_the_other_branch_pay_where_nothing_joins_them():
    assert check(waiting("exclusiveGateway"))[0].path[-1] == "pay"


def test_a_rejection_that_waits_and_goes_back_leaves_no_approval_behind():
    drawing = waiting("inclusiveGateway", 'onReject="initiator" branchReject="waitOthers"')
    request = approval("request", provides="").replace("<bpmn:userTask", '<bpmn:userTask troika:request="true"', 1)
    asked = drawing.replace(flow("start", "fork"), request + flow("start", "request") + flow("request", "fork"))

    assert check(asked) == []


def test_a_call_that_cannot_be_followed_beside_a_payment_is_unproved():
    drawing = good(CALL, flow("call", "end"))

    assert [finding.rule for finding in check(drawing)] == ["policy-unproved"]


def test_a_process_without_guarded_operations_is_not_asked_anything():
    assert check(process(START, task("a"), CALL, END, flow("start", "a"), flow("a", "call"), flow("call", "end"))) == []


def test_a_wide_block_stays_within_the_budget():
    branches = [f"b{n}" for n in range(6)]
    parts = [task(name) + flow("fork", name) + flow(name, "join") for name in branches]
    drawing = process(
        START, '<bpmn:parallelGateway id="fork"/><bpmn:parallelGateway id="join"/>', *parts, approval(), GATEWAY, PAY,
        END, flow("start", "fork"), flow("join", "fin"), flow("fin", "ok"), flow("ok", "pay", AGREED),
        flow("ok", "end", name="no"), flow("pay", "end"),
    )  # fmt: skip

    assert check(drawing) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('= approval.fin.outcome = "agree"', True),
        ('approval.fin.outcome = "reject"', False),
        ('not(approval.fin.outcome = "agree")', False),
        ('approval.fin.outcome = "agree" and x', None),
        ('approval.fin.outcome = "reject" and x', False),
        ('x or approval.fin.outcome = "agree"', True),
        ('"or" = approval.fin.outcome', False),
        ('approval.later.outcome = "agree"', False),
        ('f("and", approval.fin.outcome)', None),
        (r'approval.fin.outcome = "\u0061gree"', True),
        (r'approval.fin.outcome != "\u0061gree"', False),
        ('approval.fin.outcome = /* and false and */ "agree"', True),
        ('approval.fin.outcome = // or true or\n "reject"', False),
        ('approval.`fin`.outcome = "agree"', True),
        ('approval.fin-2.outcome != "reject"', None),
        ('approval.fin.outcome in ("agree")', None),
        ("true", True),
        ("amount between 1 and 2", None),
        (None, None),
    ],
)
def test_conditions_are_read_in_three_values(text, expected):
    assert truth(text, {"fin": "agree"}) is expected


# ---------------------------------------------------------------- events that leave the drawn flow


def handler(key: str, trigger: str, *inner: str, interrupting: bool = True) -> str:
    isolated = "" if interrupting else ' isInterrupting="false"'
    start = f'<bpmn:startEvent id="{key}_start"{isolated}>{trigger}</bpmn:startEvent>'
    return f'<bpmn:subProcess id="{key}" triggeredByEvent="true">{start}{"".join(inner)}</bpmn:subProcess>'


def paths(findings) -> list:
    return [(finding.rule, finding.element_id, finding.path) for finding in findings]


@pytest.mark.parametrize("interrupting", [True, False])
def test_an_event_sub_process_that_pays_without_approval_is_refused(interrupting):
    pays = handler("late", TIMER, PAY, END, flow("late_start", "pay"), flow("pay", "end"), interrupting=interrupting)

    found = check(process(START, task("wait"), flow("start", "wait"), pays))

    assert [finding.rule for finding in found] == ["policy-approval-missing"]
    assert found[0].path[-3:] == ("late", "late_start", "pay")


def test_an_event_sub_process_that_asks_before_it_pays_is_proved():
    asks = handler(
        "late", TIMER, approval(), GATEWAY, PAY, END, flow("late_start", "fin"), flow("fin", "ok"),
        flow("ok", "pay", AGREED), flow("ok", "end", name="no"), flow("pay", "end", name="paid"),
    )  # fmt: skip

    assert check(process(START, task("wait"), flow("start", "wait"), asks)) == []


def test_an_approval_given_outside_does_not_pay_in_an_event_sub_process_that_never_asks():
    beside = handler("again", TIMER, PAY, END, flow("again_start", "pay"), flow("pay", "end"), interrupting=False)
    main = (START, approval(), task("book"), flow("start", "fin"), flow("fin", "book"))

    assert [finding.rule for finding in check(process(*main, beside))] == ["policy-approval-missing"]


def test_an_error_reaches_the_event_sub_process_that_pays():
    throws = f'<bpmn:endEvent id="bad">{ERROR}</bpmn:endEvent>'
    inner = f'<bpmn:startEvent id="s"/>{throws}{flow("s", "bad")}'
    caught = handler("short", ERROR, PAY, END, flow("short_start", "pay"), flow("pay", "end"))

    found = check(
        process(START, f'<bpmn:subProcess id="part">{inner}{caught}</bpmn:subProcess>', flow("start", "part"))
    )

    assert [finding.rule for finding in found] == ["policy-approval-missing"]


def link(name: str, tag: str) -> str:
    return f'<bpmn:{tag} id="{tag}"><bpmn:linkEventDefinition name="{name}"/></bpmn:{tag}>'


def test_a_link_is_a_way_like_a_flow():
    def jump(*more: str) -> list:
        linked = (link("A", "intermediateThrowEvent"), link("A", "intermediateCatchEvent"), PAY, END)
        lines = (flow("intermediateCatchEvent", "pay"), flow("pay", "end", name="paid"))
        return check(process(START, *linked, *lines, *more))

    round_ = flow("start", "intermediateThrowEvent")
    asked = (
        approval(), GATEWAY, flow("start", "fin"), flow("fin", "ok"), flow("ok", "intermediateThrowEvent", AGREED),
        flow("ok", "end", name="no"),
    )  # fmt: skip
    assert paths(jump(round_)) == [
        ("policy-approval-missing", "pay", ("start", "intermediateThrowEvent", "intermediateCatchEvent", "pay"))
    ]
    assert jump(*asked) == []


def test_a_complex_gateway_may_fire_before_the_approval_has_come():
    gateway = (
        '<bpmn:complexGateway id="any"><bpmn:activationCondition>= activationCount &gt;= 1</bpmn:activationCondition>'
        "</bpmn:complexGateway>"
    )
    fork = '<bpmn:parallelGateway id="fork"/>'
    both = (flow("start", "fork"), flow("fork", "fin"), flow("fork", "book"), flow("fin", "any"), flow("book", "any"))
    pays = (flow("any", "pay"), flow("pay", "end"))

    found = check(process(START, fork, approval(), task("book"), gateway, PAY, END, *both, *pays))

    assert [finding.rule for finding in found] == ["policy-approval-missing"]


def test_an_event_based_gateway_that_waits_for_all_its_messages_runs_all_of_their_ways():
    def caught(name: str) -> str:
        return f'<bpmn:receiveTask id="{name}"/>'

    gateway = '<bpmn:eventBasedGateway id="g" instantiate="true" eventGatewayType="Parallel"/>'
    found = check(
        process(
            gateway, caught("a"), caught("b"), approval(), PAY, END, flow("g", "a"), flow("g", "b"), flow("a", "fin"),
            flow("b", "pay"), flow("pay", "end"),
        )
    )  # fmt: skip

    assert [finding.rule for finding in found] == ["policy-approval-missing"]


def test_compensation_beside_a_payment_is_unproved():
    undo = handler("undo", "<bpmn:compensateEventDefinition/>", END, flow("undo_start", "end2"))

    found = check(good(undo.replace('id="end"', 'id="end2"')))

    assert ("policy-unproved", "undo") in [(finding.rule, finding.element_id) for finding in found]


# ---------------------------------------------------------------- loops, ad-hoc, transactions, compensation

ITEMS = (
    '<bpmn:multiInstanceLoopCharacteristics isSequential="{}"><bpmn:loopCardinality>= n</bpmn:loopCardinality>'
    "</bpmn:multiInstanceLoopCharacteristics>"
)
ROUNDS = (
    "<bpmn:standardLoopCharacteristics><bpmn:loopCondition>= more</bpmn:loopCondition>"
    "</bpmn:standardLoopCharacteristics>"
)
MARKERS = [ITEMS.format("true"), ITEMS.format("false"), ROUNDS]


def marked(activity: str, marker: str) -> str:
    place = activity.index("</bpmn:extensionElements>") + len("</bpmn:extensionElements>")
    return activity[:place] + marker + activity[place:]


def inside(tag: str, *parts: str, marker: str = "") -> str:
    """Approve and pay inside an activity with an inner life."""
    return f'<bpmn:{tag} id="s">{marker}{"".join(parts)}</bpmn:{tag}>'


CHECKED = (
    '<bpmn:startEvent id="in"/>', approval(), GATEWAY, PAY, '<bpmn:endEvent id="out"/>', flow("in", "fin"),
    flow("fin", "ok"), flow("ok", "pay", AGREED), flow("ok", "out", name="no"), flow("pay", "out", name="paid"),
)  # fmt: skip


def around(activity: str, *more: str) -> str:
    return process(START, activity, END, flow("start", "s"), flow("s", "end"), *more)


@pytest.mark.parametrize("marker", MARKERS)
def test_one_approval_does_not_pay_for_every_turn(marker):
    (finding,) = check(good().replace(PAY, marked(PAY, marker)))
    assert (finding.rule, finding.element_id, finding.path[-1]) == ("policy-approval-missing", "pay", "pay")


@pytest.mark.parametrize("marker", MARKERS)
def test_a_loop_beside_the_payment_changes_nothing(marker):
    drawing = good(marked(task("note"), marker)).replace(
        flow("start", "fin"), flow("start", "note") + flow("note", "fin")
    )
    assert check(drawing) == []


@pytest.mark.parametrize("marker", [ITEMS.format("true"), ROUNDS])
def test_turns_that_approve_and_pay_one_after_the_other_are_proved(marker):
    assert check(around(inside("subProcess", *CHECKED, marker=marker))) == []


def test_instances_beside_each_other_are_not_told_apart():
    (finding,) = check(around(inside("subProcess", *CHECKED, marker=ITEMS.format("false"))))
    assert (finding.rule, finding.element_id) == ("policy-approval-missing", "pay")


@pytest.mark.parametrize("marker", ["", *MARKERS])
def test_turns_that_pay_without_approval_are_found(marker):
    bare = inside("subProcess", '<bpmn:startEvent id="in"/>', PAY, flow("in", "pay"), marker=marker)
    assert [finding.element_id for finding in check(around(bare))] == ["pay"]


def test_an_ad_hoc_sub_process_pays_in_any_order():
    (finding,) = check(around(inside("adHocSubProcess", approval(), PAY)))
    assert (finding.rule, finding.element_id) == ("policy-approval-missing", "pay")


def test_an_ad_hoc_sub_process_in_which_an_approval_leads_to_the_payment_is_proved_until_it_pays_twice():
    chain = (
        approval(),
        GATEWAY,
        PAY,
        flow("fin", "ok"),
        flow("ok", "pay", AGREED),
        flow("ok", "rest", name="no"),
        task("rest"),
    )
    (finding,) = check(around(inside("adHocSubProcess", *chain)))
    assert finding.path.count("fin") == 2, "two at once are not told apart"


def test_all_that_no_flow_leads_to_begins_together():
    drawing = around(inside("subProcess", approval(), task("t"), PAY, flow("t", "pay")))
    assert [finding.element_id for finding in check(drawing)] == ["pay"]


def test_a_process_without_a_start_event_begins_at_all_that_no_flow_leads_to():
    join = '<bpmn:parallelGateway id="join"/>'
    both = (flow("a", "join"), flow("b", "join"), flow("pay", "end"))

    (finding,) = check(process(task("a"), task("b"), join, PAY, END, *both, flow("join", "pay")))
    assert finding.path == ("a", "b", "join", "pay")

    asked = (approval(), GATEWAY, flow("join", "fin"), flow("fin", "ok"), flow("ok", "pay", AGREED))
    refused = flow("ok", "end", name="no")
    assert check(process(task("a"), task("b"), join, PAY, END, *both, *asked, refused)) == []


def test_a_process_without_a_start_event_may_be_begun_at_one_place():
    first = '<bpmn:inclusiveGateway id="first"/>'
    waits = (flow("fin", "first"), flow("b", "first"), flow("first", "pay"), flow("pay", "end"))
    ending = approval().replace('onReject="flow"', 'onReject="end"')

    (finding,) = check(process(ending, task("b"), first, PAY, END, *waits))
    assert finding.path == ("b", "first", "pay")


def test_a_transaction_is_read_like_a_sub_process():
    assert check(around(inside("transaction", *CHECKED))) == []


def test_a_cancelled_transaction_goes_on_at_its_cancel_event():
    cancel = '<bpmn:endEvent id="stop"><bpmn:cancelEventDefinition/></bpmn:endEvent>'
    body = inside("transaction", '<bpmn:startEvent id="in"/>', task("t"), cancel, flow("in", "t"), flow("t", "stop"))
    caught = boundary("cancelled", "s", "<bpmn:cancelEventDefinition/>")
    (finding,) = check(around(body, caught, PAY, flow("cancelled", "pay")))
    assert finding.path == ("start", "s", "in", "t", "stop", "pay")


def undone_by(handler: str) -> str:
    head, _, rest = handler.partition(" id=")
    return boundary("undo", "note", "<bpmn:compensateEventDefinition/>") + f'{head} isForCompensation="true" id={rest}'


LINK = '<bpmn:association id="a" sourceRef="undo" targetRef="{}"/>'


THROWN = '<bpmn:intermediateThrowEvent id="back"><bpmn:compensateEventDefinition/></bpmn:intermediateThrowEvent>'
UNDONE = (
    START, task("note"), undone_by(PAY), LINK.format("pay"), approval(), GATEWAY, THROWN, END, flow("back", "end"),
)  # fmt: skip


def test_a_handler_of_compensation_pays_when_what_it_undoes_has_completed_and_it_is_thrown():
    unasked = process(*UNDONE, flow("start", "note"), flow("note", "back"))
    (finding,) = check(unasked)
    assert (finding.rule, finding.path) == ("policy-approval-missing", ("start", "note", "note", "back", "back", "pay"))
    assert finding.facts["confirmed"]

    asks = (flow("fin", "ok"), flow("ok", "back", AGREED), flow("ok", "end", name="no"))
    assert check(process(*UNDONE, flow("start", "note"), flow("note", "fin"), *asks)) == []
    assert check(process(*UNDONE, flow("start", "fin"), flow("fin", "note"), flow("note", "end"))) == []


def test_handlers_of_compensation_run_in_reverse_and_the_first_payment_uses_up_the_approval():
    more = PAY.replace('"pay"', '"more"')
    later = task("later") + undone_by(more).replace('"undo"', '"undo2"').replace('"note"', '"later"')
    asks = (flow("fin", "ok"), flow("ok", "back", AGREED), flow("ok", "end", name="no"))
    link = LINK.replace('"a"', '"a2"').replace('"undo"', '"undo2"').format("more")
    lines = (flow("start", "note"), flow("note", "later"), flow("later", "fin"))

    (finding,) = check(process(*UNDONE, later, link, *lines, *asks))

    assert finding.element_id == "pay"


def test_a_handler_of_compensation_in_a_loop_is_not_proved():
    """Each round keeps the variables that it had."""
    loop = task("note").replace("</bpmn:serviceTask>", "<bpmn:standardLoopCharacteristics/></bpmn:serviceTask>")
    drawing = process(START, loop, *UNDONE[2:], flow("start", "note"), flow("note", "back"))
    assert [(finding.rule, finding.element_id) for finding in check(drawing)] == [("policy-unproved", "pay")]


INSIDE = (
    '<bpmn:startEvent id="s0"/>', task("note"), undone_by(PAY), '<bpmn:endEvent id="s1"/>', flow("s0", "note"),
    flow("note", "s1"), LINK.format("pay"),
)  # fmt: skip
LEFT = {
    "in rounds": '<bpmn:subProcess id="S"><bpmn:standardLoopCharacteristics/>{}</bpmn:subProcess>',
    "behind inputs": '<bpmn:subProcess id="S"><bpmn:extensionElements><zeebe:ioMapping><zeebe:input source="= 1" '
    'target="request_id"/></zeebe:ioMapping></bpmn:extensionElements>{}</bpmn:subProcess>',
    "in a handler of events": '<bpmn:subProcess id="S" triggeredByEvent="true">{}</bpmn:subProcess>',
}  # fmt: skip


WHY = {
    "in rounds": "'付款' undoes a step, and what it undoes runs in a loop",
    "behind inputs": "stands behind an input mapping",
    "in a handler of events": "stands in an event sub-process",
}  # fmt: skip


@pytest.mark.parametrize("where", LEFT)
def test_a_handler_of_compensation_that_sees_variables_as_they_were_is_not_proved(where):
    inside, lines = "".join(INSIDE), [flow("start", "S"), flow("S", "back")]
    if where == "in a handler of events":
        inside, lines = inside.replace('id="s0"/>', f'id="s0">{TIMER}</bpmn:startEvent>'), [flow("start", "back")]
    xml = process(START, LEFT[where].format(inside), THROWN, END, flow("back", "end"), *lines)

    told = {finding.element_id: str(finding) for finding in check(xml) if finding.rule == "policy-unproved"}
    assert WHY[where] in told["pay"]


def test_a_handler_of_compensation_is_not_proved_in_a_call_nor_from_where_a_request_stands():
    called = process(*INSIDE, name="payer")
    drawn = process(START, CALL, flow("start", "call"), flow("call", "back"), THROWN, END, flow("back", "end"))
    (left,) = check(drawn, called)
    assert (left.rule, left.element_id) == ("policy-unproved", "pay")
    assert "belongs to a called process, which is undone after its end" in str(left)

    stands = process(*UNDONE, flow("start", "fin"), flow("fin", "note"), flow("note", "end"))
    assert check(stands) == []
    assert [one.rule for one in check(stands, begin=lambda space: space.starts())] == ["policy-unproved"]


def test_a_handler_of_compensation_that_does_something_else_leaves_the_proof_alone():
    drawing = good(task("note"), undone_by(task("forget")), LINK.format("forget")).replace(
        flow("start", "fin"), flow("start", "note") + flow("note", "fin")
    )
    assert check(drawing) == []


def test_token_quantities_beside_a_payment_are_not_proved():
    drawing = good().replace('<bpmn:userTask id="fin"', '<bpmn:userTask completionQuantity="2" id="fin"')
    assert "policy-unproved" in [finding.rule for finding in check(drawing)]


# ---------------------------------------------------------------- which document an approval is about


def swapped(task_xml: str, *more: str) -> str:
    """Approved, then `swap` runs, then paid."""
    objects = '<bpmn:dataObject id="Request" name="request_id"/><bpmn:dataObject id="Other" name="other"/>'
    body = objects + START + approval() + GATEWAY + task_xml + PAY + END
    for source, target, text in (
        ("start", "fin", ""),
        ("fin", "ok", ""),
        ("ok", "swap", AGREED),
        ("swap", "pay", ""),
        ("pay", "end", ""),
    ):
        body += flow(source, target, text)
    return process(body, flow("ok", "end", name="no"), *more)


def writing(target: str, inner: str = "") -> str:
    return f"""<bpmn:userTask id="swap" name="swap"><bpmn:extensionElements><zeebe:userTask/>
      <zeebe:assignmentDefinition assignee="fay"/></bpmn:extensionElements>
      <bpmn:ioSpecification><bpmn:dataOutput id="o" name="o"/><bpmn:inputSet/>
      <bpmn:outputSet><bpmn:dataOutputRefs>o</bpmn:dataOutputRefs></bpmn:outputSet></bpmn:ioSpecification>
      <bpmn:dataOutputAssociation><bpmn:sourceRef>o</bpmn:sourceRef><bpmn:targetRef>{target}</bpmn:targetRef>{inner}</bpmn:dataOutputAssociation>
      </bpmn:userTask>"""


SCRIPT = """<bpmn:scriptTask id="swap"><bpmn:extensionElements>
  <zeebe:script expression="= 1" resultVariable="request_id"/>
  </bpmn:extensionElements></bpmn:scriptTask>"""
MAPPED = """<bpmn:serviceTask id="swap"><bpmn:extensionElements><zeebe:taskDefinition type="erp.post"/><zeebe:ioMapping>
  <zeebe:output source="= 1" target="request_id.part"/></zeebe:ioMapping></bpmn:extensionElements></bpmn:serviceTask>"""
ASSIGNED = "<bpmn:assignment><bpmn:from>o</bpmn:from><bpmn:to>request_id.part</bpmn:to></bpmn:assignment>"


@pytest.mark.parametrize(
    "swap",
    [writing("Request"), writing("Request", ASSIGNED), SCRIPT, MAPPED],
    ids=["copied", "assigned", "script", "mapping"],
)
def test_who_writes_which_document_is_approved_undoes_the_approval(swap):
    (finding,) = check(swapped(swap))
    assert (finding.rule, finding.element_id, finding.path) == (
        "policy-approval-missing",
        "pay",
        ("start", "fin", "ok", "swap", "pay"),
    )


def test_a_write_of_something_else_leaves_the_approval():
    assert check(swapped(writing("Other"))) == []


def test_what_a_boundary_event_brings_undoes_the_approval_too():
    caught = boundary(
        "late",
        "swap",
        '<bpmn:dataOutput id="w" name="w"/><bpmn:dataOutputAssociation><bpmn:sourceRef>w</bpmn:sourceRef>'
        "<bpmn:targetRef>Request</bpmn:targetRef></bpmn:dataOutputAssociation><bpmn:outputSet/>" + ERROR,
    )
    (finding,) = check(swapped(task("swap") + caught, flow("late", "pay")))
    assert finding.path == ("start", "fin", "ok", "swap", "late", "pay")


@pytest.mark.parametrize("effort", [policy.DEPLOYING._replace(states=2), policy.DEPLOYING._replace(steps=2)])
def test_what_takes_more_than_its_budget_is_not_proved_and_blocks(effort):
    assert check(good()) == []

    (finding,) = check(good(), effort=effort)

    assert finding.rule == "policy-unproved"
    assert finding.level is Level.ERROR
    assert "too many independent branches (" in str(finding)


def test_a_search_ends_where_nothing_is_left_to_find():
    """Behind a payment that nobody approved stand branches that lead back to it: thousands of states."""
    branches = [f"b{number}" for number in range(6)]
    back = [approval(name, provides="") + flow("fork", name) + flow(name, "pay") for name in branches]
    drawing = process(
        START, PAY, *back, '<bpmn:parallelGateway id="fork"/>', flow("start", "pay"), flow("pay", "fork")
    )  # fmt: skip

    (finding,) = check(drawing, effort=policy.DEPLOYING._replace(states=20))

    assert (finding.rule, finding.path) == ("policy-approval-missing", ("start", "pay"))


def test_a_deployment_looks_at_more_than_somebody_who_draws_waits_for():
    assert all(more > less for more, less in zip(policy.DEPLOYING, policy.DRAWING, strict=True))


def test_while_it_is_drawn_a_way_is_told_and_not_tried():
    (finding,) = check(good(condition="amount > 500"), replay=False)

    assert finding.facts["confirmed"] is None
    assert str(finding.facts["path"]) in str(finding)
    assert "Confirmed" not in str(finding)


CONDITIONAL = policy.read("""
- {id: PAY-002, title: 大额, on: payment.execute, distinct: [requester], require: [{approval: finance_approval},
   {approval: cfo_approval, when: "= facts.amount >= 200000"}]}
""")


@pytest.mark.parametrize(("drawn", "told"), [(False, "gate"), (True, "proved")])
def test_an_approval_on_a_condition_is_proved_only_where_every_way_has_it(drawn, told):
    """Otherwise the gate judges the condition, and nobody is told that it was proved."""
    second = approval("cfo", provides="cfo_approval") + flow("fin", "cfo")
    asks = AGREED + ' and approval.cfo.outcome = "agree"' if drawn else AGREED
    xml = process(
        START, approval(), GATEWAY, PAY, END, second if drawn else "", flow("start", "fin"),
        flow("cfo" if drawn else "fin", "ok"), flow("ok", "pay", asks), flow("ok", "end"), flow("pay", "end"),
    )  # fmt: skip
    definition = bpmn.read((HEAD + xml + "</bpmn:definitions>").encode()).definition

    (verdict,) = policy.verdicts(definition, CATALOG, policies=CONDITIONAL)

    assert verdict.findings == ()
    assert verdict.about(CONDITIONAL[0]) == told
