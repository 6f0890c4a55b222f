"""A yes counts for the payment of the very document that was asked about, whatever a drawing calls it."""

import pytest

from engine import bpmn, policy
from tests.engine.bpmn.drawing import (
    END,
    START,
    drawing,
    element,
    escaped,
    extensions,
    flows,
    mapping,
    script,
    service,
    user,
)
from tests.engine.policy.against_machine import CATALOG, PAY_001, judged
from tests.engine.policy.random_payments import CAPABILITY, PAY

DATA = '<dataObject id="object" name="y"/><dataObjectReference id="given" dataObjectRef="object" name="y"/>'


def _approves(subject: str, *more: str) -> str:
    mark = f'<troika:policy provides="{CAPABILITY}" subject="{escaped(subject)}" subjectType="erp_payment_request"/>'
    return user("fin", '<troika:approval mode="any" onReject="end"/>', mark) + "".join(more)


def _pays(*lines: str, more: str = "") -> str:
    """`lines`: sources that name the document, one after the other; the last one counts."""
    inputs = "".join(f'<zeebe:input source="{escaped(line)}" target="request_id"/>' for line in lines)
    inner = extensions(f'<zeebe:taskDefinition type="{PAY}"/>', f"<zeebe:ioMapping>{inputs}</zeebe:ioMapping>")
    return f'<serviceTask id="pay" name="pay">{inner}{more}</serviceTask>'


def _fed(name: str) -> str:
    """A data input that an association fills from the data object."""
    return (
        f'<ioSpecification><dataInput id="in" name="{name}"/><inputSet><dataInputRefs>in</dataInputRefs></inputSet>'
        "<outputSet/></ioSpecification><dataInputAssociation><sourceRef>given</sourceRef><targetRef>in</targetRef>"
        "</dataInputAssociation>"
    )


def _outcome(body: str, *lines: str) -> str:
    verdict = judged(drawing(START + END + body + flows(*lines)), states=2000, depth=20)
    assert verdict is not None
    return verdict.outcome


REJECTED = {
    "the same document by another capability": (
        ("cfo_approval", "erp_payment_request", "= request_id"),
        "violated, both",
    ),
    "a document of another type": ((CAPABILITY, "erp_order", "= order_id"), "proved, both"),
}


@pytest.mark.parametrize("second", REJECTED)
def test_a_no_takes_back_every_yes_about_its_document_and_no_other(second):
    """It is asked for beside the first one, and goes on to the payment whatever is said."""
    (provides, of, subject), outcome = REJECTED[second]
    mark = f'<troika:policy provides="{provides}" subject="{subject}" subjectType="{of}"/>'
    looks = user("looks", '<troika:approval mode="any" onReject="flow"/>', mark)
    body = script("order", '"O-1"', "order_id") + _approves("= request_id") + looks + _pays("= request_id")

    assert _outcome(body, "start order fin looks pay end") == outcome


OTHERS = {
    "spaces within a text": (_approves('= "A  B"'), _pays('= "A B"'), ""),
    "what a comment leaves out": (_approves('= "A" // x\n + "1"'), _pays('= "A" // x + "1"'), ""),
    "the input that comes last": (_approves("= x"), _pays("= x", "= y"), ""),
    "a data input of the payment": (_approves("= x"), _pays("= x", more=_fed("x")), DATA),
    "the argument as a data input": (
        _approves("= request_id"), _pays("= request_id", more=_fed("request_id")), DATA,
    ),
    "a property of the payment": (
        _approves("= x"), _pays("= x", more='<property id="own" name="x"/>'), "",
    ),
    "a data input of the approval": (
        _approves("= x").replace("</userTask>", f"{_fed('x')}</userTask>"), _pays("= x"), DATA,
    ),
}  # fmt: skip


@pytest.mark.parametrize("named", OTHERS)
def test_a_yes_counts_for_no_document_that_is_only_called_alike(named):
    asks, pays, more = OTHERS[named]
    body = more + script("first", '"A"', "x") + script("second", '"B"', "y") + asks
    body = body.replace("\n", "&#10;")

    assert _outcome(body + pays.replace("\n", "&#10;"), "start first second fin pay end") == "violated, both"


