# ruff: noqa: E501 - forms read better as they are drawn
"""Forms: what a browser sends is typed, checked and merged on the server."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine import forms
from engine.errors import FieldNotWritable, InvalidForm, UnknownField
from engine.forms import Permissions

NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)

TRAVEL = {
    "id": "oa/travel",
    "components": [
        {"id": "F_reason", "type": "textfield", "key": "reason", "label": "事由", "properties": {"troika:label.en": "Reason"},
         "validate": {"required": True, "maxLength": 20}},
        {"id": "F_category", "type": "select", "key": "category", "label": "类别", "properties": {"troika:label.en": "Category"},
         "values": [{"label": "酒店", "value": "hotel", "troika:label.en": "Hotel"}, {"label": "餐费", "value": "meal"}]},
        {"id": "F_nights", "type": "number", "key": "nights", "label": "晚数", "decimalDigits": 0,
         "validate": {"required": True, "min": 1, "max": "= if category = \"hotel\" then 30 else null"},
         "conditional": {"hide": "= category != \"hotel\""}},
        {"id": "F_day", "type": "datetime", "key": "day", "subtype": "date", "disallowPassedDates": True},
        {"id": "F_urgent", "type": "checkbox", "key": "urgent", "label": "加急"},
        {"id": "F_lines", "type": "dynamiclist", "path": "lines", "label": "明细", "defaultRepetitions": 1, "components": [
            {"id": "F_text", "type": "textfield", "key": "text", "validate": {"required": True}},
            {"id": "F_amount", "type": "number", "key": "amount", "validate": {"required": True, "min": 0.01}},
            {"id": "F_double", "type": "expression", "key": "double", "expression": "= 2 * this.amount"},
        ]},
        {"id": "G_bank", "type": "group", "path": "bank", "components": [
            {"id": "F_account", "type": "textfield", "key": "account", "validate": {"pattern": "^[0-9]{4}$"}},
        ]},
        {"id": "F_total", "type": "expression", "key": "total", "expression": "= sum(lines.amount)"},
        {"id": "F_net", "type": "expression", "key": "net", "expression": "= total - (if urgent then 10 else 0)"},
        {"id": "T", "type": "text", "text": "Limit {{limit}}"},
    ],
}  # fmt: skip

GOOD = {
    "reason": "客户拜访",
    "category": "hotel",
    "nights": 2,
    "day": "2026-05-04",
    "urgent": True,
    "lines": [{"text": "A", "amount": Decimal("10.10")}, {"text": "B", "amount": "20.2"}],
    "bank": {"account": "0042"},
}


@pytest.fixture(scope="module")
def travel() -> forms.Form:
    reading = forms.read(TRAVEL)
    assert [str(finding) for finding in reading.findings if finding.level == "error"] == []
    assert reading.form is not None
    return reading.form


def check(form: forms.Form, data: Any, stored: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    return forms.validate(form, data, stored=stored or {}, now=NOW, **options)


def errors_of(form: forms.Form, data: Any, **options: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidForm) as caught:
        check(form, data, **options)
    return caught.value.errors


def test_a_good_form_gives_typed_values_and_computed_ones(travel: forms.Form) -> None:
    values = check(travel, GOOD)

    assert values == {
        "reason": "客户拜访",
        "category": "hotel",
        "nights": Decimal(2),
        "day": date(2026, 5, 4),
        "urgent": True,
        "lines": [
            {"text": "A", "amount": Decimal("10.10"), "double": Decimal("20.20")},
            {"text": "B", "amount": Decimal("20.2"), "double": Decimal("40.4")},
        ],
        "bank": {"account": "0042"},
        "total": Decimal("30.30"),
        "net": Decimal("20.30"),
    }
    assert isinstance(values["nights"], Decimal)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 21}, "reason"),
        ({"reason": 5}, "reason"),
        ({"category": "flight"}, "category"),
        ({"category": True}, "category"),
        ({"nights": None}, "nights"),
        ({"nights": 0}, "nights"),
        ({"nights": 31}, "nights"),
        ({"nights": Decimal("1.5")}, "nights"),
        ({"nights": "two"}, "nights"),
        ({"nights": Decimal("1.234567890123456")}, "nights"),
        ({"nights": True}, "nights"),
        ({"day": "2026-05-03"}, "day"),
        ({"day": "2026-02-30"}, "day"),
        ({"day": 20260504}, "day"),
        ({"urgent": "yes"}, "urgent"),
        ({"lines": "A"}, "lines"),
        ({"lines": [{"text": "A", "amount": 1}] * 501}, "lines"),
        ({"lines": [{"text": "A", "amount": 1}, {"text": "", "amount": 1}]}, "lines.1.text"),
        ({"lines": [{"text": "A", "amount": 0}]}, "lines.0.amount"),
        ({"bank": {"account": "12345"}}, "bank.account"),
        ({"bank": {"account": "1234\n"}}, None),
    ],
)
def test_bad_input_is_refused_at_its_field(travel: forms.Form, change: dict[str, Any], path: str | None) -> None:
    if path is None:
        check(travel, GOOD | change)  # spaces around a text do not count
    else:
        assert list(errors_of(travel, GOOD | change)) == [path]


@pytest.mark.parametrize("path", ["approval", "lane_owners", "lines.0.clearance", "bank.owner"])
def test_keys_that_the_form_does_not_have_are_refused_never_merged(travel: forms.Form, path: str) -> None:
    data: dict[str, Any] = {**GOOD, "lines": [{"text": "A", "amount": 1}], "bank": {"account": "0042"}}
    target: Any = data
    *way, last = path.split(".")
    for part in way:
        target = target[int(part) if part.isdigit() else part]
    target[last] = "x"

    with pytest.raises(UnknownField) as caught:
        check(travel, data)

    assert list(caught.value.errors) == [path]


def test_a_hidden_field_is_neither_checked_nor_kept(travel: forms.Form) -> None:
    values = check(travel, GOOD | {"category": "meal", "nights": -3}, stored={"nights": Decimal(4)})

    assert values["nights"] is None


def test_what_may_only_be_read_keeps_its_stored_value(travel: forms.Form) -> None:
    stored = check(travel, GOOD)
    mine = Permissions(default="read", by_path={"reason": "write", "day": "hidden"})

    values = check(travel, {"reason": "新", "nights": Decimal("2.0"), "category": "hotel"}, stored, permissions=mine)

    assert values["reason"] == "新"
    assert "nights" not in values
    assert "day" not in values


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"nights": 3}, "nights"),
        ({"day": "2026-06-01"}, "day"),
        ({"nights": "many"}, "nights"),
        ({"urgent": None}, "urgent"),
        ({"lines": []}, "lines"),
        ({"lines": [{"text": "A", "amount": Decimal("10.10")}, {"text": "B", "amount": 9}]}, "lines"),
        ({"bank": {"account": "9999"}}, "bank.account"),
    ],
)
def test_what_may_only_be_read_cannot_be_changed(travel: forms.Form, change: dict[str, Any], path: str) -> None:
    stored = check(travel, GOOD)
    mine = Permissions(default="read", by_path={"reason": "write"})

    with pytest.raises(FieldNotWritable) as caught:
        check(travel, {"reason": "新", **change}, stored, permissions=mine)

    assert list(caught.value.errors) == [path]


def test_one_column_of_a_list_may_be_written_while_the_others_stay(travel: forms.Form) -> None:
    stored = check(travel, GOOD)
    mine = Permissions(default="read", by_path={"lines.amount": "write"})

    values = check(travel, {"lines": [{"text": "A", "amount": 5}, {"amount": 6}]}, stored, permissions=mine)

    assert [(row["text"], row["amount"]) for row in values["lines"]] == [("A", Decimal(5)), ("B", Decimal(6))]
    assert values["total"] == 11
    with pytest.raises(FieldNotWritable):
        check(travel, {"lines": [{"text": "changed", "amount": 5}, {"amount": 6}]}, stored, permissions=mine)
    with pytest.raises(FieldNotWritable):
        check(travel, {"lines": [{"amount": 6}]}, stored, permissions=mine)


def test_rows_may_be_added_where_the_node_says_so_and_never_removed(travel: forms.Form) -> None:
    stored = check(travel, GOOD)
    mine = Permissions(default="read", by_path={"lines.*": "write"}, adds_by_path={"lines": True})
    two = [{"text": "A", "amount": 1}, {"text": "B", "amount": 2}]

    values = check(travel, {"lines": [*two, {"text": "C", "amount": 3}]}, stored, permissions=mine)

    assert [row["text"] for row in values["lines"]] == ["A", "B", "C"]
    with pytest.raises(FieldNotWritable) as refused:
        check(travel, {"lines": two[:1]}, stored, permissions=mine)
    assert list(refused.value.errors) == ["lines"]


def test_rows_may_be_removed_where_the_node_says_so_and_never_added(travel: forms.Form) -> None:
    stored = check(travel, GOOD)
    mine = Permissions(by_path={"lines": "write"}, adds_by_path={"lines": False})

    assert len(check(travel, {"lines": [{"text": "B", "amount": 2}]}, stored, permissions=mine)["lines"]) == 1
    with pytest.raises(FieldNotWritable):
        check(travel, {"lines": [{"text": "A", "amount": 1}] * 3}, stored, permissions=mine)


def test_rows_of_a_hidden_list_never_change_and_a_column_that_is_read_keeps_its_row(travel: forms.Form) -> None:
    stored = check(travel, GOOD)
    hidden = Permissions(by_path={"lines": "hidden"}, adds_by_path={"lines": True}, removes_by_path={"lines": True})
    assert (hidden.adds("lines"), hidden.removes("lines")) == (False, False)
    with pytest.raises(FieldNotWritable):
        check(travel, {"lines": []}, stored, permissions=hidden)

    partly = Permissions(by_path={"lines.text": "read"}, removes_by_path={"lines": True})
    with pytest.raises(FieldNotWritable):
        check(travel, {"lines": [{"amount": 2}]}, stored, permissions=partly)


def test_the_browser_offers_rows_only_where_some_may_come_or_go(travel: forms.Form) -> None:
    def offered(mine: Permissions) -> bool:
        shown = forms.visible(travel, check(travel, GOOD), mine, "zh")[0]["components"]
        return next(one for one in shown if one.get("path") == "lines").get("allowAddRemove") is not False

    assert offered(Permissions())
    assert not offered(Permissions(default="read"))
    assert offered(Permissions(default="read", adds_by_path={"lines": True}))
    assert not offered(Permissions(adds_by_path={"lines": False}, removes_by_path={"lines": False}))


def test_computed_values_are_recomputed_whatever_was_sent(travel: forms.Form) -> None:
    assert check(travel, GOOD | {"total": 1, "net": 1})["total"] == Decimal("30.30")


def test_a_node_may_ask_for_more_than_the_form(travel: forms.Form) -> None:
    assert "bank" in check(travel, GOOD | {"bank": {}})

    needed = Permissions(required_by_path={"bank.account": True})

    assert list(errors_of(travel, GOOD | {"bank": {}}, permissions=needed)) == ["bank.account"]


def test_the_browser_sees_its_language_and_only_what_it_may(travel: forms.Form) -> None:
    mine = Permissions(default="read", by_path={"day": "hidden", "lines.text": "hidden", "reason": "write"})

    schema, data = forms.visible(travel, check(travel, GOOD) | {"limit": Decimal("99.5")}, mine, "en")

    shown = {component["id"]: component for component in schema["components"]}
    assert shown["F_reason"]["label"] == "Reason"
    assert "readonly" not in shown["F_reason"]
    assert shown["F_category"]["readonly"] is True
    assert shown["F_category"]["values"][0]["label"] == "Hotel"
    assert "F_day" not in shown
    assert [component["id"] for component in shown["F_lines"]["components"]] == ["F_amount", "F_double"]
    assert data["lines"] == [{"amount": 10.1, "double": 20.2}, {"amount": 20.2, "double": 40.4}]
    assert data["limit"] == 99.5
    assert "day" not in data
    assert TRAVEL["components"][0]["label"] == "事由"


def test_a_new_form_holds_empty_values(travel: forms.Form) -> None:
    assert forms.blank(travel) == {
        "reason": "",
        "category": None,
        "nights": None,
        "day": None,
        "urgent": False,
        "lines": [{"text": "", "amount": None, "double": None}],
        "bank": {"account": ""},
        "total": None,
        "net": None,
    }


def test_errors_find_their_components(travel: forms.Form) -> None:
    errors = errors_of(travel, GOOD | {"reason": "", "lines": [{"text": "A", "amount": 1}, {"text": "B"}]})

    assert forms.by_component(travel, errors) == {
        "F_reason": ["Please fill in this field."],
        "F_amount": {1: ["Please fill in this field."]},
    }


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        (b"{", "form-not-json"),
        (b"\xff\xfe", "form-not-json"),
        (b"[]", "form-not-json"),
        (b'{"components": []}', "form-without-id"),
        (b" " * 1_000_001, "form-too-large"),
        ([{"type": "textfield", "key": "a"}], "component-without-id"),
        ([{"id": "a", "type": "textfield"}], "component-without-key"),
        ([{"id": "a", "type": "textfield", "key": "approval"}], "form-key-invalid"),
        ([{"id": "a", "type": "textfield", "key": "1a"}], "form-key-invalid"),
        ([{"id": "a", "type": "iframe"}], "component-refused"),
        ([{"id": "a", "type": "textfield", "key": "a"}, {"id": "a", "type": "textfield", "key": "b"}], "component-id-twice"),
        ([{"id": "a", "type": "textfield", "key": "a"}, {"id": "b", "type": "textfield", "key": "a"}], "form-key-twice"),
        ([{"id": "a", "type": "textfield", "key": "a", "validate": {"pattern": "("}}], "form-pattern-invalid"),
        ([{"id": "a", "type": "number", "key": "a", "validate": {"min": "low"}}], "form-limit-invalid"),
        ([{"id": "a", "type": "number", "key": "a", "conditional": {"hide": "= 1 +"}}], "form-expression-invalid"),
        ([{"id": "a", "type": "expression", "key": "a"}], "form-expression-missing"),
        ([{"id": "a", "type": "select", "key": "a"}], "form-options-missing"),
        (
            [
                {"id": "a", "type": "expression", "key": "a", "expression": "= b + 1"},
                {"id": "b", "type": "expression", "key": "b", "expression": "= a + 1"},
            ],
            "form-cycle",
        ),
        ("text", "form-not-json"),
    ],
)  # fmt: skip
def test_a_broken_form_is_a_finding_never_an_exception(source: Any, rule: str) -> None:
    reading = forms.read({"id": "x", "components": source} if isinstance(source, list) else source)

    assert reading.form is None
    assert rule in [finding.rule for finding in reading.findings]


def test_a_missing_label_is_a_warning() -> None:
    reading = forms.read({"id": "x", "components": [{"id": "a", "type": "textfield", "key": "a", "label": "金额"}]})

    assert reading.form is not None
    assert [finding.rule for finding in reading.findings] == ["form-label-missing"]


def test_an_expression_that_asks_what_a_form_does_not_know_is_a_warning() -> None:
    hides = {
        "a": '= has role(clerk, "managers")',
        "b": "= work days between(since, today()) > 3",
        "c": "= due < today()",
    }
    reading = forms.read(
        {
            "id": "x",
            "components": [
                {"id": key, "type": "textfield", "key": key, "conditional": {"hide": text}}
                for key, text in hides.items()
            ],
        }
    )

    assert reading.form is not None
    assert [(one.rule, str(one.level), one.element_id, one.facts["missing"]) for one in reading.findings] == [
        ("form-expression-asks", "warn", "a", "the people of the company"),
        ("form-expression-asks", "warn", "b", "a work calendar"),
    ]


@pytest.mark.parametrize(
    ("properties", "rule"),
    [
        ({"currency": "RMB￥"}, "form-currency"),
        ({"troika:limit": "none"}, "form-currency"),
        ({"currency": "CNY", "troika:limit": "no"}, "form-limit-word"),
    ],
)
def test_a_currency_that_means_nothing_is_a_warning(properties: dict[str, str], rule: str) -> None:
    reading = forms.read(
        {"id": "x", "components": [{"id": "a", "type": "number", "key": "a", "properties": properties}]}
    )

    assert reading.form is not None
    assert [(finding.rule, str(finding.level)) for finding in reading.findings] == [(rule, "warn")]


def test_a_form_tells_the_money_that_it_holds_and_a_column_is_added_up() -> None:
    def number(key: str, **properties: str) -> dict[str, Any]:
        return {"id": key, "type": "number", "key": key, "properties": properties}

    form = forms.read({"id": "x", "components": [
        number("total", currency="CNY"), number("days"), number("credit", currency="CNY", **{"troika:limit": "none"}),
        {"id": "g", "type": "group", "path": "bank", "components": [number("fee", currency="USD")]},
        {"id": "l", "type": "dynamiclist", "path": "lines", "components": [
            number("net", currency="CNY"), {"id": "m", "type": "textfield", "key": "money"}, number("paid", currency="= this.money"),
        ]},
    ]}).form  # fmt: skip
    assert form is not None
    lines: list[dict[str, Any]] = [{"net": 1, "paid": 2, "money": "EUR"}, {"net": Decimal("2.5"), "paid": 3, "money": "eur "},
                                   {"net": None, "paid": 4, "money": "CNY"}]  # fmt: skip
    values = {"total": 9, "days": 3, "credit": 1000, "bank": {"fee": Decimal(7)}, "lines": lines}

    assert forms.sums(form, values, now=NOW, zone="Asia/Shanghai") == {
        ("total", "CNY"): forms.Sum(9, "CNY"), ("bank.fee", "USD"): forms.Sum(Decimal(7), "USD"),
        ("lines.net", "CNY"): forms.Sum(Decimal("3.5"), "CNY"),
        ("lines.paid", "EUR"): forms.Sum(5, "EUR"), ("lines.paid", "CNY"): forms.Sum(4, "CNY"),
    }  # fmt: skip


def test_amounts_of_a_form_that_states_no_currency_are_money_of_the_books() -> None:
    """Forms of before: a limit that overlooks their amounts would be none."""
    cents = {"type": "number", "decimalDigits": 2}
    old = [{"id": "a", "key": "amount", **cents}, {"id": "d", "key": "days", "type": "number"},
           {"id": "l", "type": "dynamiclist", "path": "lines", "components": [{"id": "p", "key": "price", **cents}]}]  # fmt: skip
    new = [*old, {"id": "t", "key": "total", **cents, "properties": {"currency": "USD"}}]
    values = {"amount": Decimal("12.50"), "days": 3, "lines": [{"price": 4}], "total": 7}

    found = []
    for components in (old, new):
        form = forms.read({"id": "x", "components": components}).form
        assert form is not None
        found.append(forms.sums(form, values, now=NOW, zone="Asia/Shanghai"))

    assert found == [
        {("amount", "CNY"): forms.Sum(Decimal("12.50"), "CNY")}, {("total", "USD"): forms.Sum(7, "USD")},
    ]  # fmt: skip


def test_options_may_come_from_the_data() -> None:
    form = forms.read(
        {"id": "x", "components": [{"id": "a", "type": "select", "key": "a", "valuesExpression": "= for o in offers return o.code"}]}
    ).form  # fmt: skip
    assert form is not None

    assert check(form, {"a": "x"}, {"offers": [{"code": "x"}]}) == {"a": "x"}
    assert list(errors_of(form, {"a": "y"})) == ["a"]


def test_an_expression_may_make_a_field_read_only() -> None:
    form = forms.read(
        {"id": "x", "components": [
            {"id": "a", "type": "number", "key": "a", "readonly": "= locked"},
        ]}
    ).form  # fmt: skip
    assert form is not None

    assert check(form, {"a": 2}, {"locked": False, "a": 1}) == {"a": Decimal(2)}
    with pytest.raises(FieldNotWritable):
        check(form, {"a": 2}, {"locked": True, "a": 1})


def test_permissions_follow_the_nearest_rule() -> None:
    @dataclass
    class Rule:
        id: str
        permission: str
        required: bool | None = None
        add_rows: bool | None = None
        remove_rows: bool | None = None

    @dataclass
    class Work:
        default_permission: str
        fields: list[Rule]

    mine = forms.permissions.of(
        Work(
            "read", [Rule("lines.*", "write"), Rule("lines.cost", "hidden"), Rule("a", "write", True), Rule("b", "odd")]
        )
    )

    assert [mine.on(path) for path in ("a", "b", "c", "lines", "lines.x", "lines.cost")] == [
        "write", "hidden", "read", "read", "write", "hidden",
    ]  # fmt: skip
    assert (mine.required("a"), mine.required("b")) == (True, None)


BLOCK = {"block": "fields", "heading": "事由", "troika:heading.en": "Why", "fields": ["why"]}


@pytest.mark.parametrize(
    ("layout", "rule"),
    [
        ({"blocks": [BLOCK, {"block": "lines", "list": "lines", "columns": ["sku"]}, {"block": "lines"}]}, None),
        ({"paper": "A5", "blocks": [{"block": "opinions"}, {"block": "signatures"}, {"block": "approvals"}]}, None),
        ([], "print-not-a-layout"),
        ({"blocks": []}, "print-not-a-layout"),
        ({"blocks": [BLOCK], "paper": "A3"}, "print-paper"),
        ({"blocks": [BLOCK], "size": "A5"}, "print-unknown"),
        ({"blocks": [{**BLOCK, "columns": []}]}, "print-unknown"),
        ({"blocks": [{"block": "poem"}]}, "print-unknown-block"),
        ({"blocks": ["fields"]}, "print-unknown-block"),
        ({"blocks": [{"block": "fields", "fields": ["whence"]}]}, "print-unknown-field"),
        ({"blocks": [{"block": "fields", "fields": ["lines"]}]}, "print-unknown-field"),
        ({"blocks": [{"block": "fields", "fields": "why not"}]}, "print-unknown-field"),
        ({"blocks": [{"block": "lines", "list": "lines", "columns": ["colour"]}]}, "print-unknown-field"),
        ({"blocks": [{"block": "lines", "list": "why"}]}, "print-unknown-field"),
        ({"blocks": [{"block": "lines", "list": {"a": 1}, "columns": [2]}]}, "print-unknown-field"),
    ],
)
def test_a_print_layout_names_only_what_the_form_has(layout: Any, rule: str | None) -> None:
    text = {"type": "textfield", "label": "x"}
    lines = {"id": "l", "type": "dynamiclist", "path": "lines", "components": [{**text, "id": "s", "key": "sku"}]}
    found = forms.read({"id": "f", "print": layout, "components": [{**text, "id": "w", "key": "why"}, lines]})

    assert {finding.rule for finding in found.findings} == ({rule} - {None})
    assert (found.form is None) == (rule is not None)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("M10 10L90 40L20 60M5 5L9 9", "M10 10L90 40L20 60M5 5L9 9"), (" 王芳 ", "王芳"), ("", None), ("  ", None),
        ("M10 10L20 10", "refused"), ("M10 10L601 10", "refused"), ("M10 10" + "L20 20L10 10" * 2_500, "refused"),
        ("x" * 101, "refused"), ([1], "refused"), ("M10 10L90 40<script>", "M10 10L90 40<script>"),
    ],
)  # fmt: skip
def test_a_signature_is_lines_on_its_sheet_or_a_name(sent: Any, kept: str | None) -> None:
    field = {
        "id": "a",
        "type": "signature",
        "key": "signed",
        "label": "签收",
        "properties": {"troika:label.en": "Signed"},
    }
    form = forms.read({"id": "x", "components": [field]}).form
    assert form is not None
    if kept == "refused":
        assert list(errors_of(form, {"signed": sent})) == ["signed"]
    else:
        assert check(form, {"signed": sent}) == {"signed": kept}
