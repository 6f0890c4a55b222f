"""The proof and the machine agree on drawings made by chance: what can pay without an approval, and what cannot."""

import ast
from collections import Counter, defaultdict

import pytest

from engine import bpmn, operations, policy
from engine.policy.search import Effort
from tests.engine.bpmn.drawing import (
    END,
    START,
    boundary,
    catch,
    condition,
    drawing,
    element,
    error,
    error_event,
    escalation,
    escalation_event,
    escaped,
    extensions,
    flows,
    mapping,
    message,
    message_event,
    script,
    service,
    signal,
    signal_event,
    throw,
    timer,
    user,
)
from tests.engine.policy import mutants, sizes
from tests.engine.policy.against_machine import ASKING, CATALOG, MAKERS, PAY_001, drawn, judged, unseen
from tests.engine.policy.random_payments import CAPABILITY, COMPENSATE, MARK, PAY, TERMINATE, WRITES

COUNT = 45
"""of each kind; `benchmarks.proofs` takes thousands"""


@pytest.mark.parametrize("kind", MAKERS)
def test_the_proof_finds_what_the_machine_can_do_and_nothing_else(kind):
    outcomes = {}
    for seed in range(COUNT):
        verdict = judged(drawn(kind, seed), states=250)
        if verdict is not None:
            outcomes[seed] = verdict.outcome

    named = ("missed", "cried wolf", "confirmed wrongly")
    wrong = {seed: outcome for seed, outcome in outcomes.items() if outcome in named}
    assert wrong == {}
    assert {"violated, both", "proved, both"} <= set(outcomes.values())


