"""What is known of a text before it runs: its type, its names, and what in it can only be null."""

from datetime import UTC, datetime

import pytest

from engine import feel
from engine.feel import types
from engine.feel.analysis import analyse
from engine.feel.types import ANY, Type
from engine.feel.values import kind_of
from tests.engine.feel import test_expressions

LINE = Type("context", members=(("qty", Type("number")), ("price", Type("number")), ("text", Type("string"))))
SCOPE = {
    "amount": Type("number"),
    "应付 金额": Type("number"),
    "category": Type("string", options=("travel", "office", "training")),
    "approved": Type("boolean"),
    "due": Type("date"),
    "lines": types.list_of(LINE),
    "customer": Type("context", members=(("name", Type("string")), ("limit", Type("number")))),
    "payload": ANY,
    "tags": types.list_of(Type("string")),
    "a": Type("number"),
    "b": Type("number"),
    "a-b": Type("number"),
}


def found(text, **options):
    """[(code, what it stands at)]."""
    return [(item.code, text[item.start : item.end]) for item in analyse(text, SCOPE, **options).diagnostics]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("amount * 2", "number"),
        ("amount > 5", "boolean"),
        ("due + duration(\"P1D\")", "date"),
        ("due - due", "days and time duration"),
        ("duration(\"P1Y\") / duration(\"P1M\")", "number"),
        ("lines.price", "list<number>"),
        ("lines[qty > 1]", "list<context>"),
        ("lines[1].text", "string"),
        ("sum(lines.price)", "number"),
        ("max(due, today())", "date"),
        ("for l in lines return l.qty * l.price", "list<number>"),
        ("{net: amount, gross: net * 1.13}.gross", "number"),
        ("if approved then 1 else null", "number"),
        ("if approved then 1 else \"x\"", "Any"),
        ("(function(x: number) x > 1)(3)", "boolean"),
        ("sublist(tags, 1)", "list<string>"),
        ("reverse(lines)[1].qty", "number"),
        ("string join(tags, \",\")", "string"),
        ("due.weekday", "number"),
        ("now().time offset", "days and time duration"),
        ("[1..5].start included", "boolean"),
        ("payload.anything[1] + 1", "Any"),
        ("应付 金额 + 1", "number"),
        ("some l in lines satisfies l.qty > 1", "boolean"),
        ("get value(customer, \"name\")", "Any"),
        ("min(1, 2)", "number"),
        ("null", "Null"),
    ],
)  # fmt: skip
def test_the_type_of_a_text_is_inferred(text, expected):
    analysis = analyse(text, SCOPE)

    assert str(analysis.type) == expected
    assert analysis.diagnostics == ()


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("amuont > 5", "unknown-name", "amuont"),
        ("for x in lines return y", "unknown-name", "y"),
        ("amount > \"5\"", "type-mismatch", "amount > \"5\""),
        ("amount + category", "type-mismatch", "amount + category"),
        ("due < \"2026-01-01\"", "type-mismatch", "due < \"2026-01-01\""),
        ("amount in (\"a\", 1)", "type-mismatch", "\"a\""),
        ("amount between 1 and \"b\"", "type-mismatch", "amount between 1 and \"b\""),
        ("approved and amount", "not-a-boolean", "amount"),
        ("if amount then 1 else 2", "not-a-boolean", "amount"),
        ("lines[price + 1 > 2][text]", "not-a-boolean", "text"),
        ("customer.nmae", "no-member", "customer.nmae"),
        ("lines.cost", "no-member", "lines.cost"),
        ("amount.x", "no-member", "amount.x"),
        ("-category", "operand", "-category"),
        ("upper case(amount)", "bad-argument", "upper case(amount)"),
        ("contains(category)", "wrong-arguments", "contains(category)"),
        ("contains(string: category, match: amount)", "bad-argument", "contains(string: category, match: amount)"),
        ("category(1)", "not-callable", "category(1)"),
        ("nothing(1)", "unknown-name", "nothing"),
        ("amount instance of money", "unknown-type", "money"),
        ("date(\"2026-02-30\")", "invalid-literal", "date(\"2026-02-30\")"),
        ("@\"2026-02-30\"", "invalid-literal", "@\"2026-02-30\""),
        ("matches(category, \"(\")", "invalid-pattern", "\"(\""),
        ("category = \"traval\"", "not-an-option", "\"traval\""),
        ("category in (\"travel\", \"ofice\")", "not-an-option", "\"ofice\""),
        ("category in [\"travel\", \"ofice\"]", "not-an-option", "\"ofice\""),
        ("amount > 5 and amount < 3", "contradiction", "amount > 5 and amount < 3"),
        ("category = \"travel\" and category = \"office\"", "contradiction",
         "category = \"travel\" and category = \"office\""),
        ("approved and not(approved)", "contradiction", "approved and not(approved)"),
        ("amount in [1..3] and amount = 7 or approved", "contradiction", "amount in [1..3] and amount = 7"),
        ("if true then 1 else 2", "unreachable", "2"),
        ("a-b", "ambiguous-name", "a-b"),
        ("{f: function(x) x}.f(1, 2)", "wrong-arguments", "{f: function(x) x}.f(1, 2)"),
        ("amount >", "invalid-text", ""),
    ],
)  # fmt: skip
def test_what_can_only_be_wrong_is_said_with_its_place(text, code, place):
    analysis = analyse(text, SCOPE)

    assert [item.code for item in analysis.diagnostics] == [code]
    assert found(text) == [(code, place)]
    assert all(str(item) for item in analysis.diagnostics)


