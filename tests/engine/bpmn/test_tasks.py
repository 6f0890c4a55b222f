"""Tasks of every kind: what they ask for, what they write, how they leave."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from engine import bpmn, dmn
from engine.bpmn import steps
from engine.bpmn.steps import Approval, Assignment, Capability, FieldRule
from engine.errors import NoSuchWait, ReservedName
from tests.engine.bpmn.drawing import (
    END,
    START,
    Play,
    drawing,
    element,
    errors,
    extensions,
    flows,
    mapping,
    script,
    service,
    user,
)


def line(*parts: str, roots: str = "") -> bytes:
    """start, the given nodes in a row, end."""
    keys = [part.split('id="', 1)[1].split('"', 1)[0] for part in parts]
    return drawing(START + "".join(parts) + END + flows(f"start {' '.join(keys)} end"), roots)


def test_user_task_waits_for_its_completion_and_writes_what_was_entered():
    play = Play(line(user("approve")), {"amount": 5})

    play.complete("approve", amount=7, note="ok")

    assert play.step.ended == "completed"
    assert play.variables == {"amount": 7, "note": "ok"}
    assert play.path == ["start", "approve", "end"]


@pytest.mark.parametrize(
    ("asked", "on_reject"), [
        ('approval.fin.outcome = "agree"', "flow"),
        ("approval . fin /* what was it? */ != null", "flow"),
        ('string length(approval.fin.outcome) = 5 or approval.fin2.outcome = "agree"', "flow"),
        ('approval.fin2.outcome = "agree"', "end"),
        ('text = "approval.fin"', "end"),
    ],
)  # fmt: skip
def test_a_rejection_ends_the_request_unless_a_flow_asks_about_it_where_nothing_is_drawn(asked, on_reject):
    gate = element("exclusiveGateway", "x", default="x_end")
    body = START + END + user("fin", '<troika:approval mode="any"/>') + gate + element("task", "t")

    play = Play(drawing(body + flows("start fin x", "x end", f"x t ? {asked}", "t end")))

    (fact,) = play.all(steps.WorkOpened)
    assert fact.work.approval.on_reject == on_reject


def test_user_task_asks_for_everything_that_was_drawn_about_it():
    task = (
        '<userTask id="fin" name="财务审批">'
        + extensions(
            "<zeebe:userTask/>",
            '<zeebe:formDefinition formId="oa/approval"/>',
            '<zeebe:taskSchedule dueDate="= now() + duration(&quot;P3D&quot;)" followUpDate="2026-12-01"/>',
            '<zeebe:priorityDefinition priority="60"/>',
            '<troika:label lang="en">Approve</troika:label>',
            '<troika:assignment strategy="deptLeaderChain" from="1" to="= levels"/>',
            '<troika:approval mode="ratio" threshold="2/3" onReject="end"/>',
            '<troika:onEmpty do="users" users="u7"/><troika:onSelf do="manager"/>',
            '<troika:fields default="read"><troika:field id="cost" perm="write" required="true"/></troika:fields>',
            '<troika:buttons agree="核准" transfer="true"/>',
            '<troika:opinion required="always" phrases="同意|请补"/>',
            '<troika:policy provides="finance_approval" subject="= request" subjectType="erp_payment_request"/>',
        )
        + "</userTask>"
    )

    play = Play(line(task), {"levels": 3, "request": "r-1"})

    (fact,) = play.all(steps.WorkOpened)
    assert fact.work == steps.Work(
        name="财务审批",
        assignment=Assignment("deptLeaderChain", {"from": "1", "to": 3}),
        approval=Approval("ratio", {"threshold": "2/3"}, "end"),
        form="oa/approval",
        fields=(FieldRule("cost", "write", True),),
        default_permission="read",
        due=datetime(2026, 11, 26, 1, 0, tzinfo=UTC),
        follow_up=datetime(2026, 12, 1, 15, 59, 59, tzinfo=UTC),
        priority=60,
        buttons={"agree": "核准", "transfer": "true", "phrases": ["同意", "请补"]},
        opinion="always",
        on_empty="users:u7",
        on_self="manager",
        capability=Capability("finance_approval", "r-1", "erp_payment_request"),
        labels={"en": "Approve"},
    )


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ('assignee="bob"', Assignment("user", {"users": ["bob"]})),
        ('assignee="= process.initiator"', Assignment("user", {"users": [{"login": "ann"}]})),
        ('candidateUsers="bob, cai"', Assignment("users", {"users": ["bob", "cai"]})),
        ('candidateGroups="= [&quot;finance&quot;]"', Assignment("groups", {"groups": ["finance"]})),
        ('assignee="= nobody"', Assignment("user", {"users": []})),
    ],
)
def test_zeebe_assignment_becomes_a_strategy(written, asked):
    task = element("userTask", "t", f"<zeebe:assignmentDefinition {written}/>")

    play = Play(line(task), process={"initiator": {"login": "ann"}})

    assert play.all(steps.WorkOpened)[0].work.assignment == asked


def test_outcome_of_an_approval_is_readable_by_conditions_and_stays_in_the_state():
    body = START + user("fin") + '<exclusiveGateway id="ok" default="ok_no"/>' + user("no") + END
    play = Play(
        drawing(body + flows("start fin ok no", 'ok end ? approval.fin.outcome = "agree" and approval.fin.agreed = 2'))
    )

    play.complete("fin", {"outcome": "agree", "agreed": 2, "by": ["bob"], "at": play.now})

    assert play.step.ended == "completed"
    assert bpmn.approvals(play.state)["fin"]["outcome"] == "agree"


def test_reserved_names_are_refused_as_variables():
    play = Play(line(user("t")))

    with pytest.raises(ReservedName):
        bpmn.complete(play.state, play.token("t"), {"approval": 1}, now=play.now, env=play.env)
    assert errors(line(script("s", "1", "process"))) == {"reserved-name": "s"}


def test_a_due_date_that_is_none_is_an_incident_which_a_repair_resolves():
    task = element("userTask", "t", '<zeebe:taskSchedule dueDate="= deadline"/>')
    play = Play(line(task), {"deadline": True})
    assert play.incidents == {"t": "due-not-a-date"}
    assert play.detail("t")["read"] == {"deadline": "boolean"}

    play.resume("t", deadline=timedelta(days=2))

    assert play.all(steps.WorkOpened)[0].work.due == play.now + timedelta(days=2)


def test_service_task_opens_a_job_with_mapped_inputs_and_maps_its_results():
    task = service(
        "s", "erp.reserve", in_order="= id", in_lines="= [1, 2]", out_stock__reserved="= ok", out_kind="text"
    )
    play = Play(line(task), {"id": "o-1", "stock": {"item": "bolt"}})

    (job,) = play.all(steps.JobOpened)
    assert (job.type, job.inputs) == ("erp.reserve", {"order": "o-1", "lines": [1, 2]})

    play.complete("s", ok=True, hidden=1)

    assert play.variables == {"id": "o-1", "stock": {"item": "bolt", "reserved": True}, "kind": "text"}


def test_without_an_output_mapping_every_name_of_the_result_is_written():
    play = Play(line(service("s", in_order="= id")), {"id": 1})

    play.complete("s", order="changed", more=Decimal("1.50"))

    assert play.variables == {"id": 1, "order": "changed", "more": Decimal("1.50")}


def test_input_mapping_of_a_user_task_is_what_its_form_reads_and_is_not_written_back():
    play = Play(line(user("t", in_amount="= total * 2", out_note="= note")), {"total": 4})
    token = play.token("t")

    assert bpmn.variables(play.state, 0, token) == {"total": 4, "amount": 8}
    assert bpmn.variables(play.state) == {"total": 4}

    play.complete("t", amount=9, note="ok")
    assert play.variables == {"total": 4, "note": "ok"}


def test_local_completion_is_seen_by_the_output_mapping_alone():
    play = Play(line(service("s", out_total="= a + b")))

    step = bpmn.complete(play.state, play.token("s"), {"a": 1, "b": 2}, now=play.now, env=play.env, local=True)

    assert bpmn.variables(step.state) == {"total": 3}


def test_nested_targets_never_change_a_value_in_place():
    first = {"inner": {"a": 1}}
    play = Play(line(service("s", out_box__inner__b="= 2")), {"box": first, "copy": first})

    play.complete("s")

    assert play.variables == {"box": {"inner": {"a": 1, "b": 2}}, "copy": {"inner": {"a": 1}}}
    assert first == {"inner": {"a": 1}}


def test_retries_of_a_job_follow_the_drawing():
    task = element("serviceTask", "s", '<zeebe:taskDefinition type="a.b" retries="5"/>', troika__async="true")
    (job,) = Play(line(task)).all(steps.JobOpened)
    assert (job.retry, job.asynchronous) == ("R4/PT1M", True)

    task = element("serviceTask", "s", '<zeebe:taskDefinition type="a.b"/>', '<troika:retry cycle="R2/PT5M"/>')
    assert Play(line(task)).all(steps.JobOpened)[0].retry == "R2/PT5M"


def test_a_failed_job_stays_open_with_an_incident_and_resume_asks_again_under_a_new_number():
    play = Play(line(service("s", in_n="= n")), {"n": 1})
    first = play.token("s")

    play.fail("s", "timeout", attempts=3)
    assert play.incidents == {"s": "timeout"}
    assert play.waits == ["s"]

    play.resume("s", n=2)
    assert play.incidents == {}
    assert play.token("s") != first
    assert play.all(steps.JobOpened)[-1].inputs == {"n": 2}
    assert not bpmn.is_open(play.state, first)


def test_a_failed_job_may_still_be_completed():
    play = Play(line(service("s")))
    play.fail("s")

    play.complete("s", done=True)

    assert play.step.ended == "completed"


def test_a_second_answer_to_a_wait_is_stale_and_changes_nothing():
    play = Play(line(user("a"), user("b")))
    token = play.token("a")
    play.complete("a")
    before = bpmn.dump(play.state)

    step = bpmn.complete(play.state, token, {"x": 1}, now=play.now, env=play.env)

    assert (step.stale, step.facts, bpmn.dump(step.state)) == (True, [], before)


def test_a_verb_that_does_not_fit_the_wait_is_refused():
    play = Play(line(user("a")))

    with pytest.raises(NoSuchWait):
        bpmn.elapse(play.state, play.token("a"), now=play.now, env=play.env)


def test_script_writes_its_result_and_fails_as_an_incident_with_the_types_it_read():
    play = Play(line(script("s", "amount * 2", "twice")), {"amount": Decimal("1.5")})
    assert play.variables["twice"] == 3

    broken = Play(line(script("s", "amount * 2", "twice")), {"amount": "much"})
    assert broken.incidents == {"s": "expression-failed"}
    detail = broken.detail("s")
    assert (detail["expression"], detail["read"]) == ("amount * 2", {"amount": "string"})
    assert detail["diagnostics"]

    broken.resume("s", amount=4)
    assert (broken.step.ended, broken.variables["twice"]) == ("completed", 8)


def test_a_script_cannot_store_what_no_variable_may_hold():
    play = Play(line(script("s", "[1..5]", "range")))

    assert play.incidents == {"s": "value-not-storable"}


def test_an_output_mapping_that_fails_writes_null_and_leaves_a_diagnostic():
    play = Play(line(service("s", out_total="= missing + 1")))

    play.complete("s")

    assert play.variables == {"total": None}
    (fact,) = play.all(steps.Diagnostic)
    assert (fact.node, fact.code, fact.detail["read"]) == ("s", "expression-null", {"missing": "missing"})


def test_undefined_and_manual_tasks_pass_at_once_and_are_recorded():
    play = Play(line('<task id="t" name="t"/>', '<manualTask id="m" name="m"/>'))

    assert (play.step.ended, play.path) == ("completed", ["start", "t", "m", "end"])


def test_send_task_is_a_message_or_a_job():
    sent = Play(
        line(
            element(
                "sendTask",
                "s",
                '<zeebe:publishMessage correlationKey="= id" timeToLive="PT2H"/>',
                mapping(in_text="= note"),
                messageRef="told",
            ),
            roots='<message id="told" name="customer told"/>',
        ),
        {"id": 7, "note": "hi"},
    )
    (fact,) = sent.all(steps.MessageThrown)
    assert (fact.name, fact.key, fact.payload, fact.ttl_seconds) == ("customer told", "7", {"text": "hi"}, 7200)
    assert sent.step.ended == "completed"

    job = Play(line(element("sendTask", "s", '<zeebe:taskDefinition type="notification.mail"/>')))
    assert job.all(steps.JobOpened)[0].type == "notification.mail"


LIMITS = b"""<?xml version="1.0"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="m" name="m" namespace="urn:x">
<decision id="limit" name="limit"><variable name="limit"/><decisionTable hitPolicy="UNIQUE">
<input id="i"><inputExpression><text>amount</text></inputExpression></input><output id="o" name="limit"/>
<rule id="small"><inputEntry><text>&lt; 500</text></inputEntry><outputEntry><text>"manager"</text></outputEntry></rule>
<rule id="large"><inputEntry><text>&gt;= 500</text></inputEntry><outputEntry><text>"finance"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def decision(binding: str = "latest") -> str:
    called = f'<zeebe:calledDecision decisionId="limit" resultVariable="who" bindingType="{binding}"/>'
    return f'<businessRuleTask id="r" name="r">{extensions(called)}</businessRuleTask>'


