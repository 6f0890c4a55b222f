"""Conditions as rows: what rows say as FEEL is read as the same rows again."""

import json

import pytest
from flask import Flask, g
from hypothesis import given
from hypothesis import strategies as st

from engine import feel, forms
from tests.examples import examples
from webui.designer import asking, conditions
from webui.designer.conditions import (
    OFFERED,
    SEVERAL,
    WITHOUT_VALUE,
    Field,
    NotAValue,
    Row,
    feel_of,
    feel_of_groups,
    groups_of,
    rows_of,
    typable,
    typed_row,
)  # fmt: skip

WORDS = {
    "number": ("5000", "-0.5", "12.30"), "string": ('say "a" \\ b', "差旅, 住宿", "true", "5"),
    "boolean": ("true", "false"),
    "date": ("2026-01-31", "2024-02-29"), "date and time": ("2026-01-31", "2024-02-29"), "list": ("甲", 'a"b'),
    "person": ("ann", "王 \"五\""),
    "": ("5000", "true", "hotel"),
}  # fmt: skip
FIELDS = ("amount", "金额", "process.initiator.department", "`monthly rent`.`if`")
LETTERS = 'a5金 "\\,，().=\n\t\u00e9\U0001f600'
EVERY = [(kind, code) for kind, found in OFFERED.items() for code, _ in found]


def row(kind: str, operator: str, field: str = "金额", words: tuple[str, ...] = ()) -> Row:
    known = words or WORDS[kind]
    if operator in WITHOUT_VALUE:
        return Row(field, operator, type=kind)
    if operator == "last-days":
        return Row(field, operator, "30", type=kind)
    more = known[1:2] if operator == "between" else known[1:] if operator in SEVERAL else ()
    return Row(field, operator, known[0], more, kind)


def compared(groups):
    """Rows with the type of what they compare with; nothing tells it of whether a field is filled in at all."""
    return [[(one, one.operator in WITHOUT_VALUE or one.type) for one in group] for group in groups]


@pytest.mark.parametrize(("kind", "operator"), EVERY)
def test_every_comparison_of_every_type_is_the_same_row_again(kind, operator):
    one = row(kind, operator)
    other = Row("kind", "=", "a", type="string")
    for groups in ([[one]], [[one, other]], [[other], [one]], [[one, one], [other, one]]):
        text = feel_of_groups(groups)
        assert groups_of(text) == groups, text
        assert feel_of_groups(groups_of(text)) == text
        assert not feel.compile(text.removeprefix("=")).names - {"金额", "kind"}


@st.composite
def rows(draw):
    kind, operator = draw(st.sampled_from(EVERY))
    said = {
        "string": st.text(LETTERS, min_size=1, max_size=8).filter(str.strip),
        "number": st.decimals(-1_000_000, 1_000_000, places=2).map(str), "boolean": st.sampled_from(("true", "false")),
        "date": st.dates().map(str), "date and time": st.dates().map(str), "": st.sampled_from(WORDS[""]),
    }  # fmt: skip
    said["list"] = said["person"] = said["string"]
    words = tuple(draw(st.lists(said[kind], min_size=2, max_size=3)))
    return row(kind, operator, draw(st.sampled_from(FIELDS)), words)