@pytest.mark.parametrize(
    "text",
    [
        "amount = null or category != null",
        "payload.x > 5 and payload.y = \"a\"",
        "amount > 5 and amount < 8 and category in (\"travel\", \"office\")",
        "lines[item.qty = 1][1].price = 3",
        "payload[x > y]",
        "{f: function(n) if n = 0 then 1 else n * f(n - 1)}.f(3)",
        "a - b",
        "amount in [1..5]",
        "amount in [[1..2], 5]",
        "\"travel\" = category",
        "list contains(tags, \"x\")",
        "count(amount)",
        "for i in 1..3 return if i = 1 then 1 else partial[-1] * i",
        "matches(category, \"A B\", \"xi\")",
        "is(amount, category)",
    ],
)  # fmt: skip
def test_nothing_is_said_about_a_right_text(text):
    assert found(text) == []


def test_a_mistyped_name_comes_with_the_nearest_one():
    near = [analyse(text, SCOPE).diagnostics[0].facts["near"] for text in ("amuont", "customer.nmae", 'category = "x"')]

    assert near == ["amount", "name", ""]


def test_in_an_open_scope_unknown_names_are_let_through():
    assert found("amuont > 5", closed=False) == []
    assert found('amuont > "5" and -category > 1', closed=False) == [("operand", "-category")]


def test_a_condition_gives_true_or_false():
    assert found("amount + 1", condition=True) == [("condition", "amount + 1")]
    assert found("amount > 1", condition=True) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("< 5, [1..3], 7", []),
        ("\"a\"", [("type-mismatch", "\"a\"")]),
        ("not(\"a\", 3)", [("type-mismatch", "\"a\"")]),
        ("> \"a\"", [("type-mismatch", "> \"a\"")]),
        ("? > amount and ? < \"b\"", [("type-mismatch", "? < \"b\"")]),
        ("-", []),
    ],
)  # fmt: skip
def test_unary_tests_are_judged_by_the_type_of_their_input(text, expected):
    assert found(text, mode="unary_tests", input=Type("number")) == expected


def test_an_inferred_type_is_that_of_the_value_and_nothing_is_said_where_nothing_is_wrong():
    tables = [test_expressions.test_an_expression_has_this_value, test_expressions.test_the_library_has_this_value]
    texts = [
        case[0] for test in tables for mark in test.pytestmark for case in mark.args[1] if mark.name == "parametrize"
    ]
    judged = 0
    for text in texts:
        try:
            compiled = feel.compile(text)
        except feel.FeelSyntaxError:
            continue
        if compiled.names:
            continue
        result = compiled.evaluate({}, now=datetime(2026, 3, 1, tzinfo=UTC))
        analysis = analyse(compiled, {})
        assert analysis.type.kind in ("Any", kind_of(result.value)) or result.value is None, text
        assert result.diagnostics or not analysis.diagnostics, text
        judged += 1
    assert judged > 60
