"""What the flowchart's panel offers of an approval: the words of the cards, in the reader's language."""

from collections.abc import Iterable
from typing import Any

from flask import g
from flask_babel import gettext

from engine import identity
from webui.designer import conditions, vocabulary, who
from webui.designer.cards import form_keys
from webui.designer.vocabulary import Choice
from webui.rendering import person

REJECTED = ("rejected", "approval.onReject")
"""what a card calls the choice that the flowchart makes by an attribute"""


def _known() -> vocabulary.Known:
    """Forms and groups that there are."""
    groups = [(group.key, person(group)) for group in identity.groups(g.uow)]
    return {"forms": [(key, key) for key in form_keys()], "groups": groups}


def choices() -> dict[str, Any]:
    """Lists of choices by the group in which they stand; pairs (value, text) where a list is all there is."""
    return {
        "passing": _said((*vocabulary.PASSING, vocabulary.ON_REJECT, vocabulary.BRANCH_REJECT)),
        "automatic": _said(vocabulary.AUTOMATIC),
        "fields": _said(vocabulary.FIELDS),
        "acts": _said((*vocabulary.ACTS, *_buttons())),
        "returning": _said(vocabulary.RETURNING),
        "copies": _said(vocabulary.COPIES),
        "process": _said((*vocabulary.PROCESS, *vocabulary.FIELDS), _known()),
        "assignment": _said(who.WORDS),
        "ways": _texts(who.WAYS),
        "timeouts": _texts(vocabulary.TIMEOUTS),
        "comparisons": conditions.offered(),
        "permissions": _texts(vocabulary.PERMISSIONS),
    }


def _buttons() -> Iterable[Choice]:
    return (Choice("troika:buttons", name, text, vocabulary.OFFERED) for name, text in vocabulary.BUTTONS)


def _said(listed: Iterable[Choice], known: vocabulary.Known | None = None) -> list[dict[str, Any]]:
    return [_one(choice, known or {}) for choice in listed]


def _one(choice: Choice, known: vocabulary.Known) -> dict[str, Any]:
    other, values = choice.when or ("", ())
    options = vocabulary.TARGETS if choice.name == "return.targets" else vocabulary.offered(choice, known)
    return {
        "element": choice.element, "attribute": choice.attribute, "name": choice.name, "label": gettext(choice.label),
        "kind": choice.kind, "options": _texts(options), "hint": gettext(choice.hint) if choice.hint else "",
        "when": [REJECTED[1] if other == REJECTED[0] else other, list(values)] if other else None,
        "separator": choice.separator, "written": choice.written,
    }  # fmt: skip


def _texts(options: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(value, text if text.isdigit() else gettext(text)) for value, text in options]