def test_what_an_approval_decides_may_name_another_document():
    named = '= if approval.second.outcome = "agree" then "B" else "A"'
    second = user("second", '<troika:approval mode="any" onReject="end"/>')

    assert _outcome(_approves(named, second) + _pays(named), "start fin second pay end") == "violated, both"


def test_a_document_named_like_a_function_is_another_one_once_it_is_written():
    body = script("first", '"A"', "max") + script("second", '"B"', "max") + _approves("= max") + _pays("= max")

    assert _outcome(body, "start first fin pay end", "second end") == "proved, both"
    assert _outcome(body, "start first fin second pay end") == "violated, both"


TURNS = '<multiInstanceLoopCharacteristics isSequential="true">{}</multiInstanceLoopCharacteristics>'
TIMES = TURNS.format("<loopCardinality>= times</loopCardinality>")
COLLECTS = TURNS.format(
    "<extensionElements><zeebe:loopCharacteristics inputCollection='= [1, 2]' inputElement='i' outputCollection='docs'"
    " outputElement='= \"B\"'/></extensionElements>"
)


@pytest.mark.parametrize(
    ("subject", "outcome"),
    [
        ('= if loopCounter = 1 then "A" else "B"', "violated, both"),
        ('= if numberOfCompletedInstances = 0 then "A" else "B"', "violated, both"),
        ("= request_id", "proved, both"),
    ],
)
def test_a_yes_of_one_turn_counts_for_no_document_that_the_next_one_names_by_the_same_words(subject, outcome):
    """The first turn asks, the second one pays, what comes after does nothing."""
    inside = (
        element("startEvent", "s0") + element("endEvent", "s1") + element("exclusiveGateway", "x", default="x_fin")
        + _approves(subject) + script("once", "1", "turn") + script("twice", "2", "turn") + _pays(subject)
        + flows("s0 x", "x fin once s1", "x pay ? turn = 1", "x s1 ? turn = 2", "pay twice s1")
    )  # fmt: skip
    body = script("none", "0", "turn") + f'<subProcess id="S">{TIMES}{inside}</subProcess>'

    assert _outcome(body, "start none S end") == outcome


def test_what_a_loop_has_collected_so_far_hides_a_list_of_the_same_name():
    inside = (
        element("startEvent", "s0") + element("endEvent", "s1") + element("exclusiveGateway", "x", default="x_once")
        + script("once", "1", "turn") + script("twice", "2", "turn") + _pays("= docs[1]")
        + flows("s0 x", "x once s1", "x pay ? turn = 1", "x s1 ? turn = 2", "pay twice s1")
    )  # fmt: skip
    body = (
        script("none", "0", "turn") + script("list", '["A"]', "docs") + _approves("= docs[1]")
        + f'<subProcess id="S">{COLLECTS}{inside}</subProcess>'
    )  # fmt: skip

    assert _outcome(body, "start none list fin S end") == "violated, both"


@pytest.mark.parametrize(("taken", "outcome"), [("request_id", "proved, both"), ("other", "violated, both")])
def test_a_called_process_that_says_what_it_takes_is_given_nothing_else(taken, outcome):
    takes = (
        f'<ioSpecification><dataInput id="in" name="{taken}"/><inputSet><dataInputRefs>in</dataInputRefs></inputSet>'
        "<outputSet/></ioSpecification>"
    )
    inside = element("startEvent", "s0") + element("endEvent", "s1") + _approves("= request_id") + flows("s0 fin s1")
    called = f'<process id="q" name="Q" isExecutable="true">{takes}{inside}</process></definitions>'
    calls = element("callActivity", "call", '<zeebe:calledElement processId="q" propagateAllParentVariables="true"/>')
    xml = drawing(START + END + calls + _pays("= request_id") + flows("start call pay end"))

    verdict = judged(xml.replace(b"</definitions>", called.encode()))

    assert verdict is not None
    assert verdict.outcome == outcome


def test_an_approval_that_names_no_document_counts_for_none():
    mark = f'<troika:policy provides="{CAPABILITY}" subjectType="erp_payment_request"/>'
    asks = user("fin", '<troika:approval mode="any" onReject="end"/>', mark)
    definition = bpmn.read(drawing(START + END + asks + _pays() + flows("start fin pay end")), "x.bpmn").definition

    assert definition is not None
    assert [one.element_id for one in policy.prove(definition, CATALOG, policies=PAY_001)] == ["pay"]


