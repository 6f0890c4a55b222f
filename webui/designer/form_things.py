"""The parts of a form in words: its components with what is said of each."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from flask_babel import gettext

from engine.errors import N_, EngineError, Phrase
from engine.values import from_json
from webui.designer.changes import NotComparable, Thing, apart
from webui.rendering import label

KINDS = {
    "textfield": N_("Text"), "textarea": N_("Long text"), "number": N_("Numeric value"), "checkbox": N_("Yes or no"),
    "checklist": N_("Several of a list"), "taglist": N_("Several words"), "select": N_("One of a list"),
    "radio": N_("One of a few"), "datetime": N_("Date or time"), "filepicker": N_("Files"), "record": N_("Record"),
    "dictionary": N_("Word of the dictionary"), "expression": N_("Computed value"), "text": N_("Text to read"),
    "html": N_("Text to read"), "image": N_("Picture"), "table": N_("Table"), "group": N_("Group of fields"),
    "dynamiclist": N_("List"), "spacer": N_("Space"), "separator": N_("Separating line"), "button": N_("Button"),
    "person": N_("Person"), "department": N_("Department"), "signature": N_("Signature"),
}  # fmt: skip
"""what each kind of component is called"""
_WORDS = {
    "key": N_("Name of the value"), "path": N_("Name of the list"), "label": N_("Name"), "type": N_("Kind of field"),
    "troika:label.en": N_("Name in English"), "troika:title": N_("Title of the form"),
    "troika:title.en": N_("Title of the form in English"), "description": N_("Description"), "text": N_("Wording"),
    "required": N_("Required"), "min": N_("At least"), "max": N_("At most"), "minLength": N_("Shortest"),
    "maxLength": N_("Longest"), "pattern": N_("Pattern"), "defaultValue": N_("Value at first"),
    "disabled": N_("Disabled"), "readonly": N_("Read only"), "hide": N_("Hidden when"),
    "expression": N_("Expression"), "currency": N_("Currency"), "decimalDigits": N_("Decimal places"),
    "table": N_("Table"), "valueColumn": N_("What is stored"), "filter": N_("Only records with"),
    "dictionary": N_("Dictionary"), "subtype": N_("Date or time"), "multiple": N_("Several"), "columns": N_("Width"),
    "print": N_("Print layout"), "paper": N_("Paper"), "blocks": N_("Part"), "block": N_("What it holds"),
    "heading": N_("Heading"), "troika:heading.en": N_("Heading in English"), "fields": N_("Fields"),
    "valuesExpression": N_("Choices by an expression"), "valuesKey": N_("Choices from the value"),
    "troika:description.en": N_("Description in English"), "troika:text.en": N_("Wording in English"),
    "troika:limit": N_("Counts for limits of substitutes"), "showOutline": N_("With a frame"),
    "allowAddRemove": N_("Lines can be added and removed"), "defaultRepetitions": N_("Lines at first"),
    "disableCollapse": N_("Always shows all lines"), "nonCollapsedItems": N_("Lines shown at first"),
    "dateLabel": N_("Name of the date"), "timeLabel": N_("Name of the time"), "dataSource": N_("Lines come from"),
    "rowCount": N_("Lines per page"), "patternErrorMessage": N_("Said when the pattern does not fit"),
    "validationType": N_("Checked as"), "list": N_("List"), "columnsExpression": N_("Columns by an expression"),
    "disallowPassedDates": N_("No days in the past"), "increment": N_("Step between values"),
    "searchable": N_("Can be searched"), "content": N_("Wording"), "source": N_("Address of the picture"),
    "alt": N_("Description of the picture"), "height": N_("Height"), "timeInterval": N_("Minutes between times"),
    "use24h": N_("24 hours"), "timeSerializingFormat": N_("Stored form of the time"), "accept": N_("Kinds of files"),
    "action": N_("What it does"), "prefixAdorner": N_("Before the value"), "suffixAdorner": N_("After the value"),
    "computeOn": N_("When it is computed"), "verticalAlignment": N_("Vertical alignment"),
    "serializeToString": N_("Stored as text"), "groups": N_("Only people of these groups"),
}  # fmt: skip
_QUIET = frozenset(("validate", "properties", "conditional", "layout", "appearance"))
"""words that only hold others"""
_UNSAID = frozenset(
    ("id", "components", "row", "schemaVersion", "exporter", "executionPlatform", "executionPlatformVersion")
)


def form_things(content: bytes) -> dict[str, Thing]:
    """By id, in the order of the form, which comes first itself. Raises NotComparable."""
    try:
        form = from_json(content)
    except (ValueError, RecursionError, EngineError) as error:
        raise NotComparable(reason=str(error)[:200]) from None
    if not isinstance(form, dict):
        raise NotComparable(reason=Phrase(N_("it is no form.")))
    found = {"": Thing(gettext("Form"), str(form.get("id", "")), _facts(form | {"type": None}))}
    for key, thing in _within(form, ""):
        found.setdefault(key, thing)
    return found


def _within(holder: dict[str, Any], parent: str) -> Iterator[tuple[str, Thing]]:
    listed = holder.get("components")
    for place, one in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(one, dict):
            continue
        kind = str(one.get("type", ""))
        key = str(one.get("id") or one.get("key") or f"{parent}.{place}")
        facts = _facts(one) | ({gettext("Lies in"): parent} if parent else {})
        called = _called(one)
        name = str(called or one.get("key") or one.get("text") or "")[:80]
        yield key, Thing(gettext(KINDS[kind]) if kind in KINDS else kind, name, facts)
        yield from _within(one, called or key)


def _called(one: dict[str, Any]) -> str:
    """Its label in the reader's language."""
    own = one.get("properties")
    english = own.get("troika:label.en") if isinstance(own, dict) else None
    return label({"en": str(english or "")}, str(one.get("label") or ""))


