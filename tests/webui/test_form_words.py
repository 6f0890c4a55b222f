"""What is said of a form in words when two states of it are compared; no database."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask_babel import force_locale

from webui.designer import form_things as words
from webui.designer.changes import rows_between

LIBRARY = Path(__file__).parents[2] / "forms"


@pytest.fixture
def engine(_sqlite, clock):
    yield from _sqlite.lend(clock)


def keys(value: Any) -> Iterator[str]:
    """Of everything in a form; those below `filter` are columns of its table."""
    for one in value if isinstance(value, list) else ():
        yield from keys(one)
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield key
        yield from keys(inner) if key not in ("filter", "values") else ()


def things(*components: dict[str, Any]) -> dict[str, Any]:
    return words.form_things(json.dumps({"id": "oa/a", "components": list(components)}).encode())


def test_every_property_of_a_shipped_form_has_a_word():
    found = {key for file in LIBRARY.rglob("*.json") for key in keys(json.loads(file.read_bytes()))}

    assert len(found) > 20
    assert found - set(words._WORDS) - words._QUIET - words._UNSAID - {"values"} == set()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"label": "A", "properties": {"label": "B"}}, {"label": "C", "properties": {"label": "B"}}),
        ({"valuesKey": "a", "valuesExpression": "=b"}, {"valuesKey": "c", "valuesExpression": "=b"}),
        ({"valuesKey": "=a"}, {"valuesExpression": "=a"}),
        ({"hide": True, "conditional": {"hide": "=a"}}, {"hide": False, "conditional": {"hide": "=a"}}),
        ({"key": "a", "path": "b"}, {"key": "c", "path": "b"}),
        ({"accept": ["a"]}, {"accept": ["b"]}),
    ],
)
def test_a_change_is_seen_beside_a_property_of_the_same_name(app, before, after):
    with app.test_request_context(), force_locale("en"):
        old, new = (things({"id": "f", "type": "textfield"} | more) for more in (before, after))
        assert [row.state for row in rows_between(old, new)] == ["changed"]


def test_columns_of_a_table_are_no_width(app):
    with app.test_request_context(), force_locale("zh"):
        table = {"id": "t", "type": "table", "layout": {"columns": 8}, "columns": [{"key": "sku", "label": "物料"}]}
        facts = things(table)["t"].facts

    assert facts == {"字段类型": "表格", "宽度": "8", "列 1 · 变量名": "sku", "列 1 · 名称": "物料"}


def test_what_a_text_is_checked_as_is_said_in_words(app):
    with app.test_request_context(), force_locale("zh"):
        facts = things({"id": "f", "type": "textfield", "validate": {"validationType": "idcard"}})["f"].facts

    assert "身份证号" in facts.values()
