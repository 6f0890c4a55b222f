"""What the standard says about boxed expressions, types, services and imports, sentence by sentence."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from engine import dmn
from tests.engine.dmn import written as w


def value_of(logic, of="", types="", **given):
    made = w.model(types + w.decision("t", logic, of))
    return dmn.decide(made, "t", given).value


def refused(logic, of="", types="", **given):
    """The codes that say why the value is null."""
    decided = dmn.decide(w.model(types + w.decision("t", logic, of)), "t", given)
    assert decided.value is None
    return [diagnostic.code for diagnostic in decided.diagnostics]


# ---------------------------------------------------------------- boxed expressions (DMN 1.5, 7.3 and 10.2.1)


@pytest.mark.parametrize(
    ("condition", "value"), [("1 < 2", "yes"), ("1 > 2", "no"), ("null", "no"), ("5", "no"), ('"a" < 5', "no")]
)
def test_a_conditional_takes_else_for_all_that_is_not_true(condition, value):
    logic = w.boxed("conditional", [("if", condition), ("then", '"yes"'), ("else", '"no"')])

    assert value_of(logic) == value


@pytest.mark.parametrize(
    ("source", "match", "value"),
    [
        ("[1, 2, 3]", "item > 1", [2, 3]),
        ("[{x: 1}, {x: 2}]", "x > 1", [{"x": 2}]),
        ("[{x: 1}, {x: 2}]", "item.x < limit", [{"x": 1}]),
        ("[5, 6]", "2", 6),
        ("[5, 6]", "-1", 6),
        ("5", "true", [5]),
        ("null", "true", []),
        ("[]", "item > 1", []),
        ("[1, null, 3]", "item > 1", [3]),
    ],
)
def test_a_filter_keeps_what_matches_or_takes_the_item_at_an_index(source, match, value):
    assert value_of(w.boxed("filter", [("in", source), ("match", match)]), limit=2) == value


@pytest.mark.parametrize(
    ("source", "body", "value"),
    [
        ("[1, 2, 3]", "i * factor", [10, 20, 30]),
        ("[1..3]", "i", [1, 2, 3]),
        ("3..1", "i", [3, 2, 1]),
        ("1..last", "i", [1, 2]),
        ("5", "i", [5]),
        ('"ab"', "i", ["ab"]),
        ("[]", "i", []),
        ("[1, 2, 3]", "count(partial) + i", [1, 3, 5]),
        ('@"2026-01-30"..@"2026-02-01"', "i.day", [30, 31, 1]),
    ],
)
def test_an_iterator_goes_through_a_list_or_a_range(source, body, value):
    logic = w.boxed("for", [("in", source), ("return", body)], 'iteratorVariable="i"')

    assert value_of(logic, factor=10, last=2) == value


def test_what_cannot_be_gone_through_is_said():
    logic = w.boxed("for", [("in", "null"), ("return", "i")], 'iteratorVariable="i"')

    assert refused(logic) == ["not-a-list"]


@pytest.mark.parametrize(
    ("kind", "source", "test", "value"),
    [
        ("some", "[1, 2, 3]", "i > 2", True),
        ("some", "[1, 2]", "i > 2", False),
        ("some", "[]", "i > 2", False),
        ("some", "[null, 3]", "i > 2", True),
        ("some", "[null, 1]", "i > 2", None),
        ("every", "[1, 2]", "i > 0", True),
        ("every", "[1, 0]", "i > 0", False),
        ("every", "[]", "i > 0", True),
        ("every", "[null, 0]", "i > 0", False),
        ("every", "[null, 1]", "i > 0", None),
        ("every", "1..3", "i > 0", True),
        ("every", "null", "i > 0", None),
        ("some", "[1, 2]", "i", None),
    ],
)
def test_quantifiers_are_three_valued(kind, source, test, value):
    logic = w.boxed(kind, [("in", source), ("satisfies", test)], 'iteratorVariable="i"')

    assert value_of(logic) is value


def test_a_list_keeps_nulls_and_nests():
    assert value_of(f"<list>{w.literal('1')}{w.literal('null')}<list>{w.literal('2')}</list></list>") == [1, None, [2]]


def test_a_relation_is_a_list_of_contexts_whose_columns_may_have_spaces():
    relation = f'<relation><column name="a b"/><column name="c"/><row>{w.literal("1")}{w.literal("2")}</row></relation>'
    made = w.model(w.decision("r", relation) + w.decision("t", w.literal("r[a b = 1].c"), needs=w.needs("r")))

    assert dmn.decide(made, "r", {}).value == [{"a b": 1, "c": 2}]
    assert dmn.decide(made, "t", {}).value == [2]


def test_entries_of_a_context_see_those_above_them_only():
    def context(*entries):
        return "<context>" + "".join(
            f'<contextEntry><variable name="{name}"/>{w.literal(value)}</contextEntry>' for name, value in entries
        ) + "</context>"  # fmt: skip

    assert value_of(context(("a b", "1"), ("c", "a b + 1"))) == {"a b": 1, "c": 2}
    assert value_of(context(("c", "later"), ("later", "1"))) == {"c": None, "later": 1}


def test_a_function_of_a_context_keeps_its_surroundings():
    function = f'<functionDefinition><formalParameter name="x"/>{w.literal("x + a")}</functionDefinition>'
    logic = (
        f'<context><contextEntry><variable name="a"/>{w.literal("1")}</contextEntry>'
        f'<contextEntry><variable name="f"/>{function}</contextEntry>'
        f"<contextEntry>{w.literal('for a in [10, 20] return f(a)')}</contextEntry></context>"
    )

    assert value_of(logic) == [11, 21]


def test_an_invocation_binds_by_name_and_refuses_other_names():
    def invocation(*bindings):
        bound = "".join(f'<binding><parameter name="{name}"/>{w.literal(value)}</binding>' for name, value in bindings)
        return f"<invocation>{w.literal('minus')}{bound}</invocation>"

    minus = w.knowledge("minus", [("a", "number"), ("b", "number")], w.literal("a - b"))

    def decide(logic):
        return dmn.decide(w.model(minus + w.decision("t", logic, needs=w.needs("f:minus"))), "t", {})

    assert decide(invocation(("b", "1"), ("a", "5"))).value == 4
    wrong = decide(invocation(("a", "5"), ("c", "1")))
    assert wrong.value is None
    assert [diagnostic.code for diagnostic in wrong.diagnostics] == ["wrong-arguments"]


# ---------------------------------------------------------------- types (7.3.2, 7.3.3, 10.3.2.9.4)


@pytest.mark.parametrize(
    ("of", "logic", "value"),
    [
        ("number", "[10]", 10),
        ("string", '["a"]', "a"),
        ("boolean", "[true]", True),
        ("context", "[{a: 1}]", {"a": 1}),
        ("numbers", "5", [5]),
        ("numbers", "[]", []),
        ("numbers", "null", None),
        ("Any", "[1]", [1]),
        ("date and time", '@"2026-01-02"', datetime(2026, 1, 2, tzinfo=UTC)),
        ("dateTime", '@"2026-01-02"', datetime(2026, 1, 2, tzinfo=UTC)),
        ("integer", "1", 1),
    ],
)
def test_implicit_conversions(of, logic, value):
    assert value_of(w.literal(logic), of, w.item("numbers", "number", 'isCollection="true"')) == value


@pytest.mark.parametrize(
    ("of", "logic"),
    [
        ("number", "[1, 2]"),
        ("number", '"1"'),
        ("number", "[[1]]"),
        ("string", "1"),
        ("numbers", '"a"'),
        ("numbers", '[1, "a"]'),
        ("date", '@"2026-01-02T00:00:00"'),
        ("double", '"1"'),
    ],
)
def test_what_does_not_conform_is_null_and_said(of, logic):
    assert refused(w.literal(logic), of, w.item("numbers", "number", 'isCollection="true"')) == ["result-type"]


@pytest.mark.parametrize(
    ("logic", "fits"),
    [('["a"]', True), ('["a", "b", "a"]', True), ('["a", "c"]', False), ('"b"', True), ('"c"', False), ("[]", True)],
)
def test_allowed_values_of_a_collection_are_those_of_its_items(logic, fits):
    letters = w.item("letters", "string", 'isCollection="true"', allowed='"a", "b"')

    assert (value_of(w.literal(logic), "letters", letters) is not None) is fits


@pytest.mark.parametrize(("logic", "fits"), [("[1, 2]", True), ("[1, 2, 3]", False)])
def test_a_type_constraint_is_one_of_the_whole(logic, fits):
    pair = w.item("pair", "number", 'isCollection="true"', constraint="count(?) < 3")

    assert (value_of(w.literal(logic), "pair", pair) is not None) is fits


@pytest.mark.parametrize(("given", "fits"), [(3, True), (5, True), (6, False), (9, True)])
def test_input_data_outside_its_allowed_values_is_null(given, fits):
    made = w.model(
        w.item("grade", "number", allowed="[1..5], 9")
        + w.data("g", "grade")
        + w.decision("t", w.literal("g"), needs=w.needs("in_g"))
    )

    decided = dmn.decide(made, "t", {"g": given})

    assert (decided.value == given) is fits
    assert [found.code for found in decided.diagnostics] == ([] if fits else ["result-type"])


@pytest.mark.parametrize(
    ("logic", "fits"),
    [
        ('{n: 1, "s t": "x"}', True),
        ('{n: null, "s t": "x"}', True),
        ('{n: 1, "s t": "x", more: 2}', True),
        ("{n: 1}", False),
        ('{n: "1", "s t": "x"}', False),
    ],
)
def test_a_structure_needs_each_component_and_may_hold_more(logic, fits):
    pair = (
        '<itemDefinition name="pair"><itemComponent name="n"><typeRef>number</typeRef></itemComponent>'
        '<itemComponent name="s t"><typeRef>string</typeRef></itemComponent></itemDefinition>'
    )

    assert (value_of(w.literal(logic), "pair", pair) is not None) is fits


def test_a_type_that_is_nowhere_defined_is_refused():
    body = w.data("a", "tAge") + w.decision(
        "t", w.table("UNIQUE", [("a", "tAge", "")], [("o", "text", "", None)], [("-", "1")]), needs=w.needs("in_a")
    )

    assert w.found(body) == [
        ("unknown-type", "error", "in_a"),
        ("unknown-type", "error", "tab"),
        ("unknown-type", "error", "tab"),
    ]


def test_a_constraint_that_is_no_feel_is_refused():
    body = w.item("grade", "number", allowed="1 + + (") + w.item("pair", "number", constraint="count(")

    assert w.found(body) == [("feel-syntax", "error", "pair"), ("feel-syntax", "error", "grade")]


def test_a_name_that_is_read_but_not_required_is_warned_about():
    assert w.found(w.data("a") + w.decision("t", w.literal("a + 1"))) == [("not-required", "warn", "t")]


# ---------------------------------------------------------------- decision tables (8.2, 8.3)


def decided(policy, inputs, outputs, rules, **given):
    return dmn.decide(w.model(w.decision("t", w.table(policy, inputs, outputs, rules))), "t", given)


@pytest.mark.parametrize(
    ("cell", "a", "b", "matches"),
    [
        ("b", 5, 5, True),
        ("b", 5, 6, False),
        ("< b", 3, 5, True),
        ("[1..b]", 3, 5, True),
        ("not(b)", 3, 5, True),
        ("b, 7", 7, 5, True),
        ("? > b", 7, 5, True),
        ("b + 1", 6, 5, True),
        ("null", None, 5, True),
        ("not(null)", None, 5, False),
        ("not(null)", 4, 5, True),
        ("b", 3, [3, 4], True),
        ("[1, 2]", [1, 2], 0, True),
        ("1", [1, 2], 0, False),
        ("list contains(?, 1)", [1, 2], 0, True),
        ("[1..3]", 2, 0, True),
        ("[1..3]", [1, 2], 0, False),
        ("[[1, 2], [3]]", [1, 2], 0, True),
        ("count(?) > 1", [1, 2], 0, True),
        ("some x in ? satisfies x > 1", [1, 2], 0, True),
        ("-", None, 0, True),
        ("", None, 0, True),
        ('"a"', 5, 0, False),
        ('< "b"', 5, 0, False),
    ],
)
def test_a_cell_is_a_unary_test(cell, a, b, matches):
    result = decided("UNIQUE", [("a", "", "")], [("o", "", "", None)], [(cell, '"hit"')], a=a, b=b)

    assert result.value == ("hit" if matches else None)


def test_an_input_outside_its_allowed_values_is_null_and_said():
    table = ("UNIQUE", [("a", "string", '"x", "y"')], [("o", "", "", None)], [("-", "1")])

    assert decided(*table, a="x").value == 1
    wrong = decided(*table, a="z")
    assert wrong.value is None
    assert [str(found) for found in wrong.diagnostics] == ["Input 'a' does not allow string \"z\"."]


def test_allowed_values_of_a_list_input_are_those_of_its_items():
    table = ("UNIQUE", [("a", "", '"x", "y"')], [("o", "", "", None)], [('list contains(?, "x")', "1")])

    assert decided(*table, a=["y", "x"]).value == 1
    assert [found.code for found in decided(*table, a=["z", "x"]).diagnostics] == ["input-not-allowed"]


@pytest.mark.parametrize("policy", ["UNIQUE", "ANY", "FIRST", "COLLECT", "RULE ORDER"])
def test_a_result_outside_the_allowed_values_is_null_and_said(policy):
    table = (policy, [("a", "", "")], [("level", "", '"low", "high"', None)], [("-", "b")])

    assert decided(*table, a=1, b="low").value in ("low", ["low"])
    wrong = decided(*table, a=1, b="middle")
    assert wrong.value is None
    assert [str(found) for found in wrong.diagnostics] == ["Result 'level' does not allow string \"middle\"."]


def test_a_constant_result_outside_the_allowed_values_is_found_before_it_is_decided():
    rules = [("> 1", '"low"'), ("<= 1", '"lwo"')]
    body = w.decision("t", w.table("UNIQUE", [("a", "", "")], [("level", "", '"low", "high"', '"none"')], rules))

    assert w.found(body) == [("output-not-allowed", "error", "r2"), ("output-not-allowed", "error", "o_level")]


def test_priority_compares_column_by_column_and_takes_ranges():
    outputs = [("who", "", '"boss", "clerk"', None), ("days", "", "[0..3], [4..9]", None)]
    rules = [("-", '"clerk"', "1"), ("-", '"boss"', "5"), ("> 5", '"boss"', "2")]

    assert decided("PRIORITY", [("a", "", "")], outputs, rules, a=9).value == {"who": "boss", "days": 2}
    ordered = decided("OUTPUT ORDER", [("a", "", "")], outputs, rules, a=9)
    assert [row["days"] for row in ordered.value] == [2, 5, 1]
    assert ordered.rules == ("r3", "r2", "r1")


def test_several_outputs_collect_contexts_and_take_defaults_together():
    outputs = [("who", "", "", '"nobody"'), ("days", "", "", None)]
    rules = [("> 1", '"a"', "1"), ("> 2", '"b"', "2")]

    assert decided("COLLECT", [("a", "", "")], outputs, rules, a=3).value == [
        {"who": "a", "days": 1},
        {"who": "b", "days": 2},
    ]
    assert decided("UNIQUE", [("a", "", "")], outputs, rules, a=0).value == {"who": "nobody", "days": None}


def test_results_are_converted_to_the_type_of_their_column():
    assert decided("UNIQUE", [("a", "", "")], [("o", "number", "", None)], [("-", "[a]")], a=7).value == 7
    wrong = decided("UNIQUE", [("a", "", "")], [("o", "number", "", None)], [("-", '"x"')], a=7)
    assert (wrong.value, [found.code for found in wrong.diagnostics]) == (None, ["result-type"])


def test_a_table_of_a_knowledge_model_decides_on_its_parameters():
    table = w.table("UNIQUE", [("x", "number", "")], [("o", "", "", None)], [("1", '"one"'), ("> 1", '"many"')])
    size = w.knowledge("size", [("x", "number")], table, "string")
    made = w.model(size + w.decision("t", w.literal("[size(1), size(5), size(0)]"), needs=w.needs("f:size")))

    result = dmn.decide(made, "t", {})

    assert result.value == ["one", "many", None]
    assert [(hit.owner, hit.rules) for hit in result.hits] == [("size", ("r1",)), ("size", ("r2",)), ("size", ())]


# ---------------------------------------------------------------- decision services (10.4)

SERVED = (
    w.data("a")
    + w.decision("given", w.literal('"own"'))
    + w.decision("inner", w.literal('given + "!"'), needs=w.needs("given"))
    + w.decision("outer", w.literal("inner + a"), needs=w.needs("inner", "in_a"))
)
ONE = (
    '<decisionService id="s" name="s"><outputDecision href="#outer"/><encapsulatedDecision href="#inner"/>'
    '<inputDecision href="#given"/><inputData href="#in_a"/></decisionService>'
)
TWO = (
    '<decisionService id="s" name="s"><outputDecision href="#outer"/><outputDecision href="#inner"/>'
    '<inputDecision href="#given"/><inputData href="#in_a"/></decisionService>'
)


@pytest.mark.parametrize(
    ("service", "call", "value"),
    [
        (ONE, 's("A", "G")', "G!A"),
        (ONE, 's(given: "G", a: "A")', "G!A"),
        (ONE, 's("A")', None),
        (ONE, 's("A", "G", "X")', None),
        (ONE, 's(a: "A", other: "G")', None),
        (TWO, 's("A", "G")', {"outer": "G!A", "inner": "G!"}),
        (TWO, 's("A", "G").inner', "G!"),
    ],
)
def test_a_service_is_called_with_its_input_data_then_its_input_decisions(service, call, value):
    made = w.model(SERVED + service + w.decision("t", w.literal(call), needs=w.needs("f:s")))

    assert dmn.decide(made, "t", {}).value == value


def test_a_service_decided_by_name_takes_what_is_given_over_its_input_decisions():
    made = w.model(SERVED + ONE)

    assert dmn.decide(made, "s", {"a": "A", "given": "G"}).value == "G!A"
    assert dmn.decide(made, "outer", {"a": "A"}).value == "own!A"


# ---------------------------------------------------------------- imports (6.3.3)

LENT = w.model(
    w.item("rate", "number", allowed="[0..1]")
    + w.data("a", "rate")
    + w.decision("double", w.literal("a * 2"), needs=w.needs("in_a"))
    + w.knowledge("say hello", [("x", "rate")], w.literal("x + 1"))
    + '<decisionService id="s" name="s"><outputDecision href="#double"/><inputData href="#in_a"/></decisionService>',
    namespace="urn:lent",
)
MORE = w.model(
    w.item("word", "string") + w.knowledge("echo", [("x", "word")], w.literal("x")), namespace="urn:more"
)  # fmt: skip
IMPORTS = {"urn:lent": LENT, "urn:more": MORE}
FROM_LENT = w.needs("urn:lent#double", "urn:lent#in_a", "f:urn:lent#say hello", "f:urn:lent#s")


@pytest.mark.parametrize("name", ["lent", "my lent", ""])
@pytest.mark.parametrize(
    ("logic", "of", "value"),
    [
        ("{0}double", "", Decimal("0.5")),
        ("{0}say hello({0}a)", "", Decimal("1.25")),
        ("{0}say hello(7)", "", None),
        ("{0}s(0.5)", "", 1),
        ("0.5", "{0}rate", Decimal("0.5")),
        ("5", "{0}rate", None),
        ("0.5 instance of {0}rate", "", True),
    ],
)
def test_what_is_imported_is_read_behind_the_name_of_the_import(name, logic, of, value):
    prefix = f"{name}." if name else ""
    body = f'<import namespace="urn:lent" name="{name}"/>' + w.decision(
        "t", w.literal(logic.format(prefix)), of.format(prefix), FROM_LENT
    )
    given = {"a": Decimal("0.25")}

    made = w.model(body, imports=IMPORTS)

    assert dmn.decide(made, "t", {name: given} if name else given).value == value


def test_two_imports_without_a_name_do_not_hide_each_other():
    both = '<import namespace="urn:lent" name=""/><import namespace="urn:more" name=""/>'
    logic = w.literal('[say hello(1), echo("b"), echo(1)]')
    needed = w.needs("f:urn:lent#say hello", "f:urn:more#echo")

    made = w.model(both + w.decision("t", logic, needs=needed), imports=IMPORTS)

    assert dmn.decide(made, "t", {}).value == [2, "b", None]


def test_an_import_of_an_import_is_followed():
    middle = w.model(
        '<import namespace="urn:lent" name="lent"/>'
        + w.decision("half", w.literal("lent.double / 4"), needs=w.needs("urn:lent#double")),
        namespace="urn:middle", imports=IMPORTS,
    )  # fmt: skip
    made = w.model(
        '<import namespace="urn:middle" name="m"/>'
        + w.decision("t", w.literal("m.half"), needs=w.needs("urn:middle#half")),
        imports={"urn:middle": middle},
    )

    assert dmn.decide(made, "t", {"a": Decimal("0.5")}).value == Decimal("0.25")
