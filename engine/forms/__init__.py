"""Forms: read form-js JSON, check what people send, show what they may see. The browser is never trusted."""

import copy
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.errors import FieldNotWritable, InvalidForm, UnknownField
from engine.feel import Compiled
from engine.forms import permissions, schema
from engine.forms.model import (
    CONTAINERS,
    MANY_CHOICES,
    TEXTS,
    Form,
    FormField,
    Message,
    Reading,
    every,
    get,
    has,
    is_blank,
    leaves,
    put,
)
from engine.forms.money import Sum, sums
from engine.forms.permissions import READ_ALL, WRITE_ALL, Permissions
from engine.forms.reader import read
from engine.forms.rules import Place, Rules, places, where, without
from engine.values import Values, to_plain

__all__ = [
    "READ_ALL",
    "WRITE_ALL",
    "Form",
    "FormField",
    "Message",
    "Permissions",
    "Reading",
    "Sum",
    "blank",
    "by_component",
    "permissions",
    "read",
    "readable",
    "so_far",
    "sums",
    "validate",
    "visible",
]

Known = schema.Known
_DATETIME_LABELS = {"date": ("dateLabel",), "time": ("timeLabel",), "datetime": ("dateLabel", "timeLabel")}
_NOT_SHOWN = ("components", "print")
"""of a form: shown field by field, and what names fields that may be hidden"""
_ATTRIBUTE = re.compile(r"troika:(\w+)\.(\w+)")


def nothing_known(field: FormField, value: Any) -> bool:
    """For forms without pickers: whatever one would send is refused."""
    return False


def validate(form: Form, data: dict[str, Any], *, stored: Values, permissions: Permissions = WRITE_ALL, now: datetime,
             zone: str = "Asia/Shanghai", known: Known = nothing_known) -> Values:  # fmt: skip
    """The typed values of the fields that this person may write, and all computed ones, by top-level name.

    `stored`: the variables as they are. A field that may not be written keeps its stored value. `known`: whether a
    picker offers a value, and which file a field may name, to this person (`pickers.judge`); what is stored already is
    not asked again. Raises UnknownField, FieldNotWritable, InvalidForm, each with `errors` {dotted path: [messages]};
    rows are numbered from 0.
    """
    if not isinstance(data, dict):
        raise InvalidForm(errors={"": [schema.NOT_A_LIST]})
    typed, complaints = schema.load(form.typed, data)
    unknown = {path: texts for path, texts in complaints.items() if schema.UNKNOWN in texts}
    if unknown:
        raise UnknownField(errors=unknown)
    merge = _Merge(permissions, complaints)
    merged = _copied(form, stored)
    merge.level(form.components, typed, stored, merged, None)
    merge.raise_refused()
    rules = Rules(merged, now, zone)
    rules.compute(form.components)
    merge.check_conditional(form, rules, typed, stored)
    hidden = rules.hidden(form.components)
    errors = {path: texts for path, texts in complaints.items() if not _inside(path, hidden)}
    offers = _offers(known, stored)
    for path, texts in _check(
        form.components, rules, merged, None, merge.writable, hidden, permissions, offers
    ).items():
        errors.setdefault(path, texts)
    if errors:
        raise InvalidForm(errors=errors)
    return _written(form, merge.writable | _computed(form), hidden, merged, stored)


def so_far(
    form: Form, data: dict[str, Any], *, stored: Values | None = None, permissions: Permissions = WRITE_ALL,
    now: datetime, zone: str = "Asia/Shanghai", known: Known = nothing_known,
) -> tuple[Values, frozenset[str]]:  # fmt: skip
    """What a form that is still being filled in holds, and the names of what is missing or wrong in it; for previews.

    Nothing is refused: what the form does not know or this person may not write is left out, what depends on something
    missing is missing too. `stored`: the variables of the task that the form belongs to; what it changes is returned.
    """
    typed, complaints = schema.load(form.typed, data)
    merge, merged = _Merge(permissions, {}), blank(form) if stored is None else _copied(form, stored)
    merge.level(form.components, typed, stored or {}, merged, None)
    rules = Rules(merged, now, zone)
    rules.compute(form.components)
    hidden = rules.hidden(form.components)
    complaints |= _check(
        form.components, rules, merged, None, merge.writable, hidden, permissions, _offers(known, stored or {})
    )
    missing = {
        path.partition(".")[0] for path in complaints
        if not _inside(path, hidden) and _unnumbered(path) not in merge.refused
    }  # fmt: skip
    if missing:
        missing |= {
            field.keys[0] for field in form.fields if field.computed is not None and is_blank(get(merged, field.keys))
        }
    if stored is None:
        without(merged, hidden, form.components)
        return {name: merged[name] for name in _names(form) if name in merged}, frozenset(missing)
    return _written(form, merge.writable | _computed(form), hidden, merged, stored), frozenset(missing)


