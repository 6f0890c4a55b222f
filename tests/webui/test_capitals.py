"""人民币大写: every rule of the payment regulations by an example, and what has no capitals."""

from decimal import Decimal

import pytest

from engine import forms
from engine.errors import InvalidValue
from engine.forms import FormField
from webui.capitals import LIMIT, beside, beside_text, in_capitals


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("0", "零元整"), ("0.00", "零元整"), ("0.05", "伍分"), ("0.50", "伍角整"), ("0.55", "伍角伍分"),
        ("1", "壹元整"), ("10", "壹拾元整"), ("11", "壹拾壹元整"), ("100", "壹佰元整"), ("101", "壹佰零壹元整"),
        ("110", "壹佰壹拾元整"), ("1001", "壹仟零壹元整"), ("1010", "壹仟零壹拾元整"),
        ("1409.50", "壹仟肆佰零玖元伍角整"), ("6007.14", "陆仟零柒元壹角肆分"),
        ("1680.32", "壹仟陆佰捌拾元零叁角贰分"), ("107000.53", "壹拾万柒仟元零伍角叁分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"), ("325.04", "叁佰贰拾伍元零肆分"),
        ("10000", "壹万元整"), ("10001", "壹万零壹元整"), ("10100", "壹万零壹佰元整"), ("101000", "壹拾万壹仟元整"),
        ("20000000", "贰仟万元整"), ("100000000", "壹亿元整"), ("100000001", "壹亿零壹元整"),
        ("100010000", "壹亿零壹万元整"), ("110000000", "壹亿壹仟万元整"), ("1000000000000", "壹万亿元整"),
        ("1000100000000", "壹万零壹亿元整"), ("1000000000001", "壹万亿零壹元整"),
        ("9999999999999999.99", "玖仟玖佰玖拾玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
        ("-12.30", "负壹拾贰元叁角整"), ("-0.01", "负壹分"), ("1E+3", "壹仟元整"), ("2.500", "贰元伍角整"),
    ],
)  # fmt: skip
def test_capitals_follow_the_rules(amount, expected):
    assert in_capitals(Decimal(amount)) == expected


@pytest.mark.parametrize("amount", ["0.001", "1.005", str(LIMIT), "-1E+16", "1E+400", "NaN", "Infinity"])
def test_what_has_no_capitals_is_refused(amount):
    with pytest.raises(InvalidValue):
        in_capitals(Decimal(amount))


@pytest.mark.parametrize(("value", "expected"), [
    (Decimal("12.3"), "人民币壹拾贰元叁角整"), (12, "人民币壹拾贰元整"), (None, ""), ("12", ""), (Decimal("0.001"), ""),
])  # fmt: skip
def test_they_stand_beside_amounts_in_renminbi_only(value, expected):
    assert beside(field({"properties": {"currency": "CNY"}}), value) == expected
    assert beside(field({"properties": {"currency": "EUR"}}), value) == ""
    assert beside(field({}), value) == ""
    assert beside(None, value) == ""


@pytest.mark.parametrize(("text", "expected"), [
    ("1,200.50 CNY", "人民币壹仟贰佰元零伍角整"), ("-3 CNY", "人民币负叁元整"), ("3.005 CNY", ""), ("3 EUR", ""),
])  # fmt: skip
def test_a_fact_that_is_bound_is_read_as_it_is_shown(text, expected):
    assert beside_text(text) == expected


def field(raw) -> FormField:
    source = {"type": "default", "id": "f", "schemaVersion": 18, "components": [
        {"type": "number", "id": "F_a", "key": "a", "label": "a", **raw},
    ]}  # fmt: skip
    form = forms.read(source).form
    assert form is not None
    return form.components[0]
