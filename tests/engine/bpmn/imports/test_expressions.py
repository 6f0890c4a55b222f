"""JUEL and Python become FEEL only when the meaning is certain."""

from decimal import Decimal

import pytest

from engine import feel
from engine.bpmn.imports import juel, python
from engine.bpmn.imports.expressions import Uncertain

JUEL = {
    "${a > 5 && b == 'x'}": 'a > 5 and b = "x"',
    "${a gt 5 or not b}": "a > 5 or not(b)",
    "#{!approved}": "not(approved)",
    "${x == null}": "x = null",
    "${x != null and x.total >= 1000.50}": "x != null and x.total >= 1000.50",
    "${(a == 1) == true}": "(a = 1) = true",
    "${a ? 'x' : \"y\"}": 'if a then "x" else "y"',
    "${-a * (b - 2) / 3}": "-a * (b - 2) / 3",
    "${a - (b - c)}": "a - (b - c)",
    "${order.lines[0].price}": "order.lines[1].price",
    "${order['total']}": "order.total",
    "${order['net total']}": 'get value(order, "net total")',
    "${empty items}": 'list contains([null, "", []], items)',
    "${not empty items}": 'not(list contains([null, "", []], items))',
    "${confirmed == 'true'}": 'string(confirmed) = "true"',
    "${loopCounter == 0}": "loopCounter - 1 = 0",
    "${execution.getVariable('x')}": "x",
    "${execution.processBusinessKey}": "process.business_key",
    "${'it\\'s'}": '"it\'s"',
    "${1e3}": "1000",
    "${金额 > 5000 && 部门 == '财务'}": '金额 > 5000 and 部门 = "财务"',
    "${true}": "true",
    "${date}": "date",
    "order-${id}": '"order-" + (if id = null then "" else string(id))',
}

NOT_JUEL = [
    "${bean.approve(execution)}",
    "${fn:length(a)}",
    "${now()}",
    "${execution.id}",
    "${task.name}",
    "${a % 2 == 0}",
    "${x == '5'}",
    "${a[i]}",
    "${process.x}",
    "${then}",
    "${a$b}",
    "${a",
    "${}",
    "${a b}",
    "${" + "(" * 500 + "}",
    "${" + "!" * 500 + "a}",
    "${" + "a+" * 5_000 + "a}",
]

PYTHON = {
    "a > 5 and b == 'x'": 'a > 5 and b = "x"',
    "not approved": "not(approved)",
    "x is None": "x = null",
    "x in ['a', 'b']": 'list contains(["a", "b"], x)',
    "x not in (1, 2)": "not(list contains([1, 2], x))",
    "1 < a < 5": "1 < a and a < 5",
    "d['k'].m": "d.k.m",
    "d.get('k')": "d.k",
    "x[0] + x[-1]": "x[1] + x[-1]",
    "a // 2": "floor(a / 2)",
    "a % 2 == 0": "modulo(a, 2) = 0",
    "2 ** 3 ** 2": "2 ** (3 ** 2)",
    "y if z else None": "if z then y else null",
    "{'a': [1, True]}": '{"a": [1, true]}',
}

NOT_PYTHON = [
    "len(x)", "f'{a}'", "lambda: 1", "[i for i in x]", "a; b", "a = 1", "", "x in y", "a @ b", "1j", "float('nan')",
    "'%s' % a", "x[1:2]", "not " * 400 + "a", "(" * 300 + "a", "process", "__import__('os').system('true')",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), JUEL.items())
def test_juel_with_a_certain_meaning_is_feel(text, expected):
    assert juel.translate(text).text == expected


@pytest.mark.parametrize("text", NOT_JUEL)
def test_juel_without_one_is_left_alone(text):
    with pytest.raises(Uncertain) as why:
        juel.translate(text)
    assert why.value.reason.format(**why.value.facts)


@pytest.mark.parametrize(("text", "expected"), PYTHON.items())
def test_python_with_a_certain_meaning_is_feel(text, expected):
    assert python.translate(text).text == expected


@pytest.mark.parametrize("text", NOT_PYTHON)
def test_python_without_one_is_left_alone(text):
    with pytest.raises(Uncertain) as why:
        python.translate(text)
    assert why.value.reason.format(**why.value.facts)


@pytest.mark.parametrize(
    ("text", "variables", "value"),
    [
        ("${empty x}", {"x": ""}, True),
        ("${empty x}", {"x": []}, True),
        ("${empty x}", {"x": 5}, False),
        ("${x == 'true'}", {"x": True}, True),
        ("${x == 'true'}", {"x": "true"}, True),
        ("${x == 'true'}", {"x": None}, False),
        ("Hello ${name}!", {"name": None}, "Hello !"),
        ("${a[0] + 1}", {"a": [Decimal(4)]}, Decimal(5)),
        ("${duration}", {"duration": "PT5M"}, "PT5M"),
    ],
)
def test_the_feel_says_what_the_juel_said(text, variables, value):
    assert feel.evaluate(juel.translate(text).text, variables).value == value


def test_what_may_differ_is_said():
    assert juel.translate("${a + b}").caveats == (
        "In FEEL '+' also joins texts: make sure that the values are numbers.",
    )
    assert juel.translate("${a + 1}").caveats == ()


def test_assignments_come_in_order():
    found = python.assignments("\n    x = a + 1\n    y = x * 2\n    x += y\n")
    assert [(name, feel.text) for name, feel in found] == [("x", "a + 1"), ("y", "x * 2"), ("x", "x + y")]


@pytest.mark.parametrize("script", ["print(1)", "import os", "a.b = 1", "a, b = 1, 2", "for i in x: y = i", "x = f(1)"])
def test_other_statements_are_left_alone(script):
    with pytest.raises(Uncertain):
        python.assignments(script)
