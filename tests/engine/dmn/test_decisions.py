"""Decisions: hit policies, the requirements graph, boxed expressions, types, and what comes back beside the value."""

from decimal import Decimal

import pytest

from engine import dmn

HEAD = '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:t">'


def model(body):
    reading = dmn.read(f"{HEAD}{body}</definitions>".encode(), "t.dmn")
    assert [str(finding) for finding in reading.findings] == []
    return reading.model


def text(tag, value, attributes=""):
    escaped = value.replace("&", "&amp;").replace("<", "&lt;")
    return f"<{tag} {attributes}><text>{escaped}</text></{tag}>"


def table(policy, rules, inputs=("金额",), outputs=(("级别", ""),), aggregation="", default=None):
    """A decision `t` of one table; `rules`: rows of cells, conditions first."""
    columns = "".join(f'<input id="i{n}">{text("inputExpression", name)}</input>' for n, name in enumerate(inputs))
    for name, values in outputs:
        allowed = text("outputValues", values) if values else ""
        fallback = text("defaultOutputEntry", default) if default is not None else ""
        columns += f'<output id="o-{name}" name="{name}">{allowed}{fallback}</output>'
    rows = ""
    for number, cells in enumerate(rules, 1):
        row = "".join(text("inputEntry", cell) for cell in cells[: len(inputs)])
        row += "".join(text("outputEntry", cell) for cell in cells[len(inputs) :])
        rows += f'<rule id="r{number}">{row}</rule>'
    kind = f'hitPolicy="{policy}"' + (f' aggregation="{aggregation}"' if aggregation else "")
    body = f'<decisionTable id="tab" {kind}>{columns}{rows}</decisionTable>'
    return model(f'<decision id="t" name="审批级别">{body}</decision>')


LEVELS = [("< 1000", '"经理"'), ("[1000..5000)", '"总监"'), (">= 5000", '"总经理"')]
OVERLAPPING = [("> 10", '"b"'), ("> 5", '"a"'), ("> 1", '"b"')]


def test_a_unique_table_gives_the_result_of_its_rule_and_says_which():
    decided = dmn.decide(table("UNIQUE", LEVELS), "审批级别", {"金额": Decimal("5000.00")})

    assert decided.value == "总经理"
    assert decided.rules == ("r3",)
    assert decided.inputs == {"金额": Decimal("5000.00")}
    assert decided.diagnostics == []


@pytest.mark.parametrize(
    ("policy", "aggregation", "value", "rules"),
    [
        ("FIRST", "", "b", ("r1",)),
        ("PRIORITY", "", "a", ("r2",)),
        ("RULE ORDER", "", ["b", "a", "b"], ("r1", "r2", "r3")),
        ("COLLECT", "", ["b", "a", "b"], ("r1", "r2", "r3")),
        ("OUTPUT ORDER", "", ["a", "b", "b"], ("r2", "r1", "r3")),
        ("COLLECT", "COUNT", 3, ("r1", "r2", "r3")),
    ],
)
def test_hit_policies(policy, aggregation, value, rules):
    made = table(policy, OVERLAPPING, outputs=(("级别", '"a", "b"'),), aggregation=aggregation)

    decided = dmn.decide(made, "t", {"金额": 20})

    assert (decided.value, decided.rules) == (value, rules)


@pytest.mark.parametrize(("aggregation", "value"), [("SUM", Decimal("6.5")), ("MIN", 1), ("MAX", Decimal("3.5"))])
def test_collected_numbers_are_aggregated(aggregation, value):
    made = table("COLLECT", [("> 1", "1"), ("> 2", "2"), ("> 3", "3.5")], aggregation=aggregation)

    assert dmn.decide(made, "t", {"金额": 9}).value == value


@pytest.mark.parametrize(
    ("policy", "aggregation", "value"),
    [
        ("UNIQUE", "", None),
        ("FIRST", "", None),
        ("COLLECT", "", []),
        ("RULE ORDER", "", []),
        ("COLLECT", "COUNT", 0),
        ("COLLECT", "SUM", None),
    ],
)
def test_no_match_is_null_or_an_empty_list(policy, aggregation, value):
    decided = dmn.decide(table(policy, OVERLAPPING, aggregation=aggregation), "t", {"金额": 0})

    assert (decided.value, decided.rules) == (value, ())


def test_no_match_takes_the_default():
    made = table("UNIQUE", [("> 10", '"b"')], default='"none"')

    assert dmn.decide(made, "t", {"金额": 1}).value == "none"


def test_two_matches_of_a_unique_table_are_null_with_the_rules_named():
    decided = dmn.decide(table("UNIQUE", OVERLAPPING), "t", {"金额": 20})

    assert decided.value is None
    assert [(found.code, found.facts["rules"]) for found in decided.diagnostics] == [
        ("hit-policy-unique", "r1, r2, r3")
    ]


