"""What a gap of a table lies beside: the rules on which the editor marks it."""

from engine import dmn
from tests.engine.dmn import written as w


def test_a_gap_names_the_rules_that_it_lies_beside():
    inputs = [("amount", "number", ""), ("kind", "string", '"a","b"')]
    rules = [["< 10", '"a"', "1"], ["[20..30]", '"a"', "2"], ["> 30", '"a"', "3"], ["-", '"b"', "4"]]

    model = dmn.read(w.xml(w.decision("d", w.table("UNIQUE", inputs, [("x", "number", "", None)], rules)))).model
    found = dmn.analyse(model)

    assert [(one.rule, one.facts["beside"]) for one in found] == [("decision-gap", [1, 2, 4])]


def test_a_value_that_is_missing_counts_where_the_allowed_values_name_it():
    rules = [['"a"', "1"], ["null", "2"]]

    def found(allowed):
        table = w.table("UNIQUE", [("kind", "string", allowed)], [("x", "number", "", None)], rules)
        return [
            (one.rule, one.facts.get("where")) for one in dmn.analyse(dmn.read(w.xml(w.decision("d", table))).model)
        ]

    assert found('"a",null') == []
    assert found('"a"') == [("decision-unreachable", None)]
