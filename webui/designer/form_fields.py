"""A plain form as rows of a table, and back: what a row does not show of its component stays as it is.

Plain: fields one below the other of the kinds that `blank_form.TYPES` and `KEPT` list, none of which computes with
others.
"""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.errors import N_, EngineError, NotFound, Phrase
from webui.designer.blank_form import COMPONENTS, free_key, split

LIMIT = 100
"""fields of a form that is edited as a table"""
_LABEL = "troika:label.en"
_KINDS = {
    "textfield": "text", "textarea": "long", "checkbox": "yes", "filepicker": "files", "select": "choice",
    "radio": "choice",
}  # fmt: skip
KEPT = ("person", "department", "record", "dictionary", "signature", "datetime", "checklist", "taglist")
"""Kinds with more to them than a row can say: a row names them, and they stay as they are."""
_WORD = re.compile(r"[^\W\d]\w*")


class FieldWithoutName(EngineError):
    """A field of the form whose name was emptied."""

    message = N_("Expected field {number} to have a name, found none.")
    hint = N_("Name it, or remove the field.")
    status = 422


class UnknownKind(EngineError):
    """A row whose kind can neither be made here nor is that of its field."""

    message = N_("Field {number} cannot become the kind “{found}” here.")
    hint = N_("Choose one of those that are offered, or use the form builder.")
    status = 422


@dataclass(frozen=True, slots=True)
class FieldRow:
    """`id`: of its component, empty for a new one; `key`: of its value. Both stay whatever the field is called."""

    id: str = ""
    key: str = ""
    label: str = ""
    english: str = ""
    type: str = "text"
    required: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plain:
    """A form as rows, or why it cannot be shown so: (what is in the way, the reason)."""

    rows: tuple[FieldRow, ...]
    obstacles: tuple[tuple[str, Phrase], ...]


def rows_of(document: dict[str, Any]) -> Plain:
    """The rows of a form that `engine.forms.read` accepts."""
    components = document["components"]
    obstacles = tuple(
        (str(component.get("label") or component["id"]), reason)
        for component in components if (reason := _obstacle(component)) is not None
    )  # fmt: skip
    if len(components) > LIMIT:
        obstacles += ((document["id"], Phrase(N_("It has more than {limit} fields."), limit=LIMIT)),)
    return Plain(() if obstacles else tuple(_row(component) for component in components), obstacles)


def with_rows(document: dict[str, Any], rows: list[FieldRow]) -> dict[str, Any]:
    """The form with exactly these fields in this order. Raises for a row that no field could be made of."""
    there = {component["id"]: component for component in document["components"]}
    keys = {component["key"] for component in there.values()}
    made = []
    for number, row in enumerate(rows, 1):
        if not row.label:
            raise FieldWithoutName(number=number)
        if row.id:
            if row.id not in there:  # unknown, or named twice
                raise NotFound(kind="field", key=row.id)
            component = there.pop(row.id)
            if row.type not in COMPONENTS and row.type != _kind(component):
                raise UnknownKind(number=number, found=row.type)
            made.append(_changed(component, row))
        elif row.type not in COMPONENTS:
            raise UnknownKind(number=number, found=row.type)
        else:
            key = free_key(row.label, number, keys)
            keys.add(key)
            component = {
                **copy.deepcopy(COMPONENTS[row.type]),
                "id": _free_id(key, document),
                "key": key,
                "label": row.label,
            }
            made.append(_said(component, row))
    return {**document, "components": made}


def written(document: dict[str, Any]) -> bytes:
    """The file of a form."""
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def names_in(text: str | None) -> set[str]:
    """Words of an expression that may be names of fields; what stands in quotation marks is none."""
    return set(_WORD.findall(re.sub(r'"[^"]*"', "", text or "")))


# ---------------------------------------------------------------- reading