@examples(60)
@given(st.lists(st.lists(rows(), min_size=1, max_size=3), min_size=1, max_size=3))
def test_rows_in_groups_are_the_same_rows_again(groups):
    text = feel_of_groups(groups)
    again = groups_of(text)
    assert again == groups, text
    assert feel_of_groups(again) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("= 5 < amount", [[Row("amount", ">", "5")]]),
        ("=amount>=5 and(paid)", [[Row("amount", ">=", "5"), Row("paid", "=", "true")]]),
        ("= amount in [1..5] or day = @\"2026-01-31\"",
         [[Row("amount", "between", "1", ("5",))], [Row("day", "=", "2026-01-31")]]),
        ("= amount > 5 and (kind = null or kind = \"\")", [[Row("amount", ">", "5"), Row("kind", "empty")]]),
        ("", []),
    ],
)  # fmt: skip
def test_what_rows_can_say_is_rows_whoever_wrote_it(text, said):
    assert groups_of(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "= not(paid)", "= count(lines) > 3", "= amount > limit", "= amount > 5 and", "= (a = 1 or b = 2) and c = 3",
        "= amount > 2 * 3", "= some line in lines satisfies line.amount > 5", "= kind in (\"a\", 5)", "= ＞ 5",
        "= amount in (1..5]", "= date(day, 1, 2) > date(\"2026-01-01\")", "= contains(kind, other)",
        '= kind = "" and amount > 5', '= kind in ("", "a")', '= kind != " "',
    ],
)  # fmt: skip
def test_what_says_more_stays_text(text):
    assert groups_of(text) is None


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (Row("amount", ">", "5x", type="number"), "a number"), (Row("paid", "=", "maybe", type="boolean"), "yes or no"),
        (Row("day", "<", "2026-02-30", type="date"), "a date such as 2026-01-31"),
        (Row("day", "last-days", "-1", type="date"), "a whole number of days"),
        (Row("kind", "in", " ", type="string"), "at least one value"),
        (Row("amount) or (true", "=", "1", type="number"), "a field and a comparison"),
        (Row("amount", "= 1 or amount =", "1", type="number"), "a field and a comparison"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_its_field_is_refused(wrong, expected):
    with pytest.raises(NotAValue) as refused:
        feel_of_groups([[wrong]])
    assert str(refused.value.facts["expected"]) == expected


def test_a_number_with_commas_in_a_field_of_unknown_type_is_asked_about_not_taken_for_a_text():
    with pytest.raises(NotAValue):
        feel_of_groups([[Row("amount", "=", "100,200")]])

    assert feel_of_groups([[Row("amount", "=", "100,200", type="string")]]) == '= amount = "100,200"'


def test_thousands_are_read_as_people_write_them():
    assert feel_of_groups([[Row("amount", ">", "1,250,000.50", type="number")]]) == "= amount > 1250000.50"


@pytest.mark.parametrize(
    "rows_sent",
    [None, "x", [5], [[5]], [[{"field": "a"}]], [[{"field": "a", "operator": "=", "type": "", "values": [5]}]]],
)
def test_rows_of_another_shape_are_not_taken(rows_sent):
    assert conditions.sent(rows_sent) is None


def test_a_picker_of_several_is_compared_as_the_list_that_it_holds():
    picker = {"id": "team", "type": "person", "key": "team", "label": "团队", "multiple": True}
    form = forms.read(json.dumps({"id": "t", "type": "default", "components": [picker]}).encode(), "t.form").form
    with Flask("page").app_context():
        g.language = "zh"
        field = asking.field_of(form.fields[0], {"person": {"chen": "陈晨", "ann": "安"}})

    def holds(operator, *team):
        text = feel_of([typed_row({"team": field}, "team", operator, "chen", "")], {"team": field})
        return feel.evaluate(text.removeprefix("="), {"team": list(team)}).value

    assert (field.type, field.options["chen"]) == ("list", "陈晨")
    assert (holds("contains", "ann", "chen"), holds("contains", "ann"), holds("not-contains", "ann")) == (
        True, False, True,
    )  # fmt: skip
    assert (holds("filled", "ann"), holds("filled"), holds("empty")) == (True, False, True)
    with pytest.raises(NotAValue):
        holds("=", "chen")


CHOICES = {
    "kind": Field("kind", "类别", "string", {"travel": "差旅", "hotel": "住宿"}),
    "tags": Field("tags", "标签", "list", {"urgent": "急"}), "who": Field("who", "谁", "person", {"ann": "安"}),
}  # fmt: skip
KNOWN = {"in-department": {"sales": "销售部"}, "has-role": {"cfo": "财务"}}


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        ("kind", "in", "差旅", "one of its choices"), ("kind", "not-in", "travel, 住宿", "one of its choices"),
        ("kind", "=", "差旅", "one of its choices"), ("tags", "contains", "急", "one of its choices"),
        ("who", "has-role", "ann", "a group of the directory"),
        ("who", "not-in-department", "ann", "a department of the directory"),
    ],
)  # fmt: skip
def test_what_is_no_choice_of_a_field_and_nobody_belongs_to_is_refused(field, operator, value, expected):
    with pytest.raises(NotAValue) as refused:
        typed_row(CHOICES, field, operator, value, "", KNOWN)

    assert str(refused.value.facts["expected"]) == expected
    assert not typable(Row(field, operator, value), CHOICES, KNOWN)


def test_choices_and_members_are_taken_and_people_whoever_they_are():
    rows = [
        ("kind", "in", "travel, hotel"),
        ("kind", "contains", "tra"),
        ("who", "has-role", "cfo"),
        ("who", "=", "bo"),
    ]
    written = feel_of([typed_row(CHOICES, *row, "", KNOWN) for row in rows], CHOICES)

    assert written == '= kind in ("travel", "hotel") and contains(kind, "tra") and has role(who, "cfo") and who = "bo"'
    assert all(typable(row, CHOICES, KNOWN) for row in rows_of(written))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('= u = "12"', False), ('= u != null and u != ""', False), ('= u = date("2026-01-31")', False),
        ('= u = "100,200"', False), ("= u = 12", True), ('= u = "hotel"', True), ("= u = null", True),
    ],
)  # fmt: skip
def test_a_row_of_an_unknown_field_is_shown_as_one_only_where_it_comes_back_as_it_is(text, shown):
    (row,) = rows_of(text)

    assert typable(row, {}) is shown
    if shown:
        assert feel_of([typed_row({}, row.field, row.operator, row.value, "")], {}) == text
