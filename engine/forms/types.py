"""What a form writes, as types of FEEL: for checks of expressions and for completion."""

from typing import Any

from engine.feel.analysis import analyse
from engine.feel.types import ANY, Type, list_of
from engine.feel.values import kind_of
from engine.forms.model import CHOICES, MANY_CHOICES, PICKERS, TEXTS, FormField, leaves, put

_PLAIN = {"number": Type("number"), "checkbox": Type("boolean"), "filepicker": list_of(Type("string"))}
_MOMENTS = {"time": "time", "datetime": "date and time"}


def types_of(components: tuple[FormField, ...]) -> dict[str, Type]:
    """The type of each variable that these components write; keys with dots make contexts."""
    fields = list(leaves(components))
    written = {field.keys: _type_of(field) for field in fields}
    scope = _tree(written)
    for field in fields:
        if field.computed is not None:
            written[field.keys] = analyse(field.computed, scope, closed=False).type
    return _tree(written)


def _tree(written: dict[tuple[str, ...], Type]) -> dict[str, Type]:
    tree: dict[str, Any] = {}
    for keys, of in written.items():
        put(tree, keys, of)
    return {name: _context(found) for name, found in tree.items()}


def _context(found: Any) -> Type:
    if isinstance(found, Type):
        return found
    return Type("context", members=tuple((name, _context(inner)) for name, inner in found.items()))


def _type_of(field: FormField) -> Type:
    if field.type in TEXTS | PICKERS | {"signature"}:
        return list_of(Type("string")) if field.many else Type("string")
    if field.type in CHOICES:
        return _choice(field)
    if field.type in MANY_CHOICES:
        return list_of(_choice(field))
    if field.type == "datetime":
        return Type(_MOMENTS.get(str(field.raw.get("subtype")), "date"))
    if field.type == "dynamiclist":
        return list_of(Type("context", members=tuple(types_of(field.children).items())))
    return _PLAIN.get(field.type, ANY)


def _choice(field: FormField) -> Type:
    values = tuple(option.value for option in field.options or ())
    kinds = set(map(kind_of, values))
    return Type(kinds.pop(), options=values) if len(kinds) == 1 else ANY