def _with_called(body: str, *processes: str, lines: tuple[str, ...]) -> str:
    drawn = drawing(START + END + body + _pays("= request_id") + flows(*lines))
    verdict = judged(drawn.replace(b"</definitions>", "".join((*processes, "</definitions>")).encode()), states=2000)
    assert verdict is not None
    return verdict.outcome


def _process(key: str, body: str, *lines: str) -> str:
    ends = element("startEvent", f"{key}0") + element("endEvent", f"{key}1")
    return f'<process id="{key}" name="{key}" isExecutable="true">{ends}{body}{flows(*lines)}</process>'


@pytest.mark.parametrize(("own", "outcome"), [("request_id", "violated, both"), ("other", "proved, both")])
def test_a_property_of_a_call_hides_the_document_from_what_is_called(own, outcome):
    calls = element("callActivity", "call", '<zeebe:calledElement processId="q"/>')
    calls = calls.replace("</callActivity>", f'<property id="own" name="{own}"/></callActivity>')
    asks = _process("q", _approves("= request_id"), "q0 fin q1")

    assert _with_called(calls, asks, lines=("start call pay end",)) == outcome


@pytest.mark.parametrize(("back", "outcome"), [("false", "proved, both"), ("true", "violated, both")])
def test_what_a_call_within_a_call_writes_counts_where_it_is_given_back(back, outcome):
    calls = element(
        "callActivity", "call", '<zeebe:calledElement processId="q"/>', mapping(out_request_id="= request_id")
    )  # fmt: skip
    within = element(
        "callActivity", "within", f'<zeebe:calledElement processId="r" propagateAllChildVariables="{back}"/>'
    )  # fmt: skip
    processes = (
        _process("q", within, "q0 within q1"), _process("r", script("writes", '"B"', "request_id"), "r0 writes r1"),
    )  # fmt: skip

    lines = ("start fin call pay end",)
    assert _with_called(_approves("= request_id") + calls, *processes, lines=lines) == outcome


FORKED = "".join(element("parallelGateway", key) for key in ("fork", "join"))
ASKS = _process("q", user("waits"), "q0 waits q1")
GIVEN_BACK = {
    "as it was before": ("", ("start fork w fin join pay end", "fork call join"), "violated, both"),
    "and nothing is written meanwhile": ("", ("start w fork fin join pay end", "fork call join"), "proved, both"),
    "and only what is named": (
        'propagateAllChildVariables="false"', ("start fork w fin join pay end", "fork call join"), "proved, both",
    ),
    "of what is handed over by name only": (
        'propagateAllParentVariables="false"', ("start fork w fin join pay end", "fork call join"), "violated, both",
    ),
    "as another call has given it back": (
        "", ("start fork more two fin pay join end", "fork w split two", "split call join"), "violated, both",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", GIVEN_BACK)
def test_a_call_gives_back_its_copy_of_a_document_that_is_written_beside_it(what):
    settings, lines, outcome = GIVEN_BACK[what]
    given = (mapping(in_request_id="= request_id"),) if "Parent" in settings else ()
    drawn = _approves("= request_id") + service("w", "erp.other", out_request_id='= "B"') + FORKED
    drawn += element("callActivity", "call", f'<zeebe:calledElement processId="q" {settings}/>', *given)
    if "more" in lines[0]:
        drawn += element("callActivity", "more", '<zeebe:calledElement processId="r"/>')
        drawn += element("parallelGateway", "split") + element("parallelGateway", "two")

    assert _with_called(drawn, ASKS, _process("r", user("other"), "r0 other r1"), lines=lines) == outcome


@pytest.mark.parametrize(("given", "outcome"), [("request_id", "violated, both"), ("other", "proved, both")])
def test_a_called_process_that_says_what_it_gives_writes_it_though_nothing_inside_does(given, outcome):
    gives = (
        f'<ioSpecification><dataOutput id="out" name="{given}"/><inputSet/><outputSet>'
        "<dataOutputRefs>out</dataOutputRefs><optionalOutputRefs>out</optionalOutputRefs></outputSet></ioSpecification>"
    )
    called = ASKS.replace('isExecutable="true">', f'isExecutable="true">{gives}')
    calls = element("callActivity", "call", '<zeebe:calledElement processId="q"/>')

    assert _with_called(_approves("= request_id") + calls, called, lines=("start fin call pay end",)) == outcome
