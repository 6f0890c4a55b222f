"""What the proof knows of variables: from conditions, decisions, scripts, forms; and where it knows nothing."""

import re
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

import pytest

from engine import bpmn, dmn, forms, policy
from engine.policy.checker import space_of
from tests.engine.bpmn.drawing import (
    END,
    START,
    boundary,
    drawing,
    element,
    error_event,
    extensions,
    flows,
    mapping,
    message_event,
    script,
    service,
    timer,
    user,
)
from tests.engine.policy.against_machine import CATALOG, PAY_001
from tests.engine.policy.random_payments import DECISION, MARK, PAY, ROOTS

LEVEL_OF = dmn.read(DECISION, "level_of.dmn").model
APPROVES = user("fin", '<troika:approval mode="any" onReject="end"/>', MARK)
PAYS = service("pay", PAY, in_request_id="= request_id")
ASKS_AGAIN = element("exclusiveGateway", "second", default="second_end")
DECIDES = element(
    "businessRuleTask", "decide", '<zeebe:calledDecision decisionId="level_of" resultVariable="level"/>'
)  # fmt: skip


def proved(body: str, *lines: str, form: bytes | None = None, begins: bool = False, called: bytes = b"") -> bool:
    """A request that somebody approves when `big` says so; `second` pays by a condition of its own. `begins`: with the
    form. `called`: what call activities run."""
    (otherwise,) = [line.replace(" ", "_") for line in lines if line.startswith("big ") and "?" not in line]
    asks = element("exclusiveGateway", "big", default=otherwise)
    start = element("startEvent", "start", '<zeebe:formDefinition formId="f"/>') if begins else START
    xml = drawing(start + END + APPROVES + PAYS + asks + ASKS_AGAIN + body + flows(*lines, "fin second", "pay end"))
    definition = _read(xml)
    bpmn.compile(definition, definition.executable[0].id)
    known = {} if form is None else {"f": forms.read(form, "f.json").form}
    runs = _read(called).executable[0] if called else None
    return policy.prove(
        definition, CATALOG, policies=PAY_001, callees=lambda caller, node: runs, forms=lambda _, key: known.get(key),
        decisions=lambda _, called: {"level_of": LEVEL_OF}[called.decision_id],
    ) == []  # fmt: skip


def _read(xml: bytes) -> bpmn.Definition:
    definition = bpmn.read(re.sub(b"<process ", ROOTS.encode() + b"<process ", xml, count=1)).definition
    assert definition is not None
    return definition


PAID = "second pay ? amount > 100"


@pytest.mark.parametrize("writes", ["amount", "limit"])
def test_an_answer_is_not_known_any_more_when_one_of_its_variables_is_written(writes):
    body = script("later", "900", writes)
    lines = ("start big", "big fin ? amount > limit", "big later", "second pay ? amount > limit", "second end")

    assert proved(body, *lines, "later second") is False


FIELDS = {
    "a choice": '{"type": "select", "key": "kind", "values": [{"value": "a"}, {"value": "b"}]',
    "a number": '{"type": "number", "key": "amount"',
    "a tick": '{"type": "checkbox", "key": "urgent"',
}
SHOWN = ', "validate": {"required": true, "min": 1, "max": 500}, "id": "f"}'
MAY_BE_HIDDEN = ', "validate": {"required": true, "min": 1, "max": 500}, "id": "f", "conditional": {"hide": "= other"}}'


@pytest.mark.parametrize(
    ("field", "first", "then", "rest", "holds"),
    [
        ("a choice", 'kind = "a" or kind = "b"', "kind = null", SHOWN, True),
        ("a choice", 'kind = "a" or kind = "b"', "kind = null", MAY_BE_HIDDEN, False),
        ("a choice", 'kind = "a"', 'kind = "b"', SHOWN, False),
        ("a choice", 'kind = "a" or kind = "b"', 'kind = "c"', SHOWN, True),
        ("a number", "amount <= 500", "amount > 500", SHOWN, True),
        ("a number", "amount < 500", "amount >= 500", SHOWN, False),
        ("a number", "amount >= 1", "amount < 1", SHOWN, True),
        ("a number", "amount >= 2", "amount < 1", SHOWN, True),
        ("a number", "amount != null", 'amount = "many"', SHOWN, True),
        ("a tick", "urgent", "urgent = null", SHOWN, True),
    ],
)
def test_a_start_form_says_what_a_request_may_begin_with(field, first, then, rest, holds):
    form = f'{{"type": "default", "id": "f", "components": [{FIELDS[field]}{rest}]}}'.encode()
    lines = ("start big", f"big fin ? {first}", "big second", f"second pay ? {then}", "second end")

    assert proved("", *lines, form=form, begins=True) is holds


