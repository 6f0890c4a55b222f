"""What the proof makes of constructs, one by one, beside the other tests of this folder: the machine does the same."""

import pytest

from engine import bpmn, policy
from engine.findings import Finding
from tests.engine.bpmn.drawing import (
    END,
    START,
    boundary,
    condition,
    drawing,
    element,
    flows,
    script,
    service,
    timer,
    user,
)
from tests.engine.policy.against_machine import CATALOG, PAY_001, judged
from tests.engine.policy.random_payments import MARK, PAY, WRITES

AGREED = 'approval.fin.outcome = "agree"'
FLOW = '<troika:approval mode="any" onReject="flow"/>'
FIN = user("fin", FLOW, MARK) + element("exclusiveGateway", "ok", default="ok_end")
PAYS = service("pay", PAY, in_request_id="= request_id")
PLAIN = START + FIN + PAYS + END
WAYS = ("start fin ok", f"ok pay ? {AGREED}", "ok end", "pay end")
FORKS = element("parallelGateway", "fork")
TELLS = (
    '<subProcess id="beside" triggeredByEvent="true"><startEvent id="late">' + timer("PT1H") + "</startEvent>"
    + service("tell") + flows("late tell") + "</subProcess>"
)  # fmt: skip
CHOOSES = START + element("exclusiveGateway", "x", default="x_no") + element("endEvent", "no") + PAYS + END
SMALL = FIN + user("waits") + boundary("small", "waits", condition("amount <= 100"), False) + PAYS + START + END
SMALL += script("sets", "50", "amount")
ONCE = ("start sets fin ok", f"ok waits ? {AGREED}", "ok end", "small pay end", "waits end")
CONSTRUCTS = {
    "a condition beside a step that nothing changes": (SMALL, ONCE, "proved, both"),
    "a condition beside a step that becomes true again": (
        SMALL + boundary("late", "waits", timer("PT1H"), False) + script("more", "900", "amount") + user("between")
        + script("less", "50", "amount"),
        (*ONCE, "late more between less end"), "violated, both",
    ),
    "an event sub-process that pays nothing": (PLAIN + TELLS, WAYS, "proved, both"),
    "a return to before the approval": (
        PLAIN + user("cashier", '<troika:return targets="fin"/>'),
        ("start fin ok", f"ok cashier ? {AGREED}", "ok end", "cashier pay end"), "proved, both",
    ),
    "branches that meet before the request": (
        PLAIN + FORKS + user("x") + user("request", f'<zeebe:formDefinition formId="{WRITES}"/>'),
        ("start fork request fin ok", "fork x request", *WAYS[1:]), "violated, both",
    ),
    "branches that meet after the payment": (
        PLAIN + FORKS + user("x") + user("y") + user("z"),
        (*WAYS[:3], "pay fork x z end", "fork y z"), "proved, both",
    ),
    "a gateway whose first true flow leads away": (
        CHOOSES, ("start x", "x end ? amount < 500", "x pay ? amount < 300", "x no", "pay end"), "proved, both",
    ),
    "a gateway whose first true flow pays": (
        CHOOSES, ("start x", "x pay ? amount < 300", "x end ? amount < 500", "x no", "pay end"), "violated, both",
    ),
    "an inclusive join that waits for a no": (
        START + FORKS + element("inclusiveGateway", "join") + FIN + user("other") + PAYS + END,
        ("start fork fin ok", f"ok join ? {AGREED}", "ok end", "fork other join pay end"), "violated, both",
    ),
    "a timer beside the payment": (
        PLAIN + boundary("late", "pay", timer("PT1H")), (*WAYS, "late fin"), "proved, both",
    ),
}  # fmt: skip


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_proof_and_machine_agree_on(construct):
    body, lines, outcome = CONSTRUCTS[construct]

    verdict = judged(drawing(body + flows(*lines)), states=2000, depth=20)

    assert verdict is not None
    assert verdict.outcome == outcome


@pytest.mark.parametrize(
    "rule",
    [
        '<troika:skipWhen value="= amount &lt; 100"/>',
        '<troika:timeout><troika:step after="P1D" do="agree"/></troika:timeout>',
    ],
)
def test_what_a_rule_decides_is_no_yes(rule):
    skipped = PLAIN.replace(FLOW, FLOW + rule)

    findings = _proved(drawing(skipped + flows(*WAYS)))

    assert [(one.rule, one.element_id) for one in findings] == [("policy-approval-missing", "pay")]


def test_calls_that_go_too_deep_are_not_proved():
    calls = element("callActivity", "call", '<zeebe:calledElement processId="p" propagateAllParentVariables="true"/>')
    xml = drawing(PLAIN + calls + flows("start fin ok", f"ok call ? {AGREED}", "ok end", "call pay end"))

    findings = _proved(xml)

    assert ("policy-unproved", "call") in {(one.rule, one.element_id) for one in findings}


def _proved(xml: bytes) -> list[Finding]:
    definition = bpmn.read(xml, "x.bpmn").definition
    assert definition is not None
    return policy.prove(definition, CATALOG, policies=PAY_001)
