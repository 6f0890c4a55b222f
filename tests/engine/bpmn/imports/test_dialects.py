# ruff: noqa: E501 - drawings read better in one line
"""One small drawing for each word of each dialect: what it becomes, whole, and what the report says."""

import pytest

from engine.bpmn.imports import Dialect, detect
from tests.engine.bpmn.imports.reading import became, file, said, same

START = '<startEvent id="s"/>'


def ext(*words: str) -> str:
    return f"<extensionElements>{''.join(words)}</extensionElements>"


CAMUNDA = {
    "assignee and due date": (
        '<userTask id="t" camunda:assignee="${boss}" camunda:dueDate="P3D" camunda:followUpDate="${when}" camunda:priority="80"/>',
        '<userTask id="t">'
        + ext('<zeebe:userTask/>', '<zeebe:assignmentDefinition assignee="= boss"/>', '<zeebe:taskSchedule dueDate="P3D" followUpDate="= when"/>', '<zeebe:priorityDefinition priority="80"/>')
        + "</userTask>",
    ),
    "candidates": (
        '<userTask id="t" camunda:candidateUsers="ann, bob" camunda:candidateGroups="sales, ${group}"/>',
        '<userTask id="t">' + ext("<zeebe:userTask/>", '<zeebe:assignmentDefinition candidateUsers="ann, bob" candidateGroups="= [&quot;sales&quot;, group]"/>') + "</userTask>",
    ),
    "resource roles": (
        '<userTask id="t"><potentialOwner id="o"><resourceAssignmentExpression><formalExpression>user(ann), group(sales), managers</formalExpression></resourceAssignmentExpression></potentialOwner></userTask>',
        '<userTask id="t">' + ext("<zeebe:userTask/>", '<zeebe:assignmentDefinition candidateUsers="ann" candidateGroups="sales, managers"/>') + "</userTask>",
    ),
    "form that was deployed": (
        '<userTask id="t" camunda:formKey="camunda-forms:deployment:claim.form"/>',
        '<userTask id="t">' + ext('<zeebe:formDefinition formId="claim"/>') + "</userTask>",
    ),
    "form by reference": (
        '<startEvent id="s2" camunda:formRef="claim" camunda:formRefBinding="deployment"/>',
        '<startEvent id="s2">' + ext('<zeebe:formDefinition formId="claim" bindingType="deployment"/>') + "</startEvent>",
    ),
    "who started it": (
        '<startEvent id="s2" camunda:initiator="starter"/>',
        '<startEvent id="s2">' + ext('<zeebe:ioMapping><zeebe:output source="= process.initiator.login" target="starter"/></zeebe:ioMapping>') + "</startEvent>",
    ),
    "external task": (
        '<serviceTask id="t" camunda:type="external" camunda:topic="crm.find_customer" camunda:asyncBefore="true">' + ext("<camunda:failedJobRetryTimeCycle>R3/PT10M</camunda:failedJobRetryTimeCycle>") + "</serviceTask>",
        '<serviceTask id="t" troika:async="true">' + ext('<zeebe:taskDefinition type="crm.find_customer"/>', '<troika:retry cycle="R3/PT10M"/>') + "</serviceTask>",
    ),
    "a calculation": (
        '<serviceTask id="t" camunda:expression="${price * 2}" camunda:resultVariable="total"/>',
        '<scriptTask id="t">' + ext('<zeebe:script expression="= price * 2" resultVariable="total"/>') + "</scriptTask>",
    ),
    "a script in JUEL": (
        '<scriptTask id="t" scriptFormat="juel" camunda:resultVariable="x"><script>${a + 1}</script></scriptTask>',
        '<scriptTask id="t">' + ext('<zeebe:script expression="= a + 1" resultVariable="x"/>') + "</scriptTask>",
    ),
    "a decision": (
        '<businessRuleTask id="t" camunda:decisionRef="limit" camunda:decisionRefBinding="deployment" camunda:mapDecisionResult="singleEntry" camunda:resultVariable="limit"/>',
        '<businessRuleTask id="t">' + ext('<zeebe:calledDecision decisionId="limit" resultVariable="limit" bindingType="deployment"/>') + "</businessRuleTask>",
    ),
    "a call": (
        '<callActivity id="t" calledElement="ship" camunda:calledElementBinding="versionTag" camunda:calledElementVersionTag="v1">'
        + ext('<camunda:in source="order" target="o"/>', '<camunda:in sourceExpression="${order.id}" target="id"/>', '<camunda:out source="r" target="result"/>')
        + "</callActivity>",
        '<callActivity id="t">'
        + ext(
            '<zeebe:calledElement processId="ship" bindingType="versionTag" versionTag="v1" propagateAllParentVariables="false" propagateAllChildVariables="false"/>',
            '<zeebe:ioMapping><zeebe:input source="= order" target="o"/><zeebe:input source="= order.id" target="id"/><zeebe:output source="= r" target="result"/></zeebe:ioMapping>',
        )
        + "</callActivity>",
    ),
    "a call that passes all": (
        '<callActivity id="t" calledElement="${which}">' + ext('<camunda:in variables="all"/>', '<camunda:out variables="all"/>') + "</callActivity>",
        '<callActivity id="t">' + ext('<zeebe:calledElement processId="= which" propagateAllParentVariables="true" propagateAllChildVariables="true"/>') + "</callActivity>",
    ),
    "several instances": (
        '<userTask id="t"><multiInstanceLoopCharacteristics camunda:collection="orders" camunda:elementVariable="order"><completionCondition>${nrOfCompletedInstances >= 2}</completionCondition></multiInstanceLoopCharacteristics></userTask>',
        '<userTask id="t"><multiInstanceLoopCharacteristics>' + ext('<zeebe:loopCharacteristics inputCollection="= orders" inputElement="order"/>') + "<completionCondition>= nrOfCompletedInstances &gt;= 2</completionCondition></multiInstanceLoopCharacteristics></userTask>",
    ),
    "several instances by data": (
        '<userTask id="t"><multiInstanceLoopCharacteristics isSequential="true"><loopDataInputRef>orders</loopDataInputRef><inputDataItem name="order"/></multiInstanceLoopCharacteristics></userTask>',
        '<userTask id="t"><multiInstanceLoopCharacteristics isSequential="true">' + ext('<zeebe:loopCharacteristics inputCollection="= orders" inputElement="order"/>') + "</multiInstanceLoopCharacteristics></userTask>",
    ),
    "inputs and outputs": (
        '<userTask id="t">'
        + ext(
            '<camunda:inputOutput><camunda:inputParameter name="a">plain</camunda:inputParameter><camunda:inputParameter name="b">${x.y}</camunda:inputParameter>'
            '<camunda:inputParameter name="c"><camunda:list><camunda:value>one</camunda:value><camunda:value>${two}</camunda:value></camunda:list></camunda:inputParameter>'
            '<camunda:inputParameter name="d"><camunda:map><camunda:entry key="k">v</camunda:entry></camunda:map></camunda:inputParameter>'
            '<camunda:outputParameter name="e">${b}</camunda:outputParameter></camunda:inputOutput>'
        )
        + "</userTask>",
        '<userTask id="t">'
        + ext(
            '<zeebe:ioMapping><zeebe:input source="plain" target="a"/><zeebe:input source="= x.y" target="b"/><zeebe:input source="= [&quot;one&quot;, two]" target="c"/>'
            '<zeebe:input source="= {&quot;k&quot;: &quot;v&quot;}" target="d"/><zeebe:output source="= b" target="e"/></zeebe:ioMapping>'
        )
        + "</userTask>",
    ),
    "a timer": (
        '<intermediateCatchEvent id="t"><timerEventDefinition><timeDuration xsi:type="tFormalExpression">${wait}</timeDuration></timerEventDefinition></intermediateCatchEvent>',
        '<intermediateCatchEvent id="t"><timerEventDefinition><timeDuration xsi:type="tFormalExpression">= wait</timeDuration></timerEventDefinition></intermediateCatchEvent>',
    ),
    "conditions": (
        '<sequenceFlow id="f" sourceRef="s" targetRef="s"><conditionExpression xsi:type="tFormalExpression" language="juel"><![CDATA[${amount < 5}]]></conditionExpression></sequenceFlow>',
        '<sequenceFlow id="f" sourceRef="s" targetRef="s"><conditionExpression xsi:type="tFormalExpression">= amount &lt; 5</conditionExpression></sequenceFlow>',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), CAMUNDA.values(), ids=CAMUNDA.keys())