def test_any_takes_equal_results_and_refuses_different_ones():
    same = table("ANY", [("> 1", "1"), ("> 2", "1.0")])

    assert dmn.decide(same, "t", {"金额": 20}).value == 1
    assert dmn.decide(table("ANY", OVERLAPPING), "t", {"金额": 20}).value is None


def test_several_outputs_are_a_context():
    made = table("FIRST", [("-", '"a"', "1 + 1")], outputs=(("级别", ""), ("天数", "")))

    assert dmn.decide(made, "t", {"金额": 1}).value == {"级别": "a", "天数": 2}


def test_cells_read_other_variables_and_the_input():
    made = table("UNIQUE", [("? > limit * 2", '"x" + kind')])

    assert dmn.decide(made, "t", {"金额": 21, "limit": 10, "kind": "y"}).value == "xy"


GRAPH = (
    '<itemDefinition id="t1" name="tCustomer"><itemComponent id="t2" name="credit limit"><typeRef>number</typeRef>'
    '</itemComponent></itemDefinition>'
    '<inputData id="in" name="Customer"><variable name="Customer" typeRef="tCustomer"/></inputData>'
    '<inputData id="in2" name="Amount"><variable name="Amount" typeRef="number"/></inputData>'
    '<businessKnowledgeModel id="bkm" name="Rate"><encapsulatedLogic><formalParameter name="a" typeRef="number"/>'
    f'{text("literalExpression", "a / 100")}</encapsulatedLogic></businessKnowledgeModel>'
    '<decision id="room" name="Room left"><variable name="Room left" typeRef="number"/>'
    '<informationRequirement><requiredInput href="#in"/></informationRequirement>'
    '<informationRequirement><requiredInput href="#in2"/></informationRequirement>'
    f'{text("literalExpression", "Customer.credit limit - Amount")}</decision>'
    '<decision id="top" name="Release"><variable name="Release"/>'
    '<informationRequirement><requiredDecision href="#room"/></informationRequirement>'
    '<knowledgeRequirement><requiredKnowledge href="#bkm"/></knowledgeRequirement>'
    f'<context><contextEntry><variable name="rate"/>{text("literalExpression", "Rate(Room left)")}</contextEntry>'
    f'<contextEntry>{text("literalExpression", "rate > 1")}</contextEntry></context></decision>'
)  # fmt: skip


def test_a_graph_is_decided_from_its_inputs():
    graph = model(GRAPH)

    decided = dmn.decide(graph, "Release", {"Customer": {"credit limit": 500}, "Amount": 300})

    assert decided.value is True
    assert decided.inputs["Room left"] == 200
    assert graph.requires("Release") == {"Customer", "Amount"}
    assert [decision.name for decision in graph.decisions] == ["Room left", "Release"]


def test_an_input_of_another_type_or_none_at_all_is_null_and_said():
    graph = model(GRAPH)

    wrong = dmn.decide(graph, "room", {"Customer": {"credit limit": "much"}, "Amount": 1})
    absent = dmn.decide(graph, "room", {"Amount": 1})

    assert wrong.value is None
    assert "result-type" in [found.code for found in wrong.diagnostics]
    assert absent.value is None
    assert "missing-input" in [found.code for found in absent.diagnostics]


def test_an_element_that_is_not_required_is_not_seen():
    body = f'<inputData id="x" name="X"/><decision id="t" name="T">{text("literalExpression", "X")}</decision>'
    made = dmn.read(f"{HEAD}{body}</definitions>".encode()).model

    decided = dmn.decide(made, "T", {"X": 1})

    assert decided.value is None
    assert [found.code for found in decided.diagnostics] == ["unknown-name"]


def test_a_knowledge_model_can_be_called_alone():
    assert dmn.call(model(GRAPH), "Rate", {"a": 50}).value == Decimal("0.5")


def test_a_service_is_a_function_of_its_inputs():
    made = model(
        f'{GRAPH}<decisionService id="s" name="Check"><outputDecision href="#top"/><inputDecision href="#room"/>'
        f'</decisionService><decision id="use" name="Use"><knowledgeRequirement><requiredKnowledge href="#s"/>'
        f"</knowledgeRequirement>{text('literalExpression', 'Check(50)')}</decision>"
    )

    assert dmn.decide(made, "Use", {}).value is False
    assert dmn.decide(made, "Check", {"Room left": 500}).value is True


