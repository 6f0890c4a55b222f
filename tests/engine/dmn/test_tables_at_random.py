"""Random tables: the index and the analysis against doing it the slow way."""

import itertools
import random

import pytest

from benchmarks import tables
from engine import dmn, feel, lint
from engine.findings import Level
from tests.counting import lines
from tests.engine.dmn import written as w

HEAD = '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:t">'
NUMBERS = ["-", "< 3", ">= 3", "[1..4)", "(2..5]", "3", "1, 4", "not(2)", "not([1..3])", "> 1"]
TEXTS = ["-", '"a"', '"b"', '"a", "b"', 'not("a")']
FLAGS = ["-", "true", "false"]
POINTS = [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5]


def build(policy, rows):
    def text(tag, value):
        return f"<{tag}><text>{value.replace('<', '&lt;')}</text></{tag}>"

    columns = "".join(f'<input id="{name}">{text("inputExpression", name)}</input>' for name in ("n", "s", "f"))
    body = ""
    for number, (cells, result) in enumerate(rows):
        tests = "".join(text("inputEntry", cell) for cell in cells)
        body += f'<rule id="r{number}">{tests}{text("outputEntry", str(result))}</rule>'
    xml = (
        f'{HEAD}<decision id="t" name="T"><decisionTable id="tab" hitPolicy="{policy}">{columns}<output id="o"/>'
        f"{body}</decisionTable></decision></definitions>"
    )
    reading = dmn.read(xml.encode())
    assert reading.findings == []
    return reading.model


def holds(cell, value):
    """One cell the slow way."""
    if cell == "-":
        return True
    if cell.startswith("not("):
        return not holds(cell[4:-1], value)
    if ", " in cell:
        return any(holds(part, value) for part in cell.split(", "))
    if cell in ("true", "false"):
        return value is (cell == "true")
    if cell.startswith('"'):
        return value == cell.strip('"')
    if cell[0] in "[(":
        low, high = cell[1:-1].split("..")
        return (float(low) <= value if cell[0] == "[" else float(low) < value) and (
            value <= float(high) if cell[-1] == "]" else value < float(high)
        )
    operator, _, number = cell.rpartition(" ")
    return {"<": value < float(number), ">=": value >= float(number), ">": value > float(number)}.get(
        operator, value == float(number)
    )


def random_rows(chance, count):
    return [
        ((chance.choice(NUMBERS), chance.choice(TEXTS), chance.choice(FLAGS)), chance.randint(1, 3))
        for _ in range(count)
    ]


def test_small_and_indexed_tables_find_the_same_rules_as_doing_it_by_hand():
    chance = random.Random(1)
    for count in (3, 12, 80):
        rows = random_rows(chance, count)
        model = build("RULE ORDER", rows)
        for n, s, f in itertools.product(POINTS, "abc", (True, False)):
            expected = tuple(
                f"r{number}"
                for number, (cells, _) in enumerate(rows)
                if all(holds(cell, value) for cell, value in zip(cells, (n, s, f), strict=True))
            )
            assert dmn.decide(model, "t", {"n": n, "s": s, "f": f}).rules == expected


def test_values_of_another_kind_match_only_what_is_open_to_them():
    rows = [(("> 1", "-", "-"), 1)] * 60 + [(("-", "-", "-"), 2)]

    assert dmn.decide(build("COLLECT", rows), "t", {"n": "x", "s": None, "f": None}).value == [2]


def test_gaps_and_overlaps_are_exactly_those_of_brute_force():
    chance = random.Random(2)
    for _ in range(60):
        rows = random_rows(chance, chance.randint(1, 7))
        found = dmn.analyse(build("UNIQUE", rows))
        hits = [
            {
                number
                for number, (cells, _) in enumerate(rows)
                if all(holds(cell, value) for cell, value in zip(cells, point, strict=True))
            }
            for point in itertools.product(POINTS, "abz", (True, False))
        ]
        overlapping = {pair for rules in hits for pair in itertools.combinations(sorted(rules), 2)}

        assert any(finding.rule == "decision-gap" for finding in found) == any(not rules for rules in hits)
        if len(overlapping) <= 10:
            reported = {
                (finding.facts["first"] - 1, finding.facts["second"] - 1): finding.level
                for finding in found
                if finding.rule.startswith("decision-overlap")
            }
            assert reported == {
                (one, other): Level.ERROR if rows[one][1] != rows[other][1] else Level.WARN
                for one, other in overlapping
            }