def test_a_word_of_camunda_7_becomes_ours(body, expected):
    assert became(START + body) == same(START + expected)


def test_a_process_of_camunda_7_says_who_may_start_it():
    words = 'camunda:versionTag="v2" camunda:candidateStarterUsers="ann" camunda:candidateStarterGroups="hr, it"'
    expected = ext('<troika:starters users="ann" groups="hr, it"/>', '<zeebe:versionTag value="v2"/>')
    assert became(START, process=words) == same(expected + START)


KEPT = {
    "Java": (
        '<serviceTask id="t" name="Book" camunda:class="com.acme.Book"/>',
        't: decide: camunda:class="com.acme.Book" has no counterpart here. Choose a service operation in its properties, or draw what it does.',
    ),
    "a method": (
        '<userTask id="t" camunda:assignee="${users.boss(execution)}"/>',
        't: decide: The expression camunda:assignee="${users.boss(execution)}" is left as it was. It calls \'users.boss\', which does not exist here.',
    ),
    "a listener": (
        '<userTask id="t">' + ext('<camunda:taskListener class="com.acme.L" event="create"/>') + "</userTask>",
        't: decide: <camunda:taskListener class="com.acme.L" event="create"> has no counterpart here. Draw a task for what it does, or remove it.',
    ),
    "a form of its own": (
        '<userTask id="t">' + ext('<camunda:formData><camunda:formField id="amount" type="long"/></camunda:formData>') + "</userTask>",
        "t: decide: camunda:formData (amount) has no counterpart here. Build the form in the designer and choose it in the task.",
    ),
    "a page as form": (
        '<userTask id="t" camunda:formKey="embedded:app:forms/claim.html"/>',
        't: decide: camunda:formKey="embedded:app:forms/claim.html" has no counterpart here. Build the form in the designer and choose it in the task.',
    ),
    "Groovy": (
        '<scriptTask id="t" scriptFormat="groovy"><script>x = 1</script></scriptTask>',
        "t: decide: script (groovy): x = 1 has no counterpart here. Only FEEL is executed: write it as FEEL.",
    ),
    "a condition in JavaScript": (
        '<sequenceFlow id="t" sourceRef="s" targetRef="s"><conditionExpression language="javascript">a &gt; 1</conditionExpression></sequenceFlow>',
        "t: decide: conditionExpression (javascript) has no counterpart here. Only FEEL is executed: write it as FEEL.",
    ),
    "an error variable": (
        '<task id="t"/><boundaryEvent id="b" attachedToRef="t"><errorEventDefinition camunda:errorCodeVariable="code"/></boundaryEvent>',
        'b: decide: camunda:errorCodeVariable="code" has no counterpart here. Map what the event brings in its output mapping.',
    ),
    "transaction boundaries": (
        '<userTask id="t" camunda:asyncAfter="true"/>',
        't: kept: camunda:asyncAfter="true" is kept in the file and has no effect here.',
    ),
    "words of others": (
        '<userTask id="t" other:colour="red">' + ext('<other:note by="ann">text</other:note>') + "</userTask>",
        't: kept: <other:note by="ann"> is kept in the file and has no effect here.',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "line"), KEPT.values(), ids=KEPT.keys())
