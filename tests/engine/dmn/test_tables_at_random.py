"""Random tables: the index and the analysis against doing it the slow way."""

import itertools
import random

from engine import dmn, lint
from engine.findings import Level

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
                (int(finding.facts["first"][1:]), int(finding.facts["second"][1:])): finding.level
                for finding in found
                if finding.rule == "decision-overlap"
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

        masked = {int(finding.facts["rule"][1:]) for finding in found if finding.rule == "decision-masked"}
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
        "1:tab: warn decision-gap: No rule matches: n: [3..4); s: -; f: false."
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