@pytest.mark.parametrize("kind", ["in blocks", "tangled"])
def test_nothing_is_missed_where_variables_hang_together(kind):
    for seed in range(COUNT // 3):
        verdict = judged(drawn(kind, seed, entangled=True), entangled=True, states=200)
        assert verdict is None or verdict.outcome != "missed", seed


@pytest.mark.parametrize("kind", ASKING)
def test_nothing_is_missed_where_steps_get_stuck_when_they_are_done(kind):
    for seed in (*range(COUNT // 3), 610142, 610184, 610391):
        verdict = judged(drawn(kind, seed), states=250, gaps=True)
        assert verdict is None or verdict.outcome not in ("missed", "confirmed wrongly"), seed


@pytest.mark.parametrize("kind", MAKERS)
def test_every_state_of_the_machine_is_one_that_the_proof_has_seen(kind):
    looked_at = 0
    for seed in range(12):
        number, path = unseen(drawn(kind, seed), states=60)
        looked_at += number
        assert path is None, (seed, path)
    assert looked_at > 100


def test_a_yes_of_another_capability_is_no_yes_for_the_machine_either():
    head = MARK.replace(CAPABILITY, "head_approval")
    asks = user("head", '<troika:approval mode="any" onReject="end"/>', head)
    pays = service("pay", PAY, in_request_id="= request_id")

    verdict = judged(drawing(START + END + asks + pays + flows("start head pay end")))

    assert verdict.outcome == "violated, both"
    assert verdict.machine.complete


@pytest.mark.parametrize("where", ["void_invoice", "accept_difference"])
def test_an_event_beside_a_step_behind_a_decision_holds_no_token_of_its_own(where):
    """Whoever decided before takes it back only while somebody or something waits behind him."""
    (harmless,) = [
        one for one in mutants.all_of_them("procure_to_pay/procure_to_pay")
        if one.name.endswith(f"a timer beside it that only tells at {where}")
    ]  # fmt: skip

    assert harmless.verdict() == "proved"


def test_each_single_fault_in_a_shipped_process_is_found():
    """One of each of the fifty kinds, in the process least tried so far; `benchmarks.proofs --mutants` takes all."""
    kinds = defaultdict(list)
    for one in mutants.all_of_them():
        kinds[one.name.partition(": ")[2].rpartition(" at ")[0]].append(one)
    tried, times = [], Counter()
    for alike in sorted(kinds.values(), key=len):
        tried.append(min(alike, key=lambda one: times[one.name.partition(":")[0]]))
        times[tried[-1].name.partition(":")[0]] += 1

    assert len(tried) >= 50
    assert set(times) == {path.rpartition("/")[2] for path in mutants.SHIPPED}
    assert {one.name: found for one in tried if (found := one.verdict()) not in one.expected} == {}


@pytest.mark.parametrize(("kind", "seed"), [("tangled, with data", 495), ("tangled, with data", 862)])
def test_a_decision_that_has_ruled_once_rules_again(kind, seed):
    """Also of a list of one number, which it takes for the number."""
    verdict = judged(drawn(kind, seed))

    assert verdict is not None
    assert verdict.outcome == "proved, both"


APPROVES = user("fin", '<troika:approval mode="any" onReject="flow"/>', MARK)
PAYS = element("exclusiveGateway", "ok", default="ok_end") + service("pay", PAY, in_request_id="= request_id")
PAY_IT = service("pay", PAY, in_request_id="= request_id")
AGREED = 'approval.fin.outcome = "agree"'


def test_a_yes_is_about_the_document_that_was_there_when_it_was_asked_for():
    """A message brings another one while the approver thinks: what he approves is not what is paid."""
    brings = boundary("brings", "fin", message_event("m"), interrupting=False) + element("endEvent", "noted")
    lines = ("start fin ok", f"ok pay ? {AGREED}", "ok end", "pay end", "brings noted")

    verdict = judged(drawing(START + END + APPROVES + PAYS + brings + flows(*lines), message("m", "= request_id")))

    assert verdict is not None
    assert verdict.outcome == "violated, both"
    assert verdict.machine.paid == {"pay": ["start", "brings: another", "fin: agree", "pay"]}


def test_a_payment_is_about_the_document_that_was_there_when_it_began():
    """What another branch writes beside it comes too late; a second payment would be about the other document."""
    replaces = element("serviceTask", "swap", '<zeebe:taskDefinition type="erp.do"/>', mapping(out_request_id='= "B"'))
    body = START + END + APPROVES + PAYS + element("parallelGateway", "fork") + replaces
    lines = ("start fin ok", f"ok fork ? {AGREED}", "ok end", "fork pay end", "fork swap end")

    once = judged(drawing(body + flows(*lines)))
    again = judged(
        drawing(body + service("more", PAY, in_request_id="= request_id") + flows(*lines[:-1], "fork swap more end"))
    )

    assert once is not None
    assert once.outcome == "proved, both"
    assert again is not None
    assert "more" in again.proof & set(again.machine.paid)


MODE = '<troika:approval mode="any" onReject="flow"/>'


def _marked(name: str) -> str:
    return f'<troika:policy provides="{CAPABILITY}" subject="= {name}" subjectType="erp_payment_request"/>'


SWAPPED = {"out_request_id": '= if request_id = "A" then "B" else "A"'}
"""never leaves the document that was there"""
SWAPS = mapping(**SWAPPED)
FILLED_IN = f'<zeebe:formDefinition formId="{WRITES}"/>'


@pytest.mark.parametrize(("beside", "pays_wrongly"), [("fin2", set()), ("more", {"more"}), ("fin2 more", {"more"})])
def test_what_is_decided_about_another_document_leaves_a_payment_that_has_begun(beside, pays_wrongly):
    """Neither a no to the other one nor its payment takes back the yes to the first."""
    swaps = element("serviceTask", "swap", '<zeebe:taskDefinition type="erp.do"/>', SWAPS)
    body = START + END + APPROVES + PAYS + element("parallelGateway", "fork") + swaps
    for name in beside.split():
        asked = user(name, '<troika:approval mode="any" onReject="flow"/>', MARK)
        body += asked if name == "fin2" else service(name, PAY, in_request_id="= request_id")
    lines = ("start fin ok", f"ok fork ? {AGREED}", "ok end", "fork pay end", f"fork swap {beside} end")

    verdict = judged(drawing(body + flows(*lines)))

    assert verdict is not None
    assert verdict.machine.complete
    assert verdict.proof == set(verdict.machine.paid) == pays_wrongly


def test_a_document_that_is_swapped_twice_may_be_the_first_one_again():
    """A no to it then takes back the yes of a payment that has begun."""
    swaps = "".join(
        element("serviceTask", name, '<zeebe:taskDefinition type="erp.do"/>', SWAPS) for name in ("swap", "back")
    )
    again = user("fin2", '<troika:approval mode="any" onReject="flow"/>', MARK)
    body = START + END + APPROVES + PAYS + element("parallelGateway", "fork") + swaps + again
    lines = ("start fin ok", f"ok fork ? {AGREED}", "ok end", "fork pay end", "fork swap back fin2 end")

    verdict = judged(drawing(body + flows(*lines)))

    assert verdict is not None
    assert verdict.proof == set(verdict.machine.paid) == {"pay"}


def test_a_document_that_two_writes_bring_back_is_another_one_where_neither_names_it():
    """Two exchanges of A and B pay B for a request that was about neither."""
    swaps = "".join(service(name, "erp.other", **SWAPPED) for name in ("swap", "back"))
    lines = ("start fin ok", f"ok swap ? {AGREED}", "ok end", "swap back pay end")

    verdict = judged(drawing(START + END + APPROVES + PAYS + swaps + flows(*lines)), gaps=True)

    assert verdict is not None
    assert verdict.outcome == "violated, both"


def test_what_nothing_in_a_called_process_throws_begins_no_handler_there():
    """A call is no thrower itself: nothing but what is in it can throw."""
    handler = (
        '<subProcess id="handler" triggeredByEvent="true"><startEvent id="caught" isInterrupting="false">'
        f"{escalation_event('X')}</startEvent>{service('pay', PAY, in_request_id='= request_id')}"
        f"{flows('caught pay')}</subProcess>"
    )
    inside = element("startEvent", "begin") + catch("wait", timer("PT1H")) + handler + flows("begin wait")
    called = f'<process id="q" name="Q" isExecutable="true">{inside}</process>'
    call = element("callActivity", "call", '<zeebe:calledElement processId="q" propagateAllParentVariables="true"/>')
    xml = drawing(START + call + END + flows("start call end"), escalation("X")).replace(b"</definitions>", b"")

    verdict = judged(xml + f"{called}</definitions>".encode())

    assert verdict is not None
    assert verdict.outcome == "proved, both"


HANDLERS = {
    "a message is awaited": (timer("PT1H"), catch("inner", message_event("m"))),
    "a step writes, whatever the message has brought": (message_event("m"), service("inner", "erp.other", **SWAPPED)),
    "a form writes, whatever the message has brought": (message_event("m"), user("inner", FILLED_IN)),
}  # fmt: skip


@pytest.mark.parametrize("handler", HANDLERS)
def test_an_event_sub_process_brings_another_document_between_approval_and_payment(handler):
    event, inner = HANDLERS[handler]
    beside = (
        f'<subProcess id="beside" triggeredByEvent="true"><startEvent id="caught" isInterrupting="false">{event}'
        f"</startEvent>{inner}{flows('caught inner')}</subProcess>"
    )
    body = START + END + APPROVES + PAYS + user("later") + beside
    lines = ("start fin ok", f"ok later ? {AGREED}", "later pay", "ok end", "pay end")

    verdict = judged(drawing(body + flows(*lines), message("m", "= request_id")))

    assert verdict is not None
    assert verdict.outcome == "violated, both"


THROWN = {"error": error_event("E1"), "escalation": escalation_event("X")}


@pytest.mark.parametrize("kind", THROWN)
@pytest.mark.parametrize("by", ["a boundary event", "an event sub-process"])
def test_what_an_error_or_escalation_brings_may_be_another_document(kind, by):
    other = extensions(mapping(in_request_id='= "B"'))
    thrown = f'<endEvent id="bad">{other}{THROWN[kind]}</endEvent>'
    inside = f'<startEvent id="s0"/>{thrown}{flows("s0 bad")}'
    pays = service("pay", PAY, in_request_id="= request_id")
    if by == "a boundary event":
        caught, lines = pays + boundary("caught", "S", THROWN[kind]), ["caught pay end"]
    else:
        caught, lines = _handler(THROWN[kind], pays, "caught pay", stops="true"), []
    asks = element("exclusiveGateway", "ok", default="ok_end")
    body = START + END + APPROVES + asks + f'<subProcess id="S">{inside}</subProcess>' + caught

    verdict = judged(drawing(body + flows("start fin ok", f"ok S ? {AGREED}", "ok end", "S end", *lines),
                             error("E1") + escalation("X")))  # fmt: skip

    assert verdict is not None
    assert verdict.outcome == "violated, both"


def test_no_refusal_of_an_operation_brings_a_document():
    """The proof relies on it: what an operation refuses with is written where its error is caught."""
    operations.load()
    arguments = {one.subject.argument for one in operations.catalog().values() if one.subject is not None}
    named = {
        keyword.arg
        for path in (mutants.LIBRARY / "engine" / "modules").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "BusinessError"
        for keyword in call.keywords
    }

    assert "request_id" in arguments
    assert "order_no" in named
    assert named & arguments == set()


def test_a_number_may_name_the_same_document_as_its_text():
    """A no to it beside the payment then takes back the yes."""
    swap = script("swap", 'if request_id = "1" then 1 else "1"', "request_id")
    again = user("fin2", '<troika:approval mode="any" onReject="flow"/>', MARK)
    body = START + END + script("pre", '"1"', "request_id") + APPROVES + PAYS + element("parallelGateway", "fork")
    lines = ("start pre fin ok", f"ok fork ? {AGREED}", "ok end", "fork pay end", "fork swap fin2 end")

    verdict = judged(drawing(body + swap + again + flows(*lines)))

    assert verdict is not None
    assert "pay" in verdict.proof & set(verdict.machine.paid)


def test_a_step_that_reads_its_own_copy_may_write_the_document_that_was_there():
    """Another branch replaces it while the step is at work, with what the step then writes."""
    swaps = service("swap", "erp.do", **SWAPPED, in_request_id="= request_id")
    body = (
        START + END + script("no", "false", "flag") + script("no2", "false", "swapped")
        + element("parallelGateway", "fork") + swaps + element("exclusiveGateway", "g", default="g_sw")
        + script("sw", "true", "swapped") + user("fin2", '<troika:approval mode="any" onReject="flow"/>', MARK)
        + script("b", '"B"', "request_id") + APPROVES + PAYS + element("exclusiveGateway", "still", default="still_end")
        + element("parallelGateway", "f1") + script("yes", "true", "flag")
    )  # fmt: skip
    lines = (
        "start no no2 fork", "fork swap g", "g fin2 ? flag = true", "g sw end", "fin2 end", "fork b fin ok",
        f"ok still ? {AGREED}", "ok end", "still f1 ? swapped = false", "still end", "f1 pay end", "f1 yes end",
    )  # fmt: skip

    verdict = judged(drawing(body + flows(*lines)), states=2000, depth=16)

    assert verdict is not None
    assert "pay" in verdict.proof & set(verdict.machine.paid)


def test_a_no_about_another_document_ends_what_names_it_by_another_variable():
    body = (
        START + END + script("set", "request_id", "first") + user("fin", MODE, _marked("first"))
        + element("exclusiveGateway", "ok", default="ok_end") + user("fin2", MODE, MARK)
        + boundary("late", "fin2", timer("PT1H"), interrupting=False)
        + script("swap", SWAPPED["out_request_id"].removeprefix("= "), "request_id")
        + service("pay", PAY, in_request_id="= first")
    )  # fmt: skip
    lines = ("start set fin ok", f"ok fin2 ? {AGREED}", "ok end", "fin2 end", "late swap pay end")

    verdict = judged(drawing(body + flows(*lines)))

    assert verdict is not None
    assert verdict.outcome == "violated, both"


UNDOES = (
    service("note", "erp.do") + boundary("undo", "note", COMPENSATE)
    + service("hpay", PAY, in_request_id="= request_id").replace('id="hpay"', 'id="hpay" isForCompensation="true"')
)  # fmt: skip
"""a step whose undoing pays"""
BY = '<association id="by" sourceRef="undo" targetRef="hpay"/>'


def _inside(end: str = "") -> str:
    """A sub-process with the step."""
    ends = f'<endEvent id="s1">{end}</endEvent>'
    return f'<subProcess id="S"><startEvent id="s0"/>{UNDOES}{ends}{flows("s0 note s1")}{BY}</subProcess>'


def _caught(event: str) -> str:
    """An event sub-process that undoes."""
    inner = f'<startEvent id="c0">{event}</startEvent>{throw("back", COMPENSATE)}<endEvent id="c1"/>'
    return f'<subProcess id="handler" triggeredByEvent="true">{inner}{flows("c0 back c1")}</subProcess>'


ASKED = element("exclusiveGateway", "x", default="x_no") + service("ask", "ask.d0")
RETURNS = user("t") + user("fin", '<troika:approval mode="any" onReject="return:t"/>', MARK)
UNDONE = {
    "by a message": (UNDOES + _caught(message_event("m")) + service("wait", "erp.do"), ["start note wait end"]),
    "after an hour": (UNDOES + _caught(timer("PT1H")) + service("wait", "erp.do"), ["start note wait end"]),
    "by an error": (
        UNDOES + _caught(error_event("E1")) + f'<endEvent id="bad">{error_event("E1")}</endEvent>', ["start note bad"],
    ),
    "when it was terminated": (
        _inside("<terminateEventDefinition/>") + throw("back", COMPENSATE), ["start S back end"],
    ),
    "when its second run is broken off": (
        _inside() + boundary("late", "S", timer("PT1H")) + ASKED + throw("back", COMPENSATE)
        + element("endEvent", "no") + element("endEvent", "e2"),
        ["start S ask x", "x S ? d0 = true", "x no", "late back e2"],
    ),
    "when it was sent back over": (
        RETURNS + _inside() + ASKED + throw("back", COMPENSATE) + service("no", "erp.do"),
        ["start t ask x", "x no S fin end", "x back ? d0 = true", "back end"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", UNDONE)
def test_a_step_that_is_over_can_still_be_undone(how):
    """What is kept for undoing outlives what ended around it."""
    body, lines = UNDONE[how]

    by = "" if '<subProcess id="S"' in body else BY

    roots = message("m", "= request_id") + error("E1")
    verdict = judged(drawing(START + END + body + flows(*lines) + by, roots), states=2000, depth=20)

    assert verdict is not None
    assert "hpay" in verdict.proof & set(verdict.machine.paid)


ASKS = APPROVES + element("exclusiveGateway", "ok", default="ok_end")
ASKED_INSIDE = ASKS.replace("ok_end", "ok_s1")
FROM_TO = element("startEvent", "s0") + element("endEvent", "s1")
BACK = throw("back", COMPENSATE)
AGAIN = (
    element("exclusiveGateway", "again")
    + element("exclusiveGateway", "more", default="more_end")
    + service("ask", "ask.d0")
)
CALLS = element("callActivity", "call", '<zeebe:calledElement processId="q" propagateAllParentVariables="true"/>')
CALLED = {
    "approved in it": (
        ASKED_INSIDE + BACK, ("s0 note fin ok", f"ok back ? {AGREED}", "ok s1", "back s1"), "proved, both",
    ),
    "nothing approved": (BACK, ("s0 note back s1",), "violated, both"),
    "nothing thrown": (ASKED_INSIDE, ("s0 note fin ok", "ok s1"), "proved, both"),
}  # fmt: skip


def _calling(inside: str, body: str, *lines: str) -> bytes:
    called = f'<process id="q" name="Q" isExecutable="true">{inside}</process></definitions>'
    xml = drawing(START + END + CALLS + body + flows(*lines), message("m", "= request_id"))
    return xml.replace(b"</definitions>", called.encode())


GIVES_BACK = {
    "alone": (["start call pay end"], "", "proved, both"),
    "while another document takes its place": (
        ["start f call j pay end", "f w fin2 j"],
        element("parallelGateway", "f") + element("parallelGateway", "j")
        + service("w", "erp.other", out_request_id='= "B"') + user("fin2", MODE, MARK), "violated, both",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", GIVES_BACK)
def test_a_call_that_gives_back_the_document_it_was_given_writes_no_other_one(how):
    lines, more, expected = GIVES_BACK[how]
    called = FROM_TO + user("fin", '<troika:approval mode="any" onReject="end"/>', MARK) + flows("s0 fin s1")
    body = more + service("pay", PAY, in_request_id="= request_id")
    gives_back = mapping(out_request_id="= request_id") + "</extensionElements></callActivity>"

    xml = _calling(called, body, *lines).decode()
    verdict = judged(xml.replace("</extensionElements></callActivity>", gives_back).encode(), states=2000, depth=20)

    assert verdict is not None
    assert verdict.outcome == expected


@pytest.mark.parametrize(("copied", "outcome"), [("", "proved, both"), ("= request_id", "violated, both")])
def test_a_yes_to_a_copy_counts_for_no_document_that_has_been_named_meanwhile(copied, outcome):
    """A sub-process with a copy of the document asks about it after another one has taken its place outside."""
    asks = element("exclusiveGateway", "x", default="x_no") + '<endEvent id="no"/>'
    inside = FROM_TO + user("t") + user("fin", MODE, MARK) + asks + flows("s0 t x", "x fin s1 ? swapped = true", "x no")
    copies = extensions(mapping(in_request_id=copied)) if copied else ""
    body = (
        START + END + script("n", "false", "swapped")
        + element("parallelGateway", "f") + element("parallelGateway", "j")
        + f'<subProcess id="S">{copies}{inside}</subProcess>' + service("w", "erp.other", out_request_id='= "B"')
        + script("y", "true", "swapped") + service("pay", PAY, in_request_id="= request_id")
        + element("exclusiveGateway", "ok", default="ok_end")
    )  # fmt: skip
    lines = ("start n f S j", "f w y j ok", f"ok pay end ? {AGREED}", "ok end")

    verdict = judged(drawing(body + flows(*lines)), states=2000, depth=20)

    assert verdict is not None
    assert verdict.outcome == outcome


REJECTED = 'approval.fin.outcome = "reject"'
PAYS_REJECTED = element("exclusiveGateway", "z", default="z_no") + element("endEvent", "no") + PAY_IT
BY_A_STEP = service("undoes").replace('id="undoes"', 'id="undoes" isForCompensation="true"')
BY_ALL_OF_THEM = (
    f'<subProcess id="undoes" isForCompensation="true"><startEvent id="u0"/><endEvent id="u1">{error_event("E1")}'
    f"</endEvent>{flows('u0 u1')}</subProcess>"
)
WHILE = {
    "its time is over": (BY_A_STEP, timer("PT1H")),
    "a message comes": (BY_A_STEP, message_event("m")),
    "the undoing fails": (BY_A_STEP, error_event("E1")),
    "the undoing throws an error": (BY_ALL_OF_THEM, error_event("E1")),
}


@pytest.mark.parametrize("cancels", [False, True])
@pytest.mark.parametrize("event", WHILE)
def test_what_happens_while_something_is_undone_happens(event, cancels):
    """Undoing takes its time and may fail, also where it does nothing that a policy speaks about."""
    undoes, caught = WHILE[event]
    by = '<association id="by" sourceRef="undo" targetRef="undoes"/>'
    notes, asks = service("note") + boundary("undo", "note", COMPENSATE) + undoes, element("exclusiveGateway", "ok")
    ways = (f"z pay ? {REJECTED}", "z no")
    if cancels:
        stop = element("endEvent", "stop", inner="<cancelEventDefinition/>")
        lines = flows("s0 note fin ok", f"ok s1 ? {AGREED}", "ok stop ? true")
        body = f'<transaction id="T">{FROM_TO}{notes}{APPROVES}{asks}{stop}{lines}{by}</transaction>' + PAYS_REJECTED
        body += boundary("cancelled", "T", "<cancelEventDefinition/>") + boundary("b", "T", caught)
        body += element("endEvent", "gone") + flows("start T end", "cancelled gone", "b z", *ways)
    else:
        handler = _handler(caught, PAYS_REJECTED, "caught z", *ways, stops="true")
        lines = flows("start note fin ok", f"ok end ? {AGREED}", "ok back ? true", "back end")
        body = notes + APPROVES + asks + BACK + handler + lines + by

    verdict = judged(drawing(START + END + body, message("m", "= request_id") + error("E1")), states=2000, depth=20)

    assert verdict is not None
    assert verdict.outcome == "violated, both"


@pytest.mark.parametrize("to", ['to="t"', ""])
def test_a_time_limit_sends_back_as_people_do(to):
    """What comes behind the task has been computed already when it is done once more."""
    limit = f'<troika:timeout><troika:step after="P1D" do="return" {to}/></troika:timeout>'
    body = (
        START + END + script("no", "false", "computed") + user("t") + element("exclusiveGateway", "x", default="x_yes")
        + script("yes", "true", "computed") + user("u", limit) + PAY_IT
    )  # fmt: skip
    definition = bpmn.read(
        drawing(body + flows("start no t x", "x pay ? computed = true", "x yes u end", "pay end")), "x.bpmn"
    ).definition
    assert definition is not None

    findings = policy.prove(definition, CATALOG, policies=PAY_001)

    assert [(one.element_id, one.facts["confirmed"]) for one in findings] == [("pay", True)]


@pytest.mark.parametrize("what", CALLED)
def test_a_called_process_undoes_what_it_has_done_itself(what):
    more, lines, expected = CALLED[what]

    verdict = judged(_calling(FROM_TO + UNDOES + more + flows(*lines) + BY, "", "start call end"))

    assert verdict is not None
    assert verdict.outcome == expected


def test_what_waits_beside_a_sub_process_does_not_happen_when_only_an_outcome_was_left_to_be_asked():
    """Its last gateway reads what was decided, and is passed at once."""
    inside = '<startEvent id="s0"/>' + APPROVES + element("exclusiveGateway", "x", default="x_e1")
    inside += "".join(element("endEvent", key) for key in ("e1", "e2"))
    body = (
        f'<subProcess id="sub">{inside}{flows("s0 fin x", "x e1", "x e2 ? " + AGREED)}</subProcess>'
        + boundary("late", "sub", message_event("m")) + element("exclusiveGateway", "g", default="g_end") + PAY_IT
    )  # fmt: skip
    lines = ("start sub end", "late g end", 'g pay ? approval.fin.outcome = "reject"', "pay end")

    def outcome(asked):
        drawn = body.replace(flows("x e2 ? " + AGREED), flows("x e2 ? " + asked))
        verdict = judged(drawing(START + END + drawn + flows(*lines), message("m", None)), gaps=True)
        assert verdict is not None
        return verdict.outcome

    assert outcome(AGREED) == "proved, both"
    assert outcome('approval.fin.outcome = "reject" and amount > 50') == "violated, both"  # null without an amount


def test_flows_see_what_a_step_was_given_not_what_it_has_written():
    lines = ("start s", "s pay ? x > 50", "fin x", f"x pay ? {AGREED}", "x end", "pay end")
    body = script("s", "0", "amount", in_x="= amount").replace("<scriptTask", '<scriptTask default="s_fin"')
    body += APPROVES + PAY_IT + element("exclusiveGateway", "x", default="x_end")
    last = '<sequenceFlow id="s_fin" sourceRef="s" targetRef="fin"/>'

    verdict = judged(drawing(START + END + body + flows(*lines) + last))

    assert verdict is not None
    assert verdict.outcome == "violated, both"


def test_a_called_process_does_not_undo_what_an_earlier_call_of_it_has_done():
    """It is called again until somebody has enough; only where nothing is noted it undoes, which finds nothing then."""
    asks = element("exclusiveGateway", "x", default="x_back") + service("ask2", "ask.d1")
    called = (
        FROM_TO + UNDOES + BACK + asks + flows("s0 ask2 x", "x note ? d1 = true", "x back", "note s1", "back s1") + BY
    )

    verdict = judged(_calling(called, AGAIN, "start again call ask more", "more again ? d0 = true", "more end"))

    assert verdict is not None
    assert (verdict.proof, verdict.unread, verdict.machine.paid) == (set(), {}, {})


@pytest.mark.parametrize(
    ("round_", "outcome"), [("ask more note fin", "proved, both"), ("note ask more fin", "violated, both")]
)
def test_a_loop_of_flows_before_what_is_undone_is_followed(round_, outcome):
    """It goes round until somebody has enough; one yes pays for undoing one step, not for that of each round."""
    asks = AGAIN.replace("more_end", f"more_{round_.partition('more ')[2].split()[0]}")
    lines = (f"start again {round_} ok", "more again ? d0 = true", f"ok back ? {AGREED}", "ok end", "back end")

    verdict = judged(drawing(START + END + UNDOES + asks + ASKS + BACK + flows(*lines) + BY), states=2000, depth=20)

    assert verdict is not None
    assert verdict.outcome == outcome


def _handler(event: str, inner: str, *lines: str, stops: str = "false") -> str:
    """An event sub-process that begins at `caught`."""
    begins = f'<startEvent id="caught" isInterrupting="{stops}">{event}</startEvent>'
    return f'<subProcess id="handler" triggeredByEvent="true">{begins}{inner}{flows(*lines)}</subProcess>'


def test_an_event_sub_process_for_which_only_it_itself_escalates_never_begins():
    inside = PAY_IT + element("endEvent", "e9", inner=escalation_event("X"))
    body = script("r", "1", "n") + _handler(escalation_event("X"), inside, "caught pay e9")

    verdict = judged(drawing(START + END + body + flows("start r end"), escalation("X")))

    assert verdict is not None
    assert verdict.outcome == "proved, both"


@pytest.mark.parametrize("seed", [1060140, 1060230])
def test_what_was_decided_before_a_task_was_passed_last_stands_when_that_is_taken_back(seed):
    looked_at, path = unseen(drawn("tangled", seed))

    assert looked_at > 20
    assert path is None


SAME = {
    "in the handler of a message that has brought none": _handler(
        message_event("m"), service("more", PAY, in_request_id="= request_id"), "caught more"
    ),
    "under another name that is a copy": _handler(
        timer("PT1H"), script("copy", "request_id", "other") + service("more", PAY, in_request_id="= other"),
        "caught copy more",
    ),
}  # fmt: skip


@pytest.mark.parametrize("named", SAME)
def test_a_payment_of_the_same_document_uses_the_yes_up(named):
    """However the drawing names it there."""
    body = START + END + APPROVES + PAYS + SAME[named]

    verdict = judged(drawing(body + flows("start fin ok", f"ok pay ? {AGREED}", "ok end", "pay end"),
                             message("m", "= request_id")), states=2000, depth=20)  # fmt: skip

    assert verdict is not None
    assert "pay" in verdict.proof & set(verdict.machine.paid)


def test_what_begins_in_place_of_everything_begins_once():
    """A second beginning would ask what has been decided in the first one."""
    asks = element("exclusiveGateway", "x", default="x_pay") + user("fin", MODE, MARK) + user("t")
    inner = asks + service("pay", PAY, in_request_id="= request_id")
    handler = _handler(timer("PT1H"), inner, "caught x", 'x fin ? approval.fin.outcome != "reject"', "fin t", "x pay",
                       stops="true")  # fmt: skip

    verdict = judged(drawing(START + END + user("u") + handler + flows("start u end")))

    assert verdict is not None
    assert verdict.outcome == "proved, both"


def test_a_loop_whose_condition_is_always_true_runs_once_at_least():
    marker = (
        '<standardLoopCharacteristics testBefore="true" loopMaximum="2"><loopCondition>= true</loopCondition>'
        "</standardLoopCharacteristics>"
    )
    inside = f'<startEvent id="s0"/>{APPROVES}<endEvent id="s1"/>{flows("s0 fin s1")}'
    loop = f'<subProcess id="S">{marker}{inside}</subProcess>'.replace('onReject="flow"', 'onReject="end"')
    pays = service("pay", PAY, in_request_id="= request_id")

    verdict = judged(drawing(START + END + loop + pays + flows("start S pay end")))

    assert verdict is not None
    assert verdict.outcome == "proved, both"


def test_nothing_is_sent_back_to_what_does_not_lead_to_it():
    """From the handler of a timer the machine goes back to no task beside it, and what the handler writes there ends
    with the handler."""
    back = user("fin2", '<troika:approval mode="any" onReject="return:fin"/>', MARK)
    inner = element("parallelGateway", "f") + back + service("swap", "erp.do", **SWAPPED)
    approves = APPROVES.replace('onReject="flow"', 'onReject="end"')
    pays = service("pay", PAY, in_request_id="= request_id")
    handler = _handler(timer("PT1H"), inner, "caught f", "f fin2", "f swap", stops="true")

    verdict = judged(drawing(START + END + approves + pays + handler + flows("start fin pay end")))

    assert verdict is not None
    assert verdict.outcome == "proved, both"


@pytest.mark.parametrize(
    ("round_", "outcome"), [(["u x"], "proved, both"), (["u ask more x", "more j ? d0 = true"], "violated, both")]
)
def test_nobody_is_sent_back_to_what_only_an_event_beside_it_has_ended(round_, outcome):
    """Unless it was done in an earlier round."""
    back = user("fin2", '<troika:approval mode="any" onReject="end"/>', '<troika:return targets="u"/>')
    asks = element("exclusiveGateway", "more", default="more_x") + service("ask", "ask.d0") if len(round_) > 1 else ""
    body = (
        START + END + script("no", "false", "flag") + element("exclusiveGateway", "j") + user("u") + asks + back
        + boundary("late", "u", timer("PT1H")) + script("yes", "true", "flag")
        + element("exclusiveGateway", "x", default="x_fin") + element("exclusiveGateway", "y")
        + user("fin", '<troika:approval mode="any" onReject="end"/>', MARK)
        + service("pay", PAY, in_request_id="= request_id")
    )  # fmt: skip
    lines = ("start no j u", *round_, "x fin y pay end", "x y ? flag = true", "late yes fin2 end")

    verdict = judged(drawing(body + flows(*lines)), states=2000, depth=20)

    assert verdict is not None
    assert verdict.outcome == outcome


def test_a_join_does_not_wait_for_what_is_only_kept_for_undoing():
    """Beside it a step in a sub-process is over, which something could undo."""
    body = (
        START + END + element("parallelGateway", "f") + _inside() + APPROVES
        + element("exclusiveGateway", "x", default="x_e2") + element("endEvent", "e2")
        + element("inclusiveGateway", "j") + service("pay", PAY, in_request_id="= request_id")
    )  # fmt: skip
    lines = ("start f S fin x", f"x j ? {AGREED}", "x e2", "f j pay end")

    verdict = judged(drawing(body + flows(*lines)), states=2000, depth=20)

    assert verdict is not None
    assert "pay" in verdict.proof & set(verdict.machine.paid)


def test_nothing_happens_beside_what_is_over_with_its_inside():
    """A timer beside a sub-process runs out before what is in it has ended, or never."""
    pays, more = (service(key, PAY, in_request_id="= request_id") for key in ("pay", "more"))
    inside = f'<startEvent id="s0"/>{pays}<endEvent id="s1"/>{flows("s0 pay s1")}'
    asks, late = element("exclusiveGateway", "ok", default="ok_end"), boundary("late", "S", timer("PT1H"))
    body = START + END + APPROVES + asks + f'<subProcess id="S">{inside}</subProcess>' + late

    verdict = judged(
        drawing(body + more + flows("start fin ok", f"ok S ? {AGREED}", "ok end", "S end", "late more end"))
    )

    assert verdict is not None
    assert verdict.outcome == "proved, both"


OWN_DATA = '<dataObject id="own" name="request_id"/>'


@pytest.mark.parametrize(
    "within",
    [
        script("r", "amount", "other"),
        "<subProcess id='r'><startEvent id='r0'/></subProcess>",
        OWN_DATA + script("r", "amount", "other"),
    ],
)
def test_nothing_happens_beside_what_begins_and_ends_in_one_step(within):
    late = boundary("late", "S", timer("PT1H"), interrupting=False) + service("pay", PAY, in_request_id="= request_id")
    inside = f'<startEvent id="s0"/>{within}<endEvent id="s1"/>{flows("s0 r s1")}'

    body = START + END + f'<subProcess id="S">{inside}</subProcess>' + user("u") + late
    verdict = judged(drawing(body + flows("start S u end", "late pay")))

    assert verdict is not None
    assert verdict.outcome == "proved, both"


@pytest.mark.parametrize("stops", [element("endEvent", "stop", inner=TERMINATE), script("stop", "1", "amount")])
def test_what_comes_at_once_does_not_wait_for_what_comes_to_the_same_place_later(stops):
    """A step beside it leads to the end that stops everything as well; this one stops it before anything is paid."""
    body = START + END + element("parallelGateway", "fork") + service("a") + service("b") + stops
    body += service("pay", PAY, in_request_id="= request_id")
    lines = ["start fork", "fork a stop", "fork b", "b stop", "b pay end"]
    if "endEvent" not in stops:
        body, lines = body + element("endEvent", "over", inner=TERMINATE), [*lines, "stop over"]

    verdict = judged(drawing(body + flows(*lines)))

    assert verdict is not None
    assert verdict.outcome == "proved, both"


STOPS = element("endEvent", "stop", inner=TERMINATE) + element("endEvent", "stop2", inner=TERMINATE)
BESIDE_IT = STOPS + element("parallelGateway", "fork") + service("t")
AT_ONCE = {
    "a task that nobody does": element("manualTask", "m"),
    "a task of no kind": element("task", "m"),
    "a sub-process with data of its own": (
        '<subProcess id="m"><dataObject id="o" name="mine"/><startEvent id="m0"/><endEvent id="m1"/>'
        + flows("m0 m1") + "</subProcess>"
    ),
}  # fmt: skip


@pytest.mark.parametrize("passed", AT_ONCE)
def test_what_is_passed_at_once_lets_nobody_pay_before_the_end_that_stops_everything(passed):
    body = START + END + BESIDE_IT + AT_ONCE[passed] + PAY_IT

    verdict = judged(drawing(body + flows("start fork", "fork m stop", "fork t pay end")))

    assert verdict is not None
    assert verdict.outcome == "proved, both"


@pytest.mark.parametrize(
    ("asked", "outcome"),
    [
        ("x stop ? amount > 100, x other", "violated, both"),
        ("x stop ? amount > 100 and amount <= 100, x other", "violated, both"),
        ('x stop ? level = "high", x other', "violated, both"),
        ("x stop ? level = null, x other", "proved, both"),
        ('x stop ? level = "high", x other ? level = "low"', "violated, both"),
        ("r stop ? amount > 100, r other", "violated, both"),
    ],
)  # fmt: skip
def test_what_is_stuck_for_want_of_a_value_stops_nothing_beside_it(asked, outcome):
    """Each way out of the question stops everything, but it has none without a value, or with one of another kind."""
    ends = "".join(element("endEvent", key, inner=TERMINATE) for key in ("stop", "other"))
    default = {} if asked.count("?") > 1 else {"default": "x_other"}
    asks = script("r", "1", "rate") if asked.startswith("r") else element("exclusiveGateway", "x", **default)
    body = START + END + element("parallelGateway", "fork") + asks + ends
    body += service("pay", PAY, in_request_id="= request_id")

    verdict = judged(
        drawing(body + flows("start fork", f"fork {asked[0]}", *asked.split(", "), "fork pay end")), gaps=True
    )

    assert verdict is not None
    assert verdict.outcome == outcome


def _stuck(*first: str, more: str = "") -> list[str]:
    """Beside `t`, which leads to the payment, `u` stops everything, but for want of an amount."""
    return [*first, "fork t pay end", "u stop ? amount > 100", "u stop2 ? amount <= 100", *([more] if more else [])]


WRITES_IT = service("u", "erp.other", out_request_id='= "B"')
LATE = boundary("late", "u", timer("PT1H"))
GIVES = (
    '<ioSpecification><dataOutput id="out" name="result"/><inputSet/><outputSet><dataOutputRefs>out</dataOutputRefs>'
    "</outputSet></ioSpecification>"
)
STEPS = {
    "a script": (script("u", '"B"', "request_id"), _stuck("fork u")),
    "a job": (WRITES_IT, _stuck("fork u")),
    "a job with a timer": (WRITES_IT + LATE, _stuck("fork u", more="late end")),
    "a form with a timer": (user("u", FILLED_IN) + LATE, _stuck("fork u", more="late end")),
    "a message": (catch("u", message_event("m")), _stuck("fork u")),
    "a message beside a task": (user("q") + boundary("u", "q", message_event("m")), _stuck("fork q end")),
    "a message beside a task that goes on": (
        user("q") + boundary("u", "q", message_event("m"), interrupting=False), _stuck("fork q stop"),
    ),
    "a sub-process": (
        f'<subProcess id="u">{FROM_TO}{user("v", FILLED_IN)}{flows("s0 v s1")}</subProcess>', _stuck("fork u"),
    ),
    "a no": (user("u", MODE, MARK), _stuck("fork u")),
    "a no beside which something is missing": (
        user("u", MODE, MARK).replace("</userTask>", f"{GIVES}</userTask>"), ["fork t pay end", "fork u stop"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_what_a_step_has_done_is_done_though_it_is_stuck_at_its_own_flows(step):
    """It has written, or taken a yes back, and what runs beside it pays before somebody helps it out."""
    drawn_as, lines = STEPS[step]
    body = START + END + APPROVES + PAYS + BESIDE_IT + drawn_as

    verdict = judged(
        drawing(body + flows("start fin ok", f"ok fork ? {AGREED}", "ok end", *lines), message("m", "= request_id")),
        states=4000, depth=20, gaps=True,
    )  # fmt: skip

    assert verdict is not None
    assert verdict.outcome == "violated, both"


@pytest.mark.parametrize("step", [script("u", "50", "amount"), element("manualTask", "u")])
def test_a_step_that_surely_goes_on_by_its_own_flows_stops_everything_at_once(step):
    body = START + END + script("r", "900", "amount") + BESIDE_IT + step + PAY_IT

    verdict = judged(drawing(body + flows("start r fork", *_stuck("fork u"))), gaps=True)

    assert verdict is not None
    assert verdict.outcome == "proved, both"


@pytest.mark.parametrize("kind", ["manualTask", "exclusiveGateway", "inclusiveGateway"])
def test_who_helps_a_stuck_step_on_may_write_what_something_beside_it_has_mended(kind):
    """With the amount that is there now it would surely stop everything, but nobody asks it before it is helped on."""
    body = START + END + script("r", "300", "amount") + script("l", '"high"', "level") + BESIDE_IT + PAY_IT
    body += element(kind, "u") + script("v", "50", "amount") + script("w", '"low"', "level")
    body += element("exclusiveGateway", "x", default="x_end")
    ways = ("u stop ? amount <= 100", "u x ? amount >= 500", 'x pay ? level = "low"', "x end", "pay end")

    verdict = judged(drawing(body + flows("start r l fork u", "fork t v w end", *ways)), states=2000, depth=20)

    assert verdict is not None
    assert verdict.outcome == "violated, both"


@pytest.mark.parametrize("kind", ["manualTask", "exclusiveGateway", "inclusiveGateway"])
def test_what_is_stuck_is_so_until_somebody_helps_it_on(kind):
    """Though something beside it writes what it wants, which then pays."""
    body = START + END + script("r", "300", "amount") + BESIDE_IT + element(kind, "u") + PAY_IT
    body += script("v", "50", "amount")
    ways = ("u stop ? amount <= 100", "u stop2 ? amount >= 500")

    verdict = judged(drawing(body + flows("start r fork u", "fork t v pay end", *ways)), states=2000, depth=20)

    assert verdict is not None
    assert verdict.outcome == "violated, both"


def test_a_decision_that_is_stuck_is_not_asked_again_by_itself():
    """Without an amount it gives nothing; what writes one beside it then pays."""
    asks = element("businessRuleTask", "u", '<zeebe:calledDecision decisionId="level_of" resultVariable="level"/>')
    asks += element("exclusiveGateway", "x", default="x_stop") + script("v", "50", "amount")
    lines = ("start fork u x stop", 'x stop2 ? level = "low"', "fork t v pay end")

    verdict = judged(drawing(START + END + BESIDE_IT + asks + PAY_IT + flows(*lines)), states=2000, gaps=True)

    assert verdict is not None
    assert verdict.outcome == "violated, both"


@pytest.mark.parametrize("step", [script("u", '"high"', "level"), service("u", "fill.level")])
def test_what_a_step_has_written_is_known_beside_it_though_it_is_stuck(step):
    asks = element("exclusiveGateway", "x", default="x_end")
    body = START + END + script("r", '"low"', "level") + asks + PAY_IT + BESIDE_IT + step
    lines = ("start r fork", "fork t x", 'x pay ? level = "high"', "x end", "pay end", *_stuck("fork u")[2:], "fork u")

    verdict = judged(drawing(body + flows(*lines)), states=2000, depth=20, gaps=True)

    assert verdict is not None
    assert verdict.outcome == "violated, both"


@pytest.mark.parametrize(
    "step", [script("u", '"B"', "request_id"), WRITES_IT, element("startEvent", "u") + script("v", '"B"', "request_id")]
)
def test_what_is_stuck_in_a_sub_process_is_ended_by_its_timer(step):
    begins = "" if "startEvent" in step else element("startEvent", "s0")
    ways = ("s0 u", "u s1 ? amount > 100", "u s2 ? amount <= 100")
    lines = ways if begins else ("u v ? amount > 100", "u s2 ? amount <= 100", "v s1")
    ends = element("endEvent", "s1") + element("endEvent", "s2")
    body = START + END + PAY_IT + f'<subProcess id="S">{begins}{step}{ends}{flows(*lines)}</subProcess>'
    asks = APPROVES + element("exclusiveGateway", "ok", default="ok_end") if begins else ""
    approved = ("start fin ok", f"ok S ? {AGREED}", "ok end") if begins else ("start S",)

    verdict = judged(
        drawing(body + asks + boundary("late", "S", timer("PT1H")) + flows(*approved, "S end", "late pay end")),
        states=2000, depth=20, gaps=True,
    )  # fmt: skip

    assert verdict is not None
    assert verdict.outcome == "violated, both"


def test_a_boundary_event_takes_the_flow_that_its_condition_says():
    """Not both of them, one of which would stop everything before the other pays."""
    body = START + END + user("q") + boundary("b", "q", timer("PT1H")) + element("endEvent", "stop", inner=TERMINATE)

    lines = ("start q end", "b pay ? amount > 100", "b stop ? amount <= 100", "pay end")

    verdict = judged(drawing(body + PAY_IT + flows(*lines)), states=2000, depth=20)

    assert verdict is not None
    assert verdict.outcome == "violated, both"


SEES = {
    "what it was given": (
        "x u ? amount <= 100", service("u", "erp.do", in_amount="= other"),
        ("u pay ? amount > 500", "u end ? amount <= 500"),
    ),
    "what its message brought": (
        'x q ? request_id = "A"',
        user("q") + boundary("u", "q", message_event("m"), True, mapping(out_note="= 1")),
        ("q end", 'u pay ? request_id = "B"', 'u end ? request_id != "B"'),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SEES)
def test_the_flows_of_a_step_see(what):
    """And not the variable of the process that has the same name."""
    asked, step, ways = SEES[what]
    body = START + END + element("exclusiveGateway", "x", default="x_end") + step + PAY_IT

    verdict = judged(drawing(body + flows("start x", asked, "x end", *ways, "pay end"), message("m", None)),
                     states=2000, depth=20)  # fmt: skip

    assert verdict is not None
    assert verdict.outcome == "violated, both"


def test_who_helps_out_of_a_gateway_that_leads_nowhere_may_write_what_it_asks():
    """A small amount needs no approval, and leads nowhere afterwards; a large one is paid."""
    asks = element("exclusiveGateway", "small", default="small_fin") + element("exclusiveGateway", "j")
    approves = APPROVES.replace('onReject="flow"', 'onReject="end"')
    lines = ("start small", "small j ? amount < 500", "small fin j x", "x pay ? amount >= 500", "pay end")
    body = START + END + asks + approves + element("exclusiveGateway", "x") + PAY_IT

    verdict = judged(drawing(body + flows(*lines)), states=2000, depth=20)

    assert verdict is not None
    assert verdict.outcome == "violated, both"


@pytest.mark.parametrize(
    ("approval", "text", "outcome"),
    [
        ("fin", 'approval.fin.outcome = /* and false and */ "reject"', "violated, both"),
        ("fin", 'approval.fin.outcome = // and false and\n "reject"', "violated, both"),
        ("fin-2", 'approval.fin-2.outcome != "reject"', "violated, both"),
        ("fin-2", 'not(approval.fin-2.outcome = "reject")', "violated, both"),
        ("fin-2", 'approval.`fin-2`.outcome = "agree"', "proved, both"),
        ("fin", 'approval.fin.outcome /* or true */ = "agree"', "proved, both"),
        ("fin", 'true and if true then approval.fin.outcome != null else false and false', "violated, both"),
    ],
)  # fmt: skip
def test_a_condition_is_read_as_the_machine_reads_it(approval, text, outcome):
    """A comment says nothing; a hyphen subtracts, so that nothing is asked about the approval."""
    body = START + END + user(approval, MODE, MARK) + element("exclusiveGateway", "ok", default="ok_end") + PAY_IT
    xml = drawing(body + flows(f"start {approval} ok", "ok pay ? HERE", "ok end", "pay end"))

    verdict = judged(xml.replace(b"HERE", escaped(text).encode()))

    assert verdict is not None
    assert verdict.outcome == outcome


@pytest.mark.parametrize(
    ("text", "outcome"), [
        ('approval.fin.outcome in ("agree", "reject")', "violated, both"),
        ("string length(approval.fin.outcome) > 1", "violated, both"),
        ("approval.fin != null", "violated, both"),
        ('approval . fin . outcome != "reject"', "proved, both"),
        ('approval. fin.outcome != "agree"', "violated, both"),
        ('approval.fin2.outcome != "agree"', "proved, both"),
        ('"approval.fin" != approval.other.outcome', "proved, both"),
    ],
)  # fmt: skip
def test_a_rejection_goes_on_where_a_condition_asks_for_it_in_any_words(text, outcome):
    """What is not drawn for a rejection is the same for the proof and for the machine."""
    asks = element("exclusiveGateway", "ok", default="ok_end")
    ways = ("start fin ok", f"ok pay ? {text}", "ok end", "pay end")
    body = START + END + user("fin", '<troika:approval mode="any"/>', MARK) + asks + PAY_IT

    verdict = judged(drawing(body + flows(*ways)))

    assert verdict is not None
    assert verdict.outcome == outcome


@pytest.mark.parametrize(
    "text", [f"amount < 1{'0' * 30}", f"amount < 1{'0' * 33}.5", f"not(amount >= 1{'0' * 30})", "amount > -1e40"]
)
def test_numbers_of_many_digits_are_told_apart(text):
    body = START + END + element("exclusiveGateway", "ok", default="ok_end") + PAY_IT

    verdict = judged(drawing(body + flows("start ok", f"ok pay ? {text}", "ok end", "pay end")))

    assert verdict is not None
    assert verdict.outcome == "violated, both"


def test_a_flow_may_be_called_like_a_word_of_the_proof():
    body = START + END + element("parallelGateway", "f") + element("parallelGateway", "j") + service("a") + PAY_IT
    drawn_as = flows("start f a j pay end", "f j").replace('id="a_j"', 'id="held"')

    verdict = judged(drawing(body + drawn_as))

    assert verdict is not None
    assert verdict.outcome == "violated, both"


def _in_place_of_everything(text: str, within: str = user("tell"), flow: str = "h0 tell h1") -> str:
    start = f'<startEvent id="h0">{condition(text)}</startEvent>'
    inside = f'{start}{within}<endEvent id="h1"/>{flows(flow)}'
    return f'<subProcess id="h" triggeredByEvent="true">{inside}</subProcess>'


@pytest.mark.parametrize(
    ("waits", "within", "lines"),
    [
        (catch("c", condition('level = "low"')), _in_place_of_everything('level = "low"'), ("start c pay end",)),
        (
            element("exclusiveGateway", "x", default="x_end"), _in_place_of_everything('level = "high"'),
            ("start x", 'x t ? level = "high"', "x end", "t pay end"),
        ),
        (catch("c", condition("amount >= 500")), element("exclusiveGateway", "x", default="x_end"),
         ("start x", "x c ? amount < 500", "x end", "c pay end")),
    ],
)  # fmt: skip
def test_an_event_on_a_condition_happens_where_it_is_true_and_at_once(waits, within, lines):
    """What would begin in place of everything leaves nothing to be paid; what waits for what never comes, neither."""
    verdict = judged(drawing(START + END + waits + within + service("t") + PAY_IT + flows(*lines)))

    assert verdict is not None
    assert verdict.outcome == "proved, both"


def test_an_event_on_a_condition_beside_a_task_that_is_true_already_ends_it_at_once():
    body = START + END + script("r", '"low"', "level") + user("a") + boundary("b", "a", condition('level = "low"'))

    verdict = judged(drawing(body + PAY_IT + flows("start r a pay end", "b end")))

    assert verdict is not None
    assert verdict.outcome == "proved, both"


def test_what_begins_in_place_of_everything_asks_what_is_around_it():
    """A variable of its own under the same name is nothing that its event reads."""
    own = '<dataObject id="o" name="level"/>'
    handler = _in_place_of_everything('level = "low"').replace("<startEvent", f"{own}<startEvent", 1)
    inside = FROM_TO + user("u") + PAY_IT + flows("s0 u pay s1") + handler
    body = START + END + script("r", '"low"', "level") + f'<subProcess id="S">{inside}</subProcess>'

    verdict = judged(drawing(body + flows("start r S end")))

    assert verdict is not None
    assert verdict.outcome == "proved, both"


KEYED = '<messageEventDefinition messageRef="m"/>'


@pytest.mark.parametrize("what", [throw("m0", KEYED), element("endEvent", "m0", inner=KEYED)])
def test_what_throws_a_message_whose_key_is_missing_is_stuck(what):
    """It stops nothing beside it, nor is the request over."""
    if "endEvent" in what:
        handler = _handler(timer("PT1H"), PAY_IT, "caught pay", stops="true")
        body, lines = handler, ["start m0"]
    else:
        body, lines = BESIDE_IT + PAY_IT, ["start fork", "fork m0 stop", "fork t pay end"]

    verdict = judged(drawing(START + END + body + what + flows(*lines), message("m", "= order")))

    assert verdict is not None
    assert verdict.outcome == "violated, both"


@pytest.mark.parametrize("repairs", [True, False])
def test_an_event_on_a_condition_hears_of_what_somebody_repairs(repairs):
    """A script has left no amount to compare; whoever says how much begins what pays."""
    asks = element("exclusiveGateway", "x", default="x_u") + user("v") if repairs else ""
    ways = ("s0 x", "x u", "x v ? amount > 100", "u s1", "v s1") if repairs else ("s0 u s1",)
    inside = f'<startEvent id="s0"/>{asks}{user("u")}<endEvent id="s1"/>' + flows(*ways)
    inside += _in_place_of_everything("amount > 500", PAY_IT, "h0 pay h1")
    body = START + END + script("r", '"none"', "amount") + f'<subProcess id="S">{inside}</subProcess>'

    verdict = judged(drawing(body + flows("start r S end")))

    assert verdict is not None
    assert verdict.outcome == ("violated, both" if repairs else "proved, both")


@pytest.mark.parametrize(
    ("asked", "outcome"),
    [("amount > 100 and amount <= 100", "proved, both"), ("amount > 100 and amount <= 300", "violated, both")],
)
def test_a_condition_that_is_never_true_is_not_in_a_called_process_either(asked, outcome):
    inside = '<startEvent id="s0"/><endEvent id="s1"/>' + element("exclusiveGateway", "x", default="x_s1") + PAY_IT
    inside += flows("s0 x", f"x pay ? {asked}", "x s1", "pay s1")

    verdict = judged(_calling(inside, "", "start call end"))

    assert verdict is not None
    assert verdict.outcome == outcome


def test_a_form_that_an_event_takes_away_has_written_nothing():
    """The approved document is paid when the time of whoever might name another one is over."""
    asks = user("u", f'<zeebe:formDefinition formId="{WRITES}"/>') + boundary("late", "u", timer("PT1H"))
    lines = ("start fin ok", f"ok u ? {AGREED}", "ok end", "u end", "late pay end")

    verdict = judged(drawing(START + END + APPROVES + PAYS + asks + flows(*lines)))

    assert verdict is not None
    assert verdict.outcome == "proved, both"


def test_what_waits_in_a_running_request_may_wait_though_its_condition_is_true():
    """Another version brought it, or another condition."""
    xml = drawing(
        START + END + script("r", '"low"', "level") + user("t") + PAY_IT + _in_place_of_everything('level = "low"')
        + flows("start r t pay end")
    )  # fmt: skip
    definition = bpmn.read(xml, "x.bpmn").definition
    assert definition is not None
    low = {"level": "low"}

    def begin(space):
        return [space.placed(state._replace(tokens=(), data=space.data.located(low)), "t") for state in space.starts()]

    beside = {"policies": PAY_001, "process_id": "p"}
    assert policy.prove(definition, CATALOG, **beside) == []
    assert [one.element_id for one in policy.prove(definition, CATALOG, begin=begin, **beside)] == ["pay"]


def test_what_a_signal_brings_is_kept_where_the_scope_has_a_document_of_its_own():
    """Nothing maps it, and the sub-process has a variable of that name."""
    own = '<dataObject id="o" name="request_id"/>' + catch("c", signal_event("s"))
    inside = f'<subProcess id="S">{own}{FROM_TO}{flows("s0 c s1")}</subProcess>'
    body = START + END + APPROVES.replace('onReject="flow"', 'onReject="end"') + inside
    pays = service("pay", PAY, in_request_id="= request_id")

    verdict = judged(drawing(body + pays + flows("start fin S pay end"), signal("s")))

    assert verdict is not None
    assert verdict.outcome == "proved, both"


HEARD = {
    "signal": (signal_event("s"), f'<endEvent id="last">{signal_event("s")}</endEvent>'),
    "escalation": (escalation_event("X"), f'<endEvent id="last">{escalation_event("X")}</endEvent>'),
    "condition": (condition('state = "done"'), '<endEvent id="last"/>'),
}  # fmt: skip


@pytest.mark.parametrize("kind", HEARD)
def test_what_happens_within_the_last_step_is_still_heard(kind):
    event, last = HEARD[kind]
    inner = element("exclusiveGateway", "x", default="x_no") + '<endEvent id="no"/>'
    handler = _handler(
        event,
        inner + service("pay", PAY, in_request_id="= request_id"),
        "caught x no",
        'x pay ? state = "done"',
        stops="true",
    )
    body = START + script("new", '"new"', "state") + user("u") + script("done", '"done"', "state") + last + handler

    verdict = judged(drawing(body + flows("start new u done last"), signal("s") + escalation("X")))

    assert verdict is not None
    assert verdict.outcome == "violated, both"


SURROUNDINGS = ('has role(clerk, "managers")', 'work days between(date(since), date("2026-11-02")) = 1')


@pytest.mark.parametrize("asked", SURROUNDINGS)
def test_what_the_directory_or_the_calendar_says_may_be_otherwise_at_the_next_step(asked):
    """Whoever is no manager any more when he is done is paid without an approval."""
    gates = element("exclusiveGateway", "a", default="a_fin") + element("exclusiveGateway", "b", default="b_pay")
    body = START + END + gates + user("fin", '<troika:approval mode="any" onReject="end"/>', MARK)
    body += element("exclusiveGateway", "j") + user("u") + service("pay", PAY, in_request_id="= request_id")
    lines = ("start a", f"a j ? {asked}", "a fin j u b", f"b end ? {asked}", "b pay end")

    verdict = judged(drawing(body + flows(*lines)))

    assert verdict is not None
    assert verdict.outcome == "violated, both"


@pytest.mark.parametrize("seed", [40022, 100804])
def test_a_decision_that_is_asked_for_nothing_stops_no_branch_beside_it(seed):
    """Whoever begins without a value, or gets none from a job, is stuck before the end that would have stopped all."""
    xml = drawn("tangled, with data", seed)

    verdict = judged(xml, states=2000, depth=20, gaps=True)

    assert verdict is not None
    assert verdict.outcome == "violated, both"


def test_where_the_proof_gives_up_the_branches_are_named(monkeypatch):
    monkeypatch.setattr("engine.policy.checker.DEPLOYING", Effort(1, 1))
    tells = element("parallelGateway", "fork") + user("t") + APPROVES

    verdict = judged(drawing(START + END + tells + PAY_IT + flows("start fork", "fork t end", "fork fin pay end")))

    assert verdict is not None
    assert [name.split()[0] for name in verdict.unread] == ["branches"]
    assert "None" not in str(verdict.unread)


@pytest.mark.parametrize("path", mutants.SHIPPED)
def test_the_same_drawing_in_other_words_gets_the_same_verdict(path):
    source = (mutants.LIBRARY / "processes" / f"{path}.bpmn").read_bytes()
    faulty = [one.source for one in mutants.all_of_them(path)][::120]
    for drawn_as in (source, *faulty):
        expected = mutants.verdict(drawn_as)

        assert mutants.verdict(mutants.renamed(drawn_as)) == expected
        assert mutants.verdict(mutants.permuted(drawn_as, 1)) == expected
        assert mutants.verdict(drawn_as, fuse=False) == expected


def test_a_proof_looks_at_few_states():
    """What a proof costs, on any machine; `benchmarks.proofs --speed` takes the time."""
    assert {row.name: row.states for row in sizes.measured() if row.states > row.most} == {}


def test_a_condition_for_which_a_token_waits_has_not_been_true():
    """It goes on at once or never, as nothing writes what it asks; nobody has decided when it goes on at once."""
    gate = element("exclusiveGateway", "x", default="x_end") + element("parallelGateway", "fork")
    body = gate + catch("c", condition("amount > 100")) + APPROVES + PAY_IT
    lines = ("start fork c x", 'x pay ? approval.fin.outcome = "reject"', "x end", "pay end", "fork fin end")

    verdict = judged(drawing(START + END + body + flows(*lines)))

    assert verdict is not None
    assert verdict.outcome == "proved, both"


def test_what_somebody_writes_who_helps_a_gateway_on_is_read_beside_it():
    """Nothing else comes of the gateway; without a level it is stuck there, and not high elsewhere."""
    gates = element("exclusiveGateway", "high", default="high_fork") + element("exclusiveGateway", "r", default="r_end")
    gates += element("parallelGateway", "fork") + element("exclusiveGateway", "g")
    lines = (
        "start high", 'high end ? level = "high"', "high fork g", 'g u ? level = "high"', 'g v ? level = "low"',
        "u end", "v end", "fork k r", 'r pay ? level = "high"', "r end", "pay end",
    )  # fmt: skip
    people = "".join(user(key) for key in ("u", "v", "k"))

    verdict = judged(drawing(START + END + gates + people + PAY_IT + flows(*lines)), gaps=True)

    assert verdict is not None
    assert verdict.outcome == "violated, both"


def given_its_own(*more, lines):
    """A number above 100 is given as `a` to a step whose flows see it so, and which goes on in one step."""
    ends = "".join(element("endEvent", key, inner=TERMINATE) for key in ("low", "high"))
    gates = element("exclusiveGateway", "x", default="x_end") + element("parallelGateway", "fork")
    body = ends + gates + service("fill", "fill.amount") + script("r", "1", "n", in_a="= amount") + PAY_IT
    ways = ("start fill x", "x fork ? amount > 100", "x end", "fork r", "r low ? a < 500", *lines)
    return drawing(START + END + body + "".join(more) + flows(*ways))


def test_what_a_step_was_given_is_what_is_outside_while_it_does_not_get_stuck():
    """Each of its ways out stops everything in the step in which it is done."""
    verdict = judged(given_its_own(service("t"), lines=("r high ? a >= 500", "fork t pay end")))

    assert verdict is not None
    assert verdict.outcome == "proved, both"


def test_whoever_helps_a_stuck_step_on_says_what_it_was_given():
    """It was given 900; what is outside is small by then."""
    small = script("small", "50", "amount")
    verdict = judged(given_its_own(small, lines=("r pay ? a >= 500 and amount < 500", "fork small end", "pay end")))

    assert verdict is not None
    assert verdict.proof == {"pay"}