def test_what_is_not_certain_stays_in_the_file_and_is_reported(body, line):
    assert became(START + body) == same(START + body)
    assert line in said(START + body)


FLOWABLE = {
    "assignment": (
        '<userTask id="t" flowable:assignee="$INITIATOR" flowable:formKey="leave"/>',
        '<userTask id="t">' + ext('<zeebe:userTask/>', '<zeebe:assignmentDefinition assignee="$INITIATOR"/>', '<zeebe:formDefinition formId="leave"/>') + "</userTask>",
    ),
    "everything is inherited": (
        '<callActivity id="t" calledElement="ship" flowable:inheritVariables="true"/>',
        '<callActivity id="t">' + ext('<zeebe:calledElement processId="ship" propagateAllParentVariables="true" propagateAllChildVariables="false"/>') + "</callActivity>",
    ),
    "Activiti's own prefix": (
        '<userTask id="t" activiti:candidateGroups="hr"/>',
        '<userTask id="t">' + ext("<zeebe:userTask/>", '<zeebe:assignmentDefinition candidateGroups="hr"/>') + "</userTask>",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("xsd:string", "new", "new"),
        ("xsd:string", "= new", '= "= new"'),
        ("xsd:boolean", "true", "= true"),
        ("xsd:int", "-5", "= -5"),
        ("xsd:long", "007", "= 7"),
        ("xsd:double", "1.50", "= 1.50"),
        ("xsd:datetime", "2026-11-23T09:00:00Z", '= date and time("2026-11-23T09:00:00Z")'),
    ],
)
def test_a_data_object_keeps_the_value_that_it_begins_with(kind, text, value):
    body = (
        f'<dataObject id="d" name="x" itemSubjectRef="{kind}">'
        + ext(f"<flowable:value>{text}</flowable:value>")
        + "</dataObject>"
        + START
    )
    xml = became(body)
    assert (
        f'<troika:initial xmlns:troika="urn:troika:bpmn:1.0" value="{value.replace(chr(34), "&quot;")}"></troika:initial>'
        in xml
    )
    assert "flowable:value" not in xml


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("xsd:int", "1.5"), ("xsd:int", "many"), ("xsd:boolean", "yes"), ("xsd:double", "1e5"), ("xsd:json", "{}"),
        ("xsd:datetime", "2026-11-23T09:00:00"), ("xsd:string", "${x}"), ("xsd:int", "9" * 40),
        ("xsd:double", "\u0661"),
    ],
)  # fmt: skip
def test_a_value_that_is_not_certain_is_left_to_a_person(kind, text):
    body = (
        f'<dataObject id="d" name="x" itemSubjectRef="{kind}">'
        + ext(f"<flowable:value>{text}</flowable:value>")
        + "</dataObject>"
        + START
    )
    word = kind.partition(":")[2]
    assert (
        f"d: decide: <flowable:value> {text} ({word}) has no counterpart here. Enter the value that it begins with as troika:initial, or set it in a task."
        in said(body)
    )
    assert "flowable:value" in became(body)


