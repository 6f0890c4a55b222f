"""Where feelin says something else: an example of each kind, and the value that the standard gives it.

`python -m tests.differential_feel` finds them again, beside any new one.
"""

import pytest

from tests.differential_feel import DECIDED, ours, reason_of

EXAMPLES = [
    ("Quantified", "some i in w satisfies i > 1", None),
    ("Quantified", "every i in [1, null] satisfies i > 0", None),
    ("sort(list, function)", "sort([1, null], function(x, y) x < y)", None),
    ("substring(string, number)", 'substring("o", 2)', None),
    ("substring(string, number, number)", 'substring("o", -2, 1)', None),
    ("sublist(list, number, number)", "sublist(e, 1, 2)", None),
    ("remove(list, number)", "remove(e, 1)", None),
    ("insert before(list, number, number)", "insert before(e, 1, a)", None),
    ("= list list", 'l = ["x"]', False),
    ("string(list)", "string(for i in 1..3 return i * 0.5)", "[0.5, 1.0, 1.5]"),
    ("modulo(number, number)", "modulo(1, 0.1)", 0.0),
    ("!= null number", "2 in [1..5] = b != z", True),
    (">= number string", 'b >= "foo"', None),
    ("< context number", "r[1] < 2", None),
    ("Between list", "w between 0 and 5", None),
    ("In context", "r[1] in (1, 7)", None),
    ("before(null, range)", "before(n, [1..5])", None),
    ("overlaps(range, null)", "overlaps([1..3], [3..n])", None),
    ("min(list)", 'min(["x"])', "x"),
    ("median(list)", "median(for i in 1..3 return i * 7)", 14.0),
    ("even(number)", "even(0.5)", None),
    ("odd(number)", "odd(0.5)", None),
    ("Filter null", "n[item > 1]", []),
    ("Filter list", "c.v[e]", None),
    ("For", "for i in s return i", ["foo"]),
    ("If list", "if r then r[1] else {}", {}),
    ("If number", "if -1 then z else c.x", 1.0),
    ("all(list)", 'all([q, "foo"])', None),
    ("union(list, number)", "union(c.v, 1)", [1.0, 2.0]),
    ("union(list, boolean)", "union(w[q], p)", [True]),
    ("InstanceOf", "n instance of string.y", None),
    ("Syntax", "z in (1, 7) instance of number", {"@": "syntax"}),
    ("Logic", "t in e or p", True),
]


@pytest.mark.parametrize(("label", "text", "expected"), EXAMPLES)
def test_a_difference_is_decided_by_the_standard(label, text, expected):
    found = ours(text)

    assert (found if not isinstance(found, dict) else {"@": found["@"]} if "@" in found else found) == expected
    assert reason_of(label)


def test_every_reason_has_an_example_unless_it_follows_from_another():
    covered = {reason_of(label) for label, _, _ in EXAMPLES}

    assert set(DECIDED.values()) - covered == {"follows from a part that differs"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("-1 instance of number", True), ("-1.5 instance of string", False), ("-(1) instance of number", None)],
)
def test_a_sign_belongs_to_its_number(text, expected):
    assert ours(text) is expected
