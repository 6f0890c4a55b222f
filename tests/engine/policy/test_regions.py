"""Expressions on regions: what holds where, judged against FEEL on a value of each kind."""

from decimal import Decimal

import pytest

from engine import feel
from engine.policy.regions import UNSURE, Answers, Regions, cases, judged, merged, term

VALUES = (
    None, True, False, Decimal(-1), Decimal(0), Decimal(100), Decimal("100.01"), Decimal(300), Decimal(500),
    Decimal(501), "", "low", "high", "other", [Decimal(300)], {"a": 1}, [],
)  # fmt: skip


def tracked(text: str, *, condition: bool = True):
    found = term(text, condition=condition)
    constants: dict[str, list] = {}
    for leaf in found.leaves():
        constants.setdefault(leaf.path, []).extend(leaf.constants)
    names = list(constants)
    asked = {leaf.path for leaf in found.leaves() if leaf.about}
    regions = [Answers() if path in asked else Regions(values) for path, values in constants.items()]
    return found, (lambda path: names.index(path) if path in names else None), regions


@pytest.mark.parametrize(
    "text",
    [
        "x > 100", "x <= 100", "100 < x", "x = 100", "x != 100", "x between 100 and 500", "x in (100..500)",
        "x in [100..500)", 'x in ("low", "high")', "x in (< 100, >= 500)", 'x = "high"', 'x != "high"', "x = null",
        "x != null", "x = true", "x", "not(x)", "x and true", "x > 100 and x < 500", "x > 500 or x = null",
        "if x > 100 then x < 500 else true", 'not(x = "low" or x = 300)', "x >= -1 and not(x in (0, 500))",
        "x = 100 and 1", "0 or x = 100",
    ],
)  # fmt: skip
def test_a_condition_holds_in_a_region_exactly_where_it_holds_for_its_values(text):
    found, resolve, regions = tracked(text)

    told = {}
    for value, masks in cases(found, lambda _: UNSURE, resolve, regions, tuple(one.everything for one in regions)):
        for bit in range(regions[0].count):
            if masks[0] >> bit & 1:
                told[1 << bit] = value

    for value in VALUES:
        actual = feel.evaluate(text, {"x": value}).value
        expected = actual if actual is True or actual is False else None
        assert told[regions[0].locate(value)] is expected, value


@pytest.mark.parametrize(
    "text",
    [
        "x > today()", "now() = x", "some(y)", "x >", 'has role(x, "a")', 'not(belongs to(x, "a"))',
        "{ask: has role}.ask(x, y)", "x[has role(item, y)] = z", "work days between(x, y) > 3",
    ],
)  # fmt: skip
def test_what_cannot_be_known_may_be_either(text):
    found, resolve, regions = tracked(text)

    whole = tuple(one.everything for one in regions)

    told, _ = judged(found, lambda _: UNSURE, resolve, regions, whole)

    assert told == [(None, whole)]


@pytest.mark.parametrize("text", [
    "x > y", "y < x", "not(x <= y)", "x * 2 > 100", "count(x) > 1", "contains(x, y)", "x * (1 + y) > 1000",
    "(x + y) * 2 > 1000", "x - (y) > 0", "(x - y) / z > 0.5", "((x) + ((y))) > (z)", "(x + y) in (100..500]",
    "some i in x satisfies (i.amount > 3)", 'x + ")" > (y) // (', "(x)[(item > 1)] = (y)",
])  # fmt: skip
def test_a_question_about_variables_has_an_answer_of_its_own(text):
    """True or false, for good; null is asked again when somebody has repaired it."""
    found, resolve, regions = tracked(text)
    yes, no, neither = (regions[0].locate(value) for value in (True, False, None))

    told, stuck = judged(found, lambda _: UNSURE, resolve, regions, (neither,))

    assert judged(found, lambda _: UNSURE, resolve, regions, (yes | no,)) == ([(True, (yes,)), (False, (no,))], False)
    assert {value for value, _ in told} == {True, False}
    assert stuck


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("contains(x,  y)", "contains(x, y)", True),
        ('contains(x, "a  b")', 'contains(x, "a b")', False),
    ],
)
def test_questions_in_the_same_words_are_one(one, other, same):
    (first,), (second,) = ({leaf.path for leaf in term(text, condition=True).leaves()} for text in (one, other))

    assert (first == second) is same


def test_who_repairs_a_null_may_write_anything_and_is_asked_again():
    found, resolve, regions = tracked("x > 100")
    low, high = regions[0].locate(5) | regions[0].locate(100), regions[0].locate(101)

    repaired = judged(found, lambda _: UNSURE, resolve, regions, (regions[0].locate(None),))

    assert repaired == ([(False, (low,)), (True, (high,))], True)
    assert judged(found, lambda _: UNSURE, resolve, regions, (high,)) == ([(True, (high,))], False)


def test_a_part_that_is_unknown_leaves_the_others_as_they_are():
    found, resolve, regions = tracked("x > 100 and y > today()")
    x = regions[resolve("x")]

    told, _ = judged(found, lambda _: UNSURE, resolve, regions, tuple(one.everything for one in regions))

    assert {value for value, _ in told} == {False, None}
    assert not any(masks[resolve("x")] & x.locate(100) for value, masks in told if value is None)


def test_pieces_that_differ_in_one_variable_are_put_together():
    assert merged([(1, 3), (2, 3), (3, 1)]) == [(3, 3)]
    assert merged([(1, 2), (2, 1)]) == [(1, 2), (2, 1)]


def test_a_list_of_one_value_has_a_region_of_its_own():
    regions = Regions([Decimal(100), "a"])

    found = [regions.locate(value) for value in ([Decimal(100)], Decimal(100), ["a"], ["b"], [None], [[None]], [1, 2])]

    assert len(set(found)) == len(found) - 1  # nested and longer ones are whatever else there is
    assert found[-1] == found[-2]
    assert all(regions.locate(sample) == 1 << bit for bit, sample in enumerate(regions.samples))


@pytest.mark.parametrize("numbers", [["1e30"], ["-1e6000", "1e-6000"], ["100", "100." + "0" * 32 + "1"], ["1e33", "1"]])
def test_each_sample_lies_in_its_own_region(numbers):
    """However many digits it takes."""
    regions = Regions([Decimal(one) for one in numbers])

    assert [regions.locate(sample) for sample in regions.samples] == [1 << bit for bit in range(regions.count)]