def test_a_data_object_that_expressions_cannot_name_is_told():
    body = '<userTask id="t" flowable:assignee="x"/><dataObject id="d" name="due date"/>' + START
    assert [line for line in said(body) if line.startswith("d: approximated")] == [
        "d: approximated: due date → d No expression can read a variable of that name; rename it."
    ]


@pytest.mark.parametrize(("body", "expected"), FLOWABLE.values(), ids=FLOWABLE.keys())
def test_a_word_of_flowable_becomes_ours(body, expected):
    assert became(START + body) == same(START + expected)


def test_built_in_tasks_of_flowable_get_a_suggestion():
    body = '<serviceTask id="t" flowable:type="mail" flowable:skipExpression="${quiet}">' + ext(
        '<flowable:field name="to"><flowable:string>ann</flowable:string></flowable:field>'
    ) + "</serviceTask>"  # fmt: skip

    assert became(START + body) == same(START + body)
    assert said(START + body) == [
        't: decide: flowable:skipExpression="${quiet}" has no counterpart here. Draw an exclusive gateway that leads past the task.',
        't: decide: flowable:type="mail" (to) has no counterpart here. Choose the operation notification.mail and map its inputs.',
    ]


SPIFF = {
    "an operator": (
        '<serviceTask id="t">'
        + ext('<spiffworkflow:serviceTaskOperator id="http/GetRequest"><spiffworkflow:parameters><spiffworkflow:parameter id="url" type="str" value="base + \'/x\'"/></spiffworkflow:parameters></spiffworkflow:serviceTaskOperator>')
        + "</serviceTask>",
        '<serviceTask id="t">' + ext('<zeebe:taskDefinition type="http/GetRequest"/>', '<zeebe:ioMapping><zeebe:input source="= base + &quot;/x&quot;" target="url"/></zeebe:ioMapping>') + "</serviceTask>",
    ),
    "a script of one line": (
        '<scriptTask id="t"><script>total = price * 2</script></scriptTask>',
        '<scriptTask id="t">' + ext('<zeebe:script expression="= price * 2" resultVariable="total"/>') + "</scriptTask>",
    ),
    "a script of two": (
        '<scriptTask id="t"><script>a = 1\nb = a + 1</script></scriptTask>',
        '<scriptTask id="t">'
        + ext(
            '<zeebe:script expression="= {a: 1, b: a + 1}" resultVariable="script_result"/>',
            '<zeebe:ioMapping><zeebe:output source="= script_result.a" target="a"/><zeebe:output source="= script_result.b" target="b"/></zeebe:ioMapping>',
        )
        + "</scriptTask>",
    ),
    "before and after": (
        '<userTask id="t">' + ext("<spiffworkflow:preScript>x = a.b</spiffworkflow:preScript>", "<spiffworkflow:postScript>y = x</spiffworkflow:postScript>") + "</userTask>",
        '<userTask id="t">' + ext('<zeebe:ioMapping><zeebe:input source="= a.b" target="x"/><zeebe:output source="= x" target="y"/></zeebe:ioMapping>') + "</userTask>",
    ),
    "a decision": (
        '<businessRuleTask id="t">' + ext("<spiffworkflow:calledDecisionId>limit</spiffworkflow:calledDecisionId>") + "</businessRuleTask>",
        '<businessRuleTask id="t">' + ext('<zeebe:calledDecision decisionId="limit" resultVariable="decision_result"/>') + "</businessRuleTask>",
    ),
    "conditions and timers": (
        '<sequenceFlow id="f" sourceRef="s" targetRef="s"><conditionExpression>a == "x" and not b</conditionExpression></sequenceFlow>'
        '<intermediateCatchEvent id="e"><timerEventDefinition><timeDuration>"PT1H"</timeDuration></timerEventDefinition></intermediateCatchEvent>',
        '<sequenceFlow id="f" sourceRef="s" targetRef="s"><conditionExpression>= a = "x" and not(b)</conditionExpression></sequenceFlow>'
        '<intermediateCatchEvent id="e"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></intermediateCatchEvent>',
    ),
}  # fmt: skip
SPIFF_MARK = ext("<spiffworkflow:unitTests/>")


