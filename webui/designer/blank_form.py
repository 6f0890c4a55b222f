"""A new form as people describe it: a few fields, one below the other."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from engine.errors import N_
from engine.values import HOME_CURRENCY

TYPES = {
    "text": N_("Text"), "long": N_("Long text"), "money": N_("Amount of money"), "number": N_("Number"),
    "date": N_("Date"), "choice": N_("One of several"), "yes": N_("Yes or no"), "files": N_("Files"),
}  # fmt: skip
"""What a field may be, and what that is called."""
COMPONENTS: dict[str, dict[str, Any]] = {
    "text": {"type": "textfield", "validate": {"maxLength": 200}},
    "long": {"type": "textarea", "validate": {"maxLength": 2000}},
    "money": {
        "type": "number", "decimalDigits": 2, "validate": {"min": 0.01, "max": 9_999_999},
        "properties": {"currency": HOME_CURRENCY},
    },
    "number": {"type": "number"},
    "date": {"type": "datetime", "subtype": "date"},
    "choice": {"type": "select"},
    "yes": {"type": "checkbox"},
    "files": {"type": "filepicker", "multiple": True},
}  # fmt: skip
"""What becomes of each kind."""
_KEYS = {
    "金额": "amount", "事由": "reason", "原因": "reason", "日期": "date", "类别": "category", "类型": "kind",
    "备注": "note", "附件": "files", "数量": "quantity", "部门": "department", "名称": "name", "地点": "place",
    "开始日期": "starts", "结束日期": "ends", "天数": "days", "说明": "text", "单价": "price", "供应商": "supplier",
    "客户": "customer",
}  # fmt: skip
"""Keys of labels that many forms have; the others are numbered."""
ENGLISH = {
    "amount": "Amount", "reason": "Reason", "date": "Date", "category": "Category", "kind": "Kind", "note": "Note",
    "files": "Files", "quantity": "Quantity", "department": "Department", "name": "Name", "place": "Place",
    "starts": "From", "ends": "Until", "days": "Days", "text": "Explanation", "price": "Price",
    "supplier": "Supplier", "customer": "Customer",
}  # fmt: skip
"""What those fields are called for readers of English."""
_TAKEN = frozenset(("process", "approval", "task", "item"))


@dataclass(frozen=True, slots=True)
class NewField:
    """A field as people describe it. `options`: what a choice offers."""

    label: str
    type: str
    required: bool = False
    options: tuple[str, ...] = ()


def blank_form(form_id: str, fields: list[NewField]) -> bytes:
    """A form-js form of these fields, one below the other."""
    components = []
    for key, field in zip(_keys(fields), fields, strict=True):
        shape = COMPONENTS[field.type]
        component = {**shape, "id": f"Field_{key}", "key": key, "label": field.label}
        if key in ENGLISH and _KEYS.get(field.label) == key:
            component["properties"] = {**shape.get("properties", {}), "troika:label.en": ENGLISH[key]}
        component["validate"] = {**shape.get("validate", {}), **({"required": True} if field.required else {})}
        if field.type == "choice":
            component["values"] = [{"label": option, "value": option} for option in field.options]
        components.append(component)
    document = {"id": form_id, "type": "default", "schemaVersion": 18, "components": components}
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def split(text: str) -> tuple[str, ...]:
    """What a choice offers, as people type it: separated by commas, each once."""
    parts = (part.strip() for part in text.replace("，", ",").replace("、", ",").split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def free_key(label: str, number: int, taken: Collection[str]) -> str:
    """The key of a new field: a usual word, its own name in English, or its number."""
    plain = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_") if label.isascii() else ""
    key = _KEYS.get(label, plain if plain and plain[0].isalpha() and plain not in _TAKEN else "")
    if key and key not in taken:
        return key
    while f"field_{number}" in taken:
        number += 1
    return f"field_{number}"


def _keys(fields: list[NewField]) -> list[str]:
    found: list[str] = []
    for number, field in enumerate(fields, 1):
        found.append(free_key(field.label, number, found))
    return found
