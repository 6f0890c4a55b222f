# ruff: noqa: E501 - drawings read better in one line
"""Forms that stand in a drawing become files beside it; correlation of the standard becomes a correlation key."""

import json

import pytest

from engine import bpmn, forms
from engine.bpmn import imports
from engine.findings import errors_of
from tests.engine.bpmn.imports.reading import file, meaning, same

FIELDS = (
    '<camunda:formData><camunda:formField id="amount" label="Amount" type="long" defaultValue="10"><camunda:validation>'
    '<camunda:constraint name="required"/><camunda:constraint name="min" config="1"/></camunda:validation></camunda:formField>'
    '<camunda:formField id="urgent" label="Urgent" type="boolean" defaultValue="true"/>'
    '<camunda:formField id="kind" label="Kind" type="enum"><camunda:value id="a" name="Air"/><camunda:value id="b" name="Rail"/></camunda:formField>'
    '<camunda:formField id="day" label="Day" type="date"/><camunda:formField id="why" label="Why" type="string">'
    '<camunda:validation><camunda:constraint name="readonly"/><camunda:constraint name="maxlength" config="40"/></camunda:validation></camunda:formField></camunda:formData>'
)


def ext(*words: str) -> str:
    return f"<extensionElements>{''.join(words)}</extensionElements>"


def translated(body: str, roots: str = "", process: str = "") -> imports.Translation:
    """With an area for its forms; the drawing can be read, each form too, and translating it again changes nothing."""
    found = imports.translate(file(body, roots, process), "test.bpmn", area="oa")
    assert found.xml is not None
    assert bpmn.read(found.xml).definition is not None
    again = imports.translate(found.xml, area="oa")
    assert (again.xml, again.forms) == (found.xml, {})
    for path, content in found.forms.items():
        assert errors_of(forms.read(content, path.removeprefix("forms/").removesuffix(".json")).findings) == []
    return found


def said(found: imports.Translation, element: str) -> list[str]:
    return [str(note) for note in found.notes if note.element_id == element]


def test_form_data_of_camunda_becomes_a_form_that_the_task_names():
    found = translated(f'<userTask id="t">{ext(FIELDS)}</userTask>')

    assert meaning(found.xml) == same(
        '<userTask id="t">' + ext('<zeebe:formDefinition formId="oa/p_t"/>') + "</userTask>"
    )
    assert said(found, "t") == [
        'translated: camunda:formData (amount, urgent, kind, day, why) → zeebe:formDefinition formId="oa/p_t"'
    ]
    assert list(found.forms) == ["forms/oa/p_t.json"]
    form = json.loads(found.forms["forms/oa/p_t.json"])
    assert (form["id"], form["type"]) == ("oa/p_t", "default")
    assert form["components"] == [
        {
            "id": "Field_amount",
            "type": "number",
            "decimalDigits": 0,
            "key": "amount",
            "label": "Amount",
            "validate": {"required": True, "min": 1},
            "defaultValue": 10,
        },
        {"id": "Field_urgent", "type": "checkbox", "key": "urgent", "label": "Urgent", "defaultValue": True},
        {
            "id": "Field_kind",
            "type": "select",
            "key": "kind",
            "label": "Kind",
            "values": [{"label": "Air", "value": "a"}, {"label": "Rail", "value": "b"}],
        },
        {"id": "Field_day", "type": "datetime", "subtype": "date", "key": "day", "dateLabel": "Day"},
        {
            "id": "Field_why",
            "type": "textfield",
            "key": "why",
            "label": "Why",
            "readonly": True,
            "validate": {"maxLength": 40},
        },
    ]


def test_form_properties_of_flowable_become_a_form_with_what_differs_said():
    found = translated(
        '<startEvent id="s">'
        + ext(
            '<flowable:formProperty id="days" name="Days" type="long" required="true"/>',
            '<flowable:formProperty id="when" name="When" type="date" datePattern="dd-MM-yyyy"/>',
            '<flowable:formProperty id="secret" readable="false"/>',
            '<flowable:formProperty id="who" name="Who" type="user" variable="person" writable="false"/>',
            '<flowable:formProperty id="room-no" name="Room" expression="#{order.room}"/>',
        )
        + "</startEvent>"
    )

    form = json.loads(found.forms["forms/oa/p_s.json"])
    assert [(part["key"], part["type"], part.get("readonly", False)) for part in form["components"]] == [
        ("days", "number", False), ("when", "datetime", False), ("person", "textfield", True), ("room_no", "textfield", False),
    ]  # fmt: skip
    assert form["components"][0]["validate"] == {"required": True}
    hints = [note.hint.format(**note.facts) for note in found.notes if note.element_id == "s"]
    assert hints == [
        "Dates are written as in ISO 8601 here; its pattern is dropped.",
        "The field 'secret' was not shown; it is left out.",
        "'user' is not known here: the field 'person' is a text.",
        "The name 'room-no' cannot be a variable; the field is 'room_no' now.",
        "The field 'room_no' is read from '#{order.room}': check the names of the variables.",
    ]


@pytest.mark.parametrize(
    "body",
    [
        '<userTask id="t" camunda:formKey="embedded:app:x.html">' + ext(FIELDS) + "</userTask>",
        '<userTask id="t">' + ext("<camunda:formData/>") + "</userTask>",
    ],
)
def test_a_form_of_its_own_prevails_and_one_without_fields_is_none(body):
    assert translated(body).forms == {}


