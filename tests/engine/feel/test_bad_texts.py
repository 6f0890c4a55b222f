"""Texts that are not FEEL, or too much of it: a precise refusal, never a crash."""

import itertools
import random

import pytest

from engine import feel, incidents
from engine.errors import EngineError
from engine.feel import evaluation
from engine.feel.builtins import TABLE
from engine.feel.diagnostics import MESSAGES


@pytest.mark.parametrize(
    ("text", "position", "found"),
    [
        ("", 0, "the end of the text"),
        ("1 +", 3, "the end of the text"),
        ("a ==", 3, "'='"),
        ("(1", 2, "the end of the text"),
        ('"open', 0, "the end of the text"),
        ("/* open", 0, "the end of the text"),
        ("a b", 2, "'b'"),
        ("if x then y", 11, "the end of the text"),
        ("x # y", 2, "'#'"),
    ],
)
def test_a_wrong_text_is_refused_with_its_place(text, position, found):
    with pytest.raises(feel.FeelSyntaxError) as caught:
        feel.compile(text)

    assert isinstance(caught.value, EngineError)
    assert caught.value.facts["position"] == position
    assert caught.value.facts["found"] == found
    assert caught.value.facts["expected"]
    assert str(caught.value)


def test_a_full_width_operator_comes_with_its_remedy():
    with pytest.raises(feel.FeelSyntaxError) as caught:
        feel.compile("金额＞5000")

    assert caught.value.facts["remedy"] == "Use the half-width >"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5_000 + "1" + ")" * 5_000,
        "[" * 5_000,
        "if a then " * 1_500 + "1",
        "x" + ".a" * 5_000,
        "function(a) " * 1_000 + "a",
        "{a:" * 4_000,
        "a" * 20_001,
    ],
)
def test_a_text_that_is_too_deep_is_refused(text):
    with pytest.raises(feel.FeelSyntaxError):
        feel.compile(text)


@pytest.mark.parametrize("text", ["1" + "+1" * 9_000, "-" * 9_000 + "1", "true" + " and true" * 2_000])
def test_a_long_chain_is_not_deep(text):
    assert feel.evaluate(text, {}).value is not None


def test_endless_recursion_ends_in_a_budget():
    result = feel.evaluate("{f: function(n) f(n + 1), r: f(1)}.r", {})

    assert result.value is None
    assert result.over_budget


@pytest.mark.parametrize(("seconds_each", "stopped_by"), [(0, "steps"), (0.01, "milliseconds")])
def test_an_endless_loop_is_stopped_by_its_steps_or_by_the_clock_of_the_processor(
    monkeypatch, seconds_each, stopped_by
):
    monkeypatch.setattr(evaluation, "thread_time", itertools.count(0, seconds_each).__next__)

    result = feel.evaluate("for a in 1..1000, b in 1..1000, c in 1..1000 return 1", {})

    assert result.over_budget
    assert result.diagnostics[0].facts["what"] == stopped_by


def test_mutated_texts_are_refused_or_evaluated_but_never_crash():
    pieces = [
        "if", "then", "else", "for", "in", "return", "some", "satisfies", "function", "(", ")", "[", "]", "{", "}", ",",
        ":", "..", "1", "2.5", '"a"', "x", "y.z", "+", "-", "*", "/", "**", "<", ">=", "=", "!=", "and", "or", "not",
        "between", "instance of", "number", "null", "?", '@"P1D"', "sum", "date", "list", "item", "`", "＞", "é",
    ]  # fmt: skip
    chance = random.Random(20260301)
    context = {"x": [1, 2, {"z": None}], "y": {"z": "2026-01-01"}}
    for _ in range(3_000):
        text = " ".join(chance.choices(pieces, k=chance.randint(1, 9)))
        try:
            compiled = feel.compile(text)
        except feel.FeelSyntaxError:
            continue
        compiled.evaluate(context)


def test_no_function_crashes_whatever_its_arguments():
    values = [
        "1", "-1", "2.5", "1e6000", "-1e6000", "1e-6000", '""', '"abc"', '"[1..3]"', '"("', '"2020-01-01"', "null",
        "true", '@"2020-02-29"', '@"-999999999-01-01"', '@"999999999-12-31"', '@"10:00:00@Europe/Paris"',
        '@"9999-12-31T23:59:59Z"', '@"0001-01-01T00:00:00+14:00"', '@"P999999999D"', '@"-P1Y"', "[]", "[1, 2, 3]",
        '[1, null, "a"]', "[[1], [2]]", "{}", "{a: 1}", '[{key: "a", value: 1}]', "[1..3]", "(< 5)",
        "function(a, b) a < b", "function(a) a", '"\\uD800"',
    ]  # fmt: skip
    chance = random.Random(7)
    for name in TABLE:
        for _ in range(40):
            text = f"{name}({', '.join(chance.choices(values, k=chance.randint(0, 3)))})"
            result = feel.evaluate(text, {})
            assert all(str(diagnostic) for diagnostic in result.diagnostics), text


def test_no_operator_crashes_whatever_its_operands():
    values = [
        "1", "1e6000", "1e-6000", '"a"', "null", "true", '@"2020-02-29"', '@"999999999-12-31"', '@"10:00:00Z"',
        '@"9999-12-31T23:59:59Z"', '@"-2020-01-01T10:00:00@Asia/Tokyo"', '@"P999999999D"', '@"P99999999999Y"', "[1]",
        "{a: 1}", "[1..3]", "(< 5)", "sqrt",
    ]  # fmt: skip
    for left in values:
        for right in values:
            for operator in ("+", "-", "*", "/", "**", "=", "<", ">=", "and", "in"):
                feel.evaluate(f"({left}) {operator} ({right})", {})


def test_what_was_wrong_can_be_kept_as_data_and_said_again():
    (kept,) = [item.plain() for item in feel.evaluate("a + 1", {"a": "x"}).diagnostics]

    assert kept == {
        "code": "type-mismatch",
        "text": "'+' cannot be applied to string \"x\" and number 1.",
        "start": 0,
        "end": 5,
        "facts": {"operator": "+", "left": 'string "x"', "right": "number 1"},
    }
    assert incidents.sentences("expression-failed", {"diagnostics": [kept]}) == [
        (MESSAGES["type-mismatch"], kept["facts"])
    ]