def _row(component: dict[str, Any]) -> FieldRow:
    return FieldRow(
        component["id"], component["key"], str(component.get("label") or component["key"]),
        str((component.get("properties") or {}).get(_LABEL, "")), str(_kind(component)),
        (component.get("validate") or {}).get("required") is True,
        _offered(component) if _kind(component) == "choice" else (),
    )  # fmt: skip


def _kind(component: dict[str, Any]) -> str | None:
    """The kind of a row that this component is; None when it is none."""
    kind = str(component["type"])
    if kind == "number":
        return "money" if component.get("decimalDigits") == 2 else "number"
    if kind == "datetime":
        return "date" if component.get("subtype") == "date" else kind
    return kind if kind in KEPT else _KINDS.get(kind)


def _offered(component: dict[str, Any]) -> tuple[str, ...]:
    return tuple(_shown(option) for option in component.get("values") or ())


def _shown(option: dict[str, Any]) -> str:
    return str(option.get("label", option["value"]))


def _obstacle(component: dict[str, Any]) -> Phrase | None:
    if _kind(component) is None:
        return Phrase(N_("Its kind “{type}” has more to it than a row can show."), type=component["type"])
    if "." in component["key"]:
        return Phrase(N_("It stands inside a group of values."))
    if component.get("conditional") or any(text.startswith("=") or "{{" in text for text in _texts(component)):
        return Phrase(N_("It computes with other fields, or is shown depending on them."))
    offered = _offered(component)
    if component["type"] in ("select", "radio") and (not offered or split(",".join(offered)) != offered):
        return Phrase(N_("What it offers comes from elsewhere, or has commas in it."))
    return None


def _texts(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict | list):
        for inner in found.values() if isinstance(found, dict) else found:
            yield from _texts(inner)


# ---------------------------------------------------------------- writing


def _changed(component: dict[str, Any], row: FieldRow) -> dict[str, Any]:
    """The component as the row says it; the same one when the row says what it says already."""
    if row == _row(component):
        return component
    changed = copy.deepcopy(component)
    if row.type != _kind(component):
        stays = ("id", "key", "label", "properties", "description", "layout")
        kept: dict[str, Any] = {name: changed[name] for name in stays if name in changed}
        shape = copy.deepcopy(COMPONENTS[row.type])
        told = {name: text for name, text in (kept.get("properties") or {}).items() if name != "currency"}
        changed = {**shape, **kept, "properties": {**shape.get("properties", {}), **told}}
    if row.label != component.get("label"):
        changed["label"] = row.label
    return _said(changed, row)


def _said(component: dict[str, Any], row: FieldRow) -> dict[str, Any]:
    """With what a row says beside kind and label."""
    properties = component.get("properties") or {}
    if row.english != properties.get(_LABEL, ""):
        component["properties"] = {name: text for name, text in properties.items() if name != _LABEL}
        if row.english:
            component["properties"][_LABEL] = row.english
    rules = component.get("validate") or {}
    if row.required is not (rules.get("required") is True):
        rules = {name: rule for name, rule in rules.items() if name != "required"}
        component["validate"] = {**rules, **({"required": True} if row.required else {})}
    if row.type == "choice" and row.options != _offered(component):
        known = {_shown(option): option for option in component.get("values") or ()}
        taken = {str(option["value"]) for option in known.values()}
        component["values"] = [
            known.get(text) or {"label": text, "value": _free_value(text, taken)} for text in row.options
        ]
        if component.get("defaultValue") not in [option["value"] for option in component["values"]]:
            component.pop("defaultValue", None)
    return component


def _free_value(text: str, taken: set[str]) -> str:
    """The value of a new choice: its words, unless those stand for another one already."""
    number, value = 1, text
    while value in taken:
        number += 1
        value = f"{text} {number}"
    taken.add(value)
    return value


def _free_id(key: str, document: dict[str, Any]) -> str:
    taken = {component["id"] for component in document["components"]}
    number, found = 1, f"Field_{key}"
    while found in taken:
        number += 1
        found = f"Field_{key}_{number}"
    return found