@pytest.mark.parametrize(
    ("first", "then", "holds"),
    [
        ("amount > 100", "amount > 100", True),
        ("amount > 50", "amount > 100", True),
        ("amount >= 100", "amount > 100", True),
        ("amount > 101", "amount > 100", False),
        ("amount > 100", "amount >= 100", False),
        ("not(amount <= 100)", "amount > 100", True),
        ("amount > 100 or urgent = true", "amount > 100", True),
        ("amount > 100 and urgent = true", "amount > 100", False),
        ('kind in ("a", "b")', 'kind = "a"', True),
        ('kind = "a"', 'kind in ("a", "b")', False),
        ("amount != null", "amount > 100", False),  # a text gets stuck there, and may be repaired to 900
        ("amount > limit", "amount > limit", True),
        ("amount > limit", "not(amount <= limit)", True),
        ("amount > limit", "limit < amount", True),
        ("amount > limit", "amount >= limit", False),
        ("amount > limit", "amount > other", False),
        ("amount = limit", "limit = amount", True),
        ("amount != limit", "amount = limit", False),
        ('due < date("2026-12-31")', 'due < date("2026-12-31")', True),
        ("count(lines) > 3", "count(lines) > 3", True),
        ("due < today()", "due < today()", False),
        ('has role(clerk, "managers")', 'has role(clerk, "managers")', False),
        ('if belongs to(clerk, "sales") then true else false', 'belongs to(clerk, "sales")', False),
        ("work days between(since, due) > 3", "work days between(since, due) > 3", False),
        ("add work days(since, 3) < due", "add work days(since, 3) < due", False),
        ('add work time(since, duration("PT8H")) < due', 'add work time(since, duration("PT8H")) < due', False),
        ("sum(lines.amount) > limit and urgent", "sum(lines.amount) > limit", False),
        ("order.amount > 100", "order.amount > 100", True),
    ],
)
def test_what_a_gateway_was_told_another_one_is_told_as_well(first, then, holds):
    assert proved("", "start big", f"big fin ? {first}", "big second", f"second pay ? {then}", "second end") is holds


@pytest.mark.parametrize(
    ("first", "then", "holds"),
    [
        ("amount >= 500", 'level = "high"', True),
        ("amount > 500", 'level = "high"', False),
        ("amount > 100", 'level != "low"', True),
        ("amount > 100", 'level = "low"', False),
        ("amount > 100", 'level in ("middle", "high")', True),
        ("amount > 300", 'amount < 100 and level = "middle"', True),
    ],
)
def test_a_decision_gives_what_its_table_gives(first, then, holds):
    lines = ("start big", f"big fin ? {first}", "big decide", "decide second", f"second pay ? {then}", "second end")

    assert proved(DECIDES, *lines) is holds


@pytest.mark.parametrize(("asked", "holds"), [("amount > 100", True), ("urgent = true", False)])
def test_what_a_decision_leads_to_at_once_comes_before_a_payment_that_waits(asked, holds):
    """The drawing ends in the same step; where the decision may get stuck, the payment runs meanwhile."""
    stop = element("endEvent", "stop", inner="<terminateEventDefinition/>")
    body = DECIDES + element("parallelGateway", "both") + stop
    lines = ("start big", f"big both ? {asked}", "big fin", "both decide stop", "both pay", 'second pay ? level = "x"')

    assert proved(body, *lines, "second end") is holds


def test_of_a_decision_that_is_not_known_nothing_is_known():
    lines = ("start big", "big fin ? amount >= 500", "big decide", "decide second", "second end")

    assert proved(DECIDES, *lines, 'second pay ? level = "high"')
    unknown = DECIDES.replace("level_of", "other")
    assert not proved(unknown, *lines, 'second pay ? level = "high"')