def test_a_default_that_is_computed_and_a_constraint_of_ones_own_are_told():
    field = '<camunda:formField id="x" type="string" defaultValue="${y}"><camunda:validation><camunda:constraint name="validator" config="com.X"/></camunda:validation></camunda:formField>'

    found = translated(f'<userTask id="t">{ext(f"<camunda:formData>{field}</camunda:formData>")}</userTask>')

    assert [note.hint.format(**note.facts) for note in found.notes if note.element_id == "t"] == [
        "The constraint 'validator com.X' of 'x' is not kept.", "The default value of 'x' is not kept: ${y}",
    ]  # fmt: skip


def test_each_element_has_a_form_of_its_own_when_their_ids_differ_in_an_unusual_sign_only():
    tasks = "".join(f'<userTask id="{key}">{ext(FIELDS)}</userTask>' for key in ("a.b", "a_b"))

    assert list(translated(tasks).forms) == ["forms/oa/p_a_b.json", "forms/oa/p_a_b_.json"]


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 400 + ".5", "\u0661"])
def test_a_number_of_unusual_size_or_script_is_told_and_left_out(number):
    limit = f'<camunda:validation><camunda:constraint name="min" config="{number}"/></camunda:validation>'
    field = f'<camunda:formField id="x" type="long" defaultValue="{number}">{limit}</camunda:formField>'

    found = translated(f'<userTask id="t">{ext(f"<camunda:formData>{field}</camunda:formData>")}</userTask>')

    (form,) = [json.loads(content) for content in found.forms.values()]
    assert {"validate", "defaultValue"}.isdisjoint(form["components"][0])
    assert len([note for note in found.notes if note.element_id == "t"]) == 2


# ---------------------------------------------------------------- correlation


def prop(key: str, **messages: str) -> str:
    """A correlation property that is read from each message by a path."""
    read = "".join(
        f'<correlationPropertyRetrievalExpression id="{key}_{name}" messageRef="{name}"><messagePath>{path}</messagePath></correlationPropertyRetrievalExpression>'
        for name, path in messages.items()
    )
    return f'<correlationProperty id="{key}">{read}</correlationProperty>'


def subscription(**bound: str) -> str:
    inner = "".join(
        f'<correlationPropertyBinding id="b_{key}" correlationPropertyRef="{key}"><dataPath>{path}</dataPath></correlationPropertyBinding>'
        for key, path in bound.items()
    )
    return f'<correlationSubscription id="cs" correlationKeyRef="ck">{inner}</correlationSubscription>'


KEY = '<collaboration id="c"><correlationKey id="ck"><correlationPropertyRef>order</correlationPropertyRef></correlationKey></collaboration>'
ASKED, PAID = '<message id="asked" name="asked"/>', '<message id="paid" name="paid"/>'
OWN = '<zeebe:subscription correlationKey="= mine"/>'
WAITS = '<receiveTask id="r" messageRef="paid"/>'


def keys(found: imports.Translation) -> dict[str, str | None]:
    """Correlation key by message."""
    text = found.xml.decode()
    return {
        name: (text.partition(f'<message id="{name}"')[2].partition("</message>")[0].partition('correlationKey="')[2].partition('"')[0] or None)
        for name in ("asked", "paid") if f'<message id="{name}"' in text
    }  # fmt: skip


def test_one_property_that_a_subscription_binds_is_the_key_of_its_message():
    found = translated(WAITS + subscription(order="order.number"), PAID + prop("order", paid="orderNo") + KEY)

    assert keys(found) == {"paid": "= order.number"}
    assert b"correlationSubscription" not in found.xml
    assert said(found, "paid") == [
        'translated: correlationProperty order → zeebe:subscription correlationKey="= order.number"'
    ]


def test_one_property_that_stands_in_the_same_place_of_each_message_is_their_key():
    roots = ASKED + PAID + prop("order", asked="orderNo", paid="${orderNo}") + KEY

    assert keys(translated(WAITS, roots)) == {"asked": "= orderNo", "paid": "= orderNo"}


def test_the_key_of_a_message_that_is_thrown_as_well_is_to_be_checked():
    found = translated(WAITS + '<sendTask id="out" messageRef="paid"/>', PAID + prop("order", paid="orderNo") + KEY)

    assert [note.kind for note in found.notes if note.element_id == "paid"] == [imports.Kind.APPROXIMATED]


@pytest.mark.parametrize(
    ("roots", "more", "why"),
    [
        (ASKED + PAID + prop("order", asked="no", paid="orderNo"), "", "is read from different places"),
        (
            PAID + prop("order", paid="no") + prop("shop", paid="shop"),
            subscription(order="no", shop="shop"),
            "several properties",
        ),
        (PAID + prop("order", paid="/order/@no"), "", "Write the correlation key of the message as FEEL"),
        (
            PAID + prop("order", paid="no"),
            subscription(order="bean.read(x)"),
            "Write the correlation key of the message as FEEL",
        ),
    ],
)
def test_what_is_not_certain_is_left_to_a_person(roots, more, why):
    found = translated(WAITS + more, roots + KEY)

    assert keys(found)["paid"] is None
    assert why in "".join(said(found, "paid"))
    assert (b"correlationSubscription" in found.xml) is bool(more)


def test_a_key_that_the_file_gives_already_stays():
    given = f'<message id="paid" name="paid">{ext(OWN)}</message>'

    assert keys(translated(WAITS, given + prop("order", paid="no") + KEY)) == {"paid": "= mine"}