def test_masked_rules_of_a_first_hit_table_are_those_that_never_decide():
    chance = random.Random(3)
    for _ in range(60):
        rows = random_rows(chance, chance.randint(2, 7))
        deciding = set()
        possible = set()
        for point in itertools.product(POINTS, "abz", (True, False)):
            hits = [
                number
                for number, (cells, _) in enumerate(rows)
                if all(holds(cell, value) for cell, value in zip(cells, point, strict=True))
            ]
            deciding.update(hits[:1])
            possible.update(hits)

        found = dmn.analyse(build("FIRST", rows))

        masked = {finding.facts["rule"] - 1 for finding in found if finding.rule == "decision-masked"}
        assert masked == possible - deciding


def test_a_gap_is_told_in_words():
    rows = [
        (("< 3", '"a"', "-"), 1),
        ((">= 4", "-", "-"), 1),
        (("[3..4)", "-", "true"), 2),
        (("< 3", 'not("a")', "-"), 1),
    ]

    found = dmn.analyse(build("UNIQUE", rows))

    assert [str(finding) for finding in found] == [
        '1:tab: warn decision-gap: No rule matches: n: [3..4); s: -; f: false. For example n = 3, s = "a", f = false.'
    ]


def test_cells_that_are_more_than_constants_are_said_not_to_be_analysable():
    found = dmn.analyse(build("UNIQUE", [(("? > limit", "-", "-"), 1)]))

    assert [(finding.rule, finding.level, finding.facts["columns"]) for finding in found] == [
        ("decision-not-analysable", Level.INFO, "n")
    ]


def test_a_big_table_is_analysed_within_its_limits():
    rows = [((f"[{n}..{n + 1})", "-", "-"), n) for n in range(600)]

    found = dmn.analyse(build("UNIQUE", rows))

    assert {finding.rule for finding in found} == {"decision-gap"}


def test_a_check_before_deployment_says_that_rules_overlap():
    rows = [(("> 1", "-", "-"), 1), (("> 2", "-", "-"), 2)]
    body = "".join(
        f'<rule id="r{number}"><inputEntry><text>{cells[0].replace(">", "&gt;")}</text></inputEntry>'
        f"<outputEntry><text>{result}</text></outputEntry></rule>"
        for number, (cells, result) in enumerate(rows)
    )
    xml = (
        f'{HEAD}<decision id="t" name="T"><decisionTable id="tab"><input id="i"><inputExpression><text>n</text>'
        f'</inputExpression></input><output id="o"/>{body}</decisionTable></decision></definitions>'
    )

    findings = lint.check({"t.dmn": xml.encode()}, {})

    assert [(finding.rule, finding.level) for finding in findings] == [
        ("decision-overlap", Level.ERROR),
        ("decision-gap", Level.WARN),
    ]


# ---------------------------------------------------------------- examples


def shown(model, finding, decision="t"):
    """What the table says to the example of a finding."""
    given = {name: feel.evaluate(text, {}).value for name, text in finding.facts["inputs"].items()}
    return dmn.decide(model, decision, given)


DAYS = ["-", '< @"2026-01-02"', '[@"2026-01-02"..@"2026-01-05"]', '@"2026-01-03"', '> @"2026-01-03"', "null"]
SPANS = ["-", '< @"P1D"', '>= @"P1D"', 'not(@"P1D", null)', "null"]
MONTHS = ["-", '@"P1M"', '< @"P2M"', '>= @"P2M"']
MOMENTS = ["-", '< @"2026-01-02T10:00:00"', '>= @"2026-01-02T11:00:00"', '@"2026-01-02T10:30:00"']


@pytest.mark.parametrize("policy", ["UNIQUE", "PRIORITY"])
def test_every_example_shows_what_its_finding_says(policy):
    chance = random.Random(4)
    kinds = [[*NUMBERS, "null", "not(null)", "> 1e20"], [*TEXTS, "null"], FLAGS, DAYS, SPANS, MONTHS, MOMENTS]
    seen = set()
    for _ in range(150):
        columns = [(f"v{number}", "", "") for number in range(3)]
        choices = [chance.choice(kinds) for _ in columns]
        rules = [
            [*(chance.choice(cells) for cells in choices), str(chance.randint(1, 3))]
            for _ in range(chance.randint(1, 6))
        ]
        model = w.model(w.decision("t", w.table(policy, columns, [("o", "", "2, 3, 1", None)], rules)))
        for finding in dmn.analyse(model):
            seen.add(finding.rule)
            if finding.rule == "decision-gap":
                decided = shown(model, finding)
                assert [hit.rules for hit in decided.hits] == [()]
            elif finding.rule.startswith("decision-overlap"):
                said = {diagnostic.code: diagnostic for diagnostic in shown(model, finding).diagnostics}
                violation = said["hit-policy-unique"]
                assert set(finding.facts["rules"]) <= set(violation.facts["rules"].split(", "))
            elif finding.rule == "decision-masked":
                assert shown(model, finding).rules != (finding.element_id,)
    overlaps = {"decision-overlap", "decision-overlap-same"}
    assert seen == {"decision-gap", *(overlaps if policy == "UNIQUE" else ["decision-masked"])}