def test_an_input_of_a_decision_is_followed_to_the_variable_that_it_is_read_from():
    given = DECIDES.replace("</extensionElements>", mapping(in_amount="= total") + "</extensionElements>")
    lines = ("big decide", "decide second", 'second pay ? level = "high"', "second end")

    assert proved(given, "start big", "big fin ? total >= 500", *lines)
    assert not proved(given, "start big", "big fin ? amount >= 500", *lines)
    assert not proved(given.replace("= total", "= total * 2"), "start big", "big fin ? total >= 500", *lines)


@pytest.mark.parametrize(
    ("text", "condition", "holds"),
    [
        ('if amount > 100 then "yes" else "no"', 'level = "yes"', True),
        ('if amount > 100 then "yes" else "yes"', 'level = "yes"', False),
        ("amount", "level > 100", True),
        ("amount + 1", "level > 101", False),
        ('"no"', 'level = "yes"', True),
    ],
)
def test_a_script_of_comparisons_is_computed(text, condition, holds):
    lines = ("start big", "big fin ? amount > 100", "big compute", "compute second", "second end")

    assert proved(
        script("compute", text, "level"), *lines, f"second pay ? {condition}"
    ) is holds  # fmt: skip


FORM = b'{"type": "default", "id": "f", "components": [{"type": "number", "key": "amount", "id": "a", "label": "A"}]}'


@pytest.mark.parametrize(
    ("between", "holds"),
    [
        (user("edit"), True),
        (user("edit", '<zeebe:formDefinition formId="f"/>'), False),
        (user("edit", '<zeebe:formDefinition formId="unknown"/>'), False),
        (service("edit", "erp.note"), True),
        (service("edit", "ask.amount"), False),
        (service("edit", "ask.other"), True),
        (service("edit", "erp.note", out_amount="= 900"), False),
        (service("edit", "erp.note", out_other="= 900"), True),
        (script("edit", "900", "amount"), False),
        (script("edit", "9", "amount"), True),
        (element("intermediateCatchEvent", "edit", inner=message_event("m")), False),
    ],
)
def test_what_is_written_is_known_no_more(between, holds):
    lines = ("start big", "big fin ? amount > 100", "big edit", "edit second", PAID, "second end")

    assert proved(between, *lines, form=FORM) is holds


TOGETHER = '<troika:approval mode="all" onReject="end"/>'


@pytest.mark.parametrize("interrupts", [True, False])
def test_the_first_of_several_people_writes_before_the_others_have_decided(interrupts):
    shows = '<zeebe:formDefinition formId="f"/>'
    body = user("edit", shows, TOGETHER) + boundary("late", "edit", timer("PT1H"), interrupts)
    lines = ("start big", "big fin ? amount > 100", "big edit", "edit end", "late second", PAID, "second end")

    assert not proved(body, *lines, form=FORM)
    assert proved(body.replace(shows, ""), *lines, form=FORM)


def test_a_task_that_nobody_has_finished_may_have_changed_which_document_was_approved():
    names = FORM.replace(b"amount", b"request_id")
    body = user("edit", '<zeebe:formDefinition formId="f"/>', TOGETHER) + boundary("late", "edit", timer("PT1H"))
    lines = ("start big", "big end ? amount > 100", "big fin2", "fin2 edit", "edit end", "late second", "second end")
    approves = APPROVES.replace('"fin"', '"fin2"')

    assert proved(body + approves, *lines, "second pay ? true", form=FORM)
    assert not proved(body + approves, *lines, "second pay ? true", form=names)


@pytest.mark.parametrize(
    ("value", "may_be"),
    [
        (date(2026, 1, 1), True), ([date(2026, 1, 1)], True), (Decimal(1), False), (None, False),
        ({"year": Decimal(2024)}, False),
    ],
)  # fmt: skip
def test_a_member_of_a_date_that_an_instance_has_is_not_taken_for_nothing(value, may_be):
    asks = element("exclusiveGateway", "asks", default="asks_end")
    definition = bpmn.read(drawing(START + END + PAYS + asks + flows("start asks", "asks pay ? due.year > 2025",
                                                                       "asks end", "pay end"))).definition  # fmt: skip
    assert definition is not None
    tracking = space_of(definition.executable[0], CATALOG, [], lambda caller, node: None).data

    (mask,) = tracking.located({"due": value})

    assert bool(mask & tracking.regions[0].locate(2026)) is may_be