@pytest.mark.parametrize(("body", "expected"), SPIFF.values(), ids=SPIFF.keys())
def test_a_word_of_spiffworkflow_becomes_ours(body, expected):
    assert became(SPIFF_MARK + START + body) == same(SPIFF_MARK + START + expected)


def test_python_that_calls_something_stays_and_is_reported():
    body = '<scriptTask id="t"><script>x = get_data()</script></scriptTask>'
    assert became(SPIFF_MARK + START + body) == same(SPIFF_MARK + START + body)
    assert said(SPIFF_MARK + START + body)[0] == (
        "t: decide: The expression x = get_data() is left as it was. 'get_data()' has no certain counterpart in FEEL."
    )


def test_a_call_of_plain_bpmn_stays_as_the_standard_writes_it():
    body = '<callActivity id="t" calledElement="ship"/>'
    assert became(START + body) == same(START + body)


def test_camunda_8_is_ours_already():
    body = (
        '<userTask id="t">'
        + ext("<zeebe:userTask/>", '<zeebe:assignmentDefinition assignee="= boss"/>')
        + "</userTask>"
    )
    assert became(START + body) == same(START + body)
    assert said(START + body) == []


@pytest.mark.parametrize(
    ("body", "dialect"),
    [
        ('<userTask id="t" camunda:assignee="x"/>', Dialect.CAMUNDA7),
        ('<userTask id="t" flowable:assignee="x"/>', Dialect.FLOWABLE),
        ('<userTask id="t" activiti:assignee="x"/>', Dialect.ACTIVITI),
        ('<userTask id="t">' + ext("<zeebe:userTask/>") + "</userTask>", Dialect.CAMUNDA8),
        (
            '<userTask id="t">' + ext("<zeebe:userTask/>", '<troika:opinion required="always"/>') + "</userTask>",
            Dialect.TROIKA,
        ),
        (SPIFF_MARK, Dialect.SPIFFWORKFLOW),
    ],
)
def test_the_dialect_is_that_of_the_words_in_use(body, dialect):
    assert detect(file(body)) is dialect


@pytest.mark.parametrize(
    ("data", "dialect"),
    [
        (b"", Dialect.PLAIN),
        (b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>', Dialect.PLAIN),
        (b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:modeler="http://camunda.org/schema/modeler/1.0" modeler:executionPlatform="Camunda Cloud"/>', Dialect.CAMUNDA8),
        (b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:activiti="http://activiti.org/bpmn"/>', Dialect.ACTIVITI),
    ],
)  # fmt: skip
def test_a_file_without_such_words_says_it_by_its_platform_or_prefixes(data, dialect):
    assert detect(data) is dialect
