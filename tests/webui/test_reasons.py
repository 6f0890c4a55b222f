"""What people read of a decision table's work: the rule, the test that each input met, nothing that is hidden."""

import html
import json
import re

import pytest

from engine import history, repository, runtime
from engine.forms import Permissions
from engine.unit_of_work import ENGINE, Actor
from tests.engine.bpmn.drawing import service
from tests.factories import straight
from webui import reasons

RULES = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="m" name="m" namespace="urn:x">
<decision id="level" name="审批级别"><decisionTable id="tab" hitPolicy="UNIQUE">
<input id="i1" label="金额"><inputExpression><text>amount</text></inputExpression></input>
<input id="i2" label="月薪"><inputExpression><text>salary * 12</text></inputExpression></input>
<output id="o" name="level"/>
<rule id="small"><inputEntry><text>&lt; 500</text></inputEntry><inputEntry><text>-</text></inputEntry>
<outputEntry><text>"manager"</text></outputEntry></rule>
<rule id="large"><inputEntry><text>&gt;= 500</text></inputEntry><inputEntry><text>&gt; 1000</text></inputEntry>
<outputEntry><text>"director"</text></outputEntry>
<annotationEntry><text>按 2026 年授权表</text></annotationEntry></rule>
</decisionTable></decision></definitions>""".encode()
PROCESS = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
 xmlns:troika="urn:troika:bpmn:1.0" targetNamespace="urn:test" id="d">
<process id="raise" name="调薪" isExecutable="true"><startEvent id="begin" name="已提交"/>
<businessRuleTask id="judge" name="判定级别"><extensionElements><troika:label lang="en">Judge</troika:label>
<zeebe:calledDecision decisionId="level" resultVariable="level" bindingType="deployment"/></extensionElements>
</businessRuleTask>
<userTask id="approve" name="审批"><extensionElements><zeebe:userTask/>
<zeebe:assignmentDefinition assignee="bob"/><zeebe:formDefinition formId="approval"/>
<zeebe:taskSchedule dueDate="= now() + duration(&quot;P2D&quot;)"/><troika:approval mode="any" onReject="flow"/>
<troika:fields default="read"><troika:field id="salary" perm="hidden"/></troika:fields>
</extensionElements></userTask><endEvent id="done" name="已办结"/>
<sequenceFlow id="f1" sourceRef="begin" targetRef="judge"/><sequenceFlow id="f2" sourceRef="judge" targetRef="approve"/>
<sequenceFlow id="f3" sourceRef="approve" targetRef="done"/></process></definitions>""".encode()


@pytest.fixture
def request_id(engine, app, people):
    """Ann asked for a raise; a table judged it, bob is asked and may not see her salary."""
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/raise.bpmn": PROCESS, "processes/level.dmn": RULES})
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        return runtime.start(uow, "raise", {"amount": 700, "salary": 8123}).id


def told(visitor, request_id):
    """The reasons on the page of a request, as one text."""
    page = visitor.get(f"/requests/{request_id}").text
    found = re.search(r'<details class="tk-why.*?</details>', page, re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


def test_the_timeline_says_which_rule_matched_and_which_test_each_input_met(sign_in, request_id):
    page = sign_in("ann").get(f"/requests/{request_id}").text

    assert "Judge" in page
    assert "director" in page
    assert told(sign_in("ann"), request_id) == (
        "Why Table 审批级别, matching rules: 2 Input Value Rule 2 asks for 金额 700 >= 500 月薪 97476 > 1000 "
        'Result: "director" 按 2026 年授权表'
    )


def test_an_input_made_of_a_hidden_field_stays_hidden(sign_in, request_id):
    text = told(sign_in("bob"), request_id)

    assert "金额 700 >= 500" in text
    assert "月薪 ••• •••" in text
    assert "97476" not in sign_in("bob").get(f"/requests/{request_id}").text


def test_the_reasons_are_part_of_the_chained_fact(engine, request_id):
    with engine.unit_of_work(ENGINE, read_only=True) as uow:
        (fact,) = history.timeline(uow, request_id, kind="decision.evaluated")

    assert fact.data["rules"] == ["large"]
    (table,) = fact.data["why"]
    assert table["inputs"][1] == {"label": "月薪", "value": "97476", "reads": ["salary"]}
    assert table["rules"][0]["tests"] == [">= 500", "> 1000"]
    assert json.loads(json.dumps(table)) == table


@pytest.mark.parametrize(
    ("hidden", "names", "seen"),
    [("salary", ["amount"], True), ("salary", ["amount", "salary"], False), ("person.salary", ["person"], False)],
)
def test_data_with_a_hidden_part_are_hidden(hidden, names, seen):
    assert reasons.may_read(names, Permissions("read", {hidden: "hidden"})) is seen


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh-CN", "应为：一张发票或一张报销单、实际：两者都有或都没有"),
        ("en", "expected: an invoice or a claim, found: both or neither"),
    ],
)
def test_what_an_operation_expected_and_found_when_it_refused_is_told_in_the_readers_language(
    engine, people, sign_in, language, said
):
    asks = service("ask", "erp.request_payment", in_requested_by="= process.initiator.id")
    with engine.unit_of_work(ENGINE) as uow:
        repository.deploy(uow, {"processes/p.bpmn": straight(asks)})
    with engine.unit_of_work(Actor(people["ann"].id)) as uow:
        runtime.start(uow, "p", {})

    page = sign_in("olga").get("/cockpit/incidents", headers={"Accept-Language": language})

    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())
    assert said in text, text[-700:]