@pytest.mark.parametrize(
    ("asked", "holds"),
    [
        ("urgent", True),
        ('has role(clerk, "managers")', False),
        ("today() > due", False),
        ("work days between(since, due) > 3", False),
    ],
)
def test_which_document_is_paid_is_not_known_where_the_directory_or_a_date_says_it(asked, holds):
    """It may name another one by now than when it was approved."""
    named = f"if {asked} then one else other"
    mark = MARK.replace("request_id", escape(named, {'"': "&quot;"}), 1)
    body = user("fin2", '<troika:approval mode="any" onReject="end"/>', mark)
    body += service("pay2", PAY, in_request_id=f"= {named}")
    lines = ("start big", "big fin ? amount > 100", "big fin2", "fin2 pay2 end", PAID, "second end")

    assert proved(body, *lines) is holds


def test_an_error_brings_what_its_thrower_says():
    body = service("edit", "erp.note") + boundary("late", "edit", error_event("E1"))
    lines = ("start big", "big fin ? amount > 100", "big edit", "edit end", "late second", PAID, "second end")

    assert not proved(body, *lines)


@pytest.mark.parametrize("hides", [mapping(in_amount="= 900"), mapping(in_amount="= amount")])
def test_a_variable_that_a_sub_process_hides_is_not_known_in_it(hides):
    inner = (
        element("startEvent", "begin") + element("exclusiveGateway", "inside", default="inside_stop")
        + element("endEvent", "stop") + service("pay_inside", PAY, in_request_id="= request_id")
        + flows("begin inside", "inside pay_inside ? amount > 100", "inside stop", "pay_inside stop")
    )  # fmt: skip
    lines = ("start big", "big fin ? amount > 100", "big sub", "sub end", "second pay ? amount > 100", "second end")
    around = f'<subProcess id="sub">{{}}{inner}</subProcess>'

    assert proved(around.format(""), *lines)
    assert not proved(around.format(extensions(hides)), *lines)


CALLS = '<zeebe:calledElement processId="called"/>'


def called(*nodes: str, lines: tuple[str, ...]) -> bytes:
    return drawing(START + END + "".join(nodes) + flows(*lines), process_id="called")


@pytest.mark.parametrize("handed", ["", mapping(in_amount="= 900"), mapping(in_amount="= amount")])
@pytest.mark.parametrize("writes", [(), (script("set", "900", "amount"),)])
def test_a_payment_that_a_variable_of_a_called_process_decides_is_not_proved(handed, writes):
    asks = element("exclusiveGateway", "inside", default="inside_end")
    inner = service("pay_inside", PAY, in_request_id="= request_id")
    ways = ("start set inside" if writes else "start inside", "inside pay_inside ? amount > 100", "pay_inside end")
    calls, runs = (
        element("callActivity", "call", CALLS, handed),
        called(asks, inner, *writes, lines=(*ways, "inside end")),
    )
    lines = ("start big", "big fin ? amount > 100", "call end", "second end")

    assert not proved(calls, *lines, "big call", PAID, called=runs)
    assert proved(
        calls, *lines, "big end", "second call ? true", "second pay ? false", called=runs
    )  # approved before, whatever decides inside


@pytest.mark.parametrize(
    ("written", "mapped", "holds"),
    [
        ("amount", "", False),
        ("other", "", True),
        ("other", mapping(out_amount="= other"), False),
        ("amount", mapping(out_other="= amount"), True),
    ],
)
def test_what_a_called_process_brings_back_is_known_no_more(written, mapped, holds):
    runs = called(script("set", "900", written), lines=("start set end",))
    lines = ("start big", "big fin ? amount > 100", "big call", "call second", PAID, "second end")

    assert proved(element("callActivity", "call", CALLS, mapped), *lines, called=runs) is holds