def test_masked_rules_of_a_priority_table_are_those_that_never_decide():
    chance = random.Random(5)
    order = [2, 3, 1]
    for _ in range(60):
        rows = random_rows(chance, chance.randint(2, 7))
        rules = [[*cells, str(result)] for cells, result in rows]
        inputs = [(name, "", "") for name in ("n", "s", "f")]
        model = w.model(w.decision("t", w.table("PRIORITY", inputs, [("o", "", "2, 3, 1", None)], rules)))
        deciding, possible = set(), set()
        for point in itertools.product(POINTS, "abz", (True, False)):
            hits = [
                number
                for number, (cells, _) in enumerate(rows)
                if all(holds(cell, value) for cell, value in zip(cells, point, strict=True))
            ]
            possible.update(hits)
            deciding.update(sorted(hits, key=lambda number: (order.index(rows[number][1]), number))[:1])

        masked = {finding.facts["rule"] - 1 for finding in dmn.analyse(model) if finding.rule == "decision-masked"}

        assert masked == possible - deciding


def analysed(inputs, rules, policy="UNIQUE", types="", before=""):
    body = types + before + w.decision("t", w.table(policy, inputs, [("o", "", "", None)], rules))
    return [(finding.rule, finding.facts.get("example", "")) for finding in dmn.analyse(w.model(body))]


def test_a_rule_that_no_allowed_value_meets_is_unreachable():
    found = analysed([("a", "", '"x", "y"'), ("n", "", "")], [['"z"', "-", "1"], ["-", "[5..3]", "2"], ["-", "-", "3"]])

    assert found == [("decision-unreachable", ""), ("decision-unreachable", "")]


def test_allowed_values_of_a_type_bound_the_gaps():
    level = w.item("level", "string", allowed='"x", "y"')

    assert analysed([("a", "level", "")], [['"x"', "1"], ['"y"', "2"]], types=level) == []
    assert analysed([("a", "level", "")], [['"x"', "1"]], types=level) == [("decision-gap", 'a = "y"')]
    inputs = w.data("a", "level")
    assert [
        finding.rule
        for finding in dmn.analyse(
            w.model(
                level
                + inputs
                + w.decision(
                    "t",
                    w.table("UNIQUE", [("a", "", "")], [("o", "", "", None)], [['"x"', "1"], ['"y"', "2"]]),
                    needs=w.needs("in_a"),
                )
            )
        )
    ] == []


def test_there_is_no_day_between_two_days():
    covered = [['<= @"2026-01-31"', "1"], ['>= @"2026-02-01"', "2"]]

    assert analysed([("d", "date", "")], covered) == []
    assert analysed([("d", "date", "")], [['<= @"2026-01-31"', "1"], ['> @"2026-02-01"', "2"]]) == [
        ("decision-gap", 'd = @"2026-02-01"')
    ]


def test_null_counts_where_a_cell_speaks_of_it():
    assert analysed([("n", "number", "")], [["< 5", "1"], [">= 5", "2"]]) == []
    assert analysed([("n", "number", "")], [["< 5", "1"], [">= 5", "2"], ["null", "3"]]) == []
    assert analysed([("n", "number", "")], [["not(null)", "1"]]) == [("decision-gap", "n = null")]
    assert analysed([("s", "string", "")], [['not("a")', "1"], ["null", "2"], ['"a"', "3"]]) == [
        ("decision-overlap", "s = null")
    ]


def test_twice_as_many_rules_of_six_inputs_are_analysed_with_hardly_more_than_twice_the_work():
    """How long that takes is a figure of `benchmarks.tables`."""

    def cost(count: int) -> int:
        model = tables.read(tables.complete(count))
        found = []
        run = lines(lambda: found.extend(dmn.analyse(model)))
        assert [finding.rule for finding in found] == []
        return run

    cost(10)  # what is made once
    few, many = cost(50), cost(100)

    assert few > 10_000
    assert many < 3 * few