def blank(form: Form) -> Values:
    """What a new form holds: default values, and the empty value of every other field."""
    values: Values = {}
    for leaf in leaves(form.components):
        put(values, leaf.keys, _default(leaf))
    return values


def visible(form: Form, values: Values, permissions: Permissions, locale: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema and the data for the browser of a person with `permissions`, in language `locale`.

    Hidden fields are in neither. Numbers are JSON numbers, dates ISO text.
    """
    shown = _shown(form.components, permissions, locale)
    language = _localised({key: value for key, value in form.schema.items() if key not in _NOT_SHOWN}, locale)
    data = _seen(form.components, values, permissions)
    for name in form.reads:
        if name in values and permissions.by_path.get(name) != "hidden":
            data.setdefault(name, _json(values[name]))
    return _json(language | {"components": shown}), data


def readable(form: Form, values: Values, permissions: Permissions) -> Values:
    """The values of the form's fields that a person with `permissions` may see, exact, for programs."""
    return _picked(form.components, values, permissions, lambda value: value)


def by_component(form: Form, errors: dict[str, list[str]]) -> dict[str, Any]:
    """`errors` of `validate` as form-js wants them: {component id: [messages]}, in lists {id: {row: [messages]}}."""
    found: dict[str, Any] = {}
    for path, texts in errors.items():
        parts = path.split(".")
        field = form.field(_unnumbered(path))
        rows = [int(part) for part in parts if part.isdigit()]
        if field is None:
            continue
        if rows and field.type != "dynamiclist":
            found.setdefault(field.id, {})[rows[-1]] = list(texts)
        else:
            found[field.id] = list(texts)
    return found


# ---------------------------------------------------------------- merging what was sent with what is stored


def _copied(form: Form, stored: Values) -> Values:
    """The variables, those that the form names being free to be changed."""
    return {**stored, **copy.deepcopy({key: stored[key] for key in _names(form) if key in stored})}


def _computed(form: Form) -> set[str]:
    return {field.path for field in form.fields if field.computed is not None}


def _written(form: Form, written: set[str], hidden: frozenset[str], merged: Values, stored: Values) -> Values:
    """What changes with these fields; one that is hidden is emptied."""
    gone = frozenset(path for path in hidden if path in written or _unnumbered(path) in written)
    without(merged, gone, form.components)
    names = {path.partition(".")[0] for path in written}
    cleared = {name: None for name in names if name not in merged and not is_blank(stored.get(name))}
    return {name: merged[name] for name in _names(form) if name in names and name in merged} | cleared


class _Merge:
    def __init__(self, allowed: Permissions, complaints: dict[str, list[str]]) -> None:
        self.allowed = allowed
        self.complaints = complaints
        self.writable: set[str] = set()
        self.refused: dict[str, list[str]] = {}

    def may_write(self, leaf: FormField) -> bool:
        if leaf.type == "expression" or leaf.read_only or self.allowed.on(leaf.path) != "write":
            return leaf.type == "dynamiclist" and (
                self.allowed.adds(leaf.path)
                or self.allowed.removes(leaf.path)
                or any(self.allowed.by_path.get(child.path) == "write" for child in leaves(leaf.children))
            )
        return True

    def level(self, components: tuple[FormField, ...], sent: Values, kept: Values, out: Values, row: Place | None
              ) -> None:  # fmt: skip
        for leaf in leaves(components):
            path = where(leaf, row)
            if leaf.type == "expression":
                continue
            if not self.may_write(leaf):
                self._keep(leaf, path, sent, kept, out)
                continue
            self.writable.add(path)
            if leaf.type == "dynamiclist" and has(sent, leaf.keys):
                self._rows(leaf, path, sent, kept, out)
            elif has(sent, leaf.keys):
                put(out, leaf.keys, get(sent, leaf.keys))
            elif not has(kept, leaf.keys):
                put(out, leaf.keys, _default(leaf))

    def _keep(self, leaf: FormField, path: str, sent: Values, kept: Values, out: Values) -> None:
        if path in self.complaints or (
            has(sent, leaf.keys) and not _equal(leaf, get(sent, leaf.keys), get(kept, leaf.keys))
        ):
            self.refused[path] = [Message(leaf.label)]
        if not has(kept, leaf.keys) and _has_default(leaf):
            put(out, leaf.keys, _default(leaf))

    def _rows(self, leaf: FormField, path: str, sent: Values, kept: Values, out: Values) -> None:
        rows = get(sent, leaf.keys) or []
        before = get(kept, leaf.keys)
        before = before if isinstance(before, list) else []
        whole = all(self.may_write(child) or child.type == "expression" for child in leaves(leaf.children))
        fixed = leaf.raw.get("allowAddRemove") is False
        expected = len(before) if before else int(leaf.raw.get("defaultRepetitions", 1))
        more, fewer = len(rows) > expected, len(rows) < expected
        refused = (more and (fixed or not self.allowed.adds(leaf.path))) or (
            fewer and (fixed or not self.allowed.removes(leaf.path))
        )
        # rows are told apart by their place: what may not be written would move to another row
        if refused or (not whole and len(rows) < len(before)):
            self.refused[path] = [schema.NO_ROWS_ADDED]
            return
        merged = []
        for index, row in enumerate(rows):
            old = before[index] if not whole and index < len(before) else {}
            new: Values = copy.deepcopy(old)
            merged.append(new)
            self.level(leaf.children, row, old, new, Place(f"{path}.{index}", new, out, index + 1))
        put(out, leaf.keys, merged)

    def check_conditional(self, form: Form, rules: Rules, sent: Values, kept: Values) -> None:
        """Fields that an expression makes read-only, judged on the data as it would be."""
        for leaf in leaves(form.components):
            if leaf.read_only_when is None or where(leaf, None) not in self.writable:
                continue
            if rules.value(leaf.read_only_when) is True:
                self.writable.discard(leaf.path)
                if has(sent, leaf.keys) and not _equal(leaf, get(sent, leaf.keys), get(kept, leaf.keys)):
                    self.refused[leaf.path] = [Message(leaf.label)]
        self.raise_refused()

    def raise_refused(self) -> None:
        if self.refused:
            raise FieldNotWritable(errors=self.refused)


def _has_default(leaf: FormField) -> bool:
    """Whether a field that nobody filled in starts with a value of its own."""
    return leaf.raw.get("defaultValue") is not None


def _equal(leaf: FormField, sent: Any, kept: Any) -> bool:
    if is_blank(sent) and is_blank(kept):
        return True
    if leaf.type == "checkbox" and not sent and not kept:
        return True
    if leaf.type == "dynamiclist" and isinstance(sent, list) and isinstance(kept, list):
        return len(sent) == len(kept) and all(
            _equal(child, get(one, child.keys), get(other, child.keys))
            for one, other in zip(sent, kept, strict=True)
            for child in leaves(leaf.children)
            if has(one, child.keys) and child.type != "expression"
        )
    stored, complaints = schema.load(schema.build((leaf,)), _nested(leaf.keys, kept))
    return not complaints and schema.same(sent, get(stored, leaf.keys))


def _nested(keys: tuple[str, ...], value: Any) -> Values:
    data: Values = {}
    put(data, keys, value)
    return data


def _default(leaf: FormField) -> Any:
    if leaf.type == "dynamiclist":
        row: Values = {}
        for child in leaves(leaf.children):
            put(row, child.keys, _default(child))
        return [copy.deepcopy(row) for _ in range(int(leaf.raw.get("defaultRepetitions", 1)))]
    given = leaf.raw.get("defaultValue")
    if given is not None:
        typed, complaints = schema.load(schema.build((leaf,)), _nested(leaf.keys, given))
        if not complaints:
            return get(typed, leaf.keys)
    if leaf.type in TEXTS:
        return ""
    if leaf.type in MANY_CHOICES or leaf.type == "filepicker":
        return []
    return False if leaf.type == "checkbox" else None


# ---------------------------------------------------------------- checking


def _check(components: tuple[FormField, ...], rules: Rules, level: Values, row: Place | None, writable: set[str],
           hidden: frozenset[str], allowed: Permissions, known: Known) -> dict[str, list[str]]:  # fmt: skip
    errors: dict[str, list[str]] = {}
    today = rules.now.astimezone(ZoneInfo(rules.zone)).date()
    for leaf in leaves(components):
        path = where(leaf, row)
        if path in hidden or path not in writable:
            continue
        own = allowed.required(leaf.path)
        if leaf.type == "dynamiclist":
            for place in places(leaf, level, row):
                errors |= _check(leaf.children, rules, place.this, place, writable, hidden, allowed, known)
            if own and is_blank(get(level, leaf.keys)):
                errors[path] = [schema.REQUIRED]
            continue
        complaints = schema.check(
            leaf,
            get(level, leaf.keys),
            required=leaf.required if own is None else own,
            limit=lambda name, leaf=leaf: rules.limit(leaf, name, row),  # type: ignore[misc]
            options=lambda leaf=leaf: rules.options(leaf, row),  # type: ignore[misc]
            today=today,
            known=known,
            rule=lambda given: rules.value(given, row) if isinstance(given, Compiled) else given,
        )
        if complaints:
            errors[path] = complaints
    return errors


def _offers(known: Known, stored: Values) -> Known:
    """What stood there already, in whatever row, may stay, also when it is offered no more."""
    return lambda field, value: value in every(stored, field.path) or known(field, value)


def _inside(path: str, hidden: frozenset[str]) -> bool:
    parts = path.split(".")
    return any(".".join(parts[: end + 1]) in hidden for end in range(len(parts)))


def _unnumbered(path: str) -> str:
    return ".".join(part for part in path.split(".") if not part.isdigit())


def _names(form: Form) -> list[str]:
    return list(dict.fromkeys(field.keys[0] for field in leaves(form.components)))


# ---------------------------------------------------------------- showing


def _shown(components: tuple[FormField, ...], allowed: Permissions, locale: str) -> list[dict[str, Any]]:
    found = []
    for component in components:
        if component.holds_value and allowed.on(component.path) == "hidden":
            continue
        raw = _localised(component.raw, locale)
        if component.type in CONTAINERS or component.type == "dynamiclist":
            raw["components"] = _shown(component.children, allowed, locale)
            if component.children and not raw["components"]:
                continue
        elif component.holds_value:
            if allowed.on(component.path) == "read":
                raw["readonly"] = True
            required = allowed.required(component.path)
            if required is not None:
                raw["validate"] = {**raw.get("validate", {}), "required": required}
        if component.type == "dynamiclist" and not (allowed.adds(component.path) or allowed.removes(component.path)):
            raw["allowAddRemove"] = False
        found.append(raw)
    return found


def _localised(raw: dict[str, Any], locale: str) -> dict[str, Any]:
    """A copy with the texts of language `locale`, where there are some."""
    copied = {
        key: [_localised(item, locale) if isinstance(item, dict) else item for item in value]
        if isinstance(value, list) and key != "components"
        else value
        for key, value in raw.items()
    }
    properties = raw.get("properties")
    for key, text in [*(properties.items() if isinstance(properties, dict) else ()), *raw.items()]:
        match = _ATTRIBUTE.fullmatch(key)
        if match and match[2] == locale:
            copied[match[1]] = text
    if copied.get("type") == "datetime":  # form-js has a name for either part of it
        for name in _DATETIME_LABELS.get(str(copied.get("subtype")), ()):
            copied.setdefault(name, copied.get("label", ""))
    return copied


def _seen(components: tuple[FormField, ...], values: Values, allowed: Permissions) -> dict[str, Any]:
    return _picked(components, values, allowed, _json)


def _picked(
    components: tuple[FormField, ...], values: Values, allowed: Permissions, written: Callable[[Any], Any]
) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for leaf in leaves(components):
        if allowed.on(leaf.path) == "hidden" or not has(values, leaf.keys):
            continue
        value = get(values, leaf.keys)
        if leaf.type == "dynamiclist" and isinstance(value, list):
            rows = [_picked(leaf.children, row, allowed, written) for row in value if isinstance(row, dict)]
            put(data, leaf.keys, rows)
        else:
            put(data, leaf.keys, written(value))
    return data


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        if value == value.to_integral_value() and abs(value) < 2**53:
            return int(value)
        # a browser reads up to 15 digits back as they were typed; longer numbers are shown as text
        return float(value) if len(value.as_tuple().digits) <= schema.DIGIT_LIMIT else format(value, "f")
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json(item) for item in value]
    return to_plain(value)
