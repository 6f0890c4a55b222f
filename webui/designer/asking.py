"""What conditions may ask about: the fields of a form with types, choices and money, and the requester."""

from collections.abc import Iterator, Mapping

from flask import g
from flask_babel import gettext

from engine import drafts, forms, identity, repository
from engine.feel import Compiled
from engine.feel import nodes as n
from engine.forms import Form
from engine.forms.model import FormField, leaves
from webui.designer.conditions import DATE, LIST, MOMENT, NUMBER, PERSON, TEXT, TRUTH, Field, path_of
from webui.designer.library import form_draft
from webui.rendering import label, person

REQUESTER = "process.initiator"
_TYPES = {
    "number": NUMBER, "checkbox": TRUTH, "checklist": LIST, "taglist": LIST, "filepicker": LIST, "dynamiclist": LIST,
    "person": PERSON, "expression": "",
}  # fmt: skip
_MANY = 500
_TITLE = "troika:title"
_MOMENTS = {"time": "", "datetime": MOMENT}


def form_of(form_id: str | None) -> Form | None:
    """A form as it will be once the drawing is published: its draft, else its newest version."""
    if not form_id:
        return None
    draft = form_draft(form_id)
    if draft is not None:
        return forms.read(drafts.open_(g.uow, draft.path).content, draft.path).form
    return repository.known_form(g.uow, form_id)


def title_of(form: Form | None, otherwise: str) -> str:
    """What a form is called, in the reader's language; one without a title is called `otherwise`."""
    said = form.schema.get("properties") if form is not None else None
    titles = {key: str(text) for key, text in said.items() if text} if isinstance(said, dict) else {}
    others = {key.removeprefix(f"{_TITLE}."): text for key, text in titles.items() if key.startswith(f"{_TITLE}.")}
    return label(others, titles.get(_TITLE, otherwise))


def fields_of(
    form_id: str | None, people: Mapping[str, str] | None = None, departments: Mapping[str, str] | None = None
) -> dict[str, Field]:
    """The fields of a form by key; of a form that cannot be read, none. Names as of `about_requester`."""
    form, named = form_of(form_id), {"person": people or {}, "department": departments or {}}
    return {} if form is None else {found.path: field_of(found, named) for found in leaves(form.components)}


def named_fields(form: Form) -> Iterator[tuple[str, FormField]]:
    """The fields of a form by path, those of the rows of a list behind it: `lines`, `lines.sku`."""
    for found in leaves(form.components):
        yield found.path, found
        if found.type == "dynamiclist":
            yield from ((part.path, part) for part in leaves(found.children))


def about_requester(
    people: Mapping[str, str] | None = None, departments: Mapping[str, str] | None = None
) -> dict[str, Field]:
    """Who asks, and for which of his departments. `people`, `departments`: names by login and key."""
    return {
        key: Field(key, words, kind, dict(options or {}))
        for key, words, kind, options in (
            (f"{REQUESTER}.login", gettext("Requester"), PERSON, people),
            (f"{REQUESTER}.department", gettext("Requester’s department"), TEXT, departments),
            (f"{REQUESTER}.position", gettext("Requester’s position"), TEXT, {}),
        )
    }


def people() -> dict[str, str]:
    """Names by login, as many as the designer offers."""
    return {user.login: person(user) for user in identity.users(g.uow, limit=_MANY)}


def memberships() -> dict[str, dict[str, str]]:
    """Departments and groups by comparison: what people may belong to."""
    return {
        "in-department": {unit.key: person(unit) for unit in identity.org_units(g.uow)},
        "has-role": {group.key: person(group) for group in identity.groups(g.uow)},
    }


def kind_of(field: FormField) -> str:
    """The type by which rows compare a field, "" where nothing tells it."""
    if field.type == "datetime":
        return _MOMENTS.get(str(field.raw.get("subtype")), DATE)
    return LIST if field.many else _TYPES.get(field.type, TEXT)


def money_of(field: FormField) -> tuple[str, str]:
    """(code, path): the currency of what a field holds, or the other field that says it; both empty otherwise."""
    if isinstance(field.currency, Compiled):
        tree = field.currency.tree
        return "", path_of(tree.name) if isinstance(tree, n.Name) else ""
    return field.currency or "", ""


def field_of(found: FormField, named: Mapping[str, Mapping[str, str]] | None = None) -> Field:
    """A field of a form. `named`: what its choices are called, by type of a picker."""
    code, path = money_of(found)
    options = dict((named or {}).get(found.type, {})) or {
        str(option.value): label(option.labels, option.labels.get("", "")) for option in found.options or ()
    }
    return Field(found.path, label(found.labels, found.label) or found.path, kind_of(found), options, code, path)
