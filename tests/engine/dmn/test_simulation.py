"""A table over rows of data: results, coverage, and what is wrong with a row."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from engine import dmn
from engine.dmn import simulation
from tests.engine.dmn import written as w

LEVELS = w.model(
    w.decision(
        "level",
        w.table(
            "UNIQUE",
            [("amount", "number", ""), ("dept", "string", ""), ("urgent", "boolean", ""), ("since", "date", "")],
            [("level", "string", "", None)],
            [
                ["< 1000", "-", "-", "-", '"manager"'],
                [">= 1000", '"it", "hr"', "false", '< @"2026-01-01"', '"director"'],
                [">= 1000", '"it"', "true", "-", '"ceo"'],
                [">= 1000", '"law"', "-", "-", '"lawyer"'],
            ],
        ),
    )
)
MIDNIGHT = datetime.fromisoformat("2026-03-09T00:00:00")
MORNING = datetime.fromisoformat("2026-03-09T08:00:00")
HEAD = ["amount", "dept", "urgent", "since"]


def test_each_row_gives_its_result_and_each_rule_its_hits():
    done = dmn.simulate(
        LEVELS, "level",
        [HEAD, ["999.99", "it", "no", ""], ["1,000", "hr", "否", "2025/3/9"], [], ["5000", "it", "是", "2026-01-01"],
         ["5000", "it", "true", ""], ["5000", "ops", "false", ""]],
    )  # fmt: skip

    assert [(row.number, row.value, row.rules) for row in done.rows] == [
        (2, "manager", (("tab", 1),)),
        (3, "director", (("tab", 2),)),
        (5, "ceo", (("tab", 3),)),
        (6, "ceo", (("tab", 3),)),
        (7, None, ()),
    ]
    assert [(rule.number, rule.hits) for rule in done.coverage] == [(1, 1), (2, 1), (3, 2), (4, 0)]
    assert [rule.rule for rule in done.unhit] == ["r4"]
    assert (done.used, done.missing, done.ignored, done.failed) == (tuple(HEAD), (), (), 0)


def test_a_row_that_cannot_be_read_says_which_column_and_what_was_expected():
    done = dmn.simulate(LEVELS, "level", [HEAD, ["much", "it", "maybe", "soon"], ["1", "it", "no", "2026-01-01"]])

    assert [str(problem) for problem in done.rows[0].problems] == [
        "amount: expected number, found much.",
        "urgent: expected boolean, found maybe.",
        "since: expected date, found soon.",
    ]
    assert (done.rows[0].value, done.rows[1].value, done.failed) == (None, "manager", 1)


def test_columns_may_be_missing_or_be_more():
    done = dmn.simulate(LEVELS, "level", [["note", "amount"], ["x", 5]])

    assert (done.used, done.missing, done.ignored) == (("amount",), ("dept", "urgent", "since"), ("note",))
    assert done.rows[0].value == "manager"


def test_expected_results_are_compared():
    done = dmn.simulate(
        LEVELS, "level", [["amount", "expected"], ["5", "manager"], ["5", "ceo"], ["5"], ["5000", "=null"]]
    )

    assert [row.passed for row in done.rows] == [True, False, None, True]
    assert [str(problem) for problem in done.rows[1].problems] == ['expected: expected "ceo", found "manager".']


def test_several_outputs_are_compared_one_by_one():
    outputs = [("who", "", "", None), ("days", "", "", None)]
    made = w.model(w.decision("t", w.table("FIRST", [("n", "", "")], outputs, [["> 1", '"a"', "2"]])))

    done = dmn.simulate(made, "t", [["n", "expected.who", "expected.days"], ["2", "a", "2"], ["3", "a", "3"]])

    assert [row.passed for row in done.rows] == [True, False]


def test_paths_make_contexts_and_texts_with_an_equals_sign_are_feel():
    table = w.table(
        "UNIQUE", [("order.amount", "number", ""), ("tags", "", "")], [("o", "", "", None)],
        [["> 10", 'list contains(?, "x")', "order.customer.name"]],
    )  # fmt: skip
    made = w.model(w.decision("t", table))

    assert [(of.name, of.type) for of in dmn.inputs(made, "t")] == [("order.amount", "number"), ("tags", "")]
    done = dmn.simulate(
        made, "t", [["order.amount", "order.customer.name", "tags"], ["11", "安然", '=["x", "y"]'], ["1", "b", "=["]]
    )
    assert done.rows[0].value == "安然"
    assert [str(problem) for problem in done.rows[1].problems] == ["tags: expected FEEL, found =[."]


def test_a_hit_policy_that_is_violated_is_the_problem_of_its_row():
    made = w.model(
        w.decision("t", w.table("UNIQUE", [("n", "", "")], [("o", "", "", None)], [["> 1", "1"], ["> 2", "2"]]))
    )

    done = dmn.simulate(made, "t", [["n"], ["2"], ["3"]])

    assert [row.value for row in done.rows] == [1, None]
    assert [str(problem) for problem in done.rows[1].problems] == ["More than one rule matches: r1, r2."]


@pytest.mark.parametrize(
    ("raw", "of", "value"),
    [
        ("007", "", "007"),
        ("7.50", "", Decimal("7.50")),
        ("7", "string", "7"),
        (7, "string", "7"),
        (7.5, "number", Decimal("7.5")),
        (7.0, "", 7),
        ("2026-03-09", "", date(2026, 3, 9)),
        (MIDNIGHT, "date", date(2026, 3, 9)),
        (MIDNIGHT, "", date(2026, 3, 9)),
        (MORNING, "", MORNING),
        ("2026-03-09 08:00:00", "date and time", MORNING),
        ("P2D", "days and time duration", timedelta(days=2)),
        ("TRUE", "", True),
        ("", "number", None),
        (" x ", "string", "x"),
    ],
)
def test_cells_are_read_by_the_type_of_their_input(raw, of, value):
    read = simulation.read_value(raw, of)

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("raw", "of"),
    [
        ("1e999999", "number"),
        ("NaN", "number"),
        (True, "number"),
        (5, "boolean"),
        ("25:00", "time"),
        ("x" * 10_001, ""),
    ],
)
def test_cells_that_are_no_such_value_are_refused(raw, of):
    with pytest.raises(ValueError):  # noqa: PT011 - the message is made where the column is known
        simulation.read_value(raw, of)


def test_limits_and_wrong_files_are_said():
    with pytest.raises(simulation.DataTooBig):
        dmn.simulate(LEVELS, "level", [HEAD, *[["1", "", "", ""]] * 3], rows_limit=2)
    with pytest.raises(simulation.DataTooBig):
        dmn.simulate(LEVELS, "level", [["x"] * 201])
    with pytest.raises(simulation.NoColumn) as caught:
        dmn.simulate(LEVELS, "level", [["Betrag"], ["1"]])
    assert caught.value.facts == {"expected": "amount, dept, urgent, since", "found": "Betrag"}
    with pytest.raises(dmn.DecisionFailed):
        dmn.simulate(LEVELS, "nobody", [HEAD])


def test_inputs_of_a_graph_are_the_data_below_it():
    made = w.model(
        w.item("grade", "string", allowed='"A", "B"')
        + w.data("a", "number")
        + w.data("g", "grade")
        + w.decision("half", w.literal("a / 2 + bonus"), needs=w.needs("in_a"))
        + w.decision(
            "t",
            w.table("UNIQUE", [("half", "", ""), ("g", "", "")], [("o", "", "", None)], [["> 1", '"A"', "1"]]),
            needs=w.needs("half", "in_g"),
        )
    )

    assert [(of.name, of.type, of.allowed) for of in dmn.inputs(made, "t")] == [
        ("g", "string", '"A", "B"'),
        ("a", "number", ""),
        ("bonus", "", ""),
    ]
