"""A claim: submitted with a form, agreed or rejected by a manager, corrected when it was rejected."""

import json

CLAIM = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
 xmlns:troika="urn:troika:bpmn:1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="urn:test"
 id="d">
<process id="claim" name="报销" isExecutable="true"><extensionElements><troika:label lang="en">Claim</troika:label>
<troika:title value="= &quot;Claim of &quot; + string(amount)"/><troika:summary fields="amount"/></extensionElements>
<startEvent id="begin" name="已提交">
<extensionElements><zeebe:formDefinition formId="claim"/></extensionElements></startEvent>
<userTask id="approve" name="审批"><extensionElements><troika:label lang="en">Approve</troika:label><zeebe:userTask/>
<zeebe:assignmentDefinition candidateGroups="managers"/><zeebe:formDefinition formId="approval"/>
<zeebe:taskSchedule dueDate="= now() + duration(&quot;P2D&quot;)"/>
<troika:approval mode="any" onReject="flow"/>
<troika:fields default="read"><troika:field id="cost_centre" perm="write"/></troika:fields>
</extensionElements></userTask>
<exclusiveGateway id="agreed" name="同意？" default="no"/>
<userTask id="pay" name="付款"><extensionElements><troika:label lang="en">Pay</troika:label><zeebe:userTask/>
<zeebe:assignmentDefinition assignee="ann"/></extensionElements></userTask>
<endEvent id="paid" name="已付款"/><endEvent id="rejected" name="已驳回"/>
<sequenceFlow id="f1" sourceRef="begin" targetRef="approve"/>
<sequenceFlow id="f2" sourceRef="approve" targetRef="agreed"/>
<sequenceFlow id="yes" name="是" sourceRef="agreed" targetRef="pay">
<conditionExpression xsi:type="tFormalExpression">= approval.approve.outcome = "agree"
</conditionExpression></sequenceFlow>
<sequenceFlow id="no" name="否" sourceRef="agreed" targetRef="rejected"/>
<sequenceFlow id="f3" sourceRef="pay" targetRef="paid"/>
</process></definitions>""".encode()


def _form(form_id: str, *components: dict) -> bytes:
    return json.dumps({"type": "default", "schemaVersion": 18, "id": form_id, "components": components}).encode()


_REASON = {"type": "textfield", "id": "F_reason", "key": "reason", "label": "事由", "validate": {"required": True},
           "properties": {"troika:label.en": "Reason"}}  # fmt: skip
_AMOUNT = {"type": "number", "id": "F_amount", "key": "amount", "label": "金额", "decimalDigits": 2,
           "validate": {"required": True, "min": 0.01},
           "properties": {"troika:label.en": "Amount", "currency": "CNY"}}  # fmt: skip
_CENTRE = {"type": "textfield", "id": "F_centre", "key": "cost_centre", "label": "成本中心",
           "properties": {"troika:label.en": "Cost centre"}}  # fmt: skip
CLAIM_FORM = _form("claim", _REASON, _AMOUNT)
APPROVAL_FORM = _form("approval", _REASON, _AMOUNT, _CENTRE)