def test_business_rule_task_decides_in_the_step_and_says_which_rule_matched():
    model = dmn.read(LIMITS).model

    play = Play(line(decision()), {"amount": 700}, decisions=lambda _: model)

    assert play.variables["who"] == "finance"
    (fact,) = play.all(steps.DecisionEvaluated)
    assert (fact.decision, fact.result, fact.rules) == ("limit", "finance", ("large",))


def test_a_pinned_decision_comes_with_the_program():
    reading = bpmn.read(line(decision("deployment")))
    program = bpmn.compile(reading.definition)
    assert program.decisions() == (bpmn.Reference("r", "limit", "deployment", None),)

    assert Play(program, {"amount": 1}).incidents == {"r": "decision-unbound"}
    bound = program.bind(decisions={"limit": dmn.read(LIMITS).model})
    assert Play(bound, {"amount": 1}).variables["who"] == "manager"
    assert program.bound_decisions == {}


def test_a_decision_that_is_not_deployed_is_an_incident():
    play = Play(line(decision()), {"amount": 1})

    assert play.incidents == {"r": "decision-missing"}


def test_several_outgoing_flows_of_a_task_follow_conditions_and_default():
    body = START + user("t") + user("a") + user("b") + user("always")
    xml = drawing(body + flows("start t always", "t a ? n > 1", "t b ? n > 2"))

    play = Play(xml)
    play.complete("t", n=2)
    assert play.waits == ["a", "always"]


def test_default_flow_of_a_task_is_taken_when_no_condition_is_true():
    task = user("t").replace("<userTask", '<userTask default="t_b"')
    play = Play(drawing(START + task + user("a") + user("b") + flows("start t", "t a ? n > 1", "t b")))

    play.complete("t", n=0)

    assert play.waits == ["b"]


def test_no_outgoing_flow_chosen_is_an_incident_after_the_work_and_resume_only_leaves():
    play = Play(drawing(START + user("t") + END + flows("start t", "t end ? ok")))
    play.complete("t", ok=False)
    assert play.incidents == {"t": "no-outgoing-flow"}

    play.resume("t", ok=True)

    assert play.step.ended == "completed"
    assert len(play.all(steps.WorkOpened)) == 1
