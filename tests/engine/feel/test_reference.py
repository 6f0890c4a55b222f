"""What is said about the built-in functions is complete, and each example has the value that stands beside it."""

from datetime import UTC, datetime, timedelta

import pytest

from engine import feel
from engine.feel.analysis import analyse
from engine.feel.builtins import ASKS, TABLE
from engine.feel.reference import ENTRIES, functions
from engine.feel.values import kind_of, text_of

NOW = datetime(2026, 3, 1, 18, 30, tzinfo=UTC)


class OfficeHours:
    """Monday to Friday, 9 to 18."""

    def is_workday(self, day):
        return day.weekday() < 5

    def add(self, start, duration):
        moment = start
        while duration > timedelta():
            moment += timedelta(hours=1)
            if self.is_workday(moment) and 9 < moment.hour <= 18:
                duration -= timedelta(hours=1)
        return moment


class Company:
    """Everybody works in sales, and nobody has a role."""

    def belongs(self, person, department):
        return department == "sales"

    def has_role(self, person, role):
        return False


def test_every_function_is_described_and_nothing_else():
    assert set(ENTRIES) == set(TABLE)
    assert {info.name for info in functions()} == set(TABLE)
    assert {info.family for info in functions()} >= {"lists", "strings", "numbers", "ranges", "workdays"}


def test_what_an_expression_asks_of_its_surroundings_is_told():
    """Whoever keeps an answer relies on it: what asks for nothing says the same again for the same values."""
    alone = {info.name: feel.evaluate(info.example, {}).diagnostics for info in functions()}

    assert {name for name, found in alone.items() if found and found[0].code == "no-environment"} == set(ASKS)
    for text, asks in {
        "now() > x or has role(x, y)": {"clock", "people"},
        "x[work days between(item, y) > 3]": {"calendar"},
        "{ask: belongs to}.ask(x, y)": {"people"},
        "for now in x return now": set(),
        "sort(x, function(a, b) a < b)": set(),
    }.items():
        assert feel.compile(text).asks == asks


@pytest.mark.parametrize("info", functions(), ids=lambda info: info.name)
def test_an_example_has_its_value_and_the_type_that_is_promised(info):
    result = feel.evaluate(info.example, {}, now=NOW, calendar=OfficeHours(), people=Company())

    assert text_of(result.value) == info.value
    assert result.diagnostics == []
    assert analyse(info.example, {}).diagnostics == ()
    assert info.result.partition("<")[0] in ("Any", kind_of(result.value))
