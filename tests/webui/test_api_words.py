"""Refusals of the API in the reader's language: what marshmallow says is translated in one place."""

from collections.abc import Iterator

import pytest
from marshmallow import Schema, fields, validate

from webui.api import schemas
from webui.api.blueprint import SAID, said


def test_what_does_not_fit_is_said_in_the_readers_language(sign_in):
    ann = sign_in("ann")

    def errors(language: str, query: str) -> dict[str, list[str]]:
        answer = ann.get(f"/api/v1/tasks/?{query}", headers={"Accept-Language": language})
        assert answer.status_code == 422, answer.text
        return answer.json["errors"]

    wrong = "limit=0&box=x"
    assert errors("en", wrong) == {
        "limit": ["Must be greater than or equal to 1 and less than or equal to 100."],
        "box": ["Must be one of: todo, claimable, copied."],
    }  # fmt: skip
    assert errors("zh-CN", wrong) == {
        "limit": ["应在 1 到 100 之间。"], "box": ["应为其中之一：todo, claimable, copied。"],
    }  # fmt: skip
    assert errors("zh-CN", "limit=many") == {"limit": ["应为整数。"]}


@pytest.mark.parametrize(
    ("text", "in_chinese"),
    [
        ("Must be greater than or equal to 3.", "不能小于 3。"), ("Must be less than or equal to 5.", "不能大于 5。"),
        ("Shorter than minimum length 1.", "长度不能少于 1。"), ("Length must be 4.", "长度应为 4。"),
        ("Must be one of: a {b}, c.", "应为其中之一：a {b}, c。"),
    ],
)  # fmt: skip
def test_facts_are_filled_into_the_words(app, text, in_chinese):
    with app.test_request_context(headers={"Accept-Language": "zh-CN"}):
        assert said(text) == in_chinese
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert said(text) == text


def test_every_text_that_a_schema_of_the_api_may_say_is_translated(app):
    """`format`: only when something is sent."""
    found = {text for schema in inputs(schemas.Strict) for text in texts_of(schema())}

    assert "Must be greater than or equal to {min} and less than or equal to {max}." in found
    assert found - set(SAID) == set()


def inputs(schema: type[Schema]) -> Iterator[type[Schema]]:
    for one in schema.__subclasses__():
        yield one
        yield from inputs(one)


def texts_of(schema: Schema) -> Iterator[str]:
    yield from schema.error_messages.values()
    for one in schema.fields.values():
        yield from texts_of_field(one)


def texts_of_field(field: fields.Field) -> Iterator[str]:
    filled = {"obj_type": getattr(field, "OBJ_TYPE", ""), "awareness": getattr(field, "AWARENESS", "")}
    for key, text in field.error_messages.items():
        if key != "format" and (key != "invalid_awareness" or filled["awareness"]):
            yield text.format(**filled) if filled["obj_type"] else text
    for judge in field.validators:
        yield from texts_of_validator(judge)
    for inner in (getattr(field, name, None) for name in ("inner", "key_field", "value_field")):
        if inner is not None:
            yield from texts_of_field(inner)
    if isinstance(field, fields.Nested):
        yield from texts_of(field.schema)


def texts_of_validator(judge: object) -> Iterator[str]:
    if getattr(judge, "error", None):
        yield judge.error
    elif isinstance(judge, validate.Length) and judge.equal is not None:
        yield judge.message_equal
    elif isinstance(judge, validate.Range | validate.Length):
        bounds = (judge.min is not None, judge.max is not None)
        yield {(True, False): judge.message_min, (False, True): judge.message_max}.get(bounds, judge.message_all)