def test_boxed_expressions():
    made = model(
        '<decision id="t" name="T"><context>'
        '<contextEntry><variable name="rows"/><relation><column name="a"/><column name="b"/>'
        f"<row>{text('literalExpression', '1')}{text('literalExpression', '2')}</row></relation></contextEntry>"
        f'<contextEntry><variable name="l"/><list>{text("literalExpression", "rows[1].b")}</list></contextEntry>'
        '<contextEntry><variable name="f"/><functionDefinition><formalParameter name="x"/>'
        f"{text('literalExpression', 'x * 10')}</functionDefinition></contextEntry>"
        f'<contextEntry><variable name="i"/><invocation>{text("literalExpression", "f")}<binding>'
        f'<parameter name="x"/>{text("literalExpression", "l[1]")}</binding></invocation></contextEntry>'
        "</context></decision>"
    )

    value = dmn.decide(made, "T", {}).value

    assert (value["rows"], value["l"], value["i"]) == ([{"a": 1, "b": 2}], [2], 20)


def test_an_unknown_decision_is_refused():
    with pytest.raises(dmn.DecisionFailed) as caught:
        dmn.decide(table("UNIQUE", LEVELS), "missing", {})

    assert caught.value.facts["decision"] == "missing"


def test_a_decision_that_runs_away_is_stopped():
    made = model(f'<decision id="t" name="T">{text("literalExpression", "for i in 1..9999999999 return i")}</decision>')

    with pytest.raises(dmn.DecisionFailed):
        dmn.decide(made, "T", {})


def test_a_recursive_type_checks_at_every_depth():
    made = model(
        '<itemDefinition id="t1" name="tNode"><itemComponent id="c1" name="v"><typeRef>number</typeRef></itemComponent>'
        '<itemComponent id="c2" name="next"><typeRef>tNode</typeRef></itemComponent></itemDefinition>'
        '<inputData id="n" name="N"><variable name="N" typeRef="tNode"/></inputData>'
        '<decision id="t" name="T"><informationRequirement><requiredInput href="#n"/></informationRequirement>'
        f"{text('literalExpression', 'N.next.v')}</decision>"
    )

    assert dmn.decide(made, "T", {"N": {"v": 1, "next": {"v": 2, "next": None}}}).value == 2
    assert dmn.decide(made, "T", {"N": {"v": 1, "next": {"v": "x", "next": None}}}).value is None


def test_an_explanation_names_rules_tests_and_the_data_behind_each_input():
    graph = model(
        '<inputData id="in" name="salary"/><decision id="year" name="yearly"><variable name="yearly"/>'
        '<informationRequirement><requiredInput href="#in"/></informationRequirement>'
        f'{text("literalExpression", "salary * 12")}</decision>'
        '<decision id="level" name="level"><informationRequirement><requiredDecision href="#year"/>'
        '</informationRequirement><decisionTable id="tab" hitPolicy="COLLECT" aggregation="SUM">'
        f'<input id="i1" label="年薪">{text("inputExpression", "yearly")}</input>'
        f'<input id="i2" label="部门">{text("inputExpression", "dept")}</input><output id="o"/>'
        f'<rule id="r1">{text("inputEntry", "> 100")}{text("inputEntry", "-")}{text("outputEntry", "1")}</rule>'
        f'<rule id="r2">{text("inputEntry", "> 900")}{text("inputEntry", "-")}{text("outputEntry", "2")}</rule>'
        f'<rule id="r3">{text("inputEntry", "-")}{text("inputEntry", chr(34) + "IT" + chr(34))}'
        f'{text("outputEntry", "4")}<annotationEntry><text>bonus</text></annotationEntry></rule>'
        "</decisionTable></decision>"
    )  # fmt: skip

    decided = dmn.decide(graph, "level", {"salary": 20, "dept": "IT"})

    assert dmn.explain(graph, decided) == [
        {
            "table": "tab", "owner": "level", "policy": "C+", "result": "5", "more_rules": 0,
            "inputs": [
                {"label": "年薪", "value": "240", "reads": ["salary"]},
                {"label": "部门", "value": '"IT"', "reads": ["dept"]},
            ],
            "rules": [
                {"id": "r1", "number": 1, "tests": ["> 100", "-"], "outputs": ["1"], "notes": []},
                {"id": "r3", "number": 3, "tests": ["-", '"IT"'], "outputs": ["4"], "notes": ["bonus"]},
            ],
        }
    ]  # fmt: skip


def test_an_explanation_stays_small():
    made = table("COLLECT", [("-", f'"{"long" * 200}"')] * 50)

    (entry,) = dmn.explain(made, dmn.decide(made, "t", {"金额": "x" * 5000}))

    assert (len(entry["rules"]), entry["more_rules"]) == (20, 30)
    assert len(entry["inputs"][0]["value"]) == len(entry["result"]) == 300