def _facts(one: dict[str, Any]) -> dict[str, str]:
    """Two properties may have the same words: a label beside one among the own properties."""
    said = list(_said(one, ()))
    return dict(zip(apart([words for words, _ in said]), (text for _, text in said), strict=True))


def _said(value: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for word, inner in value.items():
        if word in _UNSAID or inner is None:
            continue
        if isinstance(inner, dict):
            yield from _said(inner, (*path, word))
        elif word != "values" and isinstance(inner, list) and inner and all(isinstance(one, dict) for one in inner):
            for number, one in enumerate(inner, start=1):
                yield from _said(one, (*path, f"{_word(word, inner)} {number}"))
        elif word == "values" and isinstance(inner, list):
            yield from _choices(inner)
        else:
            said = [_word(one) for one in path if one not in _QUIET]
            yield " · ".join((*said, _word(word, inner))), _text(word, inner)


def _word(key: str, value: Any = None) -> str:
    if key == "columns" and isinstance(value, list):  # of a table; a number is the width of a field
        return gettext("Column")
    return gettext(_WORDS[key]) if key in _WORDS else key


_SAID = {
    "validationType": {
        "email": N_("Email address"), "phone": N_("Phone number"), "idcard": N_("ID card number"),
        "uscc": N_("Unified social credit code"),
    },
    "subtype": {"date": N_("Date"), "time": N_("Time"), "datetime": N_("Date and time")},
}  # fmt: skip
"""what a value of a property is called"""


def _choices(values: list[Any]) -> Iterator[tuple[str, str]]:
    listed = [one for one in values if isinstance(one, dict)]
    yield gettext("Choices"), ", ".join(str(one.get("value", "")) for one in listed)
    for one in listed:
        shown = " / ".join(str(one[word]) for word in ("label", "troika:label.en") if one.get(word))
        yield gettext("Choice %(value)s", value=one.get("value", "")), shown


def _text(word: str, value: Any) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, str) and word == "type" and value in KINDS:
        return gettext(KINDS[value])
    if isinstance(value, str) and value in _SAID.get(word, {}):
        return gettext(_SAID[word][value])
    if isinstance(value, str | int | Decimal):
        return str(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False, default=str)
