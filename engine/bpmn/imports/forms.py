"""Fields of a form that stand in a drawing of Camunda or Flowable -> a form of ours, a file beside the drawing."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn.imports import juel
from engine.bpmn.parser.xml import Element, local_name
from engine.errors import N_

_UNUSUAL = re.compile(r"[^\w-]")
WHOLE, NUMBER = re.compile("-?[0-9]{1,15}"), re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
"""Numbers of a usual size; whatever is longer is left to a person."""
_NAME = re.compile(r"[^\W\d]\w*")
_KINDS: dict[str, dict[str, Any]] = {
    "string": {"type": "textfield"}, "": {"type": "textfield"}, "text": {"type": "textarea"},
    "long": {"type": "number", "decimalDigits": 0}, "integer": {"type": "number", "decimalDigits": 0},
    "int": {"type": "number", "decimalDigits": 0}, "double": {"type": "number"}, "decimal": {"type": "number"},
    "boolean": {"type": "checkbox"}, "enum": {"type": "select"}, "date": {"type": "datetime", "subtype": "date"},
}  # fmt: skip
_LIMITS = {"min": "min", "max": "max", "minlength": "minLength", "maxlength": "maxLength"}

DATE = N_("Dates are written as in ISO 8601 here; its pattern is dropped.")
TYPE = N_("'{type}' is not known here: the field '{key}' is a text.")
DEFAULT = N_("The default value of '{key}' is not kept: {text}")
CONSTRAINT = N_("The constraint '{text}' of '{key}' is not kept.")
RENAMED = N_("The field '{key}' is read from '{text}': check the names of the variables.")
HIDDEN = N_("The field '{key}' was not shown; it is left out.")
NO_NAME = N_("The name '{text}' cannot be a variable; the field is '{key}' now.")
EMPTY = N_("A choice without values is a text: '{key}'.")

Caveat = tuple[str, dict[str, str]]


@dataclass(slots=True)
class Forms:
    """Forms made while one file is translated. `area`, `stem`: where they go; `made`: path -> content."""

    area: str
    stem: str
    made: dict[str, bytes] = field(default_factory=dict)

    def make(self, owner: Element, fields: list[dict[str, Any]]) -> str:
        """Keep a form for `owner`; its id."""
        name = _UNUSUAL.sub("_", f"{self.stem}_{owner.get('id')}")
        while self._path(name) in self.made:  # of an element whose id differs in an unusual sign only
            name += "_"
        form = {"id": f"{self.area}/{name}", "type": "default", "schemaVersion": 18, "components": fields}
        self.made[self._path(name)] = json.dumps(form, ensure_ascii=False, indent=2).encode()
        return f"{self.area}/{name}"

    def _path(self, name: str) -> str:
        return f"forms/{self.area}/{name}.json"


def fields_of(words: list[Element]) -> tuple[list[dict[str, Any]], list[Caveat]]:
    """The components for `formData` with its fields, or for one `formProperty` each; and what is not as it was."""
    found: list[dict[str, Any]] = []
    caveats: list[Caveat] = []
    listed = [
        part for word in words for part in ([word] if local_name(word) == "formProperty" else word.iterchildren("*"))
        if local_name(part) in ("formField", "formProperty")
    ]  # fmt: skip
    taken: set[str] = set()
    for part in listed:
        component = _component(part, taken, caveats)
        if component is not None:
            found.append(component)
    return found, caveats


def _component(part: Element, taken: set[str], caveats: list[Caveat]) -> dict[str, Any] | None:
    key = _key(part, taken, caveats)
    if part.get("readable") == "false":
        caveats.append((HIDDEN, {"key": key}))
        return None
    kind = (part.get("type") or "").lower()
    known = _KINDS.get(kind)
    if known is None:
        caveats.append((TYPE, {"type": part.get("type") or "", "key": key}))
        known = _KINDS[""]
    values = [
        {"label": value.get("name") or value.get("id"), "value": value.get("id")}
        for value in part.iterchildren("*") if local_name(value) == "value" and value.get("id")
    ]  # fmt: skip
    if known["type"] == "select" and not values:
        caveats.append((EMPTY, {"key": key}))
        known = _KINDS[""]
    label = part.get("label") or part.get("name") or part.get("id") or key
    component = {"id": f"Field_{key}", **known, "key": key, "label": label}
    if component["type"] == "datetime":
        component["dateLabel"] = component.pop("label")
        if part.get("datePattern"):
            caveats.append((DATE, {}))
    if component["type"] == "select":
        component["values"] = values
    _constrain(part, component, caveats)
    _default(part, component, values, caveats)
    return component


def _key(part: Element, taken: set[str], caveats: list[Caveat]) -> str:
    """The variable of a field."""
    found = part.get("variable") or part.get("id") or ""
    key = re.sub(r"\W", "_", found)
    key = key if _NAME.fullmatch(key) else f"field_{key}"
    while key in taken:
        key += "_"
    taken.add(key)
    if key != found:
        caveats.append((NO_NAME, {"text": found, "key": key}))
    expression = part.get("expression")
    if expression:
        caveats.append((RENAMED, {"key": key, "text": expression}))
    return key


def _constrain(part: Element, component: dict[str, Any], caveats: list[Caveat]) -> None:
    rules: dict[str, Any] = {}
    if part.get("required") == "true":
        rules["required"] = True
    if part.get("writable") == "false":
        component["readonly"] = True
    for word in part.iter("*"):
        if local_name(word) != "constraint":
            continue
        name, value = word.get("name") or "", word.get("config") or ""
        if name == "required" and value != "false":
            rules["required"] = True
        elif name == "readonly" and value != "false":
            component["readonly"] = True
        elif name in _LIMITS and NUMBER.fullmatch(value):
            rules[_LIMITS[name]] = float(value) if "." in value else int(value)
        elif value != "false":
            caveats.append((CONSTRAINT, {"text": f"{name} {value}".strip(), "key": component["key"]}))
    if rules:
        component["validate"] = rules


def _default(
    part: Element, component: dict[str, Any], values: list[dict[str, Any]], caveats: list[Caveat]
) -> None:  # fmt: skip
    text = part.get("defaultValue") or part.get("default")
    if not text:
        return
    match component["type"]:
        case "checkbox" if text in ("true", "false"):
            component["defaultValue"] = text == "true"
        case "number" if WHOLE.fullmatch(text):
            component["defaultValue"] = int(text)
        case "textfield" | "textarea" if not juel.is_expression(text):
            component["defaultValue"] = text
        case "select" if text in [value["value"] for value in values]:
            component["defaultValue"] = text
        case _:
            caveats.append((DEFAULT, {"key": component["key"], "text": text}))
