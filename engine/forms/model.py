"""Form: a form-js form, read once. A tree of fields with compiled rules; what is wrong with it stands in findings."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from re import Pattern
from typing import TYPE_CHECKING, Any

from engine.errors import Phrase
from engine.feel import Compiled
from engine.findings import Finding
from engine.values import blank

if TYPE_CHECKING:
    from marshmallow import Schema

    from engine.forms.layout import Layout

TEXTS = frozenset(("textfield", "textarea"))
CHOICES = frozenset(("select", "radio"))
MANY_CHOICES = frozenset(("checklist", "taglist"))
PICKERS = frozenset(("record", "dictionary", "person", "department"))
"""choose among records of a data module (`table`, `valueColumn`, `filter`), words of the data `dictionary`, people
(their login is stored; of `groups` only, if it names some) or departments (their key); several with `multiple`"""
VALUES = (
    TEXTS
    | CHOICES
    | MANY_CHOICES
    | PICKERS
    | {"number", "checkbox", "datetime", "filepicker", "expression", "dynamiclist", "signature"}
)
"""Components that hold a value."""
DISPLAY = frozenset(("text", "html", "image", "table", "documentPreview", "spacer", "separator", "button"))
CONTAINERS = frozenset(("group", "columns"))


Message = Phrase
"""A sentence for the person who fills in the form."""


@dataclass(frozen=True, slots=True)
class Option:
    """One choice; `labels` by language code, main language under the empty code."""

    value: Any
    labels: dict[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class FormField:
    """A component. `path` is its place in the data, dotted, e.g. `lines.amount`; `keys` its place in its own level.

    A limit is a Decimal or an expression; an expression that gives null sets no limit.
    """

    id: str
    type: str
    path: str
    keys: tuple[str, ...]
    label: str
    labels: dict[str, str]
    raw: dict[str, Any]
    required: bool = False
    read_only: bool = False
    read_only_when: Compiled | None = None
    hide: Compiled | None = None
    computed: Compiled | None = None
    limits: dict[str, Decimal | Compiled] = field(default_factory=dict)
    pattern: Pattern[str] | None = None
    options: tuple[Option, ...] | None = None
    options_from: Compiled | None = None
    currency: str | Compiled | None = None
    """of the money that it holds, as a code or as an expression that gives one; None: it holds no money"""
    limited: bool = True
    """money: limits of substitutions look at it, and not only people, for comparison"""
    accept: str | Compiled = ""
    """which files it takes, e.g. `.pdf,image/*`; empty: all that are accepted at all"""
    several: bool | Compiled = False
    """whether it takes more than one file"""
    children: "tuple[FormField, ...]" = ()
    schema: "Schema | None" = None
    """of the rows of a dynamic list"""

    @property
    def many(self) -> bool:
        """A picker of several: its value is a list."""
        return self.type in PICKERS and self.raw.get("multiple") is True

    @property
    def holds_value(self) -> bool:
        """Whether a submit may carry it."""
        return self.type in VALUES


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """`schema`: the JSON as written. `components`: the tree; `fields`: all that hold a value, lists lists first."""

    id: str
    schema: dict[str, Any]
    components: tuple[FormField, ...]
    fields: tuple[FormField, ...]
    reads: frozenset[str]
    """names of variables that its rules and texts use and that no field holds"""
    typed: "Schema"
    layout: "Layout | None" = None
    """what is printed, in which order; None: everything"""
    digest: bytes | None = None
    """SHA-256 of its file; None: read from no file"""

    def field(self, path: str) -> FormField | None:
        """By its dotted path."""
        return next((found for found in self.fields if found.path == path), None)


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a source: `form` is None when it cannot be used."""

    form: Form | None
    findings: list[Finding]


def leaves(components: tuple[FormField, ...]) -> Iterator[FormField]:
    """The fields of one level that hold a value: groups are looked into, rows of lists are not."""
    for component in components:
        if component.type in CONTAINERS:
            yield from leaves(component.children)
        elif component.holds_value:
            yield component


def every(data: Any, path: str) -> list[Any]:
    """The values at a dotted path, those of all rows where a list stands on the way or at its end."""
    if isinstance(data, list):
        return [found for item in data for found in every(item, path)]
    if not path:
        return [data]
    key, _, rest = path.partition(".")
    return every(data.get(key), rest) if isinstance(data, dict) else []


def get(data: Any, keys: tuple[str, ...]) -> Any:
    """The value at `keys`, None where there is none."""
    for key in keys:
        if not isinstance(data, dict):
            return None
        data = data.get(key)
    return data


def has(data: Any, keys: tuple[str, ...]) -> bool:
    """Whether something, null included, stands at `keys`."""
    for key in keys:
        if not isinstance(data, dict) or key not in data:
            return False
        data = data[key]
    return True


def put(data: dict[str, Any], keys: tuple[str, ...], value: Any) -> None:
    """Set `value` at `keys`, making contexts on the way."""
    for key in keys[:-1]:
        inner = data.get(key)
        if not isinstance(inner, dict):
            inner = data[key] = {}
        data = inner
    data[keys[-1]] = value


def drop(data: dict[str, Any], keys: tuple[str, ...]) -> None:
    """Remove what stands at `keys`, and contexts that become empty."""
    if len(keys) == 1:
        data.pop(keys[0], None)
        return
    inner = data.get(keys[0])
    if isinstance(inner, dict):
        drop(inner, keys[1:])
        if not inner:
            data.pop(keys[0])


def is_blank(value: Any) -> bool:
    """Nothing was filled in: null, spaces, an empty list or context; rows that are all blank."""
    if value is None or value is False:
        return value is None
    if isinstance(value, str):
        return blank(value)
    if isinstance(value, list):
        return all(is_blank(item) for item in value)
    if isinstance(value, dict):
        return all(is_blank(item) for item in value.values())
    return False
