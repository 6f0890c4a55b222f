"""Expressions that mean harm end within the budget; a few hundred here, as many as one likes by the command.

How many seconds each takes, is looked at there: `python -m tests.hostile_feel`.
"""

import pytest

from engine import feel
from engine.feel import evaluation
from tests.hostile_feel import ENDINGS, FAMILIES, attack, texts

COUNT = 120
BUDGET_S = 0.02


def test_hostile_texts_end_within_the_budget_with_a_reason(monkeypatch):
    monkeypatch.setattr(evaluation, "SECONDS_LIMIT", BUDGET_S)

    outcomes = [attack(family, text) for family, text in texts(COUNT, seed=20_261_126)]

    assert {outcome.family for outcome in outcomes} == set(FAMILIES)
    assert {outcome.ended for outcome in outcomes} <= set(ENDINGS)
    assert {"budget", "refused", "null", "value"} <= {outcome.ended for outcome in outcomes}


@pytest.mark.parametrize(
    "text",
    [
        "string((for i in 1..60 return if i = 1 then [1] else [partial[-1], partial[-1]])[-1])",
        "for i in 1..60 return if i = 1 then [1] else [partial[-1], partial[-1]]",
        "(for i in 1..60 return if i = 1 then [1] else [partial[-1], partial[-1]]).a",
        "flatten(for i in 1..60 return if i = 1 then [1] else [partial[-1], partial[-1]])",
        "to json((for i in 1..60 return if i = 1 then [1] else [partial[-1], partial[-1]])[-1])",
        "{l: for i in 1..60 return if i = 1 then [1] else [partial[-1], partial[-1]], r: distinct values(l)}.r",
        "{a: for i in 1..60 return if i = 1 then [1] else [partial[-1], partial[-1]], b: a[-1] = a[-1]}.b",
        'for i in 1..100000 return if i = 1 then "ab" else partial[-1] + partial[-1]',
        "for a in l return concatenate(l, l)",
        "for a in l return list contains(l, -1)",
    ],
)
def test_what_grows_without_end_is_stopped(monkeypatch, text):
    """Sixty doublings: whoever let it go on would never come back."""
    monkeypatch.setattr(evaluation, "SECONDS_LIMIT", BUDGET_S)

    result = feel.evaluate(text, {"l": list(range(20_000))})

    assert result.value is None
    assert result.over_budget


@pytest.mark.parametrize("text", ["1e999999", "-1e999999 + 1", 'number("1e999999")', "9e6144 * 10"])
def test_a_number_beyond_decimal128_is_null_with_a_reason(text):
    result = feel.evaluate(text, {})

    assert result.value is None
    assert result.diagnostics


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$", r"(a|aa)+$", r"(a{1,2})*$", r"(a?)*$", r"(a*){50}b", r"(.*)(.*)(.*)(.*)b",
        r"a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
        r"(b{0,9}?(a){2,}){2,}c", r"((a*)*)*", r"(a|b|ab)*c", r"(\w+\s?)+$",
    ],
)  # fmt: skip
def test_a_pattern_that_runs_away_is_refused(pattern):
    result = feel.evaluate(f'matches("{"a" * 3000}", "{pattern}")'.replace("\\", "\\\\"), {})

    assert [item.code for item in result.diagnostics] == ["invalid-pattern"]


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("ann.lee+oa@example.com.cn", r"^[\w.+-]+@[\w-]+\.[\w.]+$"),
        ("13812345678", r"^1[3-9]\d{9}$"),
        ("1,22,333", r"^(\d+,)*\d+$"),
        ("AB123456-7", r"^[A-Z]{2}\d{6}(-\d+)?$"),
        ("192.168.10.1", r"(\d{1,3}\.){3}\d{1,3}"),
        ("91310000MA1FL8XQ30", r"^[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}$"),
        ("Ann Lee  Finance", r"^\s*(\S+)\s+(\S+)"),
        ("a-b-c " * 30 + "end", r"a.*b.*end"),
        ("x" * 9_000 + "1", r"\d+"),
    ],
)
def test_patterns_of_daily_work_are_admitted(text, pattern):
    escaped = pattern.replace("\\", "\\\\")

    assert feel.evaluate(f'matches(text, "{escaped}")', {"text": text}).value is True
