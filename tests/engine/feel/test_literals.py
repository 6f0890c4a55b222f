"""What is written as FEEL is read back as the same value."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine import feel
from engine.values import YearsMonths

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
SIMPLE = st.one_of(
    st.none(), st.booleans(), TEXTS, st.integers(-(10**9), 10**9),
    st.decimals(-1000, 1000, places=3), st.dates(date(1900, 1, 1)),
    st.times().map(lambda at: at.replace(microsecond=0)),
    st.integers(-(10**9), 10**9).map(lambda seconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
    st.integers(-(10**6), 10**6).map(lambda seconds: timedelta(seconds=seconds)),
    st.integers(-100, 100).map(YearsMonths),
)  # fmt: skip
VALUES = st.recursive(
    SIMPLE,
    lambda one: st.one_of(st.lists(one, max_size=3), st.dictionaries(TEXTS.filter(str.strip), one, max_size=3)),
    max_leaves=5,
)  # fmt: skip


@given(TEXTS)
@example("凞")  # NFC has another character for it
def test_a_text_is_the_same_between_quotes(text):
    assert feel.evaluate(feel.quoted(text), {}).value == text
    assert feel.unescape(feel.quoted(text)[1:-1]) == text


@given(VALUES)
@example({"凞": None})
def test_a_value_is_the_same_after_writing_and_reading(value):
    result = feel.evaluate(feel.literal(value), {})

    assert not result.diagnostics
    assert result.value == value


OLD, NEW = "\ufa15", "\u51de"
"""A compatibility ideograph, as it stands in names of people, and what NFC makes of it."""


@pytest.mark.parametrize(
    "text",
    [f'name = "{OLD}"', f'/* an inch: " */ name = "{OLD}"', f'// "\nname="{OLD}"', f'`{NEW}` + "{OLD}" = "x" + name'],
)
def test_characters_between_quotes_stay_as_they_were_typed(text):
    assert feel.evaluate(text, {"name": OLD, NEW: "x"}).value is True
    assert feel.evaluate(text, {"name": NEW, NEW: "x"}).value is False


@pytest.mark.parametrize("text", [OLD, f"`{OLD}`", f'if "{OLD}" = "" then 0 else {OLD}'])
def test_names_are_found_however_they_were_typed(text):
    assert feel.evaluate(text, {NEW: 1}).value == 1


def test_values_look_as_an_analyst_would_write_them():
    assert feel.literal(["a", Decimal("1.50"), {"due": date(2026, 1, 2)}]) == '["a", 1.50, {"due": @"2026-01-02"}]'
    assert feel.literal(time(9, 30)) == '@"09:30:00"'
